"""Rules of a workspace's own (<workspace>/rules/*.toml; same id overrides, new id extends)."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from cdgis.core.errors import RuleError
from cdgis.rules.book import read_rule_file
from cdgis.rules.rule import Rule

RULES_DIR = "rules"
IMPORT_FILE = "workspace.toml"
"""The one file `cdgis rules import` writes."""
_HEADER = """\
# 本工作区自己的规则：编号相同的替换程序自带的规则，编号不同的为新增。
# 由 cdgis rules import 写成；也可以手工修改，随后运行 cdgis rules check。
"""


def rule_files(root: Path) -> tuple[Path, ...]:
    """Return the rule files of the workspace in `root`, by name."""
    return tuple(sorted((root / RULES_DIR).glob("*.toml")))


def read_own_rules(root: Path) -> dict[str, tuple[Rule, ...]]:
    """Return file name -> rules of the workspace in `root`; nothing when it has none.

    Raises
    ------
    RuleError : a file is not TOML, a row breaks the schema, or an id occurs twice; all faults at once.
    """
    found: dict[str, tuple[Rule, ...]] = {}
    problems: list[str] = []
    owner: dict[str, str] = {}
    for path in rule_files(root):
        shown = f"{RULES_DIR}/{path.name}"
        try:
            found[path.name] = read_rule_file(path)
        except RuleError as err:
            problems += [f"{RULES_DIR}/{problem}" for problem in err.problems]
            continue
        for rule in found[path.name]:
            if rule.id in owner:
                problems.append(f"规则 {rule.id} 在 {owner[rule.id]} 和 {shown} 中都有；工作区内每个编号只能写一次")
            owner[rule.id] = shown
    if problems:
        raise RuleError(tuple(problems))
    return found


def rules_toml(rules: Sequence[Rule]) -> str:
    """Return rules as TOML text that `read_rule_file` reads back as the same rules, defaults left out."""
    return "\n".join([_HEADER, *map(_table, rules)])


def _table(rule: Rule) -> str:
    row = rule.model_dump(exclude_defaults=True)
    return "[[rule]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in row.items() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, StrEnum | str):
        # JSON's escapes are all TOML's too, save for the solidus, which json.dumps does not escape.
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items() if v is not None) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)
