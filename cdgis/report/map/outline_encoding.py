"""Outlines packed into a page, small and exact to a stated precision.

A layer's outlines are one stream of whole numbers, each a zigzag varint (7 bits a byte, lowest first):

    zones, precision, levels | parts of each zone | rings of each part | vertices of each ring | dx dy of each vertex

Coordinates are round(degree * precision); every vertex is the step from the one before, across ring and zone
borders. A ring's last vertex, equal to its first, is left out. After the numbers stands one bit a vertex for each
coarser level (1 = the vertex is kept there), so that every vertex is in the page once. All of it is deflated
(zlib, level 9) and written as base64; static/decode.js reads it back.
"""

import base64
import json
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReportError

PRECISION = 1_000_000
"""Whole numbers per degree: 1e-6 degree is 0.11 m northwards, 0.08 m eastwards at 41 N."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rings:
    """A layer's outlines as flat arrays: zones hold parts, parts hold rings, rings hold vertices."""

    parts_of_zone: Integers
    rings_of_part: Integers
    vertices_of_ring: Integers
    """Without the closing vertex where the ring is closed."""
    lonlat: npt.NDArray[np.float64]
    """Degrees, one row a vertex."""


def flatten(shapes: np.ndarray) -> Rings:
    """Return points, lines and polygons (EPSG:4490, x = longitude) as flat arrays; empty shapes have no part."""
    parts, zone = shapely.get_parts(shapes, return_index=True)
    areal = shapely.get_dimensions(parts) == 2
    rings, part = _rings_of(parts, areal)
    lonlat, ring = shapely.get_coordinates(rings, return_index=True)
    kept = np.ones(len(ring), dtype=bool)
    last = np.flatnonzero(np.diff(ring, append=-1))
    kept[last[areal[part[ring[last]]]]] = False
    return Rings(
        parts_of_zone=np.bincount(zone, minlength=len(shapes)).astype(np.int64),
        rings_of_part=np.bincount(part, minlength=len(parts)).astype(np.int64),
        vertices_of_ring=np.bincount(ring[kept], minlength=len(rings)).astype(np.int64),
        lonlat=lonlat[kept],
    )


def _rings_of(parts: np.ndarray, areal: npt.NDArray[np.bool_]) -> tuple[np.ndarray, Integers]:
    """Return the rings of areal parts and the other parts themselves, in order, with the part each belongs to."""
    rings, owner = shapely.get_rings(parts[areal], return_index=True)
    owners = np.concatenate((np.flatnonzero(areal)[owner], np.flatnonzero(~areal)))
    order = np.argsort(owners, kind="stable")
    return np.concatenate((rings, parts[~areal]))[order], owners[order].astype(np.int64)


def pack(rings: Rings, masks: tuple[npt.NDArray[np.bool_], ...] = (), *, precision: int = PRECISION) -> str:
    """Return the layer as base64 text; `masks` say which vertices each coarser level keeps, coarsest first."""
    steps = np.diff(grid(rings.lonlat, precision), axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    head = np.array([len(rings.parts_of_zone), precision, len(masks)], dtype=np.int64)
    counts = (head, rings.parts_of_zone, rings.rings_of_part, rings.vertices_of_ring)
    numbers = varints(np.concatenate((*counts, steps.ravel())))
    bits = b"".join(np.packbits(mask, bitorder="little").tobytes() for mask in masks)
    return deflated(numbers + bits)


def grid(lonlat: npt.NDArray[np.float64], precision: int) -> Integers:
    """Return degrees as whole numbers of the precision."""
    return np.rint(lonlat * precision).astype(np.int64)


def varints(values: Integers) -> bytes:
    """Return whole numbers as zigzag varints: 0, -1, 1, -2 ... become 0, 1, 2, 3 ... in 7-bit groups, lowest first."""
    folded = ((values << 1) ^ (values >> 63)).astype(np.uint64)
    length = np.ones(len(folded), dtype=np.int64)
    for group in range(1, 10):
        length += folded >= np.uint64(1) << np.uint64(7 * group) if group < 9 else 0
    ends = np.cumsum(length)
    out = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    for group in range(int(length.max(initial=0))):
        here = length > group
        more = (length[here] > group + 1).astype(np.uint8) << 7
        low = (folded[here] >> np.uint64(7 * group)) & np.uint64(0x7F)
        out[ends[here] - length[here] + group] = low.astype(np.uint8) | more
    return out.tobytes()


def deflated(content: bytes) -> str:
    """Return bytes deflated (zlib) and written as base64."""
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")


def deflated_json(content: object) -> str:
    """Return a structure of plain values as base64 of deflated JSON."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return deflated(text.encode("utf-8", "replace"))


def inflated(text: str) -> bytes:
    """Return the bytes that `deflated` wrote.

    Raises
    ------
    ReportError : the text is not base64 of a zlib stream.
    """
    try:
        return zlib.decompress(base64.b64decode(text, validate=True))
    except (ValueError, zlib.error) as err:
        raise ReportError(f"页面中的压缩数据无法解开：{in_words(err)}", remedy="请重新生成页面") from err


def unpack(text: str) -> tuple[Rings, tuple[npt.NDArray[np.bool_], ...]]:
    """Return the outlines and level masks that `pack` wrote, coordinates rounded to the precision.

    Raises
    ------
    ReportError : the text is not a packed layer.
    """
    raw = np.frombuffer(inflated(text), dtype=np.uint8)
    ends = np.flatnonzero(raw < 0x80)
    try:
        zones, precision, levels = _numbers(raw, ends, 0, 3).tolist()
        parts = _numbers(raw, ends, 3, zones)
        rings = _numbers(raw, ends, 3 + zones, int(parts.sum()))
        vertices = _numbers(raw, ends, 3 + zones + len(rings), int(rings.sum()))
        first, count = 3 + zones + len(rings) + len(vertices), int(vertices.sum())
        steps = _numbers(raw, ends, first, 2 * count).reshape(-1, 2)
        start = int(ends[first + 2 * count - 1]) + 1
    except (IndexError, ValueError) as err:
        raise ReportError(f"页面中的图形数据不完整：{in_words(err)}", remedy="请重新生成页面") from err
    size = (count + 7) // 8
    masks = tuple(
        np.unpackbits(raw[start + k * size : start + (k + 1) * size], bitorder="little")[:count].astype(bool)
        for k in range(levels)
    )
    lonlat = np.cumsum(steps, axis=0) / precision
    return Rings(parts_of_zone=parts, rings_of_part=rings, vertices_of_ring=vertices, lonlat=lonlat), masks


def _numbers(raw: npt.NDArray[np.uint8], ends: npt.NDArray[np.intp], first: int, count: int) -> Integers:
    """Return `count` varints from number `first` on."""
    stop = ends[first : first + count]
    if len(stop) < count:
        raise ValueError(f"应有 {count} 个数，只有 {len(stop)} 个")
    start = np.concatenate(([0] if first == 0 else [ends[first - 1] + 1], stop[:-1] + 1)).astype(np.int64)[:count]
    folded = np.zeros(count, dtype=np.uint64)
    for group in range(int((stop - start).max(initial=0)) + 1):
        here = start + group <= stop
        folded[here] |= (raw[start[here] + group].astype(np.uint64) & np.uint64(0x7F)) << np.uint64(7 * group)
    return np.asarray((folded >> np.uint64(1)).astype(np.int64) ^ -(folded & np.uint64(1)).astype(np.int64))
