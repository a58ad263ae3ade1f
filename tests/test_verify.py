"""A report that follows from its inputs is accepted; whatever is changed afterwards is found and named."""

import json
import shutil

import pytest
from docx import Document
from shapes import metres, write_layer
from small_workspace import new_redline, small_workspace

from cdgis.cli import main
from cdgis.core.errors import ReportError
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.pipelines.verify_folder import report_writers
from cdgis.pipelines.verify_report import verify_report
from cdgis.report.screening import compose_report
from cdgis.report.screening.review_update import update_report
from cdgis.results.report_file import canonical, read_report
from cdgis.results.review_journal import Review, append_review
from cdgis.workspace.settings import open_workspace

DECLARED = {"industry": "3011", "project_type": "新建", "activity": "开发性生产性建设"}
WRITERS = report_writers()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with one report in both formats."""
    root = small_workspace(tmp_path_factory.mktemp("verify") / "区")
    found = assess_sites(open_workspace(root), [root / "layers" / "projects" / "site.gpkg"], declared=DECLARED)
    report = compose_report(found, found.tables["subjects"]["subject_id"].iloc[0])
    (root / "reports").mkdir()
    for ending, make in WRITERS.items():
        (root / "reports" / f"site-1{ending}").write_bytes(make(report))
    return root


@pytest.fixture
def space(made, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(made, tmp_path / "区")


def faults(root, name="site-1.json", **options):
    path = root / "reports" / name
    result = verify_report(path, workspace=open_workspace(root), render=WRITERS.get(path.suffix), **options)
    assert result.agrees == (not any(check.faults for check in result.checks))
    return {check.title.split("（")[0]: check.faults for check in result.checks if check.faults}


def edit(root, change, name="site-1.json"):
    """Change the JSON record and store it as cdgis would."""
    path = root / "reports" / name
    content = json.loads(path.read_bytes())
    change(content)
    path.write_bytes(canonical(content))


@pytest.mark.parametrize("name", ["site-1.json", "site-1.html"])
def test_untouched_report_is_accepted(space, name):
    assert faults(space, name) == {}
    assert verify_report(space / "reports" / name, workspace=None).agrees


def test_changed_digit_in_the_page_is_found(space):
    path = space / "reports" / "site-1.html"
    text = path.read_text(encoding="utf-8")
    start = text.index("平方米", text.index("<main") if "<main" in text else 0)
    place = next(i for i in range(start, 0, -1) if text[i].isdigit())
    path.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :], encoding="utf-8")
    found = faults(space, "site-1.html")
    assert "页面内容与其校验值不符" in found["页面的校验值"][0]
    assert "行不同" in found["页面的文字与内嵌记录"][0]


def test_every_digit_of_the_page_counts(space):
    path = space / "reports" / "site-1.html"
    page = path.read_bytes()
    digits = [i for i, byte in enumerate(page) if 48 <= byte <= 57]
    for place in digits[:: max(len(digits) // 25, 1)]:
        path.write_bytes(page[:place] + bytes([48 + (page[place] - 47) % 10]) + page[place + 1 :])
        try:
            assert not verify_report(path, workspace=None, render=WRITERS[".html"]).agrees
        except ReportError:
            continue  # the schema's name itself


def test_page_with_its_hash_made_anew_is_still_found(space):
    import hashlib
    import re

    path = space / "reports" / "site-1.html"
    page = (
        path.read_bytes()
        .replace("须论证".encode(), "未发现冲突".encode())
        .replace("不符合".encode(), "未发现冲突".encode())
    )
    slot = re.search(rb'cdgis-content-sha256" content="([0-9a-f]{64})"', page)[1]
    blank = page.replace(slot, b"", 1)
    path.write_bytes(page.replace(slot, hashlib.sha256(blank).hexdigest().encode(), 1))
    found = faults(space, "site-1.html")
    assert "页面的校验值" not in found and found


def test_finding_removed_from_the_record_is_found(space):
    edit(space, lambda content: content["record"]["findings"].pop(0))
    found = faults(space)
    assert "报告编号与记录不符" in found["报告编号与报告记录"][0]
    assert "报告缺少一行 rule_id=" in found["逐行比较重算结果"][0]


def test_finding_removed_and_number_made_to_fit_is_still_found(space):
    path = space / "reports" / "site-1.json"

    def change(content):
        content["record"]["findings"].pop(0)

    edit(space, change)
    told = faults(space)["报告编号与报告记录"][0]
    fitting = told.split("由记录算得 ")[1].split("；")[0]
    path.write_bytes(
        path.read_bytes().replace(json.loads(path.read_bytes())["report_number"].encode(), fitting.encode())
    )
    found = faults(space)
    assert "报告编号与报告记录" not in found and "规则逐条结果：报告缺少一行" in found["逐行比较重算结果"][0]


def test_conclusion_that_is_not_the_verdict_is_found_without_a_workspace(space):
    edit(space, lambda content: content["conclusion"].update(verdict="未发现冲突"))
    result = verify_report(space / "reports" / "site-1.json", workspace=None)
    (check,) = [check for check in result.checks if check.faults]
    assert check.title == "结论与报告记录" and "记录中是" in check.faults[0]


def test_altered_text_of_a_clause_is_found(space):
    def change(content):
        clause = (*content["unit_part"]["upper"], *content["unit_part"]["set_aside"], *content["conclusion"]["open"])[0]
        clause["text"] = "另一条文"

    edit(space, change)
    assert any("另一条文" in fault for fault in faults(space)["报告正文与重算结果"])


def test_altered_layer_is_found_and_its_consequences_listed(space):
    new_redline(space / "layers" / "redline.gpkg")
    found = faults(space)
    assert "ecological_redline（layers/redline.gpkg）：文件内容已变" in found["输入文件的 SHA-256"][0]
    assert any("结论：" in fault for fault in found["逐行比较重算结果"]), found["逐行比较重算结果"]


def test_added_and_changed_settings_are_found(space):
    settings = space / "cdgis.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("[sources]", "default_accuracy_m = 7\n[sources]"), encoding="utf-8"
    )
    found = faults(space)
    assert "设置 default_accuracy_m：报告为 0.0，现为 7.0" in found["设置与版本"]
    assert any("settings" in fault for fault in found["输入文件的 SHA-256"])


def test_own_rules_added_later_are_an_input_the_report_does_not_have(space):
    (space / "rules").mkdir()
    (space / "rules" / "x.toml").write_text("", encoding="utf-8")
    assert "rules/x.toml（rules/x.toml）：现在多出的输入，报告没有" in faults(space)["输入文件的 SHA-256"]


def test_missing_site_file_is_told_and_found_again_by_its_name(space, tmp_path):
    away = shutil.move(space / "layers" / "projects" / "site.gpkg", tmp_path / "site.gpkg")
    assert "找不到原输入文件 layers/projects/site.gpkg" in faults(space)["按原输入重新研判"][0]
    found = faults(space, files=[away])
    assert not any(found.values())  # the same bytes: where they lie now is no part of the answer
    write_layer(away, [metres(1200, 100, 1300, 300)], {"name": ["示例<项目>"]})
    assert any(faults(space, files=[away]).values())


def call(*args):
    with pytest.raises(SystemExit) as end:
        main([str(arg) for arg in args])
    return int(end.value.code or 0)


@pytest.fixture
def reviewed(space, capsys):
    report = space / "reports" / "site-1.html"
    rule_id = read_report(report).rows("findings")[0]["rule_id"]
    for decision in ("不同意", "补充材料"):
        assert call("review", report, "--finding", rule_id, "--decision", decision, "--reason", "现场<核实>",
                    "--officer", "张三", "--date", "2026-11-02") == 0  # fmt: skip
    capsys.readouterr()
    return space


@pytest.mark.parametrize("name", ["site-1.json", "site-1.html"])
def test_reviewed_report_is_accepted_and_shows_both(reviewed, name):
    assert faults(reviewed, name) == {}
    report = read_report(reviewed / "reports" / name)
    journal = report.content["declaration"]["journal"]
    assert journal["length"] == 2 and journal["reviews"][0]["decision"] == "补充材料"
    assert report.number == json.loads((reviewed / "reports" / "site-1.json").read_bytes())["report_number"]
    if name == "site-1.html":
        text = report.data.decode("utf-8")
        assert journal["head_sha256"] in text and "现场&lt;核实&gt;" in text and "张三" in text


def test_review_rewrites_the_word_report_too(reviewed):
    cells = [cell.text for table in Document(reviewed / "reports" / "site-1.docx").tables for row in table.rows for cell in row.cells]
    assert any("补充材料（张三，2026-11-02）：现场<核实>" in text for text in cells)


@pytest.mark.parametrize("gone", [0, 1])
def test_deleted_line_of_the_journal_is_found(reviewed, gone):
    path = reviewed / "reports" / "site-1.journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[gone]
    path.write_bytes(b"".join(lines))
    assert any("记录被删改" in fault for fault in faults(reviewed)["复核记录 site-1.journal.jsonl"])


def test_deleted_journal_is_found(reviewed):
    (reviewed / "reports" / "site-1.journal.jsonl").unlink()
    assert "报告写明 2 条" in faults(reviewed)["复核记录 site-1.journal.jsonl"][0]


def test_spoilt_journal_is_told_not_thrown(reviewed):
    (reviewed / "reports" / "site-1.journal.jsonl").write_text("{\n", encoding="utf-8")
    assert "不是完整的记录" in faults(reviewed)["复核记录 site-1.journal.jsonl"][0]


def test_spoilt_report_cannot_be_reviewed(space, capsys):
    edit(space, lambda content: content["record"]["findings"].pop(0))
    assert call("review", space / "reports" / "site-1.json", "--finding", "A", "--decision", "同意", "--reason", "r",
                "--officer", "o") == 2  # fmt: skip
    assert "已被改动，不能复核" in capsys.readouterr().err
    assert not list((space / "reports").glob("*.jsonl"))


def test_command_ends_with_0_or_2_and_lists_what_was_checked(space, capsys):
    report = space / "reports" / "site-1.json"
    assert call("verify", report, "--workspace", space) == 0
    told = capsys.readouterr().out
    assert "全部一致" in told and "输入文件的 SHA-256" in told
    edit(space, lambda content: content["record"]["findings"].pop(0))
    assert call("verify", report, "--workspace", space) == 2
    assert "不能作为依据" in capsys.readouterr().out
    assert call("verify", report, "--alone") == 2


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.json", b"{}", "没有 cdgis 报告记录"),
        ("x.json", b"{", "没有 cdgis 报告记录"),
        ("x.html", b"<p>", "没有 cdgis 报告记录"),
        ("x.json", b"\xff", "不是 UTF-8"),
        ("x.json", b'{"schema": "cdgis-screening/1"}', "缺少 report_number、subject_id"),
    ],
)
def test_file_that_is_no_report_is_refused(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ReportError, match=message):
        read_report(tmp_path / name)
    with pytest.raises(ReportError, match="无法读取"):
        read_report(tmp_path / "无.json")


def test_record_that_is_no_table_is_told_not_thrown(space):
    edit(space, lambda content: content["record"]["verdicts"][0].update(verdict="也许"))
    assert "报告记录已不成表" in faults(space)["报告编号与报告记录"][0]


def test_review_that_fails_on_the_way_changes_nothing(space):
    folder = space / "reports"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def broken(report):
        raise ReportError("磁盘已满")

    def appended(read, path):
        made = Review(rule_id=read.rows("findings")[0]["rule_id"], decision="同意", reason="r", officer="o", decided_on="2026-11-02")
        return append_review(path, made, report_number=read.number, subject_id=read.subject_id, findings=read.rows("findings"))

    # made last, when the journal, the page and the Word file already stand ready
    with pytest.raises(ReportError, match="磁盘已满"):
        update_report(folder / "site-1.json", appended, writers=WRITERS | {".json": broken})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    journal, written = update_report(folder / "site-1.json", appended, writers=WRITERS)
    assert journal.length == 1 and [path.suffix for path in written] == [".docx", ".html", ".json"]
    assert faults(space, "site-1.json") == faults(space, "site-1.html") == {}
