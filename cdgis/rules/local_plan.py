"""The plan of the place, as a pack holds it: its measures (plan/measures.csv) and which rules carry which (plan/rules.csv)."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from cdgis.core.error_words import in_words
from cdgis.core.errors import RuleError
from cdgis.core.packs import Pack, pack_file


def read_plan() -> list[dict[str, str]]:
    """Return the rows of the place's plan, general goals (number 0) first, then its measures; nothing where no pack has one."""
    path = pack_file("plan/measures.csv")
    return _rows(path) if path is not None else []


def measures_by_rule(pack: Pack) -> Mapping[str, str]:
    """Return rule id -> numbers of the measures of the pack's plan it carries, joined by ``;``.

    Raises
    ------
    RuleError : the table cannot be read, or lacks a column.
    """
    path = pack.file("plan/rules.csv")
    if not path.is_file():
        return {}
    try:
        return {row["rule_id"]: row["measures"] for row in _rows(path)}
    except KeyError as err:
        raise RuleError((f"数据包 {pack.id} 的 plan/{path.name} 应有 rule_id、measures 两列",)) from err


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError) as err:
        raise RuleError((f"plan/{path.name} 无法读取：{in_words(err)}",)) from err
