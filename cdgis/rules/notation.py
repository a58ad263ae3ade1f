"""A rule's nested parts in one line of a spreadsheet cell, and back exactly.

    conditions   高炉有效容积 < 1000（m3）；主要装备 含 "反射炉"、"坩埚"；是否新增产能 是
    unless       {活动 A01、A02；条款 "自然资发〔2022〕142号"；接手 ECO-A01；理由 "有限人为活动"} {条件 认定意见 已申报；行业 46}
    basis        《生态环境法典》第60条（全国人民代表大会）〔未核实〕；《…》
    word lists   新建、改建

Words stand bare when they hold none of the signs above, else as JSON strings; values of conditions are
JSON numbers or JSON strings, lists of strings are joined by 、 with a trailing 、 when there is only one.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from cdgis.core.errors import RuleError
from cdgis.core.toml_files import schema_problems
from cdgis.core.vocabulary import Evidence
from cdgis.rules.rule import Basis, Condition, Exemption

T = TypeVar("T")

OPERATORS = {
    "eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "in": "属于", "has": "含",
    "true": "是", "false": "否", "declared": "已申报", "not_declared": "未申报", "given": "已填",
}  # fmt: skip
"""Operator -> sign in a cell."""
_SIGNS = {sign: name for name, sign in OPERATORS.items()} | {">=": "ge", "<=": "le", "!=": "ne", "<>": "ne"}
_UNSAFE = '"\\《》（）〔〕；、{}=<>≠≤≥'
_BARE = re.compile(rf"(?:(?!!=)[^\s{re.escape(_UNSAFE)}])+")
_PART = re.compile(r"[^\"\\《》（）〔〕；{}\r\n]+")
"""Text of a basis may hold blanks and 、 but no bracket."""
_TITLE = re.compile(r"[^\"\\《》\r\n]+")
_JSON = json.JSONDecoder()


class _Cursor:
    """Reads one cell from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def blank(self) -> None:
        """Step over white space."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, mark: str) -> bool:
        """Step over `mark` if it comes next, and say whether it did."""
        self.blank()
        if self.text.startswith(mark, self.at):
            self.at += len(mark)
            return True
        return False

    def need(self, mark: str) -> None:
        """Step over `mark`, which must come next."""
        if not self.take(mark):
            raise self.fault(f"此处应为 {mark}")

    @property
    def done(self) -> bool:
        """Whether nothing is left to read."""
        self.blank()
        return self.at >= len(self.text)

    def fault(self, message: str) -> RuleError:
        """Return the error that names what stands here."""
        rest = self.text[self.at : self.at + 20] or "（已到末尾）"
        return RuleError((f"“{rest}”处看不懂：{message}",))

    def json(self) -> Any:
        """Return the JSON value that comes next."""
        self.blank()
        try:
            value, self.at = _JSON.raw_decode(self.text, self.at)
        except json.JSONDecodeError:
            raise self.fault("此处应为数值或加英文双引号的文字") from None
        return value

    def match(self, pattern: re.Pattern[str], what: str) -> str:
        """Return the text that comes next: quoted, or what `pattern` takes."""
        self.blank()
        if self.text.startswith('"', self.at):
            return str(self.json())
        found = pattern.match(self.text, self.at)
        if not found:
            raise self.fault(f"此处应为{what}")
        self.at = found.end()
        return found.group().strip()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _word(text: str) -> str:
    return text if _BARE.fullmatch(text) else _quoted(text)


def _part(text: str, pattern: re.Pattern[str] = _PART) -> str:
    return text if pattern.fullmatch(text) and text == text.strip() else _quoted(text)


def write_words(words: Sequence[str]) -> str:
    """Return words joined by 、, those with signs in them in quotes."""
    return "、".join(_word(str(word)) for word in words)


def read_words(text: str) -> tuple[str, ...]:
    """Return the words of a cell; an empty cell holds none.

    Raises
    ------
    RuleError : the cell cannot be understood; the place is named.
    """
    cursor = _Cursor(text)
    words = () if cursor.done else _words(cursor)
    _end(cursor)
    return words


def _words(cursor: _Cursor) -> tuple[str, ...]:
    words = [cursor.match(_BARE, "词")]
    while cursor.take("、"):
        words.append(cursor.match(_BARE, "词"))
    return tuple(words)


def _end(cursor: _Cursor) -> None:
    if not cursor.done:
        raise cursor.fault("多出的内容")


def write_conditions(conditions: Sequence[Condition], titles: Mapping[str, str]) -> str:
    """Return conditions joined by ；, with attribute titles where `titles` (name -> title) has them."""
    return "；".join(_condition_text(condition, titles) for condition in conditions)


def _condition_text(condition: Condition, titles: Mapping[str, str]) -> str:
    value = condition.value
    written = ""
    if isinstance(value, tuple):
        written = "、".join(map(_quoted, value)) + ("、" if len(value) < 2 else "")
    elif isinstance(value, str):
        written = _quoted(value)
    elif value is not None:
        written = json.dumps(int(value) if value == int(value) and abs(value) < 1e15 else value)
    parts = [_word(titles.get(condition.attribute, condition.attribute)), OPERATORS[condition.op], written]
    unit = f"（{_part(condition.unit)}）" if condition.unit else ""
    return " ".join(filter(None, parts)) + unit


def read_conditions(text: str, names: Mapping[str, str]) -> tuple[Condition, ...]:
    """Return the conditions of a cell; `names` gives the attribute for a title or alias.

    Raises
    ------
    RuleError : the cell cannot be understood; the place is named.
    """
    return _all_of(text, "；", lambda cursor: _condition(cursor, names))


def _all_of(text: str, separator: str, read: Callable[[_Cursor], T]) -> tuple[T, ...]:
    cursor = _Cursor(text)
    found: list[T] = []
    while not cursor.done:
        found.append(read(cursor))
        if separator and not cursor.done:
            cursor.need(separator)
    return tuple(found)


def _condition(cursor: _Cursor, names: Mapping[str, str]) -> Condition:
    word = cursor.match(_BARE, "属性名称")
    attribute = names.get(word, word)
    # The longest sign first, so that >= is not read as >.
    sign = next((s for s in sorted(_SIGNS, key=len, reverse=True) if cursor.take(s)), None)
    if sign is None:
        raise cursor.fault(f"此处应为 {' '.join(OPERATORS.values())} 之一")
    value = _value(cursor)
    unit = ""
    if cursor.take("（"):
        unit = cursor.match(_PART, "单位")
        cursor.need("）")
    return Condition(attribute=attribute, op=_SIGNS[sign], value=value, unit=unit)  # type: ignore[arg-type]


def _value(cursor: _Cursor) -> str | float | tuple[str, ...] | None:
    if cursor.take("、"):
        return ()
    if cursor.done or cursor.text[cursor.at] in "；（}":
        return None
    first = cursor.json()
    if isinstance(first, bool) or not isinstance(first, str | int | float):
        raise cursor.fault("条件的值应为数值或文字")
    if not isinstance(first, str):
        return float(first)
    values = [first]
    listed = False
    while cursor.take("、"):
        listed = True
        cursor.blank()
        if cursor.text.startswith('"', cursor.at):
            values.append(str(cursor.json()))
    return tuple(values) if listed else first


_EXEMPTION_WORDS = {
    "条款": "article", "接手": "successors", "行业": "industry_prefixes", "不限行业": "any_industry", "理由": "reason",
}  # fmt: skip
"""Label in a cell -> field of an exemption, beside its activities and conditions."""
_EXEMPTION_LISTS = ("activities", "successors", "industry_prefixes")


def write_unless(unless: Sequence[Exemption], titles: Mapping[str, str]) -> str:
    """Return exemptions in braces, one after the other."""
    return " ".join("{" + _exemption_text(exemption, titles) + "}" for exemption in unless)


def _exemption_text(exemption: Exemption, titles: Mapping[str, str]) -> str:
    parts = [f"活动 {write_words(exemption.activities)}"] if exemption.activities else []
    parts += [f"条件 {_condition_text(condition, titles)}" for condition in exemption.conditions]
    for label, field in _EXEMPTION_WORDS.items():
        value = getattr(exemption, field)
        parts += [f"{label} {write_words(value) if isinstance(value, tuple) else _quoted(value)}"] if value else []
    return "；".join(parts)


def read_unless(text: str, names: Mapping[str, str]) -> tuple[Exemption, ...]:
    """Return the exemptions of a cell.

    Raises
    ------
    RuleError : the cell cannot be understood, or an exemption is empty.
    """
    return _all_of(text, "", lambda cursor: _exemption(cursor, names))


def _exemption(cursor: _Cursor, names: Mapping[str, str]) -> Exemption:
    cursor.need("{")
    row: dict[str, Any] = {"conditions": ()}
    while True:
        if cursor.take("条件"):
            row["conditions"] += (_condition(cursor, names),)
        else:
            label = next((word for word in ("活动", *_EXEMPTION_WORDS) if cursor.take(word)), "")
            if not label:
                raise cursor.fault(f"例外由 活动、条件、{'、'.join(_EXEMPTION_WORDS)} 组成，以分号隔开")
            field = _EXEMPTION_WORDS.get(label, "activities")
            row[field] = _words(cursor) if field in _EXEMPTION_LISTS else cursor.match(_PART, label)
        if cursor.take("}"):
            break
        cursor.need("；")
    try:
        return Exemption(**row)
    except ValidationError as err:
        raise cursor.fault("；".join(schema_problems(err, whole="例外"))) from None


def write_basis(basis: Sequence[Basis]) -> str:
    """Return bases joined by ；."""
    return "；".join(
        f"《{_part(item.document, _TITLE)}》"
        + (_part(item.article) if item.article else "")
        + (f"（{_part(item.issuer)}）" if item.issuer else "")
        + (f"〔{item.mark}〕" if item.mark is not Evidence.ORIGINAL else "")
        for item in basis
    )


def read_basis(text: str) -> tuple[Basis, ...]:
    """Return the bases of a cell.

    Raises
    ------
    RuleError : the cell cannot be understood; the place is named.
    """
    return _all_of(text, "；", _basis)


def _basis(cursor: _Cursor) -> Basis:
    cursor.need("《")
    row = {"document": cursor.match(_TITLE, "文件名称")}
    cursor.need("》")
    cursor.blank()
    if not cursor.done and cursor.text[cursor.at] not in "（〔；":
        row["article"] = cursor.match(_PART, "条号")
    if cursor.take("（"):
        row["issuer"] = cursor.match(_PART, "制定机关")
        cursor.need("）")
    for mark in Evidence:
        if cursor.take(f"〔{mark}〕"):
            row["mark"] = mark
    return Basis.model_validate(row)
