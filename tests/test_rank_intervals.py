"""Rank intervals are exact over the stated weights: equal to cutting the weights into cells, whatever the solver did."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.ops import split

from cdgis.geometry.kernels import Engine
from cdgis.relocation import rank_by_urgency
from cdgis.relocation.policy import read_priority_policy, weights_of
from cdgis.relocation.priority import closeness, scores
from cdgis.relocation.rank_intervals import WeightSet, rank_intervals


def cases(seed: int, count: int, criteria: int) -> tuple[np.ndarray, np.ndarray]:
    """Random closeness with some values unknown (0 to 1)."""
    rng = np.random.default_rng(seed)
    low = rng.random((count, criteria))
    unknown = rng.random((count, criteria)) < 0.15
    return np.where(unknown, 0.0, low), np.where(unknown, 1.0, low)


def ranks(low: np.ndarray, high: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best and worst rank at one point of the weights, counted out."""
    least, most = low @ weights, high @ weights
    best = [1 + sum(least[j] > most[i] for j in range(len(low)) if j != i) for i in range(len(low))]
    worst = [1 + sum(most[j] > least[i] for j in range(len(low)) if j != i) for i in range(len(low))]
    return np.array(best), np.array(worst)


def cells(low: np.ndarray, high: np.ndarray, allowed: WeightSet) -> list[np.ndarray]:
    """One point of every cell into which the pairs' ties cut a triangle's worth of weights (three criteria)."""
    # the third weight is what the first two leave
    box = shapely.box(allowed.low[0], allowed.low[1], allowed.high[0], allowed.high[1])
    band = shapely.Polygon(
        [(-1, 2 - allowed.low[2]), (2, -1 - allowed.low[2]), (2, -1 - allowed.high[2]), (-1, 2 - allowed.high[2])]
    )
    parts = [shapely.intersection(box, band)]
    for i, j in combinations(range(len(low)), 2):
        for one, other in ((low[i], high[j]), (high[i], low[j])):
            d = one - other
            a, b, c = d[0] - d[2], d[1] - d[2], d[2]
            at = -c * np.array([a, b]) / (a * a + b * b)
            along = np.array([-b, a]) / np.hypot(a, b) * 5
            line = shapely.LineString([at - along, at + along])
            parts = [piece for part in parts for piece in split(part, line).geoms]
    points = [part.representative_point() for part in parts if part.area > 1e-10]
    return [np.array([p.x, p.y, 1 - p.x - p.y]) for p in points]


@pytest.mark.parametrize("seed", range(12))
def test_intervals_equal_the_extremes_over_all_cells_of_the_weights(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = cases(seed, 6, 3)
    allowed = WeightSet.around(rng.dirichlet([3, 3, 3]), rng.uniform(0.1, 0.6))
    found = np.array([ranks(low, high, point) for point in cells(low, high, allowed)])
    best, worst = rank_intervals(low, high, allowed, exact_up_to=6)
    assert list(best) == list(found[:, 0].min(axis=0)) and list(worst) == list(found[:, 1].max(axis=0))


@pytest.mark.parametrize("seed", range(6))
def test_no_weights_of_the_set_lead_out_of_the_interval_and_bounds_by_pairs_contain_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = cases(seed, 12, 7)
    given = rng.dirichlet(np.full(7, 2.0))
    allowed = WeightSet.around(given, 0.3)
    best, worst = rank_intervals(low, high, allowed, exact_up_to=12)
    outer_best, outer_worst = rank_intervals(low, high, allowed, exact_up_to=0)
    assert (outer_best <= best).all() and (worst <= outer_worst).all()
    drawn = given * rng.uniform(0.7, 1.3, (4000, 7))
    drawn /= drawn.sum(axis=1, keepdims=True)
    inside = drawn[((drawn >= allowed.low) & (drawn <= allowed.high)).all(axis=1)]
    assert len(inside) > 500
    for point in inside:
        at_best, at_worst = ranks(low, high, point)
        assert (best <= at_best).all() and (at_worst <= worst).all()


@pytest.mark.parametrize("tolerance", [0.0, 0.25, 1.0])
def test_extremes_over_the_weights_are_those_of_its_corners(tolerance: float) -> None:
    rng = np.random.default_rng(5)
    given = rng.dirichlet(np.full(4, 2.0))
    allowed = WeightSet.around(given, tolerance)
    corners = []
    for free in range(4):  # at a corner all weights but one lie on a bound
        for ends in product((allowed.low, allowed.high), repeat=3):
            fixed = dict(zip([k for k in range(4) if k != free], ends, strict=True))
            point = np.array([fixed[k][k] if k in fixed else 0.0 for k in range(4)])
            point[free] = 1 - point.sum()
            if allowed.low[free] - 1e-12 <= point[free] <= allowed.high[free] + 1e-12:
                corners.append(point)
    near = rng.uniform(-1, 1, (50, 4))
    assert allowed.most(near) == pytest.approx((near @ np.array(corners).T).max(axis=1))
    assert allowed.least(near) == pytest.approx((near @ np.array(corners).T).min(axis=1))


def test_equals_share_their_interval_and_fixed_weights_leave_one_rank() -> None:
    near = np.array([[0.5, 0.5], [0.5, 0.5], [0.2, 0.1]])
    best, worst = rank_intervals(near, near, WeightSet.around(np.array([0.4, 0.6]), 1.0), exact_up_to=9)
    assert list(best) == [1, 1, 3] and list(worst) == [1, 1, 3]
    low, _ = cases(4, 9, 3)
    best, worst = rank_intervals(low, low, WeightSet.around(np.array([0.2, 0.3, 0.5]), 0.0), exact_up_to=9)
    assert list(best) == list(worst) == list(ranks(low, low, np.array([0.2, 0.3, 0.5]))[0])


def test_shipped_weights_never_lead_out_of_the_printed_interval(capfd: pytest.CaptureFixture[str]) -> None:
    policy = read_priority_policy()
    rng = np.random.default_rng(8)
    spans = [(c.low, c.high) for c in policy.criterion]
    values = pd.DataFrame(
        {c.measure: rng.uniform(*span, 25) for c, span in zip(policy.criterion, spans, strict=True)}
    ).mask(rng.random((25, len(spans))) < 0.05)
    ranking = rank_by_urgency(values, policy).ranking
    assert capfd.readouterr().out == ""  # the solver keeps its own remarks to itself
    given = weights_of(policy.criterion)
    middle = sum(closeness(values, policy.criterion)) / 2
    for _ in range(200):
        moved = given * rng.uniform(1 - policy.weight_range.tolerance, 1, len(given))
        moved = moved / moved.sum()
        if (moved > given * (1 + policy.weight_range.tolerance)).any():
            continue
        score = pd.Series(scores(middle, moved))
        rank = score.rank(ascending=False, method="min")
        assert (ranking["rank_low"] <= rank).all() and (rank <= ranking["rank_high"]).all()
    assert (ranking["rank_low"] <= ranking["rank"]).all() and (ranking["rank"] <= ranking["rank_high"]).all()


@pytest.mark.parametrize("seed", range(6))
def test_pairs_are_counted_by_kernels_as_by_arrays(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    low, high = cases(seed, 60, 7)
    low[:20], high[:20] = low[20:40], high[20:40]  # ties
    low[:, 0] = high[:, 0] = 0.5
    for tolerance in (0.0, rng.uniform(0.05, 0.9)):
        allowed = WeightSet.around(rng.dirichlet(np.full(7, 2.0)), tolerance)
        found = []
        for engine in Engine:
            monkeypatch.setattr("cdgis.relocation.rank_intervals.chosen_engine", lambda engine=engine, **_: engine)
            found.append(rank_intervals(low, high, allowed, exact_up_to=0))
        leads = low[None] - high[:, None]  # of each over each
        least = np.array([allowed.least(rows) for rows in leads])
        np.fill_diagonal(least, -1.0)
        plain = 1 + (least > 1e-9).sum(axis=1), len(low) - (least > -1e-9).sum(axis=0)
        for best, worst in found:
            np.testing.assert_array_equal(best, plain[0])
            np.testing.assert_array_equal(worst, plain[1])
    assert (plain[0] > 1).any() and (plain[1] < len(low)).any()
