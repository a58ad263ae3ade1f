"""The search of large plans, step for step against the same search written out plainly: one program gives one plan everywhere."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from search_tables import search_table

from cdgis.relocation import (
    UNPLACED,
    Demand,
    Problem,
    Supply,
    annealing,
    assign,
    assignment,
    improving,
    pricing,
    refining,
    relaxing,
    repacking,
)
from cdgis.relocation.improving import Pairs, Relaxed, Stakes, improved, pairs_of, places_of
from cdgis.relocation.policy import SearchPolicy, read_destination_policy

INF, NAN = np.inf, np.nan
POLICY = read_destination_policy()
seeds = given(st.integers(0, 100_000))


class Draw:
    """xorshift64 with shifts 13, 7, 17, of which the low 11 bits are thrown away."""

    def __init__(self) -> None:
        self.s = 88172645463325252

    def below(self, n: int) -> int:
        mask = (1 << 64) - 1
        self.s ^= (self.s << 13) & mask
        self.s ^= self.s >> 7
        self.s ^= (self.s << 17) & mask
        return (self.s >> 11) % n


class Search:
    """Threshold accepting in lists: who stands where, in the order of arrival (the last takes the place of who leaves)."""

    def __init__(self, table, option, margin) -> None:
        count, places, width = table.shape
        self.table, self.option, self.draw, self.limits = table, option, Draw(), range(width - 2)
        self.left = [[1.0 - margin for _ in self.limits] for _ in range(places)]
        self.crowd: list[list[int]] = [*([] for _ in range(places - 1)), list(range(count))]
        self.seat = [places - 1] * count

    def room(self, place, comes, goes=None) -> bool:
        freed = [0.0 if goes is None else self.table[goes, place, 2 + k] for k in self.limits]
        return all(self.left[place][k] + freed[k] >= self.table[comes, place, 2 + k] for k in self.limits)

    def move(self, i, to) -> None:
        old = self.seat[i]
        for k in self.limits:
            self.left[old][k] += self.table[i, old, 2 + k]
            self.left[to][k] -= self.table[i, to, 2 + k]
        at = self.crowd[old].index(i)
        self.crowd[old][at] = self.crowd[old][-1]
        self.crowd[old].pop()
        self.crowd[to].append(i)
        self.seat[i] = to

    def pick(self, i) -> int:
        return int(self.option[i, 1 + self.draw.below(self.option[i, 0])])

    def other(self, i, old, to):
        """Who makes room, and where he goes; None where nobody can."""
        if not self.crowd[to]:
            return None
        j = self.crowd[to][self.draw.below(len(self.crowd[to]))]
        away = self.pick(j) if self.draw.below(3) == 0 else old
        fits = (
            away != to
            and self.table[j, away, 0] < INF
            and self.room(to, i, j)
            and self.room(away, j, i if away == old else None)
        )
        return (j, to, away) if fits else None

    def tried(self, threshold, counts) -> float:
        """What a try changed."""
        i = self.draw.below(len(self.seat))
        old, to = self.seat[i], self.pick(i)
        if to == old:
            return 0.0
        most = 4.0 * threshold * (self.draw.below(1 << 30) / (1 << 30)) ** 3
        moves = [(i, old, to)]
        if self.draw.below(4) == 0 or not self.room(to, i):
            if (second := self.other(i, old, to)) is None:
                return 0.0
            moves.append(second)
        change = sum(self.table[who, b, 0] - self.table[who, a, 0] for who, a, b in moves)
        freed = sum(self.table[who, a, 1] - self.table[who, b, 1] for who, a, b in moves)
        if not change + counts * freed <= most:
            return 0.0
        for who, _, b in moves:
            self.move(who, b)
        return change + freed


def searched(table, option, wanted, stop, schedule) -> list[int]:
    """The best places found from as many of `wanted` as fit."""
    margin, enough, tries = stop
    search, out = Search(table, option, margin), table.shape[1] - 1
    for i, place in enumerate(wanted):
        if place != out and search.room(place, i):
            search.move(i, place)
    loss = sum(table[i, p, 0] - table[i, p, 1] for i, p in enumerate(search.seat))
    least, best = loss, list(search.seat)
    for threshold, counts in schedule:
        if least <= enough:
            break
        for _ in range(tries):
            loss += search.tried(threshold, counts)
            if loss < least - 1e-9:
                least, best = loss, list(search.seat)
    return best


def problem(rng, count, parks, limits):
    """A table in which places are scarce, and who may try which."""
    return search_table(rng, count, parks, limits, outside=(0.6, 2), need=(0.1, 0.6))


@pytest.mark.parametrize("seed", range(24))
def test_every_try_is_that_of_the_search_written_out(seed):
    """Short searches end on the way, so that their plans tell one way from another."""
    rng = np.random.default_rng(seed)
    table, option = problem(rng, int(rng.integers(4, 12)), int(rng.integers(2, 5)), int(rng.integers(1, 4)))
    count, places = table.shape[:2]
    wanted = rng.integers(0, places, count)
    wanted[~np.isfinite(table[np.arange(count), wanted, 0])] = places - 1
    schedule = np.array([(0.5, 0.2), (0.2, 0.6), (0.05, 1.0)])
    for tries in (1, 2, 3, 5, 8, 13, 40):
        for enough in (-INF, 0.7 * count):
            stop = (1e-9, enough, tries)
            assert annealing.anneal(table, option, wanted, stop, schedule).tolist() == searched(
                table, option, wanted, stop, schedule
            )


@pytest.mark.parametrize("seed", range(8))
def test_a_try_that_changes_nothing_is_kept_where_only_that_is_allowed(seed):
    """Losses in whole quarters and no threshold: many tries change exactly nothing, and where they lead tells."""
    rng = np.random.default_rng(seed)
    table, option = problem(rng, 8, 3, 2)
    table[:, :, :2] = np.round(table[:, :, :2] * 4) / 4
    table[:, :, 2:] = np.round(table[:, :, 2:] * 8) / 8
    for tries in (5, 20, 60):
        stop, schedule = (0.25, -INF, tries), np.array([(0.0, 1.0)] * 3)
        assert annealing.anneal(table, option, np.full(8, 3), stop, schedule).tolist() == searched(
            table, option, np.full(8, 3), stop, schedule
        )


def test_a_search_ends_between_two_rows_once_it_loses_no_more_than_enough():
    """One enterprise, one park: the first row finds it; with that loss as enough no second row is tried, with less one is."""
    table, option = np.array([[[0.5, 0.0, 0.4], [1.0, 0.0, 0.0]]]), np.array([[2, 0, 1]])
    for enough in (0.5, 0.499):
        stop = (1e-9, enough, 6)
        assert annealing.anneal(table, option, np.array([1]), stop, np.array([(0.0, 1.0)] * 2)).tolist() == [0]


def test_a_place_exactly_filled_is_filled_and_a_hair_more_does_not_fit():
    for use, placed in ((0.75, 0), (0.7500000001, 1)):
        table = np.array([[[0.0, 0.0, use], [9.0, 0.0, 0.0]]])
        assert annealing.anneal(
            table, np.array([[2, 0, 1]]), np.array([0]), (0.25, INF, 1), np.array([(0.0, 1.0)])
        ).tolist() == [placed]


# Rounding, choosing, refining


def search_policy(**changes) -> SearchPolicy:
    return POLICY.search.model_copy(update=changes)


@seeds
@settings(max_examples=25)
def test_places_worth_trying_are_those_of_little_loss_and_outside_where_it_is_not_dear(seed):
    rng = np.random.default_rng(seed)
    loss = rng.choice([0.0, 0.05, 0.1, 0.3, 0.5, 0.7, INF], (5, 4))
    loss[:, -1] = rng.choice([0.05, 0.5, 0.500001, 2.0], 5)
    found = improving._options(loss, 0.1)
    for own, row in zip(loss, found, strict=True):
        least = max(0.1, min(own))
        want = [p for p, cost in enumerate(own) if cost <= least or (p == 3 and cost <= 0.5)]
        assert row[0] == len(want) and row[1 : 1 + len(want)].tolist() == want and not row[1 + len(want) :].any()
    assert found.shape[1] == 1 + found[:, 0].max()


def test_thresholds_fall_evenly_in_proportion_and_what_is_left_counts_more_and_more():
    rows = improving._schedule(search_policy(warm=0.8, cold=0.002))
    assert len(rows) == 1000 and (rows[0, 0], rows[-1, 0]) == (0.8, 0.002) and (rows[0, 1], rows[-1, 1]) == (0.0, 1.0)
    steps = rows[1:, 0] / rows[:-1, 0]
    assert np.allclose(steps, (0.002 / 0.8) ** (1 / 999), rtol=1e-8)
    assert np.allclose(rows[:, 1], (np.arange(1000) / 999) ** 2) and (rows[:, 0] == np.round(rows[:, 0], 12)).all()


def program(rng, count, parks):
    """Pairs in a random order, up to two limits of each park, and a relaxation with prices."""
    row, park = (part.ravel() for part in np.indices((count, parks)))
    kept = np.flatnonzero(rng.random(len(row)) < 0.8)
    row, park = row[kept], park[kept]
    limits = [p for p in range(parks) for _ in range(rng.integers(0, 3)) if (park == p).any()]
    rng.shuffle(limits)
    use = np.array([rng.uniform(0.05, 0.6, len(row)) * (park == p) for p in limits]).reshape(len(limits), len(row))
    matrix = csr_array(np.vstack([(np.arange(count)[:, None] == row).astype(float), use]))
    relaxed = Relaxed(
        share=rng.choice([0.0, 0.4, 1.0, 1 - 1e-7, 1 - 3e-6], len(row)),
        reduced=rng.choice([0.0, 0.05, 0.4], len(row)),
        multiplier=rng.uniform(0, 1, count + len(limits)),
        value=-1.0,
    )
    return Pairs(row=row, park=park, matrix=matrix, shape=(count, parks)), relaxed, limits


@seeds
@settings(max_examples=25)
def test_the_search_is_given_losses_prices_and_the_relaxed_plan_where_it_is_whole(seed):
    rng = np.random.default_rng(seed)
    count, parks = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    pairs, relaxed, limits = program(rng, count, parks)
    enough, given_ = float(rng.uniform(0, 1)), {}

    def spy(table, option, wanted, stop, schedule):
        place = np.array(
            [rng.choice([p for p in range(parks + 1) if np.isfinite(table[i, p, 0])]) for i in range(count)]
        )
        given_.update(table=table, option=option, wanted=wanted, stop=stop, schedule=schedule, place=place)
        return place

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cdgis.relocation.annealing.anneal", spy)
        chosen = improved(pairs, relaxed, Stakes.of(pairs, relaxed), search_policy(tries=3500, reach=0.1), enough=enough)
    table, use = given_["table"], pairs.matrix.toarray()[count:]
    for i in range(count):
        assert table[i, parks, 0] == relaxed.multiplier[i] and not table[i, parks, 1:].any()
        for p in range(parks):
            (at,) = np.nonzero((pairs.row == i) & (pairs.park == p))
            assert table[i, p, 0] == (relaxed.reduced[at[0]] if at.size else INF)
            own = [k for k, owner in enumerate(limits) if owner == p]
            worth = sum(use[k, at[0]] * relaxed.multiplier[count + k] for k in own) if at.size else 0.0
            assert table[i, p, 1] == pytest.approx(worth)
            shares = [use[k, at[0]] for k in own] if at.size else []
            assert sorted(x for x in table[i, p, 2:] if x) == sorted(shares)
        whole = [p for q, p, s in zip(pairs.row, pairs.park, relaxed.share, strict=True) if q == i and s > 1 - 1e-6]
        assert given_["wanted"][i] in (whole or [parks])
    margin, stop, tries = given_["stop"]
    assert margin == 1e-9 and tries == 3 and stop == pytest.approx(enough - relaxed.multiplier[count:].sum())
    assert (
        len(given_["schedule"]) == 1000
        and given_["option"].tolist() == improving._options(table[:, :, 0], 0.1).tolist()
    )
    placed = given_["place"] < parks
    assert (
        pairs.row[chosen].tolist() == np.flatnonzero(placed).tolist()
        and pairs.park[chosen].tolist() == given_["place"][placed].tolist()
    )


def test_at_least_one_try_a_row():
    pairs = Pairs(row=np.array([0]), park=np.array([0]), matrix=csr_array(np.ones((2, 1))), shape=(1, 1))
    relaxed = Relaxed(share=np.array([0.0]), reduced=np.array([0.0]), multiplier=np.array([0.3, 0.0]), value=0.0)
    for tries in (1, 999, 1999):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("cdgis.relocation.annealing.anneal", lambda *given_: np.array([given_[3][2] - 1]))
            assert improved(pairs, relaxed, Stakes.of(pairs, relaxed), search_policy(tries=tries), enough=0.0).tolist() == [0]


@seeds
@settings(max_examples=25)
def test_places_packed_anew_are_drawn_by_what_they_lose_after_a_search_from_the_best_plan(seed):
    rng = np.random.default_rng(seed)
    count, parks = int(rng.integers(3, 7)), int(rng.integers(2, 5))
    pairs, relaxed, _ = program(rng, count, parks)
    if not len(pairs.row):
        return
    stakes, asked = Stakes.of(pairs, relaxed), []
    chosen = np.array([np.flatnonzero(pairs.row == i)[0] for i in range(count) if (pairs.row == i).any() and i], dtype=np.int64)
    search = search_policy(rounds=3, groups=2, group=2, reach=0.1, again_tries=4000, again=0.02, cold=0.001, nodes=7)

    def stay(table, option, place, stop, schedule):
        assert option.tolist() == improving._options(table[:, :, 0], 0.1).tolist() and stop[0] == -5e-13 and stop[2] == 4
        assert (schedule[0, 0], schedule[-1, 0]) == (0.02, 0.001) and (schedule[:, 1] == 1).all()
        asked.append(place.tolist())
        return place.copy()

    def leave(table, place, left, price, spots, nodes):
        assert left == pytest.approx(stakes.left(place)) and nodes == 7 and price is stakes.price
        assert (left == stakes.left(place) + 5e-13).all()
        asked.append(spots.tolist())
        gone = np.flatnonzero(np.isin(place, spots[:-1]))[:1]
        place[gone] = parks
        return 0.0

    enough = float(rng.choice([0.0, stakes.loss(places_of(pairs, chosen)), 50.0]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cdgis.relocation.annealing.anneal", stay)
        patch.setattr("cdgis.relocation.repacking.repack", leave)
        found = refining.refined(pairs, stakes, chosen, search, enough=enough)
    place, present, expected = places_of(pairs, chosen), sorted(set(pairs.park.tolist())), []
    draw = np.random.Generator(np.random.PCG64(20261122))
    for _ in range(3):
        if stakes.loss(place) <= enough:
            break
        expected.append(place.tolist())
        before = place.copy()
        for _ in range(2):
            left = np.array([stakes.table[place == p, p, 2:].sum(axis=0) for p in range(parks)])
            own = [stakes.table[place == p, p, 0].sum() + (np.maximum(1 - left[p], 0) * stakes.price[p]).sum() for p in present]
            lost = np.array(own) + 1e-3
            group = sorted(draw.choice(present, min(2, len(present)), replace=False, p=lost / lost.sum()).tolist())
            expected.append([*group, parks])
            place[[i for i in range(count) if place[i] in group][:1]] = parks
        if any((stakes.table[place == p, p, 2:].sum(axis=0) > 1 + 1e-9).any() for p in range(parks)):
            place = before  # more than there is
    assert asked == expected and found.tolist() == pairs_of(pairs, place).tolist()
    assert pairs_of(pairs, places_of(pairs, chosen)).tolist() == chosen.tolist()


def packed(table, price, place, spots):
    """Loss and places of the best packing of who is at some places or outside, all tried."""
    outside = spots[-1]
    free = [i for i in range(len(table)) if place[i] in spots]
    best, found = INF, None
    for goes in product(spots.tolist(), repeat=len(free)):
        trial = place.copy()
        trial[free] = goes
        used = np.array([table[trial == p, p, 2:].sum(axis=0) for p in range(outside)])
        cost = table[np.arange(len(table)), trial, 0].sum()
        if (used <= 1).all() and cost < INF:
            lost = cost + ((1 - used) * price[:outside]).sum()
            best, found = min((best, 0, found), (lost, 1, trial), key=lambda one: one[:2])[::2]
    return best, found


@pytest.mark.parametrize("seed", range(30))
def test_places_are_packed_as_well_as_can_be_and_never_worse(seed):
    rng = np.random.default_rng(seed)
    count, parks = int(rng.integers(2, 7)), int(rng.integers(1, 4))
    table, _ = problem(rng, count, parks, int(rng.integers(1, 3)))
    price = np.vstack([rng.uniform(0, 1, (parks, table.shape[2] - 2)), np.zeros((1, table.shape[2] - 2))])
    place = np.full(count, parks)
    for i in rng.permutation(count):  # some plan that fits
        p = int(rng.integers(0, parks + 1))
        used = table[place == p, p, 2:].sum(axis=0) if p < parks else 0
        if table[i, p, 0] < INF and (p == parks or (used + table[i, p, 2:] <= 1).all()):
            place[i] = p
    spots = np.append(np.sort(rng.choice(parks, int(rng.integers(1, parks + 1)), replace=False)), parks)
    left = np.ones_like(price)
    np.subtract.at(left, place, table[np.arange(count), place, 2:])

    def lost(places, rest):
        return table[np.arange(count), places, 0].sum() + (rest * price)[:parks].sum()

    for nodes in (1, 3, 10, 100_000):
        new, rest = place.copy(), left.copy()
        gain = repacking.repack(table, new, rest, price, spots, nodes)
        assert gain >= 0 and lost(place, left) - lost(new, rest) == pytest.approx(gain, abs=1e-9) and (rest[:parks] >= -1e-12).all()
        assert (new == place)[~np.isin(place, spots)].all() and np.isin(new[np.isin(place, spots)], spots).all()
        again = np.ones_like(price)
        np.subtract.at(again, new, table[np.arange(count), new, 2:])
        assert rest[:parks] == pytest.approx(again[:parks])
    assert lost(new, rest) == pytest.approx(packed(table, price, place, spots)[0])


@pytest.mark.parametrize("seed", range(6))
def test_a_relaxation_over_the_pairs_that_matter_is_that_of_all_pairs(seed, monkeypatch):
    """However few pairs are near at first: value, prices that no pair undercuts, and a plan within the limits."""
    rng = np.random.default_rng(seed)
    one = Problem(
        cost=rng.uniform(0, 1, (90, 8)), permitted=rng.random((90, 8)) < 0.7,
        demand=demand(90, land_ha=rng.uniform(1, 12, 90), water_10k_m3=rng.uniform(0, 3, 90), unplaced_cost=rng.uniform(2, 4, 90)),
        supply=supply(90, 8, available_ha=np.tile(rng.uniform(0, 80, 8), (90, 1)), water_10k_m3=rng.choice([9.0, INF], 8)),
    )  # fmt: skip
    model = assignment._Model.of(one, *assignment._canonical_order(one))
    asked = model.saving, model.matrix, model.limit, model.place_row, model.candidates
    whole = relaxing.relaxed_plan(*asked)  # a small program is solved whole
    monkeypatch.setattr(relaxing, "_ALL", 0)
    for near in (0.0, 0.05, 10.0):
        monkeypatch.setattr(relaxing, "_NEAR", near)
        found = relaxing.relaxed_plan(*asked)
        assert found.value == pytest.approx(whole.value, abs=1e-6) == pytest.approx(-(found.multiplier @ model.limit), abs=1e-6)
        assert (model.saving + model.matrix.T @ found.multiplier >= -1e-6).all() and (found.multiplier >= 0).all()
        assert model.saving @ found.share == pytest.approx(found.value) and (model.matrix @ found.share <= 1 + 1e-6).all()
        assert (found.share >= 0).all()
    near = relaxing._near(model.saving, model.matrix, model.place_row, model.candidates)
    assert len(near) == len(model.saving)  # 10 above the best: all
    monkeypatch.setattr(relaxing, "_NEAR", 0.05)
    assert 0 < len(relaxing._near(model.saving, model.matrix, model.place_row, model.candidates)) < 0.6 * len(model.saving)


@pytest.mark.parametrize("seed", range(8))
def test_the_smoothed_choice_is_the_best_there_is_and_prices_balance_what_is_asked_for(seed):
    rng = np.random.default_rng(seed)
    value, tau = rng.uniform(-1, 1, 6), float(rng.choice([0.01, 0.3, 5.0]))
    theta = pricing._threshold(value, 1, 5, tau)
    share = np.maximum(value[1:5] - theta, 0) / tau

    def worth(x):
        return (value[1:5] @ x) - tau / 2 * (x @ x)

    assert share.sum() <= 1 + 1e-9 and (share > 0).any() == (value[1:5] > 0).any()
    for other in rng.dirichlet(np.ones(5), 300)[:, :4]:
        assert worth(other) <= worth(share) + 1e-12
    # one limit, three who want it: the price settles where it is used up
    saving, use = -rng.uniform(0.5, 1.5, 3), rng.uniform(0.4, 0.9, 3)
    columns = np.arange(4), np.zeros(3, dtype=np.int64), use
    price = pricing.near_prices(saving, np.arange(4), columns, np.array([(0.1, 2000.0)]))
    asked = np.clip((-saving - use * price[0]) / 0.1, 0, 1) @ use
    assert asked == pytest.approx(1, abs=1e-3) or (asked < 1 and price[0] == pytest.approx(0, abs=1e-6))


# The program itself


def test_a_plan_costs_what_is_chosen_and_what_is_left_out():
    cost = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    one = Problem(
        cost=cost,
        permitted=np.ones((3, 2), dtype=bool),
        demand=demand(3, unplaced_cost=np.array([2.0, 3.0, 5.0])),
        supply=supply(3, 2),
    )
    assert (
        one.value(np.array([1, UNPLACED, 0])) == pytest.approx(0.2 + 3.0 + 0.5)
        and one.value(np.full(3, UNPLACED)) == 10.0
    )


def demand(count, **changes) -> Demand:
    usual = {
        "land_ha": np.full(count, 5.0),
        "water_10k_m3": np.full(count, 1.0),
        "energy_tce": np.full(count, 1.0),
        "unplaced_cost": np.full(count, 2.0),
    }
    return Demand(**(usual | changes))


def supply(count, parks, **changes) -> Supply:
    usual = {
        "available_ha": np.full((count, parks), 10.0),
        "water_10k_m3": np.full(parks, INF),
        "energy_tce": np.full(parks, INF),
    }
    return Supply(**(usual | changes))


AMOUNT = st.sampled_from([NAN, 0.0, 3.0, 5.0, 8.0])
LIMIT = st.sampled_from([INF, 0.0, 3.0, 5.0, 7.0])


@given(AMOUNT, AMOUNT, AMOUNT, st.sampled_from([NAN, 0.0, 3.0, 5.0]), LIMIT, LIMIT, st.booleans())
def test_a_pair_is_open_where_it_is_permitted_and_each_need_is_known_and_fits(
    land, water, energy, there, wet, power, allowed
):
    one = Problem(
        cost=np.zeros((1, 1)),
        permitted=np.array([[allowed]]),
        demand=demand(1, land_ha=np.array([land]), water_10k_m3=np.array([water]), energy_tce=np.array([energy])),
        supply=supply(
            1, 1, available_ha=np.array([[there]]), water_10k_m3=np.array([wet]), energy_tce=np.array([power])
        ),
    )
    enough = land <= there and (wet == INF or water <= wet) and (power == INF or energy <= power)
    assert one.open_pairs().tolist() == [[bool(allowed and enough)]]
    found = assign(one, POLICY)
    assert found.place.tolist() == [0 if allowed and enough else UNPLACED] and found.pairs == int(allowed and enough)
    assert (found.rows, found.nodes) == (0, 0) or found.pairs == found.rows == 1
    assert (
        found.proven
        and found.bound == pytest.approx(found.objective)
        and found.objective == pytest.approx(0.0 if found.pairs else 2.0)
    )


@seeds
@settings(max_examples=25)
def test_rows_of_the_program_are_one_for_each_enterprise_and_one_for_each_limit_that_can_bind(seed):
    rng = np.random.default_rng(seed)
    count, parks = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    need = demand(count, land_ha=rng.choice([2.0, 5.0, 9.0], count), water_10k_m3=rng.choice([0.0, 1.0, 3.0], count))
    there = supply(
        count,
        parks,
        available_ha=rng.choice([0.0, 5.0, 9.0, 11.0], (count, parks)),
        water_10k_m3=rng.choice([0.0, 3.0, 4.0, INF], parks),
        energy_tce=rng.choice([2.0, INF], parks),
    )
    one = Problem(
        cost=rng.uniform(0, 1, (count, parks)), permitted=rng.random((count, parks)) < 0.8, demand=need, supply=there
    )
    order = assignment._canonical_order(one)
    model = assignment._Model.of(one, *order)
    open_ = one.open_pairs()
    places = [(i, p) for i in order[0] for p in order[1] if open_[i, p]]
    assert [*zip(model.pair_row, model.pair_park, strict=True)] == places
    assert model.saving.tolist() == pytest.approx([one.cost[i, p] - 2.0 for i, p in places])
    rows = [[float(j == i) for j, _ in places] for i in order[0]]
    for p in order[1]:
        here = [i for i, q in places if q == p]
        for level in sorted({there.available_ha[i, p] for i in here}):
            own = [i for i in here if there.available_ha[i, p] <= level]
            if sum(need.land_ha[own]) > level:
                rows.append([need.land_ha[i] / max(level, 1e-12) if q == p and i in own else 0.0 for i, q in places])
        for amounts, limit in ((need.water_10k_m3, there.water_10k_m3[p]), (need.energy_tce, there.energy_tce[p])):
            if limit < INF and sum(amounts[here]) > limit:
                rows.append([amounts[i] / max(limit, 1e-12) if q == p else 0.0 for i, q in places])
    assert np.allclose(model.matrix.toarray(), np.array(rows).reshape(len(rows), len(places)))
    assert model.limit.tolist() == [1.0] * len(rows) and (model.candidates, model.parks) == (count, parks)
    assert model.place_row.tolist() == [order[0].tolist().index(i) for i, _ in places]


@seeds
@settings(max_examples=25)
def test_the_order_of_the_program_is_by_cost_of_leaving_out_land_water_energy_and_costs(seed):
    rng = np.random.default_rng(seed)
    count, parks = 5, 4
    need = demand(
        count,
        unplaced_cost=rng.choice([2.0, 3.0], count),
        land_ha=rng.choice([NAN, 0.5, 2.0], count),
        water_10k_m3=rng.choice([NAN, 0.5, 1.0], count),
        energy_tce=rng.choice([NAN, 0.5, 1.0], count),
    )
    there = supply(
        count,
        parks,
        available_ha=np.tile(rng.choice([NAN, 0.5, 3.0], parks), (count, 1))
        if seed % 2
        else rng.choice([NAN, 0.5, 3.0], (count, parks)),
        water_10k_m3=rng.choice([1.0, INF], parks),
        energy_tce=rng.choice([1.0, INF], parks),
    )
    one = Problem(
        cost=rng.uniform(0, 1, (count, parks)), permitted=rng.random((count, parks)) < 0.7, demand=need, supply=there
    )
    cost = np.where(one.permitted, one.cost, 2.0)

    def known(value):
        return -1.0 if np.isnan(value) else value

    rows = sorted(
        range(count),
        key=lambda i: (
            need.unplaced_cost[i],
            known(need.land_ha[i]),
            known(need.water_10k_m3[i]),
            known(need.energy_tce[i]),
            round(cost[i].sum(), 9),
        ),
    )
    columns = sorted(
        range(parks),
        key=lambda p: (
            max(known(v) for v in there.available_ha[:, p]),
            there.water_10k_m3[p],
            there.energy_tce[p],
            round(cost[:, p].sum(), 9),
        ),
    )
    found = assignment._canonical_order(one)
    assert found[0].tolist() == rows and found[1].tolist() == columns


@seeds
@settings(max_examples=25)
def test_whoever_still_fits_is_added_dearest_to_leave_out_first(seed):
    rng = np.random.default_rng(seed)
    count, parks = 5, 3
    row, park = (part.ravel() for part in np.indices((count, parks)))
    use = rng.choice([0.25, 0.5, 0.75], (parks, len(row))) * (np.arange(parks)[:, None] == park)
    matrix = csr_array(np.vstack([(np.arange(count)[:, None] == row).astype(float), use]))
    model = SimpleNamespace(
        matrix=matrix, limit=np.ones(count + parks), pair_row=row, saving=rng.choice([-1.0, -0.5, -0.2], len(row))
    )
    taken, left, chosen = set(), np.ones(parks), []
    for pair in rng.permutation(len(row))[:2]:
        if row[pair] not in taken and left[park[pair]] >= use[park[pair], pair]:
            chosen.append(int(pair))
            taken.add(row[pair])
            left[park[pair]] -= use[park[pair], pair]
    want = list(chosen)
    for pair in sorted((q for q in range(len(row)) if row[q] not in taken), key=lambda q: model.saving[q]):
        if row[pair] not in taken and use[park[pair], pair] <= left[park[pair]]:
            want.append(pair)
            taken.add(row[pair])
            left[park[pair]] -= use[park[pair], pair]
    assert assignment._filled(model, np.array(chosen, dtype=np.int64)).tolist() == want


def test_the_relaxation_is_priced_and_its_failure_is_told(monkeypatch):
    matrix = csr_array(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 1.0]]))
    asked = np.array([-1.0, -1.5]), matrix, np.ones(3), np.array([0, 1]), 2
    found = relaxing.relaxed_plan(*asked)
    # the first takes half of the limit at 2 a unit, the second all of it at 1.5 a unit: the first whole, half of the second
    assert found.value == pytest.approx(-1.75) and found.share.tolist() == pytest.approx([1.0, 0.5])
    assert found.multiplier.tolist() == pytest.approx([0.25, 0.0, 1.5]) and found.reduced.tolist() == pytest.approx(
        [0.0, 0.0]
    )
    monkeypatch.setattr("scipy.optimize.linprog", lambda *_, **__: SimpleNamespace(x=None, message="out of time"))
    with pytest.raises(RuntimeError, match="out of time"):
        relaxing.relaxed_plan(*asked)


@pytest.mark.parametrize(
    ("pairs", "way", "gap"), [(3, "whole", 0.0), (4, "whole", 0.03), (6, "whole", 0.03), (7, "near", None)]
)
def test_small_programs_are_solved_without_gap_larger_ones_with_it_and_the_largest_approached(
    monkeypatch, pairs, way, gap
):
    limits = POLICY.model_copy(update={"exact_pairs": 3, "whole_pairs": 6, "gap": 0.03, "nodes": 77})
    one = Problem(
        cost=np.linspace(0, 0.9, pairs)[None, :],
        permitted=np.ones((1, pairs), dtype=bool),
        demand=demand(1),
        supply=supply(1, pairs),
    )
    asked = {}

    def solve(model, *, gap, nodes):
        asked.update(way="whole", gap=gap, nodes=nodes)
        return SimpleNamespace(chosen=np.array([2]), bound=-2.0, nodes=5)

    def approach(model, policy, everything):
        asked.update(way="near", gap=None, everything=everything)
        return SimpleNamespace(chosen=np.array([2]), bound=-2.5, nodes=5)

    monkeypatch.setattr(assignment, "_solve", solve)
    monkeypatch.setattr(assignment, "_approached", approach)
    found = assign(one, limits)
    assert (
        (asked["way"], asked["gap"]) == (way, gap)
        and asked.get("nodes", 77) == 77
        and asked.get("everything", 2.0) == 2.0
    )
    assert (
        found.nodes == 5
        and found.pairs == pairs
        and found.rows == 1
        and found.bound == (0.0 if way == "whole" else -0.5)
    )
    assert found.objective == pytest.approx(np.linspace(0, 0.9, pairs)[found.place[0]]) and found.proven == (
        found.objective - found.bound <= 0.03 * found.objective
    )


def test_an_objective_within_the_gap_of_the_bound_is_proven_and_a_bound_is_never_above_it(monkeypatch):
    one = Problem(cost=np.array([[0.5]]), permitted=np.array([[True]]), demand=demand(1), supply=supply(1, 1))
    for bound, proven, told in ((-1.55, True, 0.45), (-1.5500001, False, 0.4499999), (-1.4, True, 0.5)):
        monkeypatch.setattr(
            assignment,
            "_solve",
            lambda *_, bound=bound, **__: SimpleNamespace(chosen=np.array([0]), bound=bound, nodes=0),
        )
        found = assign(one, POLICY.model_copy(update={"gap": 0.1 + 1e-12}))
        assert found.proven == proven and found.bound == pytest.approx(told, abs=1e-9) and found.objective == 0.5


def two_by_two():
    """Return the model of two candidates and two parks where everybody may go everywhere."""
    cost = np.array([[0.5, 0.1], [0.2, 0.3]])
    one = Problem(cost=cost, permitted=np.ones((2, 2), dtype=bool), demand=demand(2), supply=supply(2, 2))
    return assignment._Model.of(one, *assignment._canonical_order(one))


def test_pairs_are_chosen_as_the_solver_says(monkeypatch):
    monkeypatch.setattr(assignment, "minimise", lambda *_, **__: SimpleNamespace(x=np.array([0.49, 0.51, 0.0, 1.0]), bound=-1.0, nodes=3))
    found = assignment._solve(two_by_two(), gap=0.0, nodes=1)
    assert found.chosen.tolist() == [1, 3] and (found.bound, found.nodes) == (-1.0, 3)


def test_the_approach_ends_at_the_gap_of_the_relaxed_value(monkeypatch):
    seen = {}

    def refine(pairs, stakes, whole, search, *, enough):
        seen.update(enough=enough, whole=whole.tolist(), shape=pairs.shape)
        return whole

    monkeypatch.setattr(assignment, "improved", lambda *_, enough: np.array([], dtype=np.int64))
    monkeypatch.setattr(assignment, "refined", refine)
    found = assignment._approached(two_by_two(), POLICY.model_copy(update={"gap": 0.01}), 4.0)
    assert found.nodes == 0 and found.bound == pytest.approx(-3.7) and seen["enough"] == pytest.approx(0.01 * (4.0 - 3.7))
    assert len(seen["whole"]) == 2 and seen["shape"] == (2, 2)
