"""Rules in Excel: one row a rule, Chinese headers, every cell back exactly as it went out.

The columns are in `cdgis.rules.columns`, the one-line syntax of nested parts in `cdgis.rules.notation`.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import ValidationError

from cdgis.core.error_words import in_words
from cdgis.core.errors import RuleError
from cdgis.core.fixed_zip import dated, fixed_zip
from cdgis.rules.attributes import AttributeSpec
from cdgis.rules.columns import COLUMNS, attribute_names, attribute_titles, cell_text, read_row, write_cell
from cdgis.rules.notation import OPERATORS
from cdgis.rules.rule import Rule

SHEET = "规则"
_HELP_SHEET = "填写说明"
_LAST_ROW = 5000
"""Row down to which Excel offers the lists of allowed words."""
_FIXED_TIME = datetime(2000, 1, 1)
_EXAMPLES = (
    ("条件", '高炉有效容积 < 1000（m3）；主要装备 含 "反射炉"、"坩埚"；是否新增产能 是'),
    ("除外", "{活动 A01、A02；条款 某意见第一条；接手 ECO-A01、ECO-A02；理由 有限人为活动} "
        "{条件 是否为供水设施或保护水源项目 已申报；条款 某法第1条；行业 46}"),
    ("依据", "《生态环境法典》第60条（全国人民代表大会）；《某省示例条例》第3条〔未核实〕"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRules:
    """What a sheet holds: rules, the row of each, and every fault found."""

    rules: tuple[Rule, ...]
    row_of: Mapping[str, int]
    """Rule id -> row as Excel counts."""
    faults: tuple[str, ...]
    """Chinese, each beginning with its row."""


def write_sheet(rules: Sequence[Rule], attributes: Mapping[str, AttributeSpec]) -> bytes:
    """Return the bytes of an XLSX with one row per rule, in the order given, and a sheet that explains the columns."""
    book = Workbook()
    sheet = book.active or book.create_sheet()
    sheet.title = SHEET
    titles = attribute_titles(attributes)
    _write_headers(sheet)
    for number, rule in enumerate(rules, start=2):
        for place, column in enumerate(COLUMNS, start=1):
            _put(sheet.cell(number, place), write_cell(rule, column.field, titles))  # type: ignore[arg-type]
    _write_help(book.create_sheet(_HELP_SHEET), attributes)
    book.properties.creator = "cdgis"
    book.properties.created = book.properties.modified = _FIXED_TIME
    stream = io.BytesIO()
    book.save(stream)
    return fixed_zip(stream.getvalue(), edit=lambda name, content: dated(name, content, f"{_FIXED_TIME:%Y-%m-%d}"))


def _write_headers(sheet: Worksheet) -> None:
    sheet.freeze_panes = "C2"
    for place, column in enumerate(COLUMNS, start=1):
        letter = get_column_letter(place)
        _put(sheet.cell(1, place), column.title)  # type: ignore[arg-type]
        sheet.cell(1, place).font = Font(bold=True)
        sheet.cell(1, place).fill = PatternFill("solid", fgColor="FFE3EAF2")
        sheet.column_dimensions[letter].width = column.width
        if column.choices:
            words = f'"{",".join(column.choices)}"'
            check = DataValidation(type="list", formula1=words, allow_blank=True, showErrorMessage=True)
            check.errorTitle, check.error = column.title, f"应为 {'、'.join(column.choices)} 之一"
            check.add(f"{letter}2:{letter}{_LAST_ROW}")
            sheet.add_data_validation(check)


def _put(cell: Cell, value: str | float) -> None:
    """Store text as text: Excel would make a formula of a leading equals sign and a number of a code."""
    if value == "":
        return
    cell.value = value
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"


def _write_help(sheet: Worksheet, attributes: Mapping[str, AttributeSpec]) -> None:
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 100
    rows = [("列", "怎样填写"), *((column.title, column.help) for column in COLUMNS), ("", "")]
    rows += [("写法举例", ""), *_EXAMPLES, ("比较符号", " ".join(OPERATORS.values())), ("", "")]
    rows += [
        ("条件可用的属性", "类型与单位"),
        ("area_m2", "面积，平方米（由图形量算）"),
        ("length_m", "长度，米（由图形量算）"),
    ]
    kinds = {"flag": "是/否", "number": "数值", "text": "文字", "list": "多项", "document": "文号"}
    rows += [(spec.title, f"{kinds[spec.type]} {spec.unit}".strip()) for spec in attributes.values()]
    for number, (left, right) in enumerate(rows, start=1):
        _put(sheet.cell(number, 1), left)  # type: ignore[arg-type]
        _put(sheet.cell(number, 2), right)  # type: ignore[arg-type]


def read_sheet(data: bytes, attributes: Mapping[str, AttributeSpec], *, name: str) -> SheetRules:
    """Return the rules in an XLSX and every fault in it, row by row; blank rows are passed over.

    Parameters
    ----------
    name : what messages call the file.

    Raises
    ------
    RuleError : not an XLSX, or its sheet or columns are missing.
    """
    sheet = _open(data, name)
    rows = sheet.iter_rows(values_only=True)
    places = _places(next(rows, ()), name)
    names = attribute_names(attributes)
    rules: list[Rule] = []
    row_of: dict[str, int] = {}
    faults: list[str] = []
    for number, row in enumerate(rows, start=2):
        if not any(cell_text(cell) for cell in row):
            continue
        cells = {field: row[place] for field, place in places.items() if place < len(row)}
        fields, wrong = read_row(cells, names)
        wrong += _repeated(fields, row_of, number)
        if not wrong:
            wrong = _built(fields, rules)
        faults += [f"第 {number} 行（{fields.get('id', '无编号')}）{fault}" for fault in wrong]
    return SheetRules(rules=tuple(rules), row_of=row_of, faults=tuple(faults))


# XML errors of lxml and of the standard library are both SyntaxErrors
_UNREADABLE = (InvalidFileException, zipfile.BadZipFile, zlib.error, LookupError, ValueError, TypeError, AttributeError,
               ArithmeticError, OSError, SyntaxError, RuntimeError, EOFError, AssertionError)  # fmt: skip


def _open(data: bytes, name: str) -> Worksheet:
    try:
        book = load_workbook(io.BytesIO(data), data_only=True)
    except _UNREADABLE as err:
        raise RuleError((f"{name} 不是可读的 XLSX（{in_words(err)}）。请用 cdgis rules export 导出后修改",)) from err
    if SHEET not in book.sheetnames:
        raise RuleError((f"{name} 没有工作表“{SHEET}”，读到 {'、'.join(book.sheetnames)}",))
    sheet: Worksheet = book[SHEET]
    return sheet


def _places(header: Sequence[Any], name: str) -> dict[str, int]:
    """Return field -> place of its column."""
    titles = [cell_text(cell) for cell in header]
    found = {title: place for place, title in enumerate(titles)}
    missing = [column.title for column in COLUMNS if column.title not in found]
    known = {column.title for column in COLUMNS}
    strange = [title for title in found if title and title not in known]
    problems = [f"{name} 缺少列：{'、'.join(missing)}"] if missing else []
    problems += [f"{name} 有不认识的列：{'、'.join(strange)}"] if strange else []
    twice = sorted({title for title in titles if title and titles.count(title) > 1})
    problems += [f"{name} 有两列都叫 {'、'.join(twice)}，不知用哪一列"] if twice else []
    if problems:
        raise RuleError(tuple(problems))
    return {column.field: found[column.title] for column in COLUMNS}


def _repeated(fields: Mapping[str, Any], row_of: dict[str, int], number: int) -> list[str]:
    rule_id = fields.get("id", "")
    if not rule_id:
        return []
    if rule_id in row_of:
        return [f"编号：与第 {row_of[rule_id]} 行重复"]
    row_of[rule_id] = number
    return []


def _built(fields: Mapping[str, Any], rules: list[Rule]) -> list[str]:
    """Append the rule to `rules`, or return why it is none."""
    try:
        rules.append(Rule(**fields))
    except ValidationError as err:
        titles = {column.field: column.title for column in COLUMNS}
        return [_schema_fault(error, titles) for error in err.errors()]
    return []


def _schema_fault(error: Any, titles: Mapping[str, str]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    field = str(error["loc"][0])
    if error["type"] == "string_pattern_mismatch":
        message = f"读到“{error['input']}”，应以大写字母或数字开头，只含字母、数字、点、连字符"
    return f"{titles.get(field, field)}：{message}"
