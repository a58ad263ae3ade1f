"""A table written by the numbers of its texts reads as the table with its texts spelled out."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdgis.results.packed_parquet import parquet_bytes


def plainly_written(frame, status):
    table = pa.Table.from_pandas(frame.assign(data_status=status), preserve_index=False)
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(None), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def texts(draw, size):
    """Few texts or many, short or long, all seen at once or one by one, in runs or mixed."""
    pool = np.array([f"条{i}" * int(draw.choice([1, 40])) for i in range(int(draw.choice([1, 2, 7, 130, 40_000])))], dtype=object)
    shape = draw.choice(["mixed", "runs", "late", "few late"])
    at = draw.integers(0, len(pool), size)
    early = np.arange(size) < size * 0.9
    if shape == "runs":
        at = np.sort(at)
    elif shape != "mixed":
        at = np.where(early, 0 if shape == "late" else at * 5 // 7, at)
    return pool[at]


@pytest.mark.parametrize("seed", range(16))
def test_what_is_read_does_not_tell_how_the_texts_came(seed):
    draw = np.random.default_rng(seed)
    size = int(draw.choice([0, 1, 5, 1024, 3000, 26_000]))
    plain = pd.DataFrame({f"t{i}": pd.Series(texts(draw, size), dtype=object) for i in range(3)})
    plain = plain.assign(short=plain["t0"].astype("str"), number=draw.normal(size=size), flag=draw.random(size) < 0.5)
    wanted = pq.read_table(pa.BufferReader(plainly_written(plain, "示例数据")))
    files = []
    for in_order in (False, False, True):
        packed = plain.copy()
        for name in ("t0", "t1", "t2"):
            distinct = [*dict.fromkeys(plain[name])] if in_order else ["nobody", *dict.fromkeys(plain[name])]
            order = range(len(distinct)) if in_order else draw.permutation(len(distinct))
            packed[name] = pd.Categorical(plain[name], categories=pd.Index([distinct[i] for i in order], dtype=object))
        files.append(parquet_bytes(packed, "示例数据", ["t1"]))
    assert files[0] == files[1] == files[2]
    for file, gaps in ((files[0], not size), (parquet_bytes(plain, "示例数据"), True)):
        found = pq.read_table(pa.BufferReader(file))
        assert [field.nullable for field in found.schema] == [gaps] * 3 + [True] * 4
        assert found.cast(wanted.schema).equals(wanted) and found.schema.types == wanted.schema.types
    if size:
        group = pq.read_metadata(pa.BufferReader(files[0])).row_group(0)
        compared = {group.column(i).path_in_schema: group.column(i).is_stats_set for i in range(group.num_columns)}
        assert compared == {"t0": False, "t1": True, "t2": False, "short": True, "number": True, "flag": True, "data_status": True}
        assert (group.column(1).statistics.min, group.column(1).statistics.max) == (plain["t1"].min(), plain["t1"].max())


@pytest.mark.parametrize("seed", range(5))
def test_a_table_without_categoricals_is_written_as_pandas_and_arrow_do(seed):
    draw = np.random.default_rng(seed)
    size = int(draw.choice([0, 1, 3000]))
    plain = pd.DataFrame({"t": pd.Series(draw.choice(["甲", "乙", ""], size), dtype=object), "number": draw.normal(size=size)})
    assert parquet_bytes(plain, "示例数据") == plainly_written(plain, "示例数据")
