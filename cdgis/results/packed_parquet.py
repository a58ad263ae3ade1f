"""Tables as Parquet files, texts by their numbers: what stands on many rows is neither spelled out nor looked at again."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cdgis.core.array_types import IntArray, TextArray

_Array = npt.NDArray[Any]

PAGES: dict[str, int] = {"write_batch_size": 1 << 20, "data_page_size": 1 << 24} | (
    {"max_rows_per_page": 1 << 20} if "max_rows_per_page" in signature(pq.ParquetWriter).parameters else {}
)
"""One page a column: nobody looks up rows by pages, and each begins its encoding anew. Older Arrow does not count their rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsByKind:
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


def parquet_bytes(table: pd.DataFrame | RowsByKind, status: str, keys: Collection[str] = ()) -> bytes:
    """Return a table as a Parquet file whose texts are plain strings to readers, `status` on every row of a last column data_status.

    Parameters
    ----------
    table : texts may be plain strings or categoricals without missing values.
    keys : columns that rows are looked up by. Other categoricals have no least and greatest text in the file: all of
        their few texts stand in every part, and comparing them takes as long as writing them.
    """
    rows, spread = (table.rows, table.spread) if isinstance(table, RowsByKind) else (table, np.asarray)
    columns = {str(name): _column(rows[name].array, spread) for name in rows.columns}
    if isinstance(table, RowsByKind):
        columns["subject_id"] = _repeated(table.subjects, table.sizes[table.kinds], pa.string())
    count = next((len(column) for column in columns.values()), 0)
    columns["data_status"] = _repeated(np.array([status], dtype=object), np.array([count]), pa.large_string())
    numbered, plain = ({n for n, column in columns.items() if kind(column.type)} for kind in (pa.types.is_dictionary, pa.types.is_primitive))
    # texts have no gaps, and without room for gaps they are written faster
    gaps = {name: pa.types.is_floating(column.type) or column.null_count > 0 for name, column in columns.items()}
    schema = pa.schema([pa.field(name, column.type, nullable=gaps[name]) for name, column in columns.items()])
    spelled = pa.schema([field.with_type(_spelled(field.type)) for field in schema])
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink, schema, compression="zstd", store_schema=False, **PAGES,
        use_dictionary=[name for name in columns if name not in plain],
        write_statistics=[name for name in columns if name in keys or name not in numbered],
    ) as writer:  # fmt: skip
        writer.write_table(pa.Table.from_arrays([*columns.values()], schema=schema))
        writer.add_key_value_metadata(_told(spelled))
    return bytes(sink.getvalue().to_pybytes())


def _column(values: Any, spread: Callable[[_Array], _Array]) -> pa.Array:
    """Return a column of which `spread` gives the cells of all rows."""
    if isinstance(values, pd.Categorical) and len(values):
        used = pd.unique(values.codes)
        number = np.zeros(len(values.categories), dtype=_narrowest(len(used)))
        number[used] = np.arange(len(used))  # as they first occur
        return _by_number(spread(number[values.codes]), np.asarray(values.categories, dtype=object)[used], pa.string())
    if values.dtype.kind == "b":
        flags = spread(np.asarray(values))
        return pa.Array.from_buffers(pa.bool_(), len(flags), [None, pa.py_buffer(np.packbits(flags, bitorder="little"))])
    if values.dtype.kind in "if":
        return pa.array(spread(np.asarray(values)), from_pandas=True)
    if isinstance(values.dtype, pd.StringDtype):
        return pa.array(values, from_pandas=True)  # long strings to Arrow
    return pa.array(np.asarray(values, dtype=object), pa.string(), from_pandas=True)


def _repeated(texts: TextArray, lengths: IntArray, kind: pa.DataType) -> pa.DictionaryArray:
    """Return a column in which the first text stands on so many rows, then the second, and so on."""
    named = lengths > 0
    count = int(np.count_nonzero(named))
    numbers = np.arange(count, dtype=_narrowest(count))
    return _by_number(np.repeat(numbers, lengths[named]), texts[named], kind)


def _by_number(numbers: _Array, texts: TextArray, kind: pa.DataType) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(texts, kind), safe=False)  # each number is of a text


def _narrowest(count: int) -> type[np.signedinteger[Any]]:
    """Return the narrowest numbers that tell so many texts apart."""
    return next(width for width in (np.int8, np.int16, np.int32) if count <= np.iinfo(width).max)


def _spelled(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


@cache
def _told(schema: pa.Schema) -> dict[bytes, bytes]:
    """Return what a file of this schema says of its types to Arrow."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    return dict(pq.read_metadata(pa.BufferReader(sink.getvalue())).metadata)
