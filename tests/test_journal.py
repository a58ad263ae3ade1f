"""The journal only grows, and whatever else happens to it shows."""

import json

import pytest

from cdgis.errors import ReportError, UsageError
from cdgis.results.review_journal import (
    DECISIONS,
    START,
    Review,
    append_review,
    chain_faults,
    journal_path,
    read_journal,
)

FINDINGS = [
    {"rule_id": "A-1", "zone_id": "Z1;Z2", "effect": "禁止", "state": "applies"},
    {"rule_id": "B-1", "zone_id": "", "effect": "限制", "state": "unknown"},
]


def made(**changes):
    values = {
        "rule_id": "A-1",
        "decision": "不同意",
        "reason": "现场核实",
        "officer": "张三",
        "decided_on": "2026-11-02",
    }
    return Review(**(values | changes))


def add(path, **changes):
    return append_review(path, made(**changes), report_number="R1", subject_id="P1", findings=FINDINGS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "报告.journal.jsonl"


@pytest.fixture
def three(path):
    add(path)
    add(path, rule_id="B-1", decision="补充材料")
    return add(path, decision="同意", officer="李四")


def test_journal_lies_beside_the_report_whatever_its_format(tmp_path):
    names = {journal_path(tmp_path / f"P1{ending}").name for ending in (".json", ".html", ".docx")}
    assert names == {"P1.journal.jsonl"}


def test_every_line_carries_the_hash_of_the_line_before(path, three):
    entries = read_journal(path).entries
    assert [e.previous for e in entries] == [START, entries[0].sha256, entries[1].sha256]
    assert chain_faults(three) == () and (three.length, three.head) == (3, entries[2].sha256)
    assert read_journal(path) == three


def test_appending_leaves_earlier_bytes_alone(path):
    add(path)
    before = path.read_bytes()
    add(path)
    assert path.read_bytes().startswith(before) and len(path.read_bytes()) > len(before)


def test_the_finding_is_kept_beside_the_decision(three):
    first = three.entries[0]
    assert (first.effect, first.state, first.decision) == ("禁止", "applies", "不同意")


def test_the_latest_decision_on_a_finding_counts(three):
    found = three.overrides_for("R1")
    assert {key: entry.decision for key, entry in found.items()} == {("A-1", ""): "同意", ("B-1", ""): "补充材料"}
    assert three.overrides_for("R2") == {}


def lines_of(path):
    return path.read_bytes().split(b"\n")[:-1]


@pytest.mark.parametrize("gone", [0, 1])
def test_deleted_line_is_found(path, three, gone):
    lines = lines_of(path)
    del lines[gone]
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert chain_faults(read_journal(path))


def test_deleted_last_line_changes_length_and_head_that_the_report_prints(path, three):
    path.write_bytes(b"\n".join(lines_of(path)[:-1]) + b"\n")
    left = read_journal(path)
    assert chain_faults(left) == () and left.length != three.length and left.head != three.head


def test_swapped_lines_are_found(path, three):
    first, second, third = lines_of(path)
    path.write_bytes(b"\n".join([second, first, third]) + b"\n")
    assert len(chain_faults(read_journal(path))) >= 2


def test_altered_reason_is_found(path, three):
    path.write_bytes(path.read_bytes().replace("现场核实".encode(), "现场未核".encode(), 1))
    assert chain_faults(read_journal(path)) == ("第 2 行记载的上一行指纹与上一行不符：上一行被改动或删除",)


@pytest.mark.parametrize("line", ["{", "[]", '{"number":1}', "\n"])
def test_line_that_is_no_entry_is_an_error(path, three, line):
    path.write_bytes(path.read_bytes() + line.encode() + b"\n")
    with pytest.raises(ReportError, match="第 4 行不是完整的记录"):
        read_journal(path)


def test_rewritten_spelling_is_an_error(path, three):
    first = json.loads(lines_of(path)[0])
    path.write_text(json.dumps(first, ensure_ascii=False) + "\n", encoding="utf-8")
    with pytest.raises(ReportError, match="第 1 行的写法被改动过"):
        read_journal(path)


def test_not_utf8_is_an_error(path):
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ReportError, match="无法读取"):
        read_journal(path)


def test_broken_journal_is_not_continued(path, three):
    path.write_bytes(b"\n".join(lines_of(path)[1:]) + b"\n")
    before = path.read_bytes()
    with pytest.raises(ReportError, match="已损坏，不能续写"):
        add(path)
    assert path.read_bytes() == before


def test_second_writer_waits(path):
    path.with_name(path.name + ".lock").touch()
    with pytest.raises(ReportError, match="正由他人写入"):
        add(path)


def test_lock_is_gone_after_writing(path):
    add(path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ReportError, match="无法写入复核记录"):
        add(tmp_path / "无" / "x.journal.jsonl")


def test_rule_or_zone_the_report_does_not_name_is_refused(path):
    with pytest.raises(UsageError, match="报告中没有规则 C-1 的结果。报告列有：A-1、B-1"):
        add(path, rule_id="C-1")
    with pytest.raises(UsageError, match="不涉及区 Z9；涉及的区为 Z1、Z2"):
        add(path, zone_id="Z9")
    assert add(path, zone_id="Z2").entries[0].zone_id == "Z2"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decision": "算了"}, "--decision 读到“算了”"),
        ({"reason": " "}, "--reason 不得为空"),
        ({"officer": ""}, "--officer 不得为空"),
        ({"decided_on": "11月2日"}, "--date 读到"),
    ],
)
def test_incomplete_review_cannot_be_made(changes, message):
    with pytest.raises(UsageError, match=message):
        made(**changes)


def test_decisions_are_the_five_words():
    assert DECISIONS == ("同意", "不同意", "符合", "不符合", "补充材料")


def test_hostile_text_stays_on_one_line(path):
    add(path, reason='一\n二\u2028"}{\\')
    assert read_journal(path).entries[0].reason == '一\n二\u2028"}{\\' and len(lines_of(path)) == 1
