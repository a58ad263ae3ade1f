"""Sites brought into the kind of shape stated for them, or shown by their form and then said.

A line that comes back to its start is the outline of land unless somebody says that it is a line; one that nearly
does, or lacks no more than a side, is asked about. The farmland inside an outline counts only when it is read as a polygon, so a silent guess here
costs a forest.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.geometry.geodesy import geodesic_length_m, survey_area_m2
from cdgis.readers.intake import rejected, repaired
from cdgis.readers.mending import LARGEST_REPAIR_SHARE
from cdgis.readers.records import SiteRecord
from cdgis.readers.repair import settle
from cdgis.readers.ring_loops import assembled, simple_loops
from cdgis.readers.shape_kind import KIND_WORDS, ShapeKind, may_be_a_route, named_kind, unknown_kind
from cdgis.readers.vertices import WHICH as WHICH_OF_POINTS

LEAST_LAND_M2 = 1.0
"""A closed line round less is one drawn there and back."""
_NEAR_SHARE = 0.1
"""Share of its length that may lack for a line to be, perhaps, an outline nobody closed."""
_SIDE_SHARE = 1.05
"""What lacks may be longer than the longest side drawn, as far as this: opposite sides of a plot are seldom equal."""
_CLOSED_SHARE, _CLOSED_M = 0.01, 1.0
"""A gap up to both is rounding: share of the length, metres."""
_LONLAT = 4490
_LEAST_POINTS = 3
AS_LINE = "如确为线状工程，请加 --as line（或在“图形”一栏写 线）"
WHICH = "是用地边界请加 --as polygon，是线状工程请加 --as line（或在“图形”一栏写 面、线）"


def in_kind(
    record: SiteRecord, stated: str, repair_share: float = LARGEST_REPAIR_SHARE, *, called: Sequence[str] = ()
) -> SiteRecord:
    """Return the record as the kind of shape stated for it, or as the one its form shows; every change is said.

    Parameters
    ----------
    stated : what a declaration, the sidecar or the row itself says, "" for nothing.
    called : names of the site, its layer, folder and file: a closed line called a road or a pipe is asked about.
    repair_share : a repair of a line read as land that gains and loses more than this share of it is refused.
    """
    shape = record.geometry
    kind = named_kind(stated) if stated else None
    if stated and kind is None:
        return replace(record, geometry=None, remarks=(*record.remarks, unknown_kind(stated)))
    if shape is None:
        return record
    dimension = int(shapely.get_dimensions(shape))
    if kind is not ShapeKind.POINTS and _is_list_of_points(shape):
        return _from_points(record, shape, kind, stated, repair_share)
    if kind is None:
        return _by_form(record, shape, repair_share, called) if dimension == 1 else record
    if kind.dimension == dimension:
        return record
    if kind is ShapeKind.POLYGON and dimension == 1:
        lines = _lines(shape)
        gap_m = max(_gap_m(line) for line in lines)
        words = f"按所写的“{stated}”读成面" + (f"，首尾相距 {gap_m:.1f} 米已闭合" if gap_m > 0 else "")
        return _as_land(record, lines, words, remedy="请核对边界", repair_share=repair_share)
    reason = f"写明图形为“{stated}”，读到的却是{KIND_WORDS[dimension]}，不知以哪个为准"
    return replace(record, geometry=None, remarks=(*record.remarks, rejected(reason, field="图形", remedy=_CONTRADICTED)))


_CONTRADICTED = "请核对 --as 或“图形”一栏；文件里的图形不对时请重新导出"


def _is_list_of_points(shape: BaseGeometry) -> bool:
    """Return whether a shape is several points in one feature, enough to go round land."""
    return shape.geom_type == "MultiPoint" and len(np.unique(shapely.get_coordinates(shape), axis=0)) >= _LEAST_POINTS


def _from_points(record: SiteRecord, shape: BaseGeometry, kind: ShapeKind | None, stated: str, repair_share: float) -> SiteRecord:
    """Return a feature of many points as the line or the land they make in their order, or asked about."""
    points = shapely.get_coordinates(shape)
    if kind is None:
        reason = f"一个图斑由 {len(points)} 个点组成，可能是一块地的拐点，也可能是 {len(points)} 个点位"
        return replace(record, geometry=None, remarks=(*record.remarks, rejected(reason, field="图形", remedy=WHICH_OF_POINTS)))
    words = f"{len(points)} 个点按所写的“{stated}”依次连成一个{kind.word}"
    if kind is ShapeKind.POLYGON:
        return _as_land(record, [shapely.LineString(points)], words, remedy="请核对各点的次序", repair_share=repair_share)
    said = repaired(words, field="图形", remedy="请核对各点的次序")
    return replace(record, geometry=shapely.LineString(points), remarks=(*record.remarks, said))


def _by_form(record: SiteRecord, shape: BaseGeometry, repair_share: float, called: Sequence[str]) -> SiteRecord:
    """Return a record of lines nobody calls lines: land when they close, asked about when they nearly do."""
    lines = _lines(shape)
    gaps_m = [_gap_m(line) for line in lines]
    lengths_m = [float(geodesic_length_m(np.array([line], dtype=object))[0]) for line in lines]
    pairs = list(zip(gaps_m, lengths_m, strict=True))
    if _land_m2(lines) < LEAST_LAND_M2:
        return record
    if all(gap_m <= min(_CLOSED_M, _CLOSED_SHARE * length_m) for gap_m, length_m in pairs):
        route = may_be_a_route(called)
        if route:
            reason = f"线首尾相接，“{route}”却像线状工程的名称，不知是用地边界还是走向"
            return replace(record, geometry=None, remarks=(*record.remarks, rejected(reason, field="图形", value=route, remedy=WHICH)))
        return _as_land(record, lines, "线首尾相接，按用地边界读成面", remedy=AS_LINE, repair_share=repair_share)
    near = [pair for line, pair in zip(lines, pairs, strict=True) if pair[0] <= _NEAR_SHARE * pair[1] or _lacks_a_side(line, pair[0])]
    if not near:
        return record
    gap_m, length_m = max(near)
    reason = f"线的首尾相距 {gap_m:.1f} 米（全长 {length_m:.0f} 米），可能是没有闭合的用地边界，也可能是线状工程"
    if len(near) < len(pairs):
        reason = f"{len(pairs)} 段线里有 {len(near)} 段首尾相接或相近，可能是用地边界，其余不是"
    return replace(record, geometry=None, remarks=(*record.remarks, rejected(reason, field="图形", remedy=WHICH)))


def _lines(shape: BaseGeometry) -> list[BaseGeometry]:
    """Return the lines of a shape, pieces that meet end to end joined."""
    whole = shapely.get_parts(shape)
    if len(whole) > 1 and not all(shapely.is_closed(whole)):
        whole = shapely.get_parts(shapely.line_merge(shape))
    return list(whole)


def _gap_m(line: BaseGeometry) -> float:
    ends = shapely.linestrings([line.coords[0], line.coords[-1]])
    return float(geodesic_length_m(np.array([ends], dtype=object))[0])


def _lacks_a_side(line: BaseGeometry, gap_m: float) -> bool:
    """Return whether one more side, no longer than the others, would make the line an outline that does not cross itself."""
    corners = shapely.get_coordinates(line)
    if len(corners) < 3 or not shapely.is_valid(shapely.polygons(corners)):
        return False
    sides = np.asarray(shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1)), dtype=object)
    return gap_m <= _SIDE_SHARE * float(geodesic_length_m(sides).max())


def _land_m2(lines: list[BaseGeometry]) -> float:
    """Return how much land the lines go round, closed, square metres."""
    rings = [shapely.polygons(line.coords) for line in lines if len(line.coords) >= 3]
    return float(survey_area_m2(shapely.make_valid(np.array(rings, dtype=object))).sum()) if rings else 0.0


def _as_land(record: SiteRecord, lines: list[BaseGeometry], words: str, *, remedy: str, repair_share: float) -> SiteRecord:
    short = [line for line in lines if len({tuple(point) for point in line.coords}) < 3]
    if short:
        bad = rejected(f"{words}，但有线不足三个点", field="图形", remedy=WHICH)
        return replace(record, geometry=None, remarks=(*record.remarks, bad))
    loops = [loop for line in lines for loop in simple_loops(shapely.get_coordinates(line))]
    parts = assembled(loops)
    shape = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    settled = settle(shape, _LONLAT, source="", remedy=WHICH, repair_share=repair_share)
    area_ha = float(survey_area_m2(np.array([settled.geometry], dtype=object))[0]) / 1e4 if settled.geometry is not None else 0.0
    said = repaired(f"{words}（{area_ha:.4f} 公顷）", field="图形", remedy=remedy)
    mended = settled.given is not None and settled.given.mended
    given = replace(record.given.as_rings(), mended=mended or record.given.mended) if record.given else settled.given
    return replace(record, geometry=settled.geometry, given=given, remarks=(*record.remarks, said, *settled.remarks))
