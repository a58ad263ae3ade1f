"""What a long-lived process needs: frames in one reference, nothing kept for ever, threads that share a workspace."""

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from shapes import from_metres, layer_set, sites, workspace, zone_layer

from cdgis.core.errors import CrsError
from cdgis.core.progress import Silent
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers.loading import Loaded
from cdgis.rules import load_rulebook
from cdgis.workspace.layers import Layer, Subjects

DAY = date(2026, 11, 1)
RNG = np.random.default_rng(13)


def circles(count, radius, corners=900):
    """Return discs of many vertices, so that an index over one takes a moment to build."""
    middle = RNG.uniform(-8000, 8000, (count, 2))
    return [from_metres(shapely.Point(x, y).buffer(radius, quad_segs=corners // 4)) for x, y in middle]


def loaded_of(tmp_path):
    layers = layer_set(
        zone_layer("ecological_redline", circles(40, 900), "红线一般区域"),
        zone_layer("management_units", circles(30, 1500), "优先保护", ids=[f"ZH1308021{i:04}" for i in range(30)]),
        zone_layer("water_source_protection", circles(40, 700), "一级保护区"),
    )
    opened = workspace(tmp_path)
    return Loaded(workspace=opened, settings=opened.settings, as_of=DAY, layers=layers, rulebook=load_rulebook(), records=())


def some_sites(kind, count=60):
    middle = RNG.uniform(-9000, 9000, (count, 2))
    shapes = [shapely.Point(x, y) if kind == "point" else shapely.box(x, y, x + 150, y + 90) for x, y in middle]
    return sites([from_metres(shape) for shape in shapes])


@pytest.mark.parametrize("epsg", [4548, 4326, 3857, None])
def test_frames_of_another_reference_are_refused_naming_both(epsg):
    good = some_sites("point", 2)
    moved = good.frame.set_crs(None, allow_override=True) if epsg is None else good.frame.to_crs(epsg)
    found = "没有写明坐标系" if epsg is None else f"EPSG:{epsg}"
    with pytest.raises(CrsError, match=r"EPSG:4490") as err:
        Subjects(frame=moved, attributes=good.attributes)
    assert found in err.value.found and "项目与企业" in str(err.value)
    layer = zone_layer("ecological_redline", circles(1, 10))
    zones = layer.zones.set_crs(None, allow_override=True) if epsg is None else layer.zones.to_crs(epsg)
    with pytest.raises(CrsError, match=r"图层 ecological_redline") as err:
        Layer(spec=layer.spec, zones=zones, record=layer.record)
    assert found in err.value.found and "4490" in err.value.expected


def test_threads_that_share_a_workspace_find_what_one_after_the_other_finds(tmp_path):
    wanted = [some_sites(kind) for kind in ("point", "polygon") * 3]
    alone = [judge_subjects(loaded_of_same(tmp_path), each).tables for each in wanted]
    with loaded_of_same(tmp_path) as shared, ThreadPoolExecutor(6) as pool:  # cold: all derive the layers at once
        together = list(pool.map(lambda each: judge_subjects(shared, each, jobs=2).tables, wanted))
    for one, other in zip(alone, together, strict=True):
        assert list(one) == list(other) and len(one["findings"]) and len(one["overlaps"])
        for name in one:
            pd.testing.assert_frame_equal(one[name], other[name])


def loaded_of_same(tmp_path):
    """Return the same workspace afresh, nothing derived yet."""
    global RNG
    state, RNG = RNG, np.random.default_rng(5)
    try:
        return loaded_of(tmp_path)
    finally:
        RNG = state


def test_what_is_derived_from_layers_is_let_go_when_the_workspace_closes(tmp_path):
    with loaded_of(tmp_path) as loaded:
        judge_subjects(loaded, some_sites("point", 3))
        layer = loaded.layers["ecological_redline"]
        plane = weakref.ref(layer.derived("overlay", lambda _: pytest.fail("not kept")).plane)
        assert plane() is not None
    gc.collect()
    assert plane() is None
    assert judge_subjects(loaded, some_sites("point", 3), progress=Silent()).tables["verdicts"].shape[0] == 3


def test_what_is_derived_stays_when_a_layer_travels_to_another_process():
    layer = zone_layer("ecological_redline", circles(2, 50))
    layer.derived("x", lambda _: memoryview(b"cannot travel"))
    copy = pickle.loads(pickle.dumps(layer))
    assert copy.derived("x", lambda made: made.spec.id) == "ecological_redline"
    pd.testing.assert_frame_equal(copy.zones, layer.zones)
