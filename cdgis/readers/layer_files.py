"""Zones of a catalogue entry's file, under the standard names, valid and in EPSG:4490."""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pyogrio.errors
import shapely
from geopandas import GeoDataFrame
from shapely.errors import ShapelyError

from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.core.error_words import in_words
from cdgis.core.errors import LayerError, ReaderError
from cdgis.core.safe_text import cleaned, is_clean
from cdgis.core.vocabulary import WHOLE_FILE, InputRecord, IntakeNote
from cdgis.geometry.geodesy import to_lonlat
from cdgis.readers.attribute_columns import column_aliases
from cdgis.readers.content_hash import text_hash, zones_hash
from cdgis.readers.coordinates import Box
from cdgis.readers.crs import WGS84_NOTE, check_coordinates, resolve_crs
from cdgis.readers.fields import find_field, standard_columns
from cdgis.readers.geodatabase import GDB_SUFFIX
from cdgis.readers.geojson import RFC_7946_CRS, feature_geometry, feature_texts, open_geojson
from cdgis.readers.geopackage import unchanged
from cdgis.readers.inputs import file_sha256, file_stamp
from cdgis.readers.intake import Remark, intake_note, noted, repaired
from cdgis.readers.prepared_layers import PreparedLayers
from cdgis.readers.repair import usable
from cdgis.readers.shapefile import check_shapefile, filled_cells
from cdgis.readers.text_encoding import shapefile_encoding
from cdgis.readers.vector import DRIVERS, check_container
from cdgis.readers.zone_shapes import row_note, sound_zones
from cdgis.rules.unit_words import CUT_WORDS
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import UNCODED, ZONE_COLUMNS, Layer

# pyogrio stumbles over its own variables after a broken .prj
_PROBLEMS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError, ShapelyError,
             ValueError, TypeError, LookupError, ArithmeticError, NotImplementedError, OSError, NameError, SystemError)  # fmt: skip
_LINE_END = re.compile(r"[\r\n\t\v\f]")
_ONE_LINE = ("zone_id", "zone_name", "zone_class")
_GEOJSON_SUFFIXES = (".geojson", ".json")
_CUT = "文字占满附表一格（254 字节），后文可能已被截断"
_CUT_REMEDY = "请改用 GeoPackage 或 FileGDB 提供，或把全文写进准入清单表"
_REMEDY = "在 layers/catalog.toml 的该图层条目写 crs（如 EPSG:4527），或修正文件"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLayer:
    """A layer file as read, before anything is changed."""

    frame: pd.DataFrame
    geometries: GeometryArray
    crs_wkt: str
    remarks: tuple[Remark, ...] = ()
    """What is to be said of the file as a whole."""


def read_layer(spec: LayerSpec, folder: Path, *, kept: PreparedLayers | None = None) -> Layer:
    """Return the zones of one vector catalogue entry.

    Parameters
    ----------
    folder : the catalogue's folder, which `spec.path` is relative to.
    kept : where the same file may have been read before; the layer is the same either way.

    Raises
    ------
    LayerError : the file is absent or unreadable, or fields, classes or ids break the catalogue entry.
    CrsError : no CRS, an unknown one, or one that contradicts the coordinates.
    """
    if spec.none:
        return _stated_absent(spec)
    path = folder / spec.path
    stamp = file_stamp(path) if path.exists() else ()
    record = _input_record(spec, path, "layer")
    entry = kept.entry(spec, record) if kept is not None else None
    known = entry.layer(spec, record) if entry is not None else None
    layer = known or _read_zones(spec, path, record)
    if file_stamp(path) != stamp:
        raise LayerError(spec.path, spec.id, ("读取期间文件被别的程序改动。请关闭正在编辑它的程序后重试",))
    return layer if entry is None or known is not None else entry.keep(layer)


def _read_zones(spec: LayerSpec, path: Path, record: InputRecord) -> Layer:
    raw = read_raw(spec, path)
    notes = [intake_note(spec.path, WHOLE_FILE, raw.remarks)] if raw.remarks else []
    columns = _clean_columns(spec, standard_columns(spec, _marked_where_cut(spec, path, raw.frame, notes)), notes)
    epsg = _crs(spec, raw, notes)
    geometries, kept = sound_zones(spec, raw.geometries, epsg, notes)
    columns["zone_id"] = _with_codes(spec, columns["zone_id"], kept, notes)
    notes += _duplicate_ids(spec, columns["zone_id"], kept)
    zones = GeoDataFrame(columns, geometry=geometries, crs=4490)
    zones = zones if kept.all() else zones[kept].reset_index(drop=True)
    gone = check_shapefile(path, label=spec.path) if path.suffix.lower() == ".shp" else ()
    notes += [intake_note(spec.path, f"{number}（附表已标删除）", (noted("附表把这一行标为已删除，未读取"),)) for number in gone]
    return Layer(spec=spec, zones=zones, record=replace(record, content_sha256=zones_hash(zones)), notes=tuple(notes))


def _stated_absent(spec: LayerSpec) -> Layer:
    """Return the layer of which somebody states that the place has no zone: nothing in it, the statement its record."""
    columns = dict.fromkeys((*ZONE_COLUMNS, *spec.fields), pd.Series([], dtype=object))
    digest = hashlib.sha256(spec.statement.encode()).hexdigest()
    record = InputRecord(
        layer=spec.id, kind="layer", path="", sublayer="", sha256=digest, version=spec.version, official=spec.official,
        content_sha256=digest,
    )  # fmt: skip
    return Layer(spec=spec, zones=GeoDataFrame(columns, geometry=[], crs=4490), record=record)


def _marked_where_cut(spec: LayerSpec, path: Path, frame: pd.DataFrame, notes: list[IntakeNote]) -> pd.DataFrame:
    """Return the table with the texts that fill a cell of a .dbf saying that the rest may be missing; each is noted."""
    if path.suffix.lower() != ".shp":
        return frame
    frame = frame.copy()
    lists = {find_field((name,), list(frame.columns)) for names in column_aliases("zone_extra").values() for name in names}
    for field, rows in filled_cells(path, spec.encoding or shapefile_encoding(path)).items():
        if field not in frame:
            continue
        notes += [row_note(spec, np.intp(row), noted(_CUT, field=field, value=frame[field].iloc[row], remedy=_CUT_REMEDY))
                  for row in rows]  # fmt: skip
        if field in lists:
            texts = frame[field].astype(object).to_numpy(copy=True)
            texts[list(rows)] = [f"{texts[row]}{CUT_WORDS}" for row in rows]
            frame[field] = texts
    return frame


def layer_extent(spec: LayerSpec, folder: Path) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of a vector entry's file, degrees EPSG:4490; None when it holds no shape.

    Raises
    ------
    LayerError, CrsError : as for `read_layer`.
    """
    path = folder / spec.path
    if not path.exists():
        raise missing(spec)
    raw = read_raw(spec, path)
    shapes = to_lonlat(raw.geometries[usable(raw.geometries)], _crs(spec, raw, []))
    if not len(shapes):
        return None
    west, south, east, north = (float(bound) for bound in shapely.total_bounds(shapes))
    return west, south, east, north


def _clean_columns(spec: LayerSpec, columns: pd.DataFrame, notes: list[IntakeNote]) -> pd.DataFrame:
    """Return the columns without characters that act instead of being read; each row that held some is noted."""
    columns, texts = columns.copy(), {str(column): columns[column].tolist() for column in columns}
    # a name or code is one line: where one is printed, a line end inside it would begin another
    faults = (("文字含控制符或不可见的排版符，已去除", tuple(texts), is_clean, cleaned),
              ("名称或编码里有换行，已改为空格", _ONE_LINE, lambda text: not _LINE_END.search(text),
               lambda text: " ".join(text.split())))  # fmt: skip
    for reason, names, is_sound, mended in faults:
        for column in names:
            bad = [row for row, text in enumerate(texts[column]) if not is_sound(text)]
            notes += [row_note(spec, np.intp(row), repaired(reason, field=column, value=texts[column][row])) for row in bad]
            if bad:
                texts[column] = [mended(text) for text in texts[column]]
                columns[column] = pd.Series(texts[column], index=columns.index, dtype=object)
    return columns


def table_record(spec: LayerSpec, folder: Path) -> InputRecord:
    """Return the input record of a table or raster entry, for run.json.

    Raises
    ------
    LayerError : the file is absent.
    """
    return _input_record(spec, folder / spec.path, spec.geometry if spec.geometry == "raster" else "table")


def unread_record(spec: LayerSpec, folder: Path) -> tuple[InputRecord, ...]:
    """Return the record of an entry whose file cannot be used, as far as there is a file: what failed is an input too."""
    kind = spec.geometry if spec.geometry in ("raster", "table") else "layer"
    try:
        return (_input_record(spec, folder / spec.path, kind),)
    except (LayerError, OSError):
        return ()


def _input_record(spec: LayerSpec, path: Path, kind: str) -> InputRecord:
    if not path.is_file() and not (path.is_dir() and path.suffix.lower() == GDB_SUFFIX):
        raise missing(spec)
    return InputRecord(
        layer=spec.id,
        kind=kind,
        path=spec.path,
        sublayer=spec.sublayer,
        sha256=file_sha256(path),
        version=spec.version,
        official=spec.official,
        content_sha256=text_hash(path, path.read_bytes()) if kind == "table" else "",
    )


def missing(spec: LayerSpec) -> LayerError:
    """Return the error that an entry's file is not there."""
    if spec.url:
        return LayerError(spec.path, spec.id, (f"快照还没有取来。请运行 cdgis layers fetch {spec.id}",))
    return LayerError(spec.path, spec.id, ("文件不存在。请放到该位置，或修改 layers/catalog.toml 的 path",))


def read_raw(spec: LayerSpec, path: Path) -> RawLayer:
    """Return a layer file as it is, its CRS not looked at.

    Raises
    ------
    LayerError : it cannot be read.
    """
    try:
        if path.suffix.lower() in _GEOJSON_SUFFIXES:
            return _read_geojson(spec, path)
        return _read_container(spec, path)
    except ReaderError as err:
        raise LayerError(spec.path, spec.id, (err.told,)) from err
    except _PROBLEMS as err:
        raise LayerError(spec.path, spec.id, (f"读取失败（{in_words(err)}）。请用 GIS 软件重新导出",)) from err


def _read_geojson(spec: LayerSpec, path: Path) -> RawLayer:
    opened = open_geojson(path, label=spec.path)
    frame = pd.DataFrame([feature_texts(feature) for feature in opened.features], dtype=object).fillna("")
    geometries = np.full(len(opened.features), None, dtype=object)
    geometries[:] = [feature_geometry(feature) for feature in opened.features]
    return RawLayer(frame=frame, geometries=geometries, crs_wkt=opened.crs or RFC_7946_CRS)


def _read_container(spec: LayerSpec, path: Path) -> RawLayer:
    with unchanged(path, label=spec.path) as still:
        driver = check_container(still.path, label=spec.path)
        encoding = spec.encoding or (shapefile_encoding(path) if driver == DRIVERS[".shp"] else None)
        meta, _, wkb, values = pyogrio.raw.read(
            still.path, layer=_sublayer(spec, still.path, driver), encoding=encoding
        )
    frame = pd.DataFrame({str(name).strip(): column for name, column in zip(meta["fields"], values, strict=True)})
    geometries = np.full(len(frame) if wkb is None else len(wkb), None, dtype=object)
    if wkb is not None:
        geometries[:] = shapely.from_wkb(wkb)
    return RawLayer(frame=frame, geometries=geometries, crs_wkt=meta["crs"] or "", remarks=still.remarks)


def _sublayer(spec: LayerSpec, path: Path, driver: str) -> str | None:
    """Return the layer to read, after checking that the allowed driver, and no other, opens the file."""
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    wanted = spec.sublayer or (names[0] if len(names) == 1 else path.stem if path.stem in names else "")
    if wanted not in names:
        raise ReaderError(f"文件内有图层 {'、'.join(names) or '（无）'}", remedy="请在目录条目中用 sublayer 指明")
    opened = pyogrio.read_info(path, layer=wanted)["driver"]
    if opened != driver:
        raise ReaderError(f"文件内容是 {opened} 而不是 {driver}，已拒绝")
    return wanted


def _crs(spec: LayerSpec, raw: RawLayer, notes: list[IntakeNote]) -> int:
    source = f"图层 {spec.id}（{spec.path}）"
    filled = raw.geometries[usable(raw.geometries)]
    bounds: Box | None = None
    if len(filled):
        x_min, y_min, x_max, y_max = (float(bound) for bound in shapely.total_bounds(filled))
        bounds = (x_min, y_min, x_max, y_max)
    epsg = resolve_crs(source, declared=spec.crs, stated=raw.crs_wkt, remedy=_REMEDY, bounds=bounds)
    if bounds is not None:
        check_coordinates(source, bounds, epsg, remedy=_REMEDY)
    if epsg == 4326:
        notes.append(intake_note(spec.path, WHOLE_FILE, (noted(WGS84_NOTE, field="坐标系"),)))
    return epsg


def _with_codes(spec: LayerSpec, ids: "pd.Series[str]", kept: BoolArray, notes: list[IntakeNote]) -> "pd.Series[str]":
    """Return the codes of zones with a stand-in, the row, for each that has none; each is noted."""
    blank = np.array([not text.strip() for text in ids.tolist()], dtype=bool)
    if not blank.any():
        return ids
    reason = "没有区编码，按行号称呼；与编码对应的条款（如准入清单）无从对照"
    notes += [row_note(spec, row, noted(reason, field="zone_id", value="", remedy="请在源文件中补上编码"))
              for row in np.flatnonzero(blank & kept)]  # fmt: skip
    return ids.mask(blank, pd.Series([f"{UNCODED}{row + 1}" for row in range(len(ids))], index=ids.index))


def _duplicate_ids(spec: LayerSpec, ids: "pd.Series[str]", kept: BoolArray) -> list[IntakeNote]:
    repeated = ids[kept].duplicated(keep="first")
    rows = np.flatnonzero(kept)[repeated.to_numpy()]
    return [row_note(spec, row, noted("区编码重复", field="zone_id", value=str(ids.iloc[row]))) for row in rows]
