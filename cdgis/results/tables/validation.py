"""Validation of tables against their declaration: columns in order, typed, sorted, within their domains.

The declarations are in `cdgis.results.tables`; every stage validates what it returns with `validate`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from cdgis.core.array_types import BoolArray, IntArray, TextArray
from cdgis.core.errors import SchemaError
from cdgis.results.tables import TABLES, Column, Table, table_named

__all__ = ["TABLES", "Cells", "Column", "Table", "Words", "empty", "framed", "table_named", "validate"]

_EPSILON = 1e-6
_SHOWN = 8
"""Cells an error names."""
_SHORT = 64
"""Up to so many texts are looked at one by one; more are numbered first, and looked at once each."""
_MOST_NUMBERS = 1 << 62
_DTYPES: dict[str, Any] = {"text": object, "number": "float64", "integer": "int64", "flag": "bool"}


@dataclass(frozen=True, slots=True)
class Words:
    """A text column as its distinct texts and which of them stands in each row: what holds for a text is asked once."""

    codes: IntArray
    texts: TextArray

    @classmethod
    def of(cls, values: "pd.Categorical") -> "Words":
        """Return a categorical's cells as texts, "" for what is missing."""
        return cls._named(values.codes, values.categories)

    @classmethod
    def numbered(cls, values: Any) -> "Words":
        """Return cells, all of them strings or missing, as texts."""
        return cls._named(*pd.factorize(values))

    @classmethod
    def _named(cls, codes: IntArray, distinct: Iterable[object]) -> "Words":
        texts = [*map(str, distinct)]
        if len({*texts}) < len(texts) or (len(codes) and codes.min() < 0):
            places = {text: at for at, text in enumerate(dict.fromkeys((*texts, "")))}
            # code -1, a missing value, takes the last
            return cls(np.array([places[text] for text in (*texts, "")])[codes], np.array([*places], dtype=object))
        return cls(codes, np.array(texts, dtype=object))

    @classmethod
    def told(cls, codes: IntArray, texts: TextArray) -> "Words":
        """Return the texts at these positions, -1 for none; a missing one is none."""
        return cls._named(codes, ["" if lost else text for text, lost in zip(texts.tolist(), pd.isna(texts).tolist(), strict=True)])

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    def __getitem__(self, rows: IntArray) -> "Words":
        """Return the cells at these rows."""
        return Words(self.codes[rows], self.texts)

    def where(self, wrong: Callable[[str], bool]) -> BoolArray:
        """Return the rows whose text is `wrong`."""
        bad = np.fromiter(map(wrong, self.texts), dtype=bool, count=len(self.texts))
        return np.asarray(bad[self.codes] if bad.any() else np.zeros(len(self), dtype=bool))

    def empty(self) -> BoolArray:
        """Return the rows without a text."""
        bad = np.asarray(self.texts == "", dtype=bool)
        return np.asarray(bad[self.codes] if bad.any() else np.zeros(len(self), dtype=bool))

    def ranks(self, kind: type[np.signedinteger[Any]] = np.int64) -> IntArray:
        """Return numbers from 0 that order the rows as their texts do."""
        rank = np.empty(len(self.texts), dtype=kind)
        rank[np.argsort(self.texts, kind="stable")] = np.arange(len(rank))
        return np.asarray(rank[self.codes])

    def plain(self) -> TextArray:
        """Return the cells; equal ones are one object, so long tables stay small."""
        return np.asarray(self.texts[self.codes])

    def packed(self) -> "pd.Categorical":
        """Return the cells as a categorical."""
        return pd.Categorical.from_codes(self.codes, pd.Index(self.texts, dtype=object), validate=False)


Cells = Mapping[str, np.ndarray[Any, Any] | pd.Categorical | Words]
"""Columns of a table that is no frame yet: a frame of a few rows costs more than what is in it."""
_Typed = np.ndarray[Any, Any] | Words


def validate(name: str, frame: pd.DataFrame | Cells, *, packed: bool = False) -> pd.DataFrame:
    """Return `frame`, or columns of equal length, as table `name`: declared columns in order, typed, sorted, domain-checked.

    Texts may come as categoricals, missing ones as empty texts.

    Parameters
    ----------
    packed : texts are returned as categoricals, not as plain objects; for tables that are only written, or validated again.

    Raises
    ------
    SchemaError : a column is missing or a value lies outside its domain; all faults at once.
    """
    table = table_named(name)
    missing = [column for column in table.names if column not in frame]
    if missing:
        raise SchemaError(name, (f"缺少列 {'、'.join(missing)}",))
    cells = {column.name: _typed(frame[column.name], column) for column in table.columns}
    order = _order([cells[name] for name in table.sort_by])
    if order is not None:
        cells = {name: values[order] for name, values in cells.items()}
    problems = [problem for column in table.columns for problem in _problems(column, cells[column.name])]
    if problems:
        raise SchemaError(name, tuple(problems[:_SHOWN]))
    return framed({name: _given(values, packed=packed) for name, values in cells.items()})


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


def _given(values: _Typed, *, packed: bool) -> "np.ndarray[Any, Any] | pd.Categorical":
    if isinstance(values, Words):
        return values.packed() if packed else values.plain()
    return Words.numbered(values).packed() if packed and values.dtype == object else values


def _order(keys: "Sequence[_Typed]") -> IntArray | None:
    """Return the order of the rows, equal ones as they are; None when they are in order."""
    size = len(keys[0])
    plain = [key for key in keys if not isinstance(key, Words) and key.dtype.kind != "f"]  # NaN has no place among numbers
    if len(plain) == len(keys):
        rows = list(zip(*(key.tolist() for key in plain), strict=True))
        return np.array(sorted(range(size), key=rows.__getitem__), dtype=np.int64) if size > 1 else None
    numbers = [Words.numbered(key) if not isinstance(key, Words) and key.dtype == object else key for key in keys]
    texts = [key for key in numbers if isinstance(key, Words)]
    count = math.prod(len(key.texts) for key in texts)
    if len(texts) < len(keys) or count >= _MOST_NUMBERS:
        return np.lexsort([key.ranks() if isinstance(key, Words) else key for key in reversed(numbers)])
    kind = np.int32 if count <= np.iinfo(np.int32).max else np.int64
    whole = texts[0].ranks(kind)
    for key in texts[1:]:
        whole *= kind(len(key.texts))
        whole += key.ranks(kind)
    return None if (whole[1:] >= whole[:-1]).all() else np.argsort(whole, kind="stable")


def _typed(values: Any, column: Column) -> "_Typed":
    return _texts(values) if column.kind == "text" else np.asarray(values).astype(_DTYPES[column.kind])


def _problems(column: Column, values: _Typed) -> Iterator[str]:
    """Yield what is wrong with the cells of a column, each with its value and row."""
    for rule, wrong in _broken(column, values):
        for row in np.flatnonzero(wrong)[:_SHOWN]:
            cell = values.texts[values.codes[row]] if isinstance(values, Words) else values[row]
            yield f"{column.name}：{rule}（读到 {cell if column.kind == 'text' else cell.item()!r}，第 {row} 行）"


def _broken(column: Column, values: _Typed) -> Iterator[tuple[str, BoolArray]]:
    """Yield each demand on a column with where it is not met."""
    if column.kind == "text":
        if column.allowed:
            allowed = {*map(str, column.allowed), *(() if column.required else ("",))}
            yield f"应为 {'、'.join(column.allowed)} 之一", _where(values, lambda text: text not in allowed)
        elif column.required:
            yield "不得为空", values.empty() if isinstance(values, Words) else np.asarray(values == "", dtype=bool)
    elif not isinstance(values, Words):
        if column.kind == "number" and column.required:
            yield "不得为空", np.isnan(values)
        if column.low is not None:
            yield f"不得小于 {column.low:g}", values < column.low - _EPSILON
        if column.high is not None:
            yield f"不得大于 {column.high:g}", values > column.high + _EPSILON


def _where(values: _Typed, wrong: Callable[[str], bool]) -> BoolArray:
    return values.where(wrong) if isinstance(values, Words) else np.fromiter(map(wrong, values), dtype=bool, count=len(values))


def _texts(values: Any) -> "TextArray | Words":
    """Return `values` as plain strings, "" for what is missing: a few as they are, many numbered."""
    values = values.array if isinstance(values, pd.Series) else values
    if isinstance(values, Words):
        return values
    if isinstance(values, pd.Categorical):
        return Words.of(values)
    if len(values) <= _SHORT:
        cells = np.array(values, dtype=object)
        if not all(type(cell) is str for cell in cells):
            words = ["" if lost else str(cell) for cell, lost in zip(cells, pd.isna(values), strict=True)]
            cells = np.array(words, dtype=object)
        return cells
    if not isinstance(values.dtype, pd.StringDtype):
        values = np.asarray(values, dtype=object)
        kinds = {*map(type, values.tolist())} - {type(None)}
        if not all(issubclass(kind, str) for kind in kinds):  # equal strings, words of an enumeration too, are written alike
            values = np.where(pd.isna(values), "", np.array([str(cell) for cell in values], dtype=object))
    return Words.numbered(values)


def empty(name: str) -> pd.DataFrame:
    """Return table `name` with its columns and no rows."""
    return _blank(name).copy()


@cache
def _blank(name: str) -> pd.DataFrame:
    return framed({column.name: np.empty(0, dtype=_DTYPES[column.kind]) for column in table_named(name).columns})
