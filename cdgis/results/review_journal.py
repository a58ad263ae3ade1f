"""Officers' decisions on a report's findings, chained so that a changed record shows.

``<report>.journal.jsonl`` holds one canonical JSON line per decision. Line n carries the SHA-256 of line n-1
(64 zeros for the first), so that altering, moving or deleting any line but the last breaks the chain; the last one is held by
the length and head hash printed in the report. A decision never changes the finding it is about.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReportError, UsageError, os_reason
from cdgis.core.regular_files import read_regular
from cdgis.core.safe_text import cleaned, is_clean, visible
from cdgis.core.vocabulary import LIST_SEPARATOR, State
from cdgis.core.written_files import Anchor

Decision = Literal["同意", "不同意", "符合", "不符合", "补充材料"]
"""同意 and 不同意 speak of the machine's finding; 符合 and 不符合 decide a clause only a person can decide;
补充材料 leaves it open."""
DECISIONS: tuple[str, ...] = get_args(Decision)
START = "0" * 64
SUFFIX = ".journal.jsonl"
_OPTIONS = ("--finding", "--reason", "--officer", "--zone")
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One decision as the officer makes it."""

    rule_id: str
    decision: str
    reason: str
    officer: str
    decided_on: str
    """YYYY-MM-DD."""
    zone_id: str = ""
    """One of the finding's zones; empty means wherever the rule applies."""

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            raise UsageError(f"--decision 读到“{self.decision}”，应为 {'、'.join(DECISIONS)} 之一")
        for name, value in (("--finding", self.rule_id), ("--reason", self.reason), ("--officer", self.officer)):
            if not cleaned(value).strip():
                raise UsageError(f"{name} 不得为空：复核记录须写明哪一条、谁、为什么")
        for name, value in zip(_OPTIONS, (self.rule_id, self.reason, self.officer, self.zone_id), strict=True):
            if not is_clean(value):
                raise UsageError(
                    f"{name} 读到“{visible(value)}”，含有看不见的控制字符，会使人看到的与写下的不同",
                    remedy="请去掉后重试",
                )
        if not _is_day(self.decided_on):
            raise UsageError(f"--date 读到“{visible(self.decided_on)}”，应为 YYYY-MM-DD，例如 2026-11-01")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal."""

    number: int
    """1 for the first line."""
    previous: str
    """SHA-256 of the line before, as hex."""
    report_number: str
    subject_id: str
    rule_id: str
    zone_id: str
    effect: str
    """Effect of the finding as the report says it."""
    state: str
    """State of the finding as the report says it."""
    decision: str
    reason: str
    officer: str
    decided_on: str

    @property
    def line(self) -> str:
        """The entry as it stands in the file, without the line end."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def sha256(self) -> str:
        """Hash that the next line carries."""
        return hashlib.sha256(self.line.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """All decisions on one report, oldest first."""

    entries: tuple[Entry, ...] = ()

    @property
    def length(self) -> int:
        """Number of decisions."""
        return len(self.entries)

    @property
    def head(self) -> str:
        """SHA-256 of the last line; 64 zeros for an empty journal."""
        return self.entries[-1].sha256 if self.entries else START

    def overrides_for(self, report_number: str) -> dict[tuple[str, str], Entry]:
        """Return (rule id, zone id) -> the latest decision on that finding of the report."""
        return {(e.rule_id, e.zone_id): e for e in self.entries if e.report_number == report_number}


def journal_path(report: Path) -> Path:
    """Return where the journal of a report file lies: beside it, whatever the report's format."""
    return report.with_name(report.stem + SUFFIX)


def read_journal(path: Path) -> Journal:
    """Return the journal in `path`, empty when there is none; the chain is not checked here.

    Raises
    ------
    ReportError : a line is not an entry that cdgis could have written; the line is named.
    """
    try:
        text = read_regular(path).decode("utf-8")
    except FileNotFoundError:
        return Journal()
    except (OSError, UnicodeDecodeError) as err:
        raise ReportError(f"复核记录 {path.name} 无法读取：{in_words(err)}") from err
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return Journal(entries=tuple(_entry(line, number, path.name) for number, line in enumerate(lines, start=1)))


def _entry(line: str, number: int, name: str) -> Entry:
    wanted = {field.name for field in fields(Entry)}
    try:
        row: Any = json.loads(line)
    except json.JSONDecodeError:
        row = None
    if not isinstance(row, dict) or set(row) != wanted or not _is_typed(row):
        raise ReportError(
            f"复核记录 {name} 第 {number} 行不是完整的记录；该文件只能由 cdgis review 追加", remedy="请从备份恢复"
        )
    entry = Entry(**row)
    if entry.line != line:
        raise ReportError(f"复核记录 {name} 第 {number} 行的写法被改动过", remedy="请从备份恢复")
    if not is_clean(entry.report_number + entry.subject_id + entry.effect) or entry.state not in set(State):
        raise ReportError(f"复核记录 {name} 第 {number} 行引述的结果不是 cdgis 写出的", remedy="请从备份恢复")
    try:
        Review(**{field.name: row[field.name] for field in fields(Review)})
    except UsageError as err:
        what = re.sub("^--[a-z]+ ", "", err.reason)
        raise ReportError(
            f"复核记录 {name} 第 {number} 行不是 cdgis review 能写出的：{what}", remedy="请从备份恢复"
        ) from err
    return entry


def _is_typed(row: Mapping[str, Any]) -> bool:
    texts = all(isinstance(value, str) for name, value in row.items() if name != "number")
    return texts and type(row["number"]) is int and _HASH.fullmatch(row["previous"]) is not None


def chain_faults(journal: Journal) -> tuple[str, ...]:
    """Return where the chain is broken, in Chinese, nothing when it is whole."""
    faults = []
    expected = START
    for place, entry in enumerate(journal.entries, start=1):
        if entry.number != place:
            faults.append(f"第 {place} 行的序号是 {entry.number}：有记录被删除、插入或调换")
        if entry.previous != expected:
            faults.append(f"第 {place} 行记载的上一行指纹与上一行不符：上一行被改动或删除")
        expected = entry.sha256
    return tuple(faults)


def quotation_faults(
    journal: Journal, *, report_number: str, subject_id: str, findings: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return which entries speak of another subject, or quote a finding otherwise than the report has it.

    Entries on earlier reports about the same subject quote those and cannot be compared.
    """
    faults = []
    for place, entry in enumerate(journal.entries, start=1):
        if entry.subject_id != subject_id:
            faults.append(f"第 {place} 行说的是对象 {entry.subject_id}，报告是 {subject_id} 的")
        elif entry.report_number == report_number:
            quoted = [
                row for row in findings
                if row.get("rule_id") == entry.rule_id
                and entry.zone_id in ("", *str(row.get("zone_id")).split(LIST_SEPARATOR))
            ]  # fmt: skip
            if not any((row.get("effect"), row.get("state")) == (entry.effect, entry.state) for row in quoted):
                faults.append(f"第 {place} 行引述规则 {entry.rule_id} 的结果为“{entry.effect}”（{entry.state}），报告中不是")
    return tuple(faults)


def anchor_faults(journal: Journal, anchor: Anchor | None, *, who: str) -> tuple[str, ...]:
    """Return how the journal differs from what `who` (register, report) says it is; None says nothing."""
    if anchor is None or (anchor.length, anchor.head) == (journal.length, journal.head):
        return ()
    return (
        f"{who}写明 {anchor.length} 条、链首 {anchor.head[:12]}…，记录文件有 {journal.length} 条、链首 {journal.head[:12]}…："
        "记录被删改，或不是由 cdgis review 续写",
    )


def append_review(
    path: Path, review: Review, *, report_number: str, subject_id: str, findings: Sequence[Mapping[str, Any]]
) -> Journal:
    """Append one decision to the journal in `path` and return the journal as it stands then.

    Parameters
    ----------
    findings : rows of table `findings` of the report; `review` must name one of them.

    Raises
    ------
    UsageError : the report has no such finding, or it is not about the zone named.
    ReportError : the journal is broken, or somebody else is writing it.
    """
    finding = _finding(review, findings)
    with journal_lock(path):
        journal = read_journal(path)
        faults = chain_faults(journal)
        if faults:
            raise ReportError(f"复核记录 {path.name} 已损坏，不能续写：{'；'.join(faults)}", remedy="请从备份恢复")
        entry = Entry(
            number=journal.length + 1, previous=journal.head, report_number=report_number, subject_id=subject_id,
            effect=str(finding["effect"]), state=str(finding["state"]),
            **asdict(review),
        )  # fmt: skip
        with path.open("ab") as stream:
            stream.write(f"{entry.line}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
    return Journal(entries=(*journal.entries, entry))


def _finding(review: Review, findings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    of_rule = [row for row in findings if row["rule_id"] == review.rule_id]
    if not of_rule:
        known = "、".join(dict.fromkeys(str(row["rule_id"]) for row in findings)) or "（无）"
        raise UsageError(f"报告中没有规则 {review.rule_id} 的结果", remedy=f"报告列有：{known}")
    zones = [zone for row in of_rule for zone in str(row["zone_id"]).split(LIST_SEPARATOR)]
    if review.zone_id and review.zone_id not in zones:
        raise UsageError(f"规则 {review.rule_id} 不涉及区 {review.zone_id}；涉及的区为 {'、'.join(zones)}")
    return next(row for row in of_rule if review.zone_id in ("", *str(row["zone_id"]).split(LIST_SEPARATOR)))


@contextmanager
def journal_lock(path: Path) -> Iterator[None]:
    """Keep a second writer out: both would carry the same previous hash."""
    lock = path.with_name(path.name + ".lock")
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        raise ReportError(
            f"{path.name} 正由他人写入（{lock.name}）", remedy="稍后再试；若确无他人使用，删除该锁文件"
        ) from None
    except OSError as err:
        raise ReportError(f"无法写入复核记录 {path}：{os_reason(err)}") from err
    try:
        yield
    finally:
        os.close(handle)
        lock.unlink(missing_ok=True)
