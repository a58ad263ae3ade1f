"""Large polygons cut in halves again and again, as far as somebody asks, and kept for the next question.

A red line of a million vertices is never intersected whole: near a site only a few small pieces of it matter.
"""

from collections.abc import Sequence
from threading import Lock

import numpy as np
import shapely

from cdgis.core.array_types import BoolArray, GeometryArray, IntArray

PIECE_VERTICES = 512
"""Polygons with more vertices are cut into pieces before any intersection."""
_ROOM_M = 1e-3
_CUTTING = Lock()
"""Two threads may ask for the halves of one piece at once."""


class Piece:
    """One polygon and, once they were asked for, its halves in its stead."""

    __slots__ = ("box", "halves", "shape", "vertices")

    def __init__(self, shape: shapely.Geometry, box: Sequence[float], vertices: int) -> None:
        """Take a polygon of one part, its box (west, south, east, north) and the number of its vertices."""
        self.shape, self.box, self.vertices = shape, box, vertices
        self.halves: tuple[list[Piece], list[Piece]] | None = None


def pieces_of(polygons: GeometryArray) -> list[Piece]:
    """Return a piece for each polygon of one part."""
    boxes, vertices = shapely.bounds(polygons).reshape(-1, 4), shapely.get_num_coordinates(polygons)
    return [Piece(*one) for one in zip(polygons, boxes.tolist(), vertices.tolist(), strict=True)]


def subdivide(
    polygons: GeometryArray, *, max_vertices: int = PIECE_VERTICES, near: GeometryArray | None = None
) -> tuple[GeometryArray, IntArray]:
    """Return pieces of at most `max_vertices` vertices and the index of the polygon each came from.

    Pieces of one polygon share only cut lines, so their areas add up to the polygon's.

    Parameters
    ----------
    near : geometries whose boxes the pieces are wanted for; what lies beyond them all is left out, uncut. The pieces
        that come back are the same as without it.
    """
    parts, index = shapely.get_parts(np.asarray(polygons), return_index=True)
    return small_pieces(pieces_of(parts), index, max_vertices=max_vertices, near=near)


def small_pieces(
    pieces: list[Piece], owner: IntArray, *, max_vertices: int = PIECE_VERTICES, near: GeometryArray | None = None
) -> tuple[GeometryArray, IntArray]:
    """Return `subdivide` of pieces that may have been cut before, `owner` being the polygon each is of."""
    wanted = None if near is None else shapely.STRtree(np.asarray(near))
    done: list[shapely.Geometry] = []
    owners: list[IntArray] = [np.empty(0, dtype=np.int64)]
    while pieces:
        if wanted is not None:
            asked = np.unique(wanted.query(_roomy_boxes(pieces))[0])
            pieces, owner = [pieces[at] for at in asked.tolist()], owner[asked]
        large: BoolArray = np.array([piece.vertices > max_vertices for piece in pieces], dtype=bool)
        done += [piece.shape for piece, cut in zip(pieces, large, strict=True) if not cut]
        owners.append(owner[~large])
        pieces, owner = _halved([piece for piece, cut in zip(pieces, large, strict=True) if cut], owner[large])
    found, whose = np.empty(len(done), dtype=object), np.concatenate(owners)
    found[:] = done
    order = np.argsort(whose, kind="stable")
    return found[order], whose[order].astype(np.int64)


def _roomy_boxes(pieces: list[Piece]) -> GeometryArray:
    """Return the boxes of pieces, a millimetre wider than they need be."""
    x0, y0, x1, y1 = np.array([piece.box for piece in pieces]).T
    return np.asarray(shapely.box(x0 - _ROOM_M, y0 - _ROOM_M, x1 + _ROOM_M, y1 + _ROOM_M))


def _halved(pieces: list[Piece], owner: IntArray) -> tuple[list[Piece], IntArray]:
    """Return the first halves of all, then the second ones, each with its owner."""
    with _CUTTING:
        _cut([piece for piece in pieces if piece.halves is None])
    halves: list[Piece] = []
    whose: list[IntArray] = []
    for side in (0, 1):
        parts = [piece.halves[side] for piece in pieces if piece.halves is not None]
        halves += [half for part in parts for half in part]
        whose.append(np.repeat(owner, [len(part) for part in parts]))
    return halves, np.concatenate(whose)


def _cut(whole: list[Piece]) -> None:
    """Give pieces their halves; a piece that has them needs its own shape no more."""
    if not whole:
        return
    geoms = np.array([piece.shape for piece in whole], dtype=object)
    x0, y0, x1, y1 = np.array([piece.box for piece in whole]).T
    wide = (x1 - x0) >= (y1 - y0)
    xm, ym = np.where(wide, (x0 + x1) / 2, x1), np.where(wide, y1, (y0 + y1) / 2)
    sides = []
    for box in (shapely.box(x0, y0, xm, ym), shapely.box(np.where(wide, xm, x0), np.where(wide, y0, ym), x1, y1)):
        parts, at = shapely.get_parts(shapely.intersection(geoms, box), return_index=True)
        areal = shapely.get_dimensions(parts) == 2
        side: list[list[Piece]] = [[] for _ in whole]
        for number, half in zip(at[areal].tolist(), pieces_of(parts[areal]), strict=True):
            side[number].append(half)
        sides.append(side)
    for piece, first, second in zip(whole, *sides, strict=True):
        piece.halves, piece.shape = (first, second), None
