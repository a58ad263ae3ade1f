"""A table written by the numbers of its texts, or once of each kind of subject, reads as the table with its texts spelled out."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cdgis.results.packed_parquet import RowsByKind, parquet_bytes


def plainly_written(frame, status):
    table = pa.Table.from_pandas(frame.assign(data_status=status), preserve_index=False)
    texts = {name for name in frame if frame[name].dtype == object}
    # where there are no rows, pandas does not say that a column holds texts
    table = table.cast(pa.schema([pa.field(one.name, pa.string() if one.name in texts else one.type) for one in table.schema]))
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(None), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def read(content):
    return pq.read_table(pa.BufferReader(content))


def ends(content):
    """The least and the greatest of each column and how many cells lack, as a reader learns them."""
    about = pq.read_metadata(pa.BufferReader(content))
    if not about.num_rows:
        return {}
    group = about.row_group(0)
    columns = [group.column(i) for i in range(group.num_columns)]
    told = {c.path_in_schema: c.statistics for c in columns if c.statistics and c.statistics.has_min_max}
    return {name: (repr(said.min), repr(said.max), said.null_count) for name, said in told.items()}


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
    number = np.where(draw.random(size) < 0.2, draw.choice([np.nan, 0.0, -0.0]), draw.normal(size=size))
    plain = plain.assign(short=plain["t0"].astype("str"), number=number, whole=draw.integers(-9, 9, size), flag=draw.random(size) < 0.5)
    by_arrow = plainly_written(plain, "示例数据")
    wanted = read(by_arrow)
    files = []
    for in_order in (False, False, True):
        packed = plain.copy()
        for name in ("t0", "t1", "t2"):
            distinct = [*dict.fromkeys(plain[name])] if in_order else ["nobody", *dict.fromkeys(plain[name])]
            order = range(len(distinct)) if in_order else draw.permutation(len(distinct))
            packed[name] = pd.Categorical(plain[name], categories=pd.Index([distinct[i] for i in order], dtype=object))
        files.append(parquet_bytes(packed, "示例数据", ["t1"]))
    assert files[0] == files[1] == files[2]
    spelled = parquet_bytes(plain, "示例数据")
    for file in (files[0], spelled):
        found = read(file)
        assert [field.name for field in found.schema if field.nullable] == ["number"]  # no other cell may lack
        assert found.cast(wanted.schema).equals(wanted) and found.schema.types == wanted.schema.types
    untold = {"data_status"}
    for file, silent in ((spelled, untold), (files[0], untold | {"t0", "t2"})):
        assert ends(file) == {name: said for name, said in ends(by_arrow).items() if name not in silent}


def test_missing_texts_and_very_many_texts_are_read_as_given():
    many = pd.DataFrame({"t": pd.Series([f"{i % 70_000}" for i in range(70_001)], dtype=object)})
    lacking = pd.DataFrame({"t": pd.Series(["甲", None, "甲", None, "乙"], dtype=object), "none": pd.Series([None] * 5, dtype=object)})
    for frame in (many, lacking, lacking.astype("str")):
        assert read(parquet_bytes(frame, "示例")).cast(read(plainly_written(frame, "示例")).schema).equals(read(plainly_written(frame, "示例")))
    assert [field.nullable for field in read(parquet_bytes(lacking, "示例")).schema] == [True, True, False]
    longest = pd.DataFrame({"t": pd.Series(["甲", "乙" * 2000], dtype=object)})
    assert "t" not in ends(parquet_bytes(longest, "示例")) and read(parquet_bytes(longest, "示例"))["t"].to_pylist() == longest["t"].tolist()


@pytest.mark.parametrize("seed", range(12))
def test_rows_said_once_of_each_kind_are_read_as_the_rows_of_everybody(seed):
    draw = np.random.default_rng(seed)
    sizes = draw.integers(0, int(draw.choice([2, 9, 200])), int(draw.choice([1, 3, 30])))
    count = len(sizes) + int(draw.choice([0, 1, 300]))
    kinds = draw.permutation([*range(len(sizes)), *draw.integers(0, len(sizes), count - len(sizes))])
    categories = {name: pd.Categorical(texts(draw, int(sizes.sum()))) for name in ("rule_id", "clause")}
    rows = pd.DataFrame({"subject_id": "", **categories, "flag": draw.random(int(sizes.sum())) < 0.5})
    once = RowsByKind(
        rows=rows, sizes=sizes, kinds=kinds, subjects=np.array([f"P{i:03d}" for i in range(count)], dtype=object)
    )  # fmt: skip
    whole = once.frame().assign(number=1.0)
    assert whole["subject_id"].tolist() == [one for one, kind in zip(once.subjects, once.kinds, strict=True) for _ in range(sizes[kind])]
    which = [row for kind in once.kinds for row in range(sizes[:kind].sum(), sizes[: kind + 1].sum())]
    for name in ("rule_id", "clause", "flag"):
        assert whole[name].tolist() == rows[name].iloc[which].tolist()
    content = parquet_bytes(once, "示例", ["subject_id", "rule_id"])
    wanted = plainly_written(whole[[*rows.columns]].astype(dict.fromkeys(("subject_id", *categories), object)), "示例")
    assert read(content).cast(read(wanted).schema).equals(read(wanted))
    if len(whole):
        assert ends(content) == {name: said for name, said in ends(wanted).items() if name not in ("clause", "data_status")}
