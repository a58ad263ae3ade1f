"""What changes between two days of law: nothing more and nothing less than the two books differ by."""

import io
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from shapes import metres, rule, sites
from small_workspace import small_workspace
from typer.testing import CliRunner

from cdgis.cli.app import app
from cdgis.core.errors import UsageError
from cdgis.core.progress import Silent
from cdgis.pipelines.rule_differences import RuleDifferences, judged_differences, rule_differences, write_differences
from cdgis.readers.loading import load_workspace
from cdgis.rules import Rulebook, load_rulebook
from cdgis.rules.rule_changes import BEGINS, CHANGES, ENDS, PASSES, rule_changes
from cdgis.workspace.settings import open_workspace

BOOK = load_rulebook()
FIRST, LAST = date(2026, 8, 14), date(2026, 11, 1)
day = st.integers(0, 2500).map(lambda n: date(2020, 1, 1) + timedelta(days=n))


@settings(max_examples=60)
@given(day, day)
def test_the_old_book_with_the_changes_is_the_new_book(a, b):
    before, after = sorted((a, b))
    if before == after:
        with pytest.raises(UsageError, match="应早于"):
            rule_changes(BOOK, before, after)
        return
    ids = {r.id for r in BOOK.in_force(before)}
    for change in rule_changes(BOOK, before, after):
        if change.change == PASSES:
            assert change.old is not None and change.old.id not in ids
            continue
        if change.old:
            ids.remove(change.old.id)
        if change.new:
            assert change.new.id not in ids
            ids.add(change.new.id)
        assert before < change.day <= after
        assert (change.rule.in_force(change.day)) == (change.new is not None)
    assert ids == {r.id for r in BOOK.in_force(after)}


def test_a_family_that_goes_on_is_one_change_with_the_parts_that_differ():
    old = rule("A-01-2018", "zone", "限制", effective_to=FIRST, effective_from=date(2018, 1, 1), clause="旧")
    new = rule("A-01-2026", "zone", "禁止", effective_from=date(2026, 8, 15), clause="新")
    gone = rule("B-01", "zone", effective_from=date(2018, 1, 1), effective_to=date(2026, 9, 1))
    short = rule("C-01", "zone", effective_from=date(2026, 9, 1), effective_to=date(2026, 9, 30))
    come = rule("D-01", "zone", effective_from=LAST)
    changes = rule_changes(Rulebook(rules=(old, new, gone, short, come)), FIRST, LAST)
    assert [(c.change, c.rule.id, c.day) for c in changes] == [
        (CHANGES, "A-01-2026", date(2026, 8, 15)), (PASSES, "C-01", date(2026, 9, 1)), (ENDS, "B-01", date(2026, 9, 2)),
        (BEGINS, "D-01", LAST),
    ]  # fmt: skip
    assert {"效力", "条文"} <= set(changes[0].what)


RULE = """
[[rule]]
id = "TX-01"
title = "示例禁止"
level = "市"
layer = "ecological_redline"
project_types = ["新建"]
types_reason = "示例"
effect = "禁止"
dimension = "空间布局约束"
clause = "示例条款：禁止新建。"
basis = [{ document = "示例", issuer = "示例", mark = "示例条款" }]
effective_from = 2026-10-01
geometry = "within"
distance_m = 500
source = "示例"
mark = "示例条款"
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> RuleDifferences:
    root = small_workspace(tmp_path_factory.mktemp("law"))
    (root / "rules").mkdir()
    (root / "rules" / "示例.toml").write_text(RULE, "utf-8")
    loaded = load_workspace(open_workspace(root), as_of=None, progress=Silent())
    near, far = metres(1200, 100, 1300, 200), metres(-8000, -8000, -7900, -7900)
    return judged_differences(loaded, date(2026, 9, 30), date(2026, 10, 1), subjects=sites([near, far]))


def test_only_the_subject_within_the_new_rule_changes_and_the_rule_is_named(found):
    assert list(found.rules["rule_id"]) == ["TX-01"]
    assert found.verdicts is not None and found.judged_count == 2
    (row,) = found.verdicts.to_dict("records")
    assert (row["subject_id"], row["new_verdict"], row["rule_ids"]) == ("S000", "不符合", "TX-01")
    assert row["old_verdict"] != "不符合"


def test_the_suffix_says_the_format_and_all_formats_hold_both_tables(found, tmp_path):
    csv = write_differences(found, tmp_path / "变更.csv")
    assert [path.name for path in csv] == ["变更.csv", "变更_结论.csv"]
    assert all("TX-01" in content.decode("utf-8-sig") for content in csv.values())
    (sheet,) = write_differences(found, tmp_path / "变更.xlsx").values()
    book = load_workbook(io.BytesIO(sheet))
    assert book.sheetnames == ["规则变更", "结论变更"]
    assert [cell.value for cell in book["规则变更"][2]][:3] == ["新施行", "2026-10-01", "TX-01"]
    (page,) = write_differences(found, tmp_path / "变更.html").values()
    text = page.decode("utf-8")
    assert 'data-rule="TX-01"' in text and 'data-subject="S000"' in text and "http" not in text.replace("http-equiv", "")
    assert write_differences(found, tmp_path / "变更.xlsx") == write_differences(found, tmp_path / "变更.xlsx")
    with pytest.raises(UsageError, match=r"\.csv、\.xlsx、\.html"):
        write_differences(found, tmp_path / "变更.pdf")


def test_the_command_lists_the_change_of_august_and_overwrites_nothing(tmp_path):
    file = tmp_path / "变更.html"
    call = ["rules", "diff", "--from", "2026-08-14", "--to", "2026-11-01", "--out", str(file)]
    said = CliRunner().invoke(app, call)
    assert said.exit_code == 0
    expected = rule_differences(BOOK, FIRST, LAST).rules
    assert f"共 {len(expected)} 条" in said.stdout and "WS-01-2026" in said.stdout
    before = file.read_bytes()
    file.write_bytes(before + b" ")
    assert CliRunner().invoke(app, call).exit_code != 0
    assert file.read_bytes() == before + b" "
