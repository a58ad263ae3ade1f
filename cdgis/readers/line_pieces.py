"""Lines of a file that meet end to end round land: one outline drawn side by side, each side a feature of its own.

Each line alone would be judged as a line of area 0. Lines that nobody calls lines, that differ in nothing but a running
number and whose ends meet two by two make one question; a road network, where three meet, makes none.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import shapely

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers.intake import rejected
from cdgis.readers.records import SiteRecord
from cdgis.readers.shape_form import LEAST_LAND_M2
from cdgis.readers.shape_kind import ShapeKind, named_kind
from cdgis.readers.subjects import Description
from cdgis.readers.vertices import Described, alike, merged

_WHICH = "是一块地的边界请加 --as polygon，是各自的线状工程请加 --as line（或在“图形”一栏写 面、线）"
_DIGITS = 9
"""Ends this many decimals of a degree alike (a tenth of a millimetre) are one place."""
_End = tuple[float, float]


def joined_pieces(sites: Sequence[Described], describe: Callable[[SiteRecord], Description]) -> list[Described]:
    """Return the sites with every ring that several lines make as one: land when so stated, else asked about."""
    groups: dict[object, list[int]] = defaultdict(list)
    lines = shapely.get_type_id(np.array([record.geometry for record, _ in sites], dtype=object)) == shapely.GeometryType.LINESTRING
    for at in np.flatnonzero(lines).tolist():
        site = sites[at]
        if _is_piece(site):
            groups[alike(site, frozenset(("subject_id", "name")))].append(at)
    whole: dict[int, Described] = {}
    gone: set[int] = set()
    for places in groups.values():
        for ring in _rings([sites[at] for at in places]):
            members = [places[at] for at in ring]
            whole[members[0]] = _as_one([sites[at] for at in members], describe)
            gone.update(members[1:])
    if not gone:
        return list(sites)
    return [whole.get(at, site) for at, site in enumerate(sites) if at not in gone]


def _is_piece(site: Described) -> bool:
    record, described = site
    if record.geometry is None or record.geometry.geom_type != "LineString" or record.geometry.is_closed:
        return False
    stated = described.columns.get("geometry_kind", "")
    return not stated or named_kind(stated) is ShapeKind.POLYGON


def _ends(site: Described) -> tuple[_End, _End]:
    points = np.round(shapely.get_coordinates(site[0].geometry)[[0, -1]], _DIGITS).tolist()
    return (points[0][0], points[0][1]), (points[1][0], points[1][1])


def _rings(pieces: Sequence[Described]) -> list[list[int]]:
    """Return the pieces of each ring: every end shared by exactly two, and land inside."""
    meeting: dict[_End, list[int]] = defaultdict(list)
    ends = [_ends(piece) for piece in pieces]
    for at, pair in enumerate(ends):
        for end in pair:
            meeting[end].append(at)
    found, seen = [], set[int]()
    for start in range(len(pieces)):
        if start in seen:
            continue
        chain, at_hand = {start: None}, [start]
        while at_hand:
            for end in ends[at_hand.pop()]:
                fresh = [at for at in meeting[end] if at not in chain]
                chain.update(dict.fromkeys(fresh))
                at_hand += fresh
        seen.update(chain)
        closed = all(len(meeting[end]) == 2 for at in chain for end in ends[at])
        if len(chain) > 1 and closed and _land_m2([pieces[at] for at in chain]) >= LEAST_LAND_M2:
            found.append(sorted(chain))
    return found


def _land_m2(pieces: Sequence[Described]) -> float:
    lines = shapely.get_parts(shapely.line_merge(_together(pieces)))
    rings = [shapely.polygons(line.coords) for line in lines if len(line.coords) > 3]
    return float(survey_area_m2(shapely.make_valid(np.array(rings, dtype=object))).sum()) if rings else 0.0


def _together(pieces: Sequence[Described]) -> shapely.MultiLineString:
    return shapely.MultiLineString([shapely.get_coordinates(record.geometry) for record, _ in pieces])


def _as_one(pieces: Sequence[Described], describe: Callable[[SiteRecord], Description]) -> Described:
    whole = merged(pieces)
    if pieces[0][1].columns.get("geometry_kind"):
        whole = replace(whole, geometry=_together(pieces))
    else:
        reason = f"{len(pieces)} 条线首尾相接围成一圈，可能是一块地的边界，也可能是 {len(pieces)} 条线状工程"
        whole = replace(whole, remarks=(*whole.remarks, rejected(reason, field="图形", remedy=_WHICH)))
    return whole, describe(whole)
