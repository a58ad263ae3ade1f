"""The shipped workspace: hand-written expectations, reasons that can be read off, destinations judged again as sites."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
import shipped
from geopandas import GeoDataFrame

from cdgis.core.progress import Silent
from cdgis.judging.evaluation import judge_subjects
from cdgis.pipelines.assess_relocation import relocation_part
from cdgis.relocation.plan import WhatIf
from cdgis.results.assessment import Assessment
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects

ROOT = Path(__file__).resolve().parent.parent
CASES = tomllib.loads((Path(__file__).parent / "cases" / "relocation_expected.toml").read_text(encoding="utf-8"))["case"]
LISTED = [(firm, case) for case in CASES if case["处置"] != "不列入" for firm in case["企业"]]
ABSENT = [firm for case in CASES if case["处置"] == "不列入" for firm in case["企业"]]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found() -> Assessment:
    return shipped.run()


@pytest.fixture(scope="module")
def listed(found: Assessment) -> pd.DataFrame:
    return found.tables["relocation"].set_index("enterprise_id")


def test_list_is_the_one_a_person_derived(listed: pd.DataFrame) -> None:
    assert len(LISTED) >= 60
    assert set(listed.index) == {firm for firm, _ in LISTED}
    rows = [listed.loc[firm] for firm, _ in LISTED]
    told = {f: (r["reasons"].split(";"), r["disposition"], r["status"]) for (f, _), r in zip(LISTED, rows, strict=True)}
    assert told == {firm: (case["原因"], case["处置"], case["状态"]) for firm, case in LISTED}


def test_nobody_is_listed_whom_a_person_left_out(listed: pd.DataFrame) -> None:
    assert len(ABSENT) >= 20 and set(ABSENT).isdisjoint(listed.index)


def test_only_the_equipment_concerned_is_named_and_only_the_exemption_that_holds(listed: pd.DataFrame) -> None:
    for firm, case in LISTED:
        assert case.get("淘汰", "") in listed.at[firm, "action"]
        assert case.get("除外", "") in listed.at[firm, "exclusions"]
        assert "非除外" not in case or case["非除外"] not in listed.at[firm, "exclusions"]


def test_every_located_reason_can_be_read_off_the_overlaps(found: Assessment) -> None:
    overlaps = found.tables["overlaps"].set_index(["subject_id", "layer", "zone_id"]).sort_index()
    reasons = found.tables["relocation_reasons"]
    placed = reasons[reasons["layer"] != ""]
    assert len(placed) > 60
    for row in placed.to_dict("records"):
        there = overlaps.loc[[(row["enterprise_id"], row["layer"], row["zone_id"])]]
        assert row["relation"] in set(there["relation"]) and row["zone_name"] in set(there["zone_name"])
    assert set(placed["relation"]) <= {"inside", "crosses", "near"}


def test_no_candidate_is_without_a_rule_in_force_and_no_exclusion_without_its_reason(found: Assessment) -> None:
    in_force = {rule.id for rule in found.rulebook.in_force(found.as_of)}
    listed, reasons = found.tables["relocation"], found.tables["relocation_reasons"]
    assert set(reasons["rule_id"]) <= in_force
    counting = set(reasons.loc[reasons["counts"], "enterprise_id"])
    assert counting == set(listed.loc[listed["status"] != "排除", "enterprise_id"])
    assert (listed.loc[listed["status"] == "排除", "exclusions"] != "").all()
    assert (reasons.loc[~reasons["counts"], "why_not"] != "").all()


def test_ranks_go_to_those_who_must_act_and_lie_in_their_intervals(listed: pd.DataFrame) -> None:
    acting = listed[(listed["status"] != "排除") & (listed["disposition"] != "保留观察")]
    assert listed["rank"].notna().sum() == len(acting) == acting["rank"].notna().sum()
    assert (acting["rank_low"] <= acting["rank"]).all() and (acting["rank"] <= acting["rank_high"]).all()
    assert set(acting["grade"]) <= {"", "A", "B", "C"} and (acting["lead"] != "").all()


def test_every_mover_has_a_park_or_a_reason_why_not(found: Assessment, listed: pd.DataFrame) -> None:
    movers = listed[(listed["disposition"] == "异地迁建") & (listed["status"] != "排除")]
    assert ((movers["assigned"] != "") ^ (movers["unplaced"] != "")).all()
    pairs = found.tables["destinations"]
    assert len(pairs) == len(movers) * found.layers["parks"].zones["zone_id"].nunique()
    there = found.layers["parks"].zones.set_index("zone_id").geometry.reindex(pairs["park_id"])
    assert shapely.dwithin(shapely.points(pairs[["lon", "lat"]]), there.to_numpy(), 1e-6).all()
    given = pairs[pairs["assigned"]]
    assert (given["feasible"] & given["fits"]).all() and given["enterprise_id"].is_unique
    assert (pairs.loc[~pairs["feasible"], "failing_rule"] + pairs.loc[~pairs["feasible"], "verdict"] != "").all()


def test_capacities_are_never_exceeded(found: Assessment) -> None:
    use = found.tables["park_use"]
    known = use[use["available"].notna()]
    assert (known["assigned"] <= known["available"] * (1 + 1e-6) + 1e-9).all() and (use["assigned"] > 0).any()


def test_assigned_plots_judged_as_sites_of_their_own_meet_no_prohibition(found: Assessment) -> None:
    ground = found.tables["relocation_ground"]
    given = found.tables["destinations"][found.tables["destinations"]["assigned"]].set_index("enterprise_id")
    assert set(ground["enterprise_id"]) == set(given.index) and len(ground) >= 20
    frame = found.subjects.frame.set_index("subject_id", drop=False).loc[list(ground["enterprise_id"])]
    sites = frame.assign(kind="project", project_type="迁建", activity="开发性生产性建设").reset_index(drop=True)
    sites = GeoDataFrame(sites[list(SUBJECT_COLUMNS)], geometry=shapely.from_wkt(ground["wkt"].to_numpy()), crs="EPSG:4490")
    own = found.subjects.attributes[found.subjects.attributes["subject_id"].isin(sites["subject_id"])]
    tables = judge_subjects(shipped.loaded(), Subjects(frame=sites, attributes=own.reset_index(drop=True))).tables
    findings = tables["findings"]
    strict = findings[findings["effect"].isin(["禁止", "退出"]) & findings["state"].isin(["applies", "unknown"])]
    assert strict.empty
    # the verdicts the plan rests on are those of the ordinary way through the engine, at plots of the size needed
    again = tables["verdicts"].set_index("subject_id")["verdict"]
    assert list(again.loc[list(ground["enterprise_id"])]) == list(ground["verdict"])
    assert np.allclose(ground["area_m2"], given.loc[ground["enterprise_id"], "land_ha"] * 1e4, rtol=1e-4)


def test_people_and_places_before_and_after_close_over_the_counties(found: Assessment) -> None:
    effects = found.tables["relocation_effects"]
    for figure in ("enterprises", "to_move", "co2_t_per_yr"):
        city = effects[(effects["zone_layer"] == "city") & (effects["figure"] == figure)]
        parts = effects[(effects["zone_layer"] == "counties") & (effects["figure"] == figure)]
        assert np.allclose(parts[["before", "after"]].sum(), city[["before", "after"]].iloc[0])


def test_closing_a_park_sends_its_newcomers_elsewhere_and_says_so(listed: pd.DataFrame) -> None:
    movers = listed.index[listed["assigned"] != ""]
    assert (listed["assigned"] == "示例园区G").any()
    everybody = shipped.subjects()
    frame, rows = (part[part["subject_id"].isin(movers)].reset_index(drop=True) for part in (everybody.frame, everybody.attributes))
    judged = judge_subjects(shipped.loaded(), Subjects(frame=frame, attributes=rows))
    what_if = WhatIf(closed=("示例园区G",), spare_ha={"YQ0011": 0.0})
    changed = relocation_part(shipped.loaded(), judged, Silent(), what_if, rivers=shipped.rivers())
    again = changed.tables["relocation"].set_index("enterprise_id")
    assert len(again) == len(movers) and again["assigned"].ne("").any()
    assert not again["assigned"].isin(["示例园区G", "示例园区L"]).any()
    plan = changed.tables["relocation_plan"].set_index("title")["value"]
    assert plan["情景"] == "关闭园区 YQ0007；YQ0011 剩余用地按 0 公顷计"
