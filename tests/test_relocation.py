"""Relocation cases by hand: each enterprise's reasons, exclusions, status and disposition."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shapes import zone_layer

from cdgis.core.errors import RuleError
from cdgis.core.vocabulary import Effect, ProjectType
from cdgis.relocation import RelocationInputs, propose_relocations, without_exemptions
from cdgis.relocation.dates import last_day
from cdgis.relocation.plan.supply import RAILWAY_LAYER, _rail_distance
from cdgis.relocation.policy import read_relocation_policy
from cdgis.results.tables.validation import empty
from cdgis.rules import Rule

AS_OF = date(2026, 11, 1)
POLICY = read_relocation_policy()


def make_rule(rule_id: str, effect: str, *, layer: str = "", kind: str = "既有", **more: object) -> Rule:
    base = {
        "id": rule_id, "title": rule_id, "level": "市", "layer": layer, "geometry": "hit" if layer else "none",
        "project_types": [kind], "effect": effect, "dimension": "空间布局约束", "clause": "条文",
        "basis": [{"document": f"文件{rule_id}"}], "effective_from": date(2018, 1, 1), "source": "t", "mark": "S",
    }  # fmt: skip
    return Rule(**{**base, **more})


RULES = (
    make_rule("RE-01", "退出", layer="built_up", unless=[
        {"conditions": [{"attribute": "serves_city", "op": "declared"}], "reason": "必须依托城市"}]),
    make_rule("EQ-01", "退出", conditions=[{"attribute": "equipment", "op": "has", "value": "高炉"}]),
    make_rule("WS-05", "退出", layer="water_source_zones"),
    make_rule("ECO-E1", "须论证", layer="ecological_redline"),
    make_rule("DI-02E", "限制", layer="no_burn_zones"),
    make_rule("ECO-02", "禁止", layer="ecological_redline", kind="新建"),
    make_rule("RE-02", "提示", layer="built_up"),
)  # fmt: skip
BY_ID = {rule.id: rule for rule in RULES}


def finding(
    subject: str, rule_id: str, *, zone: str = "", state: str = "applies", missing: str = ""
) -> dict[str, object]:
    rule = BY_ID[rule_id]
    return {
        "subject_id": subject, "rule_id": rule_id, "level": "市", "layer": rule.layer, "zone_id": zone,
        "effect": str(rule.effect), "state": state, "dimension": "空间布局约束", "clause": "条文",
        "basis": rule.basis_text, "effective_from": "2018-01-01", "effective_to": "", "plan_measure": "1",
        "missing_attribute": missing, "mark": "已见原文", "needs_review": True,
    }  # fmt: skip


def make_inputs(
    *findings: dict[str, object],
    attributes: Mapping[tuple[str, str], str] | None = None,
    parks: Mapping[str, str] | None = None,
    critical: tuple[str, ...] = (),
    bare: tuple[dict[str, object], ...] | None = None,
    **more: object,
) -> RelocationInputs:
    """Inputs whose subjects are those named in the findings; ids starting with P are projects."""
    declared, inside = attributes or {}, parks or {}
    ids = sorted({str(row["subject_id"]) for row in (*findings, *(bare or ()))})
    subjects = pd.DataFrame(
        {
            "subject_id": ids,
            "name": [f"示例企业{i}" for i in ids],
            "kind": ["project" if i.startswith("P") else "enterprise" for i in ids],
            "industry": "3110",
            "county": "示例县",
        }
    )
    return RelocationInputs(
        subjects=subjects,
        findings=pd.DataFrame(list(findings), columns=empty("findings").columns),
        findings_without_exemptions=None if bare is None else pd.DataFrame(list(bare)),
        overlaps=pd.DataFrame(
            [{"subject_id": s, "layer": "parks", "zone_id": z, "relation": "inside"} for s, z in inside.items()],
            columns=["subject_id", "layer", "zone_id", "relation"],
        ),
        verdicts=pd.DataFrame({"subject_id": ids, "stability": ["临界" if i in critical else "稳定" for i in ids]}),
        attributes=pd.DataFrame(
            [{"subject_id": s, "attribute": a, "value": v} for (s, a), v in declared.items()],
            columns=["subject_id", "attribute", "value"],
        ),
        **more,
    )  # type: ignore[arg-type]


def propose(*findings: dict[str, object], **more: object) -> pd.DataFrame:
    inputs = make_inputs(*findings, **more)  # type: ignore[arg-type]
    return propose_relocations(inputs, rules=RULES, policy=POLICY, as_of=AS_OF).listed.set_index("enterprise_id")


APPROVED = {("E1", "approval_date"): "2020-05-01"}


def test_built_up_enterprise_is_a_candidate_to_move() -> None:
    row = propose(finding("E1", "RE-01", zone="B1"), attributes=APPROVED).loc["E1"]
    assert (row["status"], row["disposition"]) == ("候选", "异地迁建")
    assert (row["reasons"], row["zones"], row["exclusions"], row["missing"]) == ("RE-01", "B1", "", "")
    assert "《文件RE-01》" in row["basis"]
    assert "截至2026-11-01在效" in row["basis"]


EQUIPMENT = ("E1", "equipment")


def test_one_obsolete_piece_of_equipment_goes_and_the_plant_stays() -> None:
    row = propose(finding("E1", "EQ-01"), attributes={EQUIPMENT: "高炉;带式烧结机"}).loc["E1"]
    assert (row["status"], row["disposition"], row["missing"]) == ("候选", "就地改造", "")
    assert "淘汰高炉" in row["action"]


def test_plant_with_nothing_but_obsolete_equipment_closes() -> None:
    row = propose(finding("E1", "EQ-01"), attributes={EQUIPMENT: "高炉"}).loc["E1"]
    assert row["disposition"] == "关停退出"


def test_plant_that_lists_no_equipment_is_not_closed_for_one_piece() -> None:
    row = propose(finding("E1", "EQ-01")).loc["E1"]
    assert (row["disposition"], row["action"][:5]) == ("就地改造", "淘汰该装备")


def test_equipment_and_location_mean_closing_with_both_reasons() -> None:
    row = propose(finding("E1", "WS-05", zone="W2"), finding("E1", "EQ-01"), attributes=APPROVED).loc["E1"]
    assert (row["reasons"], row["disposition"]) == ("EQ-01;WS-05", "关停退出")


def test_existing_inside_the_red_line_is_kept_under_review() -> None:
    row = propose(finding("E1", "ECO-E1", zone="R1;R2"), attributes=APPROVED).loc["E1"]
    assert (row["status"], row["disposition"], row["zones"]) == ("须人工核实", "保留观察", "R1;R2")
    assert "先核查合法性" in row["exclusions"]


def test_review_reason_beside_a_location_reason_does_not_hold_the_move_back() -> None:
    found = (finding("E1", "ECO-E1", zone="R1"), finding("E1", "WS-05", zone="W1"))
    row = propose(*found, attributes=APPROVED).loc["E1"]
    assert (row["status"], row["disposition"], row["zones"]) == ("候选", "异地迁建", "R1;W1")


def test_fuel_alone_is_refitted_on_site() -> None:
    assert propose(finding("E1", "DI-02E", zone="N1"), attributes=APPROVED).loc["E1", "disposition"] == "就地改造"


def test_rules_on_new_construction_or_hints_list_nobody() -> None:
    assert propose(finding("E1", "ECO-02", zone="R1"), finding("E2", "RE-02", zone="B1")).empty


def test_projects_are_never_listed() -> None:
    assert list(propose(finding("P1", "RE-01", zone="B1"), finding("E1", "EQ-01")).index) == ["E1"]


def test_unknown_rules_list_nobody_but_are_named_for_those_listed() -> None:
    unknown = finding("E1", "EQ-01", state="unknown", missing="equipment;blast_furnace_volume_m3")
    assert propose(unknown).empty
    row = propose(unknown, finding("E1", "RE-01", zone="B1")).loc["E1"]
    assert row["missing"] == "blast_furnace_volume_m3;equipment"
    assert row["reasons"] == "RE-01"


def test_serving_the_city_excludes_from_the_built_up_reason() -> None:
    declared = {**APPROVED, ("E1", "serves_city"): "true"}
    row = propose(finding("E1", "RE-01", zone="B1"), attributes=declared).loc["E1"]
    assert (row["status"], row["disposition"]) == ("排除", "保留观察")
    assert "直接服务城市" in row["exclusions"]


def test_serving_the_city_does_not_excuse_a_source_zone() -> None:
    declared = {**APPROVED, ("E1", "serves_city"): "true"}
    found = (finding("E1", "RE-01", zone="B1"), finding("E1", "WS-05", zone="W1"))
    row = propose(*found, attributes=declared).loc["E1"]
    assert (row["status"], row["disposition"], row["reasons"]) == ("候选", "异地迁建", "RE-01;WS-05")
    assert "直接服务城市" in row["exclusions"]


def test_declaring_not_to_serve_the_city_changes_nothing() -> None:
    declared = {**APPROVED, ("E1", "serves_city"): "false"}
    assert propose(finding("E1", "RE-01", zone="B1"), attributes=declared).loc["E1", "status"] == "候选"


def test_park_excludes_only_when_recognised() -> None:
    found = finding("E1", "RE-01", zone="B1")
    row = propose(found, attributes=APPROVED, parks={"E1": "K1"}).loc["E1"]
    assert (row["status"], row["exclusions"]) == ("排除", "已在认定园区内")
    other = propose(found, attributes=APPROVED, parks={"E1": "K1"}, recognised_parks=frozenset({"K2"}))
    assert other.loc["E1", "status"] == "候选"


def test_approval_before_the_zone_asks_for_a_person() -> None:
    found = finding("E1", "WS-05", zone="W1")
    old = {("E1", "approval_date"): "2017-12-31"}
    after = {"water_source_zones": date(2018, 1, 1)}
    assert propose(found, attributes=old, zone_dates=after).loc["E1", "status"] == "须人工核实"
    same_day = {"water_source_zones": date(2017, 12, 31)}
    assert propose(found, attributes=old, zone_dates=same_day).loc["E1", "status"] == "候选"


def test_zone_date_is_named_missing_when_the_layer_gives_none() -> None:
    row = propose(finding("E1", "WS-05", zone="W1"), attributes={("E1", "approval_date"): "2017-12-31"}).loc["E1"]
    assert (row["status"], row["missing"]) == ("候选", "划定日期")


def test_plan_rule_on_built_up_land_does_not_ask_which_came_first() -> None:
    row = propose(finding("E1", "RE-01", zone="B1"), zone_dates={"built_up": date(2030, 1, 1)}).loc["E1"]
    assert (row["status"], row["missing"]) == ("候选", "")


def test_approval_date_is_named_missing_where_it_matters() -> None:
    table = propose(finding("E1", "WS-05", zone="W1"), finding("E2", "EQ-01"))
    assert table["missing"].to_dict() == {"E1": "approval_date;划定日期", "E2": ""}


def test_critical_location_asks_for_a_person_but_equipment_does_not() -> None:
    found = (finding("E1", "WS-05", zone="W1"), finding("E2", "EQ-01"))
    table = propose(*found, attributes=APPROVED, critical=("E1", "E2"))
    assert table["status"].to_dict() == {"E1": "须人工核实", "E2": "候选"}


def test_whoever_only_an_exemption_spares_is_listed_with_its_words() -> None:
    spared = finding("E1", "RE-01", zone="B1", state="not_applicable")
    row = propose(spared, bare=(finding("E1", "RE-01", zone="B1"),), attributes=APPROVED).loc["E1"]
    assert (row["status"], row["exclusions"]) == ("排除", "RE-01 的例外情形：必须依托城市")
    assert propose(spared).empty


def test_rules_without_exemptions_add_nothing_to_what_only_exemptions_spare() -> None:
    found = finding("E1", "RE-01", zone="B1", state="not_applicable"), finding("E1", "EQ-01"), finding("E2", "WS-05", zone="W1")
    bare = finding("E1", "RE-01", zone="B1"), *found[1:]
    pd.testing.assert_frame_equal(propose(*found, bare=bare), propose(*found, bare=bare[:1]))


def test_enterprises_with_the_same_reasons_name_their_own_zones_and_lack_their_own_facts() -> None:
    found = finding("E1", "WS-05", zone="W1"), finding("E2", "WS-05", zone="W2;W1"), finding("E2", "EQ-01", state="unknown", missing="equipment")
    table = propose(*found)
    assert table["zones"].to_dict() == {"E1": "W1", "E2": "W1;W2"}
    assert [cell.split(";") for cell in table["missing"]] == [["approval_date", "划定日期"], ["approval_date", "equipment", "划定日期"]]


def test_unknown_exemption_counts_as_neither_reason_nor_exclusion() -> None:
    unsure = finding("E1", "RE-01", zone="B1", state="unknown", missing="serves_city")
    assert propose(unsure, bare=(finding("E1", "RE-01", zone="B1"),)).empty


def test_without_exemptions_keeps_only_reason_rules_that_have_some() -> None:
    bare = without_exemptions(RULES, POLICY)
    assert [rule.id for rule in bare] == ["RE-01"]
    assert all(not rule.unless for rule in bare)


def test_row_order_changes_nothing() -> None:
    found = [finding("E2", "EQ-01"), finding("E1", "WS-05", zone="W1"), finding("E1", "RE-01", zone="B1")]
    pd.testing.assert_frame_equal(propose(*found), propose(*reversed(found)))


def test_finding_of_a_rule_not_in_force_is_refused() -> None:
    inputs = make_inputs(finding("E1", "EQ-01"))
    with pytest.raises(RuleError, match="EQ-01"):
        propose_relocations(inputs, rules=RULES[:1], policy=POLICY, as_of=AS_OF)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2015-03-02", date(2015, 3, 2)),
        ("2015/3/2", date(2015, 3, 2)),
        ("2015年3月2日", date(2015, 3, 2)),
        ("20150302", date(2015, 3, 2)),
        ("2016年2月", date(2016, 2, 29)),
        ("2015", date(2015, 12, 31)),
        ("2015-13-01", None),
        ("2015-02-30", None),
        ("三年前", None),
        ("", None),
    ],
)
def test_last_day_a_written_date_can_mean(text: str, day: date | None) -> None:
    assert last_day(text) == day


def test_policy_is_refused_when_it_names_a_kind_that_does_not_exist(tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "cdgis" / "data" / "relocation" / "dispositions.toml"
    text = source.read_text(encoding="utf-8")
    broken = tmp_path / "p.toml"
    broken.write_text(text.replace('drops = ["建成区"]', 'drops = ["城区"]'), encoding="utf-8")
    with pytest.raises(RuleError, match="城区"):
        read_relocation_policy(broken)
    broken.write_text(text.rpartition("[[disposition]]")[0], encoding="utf-8")
    with pytest.raises(RuleError, match="最后一条"):
        read_relocation_policy(broken)
    broken.write_text("reason = [", encoding="utf-8")
    with pytest.raises(RuleError, match=r"p\.toml 无法读取"):
        read_relocation_policy(broken)


def test_every_exit_rule_for_existing_plants_gives_a_reason() -> None:
    for layer in ("", "built_up", "water_source_zones", "no_burn_zones", "parks"):
        assert POLICY.kind_of(make_rule("X-1", Effect.EXIT, layer=layer, kind=ProjectType.EXISTING))


def test_mine_that_must_leave_its_place_closes_for_there_is_no_park_to_mine_in() -> None:
    kinds = frozenset({"区位"})
    assert POLICY.dispose(kinds, industry="0810").gives == "关停退出"
    assert POLICY.dispose(kinds, industry="3110").gives == POLICY.dispose(kinds).gives == "异地迁建"


@pytest.mark.parametrize("away_m", [30.0, 5_000.0, 60_000.0])
@pytest.mark.parametrize("north_m", [0.0, 90_000.0])
def test_distance_to_the_railway_is_that_on_the_ellipsoid(away_m: float, north_m: float) -> None:
    """The measuring plane stretches by up to 2 % away from its standard parallel; on the ground it is another distance."""
    lon, lat, _ = Geod(ellps="GRS80").fwd(117.6, 41.4 + north_m / 111_000, 90, away_m)
    park = shapely.box(117.59, 41.395 + north_m / 111_000, 117.6, 41.405 + north_m / 111_000)
    line = shapely.LineString([(lon, lat - 0.5), (lon, lat + 0.5)])
    layers = {RAILWAY_LAYER: zone_layer(RAILWAY_LAYER, [line], kind="line")}
    (found,) = _rail_distance(SimpleNamespace(layers=layers), gpd.GeoDataFrame({"park_id": ["K"]}, geometry=[park], crs=4490))
    # the nearest point of a meridian further east lies a little to the north, at the park's upper corner
    north = park.bounds[3]
    wanted = min(Geod(ellps="GRS80").inv(117.6, north, lon, y)[2] for y in np.linspace(north - 0.01, north + 0.02, 3001))
    assert found == pytest.approx(wanted, rel=2e-6, abs=0.01)
