"""What single lines of the judging room do at their edges, each by the smallest case that tells (found by mutation testing)."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from shapes import from_metres, layer_set, metres, rule, sites, zone_layer

from cdgis.core.vocabulary import Relation, State
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.judging import extents, kleene, overlay
from cdgis.judging.compare_versions import _crosswalk
from cdgis.judging.cumulative import sum_up_caps
from cdgis.judging.facts import Facts, missing_information, scope_and_conditions
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.subject_table import describe_subjects
from cdgis.judging.verdicts import evaluate_rule, judge, reach_by_layer

SITE = metres(0, 0, 1000, 100)


@pytest.mark.parametrize("second", [metres(0, -50, 500, 150), metres(400, -50, 600, 150), metres(500, -50, 700, 150)])
def test_ground_under_two_zones_counts_once(second) -> None:
    first = metres(0, -50, 500, 150)
    both = measure_overlaps(sites([SITE]), layer_set(zone_layer("redline", [first, second], "红线")))
    inside = both.ledger.set_index("layer").loc["redline", "inside"]
    assert inside == pytest.approx(survey_area_m2(np.array([SITE.intersection(first.union(second))]))[0], abs=0.5)


def test_two_sites_in_one_zone_do_not_make_it_overlap_itself() -> None:
    pair = [SITE, metres(500, 0, 1500, 100)]
    zones = [metres(-100, -100, 300, 200), metres(700, -100, 2000, 200)]
    ledger = measure_overlaps(sites(pair), layer_set(zone_layer("redline", zones, "红线"))).ledger
    inside = ledger[ledger["layer"] == "redline"].set_index("subject_id")["inside"]
    assert inside.to_numpy() == pytest.approx([60_000, 80_000], rel=1e-3)


def test_a_measurement_elsewhere_brings_hits_and_no_tables() -> None:
    zones = [metres(0, -50, 500, 150), metres(3000, 0, 4000, 100)]
    layers = layer_set(zone_layer("redline", zones, "红线"), zone_layer("far", [metres(9000, 9000, 9100, 9100)], "远"))
    found = measure_overlaps(sites([SITE, metres(3100, 0, 3200, 50)]), layers)
    assert not (found.overlaps.empty or found.clear.empty or found.ledger.empty)
    moved = found.at(np.array([1, 1, 0]), np.array(["a", "b", "c"], dtype=object))
    assert all(table.empty for table in (moved.overlaps, moved.clear, moved.ledger))
    hits = moved.hits[moved.hits["layer"] == "redline"]
    assert list(zip(hits["subject"], hits["zone_id"], strict=True)) == [(0, "redline1"), (1, "redline1"), (2, "redline0")]


@pytest.mark.parametrize(("declared", "state"), [("true", State.APPLIES), ("false", State.NOT_APPLICABLE)])
@pytest.mark.parametrize("industry", ["3011", "7810", ""])
def test_what_is_declared_of_a_flag_wins_over_its_industry(declared: str, state: State, industry: str) -> None:
    ban = rule("X", "redline", industry_flag="two_high", project_types=["新建"], types_reason="t")
    facts = Facts.one(kind="project", industry=industry, project_type="新建", attributes={"two_high": declared})
    assert evaluate_rule(ban, facts, True, {}).state is state


def test_a_circumstance_is_asked_once_though_two_parts_of_a_rule_need_it() -> None:
    circumstance = {"attribute": "captive_power", "op": "true"}
    facts = Facts.one(kind="project", industry="", project_type="新建")
    for conditions, count in (([], 1), ([circumstance], 1), ([{"attribute": "two_high", "op": "true"}], 1)):
        asked = missing_information(rule("X", "redline", industry_prefixes=["44"], or_declared=circumstance, conditions=conditions), facts)
        assert [name for name, _ in asked].count("captive_power") == count, conditions


def test_documents_are_left_out_of_the_conditions_where_they_are_not_asked() -> None:
    ban = rule("X", "redline", conditions=[{"attribute": "opinion_document", "op": "declared"}, {"attribute": "two_high", "op": "true"}])
    facts = Facts.one(kind="project", industry="3011", project_type="新建", attributes={"two_high": "true"})
    with_documents, without = (scope_and_conditions(ban, facts, documents=asked) for asked in (True, False))
    assert with_documents[0] != kleene.TRUE and without[0] == kleene.TRUE


def test_touching_zones_stand_at_no_distance_and_each_once() -> None:
    zones = [metres(1000, 0, 1200, 100), metres(-200, 0, 0, 100), metres(1000, 300, 1200, 400)]
    found = measure_overlaps(sites([SITE]), layer_set(zone_layer("redline", zones, "红线"))).overlaps
    rows = found[found["layer"] == "redline"].set_index("zone_id")["distance_m"]
    assert rows.index.is_unique and rows["redline0"] == rows["redline1"] == pytest.approx(0, abs=1e-6)
    assert isinstance(found, pd.DataFrame)


def judge_all(rules, layers, places, attributes=(), **columns):
    """Verdicts by subject id."""
    subjects = sites(places, **columns)
    stated = pd.DataFrame(attributes, columns=["subject_id", "attribute", "value", "unit"])
    facts = Facts.of(pd.DataFrame(subjects.frame.drop(columns="geometry")).assign(area_m2=1.0, length_m=0.0), stated)
    measured = measure_overlaps(subjects, layers, reach_m=reach_by_layer(rules, facts))
    return judge(
        facts, measured, rules, layers=layers, accuracy_m=np.zeros(len(places)), tolerance_m=20.0, as_of=date(2026, 11, 1)
    ).verdicts.set_index("subject_id")


def test_a_distance_to_named_zones_is_not_that_to_any_other() -> None:
    zones = zone_layer("redline", [metres(0, 1000, 100, 1100), metres(5000, 1000, 5100, 1100)], ids=["甲", "乙"])
    near = rule("R-1", "redline", geometry="within", distance_m=2000.0, zone_ids=["乙"])
    found = judge_all((near,), layer_set(zones), [SITE, metres(4000, 0, 4100, 100)])
    assert found["verdict"].tolist() == ["未发现冲突", "不符合"]
    assert found.loc["S000", "critical_distance_m"] == pytest.approx(4000 * 1.03 - 2000, abs=150)


def test_a_flag_that_somebody_could_register_is_no_number_nobody_has_seen() -> None:
    spared = {"conditions": [{"attribute": "serves_water_supply", "op": "true"}], "article": "某法第1条", "industry_prefixes": ["46"]}
    ban = rule("R-1", "redline", unless=[spared])
    stated = [("S000", "serves_water_supply", "true", ""), ("S000", "opinion_document", "冀政字〔2026〕1号", "")]
    found = judge_all((ban,), layer_set(zone_layer("redline", [metres(-10, -10, 2000, 200)])), [SITE], stated)
    assert found.loc["S000", ["verdict", "caveats"]].tolist() == ["不符合", ""]


def test_a_road_along_the_rim_of_the_coverage_is_covered() -> None:
    rim = metres(0, 0, 5000, 5000)
    road = shapely.LineString(shapely.get_coordinates(rim)[:2])
    ledger = measure_overlaps(sites([road]), layer_set(zone_layer("redline", [metres(9000, 0, 9100, 100)]), city=rim)).ledger
    assert ledger["uncovered"].max() < 0.01 and ledger["total"].min() > 4900
    # along the southern rim for two kilometres, then outside but for one point
    winding = from_metres(shapely.LineString([(0, 0), (2000, 0), (2500, -500), (3000, 0), (3500, -500)]))
    rim = from_metres(shapely.Polygon([(0, 0), (2000, 0), (3000, 0), (5000, 0), (5000, 5000), (0, 5000)]))
    ledger = measure_overlaps(sites([winding]), layer_set(zone_layer("redline", [metres(9000, 0, 9100, 100)]), city=rim)).ledger
    assert (ledger["total"] - ledger["uncovered"]).tolist() == pytest.approx([2000], rel=5e-3)


def test_limits_belong_to_the_side_they_say(monkeypatch) -> None:
    """A line that hits by just the least length is a sliver still; what lies inside by just the share is inside."""
    line = from_metres(shapely.LineString([(-300, 50), (0.05, 50)]))
    layers = layer_set(zone_layer("redline", [metres(0, 0, 100, 100)]))
    length = measure_overlaps(sites([line]), layers).overlaps["length_m"].max()
    assert 0.04 < length < 0.06
    for limit in (length, length * (1 - 1e-6)):
        monkeypatch.setattr(extents, "LINE_HIT_M", limit)
        found = measure_overlaps(sites([line]), layers).overlaps["relation"].tolist()
        assert (found != [str(Relation.SLIVER)]) == (limit < length)
    monkeypatch.setattr(overlay, "INSIDE_SHARE", 1.0)
    assert measure_overlaps(sites([metres(10, 10, 90, 90)]), layers).overlaps["relation"].tolist() == [str(Relation.INSIDE)]


def test_a_cap_of_nothing_is_no_denominator() -> None:
    zones = zone_layer("control", [metres(-10, -10, 2000, 200)])
    zones.zones["cod_cap_t_per_yr"] = ["0"]
    subjects, layers = sites([SITE]), layer_set(zones)
    measured = measure_overlaps(subjects, layers)
    stated = pd.DataFrame([("S000", "cod_t_per_yr", "3", "")], columns=["subject_id", "attribute", "value", "unit"])
    (row,) = sum_up_caps(measured.overlaps, describe_subjects(subjects, measured), stated, layers).to_dict("records")
    assert row["declared"] == 3 and row["cap"] == 0 and np.isnan(row["share"])


def test_a_crosswalk_is_of_layers_that_both_versions_have() -> None:
    old, new = zone_layer("z", [SITE], ids=["A"]), zone_layer("z", [SITE], ids=["B"])
    table = _crosswalk({"z": ({"z": old}, {"z": new}), "gone": ({"gone": old}, {}), "fresh": ({}, {"fresh": new})})
    assert table[["layer", "old_id", "new_id", "relation"]].to_numpy().tolist() == [["z", "A", "B", "改码"]]
