"""Dated, fingerprinted snapshots: a GeoPackage (or CSV) of what a source held, and beside it a note of where it came from.

The same content gives the same bytes whatever order pages came in, so the fingerprint in run.json changes when the source
did and not when it was asked again. Time and address stand in the note alone.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from cdgis import __version__
from cdgis.core.errors import SourceError
from cdgis.core.written_files import file_digest
from cdgis.readers.inputs import SNAPSHOT_NOTE
from cdgis.readers.sources.address import Address
from cdgis.readers.sources.feature_set import FeatureSet
from cdgis.workspace.fault import Fault

ID_COLUMN = "source_id"
"""Column with the source's own name of each feature."""
_DATE = "2000-01-01T00:00:00.000Z"
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How a source differs from its snapshot."""

    added: int
    removed: int
    moved: int
    """Features with another shape."""
    edited: int
    """Features with other attributes."""
    fields: tuple[str, ...]
    """Fields that came or went, as ``+name`` and ``-name``."""
    crs: tuple[str, str] | None
    """CRS before and after, None when it is the same."""

    @property
    def words(self) -> str:
        """What changed, in Chinese; "" when nothing did."""
        counts = {"新增": self.added, "删去": self.removed, "图形改变": self.moved, "属性改变": self.edited}
        parts = [f"{word} {count} 个" for word, count in counts.items() if count]
        parts += [f"字段 {'、'.join(self.fields)}"] if self.fields else []
        parts += [f"坐标系由 {self.crs[0]} 改为 {self.crs[1]}"] if self.crs else []
        return "，".join(parts)


def note_file(path: Path) -> Path:
    """Return where a snapshot's note lies."""
    return path.with_name(path.name + SNAPSHOT_NOTE)


def ordered(features: FeatureSet) -> pd.DataFrame:
    """Return all columns with the ids and the shapes as hexadecimal WKB, rows in an order that the content alone decides."""
    frame = features.attributes.copy()
    frame.insert(0, ID_COLUMN, list(features.ids)) if any(features.ids) and ID_COLUMN not in frame else None
    if features.geometries is not None:
        frame["__shape"] = shapely.to_wkb(shapely.normalize(features.geometries), hex=True)
    keys = [(_natural(name), _row_text(row)) for name, row in zip(features.ids, frame.itertuples(index=False), strict=True)]
    order = sorted(range(len(frame)), key=keys.__getitem__)
    return frame.iloc[order].reset_index(drop=True)


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in _NUMBER.split(name) if part)


def _row_text(row: object) -> str:
    return repr(tuple(row))  # type: ignore[arg-type]


def write_snapshot(features: FeatureSet, path: Path, layer: str) -> None:
    """Write a snapshot without its note.

    Raises
    ------
    SourceError : the content does not fit the file's ending, or its CRS is unknown to the writer.
    """
    frame = ordered(features)
    if features.geometries is None or path.suffix.lower() == ".csv":
        _write_csv(frame, features, path)
        return
    if path.suffix.lower() != ".gpkg":
        raise SourceError(f"快照只写成 .gpkg（无图形的表写成 .csv），path 却是 {path.name}", remedy="请改目录条目的 path")
    shapes = shapely.from_wkb(frame.pop("__shape").to_numpy(dtype=object))
    try:
        full = gpd.GeoDataFrame(frame, geometry=np.asarray(shapes, dtype=object), crs=features.crs or None)
    except ValueError:
        raise SourceError(f"不认识源端的坐标系 {features.crs[:80]}", remedy="请在目录条目写 crs") from None
    kinds = {kind for kind in full.geometry.geom_type if isinstance(kind, str)}
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _DATE})
    try:
        pyogrio.write_dataframe(full, path, layer=layer, driver="GPKG", geometry_type=next(iter(kinds)) if len(kinds) == 1 else "Unknown")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _write_csv(frame: pd.DataFrame, features: FeatureSet, path: Path) -> None:
    if path.suffix.lower() != ".csv":
        raise SourceError("源端没有图形，是一张表", remedy="请把目录条目的 path 写成 .csv，geometry 写成 table")
    if features.geometries is not None:
        shapes = shapely.from_wkb(frame.pop("__shape").to_numpy(dtype=object))
        if not set(shapely.get_type_id(shapes)) <= {0, -1}:
            raise SourceError("源端不是点，不能写成 CSV", remedy="请把 path 写成 .gpkg")
        frame["经度"], frame["纬度"], frame["坐标系"] = shapely.get_x(shapes), shapely.get_y(shapes), features.crs
    frame.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def snapshot_note(features: FeatureSet, path: Path, address: Address, *, now: datetime | None = None) -> str:
    """Return the note of a written snapshot as JSON text, free of secrets."""
    bounds = None
    if features.geometries is not None and len(features):
        found = shapely.total_bounds(features.geometries)
        bounds = [round(float(v), 9) for v in found] if np.isfinite(found).all() else None
    note = {
        "url": address.text, "kind": address.kind, "query": features.query,
        "fetched_at": (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "features": len(features), "stated_count": features.stated_count, "extent": bounds, "crs": features.crs,
        "fields": list(features.attributes.columns), "sha256": file_digest(path), "content_sha256": content_digest(features),
        "domains": features.domains, "remarks": list(features.remarks), "cdgis": __version__,
    }  # fmt: skip
    return address.scrubbed(json.dumps(note, ensure_ascii=False, indent=1) + "\n")


def content_digest(features: FeatureSet) -> str:
    """Return a hash of everything the features say, whatever order they came in."""
    digest = hashlib.sha256(f"{features.crs}\n{list(features.attributes.columns)}\n".encode())
    for row in ordered(features).itertuples(index=False):
        digest.update(_row_text(row).encode() + b"\n")
    return digest.hexdigest()


def read_note(path: Path) -> dict[str, Any]:
    """Return the note of a snapshot, {} when there is none that can be read."""
    try:
        note = json.loads(note_file(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def note_faults(layer: str, path: Path) -> tuple[Fault, ...]:
    """Return that a snapshot is no longer what was fetched."""
    note = read_note(path)
    if not note or not path.is_file() or note.get("sha256") == file_digest(path):
        return ()
    remedy = "确要改动的请删去旁边的快照说明，并在目录条目里写明来源；否则重新运行 cdgis layers fetch"
    return (Fault(layer=layer, zone_id=path.name, problem=f"快照在 {note.get('fetched_at')} 取来以后被改动过", remedy=remedy),)


def changes_since(features: FeatureSet, path: Path) -> Changes:
    """Return how a source differs from the snapshot in `path`.

    Raises
    ------
    SourceError : the snapshot cannot be read.
    """
    note = read_note(path)
    before, after = _kept(path, note), _rows(ordered(features))
    old_fields, new_fields = list(note.get("fields") or ()), list(features.attributes.columns)
    fields = (*(f"+{n}" for n in new_fields if n not in old_fields), *(f"-{n}" for n in old_fields if n not in new_fields))
    crs = (str(note.get("crs")), features.crs) if note.get("crs") != features.crs else None
    shared = before.keys() & after.keys()
    moved = sum(before[key][1] != after[key][1] for key in shared)
    edited = sum(before[key][0] != after[key][0] for key in shared) if not fields else 0
    return Changes(added=len(after.keys() - shared), removed=len(before.keys() - shared), moved=moved, edited=edited, fields=fields, crs=crs)


def _kept(path: Path, note: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    try:
        if path.suffix.lower() == ".csv":
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        else:
            full = gpd.read_file(path, engine="pyogrio")
            frame = pd.DataFrame(full.drop(columns="geometry"))
            frame["__shape"] = shapely.to_wkb(shapely.normalize(np.asarray(full.geometry.array, dtype=object)), hex=True)
    except (OSError, ValueError, pyogrio.errors.DataSourceError):
        raise SourceError("快照读不出来", source=path.name, remedy="请重新运行 cdgis layers fetch") from None
    names = [name for name in (ID_COLUMN, *note.get("fields", ()), "__shape") if name in frame]
    return _rows(frame[list(dict.fromkeys(names))])


def _rows(frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return id (or content, where there are no ids) with a number for repeats -> attributes, shape."""
    met: Counter[str] = Counter()
    rows: dict[str, tuple[str, str]] = {}
    names = [name for name in frame.columns if name not in (ID_COLUMN, "__shape", "经度", "纬度", "坐标系")]
    for row in frame.to_dict("records"):
        texts = "\x1f".join(_cell(row[name]) for name in names)
        shape = str(row.get("__shape") or "")
        key = _cell(row.get(ID_COLUMN)) or f"{texts}\x1f{shape}"
        met[key] += 1
        rows[f"{key}\x1e{met[key]}"] = (texts, shape)
    return rows


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


