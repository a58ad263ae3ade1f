"""Rules from the 生态环境准入清单 of each management unit (layers/zoning/access_list.csv).

Since the Code (生态环境法典) is in force breach of a published list is unlawful; before, the list was policy. So a
clause with effect 禁止 becomes two dated rules, 限制 before the Code and 禁止 under it (cdgis/data/law.toml).
"""

import re
from collections.abc import Mapping
from typing import Any, get_args

import pandas as pd
from pydantic import ValidationError

from cdgis.core import layer_ids
from cdgis.core.toml_files import schema_problems
from cdgis.core.vocabulary import LIST_SEPARATOR, Dimension, Effect, Evidence, Level, ProjectType
from cdgis.errors import RuleError
from cdgis.rules.law import read_law
from cdgis.rules.rule import NUMERIC_OPERATORS, Basis, Condition, Operator, Rule

COLUMNS = (
    "unit_code", "clause_no", "dimension", "text", "industry_prefixes", "project_types",
    "attribute", "op", "value", "effect", "plan_measure",
)  # fmt: skip
UNIT_LAYER = layer_ids.MANAGEMENT_UNITS
_UNIT_CODE = re.compile(r"^ZH\d{6}[123]\d{4}$")


def access_list_rules(table: pd.DataFrame, *, official: bool = True) -> tuple[Rule, ...]:
    """Return one rule (two for 禁止) for each clause of the access lists, in table order.

    Parameters
    ----------
    table : columns COLUMNS, all text, lists separated by ``;``. An empty `effect` is a clause for a person to
        decide (manual). Empty `project_types` means 既有 for 退出, any for 提示 and 鼓励, else new construction:
        what exists is not touched by a prohibition of building.
    official : whether the catalogue calls the list official; the clauses of one that is not are examples.

    Raises
    ------
    RuleError : a column is missing or cells are wrong; all faults at once, with the row as a spreadsheet counts it.
    """
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise RuleError((f"准入清单缺少列 {'、'.join(missing)}；应有 {'、'.join(COLUMNS)}",))
    rules: list[Rule] = []
    problems: list[str] = []
    seen: set[str] = set()
    for number, row in enumerate(table[list(COLUMNS)].fillna("").astype(str).to_dict("records"), start=2):
        cells = {str(key): value.strip() for key, value in row.items()}
        key = f"{cells['unit_code']}-{cells['clause_no']}"
        faults = _faults(cells) + ([f"{key} 重复"] if key in seen else [])
        seen.add(key)
        if faults:
            problems += [f"准入清单第 {number} 行：{fault}" for fault in faults]
            continue
        try:
            rules += clause_rules(cells, Evidence.ORIGINAL if official else Evidence.EXAMPLE)
        except ValidationError as err:
            problems += [f"准入清单第 {number} 行 {problem}" for problem in schema_problems(err, whole="整条")]
    if problems:
        raise RuleError(tuple(problems))
    return tuple(rules)


def _faults(cells: Mapping[str, str]) -> list[str]:
    faults = []
    if not _UNIT_CODE.match(cells["unit_code"]):
        faults.append(f"unit_code 应形如 ZH13080210001，读到 {cells['unit_code']!r}")
    for name in ("clause_no", "text"):
        if not cells[name]:
            faults.append(f"{name} 为空")
    domains: dict[str, tuple[str, ...]] = {
        "dimension": tuple(Dimension), "effect": ("", *Effect), "op": ("", *get_args(Operator))
    }  # fmt: skip
    for name, allowed in domains.items():
        if cells[name] not in allowed:
            faults.append(f"{name} 应为 {'、'.join(filter(None, allowed))} 之一，读到 {cells[name]!r}")
    wrong = [word for word in _split(cells["project_types"]) if word not in tuple(ProjectType)]
    if wrong:
        faults.append(f"project_types 应为 {'、'.join(ProjectType)}，读到 {'、'.join(wrong)}")
    if bool(cells["attribute"]) != bool(cells["op"]):
        faults.append("attribute 与 op 须同时填写或同时为空")
    if cells["op"] in NUMERIC_OPERATORS and not re.fullmatch(r"-?\d+(\.\d+)?", cells["value"]):
        faults.append(f"op={cells['op']} 时 value 应为数值，读到 {cells['value']!r}")
    return faults


def _split(cell: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in cell.split(LIST_SEPARATOR) if word.strip())


def _conditions(cells: Mapping[str, str]) -> tuple[Condition, ...]:
    if not cells["attribute"]:
        return ()
    value: str | float | tuple[str, ...] | None = cells["value"] or None
    if cells["op"] in NUMERIC_OPERATORS:
        value = float(cells["value"])
    elif cells["op"] in ("in", "has"):
        value = _split(cells["value"])
    return (Condition.model_validate({"attribute": cells["attribute"], "op": cells["op"], "value": value}),)


def _project_types(cells: Mapping[str, str], effect: Effect) -> tuple[str, ...]:
    if cells["project_types"]:
        return _split(cells["project_types"])
    if effect is Effect.EXIT:
        return (ProjectType.EXISTING,)
    return tuple(t for t in ProjectType if t is not ProjectType.EXISTING) if effect.rank else ()


def _types_reason(cells: Mapping[str, str], effect: Effect) -> str:
    """Return why a ban or exit means the project types it does: the list says so, or is silent."""
    if effect.rank < Effect.PROHIBIT.rank:
        return ""
    silent = {Effect.EXIT: "清单没有写建设性质：退出只及于既有", Effect.PROHIBIT: "清单没有写建设性质：禁止准入不及于既有"}
    return "清单“建设性质”一栏" if cells["project_types"] else silent[effect]


def clause_rules(cells: Mapping[str, str], mark: Evidence, *, source: str = "layers/zoning/access_list.csv") -> list[Rule]:
    """Return the rule of one clause, for a ban the one before the Code and the one under it; `cells` by COLUMNS."""
    effect = Effect(cells["effect"] or Effect.NOTE)
    rule_id = f"{cells['unit_code']}-{cells['clause_no']}"
    clause: dict[str, Any] = {
        "title": f"{cells['unit_code']} 准入清单第 {cells['clause_no']} 条",
        "level": Level.UNIT,
        "layer": UNIT_LAYER,
        "zone_ids": (cells["unit_code"],),
        "project_types": _project_types(cells, effect),
        "types_reason": _types_reason(cells, effect),
        "industry_prefixes": _split(cells["industry_prefixes"]),
        "conditions": _conditions(cells),
        "dimension": Dimension(cells["dimension"]),
        "clause": cells["text"],
        "plan_measure": cells["plan_measure"],
        "source": source,
        "mark": mark,
        "manual": not cells["effect"],
    }
    law, code = read_law().access_list, read_law().code
    own = Basis(
        document=law.document, issuer=law.issuer, article=f"{cells['unit_code']} 第 {cells['clause_no']} 条", mark=mark
    )
    policy: dict[str, Any] = {
        "basis": (own,), "effective_from": law.policy_from, "date_precision": law.policy_precision
    }  # fmt: skip
    if effect is not Effect.PROHIBIT:
        return [Rule(id=rule_id, effect=effect, **clause, **policy)]
    policy_note = law.policy_note.format(last_day=code.last_day_before)
    under_code = Basis(document=code.document, article=law.article, issuer=code.issuer, mark=code.mark)
    return [
        Rule(
            id=f"{rule_id}-{law.policy_from.year}", effect=Effect.RESTRICT, effective_to=code.last_day_before,
            needs_review=True, note=policy_note, effect_reason=policy_note, **clause, **policy,
        ),
        Rule(
            id=f"{rule_id}-{code.in_force.year}", effect=effect, effective_from=code.in_force, penalty=law.penalty,
            basis=(own, under_code), **clause,
        ),
    ]  # fmt: skip
