"""Nearest outline chunk of each of many points and its distance, in one plane.

Chunks that are equally near to a thousandth of a millimetre tie: neighbours share their border, and which of them the last bits
of a distance favour says nothing. Of those the lowest owner's counts, of its chunks the nearest. Compiled kernels find the
nearest in a tree over plain arrays; where two may tie, both are measured as GEOS does, so both engines name the same chunk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.geometry.kernels.engine import Engine, chosen_engine
from cdgis.geometry.kernels.flat_polygons import FlatPolygons
from cdgis.geometry.outline_chunks import OutlineChunks
from cdgis.geometry.planes import PlaneThreads

TOUCH_M = 1e-6
"""Geometries nearer than this touch."""
TIE_M = 1e-6
"""Distances that differ by no more are equal."""
_LEAST_REACH_M = 1e-300
"""GEOS will not look nowhere."""


def ring_chunks(polygons: FlatPolygons) -> OutlineChunks:
    """Return the outlines of polygons as chunks."""
    start, row = polygons.ring_start, np.repeat(polygons.part_row.astype(np.int64), np.diff(polygons.part_start))
    return OutlineChunks.of_paths(polygons.xy, start[:-1], np.diff(start), row)


def nearest_chunk(
    points: FloatArray,
    chunks: OutlineChunks,
    *,
    at_most_m: float | None = None,
    engine: Engine | None = None,
    threads: int = 1,
    tree: "BoxTree | None" = None,
) -> tuple[IntArray, FloatArray]:
    """Return the nearest chunk and its distance in metres of the plane for each point; -1 and NaN where there is none.

    Parameters
    ----------
    points : x and y, shape (points, 2), in one plane with the chunks; NaN where a row holds no point.
    at_most_m : how far to look, inclusive; by default any distance.
    engine : plain shapely or compiled kernels; by default whichever suits the size of the job.
    tree : over the chunks' boxes, for the kernels, where there is one.
    """
    chunk, distance = np.full(len(points), -1, dtype=np.int64), np.full(len(points), np.nan)
    real = np.flatnonzero(np.isfinite(points).all(axis=1))
    if not len(real) or not len(chunks):
        return chunk, distance
    at, farthest = np.ascontiguousarray(points[real]), np.inf if at_most_m is None else at_most_m
    if chosen_engine(engine, work=len(real) + len(chunks.xy) // 16) is Engine.PLAIN:
        chunk[real], distance[real] = _plain(at, chunks, farthest)
    else:
        chunk[real], distance[real] = _compiled(at, chunks, farthest, threads, tree)
    return chunk, distance


def _plain(points: FloatArray, chunks: OutlineChunks, at_most_m: float) -> tuple[IntArray, FloatArray]:
    at, chunk, distance = tied_for_nearest(
        shapely.STRtree(chunks.shapes()), np.asarray(shapely.points(points)), np.arange(len(points)), at_most_m=at_most_m
    )
    return _first_of_each(len(points), (at, chunk), distance, chunks.owner)


def tied_for_nearest(
    tree: shapely.STRtree, shapes: GeometryArray, subject: IntArray, *, at_most_m: float | None = None
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return (row, row of the tree, metres) of every pair that is, to within TIE_M, its subject's nearest.

    Parameters
    ----------
    shapes : what is asked about, in one plane with the tree.
    subject : the number of the subject each shape is a part of.
    at_most_m : how far to look, inclusive; by default any distance.
    """
    reach = None if at_most_m is None or np.isinf(at_most_m) else max(at_most_m, _LEAST_REACH_M)
    (at, _), distance = tree.query_nearest(shapes, max_distance=reach, all_matches=False, return_distance=True)
    if len(at) == 1:  # one site: asked of every layer
        limit = distance + TIE_M
    else:
        least = np.full(int(subject.max(initial=-1)) + 1, np.inf)
        np.minimum.at(least, subject[at], distance)
        limit = least[subject[at]] + TIE_M
        at, limit = at[distance <= limit], limit[distance <= limit]
    row, other = tree.query(shapes[at], predicate="dwithin", distance=limit)
    near = np.asarray(shapely.distance(shapes[at[row]], tree.geometries[other]))
    kept = near <= (np.inf if at_most_m is None else at_most_m)
    return at[row[kept]], other[kept], near[kept]


def lowest_of_nearest(subject: IntArray, owner: IntArray, chunk: IntArray, distance_m: FloatArray) -> IntArray:
    """Return, subject by subject, the row to take: of those that tie for the least distance the lowest owner's nearest."""
    if len(subject) == 1:
        return np.zeros(1, dtype=np.int64)
    least = np.full(int(subject.max(initial=-1)) + 1, np.inf)
    np.minimum.at(least, subject, distance_m)
    tied = np.flatnonzero(distance_m <= least[subject] + TIE_M)
    order = tied[np.lexsort((chunk[tied], distance_m[tied], owner[tied], subject[tied]))]
    return order[np.unique(subject[order], return_index=True)[1]]


def _first_of_each(
    count: int, pairs: tuple[IntArray, IntArray], distance_m: FloatArray, owner: IntArray
) -> tuple[IntArray, FloatArray]:
    """Return, point by point, the chunk to take and its distance; -1 and NaN where there is none."""
    point, chunk = pairs
    rows = lowest_of_nearest(point, owner[chunk], chunk, distance_m)
    out, least = np.full(count, -1, dtype=np.int64), np.full(count, np.nan)
    out[point[rows]], least[point[rows]] = chunk[rows], distance_m[rows]
    return out, least


def _compiled(
    points: FloatArray, chunks: OutlineChunks, at_most_m: float, threads: int, tree: "BoxTree | None"
) -> tuple[IntArray, FloatArray]:
    from cdgis.geometry.kernels.compiled.box_tree import SLACK, SLACK_M, chunks_within, nearest_chunks
    from cdgis.geometry.kernels.compiled.feet import to_chunks

    shapes = chunks.xy, chunks.first, chunks.last
    tree = tree or box_tree_of(chunks)
    turns = np.array_split(along_curve(points, tree.frame), max(1, threads))
    parts = _side_by_side(lambda turn: nearest_chunks(shapes, tree.nodes, points, turn, float(at_most_m) ** 2), turns)
    turn = np.concatenate(turns)
    chunk, squared, doubt = np.empty(len(points), np.int64), np.empty(len(points)), np.empty(len(points), bool)
    for column, values in zip((chunk, squared, doubt), zip(*parts, strict=True), strict=True):
        column[turn] = np.concatenate(values)
    asked = np.flatnonzero(doubt)
    limit = (np.sqrt(squared[asked]) * (1 + SLACK) + SLACK_M) ** 2
    at, near = chunks_within(shapes, tree.nodes, points, asked, limit)
    exact = to_chunks(points, shapes, asked[at], near)
    kept = exact <= at_most_m
    distance = np.where(chunk >= 0, np.sqrt(squared), np.nan)
    chunk[asked], distance[asked] = _first_of_each(len(asked), (at[kept], near[kept]), exact[kept], chunks.owner)
    return chunk, distance


def _side_by_side(task: Callable[[IntArray], Any], turns: list[IntArray]) -> list[Any]:
    """Return what `task` finds in each turn, a thread for each if there are several."""
    if len(turns) == 1:
        return [task(turns[0])]
    with PlaneThreads(max_workers=len(turns)) as pool:
        return list(pool.map(task, turns))


@dataclass(frozen=True, slots=True)
class BoxTree:
    """Boxes of outline chunks, and boxes of these boxes."""

    nodes: tuple[FloatArray, IntArray, IntArray]
    """Boxes of all nodes, chunks lowest; where each level starts, and the end; the chunk of each lowest box."""
    frame: FloatArray
    """Of the curve that orders them."""


def box_tree_of(chunks: OutlineChunks) -> BoxTree:
    """Return the tree over the chunks' boxes; there must be a chunk."""
    from cdgis.geometry.kernels.compiled.box_tree import CURVE_CELLS, FAN, box_tree, chunk_boxes

    boxes = chunk_boxes(chunks.xy, chunks.first, chunks.last)
    west, south = boxes[:, 0].min(), boxes[:, 1].min()
    side = max(boxes[:, 2].max() - west, boxes[:, 3].max() - south)
    frame = np.array([west, south, CURVE_CELLS / side if side > 0 else 0.0])
    order = along_curve((boxes[:, :2] + boxes[:, 2:]) / 2, frame)
    sizes = [len(boxes)]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // FAN))
    level = np.append(0, np.cumsum(sizes))
    return BoxTree((box_tree(boxes, order, level), level, order), frame)


def along_curve(points: FloatArray, frame: FloatArray) -> IntArray:
    """Return the order in which a space-filling curve meets points."""
    from cdgis.geometry.kernels.compiled.box_tree import curve_places

    return np.argsort(curve_places(points, frame), kind="stable")
