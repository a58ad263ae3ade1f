"""Tables as Parquet files, texts written by their numbers: a column that says the same on many rows is not spelled out.

The bytes are those of the table with its texts spelled out, so nobody need know which way it came.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cdgis.core.array_types import IntArray

_AT_ONCE = 1024
"""Rows that Parquet takes at a time: texts that all stand in the first ones are numbered alike whichever way they come."""
_AT_A_STROKE = 1 << 16
"""Rows handed to Parquet at a time here; pages end at the same rows."""


def parquet_bytes(frame: pd.DataFrame, status: str) -> bytes:
    """Return a table as a Parquet file, `status` in every row of a last column data_status.

    Texts may be plain strings or categoricals without missing values.
    """
    columns = {str(name): _column(frame[name].array) for name in frame.columns}
    columns["data_status"] = _numbered(np.zeros(len(frame), dtype=np.int64), pa.array([status], pa.large_string()))
    table = pa.table(columns)
    spelled = pa.schema([(field.name, _spelled(field.type)) for field in table.schema])
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, compression="zstd", store_schema=False, write_batch_size=_AT_A_STROKE) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(_told(spelled))
    return bytes(sink.getvalue().to_pybytes())


def _column(values: Any) -> pa.Array:
    if not isinstance(values, pd.Categorical) or not len(values):
        # strings of pandas are long ones to Arrow
        return pa.array(values if isinstance(values.dtype, pd.StringDtype) else np.asarray(values), from_pandas=True)
    return _numbered(values.codes, pa.array(np.asarray(values.categories, dtype=object), pa.string()))


def _numbered(codes: IntArray, texts: pa.Array) -> pa.Array:
    """Return texts by their numbers, numbered as they first occur; spelled out where new ones occur late."""
    order = list(dict.fromkeys(codes[:_AT_ONCE].tolist()))
    number = np.full(len(texts), -1, dtype=np.int8 if len(order) <= np.iinfo(np.int8).max else np.int16)
    number[order] = np.arange(len(order))
    indices = number[codes]
    if len(codes) > _AT_ONCE and indices[_AT_ONCE:].min() < 0:
        return texts.take(pa.array(codes))
    return pa.DictionaryArray.from_arrays(pa.array(indices), texts.take(pa.array(order, pa.int64())))


def _spelled(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


@cache
def _told(schema: pa.Schema) -> dict[bytes, bytes]:
    """Return what a file of this schema says of its types to Arrow."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    return dict(pq.read_metadata(pa.BufferReader(sink.getvalue())).metadata)
