"""Rows of a row group, read on from part to part or anywhere: those that the whole group has there."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdgis.readers.parquet_rows import rows_of_group


def written(path, groups):
    start = np.cumsum([0, *groups])
    with pq.ParquetWriter(path, pa.schema([("n", pa.int64()), ("t", pa.string())])) as writer:
        for first, count in zip(start, groups, strict=False):
            rows = range(first, first + count)
            writer.write_table(pa.table({"n": pa.array(rows, pa.int64()), "t": [f"文{i}" for i in rows]}), row_group_size=count)
    return path


@pytest.mark.parametrize("seed", range(20))
def test_any_rows_in_any_order_are_the_groups_own(tmp_path, seed):
    """Parts in order, as a batch reads them, with jumps back, forth and into other files between."""
    draw = np.random.default_rng(seed)
    files = [written(tmp_path / f"{name}.parquet", draw.integers(1, 400, 3).tolist()) for name in "ab"]
    whole = {path: [pq.ParquetFile(path).read_row_group(group) for group in range(3)] for path in files}
    path, group, at = files[0], 0, 0
    for _ in range(60):
        if at >= len(whole[path][group]) or draw.random() < 0.15:
            path, group = files[draw.integers(2)], int(draw.integers(3))
            at = int(draw.integers(len(whole[path][group])))
        last = min(at + int(draw.integers(1, 90)), len(whole[path][group]))
        assert rows_of_group(path, group, at, last).equals(whole[path][group].slice(at, last - at))
        at = last


def test_a_group_is_decoded_once_for_all_its_parts_in_order(tmp_path, monkeypatch):
    path, opened = written(tmp_path / "a.parquet", [1000]), []
    monkeypatch.setattr(pq, "ParquetFile", lambda *args, made=pq.ParquetFile, **how: opened.append(args) or made(*args, **how))
    for first in range(0, 1000, 30):
        rows_of_group(path, 0, first, min(first + 30, 1000))
    assert len(opened) == 1


def test_a_file_that_was_written_anew_is_read_anew(tmp_path):
    path = written(tmp_path / "a.parquet", [50])
    rows_of_group(path, 0, 0, 10)
    pq.write_table(pa.table({"n": range(100, 170)}), path)
    assert rows_of_group(path, 0, 10, 12)["n"].to_pylist() == [110, 111]


def test_rows_that_are_not_there_are_missed_and_nothing_is_read_on_from(tmp_path):
    path = written(tmp_path / "a.parquet", [20])
    rows_of_group(path, 0, 0, 5)
    with pytest.raises(pa.ArrowInvalid, match="ends before row 25"):
        rows_of_group(path, 0, 5, 25)
    assert rows_of_group(path, 0, 5, 7)["n"].to_pylist() == [5, 6]
    with pytest.raises(OSError):
        rows_of_group(tmp_path / "none.parquet", 0, 0, 1)
