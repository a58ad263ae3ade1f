"""Which patches are open to which use, and how they rank: worked by hand."""

import numpy as np
import pandas as pd
import pytest

from cdgis.core.vocabulary import Verdict
from cdgis.siting.reuse_options import Condition, open_options, rank_reuse, reuse_options

NAN = float("nan")


def patch(patch_id: str, layer: str, zone_class: str) -> dict[str, object]:
    return {"patch_id": patch_id, "layer": layer, "zone_class": zone_class}


def candidates(option: str, *rows: tuple[str, str, float, float, float]) -> pd.DataFrame:
    """Rows: patch_id, verdict, slope_deg, aspect_off_south_deg, area_ha."""
    frame = pd.DataFrame(rows, columns=["patch_id", "verdict", "slope_deg", "aspect_off_south_deg", "area_ha"])
    return frame.assign(
        option=option, layer="derelict_land", zone_class="废弃矿山", name="矿", county="双桥区", height_m=1200.0, line_m=NAN,
        decisive_rule_ids="", lon=117.0, lat=41.0, method="m", source="s", accuracy_m=30.0,
    )  # fmt: skip


def test_heavily_polluted_land_is_open_to_green_space_and_panels_not_to_forest():
    table = open_options(
        pd.DataFrame([patch("W", "contaminated_land", "重度"), patch("F", "strict_farmland", "严格管控类")])
    )
    assert set(table.loc[table["patch_id"] == "W", "option"]) == {"eco_space", "photovoltaic"}
    assert set(table.loc[table["patch_id"] == "F", "option"]) == {"eco_space", "afforestation"}


@pytest.mark.parametrize(("op", "value", "met"), [("le", 10.0, [1, 1, 0, NAN]), ("ge", 10.0, [0, 1, 1, NAN])])
def test_a_condition_on_an_unknown_measure_is_unknown(op, value, met):
    condition = Condition(measure="slope_deg", op=op, value=value, why="")
    assert condition.met(np.array([9.0, 10.0, 11.0, NAN])) == pytest.approx(met, nan_ok=True)


def test_rank_puts_the_verdict_first_then_what_is_not_met_then_size():
    table = rank_reuse(candidates(
        "photovoltaic",
        ("A", Verdict.CLEAR, 10.0, 20.0, 3.0), ("B", Verdict.CLEAR, 10.0, 20.0, 9.0), ("C", Verdict.CLEAR, 30.0, 170.0, 99.0),
        ("D", Verdict.FAIL, 1.0, 0.0, 99.0), ("E", Verdict.JUSTIFY, 10.0, 20.0, 9.0), ("F", Verdict.CLEAR, NAN, 20.0, 9.0),
    )).set_index("patch_id")  # fmt: skip
    assert table.sort_values("rank").index.tolist() == ["B", "A", "F", "C", "E", "D"]
    assert table["admissible"].to_dict() == {
        "A": "可选",
        "B": "可选",
        "C": "不可选",
        "D": "不可选",
        "E": "须补证",
        "F": "须补证",
    }
    assert "坡度≤25度" in table.loc["C", "unmet"] and "坡向" in table.loc["C", "unmet"]
    assert "坡度≤25度" in table.loc["F", "unknown"] and table.loc["F", "unmet"] == ""


def test_every_option_says_on_what_it_rests():
    assert [option.title for option in reuse_options()] == ["生态空间", "造林增汇", "光伏", "风电"]
    assert all(
        option.mark in "SM" and all(condition.why for condition in option.conditions) for option in reuse_options()
    )
