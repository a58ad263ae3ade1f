"""The list of subjects: who is on it, under which id, and what became of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame
from shapely import Point
from shapely.geometry.base import BaseGeometry

from cdgis.core.data_gaps import Gap
from cdgis.core.vocabulary import InputRecord, ProjectType, SubjectKind
from cdgis.readers.content_hash import with_subject_hashes
from cdgis.readers.ids import IdRegister
from cdgis.readers.inputs import InputFile
from cdgis.readers.intake import NoteLines, Remark, intake_note, is_quarantined, noted, rejected, repaired
from cdgis.readers.records import SiteRecord
from cdgis.readers.subjects import Description
from cdgis.rules.attributes import load_attributes
from cdgis.workspace.given_outline import GivenOutline
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects
from cdgis.workspace.settings import MOST_TOLERANCE_M

_SAME_PLACE_DEG = 1e-5
"""About one metre: two spellings of one coordinate differ by their rounding."""
_OWN = {"subject_id": 0, "source_row": 1, "geometry": 2}
"""Columns in which every subject has a cell of its own, and where it stands in a run of them."""


@dataclass(slots=True)
class Roster:
    """Subjects, attributes and intake lines gathered so far."""

    default_accuracy_m: float = 0.0
    subjects: list[tuple[Sequence[str], Sequence[str], Sequence[BaseGeometry], Mapping[str, object]]] = field(default_factory=list)
    """Ids, rows, shapes and the cells of the other columns, which rows of whom the same is said have in common."""
    attributes: list[tuple[str, str, str, str]] = field(default_factory=list)
    intake: NoteLines = field(default_factory=NoteLines)
    records: list[InputRecord] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    ids: IdRegister = field(default_factory=IdRegister)
    given: dict[str, GivenOutline] = field(default_factory=dict)
    seen: dict[tuple[str, str], list[tuple[Point, str]]] = field(default_factory=dict)
    """Enterprise name and industry -> where it lies and where that was read."""

    def add(self, record: SiteRecord, description: Description, file: InputFile, kind: SubjectKind) -> None:
        """Enter one input row: as a subject, or only in the intake when it is quarantined."""
        remarks = _said(record.remarks, description, has_shape=record.geometry is not None)
        if kind is SubjectKind.ENTERPRISE:
            remarks += self._duplicate(record, description, file)
        if record.geometry is None or is_quarantined(remarks):
            self.intake.append(intake_note(file.label, record.row, remarks))
            return
        subject_id, own = self._claim_id(record, description.columns.get("subject_id", ""), _folder(file), kind)
        remarks += own
        self._enter((subject_id,), (record.row,), (record.geometry,), description, file, kind, remarks, record.accuracy_m)
        self.intake.append(intake_note(file.label, record.row, remarks))
        if record.given is not None:
            self.given[subject_id] = record.given

    def add_alike(
        self, rows: Sequence[str], shapes: Sequence[BaseGeometry], description: Description, file: InputFile, *,
        remarks: tuple[Remark, ...], accuracy_m: float,
    ) -> None:  # fmt: skip
        """Enter projects that differ in number and outline alone: what is said of one is said of all."""
        wanted, every = description.columns.get("subject_id", ""), _said(remarks, description, has_shape=True)
        if is_quarantined(every):
            self.intake.add_alike(intake_note(file.label, rows[0], every), rows)
        elif wanted and len(rows) > 1:  # only the first can have it
            for row, shape in zip(rows, shapes, strict=True):
                self.add_alike((row,), (shape,), description, file, remarks=remarks, accuracy_m=accuracy_m)
        else:
            unique, own = self.ids.claim(wanted) if wanted else ("", [])
            ids = [unique] if wanted else self.ids.claim_numbered(_folder(file), rows)
            every += tuple(own)
            self._enter(ids, rows, shapes, description, file, SubjectKind.PROJECT, every, accuracy_m)
            self.intake.add_alike(intake_note(file.label, rows[0], every), rows)

    def _enter(
        self, ids: Sequence[str], rows: Sequence[str], shapes: Sequence[BaseGeometry], description: Description, file: InputFile,
        kind: SubjectKind, remarks: tuple[Remark, ...], accuracy_m: float,
    ) -> None:  # fmt: skip
        columns, dictionary = description.columns, load_attributes()
        stated = [(key, value, dictionary[key].unit) for key, value in description.attributes.items()]
        default_type = ProjectType.EXISTING.value if kind is SubjectKind.ENTERPRISE else ""
        stated_m = stated_accuracy_m(columns.get("accuracy_m", ""))
        self.subjects.append((ids, rows, shapes, {
            "name": columns.get("name", ""), "kind": kind.value, "industry": columns["industry"],
            "project_type": columns["project_type"] or default_type, "activity": columns["activity"],
            "accuracy_m": max(self.default_accuracy_m if stated_m is None else stated_m, accuracy_m), "source_file": file.label,
            "notes": "；".join(dict.fromkeys(remark.reason for remark in remarks)),
        }))  # fmt: skip
        self.attributes += [(subject_id, *cells) for subject_id in ids for cells in stated] if stated else []

    def _duplicate(self, record: SiteRecord, description: Description, file: InputFile) -> tuple[Remark, ...]:
        name = description.columns.get("name", "")
        if record.geometry is None or not name:
            return ()
        centre = record.geometry.representative_point()
        namesakes = self.seen.setdefault((name, description.columns["industry"]), [])
        first = next((where for place, where in namesakes if place.distance(centre) <= _SAME_PLACE_DEG), "")
        if not first:
            namesakes.append((centre, f"{file.label} 第 {record.row} 行"))
            return ()
        reason = f"与 {first} 重复（名称、行业、位置相同）"
        return (rejected(reason, field="企业名称", value=name, remedy="删去重复行"),)

    def _claim_id(self, record: SiteRecord, declared: str, folder: str, kind: SubjectKind) -> tuple[str, tuple[Remark, ...]]:
        if declared:
            unique, remarks = self.ids.claim(declared)
            return unique, tuple(remarks)
        if kind is SubjectKind.ENTERPRISE:
            return self.ids.next_number("E"), ()
        return self.ids.claim(folder + (record.keys[0] if record.keys else record.row))[0], ()

    def to_subjects(self, *, packed: bool = False) -> Subjects:
        """Return everything gathered; `packed` with texts that are said of many as categoricals."""
        columns = [*SUBJECT_COLUMNS, "geometry"]
        # of no cells pandas would make numbers, and a table of texts would not join with them
        cells = {name: self._column(name, packed=packed) for name in columns} if self.subjects else None
        frame = GeoDataFrame(cells, columns=columns, geometry="geometry", crs=4490)
        frame["accuracy_m"] = frame["accuracy_m"].astype(float)
        names = ["subject_id", "attribute", "value", "unit"]
        attributes = pd.DataFrame(self.attributes, columns=names, dtype=object)
        return Subjects(
            frame=frame,
            attributes=attributes,
            intake=self.intake,
            records=with_subject_hashes(self.records, frame, attributes, self.intake, self.given),
            gaps=tuple(self.gaps),
            given=self.given,
        )

    def _column(self, name: str, *, packed: bool) -> Any:
        """Return the cells of one column of the subjects."""
        at = _OWN.get(name)
        if at is not None:
            cells: list[Any] = [*chain.from_iterable(run[at] for run in self.subjects)]
            return np.array(cells, dtype=object) if name == "geometry" else pd.array(cells, dtype="str")
        said: list[Any] = [run[-1][name] for run in self.subjects]
        runs = np.repeat(np.arange(len(said)), [len(ids) for ids, *_ in self.subjects])
        if name == "accuracy_m":
            return np.array(said, dtype=float)[runs]
        if packed:
            codes, texts = pd.factorize(np.array(said, dtype=object))
            return pd.Categorical.from_codes(codes[runs], pd.Index(texts, dtype=object))
        return pd.array(said, dtype="str").take(runs)


def _folder(file: InputFile) -> str:
    """Return what ids of a file's rows without one begin with."""
    return f"{file.path.stem}-"


def _said(remarks: tuple[Remark, ...], description: Description, *, has_shape: bool) -> tuple[Remark, ...]:
    """Return what is to be said of a row before it has its id."""
    nameless = has_shape and not description.columns.get("name")
    return (*remarks, *description.remarks, *_accuracy_remark(description), *((noted("没有名称", field="名称"),) if nameless else ()))


def stated_accuracy_m(text: str) -> float | None:
    """Return a stated positional accuracy in metres; None when it is no number from 0 to `MOST_TOLERANCE_M`."""
    try:
        stated_m = float(text)
    except ValueError:
        return None
    return stated_m if 0 <= stated_m <= MOST_TOLERANCE_M else None


def _accuracy_remark(description: Description) -> tuple[Remark, ...]:
    text = description.columns.get("accuracy_m", "")
    if not text or stated_accuracy_m(text) is not None:
        return ()
    remedy = f"应为 0 至 {MOST_TOLERANCE_M:g} 的数，单位米"
    return (repaired("位置精度不是合理的数，按未声明处理", field="位置精度", value=text, remedy=remedy),)
