"""Joint assignment of candidates to parks that share what they have left (a mixed-integer program).

    minimise    sum_ip c_ip x_ip + sum_i u_i (1 - sum_p x_ip)          c_ip = 1 - score of park p for i, u_i > 1
    subject to  sum_p x_ip <= 1                                          each enterprise goes to one park at most
                sum_{i: a_ip <= a} land_i x_ip <= a    for each p and a  land that is open to those who need it
                sum_i q_i x_ip <= Q_p                  for each p        water and energy, where the park has a limit
                x_ip in {0, 1}, only for pairs that are permitted and fit alone

a_ip is what park p has for i: its spare land minus the parts prohibited to i. Staying unplaced costs u_i, so a plan always
exists. HiGHS stops by gap or number of nodes, the search of large programs by gap or number of tries, never by time; rows
and columns enter in an order that depends on their contents alone, so neither names nor the order of tables decide among
equally good plans.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from cdgis.core.array_types import BoolArray, FloatArray, IntArray
from cdgis.core.integer_program import minimise
from cdgis.relocation.improving import ROUNDED, Pairs, Stakes, improved
from cdgis.relocation.policy import DestinationPolicy
from cdgis.relocation.refining import refined
from cdgis.relocation.relaxing import relaxed_plan

UNPLACED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What n enterprises need; NaN where they did not say."""

    land_ha: FloatArray
    water_10k_m3: FloatArray
    energy_tce: FloatArray
    unplaced_cost: FloatArray
    """u_i; more than 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What m parks have left; inf where no limit is given."""

    available_ha: FloatArray
    """n x m: spare land minus what is prohibited to that enterprise."""
    water_10k_m3: FloatArray
    energy_tce: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An instance of the program."""

    cost: FloatArray
    """n x m, 0 to 1."""
    permitted: BoolArray
    """n x m: no prohibition, not closed, rail where it is needed."""
    demand: Demand
    supply: Supply

    def open_pairs(self) -> BoolArray:
        """Return the pairs that are permitted and fit when nobody else comes."""
        d, s = self.demand, self.supply
        fits = d.land_ha[:, None] <= s.available_ha
        for need, left in ((d.water_10k_m3, s.water_10k_m3), (d.energy_tce, s.energy_tce)):
            # a need nobody stated passes only where there is no limit
            fits &= np.isposinf(left)[None, :] | (need[:, None] <= left[None, :])
        return np.asarray(self.permitted & fits)

    def value(self, place: IntArray) -> float:
        """Return the objective of a plan (park position per enterprise, UNPLACED for none)."""
        placed = np.flatnonzero(place != UNPLACED)
        left = float(self.demand.unplaced_cost[place == UNPLACED].sum())
        return float(self.cost[placed, place[placed]].sum()) + left

    def beside(self, place: IntArray) -> "Problem":
        """Return the program of those whom a plan leaves out, in what it leaves of the parks: row by row the same constraints."""
        out, d, s = np.flatnonzero(place == UNPLACED), self.demand, self.supply
        land, water, energy = s.available_ha[out], s.water_10k_m3.copy(), s.energy_tce.copy()
        for p in range(land.shape[1]):
            here = np.flatnonzero(place == p)
            levels = np.unique(np.concatenate([s.available_ha[here, p], land[:, p][~np.isnan(land[:, p])]]))
            taken = (d.land_ha[here][None, :] * (s.available_ha[here, p][None, :] <= levels[:, None])).sum(axis=1)
            # who may use a level uses all wider ones as well: none may exceed the least that those leave
            least = np.minimum.accumulate((levels * (1 + ROUNDED) - taken)[::-1])[::-1].clip(min=0)
            known = ~np.isnan(land[:, p])
            land[known, p] = least[np.searchsorted(levels, land[known, p])]
            for left, need in ((water, d.water_10k_m3), (energy, d.energy_tce)):
                left[p] = left[p] if np.isposinf(left[p]) else max(left[p] * (1 + ROUNDED) - need[here].sum(), 0.0)
        demand = Demand(
            land_ha=d.land_ha[out], water_10k_m3=d.water_10k_m3[out], energy_tce=d.energy_tce[out], unplaced_cost=d.unplaced_cost[out]
        )
        supply = Supply(available_ha=land, water_10k_m3=water, energy_tce=energy)
        return Problem(cost=self.cost[out], permitted=self.permitted[out], demand=demand, supply=supply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A plan and how good it is known to be."""

    place: IntArray
    """Park position per enterprise; UNPLACED for none."""
    objective: float
    bound: float
    """No plan can cost less than this."""
    pairs: int
    rows: int
    nodes: int
    proven: bool
    """Whether the objective is within the gap of the bound."""


def assign(problem: Problem, limits: DestinationPolicy) -> Assignment:
    """Return the best plan found within the gap (relative) and the number of nodes that `limits` states.

    Up to `exact_pairs` open pairs the gap is 0, up to `whole_pairs` the program is solved whole. Beyond, its relaxation
    is, which bounds every plan; the relaxed plan is rounded and brought near that bound by a search of so many tries.

    Raises
    ------
    RuntimeError : the solver failed although doing nothing is always possible.
    """
    model = _Model.of(problem, *_canonical_order(problem))
    place = np.full(len(problem.cost), UNPLACED, dtype=np.int64)
    everything = float(problem.demand.unplaced_cost.sum())
    if not model.pair_row.size:
        return Assignment(place=place, objective=everything, bound=everything, pairs=0, rows=0, nodes=0, proven=True)
    count = len(model.saving)
    if count <= limits.whole_pairs:
        found = _solve(model, gap=0.0 if count <= limits.exact_pairs else limits.gap, nodes=limits.nodes)
    else:
        found = _approached(model, limits, everything)
    lowest = everything + found.bound
    chosen = _filled(model, found.chosen)  # a solver that stopped at its gap or its nodes may leave out whom there is room for
    place[model.pair_row[chosen]] = model.pair_park[chosen]
    objective = problem.value(place)
    return Assignment(
        place=place, objective=objective, bound=min(lowest, objective), pairs=len(model.saving),
        rows=model.matrix.shape[0], nodes=found.nodes, proven=objective - lowest <= limits.gap * max(objective, 1e-12),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solved:
    chosen: IntArray
    bound: float
    nodes: int


def _solve(model: "_Model", *, gap: float, nodes: int) -> _Solved:
    """Return the plan of the whole program."""
    found = minimise(
        model.saving, (model.matrix, np.full(len(model.limit), -np.inf), model.limit), (0.0, 1.0),
        whole=np.ones(len(model.saving), dtype=bool), gap=gap, nodes=nodes,
    )  # fmt: skip
    return _Solved(chosen=np.flatnonzero(found.x > 0.5), bound=found.bound, nodes=found.nodes)


def _filled(model: "_Model", chosen: IntArray) -> IntArray:
    """Return `chosen` and whatever else still fits, dearest to leave out first: a place always costs less than none."""
    columns = model.matrix.tocsc()
    left = model.limit - np.asarray(model.matrix[:, chosen].sum(axis=1)).ravel()
    waiting = np.flatnonzero(~np.isin(model.pair_row, model.pair_row[chosen]))
    more: list[int] = []
    for pair in waiting[np.argsort(model.saving[waiting], kind="stable")]:
        span = slice(columns.indptr[pair], columns.indptr[pair + 1])
        rows, amount = columns.indices[span], columns.data[span]
        if (amount <= left[rows] + ROUNDED).all():
            left[rows] -= amount
            more.append(int(pair))
    return np.concatenate([chosen, np.array(more, dtype=np.int64)])


def _approached(model: "_Model", limits: DestinationPolicy, everything: float) -> _Solved:
    """Return a plan near the relaxation of the whole program, whose value is the bound."""
    relaxed = relaxed_plan(model.saving, model.matrix, model.limit, model.place_row, model.candidates)
    pairs = Pairs(row=model.place_row, park=model.pair_park, matrix=model.matrix, shape=(model.candidates, model.parks))
    stakes, enough = Stakes.of(pairs, relaxed), limits.gap * (everything + relaxed.value)
    whole = _filled(model, improved(pairs, relaxed, stakes, limits.search, enough=enough))
    return _Solved(chosen=refined(pairs, stakes, whole, limits.search, enough=enough), bound=relaxed.value, nodes=0)


def _canonical_order(problem: Problem) -> tuple[IntArray, IntArray]:
    """Return enterprises and parks ordered by what they are, not by name or place in a table."""
    d, s = problem.demand, problem.supply
    cost = np.where(problem.permitted, problem.cost, 2.0)
    known = (np.nan_to_num(part, nan=-1.0) for part in (d.energy_tce, d.water_10k_m3, d.land_ha, d.unplaced_cost))
    rows = np.lexsort((np.round(np.sort(cost, axis=1).sum(axis=1), 9), *known)).astype(np.int64)
    open_land = np.nan_to_num(s.available_ha, nan=-1.0).max(axis=0, initial=-1.0)
    columns = np.lexsort((np.round(np.sort(cost, axis=0).sum(axis=0), 9), s.energy_tce, s.water_10k_m3, open_land))
    return rows, columns.astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """The program as matrices over the open pairs."""

    pair_row: IntArray
    pair_park: IntArray
    saving: FloatArray
    """c_ip - u_i: what placing i at p changes against leaving it."""
    place_row: IntArray
    """Row of the program that lets an enterprise go to one park at most."""
    candidates: int
    parks: int
    matrix: csr_array
    limit: FloatArray

    @classmethod
    def of(cls, problem: Problem, order: IntArray, parks: IntArray) -> "_Model":
        """Return the matrices, pairs sorted by `order` and `parks`."""
        at, column = np.nonzero(problem.open_pairs()[np.ix_(order, parks)])
        row, park = order[at], parks[column]
        d, s, count = problem.demand, problem.supply, len(at)
        pieces = [csr_array((np.ones(count), (at, np.arange(count))), shape=(len(order), count))]
        limits = [np.ones(len(order))]
        for p in parks:
            here = np.flatnonzero(park == p)
            if not here.size:
                continue
            land = problem.demand.land_ha[row[here]]
            levels = s.available_ha[row[here], p]
            rows = [(here[levels <= level], land[levels <= level], level) for level in np.unique(levels)]
            for need, left in ((d.water_10k_m3, s.water_10k_m3[p]), (d.energy_tce, s.energy_tce[p])):
                rows += [] if np.isposinf(left) else [(here, need[row[here]], left)]
            for members, amount, left in rows:
                if amount.sum() > left:  # the others can never bind
                    shape, index = (1, count), (np.zeros(len(members), dtype=np.int64), members)
                    pieces.append(csr_array((amount / max(left, 1e-12), index), shape=shape))
                    limits.append(np.ones(1))
        return cls(
            pair_row=row, pair_park=park, saving=problem.cost[row, park] - d.unplaced_cost[row],
            place_row=at.astype(np.int64), candidates=len(order), parks=len(parks), matrix=vstack(pieces, format="csr"), limit=np.concatenate(limits),
        )  # fmt: skip
