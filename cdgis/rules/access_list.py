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
from cdgis.core.data_gaps import Gap
from cdgis.core.toml_files import schema_problems
from cdgis.core.vocabulary import LIST_SEPARATOR, Dimension, Effect, Evidence, Level, ProjectType
from cdgis.rules.law import read_law
from cdgis.rules.rule import NUMERIC_OPERATORS, Basis, Condition, Operator, Rule

COLUMNS = (
    "unit_code", "clause_no", "dimension", "text", "industry_prefixes", "project_types",
    "attribute", "op", "value", "effect", "plan_measure",
)  # fmt: skip
UNIT_LAYER = layer_ids.MANAGEMENT_UNITS
_UNIT_CODE = re.compile(r"^ZH\d{6}[123]\d{4}$")


def access_list_rules(
    table: pd.DataFrame, *, official: bool = True, shown: str = "准入清单"
) -> tuple[tuple[Rule, ...], tuple[Gap, ...], frozenset[str]]:
    """Return one rule (two for 禁止) for each clause, in table order; the rows that say nothing; and the units without list.

    Parameters
    ----------
    table : columns COLUMNS, all text, lists separated by ``;``. An empty `effect` is a clause for a person to
        decide (manual). Empty `project_types` means 既有 for 退出, any for 提示 and 鼓励, else new construction:
        what exists is not touched by a prohibition of building.
    official : whether the catalogue calls the list official; the clauses of one that is not are examples.
    shown : the file as users see it.

    Notes
    -----
    A unit with a wrong row has no list: what the row forbids nobody knows, so none of its clauses is returned and rule
    ZU-07 leaves all in it open. A wrong unit code may stand for any unit: then no unit has a list, told by the unit "".
    """
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        words = f"准入清单缺少列 {'、'.join(missing)}；应有 {'、'.join(COLUMNS)}"
        return (), (_gap(shown, "", "全部单元的准入清单", words),), frozenset({""})
    rules: list[Rule] = []
    gaps: list[Gap] = []
    incomplete: set[str] = set()
    seen: set[str] = set()
    for number, row in enumerate(table[list(COLUMNS)].fillna("").astype(str).to_dict("records"), start=2):
        cells = {str(key): value.strip() for key, value in row.items()}
        unit = cells["unit_code"]
        key = f"{unit}-{cells['clause_no']}"
        faults = _faults(cells) + ([f"{key} 重复"] if key in seen else [])
        seen.add(key)
        try:
            rules += [] if faults else clause_rules(cells, Evidence.ORIGINAL if official else Evidence.EXAMPLE)
        except ValidationError as err:
            faults = list(schema_problems(err, whole="整条"))
        if faults:
            known = bool(_UNIT_CODE.match(unit))
            incomplete.add(unit if known else "")
            part = f"单元 {unit} 的准入清单" if known else "全部单元的准入清单（不知这一行属于哪个单元）"
            gaps.append(_gap(shown, f"第 {number} 行", part, "；".join(faults)))
    kept = () if "" in incomplete else tuple(rule for rule in rules if not incomplete.intersection(rule.zone_ids))
    return kept, tuple(gaps), frozenset(incomplete)


def _gap(shown: str, row: str, part: str, problem: str) -> Gap:
    return Gap(
        part=f"{part}：落入的对象按资料不足处理（ZU-07）", layer=layer_ids.ACCESS_LIST, file=shown, row=row, problem=problem,
        remedy="请改正该行，再用 cdgis rules check 检查",
    )  # fmt: skip


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
