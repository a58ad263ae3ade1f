"""Access lists as bureaux keep them: wide sheets, long sheets and rows for a whole city, county or type, as clause rows.

A wide sheet has one row a unit and a column of text for each dimension, a long one a row a clause; headers may take up
several rows and merged unit codes stand in the first of their rows. Nobody has said there what a clause does, so each is
for a person to decide unless a column says its effect. Nothing is lost: a cell that cannot be placed is a faulty row.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from cdgis.core.vocabulary import Dimension

COLUMNS = (
    "unit_code", "clause_no", "dimension", "text", "industry_prefixes", "project_types",
    "attribute", "op", "value", "effect", "plan_measure",
)  # fmt: skip
OPTIONAL = ("distance_m", "near_layer")
"""Of a clause with a distance: so many metres from its unit, or from the zones of a layer."""
ROW = "sheet_row"
"""Column added by `as_clauses`: the row of the sheet as a spreadsheet counts."""
NO_REQUIREMENT = frozenset({"", "/", "-", "—", "——", "无", "暂无", "None", "nan"})
_DIMENSIONS: Mapping[Dimension, tuple[str, ...]] = {
    Dimension.SPACE: ("空间布局约束", "空间布局约束要求", "空间布局"),
    Dimension.EMISSION: ("污染物排放管控", "污染物排放管控要求", "污染物排放"),
    Dimension.RISK: ("环境风险防控", "环境风险防控要求", "环境风险"),
    Dimension.RESOURCE: ("资源利用效率", "资源利用效率要求", "资源开发效率要求", "资源开发效率", "资源能源利用"),
}
_LETTERS = dict(zip(_DIMENSIONS, "KWFZ", strict=True))
_HEADS: Mapping[str, tuple[str, ...]] = {
    "unit_code": ("unit_code", "环境管控单元编码", "管控单元编码", "单元编码", "环境管控单元代码", "单元代码", "编码"),
    "dimension": ("dimension", "维度", "管控维度", "管控类型", "管控类别", "清单类别"),
    "text": ("text", "管控要求", "准入要求", "清单内容", "管控内容", "条文", "准入清单", "生态环境准入清单"),
    "clause_no": ("clause_no", "条款号", "条款序号", "条号"),
    "effect": ("effect", "效力", "效力类别"),
    "industry_prefixes": ("industry_prefixes", "行业代码", "行业"),
    "project_types": ("project_types", "建设性质"),
    "distance_m": ("distance_m", "距离", "距离（米）", "距离(米)"),
    "near_layer": ("near_layer", "距离图层"),
    "plan_measure": ("plan_measure", "方案措施"),
}
_MOST_HEADER_ROWS, _OWN_COLUMNS = 4, 4
_BREAK = re.compile(
    r"[\r\n]+|(?<=[。；;])\s*(?=(?:\d{1,2}[、.．](?!\d)|[（(]\d{1,2}[）)]|[（(]?[一二三四五六七八九十]{1,2}[）)、]|[①-⑳]))"
)  # fmt: skip


def clauses_of(text: str) -> tuple[str, ...]:
    """Return the clauses of one cell: a line each, and a numbered item after a full stop or semicolon each; nothing is lost."""
    return tuple(part.strip() for part in _BREAK.split(text) if part and part.strip())


def as_clauses(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of the access list with the columns COLUMNS, one row a clause; one that is so already, as it is.

    Parameters
    ----------
    table : all text, labelled by its first row, whatever that holds.

    Notes
    -----
    A table in which no header is found comes back as it is: who reads it says which columns are missing.
    """
    if len(set(COLUMNS) & set(table.columns)) >= _OWN_COLUMNS:
        return table  # the program's own form; a column it lacks is missed, not passed over
    rows = [[str(label) for label in table.columns], *table.astype(str).to_numpy(dtype=object).tolist()]
    for last in range(min(_MOST_HEADER_ROWS, len(rows))):
        places = _places(rows[: last + 1])
        if places is not None:
            found = list(_clauses(rows[last + 1 :], places, last + 2))
            return pd.DataFrame(found, columns=[*COLUMNS, *OPTIONAL, ROW], dtype=object)
    return table


def _places(header: Sequence[Sequence[str]]) -> dict[str | Dimension, list[int]] | None:
    """Return column or dimension -> its places by a header of one or more rows, the lowest label of a column holding."""
    labels = ["" for _ in header[-1]]
    for row in header:
        labels = [_plain(cell) or above for cell, above in zip(row, labels, strict=False)]
    places: dict[str | Dimension, list[int]] = {}
    for place, label in enumerate(labels):
        meant = next((name for name, words in (*_HEADS.items(), *_DIMENSIONS.items()) if label in map(_plain, words)), None)
        if meant is not None:
            places.setdefault(meant, []).append(place)
    is_wide = sum(dimension in places for dimension in Dimension) >= 2
    return places if "unit_code" in places and (is_wide or {"dimension", "text"} <= places.keys()) else None


def _joined(cells: Sequence[object]) -> str:
    """Return what all columns of one meaning hold in a row: two columns of one dimension are both its clauses."""
    texts = list(dict.fromkeys(str(cell).strip() for cell in cells))
    return "\n".join([text for text in texts if text not in NO_REQUIREMENT] or texts[:1])


def _plain(cell: object) -> str:
    text = re.sub(r"\s+", "", str(cell))
    return "" if re.fullmatch(r"column_\d+|nan|None", text) else text


def _clauses(
    rows: Sequence[Sequence[str]], places: Mapping[str | Dimension, Sequence[int]], first_row: int
) -> Iterator[dict[str, str]]:
    """Yield the clauses of all rows, numbered within unit and dimension where the sheet does not number them."""
    counts: dict[tuple[str, str], int] = {}
    unit = ""
    for number, row in enumerate(rows, start=first_row):
        cells = {name: _joined([row[place] for place in at if place < len(row)]) for name, at in places.items()}
        if "dimension" in places and not cells["unit_code"] and cells["text"]:
            cells["unit_code"] = unit  # a merged code stands in the first of its rows
        unit = cells["unit_code"]
        for dimension, text in _said(cells):
            for clause in clauses_of(text):
                key = (unit, dimension)
                counts[key] = counts.get(key, 0) + 1
                letter = next((letter for name, letter in _LETTERS.items() if name == dimension), "X")
                own = {name: cells[name] for name in (*COLUMNS, *OPTIONAL) if name in cells}
                yield {
                    **dict.fromkeys((*COLUMNS, *OPTIONAL), ""), **own, "unit_code": unit, "dimension": dimension, "text": clause,
                    "clause_no": own.get("clause_no") or f"{letter}{counts[key]}", ROW: str(number),
                }  # fmt: skip


def _said(cells: Mapping[str | Dimension, str]) -> Iterator[tuple[str, str]]:
    if "dimension" in cells:
        if cells["text"] not in NO_REQUIREMENT:
            word = _plain(cells["dimension"])
            yield next((str(d) for d, words in _DIMENSIONS.items() if word in map(_plain, words)), cells["dimension"]), cells["text"]
        return
    for dimension in Dimension:
        if cells.get(dimension, "") not in NO_REQUIREMENT:
            yield str(dimension), cells[dimension]
