from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from report_fixtures import make_assessment

from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.report.drawing.palette import read_palette
from cdgis.report.drawing.paths import HEIGHT_PX, WIDTH_PX
from cdgis.report.public.page_content import path_points
from cdgis.report.site.subject_content import gather_dossiers
from cdgis.report.site.subject_map import _concerned_layers, draw_sketches
from cdgis.report.table_rows import page_names
from cdgis.report.wording import (
    attribute,
    is_supplied,
    metres,
    number,
    percent,
    read_date,
    square_metres,
    transition_note,
)


def _by_id(text: str = "") -> dict[str, object]:
    return {d.subject["subject_id"]: d for d in gather_dossiers(make_assessment(text=text))}


def test_dossier_sorts_findings_by_state_and_strictness() -> None:
    dossier = _by_id()["P000"]
    assert [r.row["rule_id"] for part in dossier.applies.values() for r in part] == ["ECO-02", "TH-01"]
    assert list(dossier.applies) == ["国家", "市"]
    assert (len(dossier.unknown), len(dossier.manual), dossier.rule_count) == (0, 1, 4)
    assert _by_id()["P004"].unknown[0].missing == ("discharges_pollutants",)


def test_dossier_counts_rules_that_do_not_apply_without_listing_them() -> None:
    dossier = _by_id()["P001"]
    listed = [r.row["rule_id"] for part in dossier.applies.values() for r in part]
    assert listed == ["TH-01"] and dossier.rule_count == 3


def test_dossier_keeps_hints_apart_from_what_counts() -> None:
    dossier = _by_id()["P003"]
    assert not dossier.applies and [r.row["rule_id"] for r in dossier.hints] == ["SO-03"]


def test_pages_exist_for_projects_flagged_enterprises_and_the_relocation_list() -> None:
    pages = {key for key, dossier in _by_id().items() if dossier.page}
    # Every fifth verdict is 未发现冲突; all others, 有条件符合 among them, have clauses to be read somewhere.
    counted = {f"E{n:03d}" for n in range(10, 20) if n % 5 != 3}
    assert pages == {f"P{n:03d}" for n in range(10)} | counted | {"E010", "E011", "E012", "E013"}


def test_page_names_are_safe_and_never_alike() -> None:
    ids = ["A1", "a1", "../../etc/passwd", "<img src=x>", "con", "示例.1", "x" * 200, "", "tail."]
    names = page_names(ids)
    assert len({name.casefold() for name in names.values()}) == len(ids)
    assert names["示例.1"] == "示例.1.html" and names["A1"] != "A1.html"
    assert not any(char in name for name in names.values() for char in '/\\<>:"|?* ')
    assert all(len(name) < 90 for name in names.values()) and names["con"] != "con.html"


def test_sketch_bar_is_as_long_as_it_says() -> None:
    assessment = make_assessment()
    dossier = _by_id()["P000"]
    sketch = draw_sketches(assessment, [dossier])["P000"]
    west, south, east, north = assessment.subjects.frame.geometry.iloc[0].bounds
    subject = next(s for s in sketch.strokes if s.style == "subject")
    xs = [x for x, _ in path_points(subject.path)]
    width_m = (east - west) * METRES_PER_DEGREE * np.cos(np.radians((south + north) / 2))
    bar_m = float(sketch.bar_label.split()[0]) * (1000 if "公里" in sketch.bar_label else 1)
    assert sketch.bar_px / bar_m == pytest.approx((max(xs) - min(xs)) / width_m, rel=0.01)


def test_sketch_stays_in_its_frame_and_names_what_it_shows() -> None:
    sketch = draw_sketches(make_assessment(), [_by_id()["P005"]])["P005"]
    for stroke in sketch.strokes:
        xs, ys = zip(*path_points(stroke.path), strict=True)
        assert min(*xs, *ys) >= -5 and max(xs) <= WIDTH_PX + 5 and max(ys) <= HEIGHT_PX + 5
    assert sketch.legend[0] == ("subject", read_palette().verdicts["不符合"].fill, "本对象")


def test_sketch_of_a_point_marks_its_place() -> None:
    sketch = draw_sketches(make_assessment(), [_by_id()["E010"]])["E010"]
    assert (sketch.spots[0].x, sketch.spots[0].y) == pytest.approx((WIDTH_PX / 2, HEIGHT_PX / 2), abs=0.1)


def test_sketch_is_left_out_when_the_subject_has_no_shape() -> None:
    assessment = make_assessment()
    frame = assessment.subjects.frame.copy()
    frame.loc[0, "geometry"] = shapely.Polygon()
    assessment = replace(assessment, subjects=replace(assessment.subjects, frame=frame))
    assert "P000" not in draw_sketches(assessment, [_by_id()["P000"]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-14", date(2026, 8, 14)),
        ("2026年8月4日", date(2026, 8, 4)),
        ("2019/05/01", date(2019, 5, 1)),
        ("2025", date(2025, 1, 1)),
        ("不详", None),
        ("2026-13-01", None),
    ],
)
def test_read_date_takes_the_spellings_people_use(text: str, expected: date | None) -> None:
    assert read_date(text) == expected


def test_transition_note_speaks_of_approvals_before_the_code_only() -> None:
    assert "第一千零五十七条" in transition_note("2026-08-14")
    assert transition_note("2026-08-15") == "" and transition_note("") == ""


def test_words_for_numbers() -> None:
    assert square_metres(2000.0 / 3) == f"666.67 平方米（{2000 / 3 / 10000:,.4f} 公顷，1.000 亩）"
    assert square_metres(1e-5) == "<0.01 平方米"
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


def test_zones_that_share_a_finding_are_all_named() -> None:
    a = make_assessment()
    table = a.tables["findings"].assign(zone_id="HX02;HX09", layer="ecological_redline")
    dossiers = {d.subject["subject_id"]: d for d in gather_dossiers(replace(a, tables={**a.tables, "findings": table}))}
    assert dossiers["P000"].applies["国家"][0].zones == ("单元（HX02）", "HX09")


def test_caveats_are_read_from_the_verdict() -> None:
    a = make_assessment()
    table = a.tables["verdicts"].assign(caveats="决定性条款未核实")
    dossiers = gather_dossiers(replace(a, tables={**a.tables, "verdicts": table}))
    assert {d.caveats for d in dossiers} == {("决定性条款未核实",)}


def test_what_the_workspace_lacks_has_words_and_no_option() -> None:
    assert attribute("图层覆盖").startswith("该处的图层数据") and not is_supplied("图层覆盖")
    assert is_supplied("discharges_pollutants")


def test_sliver_is_told_with_its_zone_its_size_and_its_distance() -> None:
    a = make_assessment()
    findings = a.tables["findings"].assign(zone_id="HX02", layer="ecological_redline")
    overlaps = a.tables["overlaps"].copy()
    overlaps.loc[overlaps["zone_id"] == "HX02", ["relation", "area_m2"]] = ["sliver", 0.25]
    tables = {**a.tables, "findings": findings, "overlaps": overlaps}
    dossiers = {d.subject["subject_id"]: d for d in gather_dossiers(replace(a, tables=tables))}
    assert dossiers["P000"].applies["国家"][0].zones == ("单元（HX02），重叠 0.25 平方米，相距 0.0 米",)


def test_sketch_shows_every_layer_of_a_decisive_clause_however_many_others_count() -> None:
    dossier = _by_id()["P000"]
    ban = next(r for part in dossier.applies.values() for r in part if r.row["rule_id"] == "ECO-02")
    others = tuple(replace(ban, row={**ban.row, "rule_id": f"R-{n}", "layer": f"L{n}"}) for n in range(6))
    decisive = tuple(replace(ban, row={**ban.row, "rule_id": f"D-{n}", "layer": f"Z{n}"}) for n in range(5))
    crowded = replace(dossier, applies={"国家": (*others, *decisive)}, decisive=tuple((f"D-{n}", "") for n in range(5)))
    known = {f"{letter}{n}": "层" for letter in "LZ" for n in range(6)}
    assert _concerned_layers(crowded, known) == [f"Z{n}" for n in range(5)]
    few = replace(crowded, decisive=(("D-0", ""),))
    assert _concerned_layers(few, known) == ["Z0", "L0", "L1", "L2"]
