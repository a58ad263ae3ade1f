"""Which pieces of large subjects can be the nearest to what a tree holds, told from a few of them."""

import numpy as np
import shapely

from cdgis.core.array_types import IntArray
from cdgis.geometry.kernels.nearest import TIE_M, TOUCH_M
from cdgis.geometry.kernels.subdivide import Cut

_SCOUTS = 64
"""Pieces asked first, to learn how far the others may be at most."""


def worth_asking(tree: shapely.STRtree, cut: Cut) -> IntArray:
    """Return the pieces that may be their subject's nearest to what the tree holds.

    A few of a subject's vertices tell how far it is at most; a piece whose box is farther than that need not be asked.
    """
    if len(cut.pieces) == 1:
        return np.zeros(1, dtype=np.int64)
    whole = np.bincount(cut.owner, minlength=len(cut.whole))[cut.owner] == 1
    several = np.flatnonzero(~whole)
    if not several.size:
        return np.arange(len(cut.pieces))
    coordinates, of_piece = shapely.get_coordinates(cut.pieces[several], return_index=True)
    scout = several[:: max(1, several.size // _SCOUTS)]
    corner = shapely.points(coordinates[np.searchsorted(of_piece, np.searchsorted(several, scout))])
    (at, _), distance = tree.query_nearest(corner, all_matches=False, return_distance=True)
    at_most = np.full(len(cut.whole), np.inf)
    np.minimum.at(at_most, cut.owner[scout[at]], distance)
    several = several[np.isfinite(at_most[cut.owner[several]])]
    x0, y0, x1, y1 = shapely.bounds(cut.pieces[several]).T
    reach = at_most[cut.owner[several]] + TOUCH_M
    near = np.unique(tree.query(shapely.box(x0 - reach, y0 - reach, x1 + reach, y1 + reach))[0])
    unscouted = ~whole & np.isinf(at_most[cut.owner])
    return np.union1d(np.flatnonzero(whole | unscouted), _narrowed(tree, cut, several[near]))


def _narrowed(tree: shapely.STRtree, cut: Cut, left: IntArray) -> IntArray:
    """Return `left` without the pieces of very large subjects that what the tree holds, being less, does not name."""
    count = np.bincount(cut.owner[left], minlength=len(cut.whole))
    kept = [left[count[cut.owner[left]] <= len(tree)]]
    for subject in np.flatnonzero(count > max(_SCOUTS, len(tree))):
        mine = left[cut.owner[left] == subject]
        (_, at), distance = shapely.STRtree(cut.pieces[mine]).query_nearest(
            tree.geometries, all_matches=True, return_distance=True
        )
        kept.append(mine[np.unique(at[distance <= distance.min() + TIE_M])])
    kept.append(left[(count[cut.owner[left]] > len(tree)) & (count[cut.owner[left]] <= _SCOUTS)])
    return np.concatenate(kept)
