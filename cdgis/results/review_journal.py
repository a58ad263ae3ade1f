"""Officers' decisions on a report's findings, chained so that a changed record shows.

``<report>.journal.jsonl`` holds one canonical JSON line per decision. Line n carries the SHA-256 of line n-1
(64 zeros for the first), so that altering, moving or deleting any line but the last breaks the chain; the last one is held by
the length and head hash printed in the report. A decision never changes the finding it is about.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.errors import ReportError, UsageError

Decision = Literal["同意", "不同意", "符合", "不符合", "补充材料"]
"""同意 and 不同意 speak of the machine's finding; 符合 and 不符合 decide a clause only a person can decide;
补充材料 leaves it open."""
DECISIONS: tuple[str, ...] = get_args(Decision)
START = "0" * 64
SUFFIX = ".journal.jsonl"


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
            if not value.strip():
                raise UsageError(f"{name} 不得为空：复核记录须写明哪一条、谁、为什么")
        try:
            date.fromisoformat(self.decided_on)
        except ValueError:
            raise UsageError(f"--date 读到“{self.decided_on}”，应为 YYYY-MM-DD，例如 2026-11-01") from None


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
    ReportError : a line is not an entry; the line is named.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return Journal()
    except (OSError, UnicodeDecodeError) as err:
        raise ReportError(f"复核记录 {path.name} 无法读取：{err}") from err
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
    if not isinstance(row, dict) or set(row) != wanted or not isinstance(row["number"], int):
        raise ReportError(
            f"复核记录 {name} 第 {number} 行不是完整的记录；该文件只能由 cdgis review 追加", remedy="请从备份恢复"
        )
    entry = Entry(**row)
    if entry.line != line:
        raise ReportError(f"复核记录 {name} 第 {number} 行的写法被改动过", remedy="请从备份恢复")
    return entry


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
        raise ReportError(f"无法写入复核记录 {path}：{err.strerror or err}") from err
    try:
        yield
    finally:
        os.close(handle)
        lock.unlink(missing_ok=True)
