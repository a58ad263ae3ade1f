"""The journal only grows, and whatever else happens to it shows."""

import json
import os
from dataclasses import replace

import pytest

from cdgis.core.errors import ReportError, UsageError
from cdgis.core.written_files import Anchor
from cdgis.results.review_journal import (
    DECISIONS,
    START,
    Journal,
    Review,
    anchor_faults,
    append_review,
    chain_faults,
    journal_lock,
    journal_path,
    quotation_faults,
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


def quoted(journal, *, number="R1", subject="P1", findings=FINDINGS):
    return quotation_faults(journal, report_number=number, subject_id=subject, findings=findings)


def test_an_entry_quotes_the_finding_of_its_report_word_for_word(three):
    assert quoted(three) == ()
    for changed in ({"effect": "限制"}, {"state": "unknown"}, {"rule_id": "C-9"}, {"zone_id": "Z3"}):
        faults = quoted(three, findings=[FINDINGS[0] | changed, FINDINGS[1]])
        # the entries name no zone: a finding of the rule anywhere is meant
        assert len(faults) == (0 if "zone_id" in changed else 2), changed
        assert all("A-1" in fault and "“禁止”（applies）" in fault for fault in faults)
    assert len(quoted(three, findings=[])) == 3
    assert quoted(three, number="R2", findings=[]) == ()  # of an earlier report: nothing to compare with
    assert [fault[:5] for fault in quoted(three, subject="P2")] == ["第 1 行", "第 2 行", "第 3 行"]
    assert all("对象 P1" in fault and "P2" in fault for fault in quoted(three, subject="P2", number="R2"))


def test_an_entry_about_a_zone_quotes_a_finding_of_that_zone(path):
    journal = add(path, zone_id="Z2")
    assert quoted(journal) == ()
    assert len(quoted(journal, findings=[FINDINGS[0] | {"zone_id": "Z1;Z3"}])) == 1
    other = [FINDINGS[0] | {"zone_id": "Z1", "effect": "限制"}, FINDINGS[0] | {"zone_id": "Z2"}]
    assert quoted(journal, findings=other) == ()


def test_length_and_head_must_both_be_those_that_were_printed(three):
    right = Anchor(length=3, head=three.head)
    assert anchor_faults(three, right, who="报告") == () and anchor_faults(three, None, who="报告") == ()
    for wrong in (Anchor(length=2, head=three.head), Anchor(length=3, head=START), Anchor(length=2, head=three.entries[1].sha256)):
        (fault,) = anchor_faults(three, wrong, who="登记册")
        assert fault.startswith(f"登记册写明 {wrong.length} 条") and wrong.head[:12] in fault and three.head[:12] in fault


FORGED = {
    "another state": ({"state": "fine"}, "不是 cdgis 写出的"), "an effect that acts": ({"effect": "禁\u202e止"}, "不是 cdgis 写出的"),
    "a subject that acts": ({"subject_id": "P\x1b1"}, "不是 cdgis 写出的"),
    "a report that acts": ({"report_number": "R\u200b1"}, "不是 cdgis 写出的"),
    "a decision there is not": ({"decision": "通过"}, "不是 cdgis review 能写出的：读到“通过”"), "no officer": ({"officer": " "}, "不得为空"),
    "no reason": ({"reason": ""}, "不得为空"), "no rule": ({"rule_id": ""}, "不得为空"),
    "a day there is not": ({"decided_on": "2026-02-30"}, "2026-02-30"),
    "a zone that acts": ({"zone_id": "Z\x07"}, "控制字符"), "a number for a word": ({"officer": 7}, "不是完整的记录"),
    "a truth for a number": ({"number": True}, "不是完整的记录"), "a text for a number": ({"number": "1"}, "不是完整的记录"),
    "no hash": ({"previous": "0"}, "不是完整的记录"), "a hash in capitals": ({"previous": "A" * 64}, "不是完整的记录"),
    "a hash and more": ({"previous": START + "0"}, "不是完整的记录"),
    "one cell more": ({"more": "x"}, "不是完整的记录"),
}  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
def test_a_line_that_no_review_writes_is_refused_naming_it(path, three, forged):
    change, told = FORGED[forged]
    lines = path.read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[1]) | change
    lines[1] = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ReportError, match="第 2 行") as caught:
        read_journal(path)
    assert told in str(caught.value)


def test_a_file_without_its_last_line_end_is_read_and_a_blank_line_is_no_entry(path, three):
    text = path.read_text(encoding="utf-8")
    path.write_text(text.rstrip("\n"), encoding="utf-8")
    assert read_journal(path) == three
    path.write_text(text + "\n", encoding="utf-8")
    with pytest.raises(ReportError, match="第 4 行"):
        read_journal(path)
    path.write_text("", encoding="utf-8")
    assert read_journal(path) == Journal()


def test_a_decision_is_on_the_disk_and_the_lock_let_go_before_it_counts(path, monkeypatch):
    """A power cut after `append_review` returned loses nothing, and no handle keeps the lock file alive (Windows)."""
    written, opened, real_open = [], [], os.open

    def opening(name, *more, **options):
        handle = real_open(name, *more, **options)
        opened.extend([handle] if str(name).endswith(".lock") else [])
        return handle

    monkeypatch.setattr(os, "fsync", lambda handle: written.append(path.read_bytes()))
    monkeypatch.setattr(os, "open", opening)
    journal = add(path)
    assert written == [f"{journal.entries[0].line}\n".encode()]
    for handle in opened:
        with pytest.raises(OSError):
            os.fstat(handle)
    assert len(opened) == 1


@pytest.mark.parametrize("number", [1, 3, 7])
def test_a_line_with_another_number_shows_though_its_hashes_fit(three, number):
    second = replace(three.entries[1], number=number)
    third = replace(three.entries[2], previous=second.sha256)
    (fault,) = chain_faults(Journal(entries=(three.entries[0], second, third)))
    assert fault == f"第 2 行的序号是 {number}：有记录被删除、插入或调换"
    assert chain_faults(three) == ()


def test_a_lock_that_somebody_took_away_meanwhile_harms_nobody(path):
    with journal_lock(path):
        path.with_name(path.name + ".lock").unlink()
    with journal_lock(path), pytest.raises(ReportError, match="正由他人写入"), journal_lock(path):
        pass
    assert not path.with_name(path.name + ".lock").exists()
