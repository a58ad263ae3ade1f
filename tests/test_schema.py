"""Declared tables: every fault at once, nothing else let through."""

from enum import StrEnum

import numpy as np
import pandas as pd
import pytest

from cdgis.core.errors import SchemaError
from cdgis.results.tables.validation import TABLES, empty, table_named, validate


def ledger(**changes):
    row = {"subject_id": "S1", "layer": "a", "unit": "m2", "inside": 1.0, "outside": 2.0, "uncovered": 0.0, "total": 3.0}
    return pd.DataFrame([row | changes])


def test_validate_orders_sorts_and_types():
    frame = pd.concat([ledger(subject_id="S2"), ledger(subject_id="S1", inside=1)])[["total", *TABLES["ledger"].names[:-1]]]
    found = validate("ledger", frame.assign(extra=1))
    assert list(found.columns) == TABLES["ledger"].names
    assert found["subject_id"].tolist() == ["S1", "S2"] and found["inside"].dtype == float
    assert found.index.tolist() == [0, 1]


@pytest.mark.parametrize(
    "wrong", [{"unit": "亩"}, {"inside": -1.0}, {"subject_id": ""}, {"subject_id": None}, {"total": np.nan}]
)
def test_validate_refuses_a_value_outside_its_domain(wrong):
    with pytest.raises(SchemaError, match=f"ledger 不合规：{next(iter(wrong))}"):
        validate("ledger", ledger(**wrong))


def test_validate_names_all_faults_at_once():
    with pytest.raises(SchemaError) as caught:
        validate("ledger", ledger(unit="亩", inside=-1.0))
    assert {p.split("：")[0] for p in caught.value.problems} == {"unit", "inside"}


def test_validate_refuses_a_missing_column():
    with pytest.raises(SchemaError, match="缺少列 total"):
        validate("ledger", ledger().drop(columns="total"))


def test_rounding_noise_is_within_the_domain():
    assert len(validate("ledger", ledger(uncovered=-1e-9))) == 1


@pytest.mark.parametrize("name", sorted(TABLES))
def test_empty_tables_are_valid_and_titled(name):
    assert validate(name, empty(name)).equals(empty(name))
    table = TABLES[name]
    assert set(table.sort_by) <= set(table.names) and len(set(table.names)) == len(table.names)
    assert all(column.title for column in table.columns)


class Word(StrEnum):
    A = "a"


def plainly(name, rows):
    """What `validate` must return, or the faults it must name, cell by cell."""
    table = table_named(name)
    told = [{c.name: ("" if row[c.name] is None else str(row[c.name])) if c.kind == "text" else row[c.name] for c in table.columns} for row in rows]
    told.sort(key=lambda row: [row[key] for key in table.sort_by])
    faults = [
        f"{c.name}：" + (f"应为 {'、'.join(c.allowed)} 之一" if c.allowed else "不得为空") + f"（读到 {row[c.name]!r}，第 {at} 行）"
        for c in table.columns if c.kind == "text"
        for at, row in enumerate(told)
        if (row[c.name] not in c.allowed and (c.required or row[c.name]) if c.allowed else c.required and row[c.name] == "")
    ]  # fmt: skip
    return pd.DataFrame(told, columns=table.names).astype({c.name: object for c in table.columns if c.kind == "text"}), faults


def as_given(column, draw, form):
    """The cells as objects, strings of pandas, or a categorical whose categories are in disorder and not all in use."""
    cells = np.array(column, dtype=object)
    if form == "object" or not all(cell is None or isinstance(cell, str) for cell in cells):
        return cells
    if form == "str":
        return pd.Series(cells, dtype="str")
    distinct = [*dict.fromkeys(cell for cell in cells if cell is not None), "nobody"]
    return pd.Categorical(cells, categories=[distinct[i] for i in draw.permutation(len(distinct))])


@pytest.mark.parametrize("seed", range(60))
def test_texts_are_validated_alike_whatever_form_they_come_in(seed):
    draw = np.random.default_rng(seed)
    name = ("findings", "clear", "overlaps", "trace_around")[seed % 4]
    size = int(draw.choice([0, 1, 2, 40, 64, 65, 300]))
    odd = draw.random() < 0.3
    pools = {
        c.name: [
            *(c.allowed or (("乙", "a", "B", "a b", 7, True, Word.A) if odd else ("乙", "a", "B"))), *(() if c.required else ("", None)),
            *(("错",) if odd and draw.random() < 0.2 else ()), *((None,) if odd and draw.random() < 0.1 else ()),
        ]
        for c in table_named(name).columns if c.kind == "text"
    }  # fmt: skip
    flags = {c.name: [True] for c in table_named(name).columns if c.kind == "flag"}
    numbers = {c.name: [0.0, 0.5, 1.0] for c in table_named(name).columns if c.kind == "number"}
    rows = [{key: pool[draw.integers(len(pool))] for key, pool in {**pools, **flags, **numbers}.items()} for _ in range(size)]
    wanted, faults = plainly(name, rows)
    columns = {key: [row[key] for row in rows] for key in table_named(name).names}
    form = lambda key, column: as_given(column, draw, str(draw.choice(["object", "str", "category"]))) if key in pools else np.array(column)  # noqa: E731
    given = {key: form(key, column) for key, column in columns.items()}
    if faults:
        with pytest.raises(SchemaError) as caught:
            validate(name, given)
        by_column = [[fault for fault in faults if fault.startswith(f"{column}：")][:8] for column in table_named(name).names]
        assert list(caught.value.problems) == sum(by_column, [])[:8]
        return
    found = validate(name, given)
    pd.testing.assert_frame_equal(found, wanted, check_dtype=size > 0)
    assert all(type(cell) is str for key in pools for cell in found[key])
    packed = validate(name, found if seed % 2 else given, packed=True)
    assert all(isinstance(packed[key].dtype, pd.CategoricalDtype) for key in pools)
    pd.testing.assert_frame_equal(packed.astype(dict.fromkeys(pools, object)), wanted, check_dtype=size > 0)
    assert validate(name, packed).equals(found)
