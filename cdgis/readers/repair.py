"""Raw shapes mended into valid EPSG:4490 geometry, with what had to be mended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.core.errors import CrsError
from cdgis.core.safe_text import cleaned
from cdgis.geometry.geodesy import MAX_EDGE_M, densify_for_plane, geodesic_length_m, geometries_to_plane, to_lonlat
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.geometry.validity_words import validity_words
from cdgis.readers.coordinates import CHINA_BOX, Box, Datum, within
from cdgis.readers.crs import GEOGRAPHIC, WGS84_NOTE, check_coordinates, wrong_zone
from cdgis.readers.datum import to_cgcs2000_shapes
from cdgis.readers.input_limits import extent_remarks, size_remarks, tangle_remarks
from cdgis.readers.intake import Remark, is_quarantined, noted, rejected, repaired
from cdgis.readers.mending import LARGEST_REPAIR_SHARE, Mending, made_valid, mend
from cdgis.readers.ring_loops import untied
from cdgis.readers.rings import Vertex
from cdgis.readers.shape_kind import KIND_WORDS
from cdgis.workspace.given_outline import GivenOutline

ON_PLANE = "经纬度上合规的图形，换算到量算平面后不合规"
FLATTENED = "图形在量算平面上没有面积"
STRAY_HOLE = "内环（孔）不在外环之内"
DENSIFIED = f"高斯-克吕格长边（超过 {MAX_EDGE_M:g} 米）已加密，偏差不超过1厘米"
_STRAY_SHARE = 0.01
"""Share of a hole that may lie outside its shell: more is no matter of rounding."""
_POLYGON = 3
_LONGEST_LABEL = 24
_AREA = 2
"""Dimension of what has area."""

_ZONE_REMEDY = "请核对带号、中央子午线或 --crs 后重新提交；坐标最好带带号前缀，如 39576000"
_DIMENSION = {"point": 0, "line": 1, "polygon": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A geometry in EPSG:4490, or None when it could not be saved, with the remarks it earned."""

    geometry: BaseGeometry | None
    remarks: tuple[Remark, ...]
    given: GivenOutline | None = None
    """The outline before mending and densification; None when it could not be saved, or is no outline."""


def settle(
    geometry: BaseGeometry | None, epsg: int, *, source: str, remedy: str, home: Box | None = None,
    repair_share: float = LARGEST_REPAIR_SHARE, datum: Datum = "cgcs2000", vertices: Sequence[Vertex] = (),
) -> Settled:  # fmt: skip
    """Return one site geometry in EPSG:4490: flat, axes in order, valid, of one dimension.

    Parameters
    ----------
    geometry : any geometry, x = easting or longitude in `epsg`.
    source, remedy : words for the message when the coordinates contradict `epsg`.
    home : degrees; plane coordinates that lie outside it, but inside it in another zone, are refused.
    repair_share : a repair that gains and loses more land than this share of it is refused.
    datum : gcj02 or bd09 when the degrees are shifted like a web map's, and to be moved to CGCS2000.
    vertices : the shape's points with their labels, in the order handed in, where the file has them.
    """
    geometry, remarks = _placed(geometry, epsg, source=source, remedy=remedy, home=home, datum=datum)
    if geometry is None:
        return Settled(geometry=None, remarks=tuple(remarks))
    given = _given(geometry, epsg, vertices, datum)
    whole, mended = _mended(geometry, epsg, repair_share)
    if whole is None:
        return Settled(geometry=None, remarks=(*remarks, *mended))
    lonlat, cut = densified_lonlat(np.array([whole], dtype=object), epsg)
    plane, crossed = valid_on_plane(lonlat)
    if shapely.is_empty(plane[0]):
        return Settled(geometry=None, remarks=(*remarks, *mended, rejected(FLATTENED, field="geometry", remedy="请核对界址点")))
    if crossed[0]:
        mended += _mended_on_plane(lonlat[0], plane[0], repair_share)
        if is_quarantined(mended):
            return Settled(geometry=None, remarks=(*remarks, *mended))
    if cut[0]:
        remarks.append(noted(DENSIFIED, field="geometry"))
    vast = extent_remarks(lonlat[0])
    if vast:
        return Settled(geometry=None, remarks=(*remarks, *mended, *vast))
    inserted = int(shapely.get_num_coordinates(lonlat[0]) - shapely.get_num_coordinates(whole)) if cut[0] else 0
    told = replace(given, inserted=inserted, mended=bool(mended)) if given is not None else None
    return Settled(geometry=lonlat[0], remarks=(*remarks, *mended), given=told)


def _placed(
    geometry: BaseGeometry | None, epsg: int, *, source: str, remedy: str, home: Box | None, datum: Datum
) -> tuple[BaseGeometry | None, list[Remark]]:
    """Return a shape flat, axes in order and datum moved, where its coordinates agree with `epsg` and the place; else None."""
    remarks = list(_first_look(geometry))
    if geometry is None or is_quarantined(remarks):
        return None, remarks
    if geometry.has_z:
        geometry = shapely.force_2d(geometry)
        remarks.append(noted("高程（Z）已略去", field="geometry"))
    geometry, swapped = _in_order(geometry, epsg)
    remarks += swapped
    try:
        check_coordinates(source, geometry.bounds, epsg, remedy=remedy)
    except CrsError as err:
        return None, [*remarks, rejected(f"坐标系不符：{err.found}", field="坐标系", remedy=err.remedy)]
    placed: BaseGeometry = to_cgcs2000_shapes(np.array([geometry], dtype=object), datum)[0]
    elsewhere = wrong_zone(placed.bounds, epsg, home) if home is not None else ""
    if elsewhere:
        return None, [*remarks, rejected(elsewhere, field="带号", remedy=_ZONE_REMEDY)]
    if epsg == 4326:
        remarks.append(noted(WGS84_NOTE, field="坐标系"))
    return placed, remarks


def _given(shape: BaseGeometry, epsg: int, vertices: Sequence[Vertex], datum: Datum) -> GivenOutline | None:
    """Return the outline as handed in: by its labelled points where there are some, closing repetitions left out."""
    if shapely.get_dimensions(shape) == 0:
        return None
    first: dict[int, Vertex] = {}
    areal = shapely.get_dimensions(shape) == _AREA
    kept = [v for v in vertices if first.setdefault(v.ring, v) is v or not (areal and v.coincides(first[v.ring]))]
    if not kept:
        return GivenOutline(shape=shape, epsg=epsg)
    points = to_cgcs2000_shapes(np.array([shapely.multipoints([v.xy for v in kept])], dtype=object), datum)[0]
    marks = tuple((cleaned(v.label).strip()[:_LONGEST_LABEL], v.ring) for v in kept)
    return GivenOutline(shape=points, epsg=epsg, marks=marks)


def _first_look(geometry: BaseGeometry | None) -> tuple[Remark, ...]:
    """Return what is to be said of a shape before anything is done with it; a quarantine when nothing can be."""
    if geometry is None or geometry.is_empty:
        return (rejected("没有几何图形", field="geometry", remedy="补上图形后重新提交"),)
    if not usable(np.array([geometry], dtype=object))[0]:
        return (rejected("坐标含无穷大或空值", field="geometry", remedy="修正坐标"),)
    return size_remarks(geometry)


def _mended_on_plane(lonlat: BaseGeometry, plane: BaseGeometry, largest_share: float) -> list[Remark]:
    before = geometries_to_plane(np.array([lonlat], dtype=object))
    change_m2 = float(shapely.area(plane) - shapely.area(before)[0])
    reason = f"{ON_PLANE}（{validity_words(before)[0]}），已修复，面积改变 {change_m2:.3f} 平方米"
    remedy = "请核对内环与外环、各部分之间是否共用顶点"
    if abs(change_m2) > largest_share * float(shapely.area(plane)):
        return [rejected(reason.replace("已修复", "不作修复"), field="geometry", remedy=remedy)]
    return [repaired(reason, field="geometry", remedy=remedy)]


def _in_order(geometry: BaseGeometry, epsg: int) -> tuple[BaseGeometry, list[Remark]]:
    x_min, y_min, x_max, y_max = geometry.bounds
    turned = epsg in GEOGRAPHIC and within(CHINA_BOX, y_min, x_min, y_max, x_max)
    if not turned:
        return geometry, []
    value = f"x {x_min:.6f}, y {y_min:.6f}"
    return shapely.transform(geometry, lambda xy: xy[:, ::-1]), [
        repaired("经纬度颠倒，已对调", field="geometry", value=value, remedy="请核对原文件的坐标次序")
    ]


def densified_lonlat(geoms: GeometryArray, epsg: int) -> tuple[GeometryArray, BoolArray]:
    """Return valid `geoms` in EPSG:4490 with long Gauss-Krüger edges densified, and which of them were.

    They must be valid on entry: GEOS densifies an invalid polygon by way of buffer(0), which drops parts of it.
    """
    dense = densify_for_plane(geoms, epsg)
    cut = shapely.get_num_coordinates(dense) > shapely.get_num_coordinates(geoms)
    lonlat = to_lonlat(dense, epsg)
    if epsg in GEOGRAPHIC:
        return lonlat, np.asarray(cut)
    # reprojection moves vertices by rounding, which can close a gap of nanometres
    bad = ~(shapely.is_missing(lonlat) | shapely.is_valid(lonlat))
    if bad.any():
        lonlat = lonlat.copy()
        for dimension in range(3):
            chosen = bad & (shapely.get_dimensions(lonlat) == dimension)
            lonlat[chosen] = repaired_geometries(lonlat[chosen], dimension)
    return lonlat, np.asarray(cut)


def _left_out(geometry: BaseGeometry, dimension: int, epsg: int) -> str:
    """Return how much of a mixed geometry is not of its `dimension`: points counted, lines measured."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    said = []
    for lower in range(dimension - 1, -1, -1):
        dropped = parts[shapely.get_dimensions(parts) == lower]
        if len(dropped):
            length_m = float(geodesic_length_m(to_lonlat(dropped, epsg)).sum()) if lower else 0.0
            said.append(f"{len(dropped)} 个{KIND_WORDS[lower]}" + (f"（长 {length_m:.0f} 米）" if lower else ""))
    return f"，略去{'、'.join(said)}" if said else ""


def _mended(geometry: BaseGeometry, epsg: int, largest_share: float) -> tuple[BaseGeometry | None, list[Remark]]:
    dimension = int(shapely.get_dimensions(geometry))
    remarks: list[Remark] = []
    if geometry.geom_type == "GeometryCollection":
        remarks.append(repaired(f"混合图形，只保留{KIND_WORDS[dimension]}部分{_left_out(geometry, dimension, epsg)}", field="geometry"))
        geometry = _apart(geometry) if dimension == _AREA else _parts_of(geometry, dimension)
    if not geometry.is_valid and dimension == _AREA:
        mended, more = _mended_polygon(geometry, epsg, largest_share)
        remarks += more
        if mended is None:
            return None, remarks
        geometry = mended
    whole = repaired_geometries(np.array([geometry], dtype=object), dimension)[0]
    if whole.is_empty or (dimension == _AREA and whole.area == 0):
        return None, [*remarks, rejected("图形退化，没有面积", field="geometry", remedy="请核对界址点")]
    return whole, remarks


def _apart(collection: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a collection, not joined: whoever mends them says what joining changes."""
    parts = shapely.get_parts(shapely.get_parts([collection]))
    polygons = parts[shapely.get_type_id(parts) == _POLYGON]
    whole: BaseGeometry = shapely.multipolygons(polygons) if len(polygons) > 1 else polygons[0]
    return whole


def _mended_polygon(
    polygon: BaseGeometry, epsg: int, largest_share: float
) -> tuple[BaseGeometry | None, Sequence[Remark]]:
    tangled = tangle_remarks(polygon)
    if tangled:
        return None, tangled
    words = validity_words(np.array([polygon], dtype=object))[0]
    opened = untied(shapely.force_2d(polygon))
    if has_stray_holes(np.array([opened], dtype=object))[0]:
        return None, (rejected(STRAY_HOLE, field="geometry", remedy="核对内环坐标；若是另一块地，请作为单独的部分提交"),)
    if opened.is_valid:
        return opened, (repaired(f"{words}：已按环的包含关系分出外环与孔，面积不变", field="geometry", remedy="请核对"),)
    mending = mend(opened, epsg)
    if mending.share > largest_share:
        return None, (_too_much(words, mending),)
    return mending.geometry, (_repair(words, mending),)


def _repair(words: str, mending: Mending) -> Remark:
    return repaired(f"{words}，已修复，{mending.told}", field="geometry", remedy="请核对界址点次序")


def _too_much(words: str, mending: Mending) -> Remark:
    if mending.share == np.inf:
        return rejected("图形退化，没有面积", field="geometry", remedy="请核对界址点")
    reason = f"{words}；修复会使{mending.told}，不知原意，不作修复"
    remedy = "请按界址点号顺序重新连线；各部分重叠的，是孔洞请画成内环，是重复请删去一个"
    return rejected(reason, field="geometry", remedy=remedy)


def usable(geoms: GeometryArray) -> BoolArray:
    """Return which geometries exist, hold coordinates, and hold only finite ones."""
    found = ~(shapely.is_missing(geoms) | shapely.is_empty(geoms))
    if not np.isfinite(shapely.get_coordinates(geoms)).all():
        coordinates, owner = shapely.get_coordinates(geoms, return_index=True)
        found[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return np.asarray(found)


def has_stray_holes(geoms: GeometryArray) -> BoolArray:
    """Return which geometries hold a polygon with a hole outside its own shell.

    No repair can tell what is meant, and GEOS would make land of such a hole. Valid geometries have none.
    """
    found = np.zeros(len(geoms), dtype=bool)
    for index in np.flatnonzero(~(shapely.is_missing(geoms) | shapely.is_valid(geoms))):
        parts = shapely.get_parts(shapely.get_parts([geoms[index]]))
        polygons = parts[(shapely.get_type_id(parts) == _POLYGON) & (shapely.get_num_interior_rings(parts) > 0)]
        found[index] = any(_strays(polygon) for polygon in shapely.force_2d(polygons))
    return found


def _strays(polygon: Polygon) -> bool:
    shell = made_valid(shapely.polygons(polygon.exterior))
    holes = made_valid(shapely.polygons(list(polygon.interiors)))
    beyond = shapely.area(shapely.difference(holes, shell))
    return bool((beyond > _STRAY_SHARE * shapely.area(holes)).any())


def repaired_geometries(geoms: GeometryArray, dimension: int) -> GeometryArray:
    """Return `geoms` made valid, each reduced to its parts of `dimension` (0 point, 1 line, 2 polygon); 2D."""
    flat = shapely.force_2d(geoms)
    bad = ~shapely.is_valid(flat)
    flat[bad] = made_valid(flat[bad])
    mixed = np.isin(shapely.get_type_id(flat), [7]) | (shapely.get_dimensions(flat) != dimension)
    flat[mixed] = [_parts_of(geometry, dimension) for geometry in flat[mixed]]
    return np.asarray(flat)


def _parts_of(geometry: BaseGeometry, dimension: int) -> BaseGeometry:
    # parts of parts: a collection's members may be multi-geometries themselves
    parts = shapely.get_parts(shapely.get_parts(geometry))
    kept = parts[shapely.get_dimensions(parts) == dimension]
    if len(kept) == 0:
        return shapely.Polygon()
    if dimension == _AREA:
        return shapely.union_all(kept)
    return shapely.MultiLineString(list(kept)) if dimension == 1 else shapely.MultiPoint(list(kept))


def dimension_of(kind: Literal["polygon", "line", "point"]) -> int:
    """Return the topological dimension of a catalogue geometry kind."""
    return _DIMENSION[kind]
