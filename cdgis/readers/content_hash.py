"""Hashes of what a file says, beside those of its bytes: saving a file again changes the bytes alone.

A layer says its zones (columns and geometries as read), a text its lines without byte-order mark and whatever the line
ends, a file of subjects the rows that were read from it. Rasters have no content hash: reading a large one twice costs
minutes, and a copy of other bytes is told by its numbers.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

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
    return _hash(zones, np.asarray(zones.geometry.array, dtype=object))


def with_subject_hashes(
    records: list[InputRecord], frame: GeoDataFrame, attributes: pd.DataFrame, intake: list[IntakeNote],
    given: Mapping[str, GivenOutline],
) -> tuple[InputRecord, ...]:
    """Return the records of subjects' files with the hash of the rows, attributes, intake lines and labels each gave."""
    found = []
    for record in records:
        mine = frame[np.array([str(file).split("!")[0] == record.path for file in frame["source_file"]], dtype=bool)]
        stated = attributes[attributes["subject_id"].isin(mine["subject_id"])]
        lines = [note for note in intake if note.file.split("!")[0] == record.path]
        digest = hashlib.sha256(_hash(mine, np.asarray(mine.geometry.array, dtype=object)).encode())
        digest.update(_hash(stated, np.empty(0, dtype=object)).encode())
        digest.update(repr(lines).encode())
        digest.update("".join(repr(given[s].marks) for s in mine["subject_id"] if s in given and given[s].marks).encode())
        found.append(replace(record, content_sha256=digest.hexdigest()))
    return tuple(found)


def _hash(frame: pd.DataFrame, shapes: "np.ndarray") -> str:
    names = [name for name in frame.columns if name != "geometry"]
    digest = hashlib.sha256(repr(names).encode())
    for name in names:
        digest.update(repr(frame[name].tolist()).encode())
    for blob in shapely.to_wkb(shapes, byte_order=1).tolist():
        digest.update(blob or b"-")
    return digest.hexdigest()
