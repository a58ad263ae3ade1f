"""`cdgis status`: which reports are still current, what changed under them, and what judging anew would say."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from small_workspace import new_redline, small_workspace

from cdgis.cli import main
from cdgis.pipelines.repeat_request import Repeater
from cdgis.pipelines.report_status import Currency, ReportStatus, clause_changes, status_of
from cdgis.workspace.settings import open_workspace

MADE, LATER = date(2026, 11, 20), date(2027, 6, 1)


def call(*args: object) -> object:
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    return ended.value.code or 0


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = small_workspace(tmp_path_factory.mktemp("status") / "区")
    site = root / "layers" / "projects" / "site.gpkg"
    options = ["--workspace", root, "--out", root / "reports", "--format", "html,json,docx,official", "--quiet"]
    assert call("screen", site, "--industry", "3011", "--project-type", "新建", *options) == 0
    return root


@pytest.fixture
def space(made, tmp_path):
    return shutil.copytree(made, tmp_path / "区")


def found(root: Path, *, on: date = MADE, name: str = "") -> list[ReportStatus]:
    workspace = open_workspace(root)
    return list(status_of(root / "reports" / name, workspace, on=on, again=Repeater(workspace, as_of=on)))


def test_untouched_report_is_current_and_told_once(made):
    (only,) = found(made)
    assert only.currency is Currency.CURRENT and (only.layers, only.clauses, only.outcome) == ((), (), ())
    assert only.valid_until == date(2027, 4, 30) and "示例" in only.about


@pytest.mark.parametrize("suffix", [".json", ".html", ".docx"])
def test_each_form_of_a_report_has_the_same_status(made, suffix):
    name = next((made / "reports").glob(f"*{suffix}")).name
    assert found(made, name=name)[0].currency is Currency.CURRENT


def test_day_after_the_last_is_expired_and_the_last_is_not(made):
    last = found(made)[0].valid_until
    assert [found(made, on=day)[0].expired for day in (last, date.fromordinal(last.toordinal() + 1))] == [False, True]


def test_redline_over_the_site_changes_the_outcome_and_is_named(space):
    new_redline(space / "layers" / "redline.gpkg")
    (only,) = found(space)
    assert only.currency is Currency.DIFFERENT
    assert [line for line in only.layers if line.startswith("ecological_redline")]
    text = "\n".join(only.outcome)
    assert not only.clauses and "不符合" in text and "新触发" in text and "压占 ecological_redline：0.00 → " in text


def test_layer_that_changed_elsewhere_leaves_the_outcome(space):
    from shapes import metres, write_layer

    red = {"id": ["H1", "H2"], "name": ["甲", "<b>乙"], "kind": ["红线一般区域"] * 2}
    write_layer(space / "layers" / "redline.gpkg", [metres(0, 0, 1000, 1000), metres(6000, 0, 6500, 500)], red)
    (only,) = found(space)
    assert only.currency is Currency.TOUCHED and only.outcome == () and len(only.layers) == 1


def test_layer_saved_again_is_no_change(space):
    from shapes import metres, write_layer

    red = {"id": ["H1", "H2"], "name": ["甲", "<b>乙"], "kind": ["红线一般区域"] * 2}
    path = space / "layers" / "redline.gpkg"
    before = path.read_bytes()
    path.unlink()
    write_layer(path, [metres(0, 0, 1000, 1000), metres(3000, 0, 3500, 500)], red)
    again = path.read_bytes()
    assert found(space)[0].currency is Currency.CURRENT or before == again


def test_own_rule_that_begins_is_told_and_turns_the_verdict(space):
    (space / "rules").mkdir()
    (space / "rules" / "own.toml").write_text(
        '[[rule]]\nid = "ZZ-01"\ntitle = "示例"\nlevel = "市"\nlayer = "city"\nproject_types = ["新建"]\ntypes_reason = "示例"\neffect = "须论证"\n'
        'dimension = "空间布局约束"\nclause = "示例条款：全市新建须论证。"\neffective_from = 2027-01-01\nplan_measure = "1"\nsource = "测试"\n'
        'mark = "示例条款"\nneeds_review = true\nbasis = [{ document = "测试", issuer = "测试", mark = "示例条款" }]\n',
        encoding="utf-8",
    )
    catalog = space / "layers" / "catalog.toml"
    catalog.write_text(catalog.read_text(encoding="utf-8").replace("zones = false", 'zones = true\ncoverage = "city"'), encoding="utf-8")
    early, late = found(space)[0], found(space, on=date(2027, 2, 1))[0]
    assert not [line for line in early.clauses if line.startswith("ZZ-01")]
    assert [line for line in late.clauses if line.startswith("ZZ-01 新施行（2027-01-01 起，须论证）")]
    assert late.currency is Currency.DIFFERENT and "ZZ-01 新触发" in late.outcome


def test_site_file_gone_cannot_be_judged_and_is_never_called_current(space):
    (space / "layers" / "projects" / "site.gpkg").unlink()
    (only,) = found(space)
    assert only.currency is Currency.UNKNOWN and "找不到原输入文件" in only.trouble


def row(rule: str, state: str, **texts: str) -> dict[str, str]:
    return {"rule_id": rule, "state": state, "clause": "甲", "basis": "", "effect": "禁止", "effective_from": "2026-08-15", "effective_to": "",
            "mark": "S"} | texts  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ([row("A", "applies")], [row("A", "applies")], []),
        ([row("A", "applies")], [], ["A 已不在效（失效、停用或由别的条款接替）"]),
        ([row("A", "not_applicable")], [], []),
        ([], [row("A", "unknown")], ["A 新施行（2026-08-15 起，禁止）"]),
        ([row("A", "applies")], [row("A", "applies", clause="乙", effective_to="2027-01-01")], ["A 的条文、失效日期已变"]),
        ([row("A", "not_applicable"), row("A", "manual")], [row("A", "not_applicable", clause="乙")], ["A 的条文已变"]),
    ],
)
def test_clauses_are_told_where_they_matter(old, new, told):
    in_force = {"A"} if new or not told else set()
    assert list(clause_changes(old, new, since=date(2026, 8, 1), in_force=in_force)) == told


def test_command_ends_by_what_it_found(made, space, capsys):
    options = ["--workspace", made, "--on", MADE.isoformat()]
    assert call("status", made / "reports", *options) == 0
    assert "按 2026-11-20 查 1 份：仍然有效 1 份。" in capsys.readouterr().out
    assert call("status", made / "reports", "--workspace", made, "--on", LATER.isoformat()) == 2
    assert "已过有效期" in capsys.readouterr().out
    assert call("status", made / "layers", *options) == 2


def test_run_folder_is_judged_again_as_a_whole(space, capsys):
    import pandas as pd

    from cdgis.pipelines.assess_city import assess_workspace
    from cdgis.report.files.table_files import write_tables

    workspace = open_workspace(space)
    write_tables(assess_workspace(workspace), space / "maps" / "data", containers=())
    asked = {"on": MADE, "again": Repeater(workspace, as_of=MADE)}
    (same,) = status_of(space / "maps", workspace, **asked)
    assert same.currency is Currency.CURRENT and "1 个对象" in same.about
    new_redline(space / "layers" / "redline.gpkg")
    (changed,) = status_of(space / "maps", open_workspace(space), **asked)
    subject = pd.read_csv(space / "maps" / "data" / "verdicts.csv")["subject_id"][0]
    assert changed.currency is Currency.DIFFERENT and changed.outcome[0].startswith(f"{subject}：") and not changed.clauses
