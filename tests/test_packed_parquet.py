"""A table written by the numbers of its texts is the file, byte for byte, of the table with its texts spelled out."""

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
def test_the_bytes_do_not_tell_how_the_texts_came(seed):
    draw = np.random.default_rng(seed)
    size = int(draw.choice([0, 1, 5, 1024, 1025, 3000, 26_000]))
    plain = pd.DataFrame({f"t{i}": pd.Series(texts(draw, size), dtype=object) for i in range(3)})
    plain = plain.assign(short=plain["t0"].astype("str"), number=draw.normal(size=size), flag=draw.random(size) < 0.5)
    wanted = plainly_written(plain, "示例数据")
    assert parquet_bytes(plain, "示例数据") == wanted
    packed = plain.copy()
    for name in ("t0", "t1", "t2"):
        distinct = ["nobody", *dict.fromkeys(plain[name])]
        packed[name] = pd.Categorical(plain[name], categories=pd.Index([distinct[i] for i in draw.permutation(len(distinct))], dtype=object))
    assert parquet_bytes(packed, "示例数据") == wanted
    assert pd.read_parquet(pa.BufferReader(wanted)).drop(columns="data_status").astype(plain.dtypes.to_dict()).equals(plain)
