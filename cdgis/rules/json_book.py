"""The rule book as JSON: every rule with its schema, out and back without loss."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import ValidationError

from cdgis.core.error_words import in_words
from cdgis.core.errors import RuleError
from cdgis.core.toml_files import schema_problems
from cdgis.rules.rule import Rule
from cdgis.rules.sheet import SheetRules

FORMAT = "cdgis-rules"
VERSION = 1


def write_json_book(rules: Sequence[Rule], *, as_of: date) -> bytes:
    """Return the rules in the order given with the JSON Schema of one rule; what is left at its default is not written."""
    book = {
        "format": FORMAT,
        "version": VERSION,
        "as_of": as_of.isoformat(),
        "note": "法律、示例条款与工具规则的机器可读副本，不是法律文本；mark 写明每条依据见到的是什么",
        "rules": [rule.model_dump(mode="json", exclude_defaults=True) for rule in rules],
        "schema": Rule.model_json_schema(),
    }
    return (json.dumps(book, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def read_json_book(data: bytes, *, name: str) -> SheetRules:
    """Return the rules of a JSON book and every fault in it; `row_of` counts rules from 1.

    Parameters
    ----------
    name : what messages call the file.

    Raises
    ------
    RuleError : not JSON, or not a book of this format and version.
    """
    raw = _book(data, name)
    rules: list[Rule] = []
    row_of: dict[str, int] = {}
    faults: list[str] = []
    for number, row in enumerate(raw, start=1):
        label = row.get("id", "无编号") if isinstance(row, dict) else "不是对象"
        try:
            rule = Rule.model_validate(row)
        except ValidationError as err:
            faults += [f"第 {number} 条（{label}）{problem}" for problem in schema_problems(err, whole="整条")]
            continue
        if rule.id in row_of:
            faults.append(f"第 {number} 条（{rule.id}）编号与第 {row_of[rule.id]} 条相同")
        row_of.setdefault(rule.id, number)
        rules.append(rule)
    return SheetRules(rules=tuple(rules), row_of=row_of, faults=tuple(faults))


def _book(data: bytes, name: str) -> list[Any]:
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as err:
        raise RuleError((f"{name} 不是可读的 JSON（{in_words(err)}）。请用 cdgis rules export 规则.json 导出后修改",)) from err
    if not isinstance(raw, dict) or (raw.get("format"), raw.get("version")) != (FORMAT, VERSION):
        raise RuleError((f"{name} 不是第 {VERSION} 版的规则文件（应有 format={FORMAT}、version={VERSION}）。请重新导出",))
    if not isinstance(raw.get("rules"), list):
        raise RuleError((f"{name} 没有 rules 列表。请用 cdgis rules export 规则.json 导出后修改",))
    return list(raw["rules"])
