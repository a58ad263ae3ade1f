"""The report numbers hash every cell of every row, each row as JSON: however the texts are put together."""

import hashlib
import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from cdgis.results.report_numbers import report_numbers

_WORDS = np.array(["", "甲", 'a"b', "x\ny", "\\", "1", "True", "nan"], dtype=object)
_ODD = np.array(["1", 1, 1.0, True, None, float("nan"), np.float64(2.5)], dtype=object)


def _tables(seed: int) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 25))
    first = pd.DataFrame(
        {
            "subject_id": rng.choice(np.array(["p", "q", "甲"], dtype=object), count), "word": rng.choice(_WORDS, count),
            "number": rng.choice([0.0, -0.0, 1e300, np.nan, np.inf, 1 / 3], count), "count": rng.integers(-5, 5, count),
            "flag": rng.random(count) < 0.5, "odd": rng.choice(_ODD, count),
            "kind": pd.Categorical(rng.choice(["一", "二"], count)),
        }
    )  # fmt: skip
    return {"b": first, "a": pd.DataFrame({"z": [1 / 3, 2.0]})}


def _plain(tables: dict[str, pd.DataFrame], digest: str) -> dict[str, str]:
    """Cell by cell and row by row."""
    lines: dict[str, list[str]] = {}
    whole = hashlib.sha256(digest.encode())
    for name in sorted(tables):
        whole.update(f"{name}\n".encode())
        columns = [tables[name][column].tolist() for column in tables[name].columns]
        for at in range(len(tables[name])):
            cells = [f"{values[at]:.10g}" if isinstance(values[at], float) else str(values[at]) for values in columns]
            text = json.dumps(cells, ensure_ascii=False)
            whole.update(f"{text}\n".encode())
            if "subject_id" in tables[name].columns:
                lines.setdefault(str(tables[name]["subject_id"].iloc[at]), []).append(f"{name}\n{text}\n")
    told = {"": whole.hexdigest()} | {who: hashlib.sha256((digest + "".join(rows)).encode()).hexdigest() for who, rows in lines.items()}
    return {who: f"CDGIS-20261101-{text[:12].upper()}" for who, text in told.items()}


@pytest.mark.parametrize("seed", range(12))
def test_numbers_are_those_of_every_row_put_into_json_by_itself(seed):
    tables = _tables(seed)
    assert report_numbers(tables, "d", date(2026, 11, 1)) == _plain(tables, "d")
