"""Vertices that each drain to one other: distances, order, upstream and downstream.

Every vertex has one receiver; an outlet is its own. Then

    to_outlet(v) = step(v) + to_outlet(receiver(v)),          strictly decreasing downstream,
    p lies downstream of q  <=>  enter(p) <= enter(q) < leave(p),

where `enter` numbers the vertices outlet first, each with all that drains to it in one block ending before
`leave` (nested intervals). So any number of upstream-downstream questions is answered without walking.
"""

from dataclasses import dataclass

import numpy as np

from cdgis.core.array_types import BoolArray, FloatArray, IntArray
from cdgis.core.errors import NetworkError


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Vertices of a river network, one entry each."""

    receiver: IntArray
    """Vertex it drains to; itself at an outlet."""
    to_outlet_m: FloatArray
    """Way along the network to the outlet, metres."""
    root: IntArray
    """Outlet it drains to in the end."""
    enter: IntArray
    leave: IntArray
    strahler: IntArray
    """Stream order (Strahler 1957)."""

    @property
    def is_outlet(self) -> BoolArray:
        """Which vertices drain nowhere within the network."""
        return np.asarray(self.receiver == np.arange(len(self.receiver)))

    def is_downstream(self, lower: IntArray | np.int64, upper: IntArray | np.int64) -> BoolArray:
        """Return whether `lower` lies on the way from `upper` to the outlet, a vertex being its own (broadcasts)."""
        return np.asarray((self.enter[lower] <= self.enter[upper]) & (self.enter[upper] < self.leave[lower]))

    def path(self, start: int) -> IntArray:
        """Return the vertices from `start` to its outlet, in flow order."""
        hits = np.flatnonzero(self.is_downstream(np.arange(len(self.receiver)), np.int64(start)))
        return np.asarray(hits[np.argsort(-self.to_outlet_m[hits], kind="stable")])

    def accumulate(self, values: FloatArray) -> FloatArray:
        """Return for every vertex the sum of `values` over itself and all that drains to it."""
        ordered = np.zeros(len(values))
        ordered[self.enter] = values
        running = np.concatenate(([0.0], np.cumsum(ordered)))
        return np.asarray(running[self.leave] - running[self.enter])


def grow_forest(receiver: IntArray, step_m: FloatArray) -> Forest:
    """Return the forest in which every vertex drains to its receiver over `step_m` metres.

    Parameters
    ----------
    receiver : vertex positions; an outlet receives itself.
    step_m : positive lengths; those of outlets are not used.

    Raises
    ------
    NetworkError : following the receivers from some vertex leads round in a circle.
    """
    own = np.arange(len(receiver))
    jump, way = receiver.copy(), np.where(receiver == own, 0.0, step_m)
    depth = np.where(receiver == own, 0, 1)
    # Pointer doubling: after k rounds every vertex has looked 2**k steps ahead.
    for _ in range(int(np.ceil(np.log2(max(len(receiver), 2)))) + 1):
        way, depth, jump = way + way[jump], depth + depth[jump], jump[jump]
    circling = receiver[jump] != jump
    if circling.any():
        raise NetworkError(
            f"河网中有 {int(circling.sum())} 个点的流向成环，无法确定上下游", remedy="请检查河线方向（见河线检查表）"
        )
    levels = _levels(depth)
    size = _sizes(levels, receiver)
    enter = _enter(levels, receiver, size)
    return Forest(
        receiver=receiver, to_outlet_m=way, root=jump, enter=enter, leave=enter + size,
        strahler=_strahler(levels, receiver),
    )  # fmt: skip


def _levels(depth: IntArray) -> list[IntArray]:
    """Return the vertices by number of steps to the outlet, the outlets first."""
    order = np.argsort(depth, kind="stable")
    return np.split(order, np.cumsum(np.bincount(depth))[:-1]) if len(depth) else []


def _sizes(levels: list[IntArray], receiver: IntArray) -> IntArray:
    size = np.ones(len(receiver), dtype=np.int64)
    for level in levels[:0:-1]:
        np.add.at(size, receiver[level], size[level])
    return size


def _enter(levels: list[IntArray], receiver: IntArray, size: IntArray) -> IntArray:
    enter = np.zeros(len(receiver), dtype=np.int64)
    if levels:
        enter[levels[0]] = np.cumsum(size[levels[0]]) - size[levels[0]]
    for level in levels[1:]:
        ordered = level[np.argsort(receiver[level], kind="stable")]
        before = np.cumsum(size[ordered]) - size[ordered]
        parents = receiver[ordered]
        first = np.searchsorted(parents, parents, side="left")
        enter[ordered] = enter[parents] + 1 + before - before[first]
    return enter


def _strahler(levels: list[IntArray], receiver: IntArray) -> IntArray:
    highest = np.zeros(len(receiver), dtype=np.int64)
    count = np.zeros(len(receiver), dtype=np.int64)
    order = np.ones(len(receiver), dtype=np.int64)
    for level in levels[::-1]:
        order[level] = np.maximum(highest[level] + (count[level] > 1), 1)
        inner = level[receiver[level] != level]
        np.maximum.at(highest, receiver[inner], order[inner])
        tops = inner[order[inner] == highest[receiver[inner]]]
        np.add.at(count, receiver[tops], 1)
    return order
