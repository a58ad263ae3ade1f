"""Rules in force on a given day (rules/*.toml of the packs, and the access lists of the units).

`load_rulebook` collects them, `Rulebook.in_force` selects by date; judging is `cdgis.judging.verdicts`'s business.
The schema of one rule is in `cdgis.rules.rule`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import tomli as tomllib
from pydantic import ValidationError

from cdgis.core.error_words import in_words
from cdgis.core.errors import RuleError
from cdgis.core.packs import Pack, current_packs
from cdgis.core.toml_files import Stated, schema_problems
from cdgis.rules.local_plan import measures_by_rule
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
    _by_day: dict[date, tuple[Rule, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _by_id: dict[str, Rule] = field(default_factory=dict, init=False, repr=False, compare=False)
    _by_family: dict[str, list[Rule]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _by_layer: dict[str, list[Rule]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def in_force(self, as_of: date) -> tuple[Rule, ...]:
        """Return the rules in force on `as_of` that the workspace has not switched off."""
        if as_of not in self._by_day:
            off = {rule_id for rule_id, _ in self.switched_off}
            self._by_day[as_of] = tuple(rule for rule in self.rules if rule.in_force(as_of) and rule.id not in off)
        return self._by_day[as_of]

    def named(self, ids: Iterable[str]) -> list[Rule]:
        """Return the rules of these ids that there are, in id order."""
        if not self._by_id:
            self._by_id.update({rule.id: rule for rule in self.rules})  # in one step: several threads may ask at once
        return [self._by_id[rule_id] for rule_id in sorted(set(ids)) if rule_id in self._by_id]

    def of_family(self, family: str) -> Sequence[Rule]:
        """Return the rules of a family, one a period of law, in id order."""
        return self._grouped(self._by_family, "family").get(family, ())

    def about(self, layer: str) -> Sequence[Rule]:
        """Return the rules about the zones of one layer, in id order."""
        return self._grouped(self._by_layer, "layer").get(layer, ())

    def _grouped(self, known: dict[str, list[Rule]], attribute: str) -> dict[str, list[Rule]]:
        if not known:  # filled in one step too
            found: dict[str, list[Rule]] = {}
            for rule in self.rules:
                found.setdefault(getattr(rule, attribute), []).append(rule)
            known.update(found)
        return known

    def get(self, rule_id: str) -> Rule:
        """Return one rule by id.

        Raises
        ------
        RuleError : no such rule.
        """
        for rule in self.named((rule_id,)):
            return rule
        raise RuleError((f"没有编号为 {rule_id} 的规则。可用 cdgis rules list 查看全部编号",))


def load_rulebook(
    *, switched_off: Iterable[tuple[str, str]] = (), extra: Iterable[Rule] = (), own: Iterable[Rule] = ()
) -> Rulebook:
    """Return the rules of the current packs and the workspace's own, in id order.

    Parameters
    ----------
    switched_off : (rule id, reason) pairs from cdgis.toml.
    extra : rules of the workspace beside the shipped ones, such as `access_list_rules` returns.
    own : rules of the workspace's rule files; one with the id of a shipped or extra rule replaces it.

    Raises
    ------
    RuleError : a row breaks the schema, an id occurs twice, or a switched-off id does not exist; all at once.
    """
    rules = [*extra, *shipped_rules()]
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


def shipped_rules() -> tuple[Rule, ...]:
    """Return the rules of the current packs; a narrower pack may amend single fields of a wider one's rule (``[[amend]]``).

    Raises
    ------
    RuleError : a file cannot be read, a row breaks the schema, or an amendment names no rule; all faults at once.
    """
    return _rules_of(current_packs())


@cache
def _rules_of(packs: tuple[Pack, ...]) -> tuple[Rule, ...]:
    rows: list[tuple[str, dict[str, Any]]] = []
    changes: list[tuple[str, dict[str, Any]]] = []
    problems: list[str] = []
    for pack in packs:
        for file in sorted(pack.file("rules").glob("*.toml")):
            try:
                found = _toml_of(file)
            except RuleError as err:
                problems += err.problems
                continue
            rows += [(file.name, row) for row in found.rule]
            changes += [(file.name, row) for row in found.amend]
        carried = measures_by_rule(pack)
        changes += [("plan/rules.csv", {"id": rule_id, "plan_measure": measures}) for rule_id, measures in carried.items()]
    known = {row.get("id"): row for _, row in rows}
    problems += [f"{name} 要改的规则 {row.get('id')} 不在所列数据包中" for name, row in changes if row.get("id") not in known]
    amended: dict[str, dict[str, Any]] = {}
    for _, row in changes:
        amended[row.get("id", "")] = {**amended.get(row.get("id", ""), {}), **row}
    rules: list[Rule] = []
    for name, row in rows:
        try:
            rules += _rules_in(name, [{**row, **amended.get(row.get("id", ""), {})}])
        except RuleError as err:
            problems += err.problems
    if problems:
        raise RuleError(tuple(problems))
    return tuple(rules)


class _RuleFile(Stated):
    rule: tuple[dict[str, Any], ...] = ()
    amend: tuple[dict[str, Any], ...] = ()


def read_rule_file(path: Path) -> tuple[Rule, ...]:
    """Return the rules of one TOML file (``[[rule]]`` tables).

    Raises
    ------
    RuleError : not TOML, something else than rules, or a row breaks the schema; all faults at once.
    """
    found = _toml_of(path)
    if found.amend:
        raise RuleError((f"{path.name} amend：只有数据包里的规则文件可以用 [[amend]]；规则应逐条写在 [[rule]] 下",))
    return _rules_in(path.name, found.rule)


def _toml_of(path: Path) -> _RuleFile:
    try:
        return _RuleFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise RuleError((f"{path.name} 无法读取：{in_words(err)}",)) from err
    except ValidationError as err:
        raise RuleError(tuple(f"{path.name} {problem}；规则应逐条写在 [[rule]] 下" for problem in schema_problems(err))) from err


def _rules_in(name: str, rows: Iterable[dict[str, Any]]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    problems: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            rules.append(Rule.model_validate(row))
        except ValidationError as err:
            which = row.get("id", f"第 {number} 条")
            problems += [f"{name} {which} {problem}" for problem in schema_problems(err, whole="整条")]
    if problems:
        raise RuleError(tuple(problems))
    return tuple(rules)
