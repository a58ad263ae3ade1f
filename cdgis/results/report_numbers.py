"""Report numbers: a hash over inputs and results, so that anything altered shows."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from itertools import groupby
from typing import Any

import pandas as pd

from cdgis.core.vocabulary import InputRecord
from cdgis.workspace.settings import Settings

NUMBER_LENGTH = 12
"""Hex digits of a report number: 48 bits, ample against accident; verify compares full tables."""


def input_digest(inputs: Sequence[InputRecord], settings: Settings, as_of: date, version: str) -> str:
    """Return the SHA-256 over everything an answer rests on, as hex."""
    content = {
        "version": version,
        "as_of": as_of.isoformat(),
        "settings": settings.model_dump(mode="json", exclude={"publish"}),
        "inputs": [_by_bytes(record) for record in sorted(inputs, key=lambda r: (r.kind, r.layer, r.path))],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _by_bytes(record: InputRecord) -> dict[str, object]:
    """Return a record without its content's hash, which follows from the bytes."""
    return {name: value for name, value in asdict(record).items() if name != "content_sha256"}


def report_numbers(
    tables: Mapping[str, pd.DataFrame], inputs_digest: str, as_of: date, *, key: str = "subject_id"
) -> dict[str, str]:
    """Return subject_id -> report number, and "" -> the number of the whole run.

    A number hashes the inputs and every table row of that subject, so it does not change when
    another subject is added, and cannot stay when one of its own figures does.
    """
    own: dict[str, Any] = {}  # a hash that goes on from table to table
    whole = hashlib.sha256(inputs_digest.encode())
    for name in sorted(tables):
        frame = tables[name]
        texts = _row_texts(frame)
        whole.update("\n".join([name, *texts, ""]).encode())
        if key in frame.columns:
            between = f"\n{name}\n"
            for subject, start, end in _runs(frame[key].tolist()):
                if subject not in own:
                    own[subject] = hashlib.sha256(inputs_digest.encode())
                own[subject].update(f"{name}\n{between.join(texts[start:end])}\n".encode())
    numbers = {"": _number(whole.hexdigest(), as_of)}
    numbers |= {subject: _number(own[subject].hexdigest(), as_of) for subject in sorted(own)}
    return numbers


def _runs(subjects: Sequence[object]) -> Iterator[tuple[str, int, int]]:
    """Yield each subject with the rows from and to which it stands in one stretch; most tables have one a subject."""
    start = 0
    for subject, same in groupby(subjects):
        end = start + sum(1 for _ in same)
        yield str(subject), start, end
        start = end


def _row_texts(frame: pd.DataFrame) -> list[str]:
    # As JSON, because a separator inside a cell could otherwise move text from one cell to the next unnoticed.
    last = len(frame.columns) - 1
    ends = [("[" if place == 0 else "", "]" if place == last else "") for place in range(last + 1)]
    columns = [_cells(frame[name], *marks) for name, marks in zip(frame.columns, ends, strict=True)]
    return list(map(", ".join, zip(*columns, strict=True)))


def _cells(values: pd.Series, before: str, after: str) -> list[str]:
    """Return a column's values as JSON texts between two marks, a word that comes again encoded once."""
    listed = values.tolist()
    if values.dtype.kind == "f":
        return (f'{before}"%.10g"{after}\n' * len(listed) % tuple(listed)).split("\n")[:-1]
    encode = json.JSONEncoder(ensure_ascii=False).encode
    if {*map(type, listed)} == {str}:
        known = {word: f"{before}{encode(word)}{after}" for word in dict.fromkeys(listed)}
        return list(map(known.__getitem__, listed))
    return [f"{before}{encode(_cell(value))}{after}" for value in listed]


def _cell(value: object) -> str:
    # 10 significant digits: enough to notice any change, few enough to be the same on every processor.
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _number(digest: str, as_of: date) -> str:
    return f"CDGIS-{as_of:%Y%m%d}-{digest[:NUMBER_LENGTH].upper()}"
