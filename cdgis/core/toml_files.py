"""Faults of settings files in Chinese: of TOML as such, and pydantic's findings, one sentence each."""

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from inspect import get_annotations
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

import tomli as tomllib
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from cdgis.core.error_words import Worded, in_words
from cdgis.core.regular_files import read_regular

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
    "finite_number": "应为有限的数",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing": "应为整数",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "greater_than": "应大于 {gt}",
    "less_than": "应小于 {lt}",
    "int_parsing_size": "应为整数（这个数太大）",
    "too_long": "至多 {max_length} 项",
    "tuple_type": "应为列表，如 [\"甲\", \"乙\"]",
    "too_short": "不得为空",
    "dict_type": "应为一组 名称 = 值",
    "model_type": "应为一组 名称 = 值",
}


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("含控制符或换行，请改为一行普通文字")
    return text


PlainText = Annotated[str, AfterValidator(_one_line)]
"""Text a path, a code or a title may consist of: one line, no control characters."""


class Stated(BaseModel):
    """What a settings file states: frozen, no unknown key, finite numbers, each value of the kind it was written in.

    A number in quotes, ``true`` for a number, 1 for ``true`` and a count of seconds for a day are refused, never converted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    _read_as_written: ClassVar[Any] = None

    def __init_subclass__(cls, **options: Any) -> None:
        """Have each field that is not text alone asked whether it was read as written: text is never anything else."""
        super().__init_subclass__(**options)
        if asked := [name for name, kind in get_annotations(cls).items() if not _is_text(kind)]:
            cls._read_as_written = field_validator(*asked, mode="wrap")(_as_written)


def _is_text(kind: Any) -> bool:
    """Return whether all that an annotation lets through is text, words of an enumeration that are text, None, or tuples of such."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _is_text(parts[0])
    if origin is Literal:
        return all(isinstance(part, str) for part in parts)
    if origin in (tuple, Union, UnionType):
        return all(part is Ellipsis or _is_text(part) for part in parts)
    return kind is None or (isinstance(kind, type) and issubclass(kind, str | NoneType))


def _as_written(value: object, read: ValidatorFunctionWrapHandler) -> object:
    stated = read(value)
    if type(stated) is not str and (wanted := _other_kind(value, stated)):
        raise ValueError(f"{wanted}（读到 {_shown(value)}）")
    return stated


def _other_kind(written: object, read: object) -> str:
    """Return what is wanted where reading changed the kind of a value, or of one inside it; empty where it did not."""
    if written is read or isinstance(read, str):
        return ""
    match read:
        case bool():
            return "" if isinstance(written, bool) else "应为 true 或 false，不加引号"
        case int() | float():
            return "" if isinstance(written, int | float) and not isinstance(written, bool) else "应为数字，不加引号"
        case date():
            return "" if isinstance(written, date) or written == read.isoformat() else "应为日期，如 2026-11-01"
        case tuple() | list() if isinstance(written, tuple | list):
            pairs = zip(written, read, strict=True)
        case dict() if isinstance(written, dict):
            pairs = zip(written.values(), read.values(), strict=True)
        case _:
            return ""
    return next((wanted for pair in pairs if (wanted := _other_kind(*pair))), "")


def read_toml(path: Path) -> dict[str, Any]:
    """Return the TOML document in `path`.

    Raises
    ------
    ValueError : not UTF-8 or not TOML, worded for the user.
    OSError : no file there, or not one that can be read.
    """
    try:
        return tomllib.loads(read_regular(path).decode("utf-8-sig"))
    except RecursionError:
        raise Worded("嵌套过深") from None
    except tomllib.TOMLDecodeError as err:
        raise Worded(in_words(err)) from err


def closest(word: str, known: list[str]) -> str:
    """Return a question that offers the known word a misspelt one resembles, or an empty text."""
    similar = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"，是否想写 {similar[0]}？" if similar else ""


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
    context = {name: _plainly(name, value) for name, value in fault.get("ctx", {}).items()}
    return _WORDS[kind].format(**context) if kind in _WORDS else f"不合要求（{kind}）"


def _plainly(name: str, value: object) -> str:
    if name == "expected":
        return str(value).replace(" or ", "、").replace(", ", "、")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
