"""What single lines of the judging room do at their edges, each by the smallest case that tells (found by mutation testing)."""

import numpy as np
import pandas as pd
import pytest
from shapes import layer_set, metres, rule, sites, zone_layer

from cdgis.core.vocabulary import State
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.judging import kleene
from cdgis.judging.facts import Facts, missing_information, scope_and_conditions
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.verdicts import evaluate_rule

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
