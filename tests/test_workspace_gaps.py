"""What a workspace lacks or says unintelligibly must never make an answer milder."""

from datetime import date
from pathlib import Path

import pytest
import shapely
from shapes import metres, write_layer
from small_workspace import LEFT, small_workspace

from cdgis.core.errors import RuleError
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.results.assessment import Assessment
from cdgis.rules.rule_span import checked_day, read_span, span_note
from cdgis.rules.unknown_classes import unknown_classes
from cdgis.workspace.settings import open_workspace

FAR = metres(3000, 0, 3500, 500)
OVER = metres(100, 100, 200, 200)
BESIDE = metres(1200, 100, 1300, 200)
DECLARED = {
    "industry": "1371", "project_type": "新建", "activity": "开发性生产性建设", "two_high": "否",
    "discharges_pollutants": "否", "soil_pollution_risk": "否", "waste_disposal": "否",
}  # fmt: skip


def screened(root: Path, site: object, *, kinds: list[str] | None = None, shapes: list[object] | None = None) -> Assessment:
    """Judge one site in the small workspace, its red line written anew with other classes or shapes."""
    small_workspace(root)
    red = {"id": ["H1", "H2"], "name": ["甲", "乙"], "kind": kinds or ["红线一般区域"] * 2}
    write_layer(root / "layers" / "redline.gpkg", shapes or [LEFT, FAR], red)
    write_layer(root / "site.gpkg", [site], {"name": ["示例"]})
    return assess_sites(open_workspace(root), [root / "site.gpkg"], declared=DECLARED)


def red_line(assessment: Assessment) -> dict[str, str]:
    rows = assessment.tables["findings"]
    rows = rows[rows["layer"] == "ecological_redline"]
    return dict(zip(rows["rule_id"], rows["state"], strict=True))


def test_known_classes_decide(tmp_path):
    assert red_line(screened(tmp_path / "in", OVER))["ECO-02-2026"] == "applies"
    assert red_line(screened(tmp_path / "out", BESIDE)) == {}


def test_classes_no_rule_knows_leave_their_rules_open_and_the_notes_say_how_to_map_them(tmp_path):
    found = screened(tmp_path, OVER, kinds=["1", "2"])
    assert red_line(found)["ECO-02-2026"] == "unknown"
    assert found.tables["verdicts"].loc[0, "verdict"] == "资料不足"
    note = next(row for row in found.tables["intake"].to_dict("records") if row["field"] == "zone_class")
    assert note["value"] == "1、2" and "红线一般区域" in note["reason"] and "layers.ecological_redline.classes" in note["remedy"]
    assert any("类别 1、2 没有规则认得" in text for text in found.notes)


def test_one_foreign_class_among_known_ones_leaves_only_its_zones_open(tmp_path):
    assert red_line(screened(tmp_path / "a", OVER, kinds=["红线一般区域", "二类"]))["ECO-02-2026"] == "applies"
    assert red_line(screened(tmp_path / "b", metres(3100, 100, 3200, 200), kinds=["红线一般区域", "二类"]))["ECO-02-2026"] == "unknown"


def test_zones_dropped_on_reading_leave_the_rest_of_the_city_uncovered(tmp_path):
    found = screened(tmp_path, BESIDE, shapes=[shapely.Polygon(), FAR])
    assert red_line(found)["ECO-02-2026"] == "unknown"
    assert found.tables["verdicts"].loc[0, "verdict"] == "资料不足"
    assert "ecological_redline" not in set(found.tables["clear"]["layer"])
    ledger = found.tables["ledger"].set_index("layer").loc["ecological_redline"]
    assert ledger["outside"] == 0 and ledger["uncovered"] == pytest.approx(ledger["total"])
    assert any("“生态保护红线”有 1 个图斑读入时被略去" in text for text in found.notes)


def test_zones_that_were_read_still_decide_when_others_were_dropped(tmp_path):
    found = screened(tmp_path, metres(3100, 100, 3200, 200), shapes=[shapely.Polygon(), FAR])
    assert red_line(found)["ECO-02-2026"] == "applies"


def test_class_is_known_when_a_rule_names_it_or_a_standard_list_allows_it():
    named = ("核心保护区", "红线一般区域")
    assert unknown_classes(["红线一般区域"], named, ()) == frozenset()
    assert unknown_classes(["1", ""], named, ()) == {"1", ""}
    assert unknown_classes(["1"], named, ("1", "2")) == {"1"}
    assert unknown_classes(["过渡区"], named, ("核心保护区", "过渡区")) == frozenset()
    assert unknown_classes(["随便"], (), ()) == frozenset()


@pytest.mark.parametrize("day", [date(1000, 1, 1), date(2024, 12, 31), date(2028, 1, 1), date(9999, 1, 1)])
def test_day_outside_the_rule_book_is_refused_and_the_span_is_named(day, tmp_path):
    with pytest.raises(RuleError, match="2025-01-01 至 2027-12-31"):
        checked_day(day)
    workspace = open_workspace(small_workspace(tmp_path))
    with pytest.raises(RuleError, match=str(day)):
        assess_sites(workspace, [tmp_path / "layers/projects/site.gpkg"], as_of=day)


def test_days_of_the_rule_book_are_taken_and_late_ones_carry_a_note():
    span = read_span()
    assert [checked_day(day) for day in (span.first, span.last)] == [span.first, span.last]
    assert span_note(span.compiled_on) == "" and "此后公布的修订未收录" in span_note(date(2027, 1, 1))
