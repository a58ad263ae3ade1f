"""What a file's lines, points and headers make: land when they go round it, and never without a word."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from ring_files import kml, kml_line, kml_pins, kml_polygon, labels, ring_of, table, vertex_rows
from shapes import PARCEL, boundary_lines, boundary_text, in_crs, square, workspace, write_geojson

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import TypedSites, read_sites
from cdgis.readers.shape_kind import ShapeKind, named_kind, only_counts
from cdgis.workspace.layers import Subjects

SHELL = shapely.Polygon(PARCEL.exterior)
AREA_M2 = float(survey_area_m2([SHELL])[0])
SAID = {"crs": "CGCS2000"}


def read(path: Path, **given: str) -> Subjects:
    return read_sites(workspace(path.parent), [path], declared={**SAID, **given})


def txt(folder: Path, header: str, parcel: shapely.Polygon = SHELL, **keys: str) -> Path:
    path = folder / "地块.txt"
    path.write_bytes(boundary_text(boundary_lines(in_crs(parcel, 4527)), header=header, **keys).encode("gbk"))
    return path


@pytest.mark.parametrize(("header", "name"), [
    ("17.6720公顷,,地块1,面,,,,@", "地块1"), ("5,17.672,面,示例地块,重点项目用地,@", "示例地块"),
    ("DK001,示例地块,面,K50G0001,输电线路塔基,@", "示例地块"), ("5,,010031, 32,,,地块1,,@", "地块1"),
    ("5,17.672,DK1,环线用地,面,,输电线路塔基,,@", "环线用地"), ("面,示例地块,点状供地,@", "示例地块"),
    ("5,17.672,DK1,示例地块,面状,,线状工程,,@", "示例地块"), ("DK1,管线站点,5,17.67亩,多边形,@", "管线站点"),
    ("5,17.672,DK1,,面,K50,沿线村点,0601,@", ""), ("示例地块,面,@", "示例地块"),
])  # fmt: skip
def test_header_gives_the_name_and_land_whatever_its_order(tmp_path: Path, header: str, name: str) -> None:
    subjects = read(txt(tmp_path, header), crs="")
    assert subjects.frame["name"].tolist() == [name]
    assert subjects.frame.geometry.geom_type.tolist() == ["Polygon"]


@given(st.lists(st.sampled_from(["", "5", "17.67", "DK1", "甲地块", "输电线路塔基", "点状供地", "K50", "0601"]),
                min_size=1, max_size=8), st.integers(0, 8))  # fmt: skip
def test_only_an_exact_word_is_a_kind_of_shape(tmp_path_factory: pytest.TempPathFactory, items: list[str], at: int) -> None:
    words = [*items[:at], "面", *items[at:]]
    subjects = read(txt(tmp_path_factory.mktemp("t"), ",".join([*words, "@"])), crs="")
    assert subjects.frame.geometry.geom_type.tolist() == ["Polygon"]


def test_two_kinds_in_one_header_are_asked_about(tmp_path: Path) -> None:
    (note,) = read(txt(tmp_path, "点,甲,线,@"), crs="").intake
    assert note.status == "quarantined" and "几项都像图形属性" in note.reason


@pytest.mark.parametrize("text", ["风机1,{a}\n风机2,{b}\n风机3,{c}", "1,{a}\n2,{b}\n3,{c}", "T1,1,{a}\nT2,1,{b}\nT3,1,{c}", "{a}\n{b}\n{c}"])
def test_a_bare_list_of_points_is_asked_about(tmp_path: Path, text: str) -> None:
    places = {key: f"{y:.3f},{x:.3f}" for key, (x, y) in zip("abc", in_crs(SHELL, 4527).exterior.coords[:3], strict=True)}
    path = tmp_path / "风机.txt"
    path.write_text(text.format(**places), encoding="utf-8")
    (note,) = read(path).intake
    assert note.status == "quarantined" and "--as points" in note.remedy and "--as polygon" in note.remedy
    assert read(path, geometry_kind="points").frame.geometry.geom_type.tolist() == ["MultiPoint"]
    assert read(path, geometry_kind="面").frame.geometry.geom_type.tolist() == ["Polygon"]
    assert read(path, geometry_kind="line").frame.geometry.geom_type.tolist() == ["LineString"]


def test_a_line_there_and_back_is_no_land(tmp_path: Path) -> None:
    ring = [(117.9, 40.95), (117.91, 40.96), (117.92, 40.95), (117.91, 40.96), (117.9, 40.95)]
    assert read(kml(tmp_path / "a.kml", kml_line(ring))).frame.geometry.geom_type.tolist() == ["LineString"]


def test_an_open_line_is_a_line(tmp_path: Path) -> None:
    subjects = read(kml(tmp_path / "a.kml", kml_line([(117.9, 40.95), (117.91, 40.96), (117.93, 40.95)])))
    assert subjects.frame.geometry.geom_type.tolist() == ["LineString"]
    assert [note.status.value for note in subjects.intake] == ["accepted"]


@given(st.integers(3, 30), st.floats(0, 6), st.floats(0.001, 0.02), st.integers(0, 29))
def test_an_outline_that_lacks_any_one_of_its_equal_sides_is_asked_about(corners: int, turn: float, size: float, lost: int) -> None:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + turn
    ring = [(117.5 + size * np.cos(a), 41.0 + size * np.cos(np.radians(41)) * np.sin(a)) for a in angles]
    path = ring[lost % corners :] + ring[: lost % corners]
    found = read_sites(workspace(Path("/nowhere")), [], declared=SAID, typed=TypedSites(wkt=(shapely.LineString(path).wkt,)))
    assert [note.status.value for note in found.intake] == ["quarantined"]
    assert "--as polygon" in found.intake[0].remedy and "--as line" in found.intake[0].remedy


@pytest.mark.parametrize("path", [
    [(0, 0), (0, 3), (4, 3), (4, 0)], [(0, 0), (0, 1), (9, 1), (9, 0)], [(0, 0), (9, 0), (9, 2), (5, 2), (5, 4), (0, 4)],
])  # fmt: skip
def test_a_plot_without_its_last_side_is_asked_about(tmp_path: Path, path: list[tuple[float, float]]) -> None:
    (note,) = read(kml(tmp_path / "a.kml", kml_line([(117.9 + x / 1000, 40.95 + y / 1000) for x, y in path]))).intake
    assert note.status == "quarantined" and "可能是没有闭合的用地边界" in note.reason


@pytest.mark.parametrize("path", [
    [(0, 0), (3, 1), (6, 0), (9, 1)], [(0, 0), (0, 4), (3, 0), (3, 4)], [(0, 0), (2, 3), (4, 3), (6, 0)], [(0, 0), (5, 0), (5, 5)],
])  # fmt: skip
def test_a_line_that_goes_somewhere_is_a_line(tmp_path: Path, path: list[tuple[float, float]]) -> None:
    subjects = read(kml(tmp_path / "a.kml", kml_line([(117.9 + x / 1000, 40.95 + y / 1000) for x, y in path])))
    assert subjects.frame.geometry.geom_type.tolist() == ["LineString"]


def test_a_declared_line_stays_one(tmp_path: Path) -> None:
    subjects = read(kml(tmp_path / "环路.kml", kml_line(ring_of(SHELL))), geometry_kind="line")
    assert subjects.frame.geometry.geom_type.tolist() == ["LineString"]


def test_a_ring_within_a_ring_is_a_hole(tmp_path: Path) -> None:
    lines = "".join(kml_line(list(ring.coords)) for ring in (PARCEL.exterior, PARCEL.interiors[0]))
    (shape,) = read(kml(tmp_path / "a.kml", f"<MultiGeometry>{lines}</MultiGeometry>")).frame.geometry
    assert float(survey_area_m2([shape])[0]) == pytest.approx(float(survey_area_m2([PARCEL])[0]), rel=1e-6)


def test_closed_and_open_lines_together_are_asked_about(tmp_path: Path) -> None:
    open_line = kml_line([(117.95, 40.95), (117.96, 40.96)])
    (note,) = read(kml(tmp_path / "a.kml", f"<MultiGeometry>{kml_line(ring_of(SHELL))}{open_line}</MultiGeometry>")).intake
    assert note.status == "quarantined" and "2 段线里有 1 段" in note.reason


@given(st.integers(3, 40), st.floats(0, 6), st.floats(0.001, 0.02))
def test_any_closed_line_has_the_area_of_its_polygon(corners: int, turn: float, size: float) -> None:
    angles = np.sort(np.linspace(0, 2 * np.pi, corners, endpoint=False) + turn)
    ring = [(117.5 + size * np.cos(a), 41.0 + size * np.sin(a) * 0.7) for a in angles]
    ring.append(ring[0])
    texts = (shapely.LineString(ring).wkt, shapely.Polygon(ring).wkt)
    subjects = read_sites(workspace(Path("/nowhere")), [], declared=SAID, typed=TypedSites(wkt=texts))
    line_m2, land_m2 = survey_area_m2(subjects.frame.geometry.to_numpy())
    assert line_m2 == pytest.approx(land_m2, rel=1e-9)
    assert "读成面" in subjects.frame["notes"].iloc[0] and "读成面" not in subjects.frame["notes"].iloc[1]


@pytest.mark.parametrize("word", ["塔基", "面积", "点线面", "?"])
def test_an_unknown_kind_is_refused(tmp_path: Path, word: str) -> None:
    (note,) = read(kml(tmp_path / "a.kml", kml_polygon(ring_of(SHELL))), geometry_kind=word).intake
    assert note.status == "quarantined" and "图形" in note.reason


def test_land_declared_a_line_is_asked_about(tmp_path: Path) -> None:
    (note,) = read(kml(tmp_path / "a.kml", kml_polygon(ring_of(SHELL))), geometry_kind="线").intake
    assert note.status == "quarantined" and "读到的却是面" in note.reason


def test_two_parcels_of_a_vertex_table_are_two_sites(tmp_path: Path) -> None:
    other = ring_of(square(117.95, 40.95))
    rows = [["甲", *r] for r in vertex_rows(ring_of(SHELL), labels(ring_of(SHELL)))]
    rows += [["乙", *r] for r in vertex_rows(other, labels(other))]
    subjects = read(table(tmp_path / "a.xlsx", ("地块编号", "界址点号", "经度", "纬度"), rows))
    assert subjects.frame["name"].tolist() == ["甲", "乙"]
    assert [note.row for note in subjects.intake] == ["2-6", "7-11"]


@pytest.mark.parametrize("header", [("地块编号", "界址点号"), ("项目名称", "拐点"), ("宗地", "点号")])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_parcel_named_only_in_its_first_row_keeps_all_its_vertices(tmp_path: Path, header: tuple[str, str], suffix: str) -> None:
    rings = {"甲地": ring_of(SHELL)[:-1], "乙地": ring_of(square(117.95, 40.95))[:-1]}
    rows = [
        [name if at == 0 else "", label, x, y, "3011" if (name, at) == ("甲地", 0) else ""]
        for name, ring in rings.items()
        for at, (label, x, y) in enumerate(vertex_rows(ring, labels(ring)))
    ]
    subjects = read(table(tmp_path / f"a.{suffix}", (*header, "经度", "纬度", "行业代码"), rows))
    assert subjects.frame[["name", "industry"]].to_numpy().tolist() == [["甲地", "3011"], ["乙地", ""]], subjects.intake
    assert float(survey_area_m2(subjects.frame.geometry.to_numpy()[:1])[0]) == pytest.approx(AREA_M2, rel=1e-6)


def test_a_ring_column_makes_a_hole(tmp_path: Path) -> None:
    rings = [ring_of(PARCEL), list(PARCEL.interiors[0].coords)]
    rows = [[at, *row] for at, ring in enumerate(rings, 1) for row in vertex_rows(ring, labels(ring))]
    (shape,) = read(table(tmp_path / "a.csv", ("圈号", "点号", "经度", "纬度"), rows)).frame.geometry
    assert float(survey_area_m2([shape])[0]) == pytest.approx(float(survey_area_m2([PARCEL])[0]), rel=1e-6)


def test_a_vertex_that_cannot_be_read_costs_the_parcel_and_is_named(tmp_path: Path) -> None:
    rows = vertex_rows(ring_of(SHELL), labels(ring_of(SHELL)))
    rows[2][1] = "不清"
    (note,) = read(table(tmp_path / "a.csv", ("拐点", "经度", "纬度"), rows)).intake
    assert note.status == "quarantined" and "第 4 行的拐点读不出坐标" in note.reason


def test_two_vertices_are_no_parcel(tmp_path: Path) -> None:
    (note,) = read(table(tmp_path / "a.csv", ("拐点", "经度", "纬度"), vertex_rows(ring_of(SHELL)[:2], ["J1", "J2"]))).intake
    assert note.status == "quarantined" and "不足三个" in note.reason


@pytest.mark.parametrize(("header", "rows"), [
    (("名称", "经度", "纬度"), [["甲厂", 117.9, 40.95], ["乙厂", 117.91, 40.95], ["丙厂", 117.91, 40.96]]),
    (("编号", "行业代码", "经度", "纬度"), [["1", "3011", 117.9, 40.95], ["2", "3110", 117.91, 40.95], ["3", "2614", 117.91, 40.96]]),
    (("项目名称", "经度", "纬度"), [["风机1号", 117.9, 40.95], ["风机2号", 117.91, 40.95], ["风机3号", 117.91, 40.96]]),
    (("编号", "经度", "纬度"), [["1", 117.9, 40.95], ["2", 117.91, 40.95]]),
])  # fmt: skip
def test_sites_that_say_what_they_are_stay_sites(tmp_path: Path, header: tuple[str, ...], rows: list[list[object]]) -> None:
    assert len(read(table(tmp_path / "a.xlsx", header, rows)).frame) == len(rows)


def test_features_that_are_points_stay_points(tmp_path: Path) -> None:
    points = [(shapely.Point(117.9 + at / 100, 40.95), {"编号": str(at)}) for at in range(5)]
    assert len(read(write_geojson(tmp_path / "a.geojson", points)).frame) == 5


def test_points_declared_points_are_sites_each(tmp_path: Path) -> None:
    pins = kml(tmp_path / "a.kml", *kml_pins(ring_of(SHELL)[:-1], ["1", "2", "3", "4"]))
    assert len(read(pins, geometry_kind="points").frame) == 4


def test_a_column_answers_for_each_row(tmp_path: Path) -> None:
    rows = [[*row, kind] for row, kind in zip(vertex_rows(ring_of(SHELL)[:-1], list("1234")), ["点"] * 4, strict=True)]
    assert len(read(table(tmp_path / "a.csv", ("编号", "经度", "纬度", "图形"), rows)).frame) == 4


def test_mixed_shapes_say_how_much_is_left_out(tmp_path: Path) -> None:
    extra = kml_line([(117.95, 40.95), (117.96, 40.95)]) + "<Point><coordinates>117.9,40.95</coordinates></Point>"
    (note,) = read(kml(tmp_path / "a.kml", f"<MultiGeometry>{kml_polygon(ring_of(SHELL))}{extra}</MultiGeometry>")).intake
    assert note.status == "repaired" and "略去1 个线（长 842 米）、1 个点" in note.reason


def test_words_of_kinds_and_of_counting() -> None:
    assert [named_kind(word) for word in ("面", " POLYGON", "点 ", "线", "points")] == [
        ShapeKind.POLYGON, ShapeKind.POLYGON, ShapeKind.POINTS, ShapeKind.LINE, ShapeKind.POINTS]  # fmt: skip
    assert all(map(only_counts, ("1", "A", "J3", "点4", "界址点5", "P-07", "航点 3")))
    assert not any(map(only_counts, ("风机1", "甲厂", "示例地块", "3号厂房")))
