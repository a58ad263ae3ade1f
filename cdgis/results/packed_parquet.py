"""Tables as Parquet files, texts that come by their numbers written by them: what stands on many rows is not spelled out."""

from collections.abc import Collection
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

_Codes = npt.NDArray[np.signedinteger[Any]]

_AT_A_STROKE = 1 << 16
"""Rows handed to Parquet at a time."""
_EARLY = 20_000
"""Rows among which nearly all texts of a column occur."""


def parquet_bytes(frame: pd.DataFrame, status: str, keys: Collection[str] = ()) -> bytes:
    """Return a table as a Parquet file whose texts are plain strings to readers, `status` on every row of a last column data_status.

    Parameters
    ----------
    frame : texts may be plain strings or categoricals without missing values.
    keys : columns that rows are looked up by. Other categoricals have no least and greatest text in the file: all of
        their few texts stand in every part, and comparing them takes as long as writing them.
    """
    columns = {str(name): _column(frame[name].array) for name in frame.columns}
    said = pd.Categorical.from_codes(np.zeros(len(frame), dtype=np.int8), pd.Index([status], dtype=object))
    columns["data_status"] = _numbered(said, pa.large_string())
    keys = {*keys, "data_status"}
    compared = [name for name, column in columns.items() if name in keys or not pa.types.is_dictionary(column.type)]
    # texts by their numbers have no gaps, and without room for gaps they are written a quarter faster
    gaps = {name: name == "data_status" or not pa.types.is_dictionary(column.type) for name, column in columns.items()}
    schema = pa.schema([pa.field(name, column.type, nullable=gaps[name]) for name, column in columns.items()])
    table = pa.Table.from_arrays([*columns.values()], schema=schema)
    spelled = pa.schema([field.with_type(_spelled(field.type)) for field in schema])
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink, table.schema, compression="zstd", store_schema=False, write_batch_size=_AT_A_STROKE, write_statistics=compared
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(_told(spelled))
    return bytes(sink.getvalue().to_pybytes())


def _column(values: Any) -> pa.Array:
    if isinstance(values, pd.Categorical) and len(values):
        return _numbered(values, pa.string())
    # strings of pandas are long ones to Arrow
    return pa.array(values if isinstance(values.dtype, pd.StringDtype) else np.asarray(values), from_pandas=True)


def _numbered(values: pd.Categorical, kind: pa.DataType) -> pa.Array:
    """Return texts by their numbers, numbered as they first occur."""
    codes, texts = values.codes, pa.array(np.asarray(values.categories, dtype=object), kind)
    early = pd.unique(codes[:_EARLY])
    if _are_in_order(codes, early, len(texts)):
        return pa.DictionaryArray.from_arrays(pa.array(codes), texts)
    number = np.full(len(texts), -1, dtype=next(kind for kind in (np.int8, np.int16, np.int32) if len(texts) <= np.iinfo(kind).max))
    number[early] = np.arange(len(early))
    indices = number[codes]
    late = pd.unique(codes[_EARLY:][indices[_EARLY:] < 0])
    if len(late):
        number[late] = np.arange(len(early), len(early) + len(late))
        indices = number[codes]
    return pa.DictionaryArray.from_arrays(pa.array(indices), texts.take(pa.array(np.concatenate([early, late]))))


def _are_in_order(codes: _Codes, early: _Codes, count: int) -> bool:
    """Return whether the numbers up to `count` first occur in their order, every one of them; `early` as the first of them did."""
    if not len(early) or (early != np.arange(len(early))).any() or codes.min() < 0:
        return False
    if len(early) == count:
        return True
    highest = np.maximum.accumulate(codes)
    return bool(highest[-1] == count - 1 and (highest[1:] - highest[:-1] <= 1).all())


def _spelled(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


@cache
def _told(schema: pa.Schema) -> dict[bytes, bytes]:
    """Return what a file of this schema says of its types to Arrow."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    return dict(pq.read_metadata(pa.BufferReader(sink.getvalue())).metadata)
