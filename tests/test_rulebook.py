"""The rules that ship: loadable, dated, sourced, and never turning construction bans on what already stands."""

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from cdgis.core.errors import RuleError
from cdgis.core.packs import current_packs
from cdgis.core.vocabulary import Effect, Mark, ProjectType
from cdgis.rules import Rulebook, load_rulebook, read_rule_file
from cdgis.rules import book as rule_files
from cdgis.rules.rule import Basis, Rule
from cdgis.workspace.catalog import read_catalog

CATALOG = Path(__file__).parents[1] / "layers" / "catalog.toml"
CODE = date(2026, 8, 15)
RESERVES = date(2026, 3, 15)


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rulebook()


def a_rule(**changes: object) -> Rule:
    row = {
        "id": "X-01", "title": "示例", "level": "市", "geometry": "none", "effect": "提示", "dimension": "空间布局约束",
        "clause": "示例条文", "basis": [Basis(document="示例文件")], "effective_from": date(2020, 1, 1),
        "source": "示例", "mark": "S",
    }  # fmt: skip
    return Rule.model_validate({**row, **changes})


def test_rules_come_in_id_order(book: Rulebook) -> None:
    ids = [rule.id for rule in book.rules]
    assert ids == sorted(ids) and len(ids) == len(set(ids)) > 150


def test_old_water_law_ends_the_day_before_the_code(book: Rulebook) -> None:
    before = {rule.id for rule in book.in_force(CODE - timedelta(days=1))}
    after = {rule.id for rule in book.in_force(CODE)}
    assert {"WS-01-2018", "DI-02-2016", "PF-03-2019"} <= before - after
    assert {"WS-01-2026", "DI-02-2026", "PF-03-2026"} <= after - before


def test_reserve_rules_change_layer_on_the_day_of_the_new_regulation(book: Rulebook) -> None:
    layers = {
        day: {rule.layer for rule in book.in_force(day) if rule.layer.startswith("nature_reserves")}
        for day in (RESERVES - timedelta(days=1), RESERVES)
    }
    assert list(layers.values()) == [{"nature_reserves_three_zone"}, {"nature_reserves"}]


def test_no_rule_cites_a_repealed_law_after_the_code(book: Rulebook) -> None:
    repealed = {
        "水污染防治法",
        "大气污染防治法",
        "土壤污染防治法",
        "固体废物污染环境防治法",
        "环境影响评价法",
        "环境保护法",
    }
    citing = [r.id for r in book.in_force(CODE) if any(item.document in repealed for item in r.basis)]
    # The plan of 2023 quotes no law; a rule that still cites a repealed one must have ended.
    assert citing == []


def test_no_rule_cites_a_text_before_it_was_in_force(book: Rulebook) -> None:
    starts = {"生态环境法典": CODE, "自然保护区条例（国务院令第830号）": RESERVES, "湿地保护法": date(2022, 6, 1)}
    early = [r.id for r in book.rules for b in r.basis if r.effective_from < starts.get(b.document, date.min)]
    assert early == []


def test_code_articles_say_they_were_read_in_a_copy(book: Rulebook) -> None:
    for rule in book.rules:
        if any(item.document == "生态环境法典" and item.article and item.mark is Mark.SEEN for item in rule.basis):
            assert "非公报" in rule.source or rule.mark is Mark.MEMORY, rule.id


def test_every_basis_without_article_number_is_marked_or_is_no_national_law(book: Rulebook) -> None:
    laws = [
        (r.id, b) for r in book.rules for b in r.basis if b.document.endswith(("法", "法典", "条例", "条例（旧版）"))
    ]
    local = ("承德市", "河北省")
    bare = [i for i, b in laws if not b.article and b.mark is Mark.SEEN and not b.document.startswith(local)]
    assert bare == []


def test_year_only_dates_count_from_january_and_ask_for_review(book: Rulebook) -> None:
    year_only = [rule for rule in book.rules if rule.date_precision == "year"]
    assert year_only
    for rule in year_only:
        assert (rule.effective_from.month, rule.effective_from.day) == (1, 1) and rule.needs_review, rule.id


def test_prohibitions_never_touch_what_already_exists(book: Rulebook) -> None:
    for rule in book.rules:
        if rule.effect is Effect.PROHIBIT and rule.geometry != "engine" and not rule.manual:
            assert rule.project_types and ProjectType.EXISTING not in rule.project_types, rule.id
        if rule.effect is Effect.EXIT:
            assert rule.project_types == (ProjectType.EXISTING,), rule.id


def test_exemptions_never_look_at_geometry() -> None:
    from cdgis.rules.rule import Exemption

    claim = {"activities", "conditions", "industry_prefixes", "any_industry"}
    assert set(Exemption.model_fields) == claim | {"reason", "article", "successors"}


def test_every_class_of_the_quality_and_resource_zones_has_a_rule(book: Rulebook) -> None:
    layers = [
        "water_zones", "air_zones", "soil_zones", "groundwater_zones", "land_resource_zones", "no_burn_zones",
        "main_function_zones", "management_units", "ecological_redline", "nature_reserves", "water_source_zones",
    ]  # fmt: skip
    catalog = read_catalog(CATALOG)
    wanted = {(name, zone_class) for name in layers for zone_class in catalog[name].allowed_classes}
    ruled = {
        (rule.layer, zone_class)
        for rule in book.in_force(date(2026, 11, 1))
        for zone_class in (rule.zone_classes or (catalog[rule.layer].allowed_classes if rule.layer else ()))
        if rule.geometry == "hit"
    }
    assert wanted - ruled == set()


def test_manual_rules_are_those_nobody_could_read_or_measure(book: Rulebook) -> None:
    manual = {rule.family for rule in book.rules if rule.manual}
    part_read = {"MN-04", "MN-05", "MN-06", "MN-07", "LH-01", "HA-01", "ZR-01", "RW-03", "FG-03", "WL-05"}
    unmeasured = {"GL-03", "AP-02", "ML-01", "NS-01", "SE-03", "CZ-01"}
    assert manual == {"RV-02", "RV-03", "RV-05", "BA-01"} | part_read | unmeasured


def test_switched_off_rule_is_not_in_force_but_stays_listed() -> None:
    book = load_rulebook(switched_off=[("TH-01", "试行期间不用")])
    assert "TH-01" not in {rule.id for rule in book.in_force(date(2026, 11, 1))}
    assert book.get("TH-01").id == "TH-01" and book.switched_off == (("TH-01", "试行期间不用"),)


def test_load_refuses_unknown_switched_off_id_and_duplicate_at_once() -> None:
    with pytest.raises(RuleError, match="TH-01 出现 2 次") as caught:
        load_rulebook(switched_off=[("NO-99", "无")], extra=[a_rule(id="TH-01")])
    assert len(caught.value.problems) == 2 and "NO-99 不存在" in str(caught.value)


def test_extra_rules_take_their_place_in_order() -> None:
    ids = [rule.id for rule in load_rulebook(extra=[a_rule(id="AA-01")]).rules]
    assert ids[0] == "AA-01"


def test_get_names_the_missing_rule(book: Rulebook) -> None:
    with pytest.raises(RuleError, match="没有编号为 NO-99 的规则"):
        book.get("NO-99")


@pytest.mark.parametrize(
    ("rule_id", "family"),
    [
        ("WS-01-2018", "WS-01"),
        ("ECO-01-2026C", "ECO-01"),
        ("ECO-A01", "ECO-A01"),
        ("ZH13080210001-3-2021", "ZH13080210001-3"),
    ],
)
def test_family_drops_the_year(rule_id: str, family: str) -> None:
    assert a_rule(id=rule_id).family == family


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"geometry": "hit"}, "未给 layer"),
        ({"geometry": "within", "layer": "receptors"}, "within 需要"),
        ({"effective_to": date(2019, 1, 1)}, "失效日期早于施行日期"),
        ({"unless": [{"reason": "空"}]}, "例外条款不得为空"),
        ({"basis": []}, "at least 1 item"),
    ],
)
def test_incoherent_rule_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        a_rule(**changes)


def test_rule_file_reports_all_faulty_rows_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('[[rule]]\nid = "A-1"\n[[rule]]\nid = "a-2"\n', encoding="utf-8")
    with pytest.raises(RuleError, match="bad.toml A-1 title") as caught:
        read_rule_file(path)
    assert any("a-2" in problem for problem in caught.value.problems)


def test_rule_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[[rule", encoding="utf-8")
    with pytest.raises(RuleError, match="bad.toml 无法读取"):
        read_rule_file(path)


def test_wheel_data_are_plain_toml() -> None:
    folder = Path(__file__).parents[1] / "cdgis" / "data" / "rules"
    assert all(tomllib.loads(path.read_text(encoding="utf-8"))["rule"] for path in folder.glob("*.toml"))


HEADINGS = ['[[rules]]\nid = "A"\n', "rule = 5\n", 'rule = ["a"]\n', '[rule]\nid = "A"\n', "[[rule]]\n[rule.1]\n", "x = 1\n", "[[amend]]\nid = 'A'\n"]


@pytest.mark.parametrize("text", HEADINGS)
def test_rules_written_under_another_heading_are_refused_never_left_out(tmp_path, text):
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=r"own.toml"):
        read_rule_file(tmp_path / "own.toml")


def test_faults_of_all_shipped_files_are_told_at_once(monkeypatch):
    def broken(path):
        raise RuleError((f"{path.name} 坏",))

    monkeypatch.setattr(rule_files, "_toml_of", broken)
    with pytest.raises(RuleError) as raised:
        rule_files._rules_of.__wrapped__(current_packs())
    assert len(raised.value.problems) > 5


def test_rules_are_found_by_id_and_family_as_by_looking_at_all(book: Rulebook) -> None:
    wanted = [book.rules[place].id for place in (7, 3, 3, 90)]
    assert book.named([*wanted, "没有"]) == [rule for rule in book.rules if rule.id in wanted]
    for family in {rule.family for rule in book.rules[::9]} | {"没有"}:
        assert list(book.of_family(family)) == [rule for rule in book.rules if rule.family == family]
