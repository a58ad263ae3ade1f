"""Machine-readable copy of a report: canonical JSON with sorted keys, UTF-8, unrounded numbers.

The record holds the subject's rows of every table and all inputs, so that `cdgis.results.report_numbers.report_numbers` over it
gives the report number again.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from itertools import groupby
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pandas as pd

from cdgis.core.canonical_json import canonical_json
from cdgis.core.error_words import in_words
from cdgis.core.errors import ReportError
from cdgis.report.screening.content import ScreeningReport
from cdgis.results.assessment import Assessment

SCHEMA = "cdgis-screening/1"

Row = Mapping[str, Any]


class SubjectRows(Mapping[str, Sequence[Row]]):
    """A table's rows by subject, made when a subject is first asked about: lists look at few tables, a process at half the pages."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """Take a table with a column `subject_id`."""
        self._names = [str(name) for name in frame.columns]
        self._columns = [frame[name].tolist() for name in frame.columns]
        self._made: dict[str, Sequence[Row]] = {}
        self._runs: dict[str, list[slice]] = {}
        start = 0
        for subject_id, same in groupby(map(str, self._columns[self._names.index("subject_id")])):
            end = start + sum(1 for _ in same)
            self._runs.setdefault(subject_id, []).append(slice(start, end))
            start = end

    def __getitem__(self, subject_id: str) -> Sequence[Row]:
        if subject_id not in self._made:
            parts = (zip(*(column[run] for column in self._columns), strict=True) for run in self._runs[subject_id])
            self._made[subject_id] = [dict(zip(self._names, row, strict=True)) for part in parts for row in part]
        return self._made[subject_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)


def rows_by_subject(assessment: Assessment) -> dict[str, SubjectRows]:
    """Return table -> subject_id -> rows, for every table that speaks of subjects."""
    return {name: SubjectRows(frame) for name, frame in sorted(assessment.tables.items()) if "subject_id" in frame.columns}


def input_rows(assessment: Assessment) -> tuple[Row, ...]:
    """Return the inputs as mappings, in the assessment's order."""
    return tuple(asdict(record) for record in assessment.inputs)


def report_json(report: ScreeningReport) -> bytes:
    """Return the report as canonical JSON: sorted keys, UTF-8, NaN as null, newline at the end."""
    return canonical_json(_plain(report))


def load_report(content: bytes) -> ScreeningReport:
    """Return the report in canonical JSON; `report_json` of it gives the same bytes again.

    Raises
    ------
    ReportError : not JSON, or not a report of this schema.
    """
    try:
        raw = json.loads(content)
        if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
            raise ReportError(f"不是研判报告的 JSON：schema 应为 {SCHEMA}", remedy="请用 cdgis screen 重新生成")
        report: ScreeningReport = _built(ScreeningReport, raw)
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise ReportError(f"研判报告的 JSON 不完整或被改动：{in_words(err)}", remedy="请用 cdgis screen 重新生成") from err
    return report


def _built(kind: Any, value: Any) -> Any:
    """Return `value` from JSON as what `kind`, a type of `cdgis.report.screening.content`, says it is."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints, optional = _parts(kind)
        if differing := (set(value) ^ set(hints)) - (optional - set(value)):
            raise KeyError("、".join(sorted(differing)))
        return kind(**{name: _built(hints[name], item) for name, item in value.items()})
    if kind is float:
        return float("nan") if value is None else float(_of_kind(value, int, float))
    if kind in (str, int, bool):
        return _of_kind(value, kind)
    if get_origin(kind) is tuple:
        return tuple(_built(get_args(kind)[0], item) for item in value)
    if get_origin(kind) is UnionType:
        return None if value is None else _built(get_args(kind)[0], value)
    return value


@cache
def _parts(kind: type) -> tuple[dict[str, Any], set[str]]:
    """Return the types of a record's parts by name, and the names of those that may be missing."""
    return get_type_hints(kind), {field.name for field in fields(kind) if field.default is not MISSING}


def _of_kind(value: Any, *kinds: type) -> Any:
    """Return `value` if it is of one of the kinds; true and false are no numbers."""
    if type(value) not in kinds:
        raise TypeError(f"{value!r:.40}")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, str | int):
        return value
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
