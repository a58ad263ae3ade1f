"""What happens to the rules between two days: those that begin, end, or go on in other words under one family."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from cdgis.core.errors import UsageError
from cdgis.rules.attributes import load_attributes
from cdgis.rules.book import Rulebook
from cdgis.rules.columns import COLUMNS, attribute_titles, write_cell
from cdgis.rules.rule import Rule

BEGINS, ENDS, CHANGES, PASSES = "新施行", "失效", "变更", "期间施行又失效"
_OWN_TO_A_PERIOD = frozenset({"id", "effective_from", "effective_to", "date_precision", "needs_review", "note"})
"""Fields in which two periods of one rule differ of course."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One rule that is not on the later day what it was on the earlier one."""

    change: str
    old: Rule | None
    new: Rule | None
    day: date
    """The first day on which it is as on the later day."""
    what: tuple[str, ...] = ()
    """Of a change the parts that differ, by the titles of the rule sheet."""

    @property
    def rule(self) -> Rule:
        """The later of the two."""
        rule = self.new or self.old
        if rule is None:
            raise UsageError("规则变更既无旧规则也无新规则")
        return rule


def rule_changes(rulebook: Rulebook, before: date, after: date) -> tuple[RuleChange, ...]:
    """Return what happens to rules from `before` to `after`, by day and id.

    What is in force on `after` is what was in force on `before`, without the old and with the new side of each change.

    Raises
    ------
    UsageError : the days are not in order.
    """
    if before >= after:
        raise UsageError(f"--from {before} 应早于 --to {after}")
    old = {rule.id: rule for rule in rulebook.in_force(before)}
    new = {rule.id: rule for rule in rulebook.in_force(after)}
    gone = [rule for key, rule in old.items() if key not in new]
    come = [rule for key, rule in new.items() if key not in old]
    heirs = {rule.family: rule for rule in come}
    titles = attribute_titles(load_attributes())
    changes = [_ended(rule, heirs.get(rule.family), titles) for rule in gone]
    taken = {change.new.id for change in changes if change.new}
    changes += [RuleChange(change=BEGINS, old=None, new=rule, day=rule.effective_from) for rule in come if rule.id not in taken]
    changes += [
        RuleChange(change=PASSES, old=rule, new=None, day=rule.effective_from)
        for rule in rulebook.rules
        if rule.id not in old and rule.id not in new and before < rule.effective_from <= after
    ]
    return tuple(sorted(changes, key=lambda change: (change.day, change.rule.id)))


def _ended(rule: Rule, heir: Rule | None, titles: Mapping[str, str]) -> RuleChange:
    if heir is None:
        return RuleChange(change=ENDS, old=rule, new=None, day=(rule.effective_to or rule.effective_from) + timedelta(days=1))
    return RuleChange(change=CHANGES, old=rule, new=heir, day=heir.effective_from, what=_parts_that_differ(rule, heir, titles))


def _parts_that_differ(old: Rule, new: Rule, titles: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        column.title for column in COLUMNS
        if column.field not in _OWN_TO_A_PERIOD and write_cell(old, column.field, titles) != write_cell(new, column.field, titles)
    )  # fmt: skip
