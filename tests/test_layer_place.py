"""A layer of another place proves nothing: judging and the check refuse it, wherever it lies.

The law: a layer is used only if some of it lies in its coverage, farther in than both are accurate; a layer that is not
used never appears among the negative proofs and leaves its rules open. Then the case: a city replaced in a copy of
another city's workspace, with the old red line left behind.
"""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import metres, write_layer, zone_layer
from small_workspace import LEFT, new_redline, small_workspace
from test_workspace_gaps import DECLARED

from cdgis.core.errors import LayerError
from cdgis.judging.compare_versions import compare_versions
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.pipelines.check_workspace import check_workspace
from cdgis.readers.layer_files import read_layer
from cdgis.readers.placed_layers import misplaced_layers
from cdgis.workspace.layer_place import misplaced
from cdgis.workspace.settings import open_workspace

HENGYANG = (111.5, 26.0, 113.2, 27.4)
CITY = zone_layer("city", [metres(-4000, -4000, 4000, 4000)], zones=False, coverage="")
HOME = (117.4, 41.3, 117.6, 41.5)
kilometres = st.integers(-12, 12).map(lambda hundred: hundred * 731.0)
boxes = st.tuples(kilometres, kilometres, st.sampled_from([3.0, 90.0, 1400.0, 30_000.0])).map(lambda b: metres(b[0], b[1], b[0] + b[2], b[1] + b[2]))


def redline(shapes):
    return zone_layer("ecological_redline", shapes, coverage="city")


@settings(max_examples=200)
@given(st.lists(boxes, min_size=1, max_size=3), st.sampled_from(["polygon", "line", "point"]))
def test_a_layer_is_used_only_where_some_of_it_lies_in_its_coverage(shapes, kind):
    drawn = {"polygon": shapes, "line": [s.exterior for s in shapes], "point": [s.centroid for s in shapes]}[kind]
    city = CITY.zones.geometry.iloc[0]
    problem = misplaced(redline(drawn), CITY, HOME)
    touching = any(city.intersects(shape) for shape in drawn)
    if not touching:
        assert problem
    if not problem:
        assert touching
    if any(city.covers(shape.buffer(1e-4)) for shape in drawn):
        assert not problem  # a whole zone well inside is a third of the layer at least


@pytest.mark.parametrize("east_m", [0.0, 1.0, 150.0])
def test_a_neighbours_layer_that_laps_over_the_border_is_none_of_ours(east_m):
    neighbour = [metres(4000 - east_m, y, 20_000, y + 1000) for y in range(-4000, 4000, 1000)]
    assert misplaced(redline(neighbour), CITY, HOME)


def test_a_layer_of_the_whole_province_is_used_though_little_of_it_lies_here():
    province = [metres(x, y, x + 900, y + 900) for x in range(-60_000, 60_000, 3000) for y in range(-60_000, 60_000, 3000)]
    assert misplaced(redline(province), CITY, HOME) == ""


def test_layers_without_coverage_are_compared_with_the_place():
    rivers = zone_layer("rivers", [metres(0, 0, 9, 9)], zones=False, coverage="")
    assert misplaced(rivers, None, HOME) == ""
    assert "本市以外" in misplaced(rivers, None, HENGYANG)
    assert misplaced(rivers, None, None) == ""


def hengyang(root):
    """A copy of another city's workspace in which city and site were replaced, and the red line left."""
    small_workspace(root)
    write_layer(root / "layers" / "city.gpkg", [shapely.box(*HENGYANG)], {"id": ["430400"], "name": ["衡阳市"]})
    (root / "layers" / "projects" / "site.gpkg").unlink()
    write_layer(root / "site.gpkg", [shapely.box(112.6, 26.9, 112.601, 26.901)], {"name": ["衡阳项目"]})
    settings_file = root / "cdgis.toml"
    settings_file.write_text(settings_file.read_text(encoding="utf-8").replace("承德市", "衡阳市"), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory):
    root = hengyang(tmp_path_factory.mktemp("衡阳"))
    return root, assess_sites(open_workspace(root), [root / "site.gpkg"], declared=DECLARED)


def test_leftover_layers_prove_nothing_and_are_named(left_behind):
    _, found = left_behind
    tables = found.tables
    assert len(tables["subjects"]) == 1
    assert "ecological_redline" not in set(tables["clear"]["layer"])
    rows = tables["findings"][tables["findings"]["layer"] == "ecological_redline"]
    assert len(rows) and set(rows["state"]) == {"unknown"}
    assert tables["verdicts"].loc[0, "verdict"] == "资料不足"
    gap = tables["gaps"][tables["gaps"]["layer"] == "ecological_redline"].iloc[0]
    assert "不在本市" in gap["part"] and "本市以外" in gap["problem"] and "换城市" in f"{gap['problem']}{gap['remedy']}"


def test_the_check_calls_a_leftover_layer_grave_and_once(left_behind):
    faults = [fault for fault in check_workspace(open_workspace(left_behind[0])).faults if fault.layer == "ecological_redline"]
    grave = [fault for fault in faults if fault.grave]
    assert len(grave) == 1 and "本市以外" in grave[0].problem
    assert not [fault for fault in faults if "坐标远在本市之外" in fault.problem]


def test_a_boundary_that_does_not_lie_in_the_stated_place_is_refused(tmp_path):
    root = hengyang(tmp_path)
    with (root / "cdgis.toml").open("a", encoding="utf-8") as file:
        file.write('\n[place]\nname = "衡阳市"\ncode = "430400"\nextent = [74.0, 35.5, 79.9, 40.3]\n')
    workspace = open_workspace(root)
    layers = {spec.id: read_layer(spec, workspace.layers_dir) for spec in workspace.catalog.layers.values()}
    assert set(misplaced_layers(workspace, layers)) == {"city", "ecological_redline"}


def test_versions_of_a_layer_are_compared_only_if_both_are_of_this_place(tmp_path):
    root = small_workspace(tmp_path)
    old = root / "layers" / "redline.gpkg"
    fresh = new_redline(tmp_path / "new.gpkg")
    assert len(compare_versions(old, fresh, workspace=open_workspace(root), layer="ecological_redline").zones)
    red = {"id": ["H1"], "name": ["甲"], "kind": ["红线一般区域"]}
    far = write_layer(tmp_path / "far.gpkg", [shapely.affinity.translate(LEFT, -5, -14)], red)
    with pytest.raises(LayerError, match="本市以外"):
        compare_versions(old, far, workspace=open_workspace(root), layer="ecological_redline")

