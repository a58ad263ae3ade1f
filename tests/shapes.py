"""Builders of small test data, named for what they are or for what is wrong with them."""

import json
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from openpyxl import Workbook
from shapely.geometry.base import BaseGeometry

from cdgis.core.packs import set_packs, shipped_packs
from cdgis.core.vocabulary import InputRecord
from cdgis.geometry.geodesy import from_lonlat, from_plane, to_plane
from cdgis.geometry.planes import Planes, set_planes
from cdgis.rules import Rule
from cdgis.workspace.catalog import Catalog, LayerSpec
from cdgis.workspace.layers import Layer, Subjects
from cdgis.workspace.place import Place
from cdgis.workspace.settings import Settings, Sources, Workspace

SHIPPED = Planes.of((115.903483, 40.190139, 119.239968, 42.614769))
"""Planes of the shipped workspace, for what measures without opening one; tests/conftest.py restores them after each test."""
set_planes(lambda: SHIPPED)
CHENGDE = tuple(shipped_packs()[name] for name in ("national", "hebei", "chengde"))
"""Packs of the shipped workspace, as `SHIPPED` its planes."""
set_packs(CHENGDE)

PARCEL = shapely.Polygon(
    [(117.90, 40.95), (117.905, 40.9502), (117.9052, 40.954), (117.9001, 40.9537)],
    [[(117.902, 40.951), (117.903, 40.951), (117.903, 40.952), (117.902, 40.952)]],
)
"""A parcel with a hole near 承德, lon/lat; edges below 1 km."""
BOW_TIE = shapely.Polygon([(117.90, 40.95), (117.91, 40.96), (117.91, 40.95), (117.90, 40.96)])


def square(lon: float, lat: float, side_deg: float = 0.01) -> BaseGeometry:
    """Return an axis-parallel square with its lower left corner at (lon, lat), degrees."""
    return shapely.box(lon, lat, lon + side_deg, lat + side_deg)


def in_crs(geometry: BaseGeometry, epsg: int) -> BaseGeometry:
    """Return a lon/lat geometry in `epsg`, x = easting."""
    return from_lonlat([geometry], epsg)[0]


def write_layer(
    path: Path,
    geometries: Sequence[BaseGeometry | None],
    fields: Mapping[str, Sequence[object]] | None = None,
    *,
    epsg: int | None = 4490,
    encoding: str | None = None,
) -> Path:
    """Write lon/lat geometries as a layer in `epsg` (None: lon/lat numbers and no CRS) and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    moved = [g if g is None or epsg is None else in_crs(g, epsg) for g in geometries]
    frame = gpd.GeoDataFrame(dict(fields or {"name": ["甲"] * len(moved)}), geometry=moved, crs=epsg)
    with warnings.catch_warnings():
        # layers without CRS and with truncated names are exactly what some tests need
        warnings.simplefilter("ignore")
        frame.to_file(path, engine="pyogrio", encoding=encoding)
    return path


def write_gbk_shapefile(path: Path, geometries: Sequence[BaseGeometry], fields: Mapping[str, Sequence[object]], *,
                        epsg: int | None = 4490) -> Path:  # fmt: skip
    """Write a shapefile in GBK and take its .cpg away, as Chinese offices hand them over."""
    write_layer(path, geometries, fields, epsg=epsg, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    return path


def zip_files(archive: Path, members: Mapping[str, bytes | Path]) -> Path:
    """Write a deflated zip."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content.read_bytes() if isinstance(content, Path) else content)
    return archive


def gbk_named_zip(archive: Path, members: Mapping[str, bytes | Path]) -> Path:
    """Write a zip whose names are GBK without the UTF-8 flag, as Chinese Windows does."""

    class GbkInfo(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:
            return self.filename.encode("gbk"), self.flag_bits & ~0x800

    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in members.items():
            opened.writestr(GbkInfo(name), content.read_bytes() if isinstance(content, Path) else content)
    return archive


def zip_shapefile(archive: Path, shp: Path, *, folder: str = "") -> Path:
    """Zip all parts of a shapefile under `folder`."""
    return zip_files(archive, {folder + part.name: part for part in sorted(shp.parent.glob(shp.stem + ".*"))})


def write_geojson(
    path: Path, features: Sequence[tuple[BaseGeometry | None, Mapping[str, object]]], crs: str = ""
) -> Path:
    """Write a GeoJSON file; `crs` is the name in the old crs member."""
    items = [
        {"type": "Feature", "properties": dict(p), "geometry": g and shapely.geometry.mapping(g)} for g, p in features
    ]
    document: dict[str, object] = {"type": "FeatureCollection", "features": items}
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def write_xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]], merges: Sequence[str] = ()) -> Path:
    """Write a workbook; `merges` apply to the first sheet."""
    book = Workbook()
    for number, (title, rows) in enumerate(sheets.items()):
        page = book.active if number == 0 else book.create_sheet()
        page.title = title
        for row in rows:
            page.append(list(row))
    for cells in merges:
        book.worksheets[0].merge_cells(cells)
    book.save(path)
    return path


def boundary_lines(geometry: BaseGeometry, *, swapped: bool = False, closed: bool = True, digits: int = 4) -> list[str]:
    """Return 点号,圈号,北,东 lines of a polygon with holes."""
    lines: list[str] = []
    number = 0
    for ring_number, ring in enumerate((geometry.exterior, *geometry.interiors), start=1):
        first = number + 1
        points = list(ring.coords)
        for index, (x, y) in enumerate(points if closed else points[:-1]):
            number += 0 if closed and index == len(points) - 1 else 1
            label = first if closed and index == len(points) - 1 else number
            pair = (x, y) if swapped else (y, x)
            lines.append(f"J{label},{ring_number},{pair[0]:.{digits}f},{pair[1]:.{digits}f}")
    return lines


def boundary_text(lines: Sequence[str], *, header: str = "", **keys: str) -> str:
    """Return a 界址点 TXT whose header counts `lines`: `keys` replace or (when "") remove the usual property lines."""
    properties = {"格式版本号": "1.01", "坐标系": "2000国家大地坐标系", "几度分带": "3", "投影类型": "高斯克吕格",
                  "计量单位": "米", "带号": "39", "精度": "0.001", "转换参数": ",,,,,,"} | keys  # fmt: skip
    head = [f"{key}={value}" for key, value in properties.items() if value]
    return "\r\n".join(["[属性描述]", *head, "[地块坐标]", header or f"{len(lines)},,DK001,示例地块,面,K50,工业,0601,@", *lines]) + "\r\n"


def layer_spec(path: str, **changes: object) -> LayerSpec:
    """Return a catalogue entry for a polygon layer that covers itself."""
    entry: dict[str, object] = {
        "id": "units", "title": "环境管控单元", "theme": "一单", "geometry": "polygon", "path": path,
        "official": False, "version": "2026", "source": "测试", "licence": "CC0", "zones": False,
    }  # fmt: skip
    return LayerSpec(**(entry | changes))


def workspace(root: Path, *, specs: Sequence[LayerSpec] = (), sources: Sources | None = None) -> Workspace:
    """Return a workspace in memory whose layers lie in root/layers."""
    place = Place(name="承德市", code="130800", extent=(115.9, 40.1, 119.3, 42.7))
    settings = Settings(name="测试", city="承德市", place=place, as_of="2026-11-01", sources=sources or Sources())
    return Workspace(root=root, settings=settings, catalog=Catalog(layers={spec.id: spec for spec in specs}))


CITY = shapely.box(116.0, 40.5, 119.0, 42.5)
"""The coverage of hand-made layers, far larger than any site in it."""
METRES = shapely.Point(117.5, 41.4)
"""Origin of `metres`: where the measuring plane has its true scale."""


def metres(x0: float, y0: float, x1: float, y1: float) -> BaseGeometry:
    """Return an upright rectangle in EPSG:4490 whose corners lie so many measuring-plane metres from METRES."""
    return from_metres(shapely.box(x0, y0, x1, y1))


def from_metres(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry given in measuring-plane metres from METRES in EPSG:4490."""
    x, y = to_plane(METRES.x, METRES.y)
    return shapely.transform(geometry, lambda c: np.column_stack(from_plane(c[:, 0] + x, c[:, 1] + y)))


def zone_layer(
    layer: str,
    geometries: Sequence[BaseGeometry],
    classes: Sequence[str] | str = "",
    *,
    ids: Sequence[str] | None = None,
    kind: str = "polygon",
    **changes: object,
) -> Layer:
    """Return a layer of zones named after the layer and their place, covered by `city` unless told otherwise."""
    entry: dict[str, object] = {"id": layer, "title": layer, "geometry": kind, "coverage": "city", "zones": True}
    spec = layer_spec(f"{layer}.gpkg", **(entry | changes))
    count = len(geometries)
    columns = {
        "zone_id": list(ids) if ids is not None else [f"{layer}{i}" for i in range(count)],
        "zone_name": ["名"] * count,
        "zone_class": [classes] * count if isinstance(classes, str) else list(classes),
    }
    zones = gpd.GeoDataFrame(columns, geometry=list(geometries), crs=4490)
    record = InputRecord(layer=layer, kind="layer", path=spec.path, sublayer="", sha256="", version="1", official=False)
    return Layer(spec=spec, zones=zones, record=record)


def layer_set(*layers: Layer, city: BaseGeometry = CITY) -> dict[str, Layer]:
    """Return layers by id, with the city that covers them."""
    whole = zone_layer("city", [city], coverage="", zones=False)
    return {"city": whole} | {layer.spec.id: layer for layer in layers}


def sites(geometries: Sequence[BaseGeometry], **columns: object) -> Subjects:
    """Return project sites S000, S001, … (EPSG:4490); `columns` replace the usual values."""
    count = len(geometries)
    values: dict[str, object] = {
        "subject_id": [f"S{i:03}" for i in range(count)], "name": "示例项目", "kind": "project", "industry": "3110",
        "project_type": "新建", "activity": "开发性生产性建设", "accuracy_m": 0.0, "source_file": "f", "source_row": "1",
        "notes": "",
    }  # fmt: skip
    frame = gpd.GeoDataFrame(values | columns, geometry=list(geometries), crs=4490, index=range(count))
    return Subjects(frame=frame, attributes=pd.DataFrame(columns=["subject_id", "attribute", "value", "unit"]))


def rule(name: str, layer: str, effect: str = "禁止", **changes: object) -> Rule:
    """Return a rule on hitting any zone of `layer`, in force since 2020."""
    values: dict[str, object] = {
        "id": name, "title": name, "level": "国家", "layer": layer, "effect": effect, "dimension": "空间布局约束",
        "clause": "示例条款", "basis": [{"document": "示例"}], "effective_from": date(2020, 1, 1), "source": "测试",
        "mark": "S",
    }  # fmt: skip
    return Rule(**(values | changes))
