"""Units of two versions of a zone layer matched by their shapes first, then by their codes.

Codes are given anew when plans are revised, so a code says less than a shape: the same shape under another code is one unit
renumbered, not one gone and one added. What neither has in common is a unit split, several merged, a border moved, or one
gone or added. Only units that lie `_MOSTLY` inside another count as its parts (our convention, no standard's).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.geometry.kernels import overlap_areas
from cdgis.results.tables.validation import empty, validate

SAME_SHAPE_M2, _SAME_SHARE = 1.0, 1e-6
"""Two outlines that differ by less are one drawn again."""
_MOSTLY, _LEAST_SHARE = 0.9, 1e-3
RECODED, SPLIT, MERGED, KEPT = "改码", "拆分", "合并", "不变"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Old and new units by position, and what they share."""

    old_ids: tuple[str, ...]
    new_ids: tuple[str, ...]
    old: IntArray
    """Position of the old unit of each pair that overlaps."""
    new: IntArray
    shared_m2: FloatArray
    old_m2: FloatArray
    """Area of every old unit, square metres."""
    new_m2: FloatArray
    same: Mapping[int, int]
    """New unit -> the old unit of the same shape."""

    @property
    def renumbered(self) -> dict[str, str]:
        """New code -> old code, of units whose shape stayed and whose code did not."""
        return {self.new_ids[new]: self.old_ids[old] for new, old in self.same.items() if self.new_ids[new] != self.old_ids[old]}


def match_zones(old_ids: list[str], old: GeometryArray, new_ids: list[str], new: GeometryArray) -> Matches:
    """Return how the polygons of two versions lie to each other.

    Parameters
    ----------
    old, new : polygons on the measuring plane, one a code.
    """
    pairs = overlap_areas(old, new) if len(old) and len(new) else None
    first, second = (pairs.subject, pairs.zone) if pairs else (np.empty(0, int), np.empty(0, int))
    shared = pairs.area_m2 if pairs else np.empty(0)
    old_m2, new_m2 = np.asarray(shapely.area(old)), np.asarray(shapely.area(new))
    apart = np.maximum(old_m2[first], new_m2[second]) - shared
    alike = apart <= np.maximum(SAME_SHAPE_M2, _SAME_SHARE * old_m2[first])
    # of several shapes that coincide the one that kept its code is the same unit; the others go in order
    order = sorted(np.flatnonzero(alike), key=lambda at: (old_ids[first[at]] != new_ids[second[at]], first[at], second[at]))
    same: dict[int, int] = {}
    taken: set[int] = set()
    for at in order:
        one, other = int(first[at]), int(second[at])
        if other not in same and one not in taken:
            same[other] = one
            taken.add(one)
    return Matches(
        old_ids=tuple(old_ids), new_ids=tuple(new_ids), old=first, new=second, shared_m2=shared, old_m2=old_m2, new_m2=new_m2,
        same=same,
    )  # fmt: skip


def fates(found: Matches) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """Return what became of old codes, and where new codes come from: code -> (改码, 拆分 or 合并, codes of the other side).

    Codes of neither are not in the answer: they were kept, or are gone or added.
    """
    same_old = set(found.same.values())
    origins: dict[str, tuple[str, str]] = {new: (RECODED, old) for new, old in found.renumbered.items()}
    ends: dict[str, tuple[str, str]] = {old: (RECODED, new) for new, old in found.renumbered.items()}
    free = [at for at in range(len(found.old)) if found.old[at] not in same_old and found.new[at] not in found.same]
    parts: dict[int, list[int]] = {}
    whole: dict[int, list[int]] = {}
    for at in free:
        old, new = int(found.old[at]), int(found.new[at])
        if found.shared_m2[at] >= _MOSTLY * found.new_m2[new]:
            parts.setdefault(old, []).append(new)
        if found.shared_m2[at] >= _MOSTLY * found.old_m2[old]:
            whole.setdefault(new, []).append(old)
    for old, news in parts.items():
        if len(news) > 1:
            names = LIST_SEPARATOR.join(sorted(found.new_ids[new] for new in news))
            ends[found.old_ids[old]] = (SPLIT, names)
            origins |= {found.new_ids[new]: (SPLIT, found.old_ids[old]) for new in news}
    for new, olds in whole.items():
        if len(olds) > 1:
            names = LIST_SEPARATOR.join(sorted(found.old_ids[old] for old in olds))
            origins[found.new_ids[new]] = (MERGED, names)
            ends |= {found.old_ids[old]: (MERGED, found.new_ids[new]) for old in olds}
    return ends, origins


def crosswalk(layer: str, found: Matches) -> pd.DataFrame:
    """Return table `changes_crosswalk`: a row for each old and new unit that share land, with shares of both."""
    rows = list(_crossings(layer, found))
    return validate("changes_crosswalk", pd.DataFrame(rows)) if rows else empty("changes_crosswalk")


def _crossings(layer: str, found: Matches) -> Iterator[dict[str, object]]:
    ends, _ = fates(found)
    for old, new, shared_m2 in zip(found.old.tolist(), found.new.tolist(), found.shared_m2.tolist(), strict=True):
        old_share, new_share = shared_m2 / found.old_m2[old], shared_m2 / found.new_m2[new]
        if max(old_share, new_share) < _LEAST_SHARE:
            continue
        one, other = found.old_ids[old], found.new_ids[new]
        word, others = ends.get(one, ("", ""))
        if other not in others.split(LIST_SEPARATOR):
            word = KEPT if found.same.get(new) == old else "同码" if one == other else "界线变动"
        yield {
            "layer": layer, "old_id": one, "new_id": other, "relation": word, "shared_m2": shared_m2,
            "old_share": min(old_share, 1.0), "new_share": min(new_share, 1.0),
        }  # fmt: skip
