"""Rules in force on a given day (cdgis/data/rules/*.toml and the access lists of the units).

`load_rulebook` collects them, `Rulebook.in_force` selects by date; judging is `cdgis.judging.verdicts`'s business.
The schema of one rule is in `cdgis.rules.rule`.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError

from cdgis.core.error_words import in_words
from cdgis.core.errors import RuleError
from cdgis.core.toml_files import schema_problems
from cdgis.rules.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All rules of a workspace, in id order, with what was switched off and why."""

    rules: tuple[Rule, ...]
    switched_off: tuple[tuple[str, str], ...] = ()
    """(rule id, reason)."""
    replaced: tuple[str, ...] = ()
    """Ids whose shipped rule the workspace's own rule replaces."""
    added: tuple[str, ...] = ()
    """Ids only the workspace's own rule files hold."""

    def in_force(self, as_of: date) -> tuple[Rule, ...]:
        """Return the rules in force on `as_of` that the workspace has not switched off."""
        off = {rule_id for rule_id, _ in self.switched_off}
        return tuple(rule for rule in self.rules if rule.in_force(as_of) and rule.id not in off)

    def get(self, rule_id: str) -> Rule:
        """Return one rule by id.

        Raises
        ------
        RuleError : no such rule.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise RuleError((f"没有编号为 {rule_id} 的规则。可用 cdgis rules list 查看全部编号",))


def load_rulebook(
    *, switched_off: Iterable[tuple[str, str]] = (), extra: Iterable[Rule] = (), own: Iterable[Rule] = ()
) -> Rulebook:
    """Return the rules shipped with the package and the workspace's own, in id order.

    Parameters
    ----------
    switched_off : (rule id, reason) pairs from cdgis.toml.
    extra : rules of the workspace beside the shipped ones, such as `access_list_rules` returns.
    own : rules of the workspace's rule files; one with the id of a shipped or extra rule replaces it.

    Raises
    ------
    RuleError : a row breaks the schema, an id occurs twice, or a switched-off id does not exist; all at once.
    """
    rules = [*extra, *_shipped_rules()]
    problems: list[str] = []
    mine = tuple(own)
    before = {rule.id for rule in rules}
    replaced = {rule.id for rule in mine} & before
    rules = [rule for rule in rules if rule.id not in replaced] + list(mine)
    counts = Counter(rule.id for rule in rules)
    problems += [f"规则编号 {rule_id} 出现 {count} 次，编号须唯一" for rule_id, count in counts.items() if count > 1]
    off = tuple(switched_off)
    problems += [f"cdgis.toml 关闭的规则 {rule_id} 不存在，请核对编号" for rule_id, _ in off if rule_id not in counts]
    if problems:
        raise RuleError(tuple(problems))
    return Rulebook(
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        switched_off=off,
        replaced=tuple(sorted(replaced)),
        added=tuple(sorted({rule.id for rule in mine} - before)),
    )


@cache
def _shipped_rules() -> tuple[Rule, ...]:
    """Return the rules of the package, read once in a process; faults of all its files are told at once."""
    rules: list[Rule] = []
    problems: list[str] = []
    for file in sorted(files("cdgis").joinpath("data/rules").iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            try:
                rules += read_rule_file(file)
            except RuleError as err:
                problems += err.problems
    if problems:
        raise RuleError(tuple(problems))
    return tuple(rules)


def read_rule_file(path: Path | Traversable) -> tuple[Rule, ...]:
    """Return the rules of one TOML file (``[[rule]]`` tables).

    Raises
    ------
    RuleError : not TOML, or a row breaks the schema; all faults at once.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise RuleError((f"{path.name} 无法读取：{in_words(err)}",)) from err
    rules: list[Rule] = []
    problems: list[str] = []
    for number, row in enumerate(raw.get("rule", []), start=1):
        try:
            rules.append(Rule(**row))
        except ValidationError as err:
            name = row.get("id", f"第 {number} 条")
            problems += [f"{path.name} {name} {problem}" for problem in schema_problems(err, whole="整条")]
    if problems:
        raise RuleError(tuple(problems))
    return tuple(rules)
