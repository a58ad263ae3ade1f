from dataclasses import replace

import pytest
from report_fixtures import make_assessment

from cdgis.report.drawing.palette import read_palette
from cdgis.report.screening import Case, Casebook
from cdgis.report.screening.cells import zone_name
from cdgis.report.site.subject_list import list_subjects
from cdgis.report.table_rows import page_names
from cdgis.report.wording import attribute, is_supplied, metres, number, percent


def _cases(**tables: object) -> dict[str, Case]:
    a = make_assessment()
    return {case.subject_id: case for case in Casebook(replace(a, tables={**a.tables, **tables})).all()}


def test_case_sorts_clauses_by_state_and_strictness() -> None:
    case = _cases()["P000"]
    assert [c.rule_ids for c in case.applied] == [("ECO-02",), ("TH-01",)] and not case.undecided
    assert (case.conclusion.unknown_count, case.conclusion.manual_count, case.conclusion.rule_count) == (0, 1, 4)
    assert [fact.name for fact in _cases()["P004"].undecided[0].missing] == ["discharges_pollutants"]


def test_case_counts_hints_apart_from_what_counts() -> None:
    case = _cases()["P003"]
    assert [c.rule_ids for c in case.applied] == [("SO-03",)]
    assert (case.conclusion.applies_count, case.conclusion.hint_count) == (0, 1) and not case.conclusion.decisive


def test_cases_stand_in_the_order_of_the_subjects_table() -> None:
    assert list(_cases()) == list(make_assessment().tables["subjects"]["subject_id"])


def test_pages_exist_for_projects_flagged_enterprises_and_the_relocation_list() -> None:
    pages = {row.case.subject_id for row in list_subjects(Casebook(make_assessment())) if row.page}
    # Every fifth verdict is 未发现冲突; all others, 有条件符合 among them, have clauses to be read somewhere.
    counted = {f"E{n:03d}" for n in range(10, 20) if n % 5 != 3}
    assert pages == {f"P{n:03d}" for n in range(10)} | counted | {"E010", "E011", "E012", "E013"}


def test_zones_that_share_a_finding_are_all_named() -> None:
    table = make_assessment().tables["findings"].assign(zone_id="HX02;HX09", layer="ecological_redline")
    zones = _cases(findings=table)["P000"].applied[0].zones
    assert [zone_name(zone) for zone in zones] == ["单元（HX02）", "HX09"]


def test_sliver_is_told_with_its_zone_its_size_and_its_distance() -> None:
    a = make_assessment()
    findings = a.tables["findings"].assign(zone_id="HX02", layer="ecological_redline")
    overlaps = a.tables["overlaps"].copy()
    overlaps.loc[overlaps["zone_id"] == "HX02", ["relation", "area_m2"]] = ["sliver", 0.25]
    (zone,) = _cases(findings=findings, overlaps=overlaps)["P000"].applied[0].zones
    assert "单元" in zone_name(zone) and "0.25 平方米，不计为压占），相距 0.0 米" in zone_name(zone)


def test_caveats_are_read_from_the_verdict() -> None:
    table = make_assessment().tables["verdicts"].assign(caveats="决定性条款未核实")
    assert {case.conclusion.caveats for case in _cases(verdicts=table).values()} == {("决定性条款未核实",)}


def test_page_names_are_safe_and_never_alike() -> None:
    ids = ["A1", "a1", "../../etc/passwd", "<img src=x>", "con", "示例.1", "x" * 200, "", "tail."]
    names = page_names(ids)
    assert len({name.casefold() for name in names.values()}) == len(ids)
    assert names["示例.1"] == "示例.1.html" and names["A1"] != "A1.html"
    assert not any(char in name for name in names.values() for char in '/\\<>:"|?* ')
    assert all(len(name) < 90 for name in names.values()) and names["con"] != "con.html"


def test_words_for_numbers() -> None:
    assert (metres(999.94), metres(1000.0), metres(1e-7), metres(float("nan"))) == (
        "999.9 米",
        "1.00 公里",
        "<0.1 米",
        "—",
    )
    assert (percent(0.25), percent(1e-6), percent(0.0)) == ("25.00%", "<0.01%", "0.00%")
    assert (number(-0.0), number(1234.56, 1)) == ("0", "1,234.6")
    assert attribute("discharges_pollutants") == "是否排放污染物" and attribute("something_else") == "something_else"


def test_every_verdict_differs_in_colour_and_in_shape() -> None:
    styles = read_palette().verdicts
    assert len(styles) == 5
    assert len({s.fill for s in styles.values()}) == 5 and len({s.shape for s in styles.values()}) == 5


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["不符合", "须论证", "有条件符合", "未发现冲突", "资料不足"])
def test_verdict_ink_is_legible_on_its_background(name: str) -> None:
    style = read_palette().verdicts[name]
    assert (_luminance(style.soft) + 0.05) / (_luminance(style.ink) + 0.05) >= 4.5


def test_what_the_workspace_lacks_has_words_and_no_option() -> None:
    assert attribute("图层覆盖").startswith("该处的图层数据") and not is_supplied("图层覆盖")
    assert is_supplied("discharges_pollutants")
