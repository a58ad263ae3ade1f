"""Declared tables: every fault at once, nothing else let through."""

import numpy as np
import pandas as pd
import pytest

from cdgis.core.errors import SchemaError
from cdgis.results.tables.validation import TABLES, empty, validate


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
