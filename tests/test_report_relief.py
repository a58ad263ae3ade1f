"""The relief comes onto a page only where it is small enough, and to the public only where it is coarse enough."""

import io

import numpy as np
import pytest
from PIL import Image

from cdgis.raster.map_overlay import Overlay
from cdgis.report.map.relief import MOST_BYTES, public_pictures, relief_notes, relief_record


def overlay(width=20, height=10, *, noisy=False):
    grey = np.random.default_rng(1).integers(0, 255, (height, width)) if noisy else np.zeros((height, width))
    buffer = io.BytesIO()
    Image.fromarray(grey.astype(np.uint8)).save(buffer, "PNG")
    return Overlay(png=buffer.getvalue(), west=117.0, south=40.0, east=118.0, north=41.0, title="地形", legend=())


def test_small_relief_is_an_address_with_its_bounds():
    record = relief_record({"relief": overlay()})
    assert record["picture"].startswith("data:image/png;base64,")
    assert record["bounds"] == [[40.0, 117.0], [41.0, 118.0]] and record["title"] == "地形晕渲"
    assert relief_notes({"relief": overlay()}) == ()


def test_relief_too_large_for_a_page_is_left_out_and_said():
    large = overlay(500, 500, noisy=True)
    assert len(large.data_uri) > MOST_BYTES
    assert relief_record({"relief": large}) is None
    (note,) = relief_notes({"relief": large})
    assert "超过每页 150 kB" in note and "未放入" in note


def test_page_without_relief_says_nothing():
    assert relief_record({}) is None and relief_notes({}) == ()


@pytest.mark.parametrize(("grid_deg", "passes"), [(0.01, True), (0.05, True), (0.06, False)])
def test_public_relief_is_no_finer_than_the_public_grid(grid_deg, passes):
    found = public_pictures({"relief": overlay(), "potential_density": overlay()}, grid_deg)
    assert list(found) == (["relief"] if passes else [])
