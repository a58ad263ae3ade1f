"""Columns of the rule sheet: which part of a rule each holds, how it is written and read back."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cdgis.core.errors import RuleError
from cdgis.core.vocabulary import Dimension, Effect, Evidence, Level, ProjectType
from cdgis.rules.attributes import AttributeSpec
from cdgis.rules.notation import (
    read_basis,
    read_conditions,
    read_unless,
    read_words,
    write_basis,
    write_conditions,
    write_unless,
    write_words,
)
from cdgis.rules.rule import Rule

_YES = "是"
_QUOTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
"""Signs a workbook cannot hold as they are."""
_CHOICES: dict[str, dict[str, str]] = {
    "level": {str(word): str(word) for word in Level},
    "effect": {str(word): str(word) for word in Effect},
    "dimension": {str(word): str(word) for word in Dimension},
    "geometry": {"压占": "hit", "邻近": "within", "不看位置": "none", "判定引擎": "engine"},
    "industry_flag": {
        "两高行业": "two_high", "退城搬迁行业": "relocation_sector",
        "涉水重点行业": "water_sensitive", "涉气重点行业": "air_sensitive",
    },
    "date_precision": {"日": "day", "月": "month", "年": "year"},
    "mark": {str(word): str(word) for word in Evidence},
}  # fmt: skip
_KINDS = {"项目": "project", "企业": "enterprise"}
_REQUIRED = ("id", "title", "level", "effect", "dimension", "clause", "basis", "effective_from", "source", "mark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the sheet."""

    field: str
    """Field of `cdgis.rules.rule.Rule`."""
    title: str
    help: str
    choices: tuple[str, ...] = ()
    """Words the cell may hold; Excel offers them as a list."""
    width: int = 12


def _column(field: str, title: str, help_text: str, width: int = 12) -> Column:
    choices = tuple(_CHOICES.get(field, ())) or ((_YES,) if field in ("needs_review", "manual") else ())
    return Column(field=field, title=title, help=help_text, choices=choices, width=width)


COLUMNS: tuple[Column, ...] = (
    _column("id", "编号", "大写字母或数字开头，可含字母、数字、点、连字符；工作区内唯一", 14),
    _column("title", "规则", "一句话的名称", 36),
    _column("level", "层级", "从列表选择"),
    _column("effect", "效力", "从列表选择；禁止、退出最严，提示、鼓励不影响结论"),
    _column("effect_reason", "效力理由", "效力轻于条文用语（不得、原则上不得、须经批准）时写明理由", 24),
    _column("dimension", "维度", "从列表选择", 16),
    _column("layer", "图层", "图层目录中的编号；不看位置的规则留空", 22),
    _column("zone_classes", "区类别", "该图层的类别，多个用、隔开；留空为全部", 24),
    _column("zone_ids", "区编码", "只针对个别区时填写，多个用、隔开", 18),
    _column("geometry", "位置关系", "从列表选择；留空为压占。邻近须填距离或距离属性"),
    _column("distance_m", "距离（米）", "邻近规则的距离"),
    _column("certain_m", "必然距离（米）", "邻近规则：条文没有数字时，不超过此距离的必然适用，更远的由人判定"),
    _column("distance_attribute", "距离属性", "距离取自对象的哪个属性（名称或英文名）", 16),
    _column("subject_kinds", "对象", "项目、企业；多个用、隔开"),
    _column("project_types", "建设性质", "、".join(ProjectType) + "；留空为全部", 18),
    _column("types_reason", "建设性质理由", "条文怎样写明针对哪些建设性质；禁止和退出的规则必填", 24),
    _column("activities", "活动", "开发性生产性建设、A01–A10、国家重大项目、造林、入河排污口；留空为全部", 18),
    _column("industry_prefixes", "行业代码前缀", "GB/T 4754-2017，多个用、隔开；留空为全部行业", 18),
    _column("industry_flag", "行业标记", "从列表选择", 14),
    _column("or_declared", "或申报", "一个条件：行业不符但该条件成立的也适用", 20),
    _column("conditions", "条件", "属性 比较 值（单位），多个用；隔开，须同时成立", 36),
    _column("unless", "除外", "{活动 A01、A02；条件 属性 已申报；条款 《文件》第几条；接手 规则编号；行业 代码；理由 文字}，任一成立即不适用", 44),
    _column("clause", "条文", "引用或转述的条文", 60),
    _column("basis", "依据", "《文件》条号（制定机关），没有见到原文的在后面用〔〕写明（同“出处标记”，如〔未核实〕），多个用；隔开", 44),
    _column("effective_from", "施行日期", "YYYY-MM-DD", 12),
    _column("effective_to", "失效日期", "最后一个有效日 YYYY-MM-DD；现行有效的留空", 12),
    _column("date_precision", "日期精度", "从列表选择；留空为日"),
    _column("plan_measure", "方案措施", "1–31 的序号，用英文分号隔开"),
    _column("source", "出处", "条文见于何处", 24),
    _column("searched", "查找过什么", "没有人见过原文的规则：在哪里、用什么字句找过，结果如何", 36),
    _column("mark", "出处标记", "从列表选择：谁在何处见过条文；未见条文的不得写已见"),
    _column("needs_review", "须复核", "是或留空"),
    _column("manual", "人工判定", "是：机器不能判定，逐字列出，不改变结论"),
    _column("validity_risk", "时效风险", "可能已被修订或替代的说明", 20),
    _column("penalty", "罚则", "", 30),
    _column("note", "说明", "", 30),
)
_WORDS = ("zone_classes", "zone_ids", "project_types", "activities", "industry_prefixes")
_FLAGS = ("needs_review", "manual")
_DATES = ("effective_from", "effective_to")


def attribute_titles(attributes: Mapping[str, AttributeSpec]) -> dict[str, str]:
    """Return attribute -> the title the sheet shows."""
    return {name: spec.title for name, spec in attributes.items()}


def attribute_names(attributes: Mapping[str, AttributeSpec]) -> dict[str, str]:
    """Return title or alias -> attribute."""
    return {word: name for name, spec in attributes.items() for word in (*spec.aliases, spec.title, name)}


def write_cell(rule: Rule, field: str, titles: Mapping[str, str]) -> str | float:
    """Return what the sheet shows for one field of a rule."""
    value: Any = getattr(rule, field)
    if value is None:
        return ""
    if field in _CHOICES:
        return next(shown for shown, meant in _CHOICES[field].items() if meant == value)
    if field in _FLAGS:
        return _YES if value else ""
    writers: dict[str, Callable[[], str]] = {
        "conditions": lambda: write_conditions(value, titles),
        "or_declared": lambda: write_conditions((value,), titles),
        "unless": lambda: write_unless(value, titles),
        "basis": lambda: write_basis(value),
        "subject_kinds": lambda: write_words([shown for kind in value for shown, k in _KINDS.items() if k == kind]),
        "distance_attribute": lambda: _text(titles.get(value, value)),
        **{name: lambda: write_words(value) for name in _WORDS},
    }
    if field in writers:
        return writers[field]()
    # Excel keeps 15 digits of a number; the rare one with more goes out as text.
    return value if isinstance(value, float) and float(f"{value:.15g}") == value else _text(str(value))


def _text(value: str) -> str:
    unsafe = _QUOTED.search(value) or value != value.strip() or value.startswith('"')
    return json.dumps(value) if unsafe else value


def read_row(cells: Mapping[str, Any], names: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of one row and what is wrong with its cells, each fault naming its column.

    Parameters
    ----------
    cells : field -> cell value as the workbook gives it.
    names : attribute for each title or alias, as `attribute_names` returns.
    """
    row: dict[str, Any] = {}
    faults: list[str] = []
    for column in COLUMNS:
        text = cell_text(cells.get(column.field))
        if not text:
            if column.field in _REQUIRED:
                faults.append(f"{column.title}为空")
            if column.field == "subject_kinds":
                row["subject_kinds"] = ()
            continue
        try:
            row[column.field] = _read(column, text, names)
        except RuleError as err:
            faults += [f"{column.title}：{problem}" for problem in err.problems]
    return row, faults


def cell_text(value: object) -> str:
    """Return a cell as text: whole numbers without a point, dates as YYYY-MM-DD."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _YES if value else ""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def _read(column: Column, text: str, names: Mapping[str, str]) -> Any:
    field = column.field
    if field == "mark":
        text = {"见到原文": Evidence.ORIGINAL, "凭记忆": Evidence.UNVERIFIED}.get(text, text)
    if column.choices and text not in column.choices:
        raise RuleError((f"读到“{text}”，应为 {'、'.join(column.choices)} 之一",))
    if field in _CHOICES:
        return _CHOICES[field][text]
    if field in _FLAGS:
        return True
    if field == "or_declared":
        found = read_conditions(text, names)
        if len(found) != 1:
            raise RuleError((f"只能写一个条件，读到 {len(found)} 个",))
        return found[0]
    readers: dict[str, Callable[[], Any]] = {
        "conditions": lambda: read_conditions(text, names),
        "unless": lambda: read_unless(text, names),
        "basis": lambda: read_basis(text),
        "subject_kinds": lambda: tuple(_kind(word) for word in read_words(text)),
        "distance_m": lambda: _number(text),
        "certain_m": lambda: _number(text),
        "distance_attribute": lambda: names.get(_plain(text), _plain(text)),
        **{name: lambda: read_words(text) for name in _WORDS},
        **{name: lambda: _date(text) for name in _DATES},
    }
    return readers[field]() if field in readers else _plain(text)


def _plain(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except json.JSONDecodeError:
        return text


def _kind(word: str) -> str:
    if word not in _KINDS:
        raise RuleError((f"读到“{word}”，应为 {'、'.join(_KINDS)}",))
    return _KINDS[word]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RuleError((f"读到“{text}”，应为数值（米）",)) from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise RuleError((f"读到“{text}”，应为 YYYY-MM-DD",)) from None
