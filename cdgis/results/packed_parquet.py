"""Tables as Parquet files, texts by their numbers: what stands on many rows is neither spelled out nor looked at again."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from cdgis.core.array_types import BoolArray, IntArray, TextArray
from cdgis.results.parquet_file import BY_NUMBER, PLAIN, Cells, by_number, parquet_file, runs, words

_Array = npt.NDArray[Any]

_KINDS = {"b": (pa.bool_(), "?"), "i": (pa.int64(), "<i8"), "f": (pa.float64(), "<f8")}
_WIDTHS = (np.uint8, np.uint16, np.uint32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """A table in which the rows of many subjects are the same but for who they are: said once of each kind of subject."""

    rows: pd.DataFrame
    """The rows of one subject of each kind, one kind after the other; texts as categoricals without missing values."""
    sizes: IntArray
    """How many rows each kind has."""
    subjects: TextArray
    """All subjects, in the table's order."""
    kinds: IntArray
    """Of which kind each subject is; none is nobody's."""

    def frame(self) -> pd.DataFrame:
        """Return the table itself, texts as categoricals."""
        lengths = self.sizes[self.kinds]
        rows = self.spread(np.arange(len(self.rows)))
        ids = pd.Categorical.from_codes(np.repeat(np.arange(len(lengths)), lengths), pd.Index(self.subjects, dtype=object))
        return self.rows.iloc[rows].reset_index(drop=True).assign(subject_id=ids)

    def spread(self, values: _Array) -> _Array:
        """Return the values of all rows, given those of `rows`."""
        content, ends = values.tobytes(), (np.cumsum(self.sizes) * values.itemsize).tolist()
        pieces = [content[first:last] for first, last in zip([0, *ends], ends, strict=False)]
        return np.frombuffer(b"".join(map(pieces.__getitem__, self.kinds.tolist())), dtype=values.dtype)


def parquet_bytes(table: pd.DataFrame | Alike, status: str, keys: Collection[str] = ()) -> bytes:
    """Return a table as a Parquet file whose texts are plain strings to readers, `status` on every row of a last column data_status.

    Parameters
    ----------
    table : texts may be plain strings or categoricals without missing values.
    keys : columns that rows are looked up by. Other categoricals have no least and greatest text in the file: all of
        their few texts stand in every part.
    """
    rows, spread = (table.rows, table.spread) if isinstance(table, Alike) else (table, np.asarray)
    columns = {str(name): _column(rows[name].array, spread, compared=str(name) in keys) for name in rows.columns}
    if isinstance(table, Alike):
        lengths = table.sizes[table.kinds]
        named = lengths > 0
        columns["subject_id"] = _texts(table.subjects[named], _in_runs(lengths[named]), pa.string(), int(lengths.sum()))
    count = next((cells.count for cells in columns.values()), 0)
    said = _texts([status], _in_runs(np.array([count])), pa.large_string(), there=np.ones(count, dtype=bool))
    return parquet_file({**columns, "data_status": said})


def _column(values: Any, spread: Callable[[_Array], _Array], *, compared: bool) -> Cells:
    """Return a column of which `spread` gives the cells of all rows."""
    if isinstance(values, pd.Categorical) and len(values):
        used = pd.unique(values.codes)
        number = np.zeros(len(values.categories), dtype=_narrowest(len(used)))
        number[used] = np.arange(len(used))  # as they first occur
        codes = spread(number[values.codes])
        return _texts(values.categories[used], by_number(codes), pa.string(), len(codes), compared=compared)
    if values.dtype.kind not in _KINDS:
        codes, distinct = pd.factorize(np.asarray(values, dtype=object))
        there, kind = codes >= 0, pa.large_string() if isinstance(values.dtype, pd.StringDtype) else pa.string()
        return _texts(distinct, by_number(codes[there].astype(_narrowest(len(distinct)))), kind, there=there)
    return _numbers(spread(np.asarray(values)))


def _numbers(cells: _Array) -> Cells:
    kind, form = _KINDS[cells.dtype.kind]
    there = ~np.isnan(cells) if cells.dtype.kind == "f" else np.ones(len(cells), dtype=bool)
    found = cells if there.all() else cells[there]
    content = np.packbits(found, bitorder="little") if form == "?" else found.astype(form)
    ends = [found.min(), found.max()] if len(found) else []
    if ends and form == "<f8":  # nought has a sign, and which of the two is less is agreed
        ends = [ends[0] or -0.0, ends[1] or 0.0]
    low_high = tuple(np.array(end).astype(form).tobytes() for end in ends)
    return Cells(kind=kind, count=len(cells), content=content.tobytes(), encoding=PLAIN, there=there, ends=low_high)


def _texts(
    texts: Iterable[str], content: bytes, kind: pa.DataType, count: int = 0, *, there: BoolArray | None = None, compared: bool = True
) -> Cells:
    """Return texts by their numbers, which are the content; those that all differ as they are."""
    said = [text.encode() for text in texts]
    count = count if there is None else len(there)
    ends = (min(said), max(said)) if compared and said else ()
    if len(said) == count:
        return Cells(kind=kind, count=count, content=words(said), encoding=PLAIN, there=there, ends=ends)
    return Cells(kind=kind, count=count, content=content, encoding=BY_NUMBER, there=there, texts=said, ends=ends)


def _in_runs(lengths: IntArray) -> bytes:
    """Return the content of a page in which the first text stands on so many rows, then the second, and so on."""
    width = _narrowest(len(lengths))().itemsize
    return bytes([8 * width]) + runs(range(len(lengths)), lengths.tolist(), width)


def _narrowest(count: int) -> type[np.unsignedinteger[Any]]:
    """Return the narrowest numbers that tell so many texts apart."""
    return next(width for width in _WIDTHS if count <= np.iinfo(width).max + 1)
