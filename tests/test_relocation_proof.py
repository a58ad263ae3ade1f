"""The proof of the joint plan on made-up parks: nobody stands where the engine refuses or no ground is left, and it ends soon."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import metres, sites

from cdgis.relocation import TAKEN_WORDS, UNPLACED, Demand, Problem, Supply, assign
from cdgis.relocation.plan import proof, set_down
from cdgis.relocation.plan.joint_plan import LeftOut, plan_jointly
from cdgis.relocation.plan.proof import prove_plan
from cdgis.relocation.plan.set_down import Choices, Standing, judged_there, plots_of
from cdgis.relocation.policy import read_destination_policy

CHOOSING = read_destination_policy()
REFUSALS = ("不符合", "资料不足")


class Ground(SimpleNamespace):
    """Ground of which only a part can be divided: the largest plots first, as long as their sum is below that."""

    def plots(self, areas, taken):
        self.asked.append((list(areas), len(taken)))
        left, found = self.room_m2(taken), [None] * len(areas)
        for i in sorted(range(len(areas)), key=lambda i: (-areas[i], i)):
            if areas[i] <= left:
                left -= areas[i]
                found[i] = SimpleNamespace(park=self.park, m2=areas[i])
        return found

    def plot(self, area):
        self.asked.append(area)
        return SimpleNamespace(park=self.park, m2=area)

    def room_m2(self, taken):
        return self.usable_m2 - sum(plot.m2 for plot in taken)


@pytest.fixture(scope="module")
def court():
    """The engine answers by (enterprise, park) out of a table; nothing is measured."""
    refuses = {}

    def answer(loaded, judged, standing, jobs):
        ids = [one.enterprise for one in standing]
        words = [refuses.get((one.enterprise, one.park), "未发现冲突") for one in standing]
        told = {"verdict": words, "failing_rule": [f"R@{one.park}" for one in standing], "failing_clause": "条"}
        told = pd.DataFrame(told | {"manual_rules": "M", "at_least": "l"}, index=ids, dtype=object)
        rows = {"subject_id": ids, "name": "厂", "industry": "3110", "project_type": "迁建", "area_m2": 1.0}
        return pd.DataFrame(rows | {"lon": 117.0, "lat": 41.0}), told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(set_down, "judged_there", answer)
        patch.setattr(proof, "judged_there", answer)
        patch.setattr(proof, "wkt", lambda plot: f"{plot.park} {plot.m2}")
        yield refuses


def choices_of(rng, firms, parks, usable):
    """Random candidates and parks; of each park's land the share `usable` can be divided."""
    ids, names = [f"E{i:02}" for i in range(firms)], [f"K{p}" for p in range(parks)]
    land, spare = rng.uniform(1, 9, firms).round(2), rng.uniform(8, 30, parks).round(1)
    candidates = pd.DataFrame(
        {"urgency": rng.random(firms), "land_ha": land, "water_10k_m3": rng.uniform(0, 5, firms), "energy_tce": np.nan},
        index=pd.Index(ids, name="enterprise_id"),
    )
    left = np.where(rng.random(parks) < 0.5, np.inf, rng.uniform(5, 20, parks))
    frame = gpd.GeoDataFrame(
        {"park_id": names, "park_name": [f"园{name}" for name in names], "spare_ha": spare, "water_left": left, "energy_left": np.inf},
        geometry=[metres(0, 0, 9, 9)] * parks, crs=4490,
    )  # fmt: skip
    for resource in ("water", "energy"):
        frame = frame.assign(**{f"{resource}_cap": np.nan, f"{resource}_occupants": 0.0, f"{resource}_unknown": 0})
    row, park = np.repeat(np.arange(firms), parks), np.tile(np.arange(parks), firms)
    pairs = pd.DataFrame(
        {
            "enterprise_id": np.array(ids, dtype=object)[row], "park_id": np.array(names, dtype=object)[park], "ground": park,
            "score": rng.random(firms * parks).round(3), "land_ha": land[row], "available_ha": spare[park],
            "prohibited_ha": 0.0, "water_left": left[park], "energy_left": np.inf, "closed": False, "fits": True,
            "verdict": "有条件符合", "failing_rule": "", "failing_clause": "", "manual_rules": "", "shortfall": "",
            "feasible": rng.random(firms * parks) < 0.8, "old_lon": 117.0, "old_lat": 41.0,
        }
    )  # fmt: skip
    pairs.loc[~pairs["feasible"], ["failing_rule", "verdict"]] = ["R0", "不符合"]
    pairs.loc[(pairs["land_ha"] > pairs["available_ha"]), "shortfall"] = "用地不足，需"
    pairs["permitted"] = pairs["feasible"] & (pairs["shortfall"] == "")
    ground = [Ground(park=name, usable_m2=ha * 1e4 * usable, total_m2=ha, asked=[]) for name, ha in zip(names, spare, strict=True)]
    return Choices(pairs=pairs, candidates=candidates, parks=frame, ground=ground)


def struck_and_made_anew(choices, refuses):
    """The loop that the proof shortens: strike out whatever fails and solve the whole again until nothing does."""
    pairs = choices.pairs.copy()
    while True:
        plan = plan_jointly(pairs, choices.candidates, choices.parks, CHOOSING)
        standing, cramped = plots_of(choices, plan.place)
        bad = {(one.enterprise, one.park) for one in standing if refuses.get((one.enterprise, one.park)) in REFUSALS} | set(cramped)
        if not bad:
            return plan
        struck = [key in bad for key in zip(pairs["enterprise_id"], pairs["park_id"], strict=True)]
        pairs.loc[struck, "permitted"] = False


class Turns:
    """Progress that counts."""

    def __init__(self):
        self.said = []

    def stage(self, title, total=None):
        self.said.append(title)

    def step(self, item):
        self.said.append(item)


@given(st.integers(0, 100_000), st.integers(2, 18), st.integers(1, 5), st.sampled_from([0.6, 0.9, 0.97, 1.0]))
@settings(max_examples=40, deadline=None)
def test_a_proven_plan_is_whole_told_and_hardly_worse_than_all_struck_out_and_made_anew(court, seed, firms, parks, usable):
    rng = np.random.default_rng(seed)
    choices, turns = choices_of(rng, firms, parks, usable), Turns()
    court.clear()
    for key in choices.pairs[["enterprise_id", "park_id"]].itertuples(index=False, name=None):
        if rng.random() < 0.2:
            court[key] = str(rng.choice([*REFUSALS, "须论证"]))
    found = prove_plan(None, None, choices, CHOOSING, turns)
    place, table = found.joint.place, found.pairs.set_index(["enterprise_id", "park_id"])
    allowed = choices.pairs.set_index(["enterprise_id", "park_id"])["permitted"]
    placed = place[place != ""]
    for key in placed.items():
        assert allowed[key] and court.get(key) not in REFUSALS and table.at[key, "permitted"] and table.at[key, "assigned"]
        assert table.at[key, "verdict"] == court.get(key, "未发现冲突") and table.at[key, "failing_rule"] == f"R@{key[1]}"
    assert table["assigned"].sum() == len(placed) == len(found.ground) and set(found.unplaced) == set(place.index[place == ""])
    assert found.ground["enterprise_id"].tolist() == sorted(placed.index)
    for park in choices.parks.itertuples():
        here = choices.candidates.loc[place[place == park.park_id].index]
        assert here["land_ha"].sum() <= park.spare_ha * (usable + 1e-9) and here["water_10k_m3"].sum() <= park.water_left * (1 + 1e-9)
        for firm in choices.candidates.index[place == ""]:  # nobody is left out of a place there still is
            need, row = choices.candidates.loc[firm], table.loc[(firm, park.park_id)]
            room = min(park.spare_ha, park.spare_ha * usable) - here["land_ha"].sum() - need["land_ha"]
            if row["permitted"]:
                assert room < 1e-9 or park.water_left - here["water_10k_m3"].sum() < need["water_10k_m3"] + 1e-9
            if row["shortfall"] == TAKEN_WORDS:
                assert room < 1e-9
    plan, other = found.joint.assignment, struck_and_made_anew(choices, court)
    assert plan.bound - 1e-9 <= plan.objective <= other.assignment.objective * 1.25 + 1e-9
    assert plan.proven == (plan.objective - plan.bound <= CHOOSING.gap * plan.objective)
    assert len(turns.said) <= 1 + 4 + 3 + 2 * parks and f"{len(placed)} 家落地；复判不能进入 0 家、地块划不出 0 家" in turns.said[-1]


@given(st.integers(0, 100_000))
@settings(max_examples=40)
def test_what_is_planned_beside_a_plan_keeps_the_constraints_of_all(seed):
    """The program of the rest: any plan of it and the plan before it are a plan of the whole; all left out is the whole itself."""
    rng = np.random.default_rng(seed)
    count, parks = rng.integers(1, 12), rng.integers(1, 4)
    land, spare = rng.integers(1, 6, count).astype(float), rng.integers(2, 15, parks).astype(float)
    land[rng.random(count) < 0.1] = np.nan
    available = np.maximum(spare[None, :] - rng.integers(0, 3, (count, parks)), 0.0)
    available[rng.random((count, parks)) < 0.05] = np.nan
    whole = Problem(
        cost=rng.random((count, parks)), permitted=rng.random((count, parks)) < 0.8,
        demand=Demand(land_ha=land, water_10k_m3=rng.uniform(0, 3, count), energy_tce=np.full(count, np.nan), unplaced_cost=2 + rng.random(count)),
        supply=Supply(available_ha=available, water_10k_m3=rng.uniform(0, 9, parks), energy_tce=np.full(parks, np.inf)),
    )  # fmt: skip
    first = assign(whole, CHOOSING).place
    first[rng.random(count) < 0.5] = UNPLACED
    rest, out = whole.beside(first), np.flatnonzero(first == UNPLACED)
    found = assign(rest, CHOOSING)
    together = first.copy()
    together[out] = found.place
    for park in range(parks):
        here = np.flatnonzero(together == park)
        assert whole.open_pairs()[here, park].all() and whole.demand.water_10k_m3[here].sum() <= whole.supply.water_10k_m3[park] * (1 + 1e-9)
        for level in available[here, park]:
            assert land[here][available[here, park] <= level].sum() <= level * (1 + 1e-9)
    # nothing better is possible with the first as they are: held there, the whole program comes to the same
    held = whole.permitted & ((first[:, None] == UNPLACED) | (first[:, None] == np.arange(parks)))
    demand = Demand(
        land_ha=land, water_10k_m3=whole.demand.water_10k_m3, energy_tce=whole.demand.energy_tce,
        unplaced_cost=np.where(first == UNPLACED, whole.demand.unplaced_cost, 1e4),
    )  # fmt: skip
    forced = assign(Problem(cost=whole.cost, permitted=held, demand=demand, supply=whole.supply), CHOOSING).place
    assert whole.value(together) == pytest.approx(whole.value(forced), abs=1e-6)
    nobody = whole.beside(np.full(count, UNPLACED))
    assert (nobody.open_pairs() == whole.open_pairs()).all() and nobody.value(first) == pytest.approx(whole.value(first))


def test_plots_of_one_park_are_asked_for_by_ground_then_size_and_stay_off_those_given():
    """Least ground first, then by number of the ground, then the smaller need; what was given before is taken."""
    choices = choices_of(np.random.default_rng(0), firms=4, parks=1, usable=1.0)
    land = pd.Series([1.0, 2.0, 3.0, 4.0])
    grounds = [Ground(park="K0", usable_m2=1e6, total_m2=size, asked=[]) for size in (9.0, 5.0)]
    pairs = choices.pairs.assign(ground=[0, 1, 0, 1], land_ha=land)
    made = Choices(pairs=pairs, candidates=choices.candidates, parks=choices.parks, ground=grounds)
    standing, cramped = plots_of(made, pd.Series({f"E{i:02}": "K0" for i in range(4)}))
    assert grounds[1].asked == [([2e4, 4e4], 0)] and grounds[0].asked == [([1e4, 3e4], 2)]
    assert [one.enterprise for one in standing] == ["E00", "E01", "E02", "E03"] and cramped == []
    grounds[0].asked.clear()
    standing, cramped = plots_of(made, pd.Series({"E00": "K0", "E01": ""}), {"K0": [SimpleNamespace(m2=995e3)], "K1": []})
    assert grounds[0].asked[0] == ([1e4], 1) and cramped == [("E00", "K0")] and standing == []


def test_ground_that_several_kinds_share_is_divided_among_all_of_them_where_one_after_the_other_has_no_room():
    class Stripes(Ground):
        """Who comes second finds half of it spoilt."""

        def room_m2(self, taken):
            return self.usable_m2 / (2 if taken else 1) - sum(plot.m2 for plot in taken)

    choices = choices_of(np.random.default_rng(0), firms=4, parks=1, usable=1.0)
    shared, asked = Stripes(park="K0", usable_m2=10e4, total_m2=10.0, asked=[]), []
    shared.asked = asked
    pairs = choices.pairs.assign(ground=[0, 1, 0, 1], land_ha=[3.0, 3.0, 2.0, 2.0])
    made = Choices(pairs=pairs, candidates=choices.candidates, parks=choices.parks, ground=[shared, shared])
    standing, cramped = plots_of(made, pd.Series({f"E{i:02}": "K0" for i in range(4)}))
    assert cramped == [] and len(standing) == 4 and asked[-1] == ([2e4, 2e4, 3e4, 3e4], 0) and len(asked) == 3


def test_a_plot_in_the_opening_park_has_the_size_needed():
    choices = choices_of(np.random.default_rng(0), firms=3, parks=2, usable=1.0)
    left = {"E02": LeftOut(words="", opening="K1", needed="x"), "E00": LeftOut(words="", opening="", needed="")}
    (one,) = proof._openings(choices, left)
    assert (one.enterprise, one.park) == ("E02", "K1") and choices.ground[0].asked == []
    assert choices.ground[1].asked == [choices.candidates.at["E02", "land_ha"] * 1e4]


def test_a_plot_nobody_can_measure_lets_nobody_in(monkeypatch):
    subjects = sites([metres(0, 0, 9, 9)] * 3, kind="enterprise", subject_id=["E0", "E1", "E2"], project_type="既有")
    attributes = pd.DataFrame(
        [("E1", "a", "1", ""), ("E0", "b", "2", "")], columns=["subject_id", "attribute", "value", "unit"]
    )
    judged = SimpleNamespace(subjects=SimpleNamespace(frame=subjects.frame, attributes=attributes))
    plots, seen = {"E1": metres(10, 0, 19, 9), "E2": metres(30, 0, 39, 9)}, {}

    def judge(loaded, there, jobs):
        seen.update(frame=there.frame, attributes=there.attributes)
        findings = pd.DataFrame(columns=["subject_id", "effect", "state", "rule_id", "clause"])
        return SimpleNamespace(
            tables={
                "findings": findings,
                "subjects": there.frame.drop(columns="geometry").iloc[:1],
                "verdicts": pd.DataFrame({"subject_id": ["E2"], "verdict": "须论证", "at_least": "x"}),
            }
        )

    monkeypatch.setattr(set_down, "judge_subjects", judge)
    standing = [Standing(enterprise=firm, park="K", plot=plot) for firm, plot in plots.items()]
    subjects_there, told = judged_there(None, judged, standing)
    assert told["verdict"].to_dict() == {"E1": "资料不足", "E2": "须论证"} and told.at["E2", "at_least"] == "x"
    assert subjects_there["subject_id"].tolist() == ["E1", "E2"]
    frame = seen["frame"].set_index("subject_id")
    assert (
        frame.geometry.to_dict() == plots
        and set(frame["kind"]) == {"project"}
        and set(frame["project_type"]) == {"迁建"}
        and set(frame["accuracy_m"]) == {0.0}
    )
    assert seen["attributes"]["subject_id"].tolist() == ["E1"] and frame.crs == 4490
    nobody, nothing = judged_there(None, judged, [])
    assert (
        nobody.empty
        and list(nothing.columns) == ["at_least", "verdict", "failing_rule", "failing_clause", "manual_rules"]
        and nothing.empty
    )
