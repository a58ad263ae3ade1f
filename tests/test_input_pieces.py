"""An outline given as several lines or as one feature of many points is asked about, and is the same land when somebody says so."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from ring_files import geojson, kml, kml_line, table, vertex_rows
from shapes import in_crs, workspace, write_layer

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import read_sites
from cdgis.readers.crs import describe
from cdgis.workspace.layers import Subjects

Lines = list[shapely.LineString]


def read(path: Path, **given: str) -> Subjects:
    return read_sites(workspace(path.parent), [path], declared={"crs": "CGCS2000", **given})


def area_m2(subjects: Subjects) -> list[float]:
    return survey_area_m2(subjects.frame.geometry.to_numpy()).tolist()


def round_outline(corners: int, turn: float, size: float) -> shapely.Polygon:
    at = np.arange(corners) / corners * 2 * np.pi + turn
    return shapely.Polygon(np.column_stack([117.9 + size * np.cos(at), 40.95 + size * np.sin(at) * 0.75]))


def cut(outline: shapely.Polygon, pieces: int, seed: int) -> Lines:
    """Return the outline as lines that meet end to end, in any order, drawn either way."""
    draw = np.random.default_rng(seed)
    ring = np.array(outline.exterior.coords)
    starts = np.sort(draw.choice(len(ring) - 1, pieces, replace=False))
    turned = np.vstack([ring[starts[0] : -1], ring[: starts[0] + 1]])
    ends = [*(starts - starts[0]), len(turned) - 1]
    lines = [turned[a : b + 1] for a, b in zip(ends[:-1], ends[1:], strict=True)]
    return [shapely.LineString(lines[at][:: draw.choice([1, -1])]) for at in draw.permutation(pieces)]


def written(folder: Path, suffix: str, lines: Lines, **columns: list[str]) -> Path:
    path = folder / f"a{suffix}"
    if suffix == ".kml":
        return kml(path, *(kml_line(list(line.coords)) for line in lines))
    if suffix == ".geojson":
        return geojson(path, lines, None, [{"编号": str(at)} for at in range(len(lines))])
    return write_layer(path, lines, {"编号": [str(at) for at in range(len(lines))], **columns})


@given(corners=st.integers(5, 12), turn=st.floats(0, 6), size=st.floats(1e-3, 2e-2), pieces=st.integers(2, 5), seed=st.integers(0, 999),
       suffix=st.sampled_from([".shp", ".gpkg", ".geojson", ".kml"]))  # fmt: skip
def test_lines_that_close_a_ring_together_are_one_question(
    tmp_path_factory: pytest.TempPathFactory, corners: int, turn: float, size: float, pieces: int, seed: int, suffix: str
) -> None:
    outline = round_outline(corners, turn, size)
    path = written(tmp_path_factory.mktemp("p"), suffix, cut(outline, pieces, seed))
    asked = read(path)
    (note,) = asked.intake
    assert len(asked.frame) == 0 and note.status == "quarantined" and f"{pieces} 条线首尾相接" in note.reason and "--as polygon" in note.remedy
    assert area_m2(read(path, geometry_kind="polygon")) == pytest.approx(survey_area_m2([outline]).tolist(), rel=1e-6)
    assert read(path, geometry_kind="line").frame.geometry.geom_type.tolist() == ["LineString"] * pieces


def test_a_network_and_lines_with_names_stay_lines(tmp_path: Path) -> None:
    ring = cut(round_outline(8, 0, 0.01), 3, 1)
    spur = shapely.LineString([ring[0].coords[0], (117.95, 40.95)])
    assert len(read(written(tmp_path, ".gpkg", [*ring, spur])).frame) == 4
    (tmp_path / "b").mkdir()
    named = written(tmp_path / "b", ".gpkg", ring, 项目名称=["甲路", "乙路", "丙路"], 行业代码=["4812", "4813", "4812"])
    assert len(read(named).frame) == 3
    there_and_back = [ring[0], shapely.LineString(ring[0].coords[::-1])]
    (tmp_path / "c").mkdir()
    assert len(read(written(tmp_path / "c", ".gpkg", there_and_back)).frame) == 2


def test_a_ring_of_lines_beside_others_is_one_question_of_its_own(tmp_path: Path) -> None:
    ring, road = cut(round_outline(6, 0.3, 0.01), 2, 4), shapely.LineString([(117.8, 40.9), (117.85, 40.99)])
    subjects = read(written(tmp_path, ".gpkg", [ring[0], road, ring[1]]))
    assert subjects.frame.geometry.geom_type.tolist() == ["LineString"]
    assert [note.status.value for note in subjects.intake].count("quarantined") == 1


@given(corners=st.integers(3, 9), turn=st.floats(0, 6), suffix=st.sampled_from([".shp", ".gpkg", ".geojson"]))
def test_a_feature_of_many_points_is_asked_about(tmp_path_factory: pytest.TempPathFactory, corners: int, turn: float, suffix: str) -> None:
    outline = round_outline(corners, turn, 0.01)
    points = shapely.MultiPoint(np.array(outline.exterior.coords)[:-1])
    folder = tmp_path_factory.mktemp("m")
    path = geojson(folder / "a.geojson", [points]) if suffix == ".geojson" else write_layer(folder / f"a{suffix}", [points])
    (note,) = read(path).intake
    assert note.status == "quarantined" and f"由 {corners} 个点组成" in note.reason and "--as points" in note.remedy
    assert area_m2(read(path, geometry_kind="面")) == pytest.approx(survey_area_m2([outline]).tolist(), rel=1e-6)
    assert read(path, geometry_kind="points").frame.geometry.geom_type.tolist() == ["MultiPoint"]
    assert read(path, geometry_kind="线").frame.geometry.geom_type.tolist() == ["LineString"]


@pytest.mark.parametrize("names", ["西南角,东南角,东北角,西北角", "西,南,东,北", "一,二,三,四", "①,②,③,④", "左下,右下,右上,左上", "SW,SE,NE,NW"])
def test_corners_by_any_name_are_asked_about(tmp_path: Path, names: str) -> None:
    ring = [(117.9, 40.95), (117.91, 40.951), (117.909, 40.958), (117.899, 40.957)]
    subjects = read(table(tmp_path / "a.csv", ("名称", "经度", "纬度"), vertex_rows(ring, names.split(","))))
    assert len(subjects.frame) == 0 and "4 行只有编号和坐标" in subjects.intake[0].reason


@given(lon=st.floats(73.6, 134.5), lat=st.floats(18.5, 53))
def test_web_mercator_numbers_are_called_so(lon: float, lat: float) -> None:
    x, y = in_crs(shapely.Point(lon, lat), 3857).coords[0]
    assert f"网页墨卡托（EPSG:3857）坐标，合经度 {lon:.3f}" in describe((x, y, x + 1.0, y + 1.0))


def test_web_mercator_metres_without_a_statement_name_the_way_out(tmp_path: Path) -> None:
    metres = in_crs(round_outline(5, 0, 0.01), 3857)
    for path in (geojson(tmp_path / "a.geojson", [metres]), write_layer(tmp_path / "a.shp", [metres], epsg=None)):
        (note,) = read(path, crs="EPSG:4490").intake
        assert note.status == "quarantined" and "网页墨卡托" in note.reason and "从 EPSG:3857 转换" in note.remedy
