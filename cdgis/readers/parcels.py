"""Sites of one part of a large GeoParquet file (provincial batches: column by column, no object a row).

Headers, industries, project types and attributes mean what they mean in every other file; texts that repeat are read
once. Rows are numbered from 1 in the file; every row is accepted, repaired or quarantined.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import shapely
from geopandas import GeoDataFrame

from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.core.errors import ReaderError
from cdgis.core.vocabulary import IntakeNote, SubjectKind
from cdgis.geometry.gauss_kruger import GEOGRAPHIC_EPSG, KNOWN_EPSG, identify_crs
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.readers.headers import subject_column
from cdgis.readers.intake import intake_note, rejected, repaired
from cdgis.readers.mending import LARGEST_REPAIR_SHARE, made_valid, mend
from cdgis.readers.repair import densified_lonlat, usable
from cdgis.readers.roster import stated_accuracy_m
from cdgis.readers.subjects import Description, describe_site
from cdgis.rules.attributes import load_attributes
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects

_AREA = 2
_LONLAT = "OGC:CRS84"
"""What GeoParquet means where it names no coordinate system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfFile:
    """Rows first..last-1 of one row group of a GeoParquet file."""

    number: int
    path: Path
    label: str
    """Name shown to the user."""
    row_group: int
    first: int
    last: int
    before: int
    """Rows of the file before this part."""


def parts_of_files(files: Sequence[tuple[Path, str]], *, rows: int) -> tuple[PartOfFile, ...]:
    """Return parts of at most `rows` rows that together hold every row of the files once, in order."""
    parts: list[PartOfFile] = []
    for path, label in files:
        before = 0
        groups = pq.ParquetFile(path).metadata
        for group in range(groups.num_row_groups):
            count = groups.row_group(group).num_rows
            for first in range(0, count, rows):
                last = min(first + rows, count)
                parts.append(
                    PartOfFile(
                        number=len(parts),
                        path=path,
                        label=label,
                        row_group=group,
                        first=first,
                        last=last,
                        before=before,
                    )
                )
                before += last - first
    return tuple(parts)


def read_parcels(part: PartOfFile, *, declared: Mapping[str, str], default_accuracy_m: float = 0.0) -> Subjects:
    """Return the sites in one part of a file, EPSG:4490.

    Parameters
    ----------
    declared : column or attribute name -> text for every site, over what the file says.

    Raises
    ------
    ReaderError : the file is no GeoParquet, or its coordinate system is not one that needs no local parameters.
    """
    source = pq.ParquetFile(part.path)
    column, epsg = geometry_column(source, part.label)
    table = source.read_row_group(part.row_group).slice(part.first, part.last - part.first)
    raw = np.asarray(shapely.from_wkb(table.column(column).to_numpy(zero_copy_only=False)), dtype=object)
    texts = table.drop_columns([column, *(n for n in table.column_names if n == "bbox")]).to_pandas().astype(object)
    texts = texts.where(texts.notna(), "").astype(str)
    geometry, mended, lost = _sound(raw, epsg)
    rows = np.array([str(part.before + 1 + i) for i in range(len(raw))], dtype=object)
    described, which = _described(texts, declared)
    frame = _frame(part, described, which, texts).assign(
        source_row=rows, notes=np.where(mended, "图形不合规，已修复", "")
    )
    frame["accuracy_m"] = [_accuracy_m(described[i], default_accuracy_m) for i in which]
    kept = GeoDataFrame(frame[~lost], geometry=geometry[~lost], crs=GEOGRAPHIC_EPSG).reset_index(drop=True)
    return Subjects(
        frame=kept[[*SUBJECT_COLUMNS, "geometry"]],
        attributes=_attributes(frame["subject_id"].to_numpy()[~lost], described, which[~lost]),
        intake=_intake(part, rows, mended, lost),
    )


def geometry_column(source: pq.ParquetFile, label: str) -> tuple[str, int]:
    """Return the name of the geometry column of a GeoParquet file, and its EPSG code.

    Raises
    ------
    ReaderError : no GeoParquet, or on a coordinate system that is none of KNOWN_EPSG.
    """
    meta = (source.schema_arrow.metadata or {}).get(b"geo")
    if meta is None:
        raise ReaderError(
            "不是 GeoParquet（没有 geo 元数据）", source=label, remedy="请用 GIS 软件或 geopandas 导出为 GeoParquet"
        )
    known = json.loads(meta)
    column = str(known["primary_column"])
    stated = known["columns"][column].get("crs", _LONLAT)
    epsg = 4326 if stated == _LONLAT else identify_crs(stated if isinstance(stated, str) else json.dumps(stated))
    if epsg not in KNOWN_EPSG:
        raise ReaderError(
            f"坐标系是 {epsg or '未知'}，应为 CGCS2000 经纬度或高斯-克吕格坐标", source=label, remedy="请先转换"
        )
    return column, epsg


def _sound(raw: GeometryArray, epsg: int) -> tuple[GeometryArray, BoolArray, BoolArray]:
    """Return geometries valid and in EPSG:4490, which were mended, and which cannot be used."""
    lost = ~usable(raw)
    flat = np.asarray(shapely.force_2d(raw), dtype=object)
    flat[lost] = None
    mended = ~lost & ~shapely.is_valid(flat)
    mixed = ~lost & (shapely.get_type_id(flat) == 7)
    for index in np.flatnonzero(mended & ~mixed):
        if shapely.get_dimensions(flat[index]) != _AREA:
            flat[index] = made_valid(flat[index])
            continue
        mending = mend(flat[index], epsg)
        flat[index] = mending.geometry
        lost[index] = mending.share > LARGEST_REPAIR_SHARE
    lost |= mixed | (~lost & shapely.is_empty(flat))
    flat[lost] = None
    lonlat, _ = densified_lonlat(flat, epsg)
    plane, crossed = valid_on_plane(lonlat)
    lost |= ~lost & shapely.is_empty(plane)
    return lonlat, (mended | crossed) & ~lost, lost


def _described(texts: pd.DataFrame, declared: Mapping[str, str]) -> tuple[list[Description], npt.NDArray[np.int64]]:
    """Return the distinct descriptions, and which one each row has; names and ids do not make rows distinct."""
    shared = [name for name in texts.columns if subject_column(name) not in ("subject_id", "name")]
    if not shared:
        return [describe_site(declared)], np.zeros(len(texts), dtype=np.int64)
    which = texts.groupby(shared, sort=False).ngroup().to_numpy().astype(np.int64)
    _, first = np.unique(which, return_index=True)
    rows = texts[shared].iloc[first].to_dict("records")
    return [describe_site(declared, {str(k): str(v) for k, v in row.items()}) for row in rows], which


def _frame(
    part: PartOfFile, described: Sequence[Description], which: npt.NDArray[np.int64], texts: pd.DataFrame
) -> pd.DataFrame:
    columns = {
        name: np.array([d.columns.get(name, "") for d in described], dtype=object)[which]
        for name in ("name", "industry", "project_type", "activity")
    }
    for name in texts.columns:
        if subject_column(name) == "name" and not (columns["name"] != "").any():
            columns["name"] = texts[name].to_numpy(dtype=object)
    own = next((texts[n].to_numpy(dtype=object) for n in texts.columns if subject_column(n) == "subject_id"), None)
    numbered = np.array([f"{Path(part.label).stem}-{part.before + 1 + i}" for i in range(len(texts))], dtype=object)
    ids = numbered if own is None else np.where(own == "", numbered, own)
    fixed = {"subject_id": ids, "kind": SubjectKind.PROJECT.value, "source_file": part.label}
    return pd.DataFrame({**fixed, **columns})


def _accuracy_m(description: Description, default_m: float) -> float:
    stated = stated_accuracy_m(description.columns.get("accuracy_m", ""))
    return default_m if stated is None else stated


def _attributes(
    ids: npt.NDArray[np.object_], described: Sequence[Description], which: npt.NDArray[np.int64]
) -> pd.DataFrame:
    dictionary, parts = load_attributes(), []
    for number, description in enumerate(described):
        mine = ids[which == number]
        for name, value in description.attributes.items():
            rows = {"subject_id": mine, "attribute": name, "value": value, "unit": dictionary[name].unit}
            parts.append(pd.DataFrame(rows))
    columns = ["subject_id", "attribute", "value", "unit"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns, dtype=object)


def _intake(
    part: PartOfFile, rows: npt.NDArray[np.object_], mended: BoolArray, lost: BoolArray
) -> tuple[IntakeNote, ...]:
    """Return a line for every row that was not simply accepted."""
    bad = rejected("没有几何图形、坐标无效、图形不是一种，或修复会改变 1% 以上的面积", field="geometry", remedy="补上或修正图形后重新提交")
    fixed = repaired("图形不合规，已修复", field="geometry", remedy="请核对边界")
    notes = [intake_note(part.label, str(row), (bad,)) for row in rows[lost]]
    return (*notes, *(intake_note(part.label, str(row), (fixed,)) for row in rows[mended]))
