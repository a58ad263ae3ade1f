"""Rules from the 生态环境准入清单 of each management unit (layers/zoning/access_list.csv).

Since the Code (生态环境法典) is in force breach of a published list is unlawful; before, the list was policy. So a
clause with effect 禁止 becomes two dated rules, 限制 before the Code and 禁止 under it (cdgis/data/law.toml).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, get_args

import pandas as pd
from pydantic import ValidationError

from cdgis.core import layer_ids
from cdgis.core.data_gaps import Gap
from cdgis.core.toml_files import schema_problems
from cdgis.core.vocabulary import LIST_SEPARATOR, Dimension, Effect, Evidence, Level, ProjectType
from cdgis.rules.access_sheet import COLUMNS, OPTIONAL, ROW, as_clauses
from cdgis.rules.law import AccessListLaw, access_list_law, read_law
from cdgis.rules.rule import NUMERIC_OPERATORS, Basis, Condition, Operator, Rule

UNIT_LAYER = layer_ids.MANAGEMENT_UNITS
_UNIT_CODE = re.compile(r"^ZH\d{6}[123]\d{4}$")
_COUNTY_DIGITS = 6
_AREA_CODE = re.compile(r"^\d{2}(?:\d{2}){0,2}$")
_TYPES = ("优先保护", "重点管控", "一般管控")
_PROJECT_TYPES = tuple(ProjectType)
_DOMAINS: Mapping[str, tuple[str, ...]] = {"dimension": tuple(Dimension), "effect": ("", *Effect), "op": ("", *get_args(Operator))}
_WHOLE = re.compile(r"^(?:全市|全省|市域|.{2,9}[市州盟])?(?:总体|普适性|共性)(?:准入|管控)*(?:要求|清单)?$|^(?:全市|市域)$")
_OF_TYPE = re.compile(r"^(优先保护|重点管控|一般管控)(?:类|区|单元)*(?:总体|普适性|共性)?(?:准入|管控)*(?:要求|清单)?$")


def access_list_rules(
    table: pd.DataFrame, *, official: bool = True, shown: str = "准入清单", law: AccessListLaw | None = None, city: str = ""
) -> tuple[tuple[Rule, ...], tuple[Gap, ...], frozenset[str]]:
    """Return one rule (two for 禁止) for each clause, in table order; the rows that say nothing; and the units without list.

    Parameters
    ----------
    table : columns COLUMNS, all text, lists separated by ``;``, or a sheet as bureaux keep it (`as_clauses`). An empty
        `effect` is a clause for a person to decide (manual). Empty `project_types` means 既有 for 退出, any for 提示 and 鼓励, else new construction:
        what exists is not touched by a prohibition of building.
    official : whether the catalogue calls the list official; the clauses of one that is not are examples.
    shown : the file as users see it.
    law : document, issuer and day of the list; by default those of law.toml.
    city : code of the place; a row for a whole area must be for one that holds it or lies in it.

    Notes
    -----
    A unit with a wrong row has no list: what the row forbids nobody knows, so none of its clauses is returned and rule
    ZU-07 leaves all in it open. A wrong unit code may stand for any unit: then no unit has a list, told by the unit "".
    """
    table, own = as_clauses(table), law or access_list_law()
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        words = f"准入清单缺少列 {'、'.join(missing)}；应有 {'、'.join(COLUMNS)}，"
        words += "或单元编码加空间布局约束等四列，或单元编码、维度、管控要求三列"
        return (), (_gap(shown, "", "全部单元的准入清单", words),), frozenset({""})
    rules: list[Rule] = []
    gaps: list[Gap] = []
    incomplete: set[str] = set()
    seen: set[str] = set()
    for number, cells in _numbered_cells(table):
        unit, key = cells["unit_code"], f"{cells['unit_code']}-{cells['clause_no']}"
        faults = _faults(cells, city) + ([f"{key} 重复"] if key in seen else [])
        seen.add(key)
        try:
            mark = Evidence.ORIGINAL if official else Evidence.EXAMPLE
            rules += [] if faults else clause_rules(cells, mark, law=own)
        except ValidationError as err:
            faults = list(schema_problems(err, whole="整条"))
        if faults:
            known = unit if _UNIT_CODE.match(unit) else ""
            incomplete.add(known)
            part = f"单元 {known} 的准入清单" if known else "全部单元的准入清单（不知这一行属于哪个单元）"
            gaps.append(_gap(shown, f"第 {number} 行", part, "；".join(faults)))
    kept = () if "" in incomplete else tuple(rule for rule in rules if not incomplete.intersection(rule.zone_ids))
    return kept, tuple(gaps), frozenset(incomplete)


def _numbered_cells(table: pd.DataFrame) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row as a spreadsheet numbers it, its cells stripped, with what its code stands for."""
    known_units = sorted({code for code in table["unit_code"].astype(str).str.strip() if _UNIT_CODE.match(code)})
    wanted = [column for column in (*COLUMNS, *OPTIONAL, ROW) if column in table.columns]
    for number, row in enumerate(table[wanted].fillna("").to_numpy(dtype=object).tolist(), start=2):
        cells = dict.fromkeys(OPTIONAL, "") | {key: str(value).strip() for key, value in zip(wanted, row, strict=True)}
        yield int(cells.pop(ROW, number)), cells | scope_cells(cells["unit_code"], known_units)


def _gap(shown: str, row: str, part: str, problem: str) -> Gap:
    return Gap(
        part=f"{part}：落入的对象按资料不足处理（ZU-07）", layer=layer_ids.ACCESS_LIST, file=shown, row=row, problem=problem,
        remedy="请改正该行，再用 cdgis rules check 检查",
    )  # fmt: skip


def scope_cells(unit: str, known_units: Collection[str]) -> dict[str, str]:
    """Return `scope` (unit, type, area or "" for none), `zones` (ids or classes, joined) and `slug` (of rule ids) of a code.

    A county's row is for the units of that county that the list names: of another nobody knows what it says.
    """
    if _UNIT_CODE.match(unit):
        return {"scope": "unit", "zones": unit, "slug": unit}
    of_type = _OF_TYPE.match(unit)
    if of_type:
        return {"scope": "type", "zones": of_type.group(1), "slug": f"LX{_TYPES.index(of_type.group(1)) + 1}"}
    if _WHOLE.match(unit):
        return {"scope": "area", "zones": "", "slug": "ZT"}
    if not _AREA_CODE.match(unit):
        return {"scope": "", "zones": "", "slug": unit}
    stem = re.sub(r"(?:00)+$", "", unit) if len(unit) == _COUNTY_DIGITS else unit
    inside = [code for code in known_units if code.startswith(f"ZH{stem}")] if len(stem) == _COUNTY_DIGITS else []
    return {"scope": "area", "zones": LIST_SEPARATOR.join(inside) or ("?" if len(stem) == _COUNTY_DIGITS else ""), "slug": unit}


def _scope_faults(cells: Mapping[str, str], city: str) -> list[str]:
    unit = cells["unit_code"]
    if not cells["scope"]:
        example = "也可以是 430400 这样的行政区划代码，或“优先保护单元总体要求”“全市总体要求”"
        return [f"unit_code 应形如 ZH+6位县区代码+类别(1/2/3)+4位序号（{example}），读到 {unit!r}"]
    if cells["zones"] == "?":
        return [f"{unit} 是县级的要求，清单里没有这个县的单元，不知用于哪些单元"]
    stem = re.sub(r"(?:00)+$", "", unit)
    if _AREA_CODE.match(unit) and city and not (stem.startswith(city[:4]) or city.startswith(stem)):
        return [f"{unit} 不是本市（{city}）的代码"]
    return []


def _distance_faults(cells: Mapping[str, str]) -> list[str]:
    text, layer = cells["distance_m"], cells["near_layer"]
    if layer and (not text or cells["scope"] == "unit"):
        return ["near_layer 只用于全市或某一类单元、并写明 distance_m 的条款：单元内离某图层的距离，程序不能判，请留空由人判定"]
    if text and not re.fullmatch(r"\d+(\.\d+)?", text):
        return [f"distance_m 应为数（米），读到 {text!r}"]
    return []


def _faults(cells: Mapping[str, str], city: str = "") -> list[str]:
    faults = _scope_faults(cells, city) + _distance_faults(cells)
    for name in ("clause_no", "text"):
        if not cells[name]:
            faults.append(f"{name} 为空")
    for name, allowed in _DOMAINS.items():
        if cells[name] not in allowed:
            faults.append(f"{name} 应为 {'、'.join(filter(None, allowed))} 之一，读到 {cells[name]!r}")
    wrong = [word for word in _split(cells["project_types"]) if word not in _PROJECT_TYPES]
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
    return tuple(t for t in _PROJECT_TYPES if t is not ProjectType.EXISTING) if effect.rank else ()


def _types_reason(cells: Mapping[str, str], effect: Effect) -> str:
    """Return why a ban or exit means the project types it does: the list says so, or is silent."""
    if effect.rank < Effect.PROHIBIT.rank:
        return ""
    silent = {Effect.EXIT: "清单没有写建设性质：退出只及于既有", Effect.PROHIBIT: "清单没有写建设性质：禁止准入不及于既有"}
    return "清单“建设性质”一栏" if cells["project_types"] else silent[effect]


def clause_rules(
    cells: Mapping[str, str], mark: Evidence, *, source: str = "layers/zoning/access_list.csv", law: AccessListLaw | None = None
) -> list[Rule]:
    """Return the rule of one clause, for a ban the one before the Code and the one under it; `cells` by COLUMNS."""
    effect = Effect(cells["effect"] or Effect.NOTE)
    cells = dict.fromkeys(OPTIONAL, "") | ({} if "scope" in cells else scope_cells(cells["unit_code"], ())) | dict(cells)
    rule_id = f"{cells['slug']}-{cells['clause_no']}"
    clause: dict[str, Any] = {
        "title": f"{cells['unit_code']} 准入清单第 {cells['clause_no']} 条",
        "level": Level.UNIT if cells["scope"] == "unit" else Level.CITY,
        **_where(cells),
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
    law, code = law or access_list_law(), read_law().code
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
    letter = "A" if law.policy_from.year == code.in_force.year else ""
    before = [] if law.policy_from >= code.in_force else [
        Rule(
            id=f"{rule_id}-{law.policy_from.year}{letter}", effect=Effect.RESTRICT, effective_to=code.last_day_before,
            needs_review=True, note=policy_note, effect_reason=policy_note, **clause, **policy,
        )
    ]  # fmt: skip
    since = max(code.in_force, law.policy_from)
    under = Rule(
        id=f"{rule_id}-{code.in_force.year}", effect=effect, effective_from=since, penalty=law.penalty, basis=(own, under_code), **clause
    )
    return [*before, under]


def _where(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return layer, zones and distance of a clause; one with a layer of its own is about that layer's zones."""
    near = {"geometry": "within", "distance_m": float(cells["distance_m"])} if cells["distance_m"] else {}
    if cells["near_layer"]:
        return {"layer": cells["near_layer"], **near}
    zones = "zone_classes" if cells["scope"] == "type" else "zone_ids"
    return {"layer": UNIT_LAYER, zones: _split(cells["zones"]), **near}


def published_as(*, document: str, issuer: str, published_on: str, version: str) -> AccessListLaw:
    """Return under which name, by whom and since when a list holds, by what its catalogue entry states.

    Without a day of publication it holds since the day of its version, which is when it certainly was there.
    """
    shipped = access_list_law()
    stated = re.match(r"^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$", published_on or version)
    year, month, day = stated.groups() if stated else (str(shipped.policy_from.year), None, None)
    return shipped.model_copy(
        update={
            "document": document or shipped.document, "issuer": issuer or shipped.issuer,
            "policy_from": date(int(year), int(month or 1), int(day or 1)),
            "policy_precision": "day" if day else "month" if month else "year",
        }
    )
