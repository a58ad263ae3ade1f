"""Validation of tables against their declaration: columns in order, typed, sorted, within their domains.

The declarations are in `cdgis.results.tables`; every stage validates what it returns with `validate`.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from cdgis.core.array_types import BoolArray
from cdgis.core.errors import SchemaError
from cdgis.results.tables import TABLES, Column, Table, table_named

__all__ = ["TABLES", "Cells", "Column", "Table", "empty", "framed", "table_named", "validate"]

_EPSILON = 1e-6
_SHOWN = 8
"""Cells an error names."""
_SHORT = 64
"""Up to so many texts are looked at one by one."""
_FEW = 2000
"""Up to so many rows, sorting them as they are is faster than numbering their words first."""
_DTYPES: dict[str, Any] = {"text": object, "number": "float64", "integer": "int64", "flag": "bool"}


Cells = Mapping[str, "np.ndarray[Any, Any]"]
"""Columns of a table that is no frame yet: a frame of a few rows costs more than what is in it."""


def validate(name: str, frame: pd.DataFrame | Cells) -> pd.DataFrame:
    """Return `frame`, or columns of equal length, as table `name`: declared columns in order, typed, sorted, domain-checked.

    Raises
    ------
    SchemaError : a column is missing or a value lies outside its domain; all faults at once.
    """
    table = table_named(name)
    missing = [column for column in table.names if column not in frame]
    if missing:
        raise SchemaError(name, (f"缺少列 {'、'.join(missing)}",))
    cells = {column.name: _typed(frame[column.name], column) for column in table.columns}
    if len(next(iter(cells.values()))) > 1:
        order = _order(cells, table)
        cells = {name: values[order] for name, values in cells.items()}
    problems = [problem for column in table.columns for problem in _problems(column, cells[column.name])]
    if problems:
        raise SchemaError(name, tuple(problems[:_SHOWN]))
    return framed(cells)


def framed(cells: Cells) -> pd.DataFrame:
    """Return columns as a frame that holds the arrays themselves; texts stay plain objects.

    The constructor looks at every cell for a better type and aligns the columns, twenty times the work for a few rows.
    """
    size = len(next(iter(cells.values()), ()))
    build: Callable[..., pd.DataFrame] = pd.DataFrame._from_arrays  # type: ignore[attr-defined]
    return build(list(cells.values()), columns=_names(tuple(cells)).view(), index=pd.RangeIndex(size), verify_integrity=False)


@cache
def _names(columns: tuple[str, ...]) -> "pd.Index[str]":
    return pd.Index(columns)


def _order(cells: Cells, table: Table) -> "np.ndarray[Any, Any]":
    """Return the order of the rows; equal ones keep theirs."""
    keys = [cells[name] for name in table.sort_by]
    if len(keys[0]) <= _FEW and not any(key.dtype.kind == "f" for key in keys):  # NaN has no place among numbers
        rows = list(zip(*(key.tolist() for key in keys), strict=True))
        return np.array(sorted(range(len(rows)), key=rows.__getitem__), dtype=np.int64)
    return framed(dict(zip(table.sort_by, keys, strict=True))).sort_values(list(table.sort_by), kind="stable").index.to_numpy()


def _typed(values: "pd.Series[Any] | np.ndarray[Any, Any]", column: Column) -> "np.ndarray[Any, Any]":
    return _texts(values) if column.kind == "text" else np.asarray(values).astype(_DTYPES[column.kind])


def _problems(column: Column, values: "np.ndarray[Any, Any]") -> Iterator[str]:
    """Yield what is wrong with the cells of a column, each with its value and row."""
    for rule, wrong in _broken(column, values):
        for row in np.flatnonzero(wrong)[:_SHOWN]:
            cell = values[row] if column.kind == "text" else values[row].item()
            yield f"{column.name}：{rule}（读到 {cell!r}，第 {row} 行）"


def _broken(column: Column, values: "np.ndarray[Any, Any]") -> Iterator[tuple[str, BoolArray]]:
    """Yield each demand on a column with where it is not met."""
    if column.kind == "text":
        if column.allowed:
            allowed = {*map(str, column.allowed), *(() if column.required else ("",))}
            yield f"应为 {'、'.join(column.allowed)} 之一", _outside(values, allowed)
        elif column.required:
            yield "不得为空", np.asarray(values == "", dtype=bool)
        return
    if column.kind == "number" and column.required:
        yield "不得为空", np.isnan(values)
    if column.low is not None:
        yield f"不得小于 {column.low:g}", values < column.low - _EPSILON
    if column.high is not None:
        yield f"不得大于 {column.high:g}", values > column.high + _EPSILON


def _outside(values: "np.ndarray[Any, Any]", allowed: set[str]) -> BoolArray:
    if len(values) <= _SHORT:
        return np.array([value not in allowed for value in values], dtype=bool)
    return np.asarray(~pd.Series(values, copy=False).isin(allowed).to_numpy())


def _texts(values: "pd.Series[Any] | np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return `values` as plain strings, "" for what is missing; equal strings are one object, so long tables stay small."""
    if len(values) <= _SHORT:
        cells = np.array(values, dtype=object)
        if not all(type(cell) is str for cell in cells):
            words = ["" if lost else str(cell) for cell, lost in zip(cells, pd.isna(values), strict=True)]
            cells = np.array(words, dtype=object)
        return cells
    values = pd.Series(values, dtype=values.dtype, copy=False)
    if not isinstance(values.dtype, pd.StringDtype) and pd.api.types.infer_dtype(values, skipna=True) != "string":
        return values.astype(object).where(values.notna(), "").map(str).to_numpy(dtype=object)
    codes, distinct = pd.factorize(values)
    named = np.array([*map(str, distinct), ""], dtype=object)  # code -1, a missing value, takes the last
    return np.asarray(named[codes])


def empty(name: str) -> pd.DataFrame:
    """Return table `name` with its columns and no rows."""
    return _blank(name).copy()


@cache
def _blank(name: str) -> pd.DataFrame:
    table = table_named(name)
    return pd.DataFrame({c.name: pd.Series([], dtype=_DTYPES[c.kind]) for c in table.columns})
