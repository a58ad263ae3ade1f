"""Irreducible sets of constraints that leave a candidate without a place, in words (deletion filter).

The candidate must go to some park; every park offers constraints that keep it out. Starting from all of them, one after the
other is left out for good if the candidate still cannot be placed without it (Chinneck & Dravnieks 1991, ORSA J. Comput. 3:157).
What remains cannot be shortened: it holds one constraint of each park. Those easiest to relax are tried first, so what is
kept is what is hardest to change there: a prohibition before a shortage, a shortage before what others have taken. Which
park would open soonest, and what that takes, is said apart: there everything in the way has to change.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cdgis.core.vocabulary import LIST_SEPARATOR

HARDNESS = ("taken", "rail", "capacity", "unstated", "closed", "ground", "law")
"""Kinds of constraints, the easiest to relax first."""
_FIXED = {"unstated", "ground", "law"}
"""No decision on a park's capacities changes these."""


_NAMED = 4
"""So many parks are named before the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One constraint that keeps a candidate out of one park."""

    park: str
    """Id of the park."""
    kind: str
    """One of HARDNESS."""
    words: str
    """What is in the way, in words that several parks may share."""
    detail: str = ""
    """What is particular to this park."""


def irreducible(constraints: Sequence[Obstacle], parks: Collection[str]) -> list[Obstacle]:
    """Return a subset of `constraints` that leaves no park open while each smaller part of it does: of each park the last.

    It is what is left when one after the other is deleted as long as no park opens.

    Raises
    ------
    ValueError : a park is open as it is: there is nothing to explain.
    """
    last = {constraint.park: constraint for constraint in constraints if constraint.park in parks}
    if set(parks) - set(last):
        raise ValueError("the constraints can be met together")
    return list(last.values())


def explain_unplaced(obstacles: Sequence[Obstacle], parks: Mapping[str, str]) -> str:
    """Return in words why a candidate has no place: one irreducible set of obstacles, grouped, parks named.

    Parameters
    ----------
    obstacles : everything that keeps the candidate out of each park, given the plan for the others.
    parks : id -> name of all parks.
    """
    if not parks:
        return "没有可供比选的园区"
    ordered = sorted(obstacles, key=lambda o: (HARDNESS.index(o.kind), o.park, o.words))
    groups: dict[str, list[str]] = {}
    for o in sorted(irreducible(ordered, parks), key=lambda o: (-HARDNESS.index(o.kind), o.words, o.park)):
        groups.setdefault(o.words, []).append(parks[o.park] + (f"（{o.detail}）" if o.detail else ""))
    return LIST_SEPARATOR.join(f"{words}：{_some(names)}" for words, names in groups.items())


def easiest_opening(obstacles: Sequence[Obstacle]) -> tuple[str, str]:
    """Return the id of the park that least would open to a candidate, and all that would have to change there, in words.

    Returns
    -------
    Two empty texts where every park is barred by something that no capacity changes.
    """
    by_park: dict[str, list[Obstacle]] = {}
    for obstacle in obstacles:
        by_park.setdefault(obstacle.park, []).append(obstacle)
    open_ = {park: found for park, found in by_park.items() if not {o.kind for o in found} & _FIXED}
    if not open_:
        return "", ""
    park = min(open_, key=lambda p: (max(HARDNESS.index(o.kind) for o in open_[p]), len(open_[p]), p))
    parts = sorted(open_[park], key=lambda o: (-HARDNESS.index(o.kind), o.words))
    return park, "、".join(o.words + (f"（{o.detail}）" if o.detail else "") for o in parts)


def _some(parks: Sequence[str]) -> str:
    return "、".join(parks[:_NAMED]) + (f" 等 {len(parks)} 处" if len(parks) > _NAMED else "")
