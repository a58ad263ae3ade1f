"""A report number changes with anything it stands for, and with nothing else."""

from datetime import date

import pandas as pd
import pytest

from cdgis.core.vocabulary import InputRecord
from cdgis.results.report_numbers import input_digest, report_numbers
from cdgis.workspace.settings import Settings

DAY = date(2026, 11, 1)
SETTINGS = Settings(name="测试", city="承德市", as_of=DAY)
RECORDS = tuple(
    InputRecord(layer=name, kind="layer", path=f"{name}.gpkg", sublayer="", sha256="0" * 64, version="1", official=False)
    for name in ("a", "b")
)


def digest(records=RECORDS, settings=SETTINGS, as_of=DAY, version="0.1.0"):
    return input_digest(records, settings, as_of, version)


def test_input_digest_does_not_depend_on_the_order_of_records():
    assert digest(RECORDS[::-1]) == digest()


@pytest.mark.parametrize(
    "changed",
    [
        {"records": RECORDS[:1]},
        {"settings": SETTINGS.model_copy(update={"tolerance_m": 21.0})},
        {"as_of": date(2026, 11, 2)},
        {"version": "0.1.1"},
    ],
)
def test_input_digest_changes_with_every_input(changed):
    assert digest(**changed) != digest()


def tables(area=100.0, name="甲"):
    return {
        "subjects": pd.DataFrame({"subject_id": ["S1", "S2"], "name": [name, "乙"], "area_m2": [area, 5.0]}),
        "intake": pd.DataFrame({"file": ["f"], "row": ["1"]}),
    }


def numbers(**changes):
    return report_numbers(tables(**changes), digest(), DAY)


def test_report_number_shows_the_date_and_names_every_subject():
    found = numbers()
    assert set(found) == {"", "S1", "S2"} and len(set(found.values())) == 3
    assert all(n.startswith("CDGIS-20261101-") and len(n.split("-")[2]) == 12 for n in found.values())


def test_report_number_changes_with_its_own_figures_only():
    before, after = numbers(), numbers(area=100.0000001)
    assert before[""] != after[""] and before["S1"] != after["S1"] and before["S2"] == after["S2"]


def test_report_number_is_blind_to_the_last_bits():
    assert numbers(area=100.0 * (1 + 1e-14)) == numbers()


def test_report_number_changes_with_the_inputs():
    other = report_numbers(tables(), digest(version="0.2.0"), DAY)
    assert not set(other.values()) & set(numbers().values())


@pytest.mark.parametrize("separator", ["|", "\n", ",", '"'])
def test_text_cannot_move_from_one_cell_to_the_next_unnoticed(separator):
    one = pd.DataFrame({"subject_id": ["S1"], "a": [f"x{separator}y"], "b": ["z"]})
    two = pd.DataFrame({"subject_id": ["S1"], "a": ["x"], "b": [f"y{separator}z"]})
    assert report_numbers({"t": one}, "", DAY) != report_numbers({"t": two}, "", DAY)
