"""What the columns of a CASS .dat mean: one measured point a line, without a header (点号,编码,东,北,高)."""

import re
from collections.abc import Sequence

from cdgis.core.errors import ReaderError
from cdgis.readers.headers import Header, resolve_columns
from cdgis.readers.sheets import Sheet

SURVEY_SUFFIX = ".dat"
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?$")
_LABEL, _CODE, _EAST, _NORTH, _HEIGHT = "测点号", "测点编码", "东坐标", "北坐标", "高程"
_LAYOUTS = (
    (_LABEL, _CODE, _EAST, _NORTH, _HEIGHT),
    (_LABEL, _CODE, _EAST, _NORTH),
    (_LABEL, _EAST, _NORTH, _HEIGHT),
)
"""Columns in their order, the usual one first; the codes of points are mostly empty or words."""


def survey_header(sheet: Sheet, *, label: str) -> Header:
    """Return the columns of a file of measured points; its labels say nothing of what the points go round.

    Raises
    ------
    ReaderError : its lines are not of measured points.
    """
    lines = [row for row in sheet.rows if any(row)]
    first = 1 if lines and len(lines[0]) == 1 and lines[0][0] == str(len(lines) - 1) else 0
    for layout in _LAYOUTS:
        if any(_fits(row, layout) for row in lines[first:]):
            return Header(columns=resolve_columns(layout), first_data_row=sheet.rows.index(lines[first]))
    raise ReaderError(
        "不是 CASS 坐标数据（每行应为 点号,编码,东坐标,北坐标,高程）", source=label, remedy="请核对文件；MapInfo 的 .dat 请连同 .tab 一起提交"
    )


def _fits(row: Sequence[str], layout: Sequence[str]) -> bool:
    """Return whether a line has a layout's columns, numbers where coordinates and height are."""
    if len(row) != len(layout):
        return False
    numbers = [cell for cell, name in zip(row, layout, strict=True) if name in (_EAST, _NORTH, _HEIGHT) and (cell or name != _HEIGHT)]
    code_is_no_number = all(not _NUMBER.match(cell) or "." not in cell for cell, name in zip(row, layout, strict=True) if name == _CODE)
    return code_is_no_number and all(_NUMBER.match(cell) for cell in numbers)
