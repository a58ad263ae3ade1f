"""Compiled loops against their definitions written out: ways through level ground, and plans bettered by exchange."""

from collections import deque
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_tables import search_table

from cdgis.relocation import annealing
from cdgis.rivers import flats

STEPS = np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)], dtype=np.int64)


def around(cell, shape):
    for k, (a, b) in enumerate(STEPS.tolist()):
        y, x = cell[0] + a, cell[1] + b
        if 0 <= y < shape[0] and 0 <= x < shape[1]:
            yield k, (y, x)


def spread(height, level, begins):
    """Steps from the cells that begin, counted from 1, through level cells of one height."""
    count = {cell: 1 for cell in level if begins(cell)}
    waiting = deque(count)
    while waiting:
        cell = waiting.popleft()
        for _, other in around(cell, height.shape):
            if other in level and other not in count and height[other] == height[cell]:
                count[other] = count[cell] + 1
                waiting.append(other)
    return count


def by_definition(height, level, step_m):
    cells = {tuple(map(int, cell)) for cell in np.argwhere(level)}
    toward = spread(height, cells, lambda c: any(height[o] == height[c] and o not in cells for _, o in around(c, height.shape)))
    away = spread(height, cells, lambda c: any(height[o] > height[c] for _, o in around(c, height.shape)))
    mask = {}
    for cell in cells:
        flat = spread(height, cells, lambda c, cell=cell: c == cell)
        mask[cell] = 2 * toward.get(cell, 0) + max(away.get(other, 0) for other in flat) - away.get(cell, 0)
    chosen = np.full(height.shape, -1)
    for cell in cells & set(toward):
        alike = [(k, other) for k, other in around(cell, height.shape) if height[other] == height[cell]]
        falls = [(mask[cell] - mask.get(other, 0)) / step_m[cell[0], k] for k, other in alike]
        if max(falls) > 0:
            chosen[cell] = alike[int(np.argmax(falls))][0]
    return chosen


@settings(max_examples=60)
@given(st.integers(0, 1_000_000), st.integers(1, 7), st.integers(1, 7), st.sampled_from([0.6, 0.85, 1.0]))
def test_ways_through_level_ground_are_those_of_the_definition(seed, rows, columns, share):
    rng = np.random.default_rng(seed)
    height = rng.choice([10, 11, 12], (rows, columns), p=(0.7, 0.2, 0.1)).astype(np.float32)
    height[rng.random(height.shape) < 0.05] = np.nan
    level = (rng.random(height.shape) < share) & ~np.isnan(height)
    step_m = rng.choice([1.0, 1.5, 4.0], (rows, len(STEPS))).astype(np.float32)
    assert flats.steps_through_flats(height, level, STEPS, step_m).tolist() == by_definition(height, level, step_m).tolist()


def problem(rng, count, parks, limits):
    return search_table(rng, count, parks, limits, outside=(1, 3), need=(0.05, 0.7))


def loss_of(table, place):
    return sum(table[i, p, 0] - table[i, p, 1] for i, p in enumerate(place))


def fits(table, place, margin):
    use = np.zeros((table.shape[1], table.shape[2] - 2))
    for i, p in enumerate(place):
        use[p] += table[i, p, 2:]
    return (use[:-1] <= 1 - margin + 1e-12).all() and all(np.isfinite(table[i, p, 0]) for i, p in enumerate(place))


SCHEDULE = np.array([(0.4, 0.3), (0.2, 0.6), (0.1, 1.0), (0.03, 1.0), (0.0, 1.0)])


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_the_best_of_all_small_plans(seed):
    rng = np.random.default_rng(seed)
    table, option = problem(rng, int(rng.integers(3, 6)), int(rng.integers(2, 4)), int(rng.integers(1, 3)))
    count, places = table.shape[:2]
    margin = 1e-9
    best = min(loss_of(table, plan) for plan in product(range(places), repeat=count) if fits(table, plan, margin))
    wanted = np.full(count, places - 1)
    found = annealing.anneal(table, option, wanted, (margin, -np.inf, 400), SCHEDULE)
    assert fits(table, found, margin) and loss_of(table, found) == pytest.approx(best, abs=1e-9)
    assert (annealing.anneal(table, option, wanted, (margin, -np.inf, 400), SCHEDULE) == found).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_search_that_has_enough_keeps_what_it_was_given_as_far_as_it_fits(seed):
    rng = np.random.default_rng(100 + seed)
    table, option = problem(rng, 6, 3, 2)
    table[:, :3, 0] = rng.uniform(0, 1, (6, 3))
    wanted = rng.integers(0, 4, 6)
    place, use = [], np.zeros((4, 2))
    for i, park in enumerate(wanted):  # one after the other, who finds no room stays outside
        room = park < 3 and (use[park] + table[i, park, 2:] <= 1 - 1e-3).all()
        place.append(int(park) if room else 3)
        use[place[-1]] += table[i, place[-1], 2:]
    found = annealing.anneal(table, option, wanted, (1e-3, np.inf, 400), SCHEDULE)
    assert found.tolist() == place
    started = loss_of(table, place)
    assert annealing.anneal(table, option, wanted, (1e-3, started, 400), SCHEDULE).tolist() == place
    assert loss_of(table, annealing.anneal(table, option, wanted, (1e-3, -np.inf, 400), SCHEDULE)) <= started
