"""Hashes of what a file says, beside those of its bytes: saving a file again changes the bytes alone.

A layer says its zones (columns and geometries as read), a text its lines without byte-order mark and whatever the line
ends, a file of subjects the rows that were read from it. Rasters have no content hash: reading a large one twice costs
minutes, and a copy of other bytes is told by its numbers.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from cdgis.core.vocabulary import InputRecord, IntakeNote
from cdgis.workspace.given_outline import GivenOutline

_TEXTS = (".csv", ".toml", ".json", ".geojson", ".txt", ".wkt")
_BOM = b"\xef\xbb\xbf"


def plain_text(data: bytes) -> bytes:
    """Return a text file's bytes without byte-order mark and with ``\\n`` line ends."""
    return data.removeprefix(_BOM).replace(b"\r\n", b"\n")


def text_hash(path: Path, data: bytes) -> str:
    """Return the SHA-256 of a text file's lines, "" for other kinds of files."""
    return hashlib.sha256(plain_text(data)).hexdigest() if path.suffix.lower() in _TEXTS else ""


def zones_hash(zones: GeoDataFrame) -> str:
    """Return the SHA-256 of a layer's zones: columns, texts and geometries (EPSG:4490) in their order."""
    return _hash(_columns(zones), shapely.to_wkb(np.asarray(zones.geometry.array, dtype=object), byte_order=1).tolist())


def with_subject_hashes(
    records: list[InputRecord], frame: GeoDataFrame, attributes: pd.DataFrame, intake: Sequence[IntakeNote],
    given: Mapping[str, GivenOutline],
) -> tuple[InputRecord, ...]:
    """Return the records of subjects' files with the hash of the rows, attributes, intake lines and labels each gave."""
    if not records:  # of parts of a batch nobody asks
        return ()
    rows_of, lines_of, stated_of = defaultdict(list), defaultdict(list), defaultdict(list)
    for row, file in enumerate(frame["source_file"]):
        rows_of[str(file).split("!")[0]].append(row)
    for note in intake:
        lines_of[note.file.split("!")[0]].append(note)
    for row, subject in enumerate(attributes["subject_id"]):
        stated_of[subject].append(row)
    subjects, stated = _columns(frame), _columns(attributes)
    blobs = shapely.to_wkb(np.asarray(frame.geometry.array, dtype=object), byte_order=1).tolist()
    found = []
    for record in records:
        rows, ids = rows_of[record.path], [subjects["subject_id"][row] for row in rows_of[record.path]]
        digest = hashlib.sha256(_hash(_only(subjects, rows), [blobs[row] for row in rows]).encode())
        digest.update(_hash(_only(stated, sorted(row for subject in {*ids} for row in stated_of[subject])), ()).encode())
        digest.update(repr(lines_of[record.path]).encode())
        digest.update("".join(repr(given[s].marks) for s in ids if s in given and given[s].marks).encode())
        found.append(replace(record, content_sha256=digest.hexdigest()))
    return tuple(found)


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {name: frame[name].tolist() for name in frame.columns if name != "geometry"}


def _only(columns: Mapping[str, list[Any]], rows: Sequence[int]) -> dict[str, list[Any]]:
    return {name: [cells[row] for row in rows] for name, cells in columns.items()}


def _hash(columns: Mapping[str, list[Any]], blobs: Sequence[bytes | None]) -> str:
    digest = hashlib.sha256(repr(list(columns)).encode())
    for cells in columns.values():
        digest.update(repr(cells).encode())
    for blob in blobs:
        digest.update(blob or b"-")
    return digest.hexdigest()
