"""Why a trace ends: each reason is said, and what may lie beyond a hole in the elevation is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shipped

from cdgis.rivers import system as rivers_system
from cdgis.rivers.spill_trace import place_origin, trace_down
from cdgis.rivers.system import load_rivers
from cdgis.rivers.trace import Velocity
from cdgis.rivers.trace_end import EDGE_OF_DATA, NO_ELEVATION, end_of_trace
from cdgis.workspace.settings import open_workspace

ROOT = Path(__file__).parent.parent
SPEED = Velocity.parse("0.5:1.5")
START = (117.60, 41.70)
HOLES = {"across the stem": (150, 190, 180, 260), "a few cells": (165, 172, 225, 240), "as far as the rim": (150, 324, 180, 260)}


@pytest.fixture(scope="module")
def whole():
    workspace = open_workspace(ROOT)
    return workspace, shipped.rivers()


def with_hole(workspace, known, hole, monkeypatch):
    first, last, left, right = HOLES[hole]
    read = rivers_system.read_elevation

    def holed(workspace, spec):
        height, record = read(workspace, spec)
        values = height.values_m.copy()
        values[first:last, left:right] = np.nan
        return replace(height, values_m=values), record

    monkeypatch.setattr(rivers_system, "read_elevation", holed)
    return load_rivers(workspace, known=known.layers)


def test_a_whole_trace_ends_at_the_edge_of_the_data_and_says_so(whole):
    workspace, system = whole
    origin = place_origin(system, *START)
    assert end_of_trace(system.network, origin.vertex, origin.to_outlet_m).reason == EDGE_OF_DATA
    notes = "\n".join(trace_down(system, origin, velocity=SPEED).notes)
    assert "到了高程数据的边缘" in notes and "无高程" not in notes


def cut_origin(system):
    """Return the first of some places whose way meets the hole."""
    for lon, lat in (START, (117.55, 41.65), (117.65, 41.62), (117.7, 41.6), (117.75, 41.55), (117.8, 41.9), (117.72, 41.75)):
        snapped = system.snapper.snap(np.array([lon]), np.array([lat]), limit_m=20_000)
        if snapped.vertex[0] >= 0 and end_of_trace(system.network, int(snapped.vertex[0]), 0.0).reason == NO_ELEVATION:
            return place_origin(replace(system, settings=system.settings.model_copy(update={"snap_limit_m": 20_000})), lon, lat)
    raise AssertionError("no place drains into the hole")


@pytest.mark.parametrize("hole", HOLES)
def test_a_trace_cut_by_a_hole_says_so_and_names_every_county_of_the_basin(whole, hole, monkeypatch):
    workspace, known = whole
    system = with_hole(workspace, known, hole, monkeypatch)
    trace = trace_down(system, cut_origin(system), velocity=SPEED)
    notes = "\n".join(trace.notes)
    assert "至此无高程，未继续；实际河流仍往下游" in notes
    assert trace.river.endswith("（滦河水系）") or "未命名" not in trace.river
    listed = set(trace.tables["trace_notify"]["jurisdiction"])
    assert len(listed) < 9  # of the nine that the whole trace meets
    for county in ("滦平县", "双滦区", "双桥区", "承德县", "兴隆县", "宽城满族自治县"):
        assert county in listed or county in notes
