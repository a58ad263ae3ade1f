"""What a change of law does: rules that begin, end and change between two days, and whose verdict changes by it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from cdgis.core.errors import UsageError
from cdgis.core.progress import Progress, Silent
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.judging.compare_zones import compare_verdicts
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers import read_subjects
from cdgis.readers.loading import Loaded
from cdgis.report.files.sheets_of_tables import sheets_of_tables
from cdgis.report.files.table_files import csv_text
from cdgis.report.rule_changes_page import render_rule_changes
from cdgis.results.data_status import stamp_for, status_text
from cdgis.results.tables.validation import empty, validate
from cdgis.rules import Rulebook
from cdgis.rules.rule_changes import RuleChange, rule_changes
from cdgis.rules.rule_span import checked_day
from cdgis.workspace.layers import Subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDifferences:
    """The law of two days side by side."""

    before: date
    after: date
    rules: pd.DataFrame
    """Table `changes_rules`."""
    verdicts: pd.DataFrame | None
    """Table `changes_verdicts`; None when no workspace was judged."""
    judged_count: int
    stamp: str

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Both tables by name, as far as there are two."""
        verdicts = {} if self.verdicts is None else {"changes_verdicts": self.verdicts}
        return {"changes_rules": self.rules, **verdicts}


def rule_differences(rulebook: Rulebook, before: date, after: date) -> RuleDifferences:
    """Return what happens to the rules of a book between two days.

    Raises
    ------
    UsageError : the days are not in order.
    RuleError : the rule book does not cover one of them.
    """
    changes = rule_changes(rulebook, checked_day(before), checked_day(after))
    return RuleDifferences(before=before, after=after, rules=_table(changes), verdicts=None, judged_count=0, stamp="")


def judged_differences(
    loaded: Loaded, before: date, after: date, *, subjects: Subjects | None = None, progress: Progress | None = None
) -> RuleDifferences:
    """Return the same with the subjects of a workspace whose verdict is not the same on both days.

    Parameters
    ----------
    subjects : by default the workspace's own projects and enterprises.
    """
    progress = progress or Silent()
    found = rule_differences(loaded.rulebook, before, after)
    if subjects is None:
        progress.stage("读取项目与企业")
        subjects = read_subjects(loaded.workspace, progress=progress.step)
    old, new = (judge_subjects(replace(loaded, as_of=day), subjects, progress=progress).tables for day in (before, after))
    verdicts = compare_verdicts(old, new, empty("changes_zones"))
    changed = set(found.rules["rule_id"]) | set(found.rules["old_rule_id"])
    verdicts["rule_ids"] = [_of_these(ids, changed) for ids in verdicts["rule_ids"]]
    stamp = stamp_for(loaded.records)
    return replace(found, verdicts=verdicts, judged_count=len(new["verdicts"]), stamp=stamp)


def _of_these(rule_ids: str, changed: Collection[str]) -> str:
    """Return the rules that decide a change of verdict: of those in which the two days differ, the ones that changed."""
    ids = rule_ids.split(LIST_SEPARATOR)
    return LIST_SEPARATOR.join([rule_id for rule_id in ids if rule_id in changed] or ids)


def _table(changes: Sequence[RuleChange]) -> pd.DataFrame:
    rows = [
        {
            "change": change.change, "day": change.day.isoformat(), "rule_id": change.rule.id,
            "old_rule_id": change.old.id if change.old and change.new else "", "title": change.rule.title,
            "old_effect": str(change.old.effect) if change.old else "", "new_effect": str(change.new.effect) if change.new else "",
            "what": LIST_SEPARATOR.join(change.what), "clause": change.rule.clause, "basis": change.rule.basis_text,
            "mark": str(change.rule.mark),
        }
        for change in changes
    ]  # fmt: skip
    return validate("changes_rules", pd.DataFrame(rows)) if rows else empty("changes_rules")


def write_differences(found: RuleDifferences, path: Path) -> Mapping[Path, bytes]:
    """Return the files to write for `path`: its suffix says the format, a CSV of verdicts stands beside that of rules.

    Raises
    ------
    UsageError : no format has that suffix.
    """
    writers: Mapping[str, Callable[[], Mapping[Path, bytes]]] = {
        ".csv": lambda: {
            path if name == "changes_rules" else path.with_stem(f"{path.stem}_结论"):
            csv_text(name, frame, status=status_text(found.stamp)).encode("utf-8-sig", "replace")
            for name, frame in found.tables.items()
        },
        ".xlsx": lambda: {path: sheets_of_tables(found.tables, stamp=found.stamp)},
        ".html": lambda: {path: render_rule_changes(found.tables, (found.before, found.after), stamp=found.stamp,
                                                    judged_count=found.judged_count).encode("utf-8", "replace")},
    }  # fmt: skip
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UsageError(f"不认得的文件格式 {path.suffix or path.name}。应为 {'、'.join(writers)} 之一")
    return writer()
