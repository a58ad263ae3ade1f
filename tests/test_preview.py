"""Law: a preview says, cell by cell, what the whole screening says, and what a session keeps is never older than the files."""

import os

import numpy as np
import pandas as pd
import pytest
import shapely
from shapes import metres
from small_workspace import new_redline, small_workspace

import cdgis
from cdgis.core.errors import ReaderError, UsageError

SAME = ("subjects", "attributes", "overlaps", "clear", "ledger", "findings", "verdicts", "questions")
FACTS = {"industry": "3031", "project_type": "新建", "activity": "开发性生产性建设"}
BESIDE = shapely.to_wkt(metres(1200, 100, 1300, 200), rounding_precision=9)


@pytest.fixture
def folder(tmp_path):
    return small_workspace(tmp_path / "工作区")


def random_site(rng):
    x, y = rng.uniform(-3000, 4000, 2)
    shape = [metres(x, y, x + rng.uniform(1, 900), y + 300), metres(x, y, x + 2, y + 2).centroid, metres(x, y, x + 9, y + 400).boundary]
    return shapely.to_wkt(shape[rng.choice(3, p=[0.6, 0.2, 0.2])], rounding_precision=9)


def test_preview_says_cell_by_cell_what_a_fresh_screening_says(folder):
    kept, rng = cdgis.open_workspace(folder), np.random.default_rng(5)
    for _ in range(8):
        sites = [random_site(rng) for _ in range(rng.integers(1, 4))]
        facts = {name: value for name, value in FACTS.items() if rng.random() < 0.7} | {"attributes": {"coal_t_per_yr": 9}}
        found, whole = kept.preview(sites, **facts), cdgis.open_workspace(folder).screen(sites, **facts).tables
        for name in SAME:
            pd.testing.assert_frame_equal(found[name], whole[name], check_exact=True)


def test_what_is_kept_is_read_again_when_a_layer_a_rule_or_the_settings_change(folder):
    ws = cdgis.open_workspace(folder)
    said = lambda: ws.preview(BESIDE, **FACTS)["verdicts"]["decisive_rule_ids"].iloc[0]  # noqa: E731
    before = said()
    kept = ws.kept._kept[1]
    assert said() == before and ws.kept._kept[1] is kept
    new_redline(folder / "layers" / "redline.gpkg")
    assert said() != before and ws.kept._kept[1] is not kept
    assert said() == cdgis.open_workspace(folder).screen(BESIDE, **FACTS).verdicts["decisive_rule_ids"].iloc[0]
    again = ws.kept._kept[1]
    (folder / "rules").mkdir()
    (folder / "rules" / "own.toml").write_text("", encoding="utf-8")
    said()
    assert ws.kept._kept[1] is not again
    last = ws.kept._kept[1]
    os.utime(folder / "cdgis.toml", ns=(1, 1))
    said()
    assert ws.kept._kept[1] is not last


def test_another_day_or_tolerance_is_that_of_a_fresh_screening_and_leaves_the_next_question_alone(folder):
    ws = cdgis.open_workspace(folder)
    usual = ws.preview(BESIDE, **FACTS)
    for asked in ({"as_of": "2025-06-01"}, {"tolerance_m": 500.0}):
        pd.testing.assert_frame_equal(
            ws.preview(BESIDE, **FACTS, **asked)["verdicts"], cdgis.open_workspace(folder).screen(BESIDE, **FACTS, **asked).tables["verdicts"]
        )
    far = shapely.to_wkt(metres(5000, 100, 5100, 200), rounding_precision=9)
    words = [ws.preview(far, **FACTS, **asked)["verdicts"]["stability"].iloc[0] for asked in ({}, {"tolerance_m": 5000.0}, {})]
    assert words == ["无法判断", "临界", "无法判断"]
    pd.testing.assert_frame_equal(ws.preview(BESIDE, **FACTS)["verdicts"], usual["verdicts"])


def test_what_cannot_be_read_and_facts_nobody_knows_are_refused_as_by_screening(folder):
    ws = cdgis.open_workspace(folder)
    with pytest.raises(ReaderError, match="没有读到可研判的地块"):
        ws.preview("POLYGON((0 0,1 1,0 0))")
    with pytest.raises(UsageError, match="没有名为 colour 的属性"):
        ws.preview(BESIDE, colour="红")
