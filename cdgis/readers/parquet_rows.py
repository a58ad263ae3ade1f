"""Rows of one row group of a Parquet file, read on from where the part before them ended.

A row group can be decoded only from its beginning: each part anew would make a file of one large group cost the square
of its rows. One file a thread is held open, until the last row of the group is read.
"""

import os
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_BUFFER_BYTES = 1 << 20
"""Of a column read at a time, so that a large group is never in memory as a whole."""


class _Place(threading.local):
    """Where a thread is in which row group."""

    group: object = None
    """Path, size, time, row group and process: after a fork each process begins anew."""
    at: int = 0
    size: int = 0
    rest: Iterator[pa.RecordBatch] = iter(())
    """The rows from `at` to `size`."""


_place = _Place()


def rows_of_group(path: Path, row_group: int, first: int, last: int) -> pa.Table:
    """Return rows first..last-1 of a row group.

    Raises
    ------
    OSError, pyarrow.ArrowException : the file is not there or damaged, or the group has fewer rows.
    """
    told = path.stat()
    group = (path, told.st_size, told.st_mtime_ns, row_group, os.getpid())
    if _place.group != group or first < _place.at:
        file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES)
        _place.rest = file.iter_batches(batch_size=last - first, row_groups=[row_group])
        _place.at, _place.size = 0, file.metadata.row_group(row_group).num_rows
    _place.group = None  # a fault on the way leaves nothing to read on from
    found = []
    while _place.at < last:
        batch = next(_place.rest, None)
        if batch is None:
            raise pa.ArrowInvalid(f"row group {row_group} ends before row {last}")
        begin, end = (min(max(row - _place.at, 0), len(batch)) for row in (first, last))
        found.append(batch.slice(begin, end - begin))
        if end < len(batch):
            _place.rest = chain([batch.slice(end)], _place.rest)
        _place.at += end
    if _place.at < _place.size:
        _place.group = group
    else:
        _place.rest = iter(())
    return pa.Table.from_batches(found)
