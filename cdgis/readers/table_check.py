"""What is wrong with a table of the catalogue before anybody computes with it: headers, rows, blanks, doubles, characters."""

from collections import Counter
from pathlib import Path

from cdgis.core.broken_text import is_broken
from cdgis.core.errors import LayerError, ReaderError
from cdgis.core.layer_ids import ACCESS_LIST
from cdgis.core.safe_text import cleaned
from cdgis.readers.sheets import Sheet, read_sheets
from cdgis.readers.table_layers import read_table_layer
from cdgis.rules.access_sheet import as_clauses
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.fault import Fault
from cdgis.workspace.layer_content import listed

_FIRST_DATA_ROW = 2


def check_table(spec: LayerSpec, folder: Path) -> tuple[Fault, ...]:
    """Return what is wrong with one table of the catalogue, rows counted as a spreadsheet does.

    Parameters
    ----------
    folder : the catalogue's folder.
    """
    try:
        frame = read_table_layer(spec, folder)
        sheet = _sheet(spec, folder)
    except LayerError as err:
        return (Fault(layer=spec.id, zone_id="", problem=f"读不出来：{'；'.join(err.problems)}", remedy=err.remedy, grave=True),)
    if frame.empty:
        problem, remedy = "只有表头，没有一行数据，等于没有这张表", "换成完整的文件"
        return (Fault(layer=spec.id, zone_id="", problem=problem, remedy=remedy, grave=True),)
    # a list as bureaux keep it may have titles and headers of several rows; its own reader tells what is wrong with it
    own_form = as_clauses(frame) is frame
    faults = _header_faults(spec, sheet) + _row_faults(spec, sheet) if own_form or spec.id != ACCESS_LIST else []
    for column in (name for name in spec.fields if (frame[name].astype(str).str.strip() == "").all()):
        remedy = "核对目录条目的 fields 是否指对了列"
        faults.append(Fault(layer=spec.id, zone_id=column, problem=f"列 {column} 全部为空", remedy=remedy))
    return tuple(faults)


def _sheet(spec: LayerSpec, folder: Path) -> Sheet:
    try:
        sheets = [sheet for sheet in read_sheets(folder / spec.path, label=spec.path) if not sheet.is_hidden]
    except ReaderError as err:
        raise LayerError(spec.path, spec.id, (err.told,)) from err
    return next(sheet for sheet in sheets if not spec.sublayer or sheet.name == spec.sublayer)


def _header_faults(spec: LayerSpec, sheet: Sheet) -> list[Fault]:
    header = [cleaned(label).strip() for label in sheet.rows[0]]
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    blank = [number for number, name in enumerate(header, start=1) if not name and any(_cells(sheet, number - 1))]
    faults = [
        Fault(layer=spec.id, zone_id=name, problem=f"有两列都叫“{name}”，一行里只能有一列写内容", remedy="给其中一列改名")
        for name in twice
    ]
    return faults + [
        Fault(layer=spec.id, zone_id=f"第 {number} 列", problem="有数据但没有表头", remedy="补上表头") for number in blank
    ]


def _cells(sheet: Sheet, column: int) -> list[str]:
    return [row[column].strip() for row in sheet.rows[1:] if column < len(row)]


def _row_faults(spec: LayerSpec, sheet: Sheet) -> list[Fault]:
    width = len(sheet.rows[0])
    rows = [(number, row) for number, row in enumerate(sheet.rows[1:], start=_FIRST_DATA_ROW) if any(map(str.strip, row))]
    first: dict[tuple[str, ...], int] = {}
    same = [number for number, row in rows if first.setdefault(row, number) != number]
    found = {
        "单元格多于表头，多出的没有读取": [n for n, row in rows if any(cell.strip() for cell in row[width:])],
        "单元格少于表头，缺的按空白处理": [n for n, row in rows if len(row) < width],
        "与前面的一行完全相同": same,
        "文字是乱码": [n for n, row in rows if any(map(is_broken, row))],
    }
    remedy = "在源文件中修正这些行（以 Excel 的行号计）"
    return [
        Fault(layer=spec.id, zone_id=f"第 {listed(numbers)} 行", problem=problem, remedy=remedy)
        for problem, numbers in found.items()
        if numbers
    ]
