"""A rule goes to Excel and comes back the same; a faulty row changes nothing."""

import io
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from shapes import rule

from cdgis.core.errors import RuleError
from cdgis.core.vocabulary import ACTIVITIES, Evidence
from cdgis.pipelines.rule_export import export_rules
from cdgis.pipelines.rule_import import editable, import_rules
from cdgis.readers.loading import Loaded
from cdgis.rules import load_rulebook, read_rule_file
from cdgis.rules.attributes import load_attributes
from cdgis.rules.columns import COLUMNS
from cdgis.rules.notation import (
    read_basis,
    read_conditions,
    read_unless,
    read_words,
    write_basis,
    write_conditions,
    write_unless,
    write_words,
)
from cdgis.rules.rule import Basis, Condition, Exemption, Rule
from cdgis.rules.sheet import SHEET, read_sheet, write_sheet
from cdgis.rules.workspace_rules import read_own_rules, rules_toml
from cdgis.workspace.catalog import read_catalog
from cdgis.workspace.settings import Settings, Workspace

ROOT = Path(__file__).parents[1]
ATTRIBUTES = load_attributes()
BOOK = load_rulebook()
PLACE = {column.field: number for number, column in enumerate(COLUMNS, start=1)}

SIGNS = "甲乙aZ9 \t\n\"\\《》（）〔〕；、{}=<>≠≤≥含是否属于已申报,.;:'|&\u2028_x000A_"
words = st.text(alphabet=SIGNS, min_size=1, max_size=8)
texts = st.text(alphabet=SIGNS, max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(st.none(), texts, numbers, st.lists(texts, max_size=3).map(tuple))
conditions = st.builds(
    Condition,
    attribute=st.one_of(words, st.sampled_from(sorted(ATTRIBUTES))),
    op=st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge", "in", "has", "true", "false", "declared", "not_declared"]),
    value=values,
    unit=texts,
)
word_lists = st.lists(words, max_size=3).map(tuple)
exemptions = st.builds(
    Exemption,
    activities=st.lists(st.one_of(words, st.sampled_from(ACTIVITIES)), min_size=1, max_size=3).map(tuple),
    conditions=st.lists(conditions, max_size=2).map(tuple),
    reason=texts, article=texts, successors=word_lists, any_industry=texts,
)
bases = st.builds(Basis, document=texts, article=texts, issuer=texts, mark=st.sampled_from(list(Evidence)))
days = st.dates(date(1950, 1, 1), date(2020, 1, 1))
rules = st.builds(
    Rule,
    id=st.from_regex(r"\A[A-Z0-9][A-Za-z0-9.\-]{0,12}\Z"),
    title=texts.filter(bool), level=st.sampled_from(["国家", "省", "市", "单元"]), layer=words,
    zone_classes=word_lists, zone_ids=word_lists, geometry=st.sampled_from(["hit", "within", "none", "engine"]),
    distance_m=numbers, distance_attribute=st.sampled_from(["", *sorted(ATTRIBUTES)]),
    subject_kinds=st.sampled_from([("project",), ("enterprise",), ("project", "enterprise"), ()]),
    project_types=st.lists(st.sampled_from(["新建", "既有"]), max_size=2).map(tuple),
    types_reason=texts, effect_reason=texts, certain_m=st.none(),
    activities=word_lists, industry_prefixes=st.lists(st.from_regex(r"\A\d{2,4}\Z"), max_size=3).map(tuple),
    industry_flag=st.sampled_from([None, "two_high", "water_sensitive"]), or_declared=st.none() | conditions,
    conditions=st.lists(conditions, max_size=3).map(tuple), unless=st.lists(exemptions, max_size=2).map(tuple),
    effect=st.sampled_from(["禁止", "退出", "鼓励"]), dimension=st.sampled_from(["空间布局约束", "环境风险防控"]),
    clause=texts.filter(bool), basis=st.lists(bases, min_size=1, max_size=2).map(tuple), effective_from=days,
    effective_to=st.none() | st.dates(date(2020, 1, 1), date(2090, 1, 1)),
    date_precision=st.sampled_from(["day", "month", "year"]), plan_measure=texts, source=texts.filter(bool),
    mark=st.sampled_from(list(Evidence)), needs_review=st.booleans(), manual=st.booleans(),
    validity_risk=texts, penalty=texts, note=texts,
)  # fmt: skip
NEW = {"project_types": ["新建"], "types_reason": "条文写“新建”"}
TITLES = {name: spec.title for name, spec in ATTRIBUTES.items()}
NAMES = {spec.title: name for name, spec in ATTRIBUTES.items()}


@given(st.lists(conditions, max_size=3).map(tuple))
def test_conditions_come_back_the_same(made):
    assert read_conditions(write_conditions(made, TITLES), NAMES) == made


@given(st.lists(exemptions, max_size=3).map(tuple))
def test_exemptions_come_back_the_same(made):
    assert read_unless(write_unless(made, TITLES), NAMES) == made


@given(st.lists(bases, max_size=3).map(tuple))
def test_bases_come_back_the_same(made):
    assert read_basis(write_basis(made)) == made


@given(word_lists)
def test_words_come_back_the_same(made):
    assert read_words(write_words(made)) == made


@settings(max_examples=10)
@given(st.lists(rules, max_size=3, unique_by=lambda r: r.id))
def test_rules_come_back_the_same_from_a_workbook(made):
    found = read_sheet(write_sheet(made, ATTRIBUTES), ATTRIBUTES, name="x.xlsx")
    assert found.faults == () and found.rules == tuple(made)


@settings(max_examples=10)
@given(made=st.lists(rules, max_size=3, unique_by=lambda r: r.id))
def test_rules_come_back_the_same_from_toml(made, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "round.toml"
    path.write_bytes(rules_toml(made).encode("utf-8"))
    assert read_rule_file(path) == tuple(made)


def test_shipped_rules_come_back_the_same():
    data = write_sheet(BOOK.rules, ATTRIBUTES)
    assert read_sheet(data, ATTRIBUTES, name="x.xlsx").rules == BOOK.rules
    assert write_sheet(BOOK.rules, ATTRIBUTES) == data


def test_cells_read_as_a_person_would_write_them():
    furnace = BOOK.get("EQ-01")
    assert write_conditions(furnace.conditions, TITLES).endswith("高炉有效容积 < 1000（m3）")
    loose = read_conditions('高炉有效容积<1000（ m3 ）； 主要装备 含 "反射炉"、"坩埚"；two_high 是', NAMES)
    assert [(c.attribute, c.op, c.value, c.unit) for c in loose] == [
        ("blast_furnace_volume_m3", "lt", 1000.0, "m3"), ("equipment", "has", ("反射炉", "坩埚"), ""), ("two_high", "true", None, "")
    ]  # fmt: skip
    assert read_conditions("area_m2 >= 400", {})[0].op == "ge"
    assert read_basis("《法典（2026）》第60条") == (Basis(document="法典（2026）", article="第60条"),)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (lambda t: read_conditions(t, {}), "two_high", "“（已到末尾）”处看不懂：此处应为 ="),
        (lambda t: read_conditions(t, {}), "a = b", "此处应为数值或加英文双引号的文字"),
        (lambda t: read_conditions(t, {}), "a = true", "条件的值应为数值或文字"),
        (lambda t: read_conditions(t, {}), "a 是 b 是", "“b 是”处看不懂：此处应为数值"),
        (lambda t: read_conditions(t, {}), "a 是（t", "此处应为 ）"),
        (lambda t: read_unless(t, {}), "{理由 好}", "例外条款不得为空"),
        (lambda t: read_unless(t, {}), "{别的}", "例外由 活动、条件、条款、接手、行业、不限行业、理由 组成"),
        (lambda t: read_unless(t, {}), "活动 A01", "此处应为 {"),
        (read_basis, "法典第1条", "此处应为 《"),
        (read_basis, "《》", "此处应为文件名称"),
        (read_words, "甲 乙", "多出的内容"),
    ],
)
def test_cell_that_cannot_be_read_says_where(read, text, message):
    with pytest.raises(RuleError) as caught:
        read(text)
    assert message in str(caught.value)


def edited(data: bytes, *changes: tuple[int, str, object]) -> bytes:
    """Return the workbook with cells (row, field, value) replaced."""
    book = load_workbook(io.BytesIO(data))
    for row, field, value in changes:
        book[SHEET].cell(row, PLACE[field]).value = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.fixture
def loaded(tmp_path):
    chosen = Settings(name="测试", city="承德市", as_of=date(2026, 11, 1))
    space = Workspace(root=tmp_path, settings=chosen, catalog=read_catalog(ROOT / "layers" / "catalog.toml"))
    return Loaded(workspace=space, settings=chosen, as_of=chosen.as_of, layers={}, rulebook=BOOK, records=())


def reloaded(loaded):
    own = [one for found in read_own_rules(loaded.workspace.root).values() for one in found]
    return Loaded(
        workspace=loaded.workspace, settings=loaded.settings, as_of=loaded.as_of, layers={}, records=(),
        rulebook=load_rulebook(own=own),
    )  # fmt: skip


def row_of(rule_id: str) -> int:
    return [one.id for one in editable(BOOK)].index(rule_id) + 2


def test_importing_what_was_exported_changes_nothing(loaded):
    result = import_rules(loaded, export_rules(loaded, Path("x.xlsx")), name="x.xlsx")
    assert (result.added, result.changed, result.absent) == ((), (), ()) and result.unchanged_count == len(BOOK.rules)
    assert reloaded(loaded).rulebook.rules == BOOK.rules


def test_edited_row_replaces_the_shipped_rule_in_the_workspace_only(loaded):
    data = edited(
        export_rules(loaded, Path("x.xlsx")),
        (row_of("SO-02"), "clause", "改过的条文"),
        (row_of("SO-02"), "effective_from", datetime(2026, 1, 1)),
    )
    result = import_rules(loaded, data, name="x.xlsx")
    after = reloaded(loaded).rulebook
    assert result.changed == ("SO-02",) and after.replaced == ("SO-02",) and after.added == ()
    assert (after.get("SO-02").clause, after.get("SO-02").effective_from) == ("改过的条文", date(2026, 1, 1))
    assert len(read_own_rules(loaded.workspace.root)["workspace.toml"]) == 1
    assert load_rulebook().get("SO-02") == BOOK.get("SO-02")


def test_second_import_keeps_the_first_and_taking_an_edit_back_restores_the_shipped_rule(loaded):
    first = edited(export_rules(loaded, Path("x.xlsx")), (row_of("SO-02"), "clause", "改过的条文"))
    import_rules(loaded, first, name="x.xlsx")
    again = reloaded(loaded)
    import_rules(again, edited(export_rules(again, Path("x.xlsx")), (row_of("SO-03"), "note", "新说明")), name="x.xlsx")
    assert reloaded(again).rulebook.replaced == ("SO-02", "SO-03")
    import_rules(reloaded(again), export_rules(loaded, Path("x.xlsx")), name="x.xlsx")
    assert reloaded(again).rulebook.rules == BOOK.rules


def test_new_row_adds_a_rule_and_rows_left_out_stay_in_force(loaded):
    extra = rule("ZZ-01", "wetlands", clause="新条", basis=[{"document": "某法"}], **NEW)
    result = import_rules(loaded, write_sheet([extra], ATTRIBUTES), name="x.xlsx")
    after = reloaded(loaded).rulebook
    assert result.added == ("ZZ-01",) and len(result.absent) == len(BOOK.rules)
    assert after.added == ("ZZ-01",) and after.get("ZZ-01") == extra and len(after.rules) == len(BOOK.rules) + 1


def test_all_faults_are_told_by_row_and_nothing_is_written(loaded):
    a, b, c = row_of("SO-02"), row_of("SO-03"), row_of("EQ-01")
    data = edited(
        export_rules(loaded, Path("x.xlsx")), (a, "effect", "严禁"), (a, "clause", None), (b, "basis", "某法"), (b, "effective_from", "去年"),
        (c, "id", "eq 01"), (c, "subject_kinds", "人"), (row_of("SO-03C"), "id", "SO-03"),
    )  # fmt: skip
    with pytest.raises(RuleError) as caught:
        import_rules(loaded, data, name="规则.xlsx")
    text = str(caught.value)
    assert "规则没有改动" in text and not (loaded.workspace.root / "rules").exists()
    for fault in (
        f"第 {a} 行（SO-02）效力：读到“严禁”，应为 禁止、退出", f"第 {a} 行（SO-02）条文为空",
        f"第 {b} 行（SO-03）依据：“某法”处看不懂", f"第 {b} 行（SO-03）施行日期：读到“去年”",
        f"第 {c} 行（eq 01）对象：读到“人”", f"第 {row_of('SO-03C')} 行（SO-03）编号：与第 {b} 行重复",
    ):  # fmt: skip
        assert fault in text


def test_faults_of_the_table_as_a_whole_name_the_row(loaded):
    data = edited(export_rules(loaded, Path("x.xlsx")), (row_of("SO-02"), "layer", "没有的图层"))
    with pytest.raises(RuleError, match=rf"第 {row_of('SO-02')} 行（SO-02）图层 没有的图层 不在目录中"):
        import_rules(loaded, data, name="x.xlsx")


def test_a_sheet_with_two_columns_of_one_name_is_refused(loaded):
    book = load_workbook(io.BytesIO(export_rules(loaded, Path("x.xlsx"))))
    sheet = book.worksheets[0]
    title = sheet.cell(1, 3).value
    sheet.cell(1, sheet.max_column + 1).value = title
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(RuleError, match=f"有两列都叫 {title}"):
        import_rules(loaded, out.getvalue(), name="x.xlsx")


def test_schema_fault_names_its_column(loaded):
    data = edited(export_rules(loaded, Path("x.xlsx")), (row_of("SO-02"), "effective_to", "1999-01-01"))
    with pytest.raises(RuleError, match="失效日期早于施行日期"):
        import_rules(loaded, data, name="x.xlsx")


def test_rule_written_by_hand_is_changed_where_it_stands(loaded):
    folder = loaded.workspace.root / "rules"
    folder.mkdir()
    mine = rule("ZZ-01", "wetlands", **NEW)
    (folder / "手写.toml").write_text(rules_toml([mine]), encoding="utf-8")
    now = reloaded(loaded)
    changed = mine.model_copy(update={"clause": "另一条"})
    with pytest.raises(RuleError, match="第 2 行（ZZ-01）该规则写在 rules/手写.toml 中，请在那里修改"):
        import_rules(now, write_sheet([changed], ATTRIBUTES), name="x.xlsx")
    assert import_rules(now, write_sheet([mine], ATTRIBUTES), name="x.xlsx").unchanged_count == 1
    assert reloaded(now).rulebook.get("ZZ-01") == mine


def test_one_id_in_two_files_of_a_workspace_is_an_error(tmp_path):
    (tmp_path / "rules").mkdir()
    for name in ("a", "b"):
        (tmp_path / "rules" / f"{name}.toml").write_text(rules_toml([rule("ZZ-01", "wetlands")]), encoding="utf-8")
    (tmp_path / "rules" / "c.toml").write_text("x", encoding="utf-8")
    with pytest.raises(RuleError, match="规则 ZZ-01 在 rules/a.toml 和 rules/b.toml 中都有") as caught:
        read_own_rules(tmp_path)
    assert "rules/c.toml 无法读取" in str(caught.value)


def test_file_that_is_no_rule_sheet_is_refused():
    with pytest.raises(RuleError, match=r"x\.xlsx 不是可读的 XLSX"):
        read_sheet(b"PK", ATTRIBUTES, name="x.xlsx")
    book = load_workbook(io.BytesIO(write_sheet([], ATTRIBUTES)))
    book[SHEET].cell(1, 1).value = "代号"
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(RuleError, match=r"缺少列：编号(.|\n)*不认识的列：代号"):
        read_sheet(stream.getvalue(), ATTRIBUTES, name="x.xlsx")
    book[SHEET].title = "别的"
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(RuleError, match="没有工作表“规则”，读到 别的"):
        read_sheet(stream.getvalue(), ATTRIBUTES, name="x.xlsx")


def test_sheet_offers_lists_and_keeps_formulas_as_text():
    book = load_workbook(io.BytesIO(write_sheet([rule("ZZ-01", "wetlands", clause="=1+1")], ATTRIBUTES)))
    sheet = book[SHEET]
    assert sheet.cell(2, PLACE["clause"]).data_type == "s" and sheet.cell(2, PLACE["clause"]).value == "=1+1"
    lists = {str(check.sqref).split(":")[0][:-1] for check in sheet.data_validations.dataValidation}
    assert len(lists) == sum(bool(column.choices) for column in COLUMNS) >= 9
