"""Tables as Parquet files, texts written by their numbers: a column that says the same on many rows is not spelled out.

The bytes are those of the table with its texts spelled out, so nobody need know which way it came.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

_PAGE = 20_000
"""Rows of a page: it writes its texts' numbers as long as those that occurred until then need."""
_MOST_BYTES = 1 << 20
"""Texts of a column that Parquet numbers; when they become more it gives it up, as soon as it looks."""
_OFTEN, _SELDOM = 1 << 10, 1 << 16
"""Rows after which it looks."""


def parquet_bytes(frame: pd.DataFrame, status: str) -> bytes:
    """Return a table as a Parquet file, `status` in every row of a last column data_status.

    Texts may be plain strings or categoricals without missing values.
    """
    columns = {str(name): _column(frame[name].array) for name in frame.columns}
    said = pd.Categorical.from_codes(np.zeros(len(frame), dtype=np.int8), pd.Index([status], dtype=object))
    columns["data_status"] = _numbered(said, pa.large_string())
    table = pa.table({name: column for name, (column, _) in columns.items()})
    spelled = pa.schema([(field.name, _spelled(field.type)) for field in table.schema])
    sink = pa.BufferOutputStream()
    look = _SELDOM if all(few for _, few in columns.values()) else _OFTEN
    with pq.ParquetWriter(sink, table.schema, compression="zstd", store_schema=False, write_batch_size=look) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(_told(spelled))
    return bytes(sink.getvalue().to_pybytes())


def _column(values: Any) -> tuple[pa.Array, bool]:
    """Return a column, and whether Parquet surely numbers its texts to the end, if it has texts."""
    if isinstance(values, pd.Categorical) and len(values):
        return _numbered(values, pa.string())
    # strings of pandas are long ones to Arrow
    column = pa.array(values if isinstance(values.dtype, pd.StringDtype) else np.asarray(values), from_pandas=True)
    return column, column.nbytes < _MOST_BYTES or values.dtype.kind in "biuf"


def _numbered(values: pd.Categorical, kind: pa.DataType) -> tuple[pa.Array, bool]:
    """Return texts by their numbers, numbered as they first occur; spelled out where later pages need longer ones, or none."""
    codes, texts = values.codes, pa.array(np.asarray(values.categories, dtype=object), kind)
    early = pd.unique(codes[:_PAGE])
    number = np.full(len(texts), -1, dtype=next(kind for kind in (np.int8, np.int16, np.int32) if len(texts) <= np.iinfo(kind).max))
    number[early] = np.arange(len(early))
    indices = number[codes]
    late = pd.unique(codes[_PAGE:][indices[_PAGE:] < 0])
    distinct = texts.take(pa.array(np.concatenate([early, late])))
    few = distinct.nbytes < _MOST_BYTES
    if not few or _bits(len(distinct)) > _bits(len(early)):
        return texts.take(pa.array(codes)), few
    if len(late):
        number[late] = np.arange(len(early), len(distinct))
        indices = number[codes]
    return pa.DictionaryArray.from_arrays(pa.array(indices), distinct), few


def _bits(count: int) -> int:
    """Return the length of the numbers of so many texts."""
    return max((count - 1).bit_length(), 1)


def _spelled(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


@cache
def _told(schema: pa.Schema) -> dict[bytes, bytes]:
    """Return what a file of this schema says of its types to Arrow."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    return dict(pq.read_metadata(pa.BufferReader(sink.getvalue())).metadata)
