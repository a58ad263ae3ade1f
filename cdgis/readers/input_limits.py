"""How large and how tangled one site or one file may be before it is refused with a word instead of worked on for minutes."""

from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.errors import ReaderError
from cdgis.geometry.geodesy import geodesic_distance_m
from cdgis.readers.intake import Remark, noted, rejected

MOST_VERTICES = 250_000
"""A polygon of so many vertices takes about two minutes; the boundary of a whole province has fewer."""
SLOW_VERTICES = 50_000
MOST_EXTENT_M = 1_000_000.0
"""Diagonal of a site's box: the longest railway or pipeline judged in one piece is shorter."""
MOST_CROSSINGS = 1_000
"""Times the outline of a site may cross itself: a slip makes one or two, points in no order make thousands."""
MOST_BYTES = {"": 2 << 30, ".geojson": 256 << 20, ".json": 256 << 20, ".kml": 256 << 20, ".txt": 256 << 20, ".csv": 256 << 20}
"""By ending; text has to be taken apart whole and needs many times its size in memory."""
_AT_ONCE = 64


def check_size(path: Path, label: str) -> None:
    """Check that a file is not larger than can be read in reasonable time and memory.

    Raises
    ------
    ReaderError : it is.
    """
    most = MOST_BYTES.get(path.suffix.lower(), MOST_BYTES[""])
    if path.is_file() and path.stat().st_size > most:
        raise ReaderError(
            f"文件有 {path.stat().st_size >> 20} MB，超过 {most >> 20} MB", source=label,
            remedy="请只留下用地边界，或拆成几个文件；地块很多的请用 GeoPackage 或 GeoParquet",
        )  # fmt: skip


def size_remarks(geometry: BaseGeometry) -> tuple[Remark, ...]:
    """Return what is to be said of the number of vertices; a quarantine when there are too many to work on."""
    count = int(shapely.get_num_coordinates(geometry))
    if count > MOST_VERTICES:
        remedy = "请抽稀（容差 0.1 米以内不影响结论），或把地块拆开后提交"
        return (rejected(f"图形有 {count} 个顶点，超过 {MOST_VERTICES} 个", field="geometry", remedy=remedy),)
    if count > SLOW_VERTICES:
        return (noted(f"图形有 {count} 个顶点，研判要一两分钟", field="geometry"),)
    return ()


def extent_remarks(lonlat: BaseGeometry) -> tuple[Remark, ...]:
    """Return a quarantine for a shape in degrees that spans more than any project does."""
    west, south, east, north = lonlat.bounds
    span_m = float(geodesic_distance_m(*(np.array([v]) for v in (west, south, east, north)))[0])
    if span_m <= MOST_EXTENT_M:
        return ()
    reason = f"图形跨 {span_m / 1000:.0f} 公里，超过 {MOST_EXTENT_M / 1000:.0f} 公里，不像一个项目的用地"
    return (rejected(reason, field="geometry", remedy="请核对坐标；确需的请按县区拆开后提交"),)


def tangle_remarks(geometry: BaseGeometry) -> tuple[Remark, ...]:
    """Return a quarantine for a polygon whose outlines cross so often that no mending can be what was meant."""
    rings = shapely.get_rings(shapely.get_parts(shapely.get_parts([geometry])))
    starts = [shapely.get_coordinates(ring) for ring in rings]
    pairs = [np.stack([xy[:-1], xy[1:]], axis=1) for xy in starts if len(xy) > 1]
    if not pairs:
        return ()
    segments = np.asarray(shapely.linestrings(np.concatenate(pairs)), dtype=object)
    tree = shapely.STRtree(segments)
    found = 0
    for start in range(0, len(segments), _AT_ONCE):
        found += tree.query(segments[start : start + _AT_ONCE], predicate="crosses").shape[1]
        if found > 2 * MOST_CROSSINGS:  # each crossing is met from both sides
            reason = f"边界自相交超过 {MOST_CROSSINGS} 处，界址点的次序多半是乱的，不作修复"
            return (rejected(reason, field="geometry", remedy="请按界址点号顺序重新连线后提交"),)
    return ()
