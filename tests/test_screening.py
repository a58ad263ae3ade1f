"""What a screening report says must be what the tables say, and what the day's law is must show."""

import io
import json
from dataclasses import replace
from datetime import date
from functools import cache

import pandas as pd
import pytest
from docx import Document
from report_fixtures import make_assessment

from cdgis.core.errors import ReportError
from cdgis.core.vocabulary import InputRecord
from cdgis.report.screening import (
    Casebook,
    Composer,
    JournalExtract,
    Review,
    compose_report,
    load_report,
    report_json,
    with_journal,
)
from cdgis.report.screening.bases import bases_of, declared_date
from cdgis.report.screening.cells import count_text, stability_text
from cdgis.report.screening.clauses import joined, merge_levels
from cdgis.report.screening.docx import render_docx
from cdgis.report.screening.html import render_screening
from cdgis.results.report_numbers import input_digest, report_numbers
from cdgis.results.tables.validation import TABLES, validate
from cdgis.rules import Basis, Rule, Rulebook
from cdgis.workspace.settings import Settings

P0 = "P000"
"""Judged 不符合, a quarter inside the red line."""


@cache
def _report(subject_id=P0):
    return compose_report(make_assessment(), subject_id)


def _with(table, **changes):
    a = make_assessment()
    return replace(a, tables={**a.tables, table: validate(table, a.tables[table].assign(**changes))})


def test_conclusion_names_verdict_decisive_clause_article_and_area():
    c = _report().conclusion
    assert (c.verdict, c.label, c.stability, c.critical_distance_m) == ("不符合", "不符合", "临界", 12.345)
    (clause,) = c.decisive
    assert clause.rule_ids == ("ECO-02",) and "第六十七条" in clause.bases[0] and clause.text.endswith("条文全文。")
    assert clause.zones[0].area_m2 == pytest.approx(0.25 * 934284.309) and clause.conformity == "不符合"


def test_occupation_equals_the_overlap_table_and_the_strictest_zone_comes_first():
    table = make_assessment().tables["overlaps"]
    rows = table[(table["subject_id"] == P0) & (table["relation"] != "near")]
    shown = {(r.zone.layer, r.zone.zone_id): (r.zone.area_m2, r.zone.share) for r in _report().occupation.rows}
    assert shown == {(r.layer, r.zone_id): (r.area_m2, r.share) for r in rows.itertuples()}
    assert _report().occupation.rows[0].zone.layer == "ecological_redline"
    assert [r.control for r in _report().occupation.rows] == ["禁止", "须论证"]


def test_ledger_closes_in_the_report_as_in_the_table():
    for row in _report().occupation.ledger:
        assert row.inside + row.outside + row.uncovered == pytest.approx(row.total)


def test_hard_line_is_told_with_area_when_hit_and_with_distance_when_clear():
    lines = {line.key: line for line in _report().hard_lines}
    assert lines["redline"].status == "涉及" and "没有可适用的例外情形" in lines["redline"].sentence
    assert "未核实" in lines["redline"].wording_note
    assert f"{0.25 * 934284.309:,.2f}" in lines["redline"].sentence
    assert (lines["water_source"].status, lines["water_source"].distance_m) == ("不涉及", 88.25)
    assert lines["farmland"].status == "缺图层" and "不能判断" in lines["farmland"].sentence


INDUSTRY_OF = {"A06": "4812", "A05": "7862", "国家重大项目": "4811"}


@pytest.mark.parametrize(
    ("activity", "attributes", "words"),
    [
        ("A06", {"opinion_document": "冀政函〔2026〕1号"}, "已填认定意见 冀政函〔2026〕1号（凭申报文号，未核验）"),
        ("A06", {"opinion_document": "申请中"}, "未提供认定意见"),
        (
            "A06", {"opinion_document": "冀政函〔2026〕1号", "opinion_document_seen": "某经办人"},
            "已填认定意见 冀政函〔2026〕1号（登记核验人 某经办人）",
        ),
        ("A06", {"new_construction_land": "false"}, "在红线范围内不申请用地"),
        ("A05", {}, "未提供认定意见"),
        ("国家重大项目", {"opinion_document": "冀论〔2026〕1号"}, "已填不可避让论证意见 冀论〔2026〕1号"),
        ("国家重大项目", {}, "未提供不可避让论证意见"),
        ("开发性生产性建设", {}, "没有可适用的例外情形"),
    ],
)
def test_red_line_situation_follows_what_was_declared(activity, attributes, words):
    a = _with("subjects", activity=activity, industry=INDUSTRY_OF.get(activity, "1371"))
    given = pd.DataFrame([{"subject_id": P0, "attribute": k, "value": v, "unit": ""} for k, v in attributes.items()])
    columns = TABLES["attributes"].names
    table = validate("attributes", given) if attributes else pd.DataFrame(columns=columns)
    lines = compose_report(replace(a, tables={**a.tables, "attributes": table}), P0).hard_lines
    assert words in lines[0].sentence


def test_outside_its_coverage_a_layer_proves_nothing():
    a = make_assessment()
    ledger = a.tables["ledger"]
    where = (ledger["subject_id"] == "P001") & (ledger["layer"] == "management_units")
    changed = ledger.assign(layer=ledger["layer"].mask(where, "ecological_redline"))
    changed.loc[where, ["inside", "uncovered"]] = [0.0, 934285.309]
    report = compose_report(replace(a, tables={**a.tables, "ledger": validate("ledger", changed)}), "P001")
    line = report.hard_lines[0]
    assert line.status == "未覆盖" and "不能证明不涉及" in line.sentence
    assert any("覆盖范围以外" in gap for gap in report.data.gaps)


def test_every_finding_stands_in_part_four_and_manual_ones_verbatim():
    report = _report()
    part = report.unit_part
    told = [*part.upper, *part.set_aside, *(c for table in part.units for c in table.clauses)]
    findings = make_assessment().tables["findings"]
    mine = findings[findings["subject_id"] == P0]
    assert {i for c in told for i in c.rule_ids} == set(mine["rule_id"])
    manual = [c for c in told if c.state == "manual"]
    assert [c.text for c in manual] == mine[mine["state"] == "manual"]["clause"].tolist()
    assert all(c.conformity == "需核实" for c in manual)
    assert all(c.conformity == "符合" and c.reason.startswith("不涉及") for c in part.set_aside)


def test_unit_clause_and_its_copy_at_city_level_stand_once_with_both_bases():
    a = make_assessment()
    city = a.rulebook.get("ZU-02")
    unit = city.model_copy(
        update={"id": "ZH130-1", "level": "单元", "clause": f"【示例】{city.clause}", "basis": (Basis(document="清单"),)}
    )
    findings = a.tables["findings"]
    row = findings[(findings["subject_id"] == "P002") & (findings["rule_id"] == "ZU-02")].iloc[0]
    copy = row.to_dict() | {"rule_id": unit.id, "level": "单元", "clause": unit.clause, "basis": unit.basis_text}
    both = validate("findings", pd.concat([findings, pd.DataFrame([copy])], ignore_index=True))
    book = Rulebook(rules=(*a.rulebook.rules, unit))
    report = compose_report(replace(a, tables={**a.tables, "findings": both}, rulebook=book), "P002")
    (clause,) = [c for table in report.unit_part.units for c in table.clauses]
    assert clause.rule_ids == ("ZH130-1", "ZU-02") and clause.levels == ("市", "单元") and len(clause.bases) == 2
    assert all("ZU-02" not in c.rule_ids for c in report.unit_part.upper)


def test_same_text_with_another_outcome_stays_apart():
    first = _report().unit_part.upper[0]
    assert len(merge_levels([first, replace(first, state="unknown")])) == 2
    assert len(merge_levels([first, replace(first, rule_ids=("X",), levels=("省",))])) == 1


def test_a_clause_alone_is_what_joining_makes_of_it():
    """So those of one text alone need no joining."""
    book = Casebook(make_assessment())
    clauses = [clause for case in book.all() for clause in case.clauses]
    assert len(clauses) > 20 and all(joined([clause]) == clause for clause in clauses)
    both = joined(clauses[:2])
    assert joined([both]) == both != clauses[0]


def test_undecided_strict_clause_is_named_with_what_is_missing():
    report = _report("P004")
    assert report.conclusion.at_least == "有条件符合"
    (clause,) = report.conclusion.open
    assert clause.rule_ids == ("WS-02",) and [f.name for f in clause.missing] == ["discharges_pollutants"]
    (question,) = report.data.questions
    assert question.option.startswith("--attr discharges_pollutants=") and question.rule_ids == ("WS-02",)


def _rule(rule_id, start, end=None, article="第一条"):
    return Rule(
        id=rule_id, title="水源", level="国家", layer="water_source_zones", effect="禁止", dimension="空间布局约束",
        clause="条", basis=(Basis(document="水法" if end else "法典", article=article, mark="S"),), effective_from=start,
        effective_to=end, source="测试", mark="S",
    )  # fmt: skip


OLD = _rule("WS-01-2018", date(2018, 1, 1), date(2026, 8, 14))
NEW = _rule("WS-01-2026", date(2026, 8, 15))


@pytest.mark.parametrize(
    ("declared_on", "as_of", "pairs"),
    [
        (date(2026, 8, 14), date(2026, 11, 1), 1),
        (date(2026, 8, 15), date(2026, 11, 1), 0),
        (None, date(2026, 11, 1), 0),
        (date(2026, 8, 1), date(2026, 8, 14), 0),
    ],
)
def test_both_bases_are_printed_only_when_the_law_changed_in_between(declared_on, as_of, pairs):
    used = NEW if as_of >= NEW.effective_from else OLD
    clause = replace(_report().unit_part.upper[0], rule_ids=(used.id,))
    part = bases_of([clause], Rulebook(rules=(OLD, NEW)), as_of=as_of, declared_on=declared_on)
    found = [pair for straddle in part.straddles for pair in straddle.pairs]
    assert len(found) == pairs
    assert all((p.before_id, p.after_id) == ("WS-01-2018", "WS-01-2026") for p in found)
    assert [row.document for row in part.rows] == ["法典" if used is NEW else "水法"]


def test_both_changes_of_2026_are_told_when_both_lie_in_between():
    part = bases_of([], Rulebook(rules=()), as_of=date(2026, 11, 1), declared_on=date(2026, 1, 1))
    assert [s.changed_on for s in part.straddles] == ["2026-03-15", "2026-08-15"]
    assert "一千零五十七条" in part.straddles[1].note


def test_approval_date_in_the_fixture_straddles_the_code():
    assert [s.declared_date for s in _report().bases.straddles] == ["2026-08-14"]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-08-14", date(2026, 8, 14)), ("2025年", date(2025, 1, 1)), ("2026年8月", date(2026, 8, 1)), ("无", None)],
)
def test_declared_date_is_read_in_every_spelling(text, day):
    assert declared_date({"approval_date": text}) == declared_date({"application_date": text}) == day


def test_earlier_of_application_and_approval_dates_the_act():
    both = {"application_date": "2026-07-01", "approval_date": "2026-09-01"}
    assert declared_date(both) == date(2026, 7, 1)
    assert declared_date({**both, "application_date": "不详"}) == date(2026, 9, 1)


def test_each_basis_is_listed_once():
    documents = [row.document for row in _report().bases.rows]
    assert documents and len(documents) == len(set(documents))


def test_valid_period_is_counted_from_the_day_of_judgement():
    a = make_assessment()
    a = replace(a, settings=a.settings.model_copy(update={"report_valid_days": 30}))
    declaration = compose_report(a, P0).declaration
    assert (declaration.valid_from, declaration.valid_until) == ("2026-11-01", "2026-12-01")


def test_json_is_canonical_and_comes_back_as_the_same_report():
    content = report_json(_report())
    assert report_json(load_report(content)) == content == report_json(compose_report(make_assessment(), P0))
    assert json.dumps(json.loads(content), sort_keys=True, ensure_ascii=False, indent=1) + "\n" == content.decode()


@pytest.mark.parametrize(
    "content", [b"[]", b"{}", b"no", b'{"schema": "cdgis-screening/1"}'], ids=["list", "empty", "text", "hollow"]
)
def test_what_is_no_report_is_refused(content):
    with pytest.raises(ReportError, match="cdgis screen"):
        load_report(content)


def test_report_number_follows_from_the_json_alone():
    a = make_assessment()
    digest = input_digest(a.inputs, a.settings, a.as_of, a.version)
    own = {name: t for name, t in a.tables.items() if "subject_id" in t.columns}
    numbered = replace(a, report_numbers=report_numbers(own, digest, a.as_of))
    read = json.loads(report_json(compose_report(numbered, P0)))
    inputs = [InputRecord(**row) for row in read["inputs"]]
    again = input_digest(inputs, Settings(**read["settings"]), date.fromisoformat(read["as_of"]), read["version"])
    tables = {
        name: validate(name, pd.DataFrame(rows, columns=TABLES[name].names))
        for name, rows in read["record"].items()
        if name != "intake"
    }
    assert report_numbers(tables, again, a.as_of)[P0] == read["report_number"] == numbered.report_numbers[P0]


def test_officers_decision_stands_beside_the_finding_and_changes_nothing_else():
    review = Review(
        rule_id="ECO-02", zone_id="HX02", original="禁止 适用", decision="不同意", reason="现场核实", officer="张三",
        recorded_at="2026-11-02",
    )  # fmt: skip
    extract = JournalExtract(length=3, head_sha256="ab" * 32, reviews=(review,))
    marked = with_journal(_report(), extract)
    assert marked.conclusion.decisive[0].reviews == (review,)
    assert marked.declaration.journal == extract
    assert (marked.conclusion.verdict, marked.record) == (_report().conclusion.verdict, _report().record)
    assert sum(bool(c.reviews) for c in marked.unit_part.upper) == 1
    # Bytes, because NaN is not equal to itself.
    assert report_json(compose_report(make_assessment(), P0, journal=extract)) == report_json(marked)


def test_decision_on_another_zone_is_not_shown():
    review = Review(
        rule_id="ECO-02", zone_id="HX99", original="", decision="同意", reason="-", officer="-", recorded_at="-"
    )
    marked = with_journal(_report(), JournalExtract(length=1, head_sha256="0" * 64, reviews=(review,)))
    assert not marked.conclusion.decisive[0].reviews


def test_what_already_stands_is_not_told_to_choose_another_site():
    assert "选址" in _report().conclusion.sentence
    existing = compose_report(_with("subjects", project_type="既有"), P0).conclusion
    assert "退出" in existing.sentence and "选址" not in existing.sentence and existing.heading == "存量核查结论"


def test_unknown_subject_is_refused():
    with pytest.raises(ReportError, match="没有对象 P999"):
        compose_report(make_assessment(), "P999")


def test_every_subject_of_a_run_has_a_report():
    composer = Composer(make_assessment())
    assert [composer.report(i).subject_id for i in composer.subject_ids()] == list(composer.subject_ids())
    assert len(composer.subject_ids()) == 20


def _findings(subject_id, **changes):
    """The fixture's assessment with other values in one subject's findings."""
    a = make_assessment()
    table = a.tables["findings"].copy()
    for name, value in changes.items():
        table.loc[table["subject_id"] == subject_id, name] = value
    return replace(a, tables={**a.tables, "findings": validate("findings", table)})


def test_zones_that_share_a_finding_keep_their_names():
    a = _findings(P0, layer="ecological_redline", zone_id="HX02;HX09")
    (clause,) = compose_report(a, P0).conclusion.decisive
    assert [(z.zone_id, z.zone_name) for z in clause.zones] == [("HX02", "单元"), ("HX09", "")]
    row = next(r for r in compose_report(a, P0).occupation.rows if r.zone.zone_id == "HX02")
    assert row.control == "禁止"


def test_counts_add_up_to_the_rules_in_force():
    c = _report().conclusion
    concerned = c.applies_count + c.hint_count + c.unknown_count + c.manual_count + c.not_applicable_count
    assert (c.rule_count, concerned, c.in_force_count) == (4, 4, 7)
    assert "在其区内但不适用 1 条；其余 3 条不适用" in count_text(_report().conclusion)


def test_caveats_stand_beside_the_verdict_in_every_rendering():
    report = compose_report(_with("verdicts", caveats="决定性条款未核实;凭申报文号，未核验"), P0)
    assert report.conclusion.caveats == ("决定性条款未核实", "凭申报文号，未核验")
    beside = "〔决定性条款未核实；凭申报文号，未核验〕"
    assert beside in render_screening(report).decode()
    paragraphs = [p.text for p in Document(io.BytesIO(render_docx(report))).paragraphs]
    assert f"研判结论：不符合{beside}" in paragraphs


def test_penalty_and_note_of_a_clause_are_printed():
    a = make_assessment()
    rules = tuple(r.model_copy(update={"penalty": "第1145条：罚款", "note": "范围为判断"}) for r in a.rulebook.rules)
    page = render_screening(compose_report(replace(a, rulebook=Rulebook(rules=rules)), P0)).decode()
    assert "罚则：第1145条：罚款" in page and "说明：范围为判断" in page


def test_date_known_to_the_year_is_printed_as_a_year():
    page = render_screening(compose_report(_findings(P0, effective_from="2021"), P0)).decode()
    assert "在效：2021 年起（只知年份）" in page and "2021-01-01" not in page


def test_what_no_option_supplies_is_a_gap_and_no_question():
    report = compose_report(_findings("P004", missing_attribute="图层覆盖"), "P004")
    told = json.loads(report_json(report))
    assert "--attr 图层覆盖" not in report_json(report).decode()
    assert sum("须补充覆盖该处的图层" in gap for gap in told["data"]["gaps"]) == 1
    assert {fact.title for clause in report.conclusion.open for fact in clause.missing} == {"该处的图层数据"}


def test_stability_that_cannot_be_told_is_said_so():
    report = compose_report(_with("verdicts", stability="无法判断", critical_distance_m=float("nan")), P0)
    assert stability_text(report.conclusion).startswith("无法判断：项目所在处图层不全")


def test_verdict_not_known_yet_is_not_called_stable():
    report = compose_report(_with("verdicts", verdict="资料不足", stability="稳定", critical_distance_m=463.1), P0)
    assert stability_text(report.conclusion).startswith("结论未定，已知部分稳定：边界移动 463.1 米 即可能改变已知部分")
