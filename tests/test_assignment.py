"""The joint plan against brute force, bounds and capacities; and why somebody is left out."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from cdgis.relocation import UNPLACED, Demand, Obstacle, Problem, Supply, assign, explain_unplaced
from cdgis.relocation.conflict import irreducible
from cdgis.relocation.policy import read_destination_policy

LIMITS = read_destination_policy()


def problem(seed: int, count: int, parks: int, *, tight: float = 0.6, gaps: bool = True) -> Problem:
    """A random instance; `tight` is the share of all demand that the parks can take, roughly."""
    rng = np.random.default_rng(seed)
    land = rng.integers(1, 9, count).astype(float)
    water, energy = (rng.integers(0, 6, count).astype(float) for _ in range(2))
    spare = rng.integers(0, max(int(land.sum() * tight / max(parks, 1)) * 2, 2), parks).astype(float)
    shut = rng.integers(0, 4, (count, parks)) * (rng.random((count, parks)) < 0.4)
    if gaps:
        land[rng.random(count) < 0.1] = np.nan
        water[rng.random(count) < 0.1] = np.nan
    left = np.where(rng.random(parks) < 0.3, np.inf, rng.integers(0, 12, parks).astype(float))
    return Problem(
        cost=np.round(rng.random((count, parks)), 3), permitted=rng.random((count, parks)) < 0.8,
        demand=Demand(land_ha=land, water_10k_m3=water, energy_tce=energy, unplaced_cost=2 * (1 + rng.random(count))),
        supply=Supply(
            available_ha=np.maximum(spare[None, :] - shut, 0.0), water_10k_m3=left,
            energy_tce=np.where(rng.random(parks) < 0.3, np.inf, rng.integers(0, 15, parks).astype(float)),
        ),
    )  # fmt: skip


def keeps(p: Problem, place: np.ndarray) -> bool:
    """Whether a plan keeps every constraint, written out without the program's matrices."""
    for park in range(p.cost.shape[1]):
        here = np.flatnonzero(place == park)
        if not here.size:
            continue
        if not p.permitted[here, park].all() or np.isnan(p.demand.land_ha[here]).any():
            return False
        for level in p.supply.available_ha[here, park]:
            own = here[p.supply.available_ha[here, park] <= level]
            if p.demand.land_ha[own].sum() > level * (1 + 1e-6):
                return False
        for need, left in ((p.demand.water_10k_m3, p.supply.water_10k_m3), (p.demand.energy_tce, p.supply.energy_tce)):
            if np.isfinite(left[park]) and not need[here].sum() <= left[park] * (1 + 1e-6):
                return False
    return True


def relaxed_bound(p: Problem) -> float:
    """Least cost when enterprises could be split, as a program of its own: one variable a pair, closed pairs held at 0."""
    count, parks = p.cost.shape
    open_ = p.open_pairs()
    rows, limits = [np.repeat(np.eye(count)[i], parks) for i in range(count)], [1.0] * count
    for park in range(parks):
        here = np.tile(np.arange(parks) == park, count)
        for level in np.unique(p.supply.available_ha[open_[:, park], park]):
            own = p.demand.land_ha * (p.supply.available_ha[:, park] <= level)
            rows.append(np.where(here, np.repeat(np.nan_to_num(own), parks), 0.0))
            limits.append(level)
        for need, left in ((p.demand.water_10k_m3, p.supply.water_10k_m3), (p.demand.energy_tce, p.supply.energy_tce)):
            if np.isfinite(left[park]):
                rows.append(np.where(here, np.repeat(np.nan_to_num(need), parks), 0.0))
                limits.append(left[park])
    saving = (p.cost - p.demand.unplaced_cost[:, None]).ravel()
    bounds = [(0.0, 1.0 if free else 0.0) for free in open_.ravel()]
    found = linprog(saving, A_ub=np.array(rows), b_ub=limits, bounds=bounds, method="highs")
    return float(p.demand.unplaced_cost.sum() + found.fun)


def brute_force(p: Problem) -> float:
    count, parks = p.cost.shape
    plans = (np.array(plan) for plan in product(range(-1, parks), repeat=count))
    return min(p.value(plan) for plan in plans if keeps(p, plan))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 4), st.sampled_from([0.3, 0.6, 1.2]))
def test_plan_costs_what_the_best_of_all_plans_costs(seed: int, count: int, parks: int, tight: float) -> None:
    p = problem(seed, count, parks, tight=tight)
    found = assign(p, LIMITS)
    assert keeps(p, found.place)
    assert found.objective == pytest.approx(brute_force(p), abs=1e-9) == p.value(found.place)
    assert found.proven


@pytest.mark.parametrize("seed", range(4))
def test_plan_of_six_enterprises_and_four_parks_is_the_best_one(seed: int) -> None:
    p = problem(seed, 6, 4)
    assert assign(p, LIMITS).objective == pytest.approx(brute_force(p), abs=1e-9)


@pytest.mark.parametrize("whole_pairs", [0, 4000])
def test_large_plan_keeps_every_capacity_and_lies_at_its_bound(whole_pairs: int) -> None:
    p = problem(3, 120, 12, tight=0.9)
    thorough = LIMITS.search.model_copy(update={"tries": 1_000_000, "rounds": 5})
    limits = LIMITS.model_copy(update={"whole_pairs": whole_pairs, "nodes": 10, "search": thorough})
    found = assign(p, limits)
    assert keeps(p, found.place)
    assert found.bound == pytest.approx(relaxed_bound(p)) or whole_pairs
    assert relaxed_bound(p) - 1e-6 <= found.objective <= relaxed_bound(p) * 1.025
    assert found.bound <= found.objective + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_a_solver_that_stops_early_leaves_nobody_out_for_whom_there_is_room(seed: int) -> None:
    """Else the plan could not say why: every park would be open to him."""
    p = problem(seed, 30, 4, tight=1.5, gaps=False)
    limits = LIMITS.model_copy(update={"exact_pairs": 0, "gap": 0.9, "nodes": 1})
    place = assign(p, limits).place
    assert keeps(p, place)
    for left_out in np.flatnonzero(place == UNPLACED):
        for park in np.flatnonzero(p.permitted[left_out]):
            tried = place.copy()
            tried[left_out] = park
            assert not keeps(p, tried)


def test_search_betters_the_rounded_plan_and_repeats() -> None:
    rng = np.random.default_rng(5)
    none = np.full(20, np.inf)
    p = Problem(
        cost=rng.random((400, 20)).round(3), permitted=rng.random((400, 20)) < 0.6,
        demand=Demand(
            land_ha=rng.uniform(1, 12, 400).round(2), water_10k_m3=np.zeros(400), energy_tce=np.zeros(400),
            unplaced_cost=2 * (1 + rng.random(400)),
        ),
        supply=Supply(available_ha=np.tile(rng.uniform(40, 120, 20), (400, 1)), water_10k_m3=none, energy_tce=none),
    )  # fmt: skip

    def plan(tries: int) -> np.ndarray:
        """The plan of so many tries, without planning parks anew."""
        search = LIMITS.search.model_copy(update={"tries": tries, "rounds": 0})
        return assign(p, LIMITS.model_copy(update={"whole_pairs": 0, "search": search})).place

    rough, fine = plan(1000), plan(2_000_000)
    assert keeps(p, fine)
    assert p.value(fine) < p.value(rough)
    assert np.array_equal(fine, plan(2_000_000))


def test_capacity_check_fails_when_a_capacity_is_exceeded() -> None:
    p = problem(3, 6, 2, gaps=False)
    everybody = np.zeros(6, dtype=np.int64)
    assert not keeps(p, everybody)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 7), st.integers(1, 4))
def test_order_of_enterprises_and_parks_changes_nothing(seed: int, count: int, parks: int) -> None:
    p = problem(seed, count, parks)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(count), rng.permutation(parks)
    d, s = p.demand, p.supply
    shuffled = Problem(
        cost=p.cost[np.ix_(rows, columns)], permitted=p.permitted[np.ix_(rows, columns)],
        demand=Demand(land_ha=d.land_ha[rows], water_10k_m3=d.water_10k_m3[rows], energy_tce=d.energy_tce[rows],
                      unplaced_cost=d.unplaced_cost[rows]),
        supply=Supply(available_ha=s.available_ha[np.ix_(rows, columns)], water_10k_m3=s.water_10k_m3[columns],
                      energy_tce=s.energy_tce[columns]),
    )  # fmt: skip
    first, second = assign(p, LIMITS), assign(shuffled, LIMITS)
    assert second.objective == pytest.approx(first.objective, abs=1e-9)
    back = np.full(count, UNPLACED, dtype=np.int64)
    back[rows] = np.where(second.place == UNPLACED, UNPLACED, columns[second.place])
    assert list(back) == list(first.place)


def test_nobody_and_nowhere_still_make_a_plan() -> None:
    nobody = problem(0, 0, 3)
    assert assign(nobody, LIMITS).objective == 0.0
    nowhere = problem(0, 3, 0)
    assert list(assign(nowhere, LIMITS).place) == [UNPLACED] * 3


def obstacle(park: str, kind: str, words: str) -> Obstacle:
    return Obstacle(park=park, kind=kind, words=words)


def test_explanation_keeps_what_is_hardest_to_change_of_each_park() -> None:
    obstacles = [
        obstacle("甲", "taken", "用地已安排"), obstacle("甲", "law", "准入规则禁止"),
        obstacle("乙", "capacity", "用地不足"), obstacle("乙", "taken", "用水已安排"),
    ]  # fmt: skip
    assert explain_unplaced(obstacles, {"甲": "甲", "乙": "乙"}) == "准入规则禁止：甲;用地不足：乙"
    alike = [obstacle("K1", "law", "准入规则禁止"), obstacle("K2", "law", "准入规则禁止")]
    assert explain_unplaced(alike, {"K1": "同名园", "K2": "同名园"}) == "准入规则禁止：同名园、同名园"
    assert explain_unplaced([], {}) == "没有可供比选的园区"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("甲乙丙"), st.sampled_from(["law", "capacity", "taken"])), max_size=8))
def test_no_constraint_of_an_explanation_can_be_spared(pairs: list[tuple[str, str]]) -> None:
    parks = set("甲乙丙")
    obstacles = [obstacle(park, kind, f"{kind}{i}") for i, (park, kind) in enumerate(pairs)]

    def possible(left: list[Obstacle]) -> bool:
        return bool(parks - {o.park for o in left})

    if possible(obstacles):
        with pytest.raises(ValueError, match="can be met"):
            irreducible(obstacles, parks)
        return
    kept, left = irreducible(obstacles, parks), list(obstacles)
    for one in obstacles:  # the deletion filter written out
        fewer = [other for other in left if other is not one]
        left = left if possible(fewer) else fewer
    assert not possible(kept) and sorted(kept, key=id) == sorted(left, key=id)
    assert all(possible([o for o in kept if o is not left_out]) for left_out in kept)
