"""What was made faster answers as the plain way does: on random input, bit by bit."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_fixtures import make_assessment

from cdgis.core.vocabulary import State
from cdgis.geometry import geodesy
from cdgis.geometry.geodesy import E2, SEMI_MAJOR_M, current_planes
from cdgis.report.files.table_files import _cells, _rounded, csv_text, safe_cell
from cdgis.report.screening.case import Casebook
from cdgis.results import report_numbers
from cdgis.results.tables.validation import TABLES


def six_full_steps(y_m: np.ndarray) -> np.ndarray:
    """Return latitudes with every one of them taken through all six steps."""
    q = 2 * current_planes().k0 * y_m / SEMI_MAJOR_M
    phi = np.arcsin(np.clip(q / geodesy._q(np.array(np.pi / 2)), -1, 1))
    for _ in range(6):
        slope = 2 * (1 - E2) * np.cos(phi) / (1 - E2 * np.sin(phi) ** 2) ** 2
        phi = phi - (geodesy._q(phi) - q) / slope
    return np.degrees(phi)


@pytest.mark.parametrize("count", [0, 1, 3, 7, 8, 17, 5000])
def test_latitudes_that_stand_still_are_those_of_six_full_steps(count):
    rng = np.random.default_rng(count)
    x, y = geodesy.to_plane(rng.uniform(73, 135, count), rng.uniform(-89, 89, count))
    assert np.array_equal(geodesy.from_plane(x, y)[1].view(np.int64), six_full_steps(y).view(np.int64))


def test_a_single_latitude_and_one_that_is_missing():
    assert geodesy.from_plane(1.0, 4.5e6)[1] == six_full_steps(np.array(4.5e6))
    assert np.isnan(geodesy.from_plane(np.array([1.0]), np.array([np.nan]))[1]).all()


NUMBERS = [0.0, -0.0, 1.0, -1.5, 1e-300, 123456789012.345, 1e22, float("nan"), 0.1 + 0.2, 2 / 3]


def test_numbers_are_printed_and_rounded_as_one_by_one():
    rng = np.random.default_rng(1)
    values = pd.Series([*NUMBERS, *(rng.normal(size=500) * 10.0 ** rng.integers(-12, 15, 500))])
    assert _cells(values, "number") == ["" if np.isnan(v) else format(v, ".12g") for v in values]
    name, column = next((t.name, c.name) for t in TABLES.values() for c in t.columns if c.kind == "number")
    rounded = _rounded(name, pd.DataFrame({c.name: values for c in TABLES[name].columns}))[column].to_numpy()
    plain = np.array([float(format(v, ".12g")) + 0.0 for v in values])
    assert np.array_equal(rounded.view(np.int64), plain.view(np.int64))


def test_texts_and_flags_are_printed_as_one_by_one():
    texts = pd.Series(["=1", "", "甲", "甲", "-12.5", " +x", "true"])
    for typed in (texts, texts.astype("string"), texts.astype(object)):
        assert _cells(typed, "text") == [safe_cell(text) for text in texts]
    assert _cells(pd.Series([True, False]), "flag") == ["true", "false"]
    assert _cells(pd.Series([3, -1]), "integer") == ["3", "-1"]


def test_rows_that_are_hashed_are_json_of_their_cells():
    frame = pd.DataFrame({
        "n": NUMBERS, "t": pd.array([*'"\\\n甲，,[]', "a", "a"], dtype="string"),
        "mixed": pd.Series([1, True, 1.0, "1", None, 0, False, 0.0, -0.0, "x"], dtype=object), "flag": [True, False] * 5,
        "whole": range(10),
    })  # fmt: skip
    plain = [[f"{v:.10g}" if isinstance(v, float) else str(v) for v in frame[name].tolist()] for name in frame]
    assert report_numbers._row_texts(frame) == [json.dumps(list(row), ensure_ascii=False) for row in zip(*plain, strict=True)]


def alone(assessment, subject_id):
    """Return an assessment that knows of one subject only."""
    tables = {name: frame[frame["subject_id"] == subject_id] if "subject_id" in frame else frame
              for name, frame in assessment.tables.items()}  # fmt: skip
    return replace(assessment, tables=tables)


def test_reasons_asked_of_everybody_at_once_are_those_asked_of_each_alone():
    assessment = make_assessment()
    book = Casebook(assessment)
    ids = book.subject_ids()
    together = [book.case(key) for key in ids]
    assert [repr(case.clauses) for case in together] == [repr(Casebook(alone(assessment, key)).case(key).clauses) for key in ids]
    assert any(clause.state == State.NOT_APPLICABLE and clause.reason for case in together for clause in case.clauses)


def test_a_table_without_rows_has_its_header_alone():
    name = next(iter(TABLES))
    frame = pd.DataFrame({column.name: [] for column in TABLES[name].columns})
    assert csv_text(name, frame, status="x").count("\n") == 1
