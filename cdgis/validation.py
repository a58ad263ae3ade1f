"""What is wrong with data that breaks its schema, in Chinese? (pydantic's findings, one sentence each)"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

_SHOWN_CHARACTERS = 60
_WORDS: Mapping[str, str] = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项，请核对拼写",
    "literal_error": "应为 {expected} 之一",
    "enum": "应为 {expected} 之一",
    "string_type": "应为文字，请加引号",
    "string_too_short": "至少 {min_length} 个字",
    "string_pattern_mismatch": "写法不合要求（{pattern}）",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "greater_than_equal": "不得小于 {ge:g}",
    "less_than_equal": "不得大于 {le:g}",
    "tuple_type": "应为列表，如 [\"甲\", \"乙\"]",
    "too_short": "不得为空",
    "dict_type": "应为一组 名称 = 值",
    "model_type": "应为一组 名称 = 值",
}


def schema_problems(err: ValidationError, *, whole: str = "条目") -> tuple[str, ...]:
    """Return one Chinese sentence a fault: where, what is wanted, what was read; `whole` names the thing itself."""
    return tuple(_sentence(fault, whole) for fault in err.errors(include_url=False))


def _sentence(fault: Mapping[str, Any], whole: str) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or whole
    if fault["type"] == "value_error":  # raised by our own validators, in Chinese
        return f"{where}：{fault['ctx']['error']}"
    read = "" if fault["type"] == "missing" else f"（读到 {_shown(fault['input'])}）"
    return f"{where}：{_wanted(fault)}{read}"


def _wanted(fault: Mapping[str, Any]) -> str:
    kind = str(fault["type"])
    if kind.startswith("date"):
        return "应为日期，如 2026-11-01"
    context = {name: str(v).replace(" or ", "、").replace(", ", "、") if name == "expected" else v
               for name, v in fault.get("ctx", {}).items()}  # fmt: skip
    return _WORDS[kind].format(**context) if kind in _WORDS else f"不合要求（{kind}）"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
