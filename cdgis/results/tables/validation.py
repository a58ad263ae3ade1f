"""Validation of tables against their declaration: columns in order, typed, sorted, within their domains.

The declarations are in `cdgis.results.tables`; every stage validates what it returns with `validate`.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from cdgis.core.errors import SchemaError
from cdgis.results.tables import TABLES, Column, Table, table_named

__all__ = ["TABLES", "Column", "Table", "empty", "table_named", "validate"]

_EPSILON = 1e-6


def _checks(column: Column) -> list[pa.Check]:
    checks: list[pa.Check] = []
    if column.allowed:
        values = list(map(str, column.allowed)) + ([] if column.required else [""])
        checks.append(pa.Check.isin(values))
    elif column.kind == "text" and column.required:
        checks.append(pa.Check(lambda s: s != "", error="不得为空"))
    if column.low is not None:
        checks.append(pa.Check.ge(column.low - _EPSILON))
    if column.high is not None:
        checks.append(pa.Check.le(column.high + _EPSILON))
    return checks


@cache
def _pandera(table: Table) -> pa.DataFrameSchema:
    types = {"text": object, "number": float, "integer": int, "flag": bool}
    columns = {
        column.name: pa.Column(
            types[column.kind],
            checks=_checks(column),
            nullable=column.kind == "number" and not column.required,
        )
        for column in table.columns
    }
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


_DTYPES: dict[str, Any] = {"text": object, "number": "float64", "integer": "int64", "flag": "bool"}


def validate(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` as table `name`: declared columns in order, typed, sorted, domain-checked.

    Raises
    ------
    SchemaError : a column is missing or a value lies outside its domain; all faults at once.
    """
    table = table_named(name)
    missing = [column for column in table.names if column not in frame.columns]
    if missing:
        raise SchemaError(name, (f"缺少列 {'、'.join(missing)}",))
    typed = frame[table.names].copy()
    for column in table.columns:
        values = typed[column.name]
        if column.kind == "text":
            values = _texts(values)
        typed[column.name] = values.astype(_DTYPES[column.kind])
    typed = typed.sort_values(list(table.sort_by), kind="stable", ignore_index=True)
    try:
        _pandera(table).validate(typed, lazy=True)
    except pa.errors.SchemaErrors as err:
        cases = err.failure_cases.head(8)
        problems = tuple(
            f"{c.column}：{c.check}（读到 {c.failure_case!r}，第 {c.index} 行）" for c in cases.itertuples()
        )
        raise SchemaError(name, problems) from err
    return typed


def _texts(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return `values` as plain strings, "" for what is missing; equal strings are one object, so long tables stay small."""
    if not isinstance(values.dtype, pd.StringDtype) and pd.api.types.infer_dtype(values, skipna=True) != "string":
        return values.astype(object).where(values.notna(), "").map(str)
    codes, distinct = pd.factorize(values)
    words = np.array([*map(str, distinct), ""], dtype=object)  # code -1, a missing value, takes the last
    return pd.Series(words[codes], index=values.index, dtype=object)


def empty(name: str) -> pd.DataFrame:
    """Return table `name` with its columns and no rows."""
    return _blank(name).copy()


@cache
def _blank(name: str) -> pd.DataFrame:
    table = table_named(name)
    return pd.DataFrame({c.name: pd.Series([], dtype=_DTYPES[c.kind]) for c in table.columns})
