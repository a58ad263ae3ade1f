"""DXF drawings: units, axes, arcs, blocks, nesting, and what is no site."""

import math
from pathlib import Path

import ezdxf
import pytest
import shapely
from drawings import write_dxf
from ezdxf.document import Drawing
from shapes import PARCEL, in_crs, square, workspace

from cdgis.geometry.geodesy import from_lonlat, survey_area_m2, to_lonlat
from cdgis.readers import read_sites
from cdgis.readers.drawing import readable
from cdgis.report.screening.boundary import boundary_of
from cdgis.workspace.layers import Subjects

CRS = {"crs": "EPSG:4548"}
CORNER = in_crs(shapely.Point(117.0, 41.0), 4548).coords[0]
"""On the central meridian, where Gauss-Krüger metres are ground metres to 1e-9 over a few hundred metres."""


def read(path: Path, **declared: str) -> Subjects:
    return read_sites(workspace(path.parent), [path], declared=CRS | declared)


def drawing(unit: int = 6) -> Drawing:
    document = ezdxf.new()
    document.header["$INSUNITS"] = unit
    return document


def saved(document: Drawing, folder: Path) -> Path:
    document.saveas(folder / "图.dxf")
    return folder / "图.dxf"


def at(*points: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Return points given in metres from CORNER as drawing coordinates."""
    return [(CORNER[0] + x, CORNER[1] + y, *rest) for x, y, *rest in points]


def only_reason(subjects: Subjects) -> str:
    (note,) = subjects.intake
    return f"{note.status.value}：{note.reason}｜{note.remedy}"


def test_drawing_without_declared_crs_is_quarantined_with_the_options_named(tmp_path: Path) -> None:
    path = write_dxf(tmp_path / "a.dxf", {"甲": [PARCEL]})
    said = only_reason(read_sites(workspace(tmp_path), [path]))
    assert "没有坐标系" in said and "--crs EPSG:4548" in said and "--dxf-unit" in said


@pytest.mark.parametrize(
    ("unit", "stated", "said"), [("m", "mm", "写毫米，坐标只有按米"), ("mm", "", "没有写图形单位")]
)
def test_unit_follows_the_numbers_and_is_reported_when_the_header_errs(
    tmp_path: Path, unit: str, stated: str, said: str
) -> None:
    subjects = read(write_dxf(tmp_path / "a.dxf", {"甲": [PARCEL]}, unit=unit, stated=stated))
    assert said in only_reason(subjects) and only_reason(subjects).startswith("repaired")
    assert survey_area_m2([subjects.frame.geometry.iloc[0]])[0] == pytest.approx(survey_area_m2([PARCEL])[0], abs=0.1)


def test_declared_unit_wins_over_the_header(tmp_path: Path) -> None:
    path = write_dxf(tmp_path / "a.dxf", {"甲": [PARCEL]}, unit="mm", stated="m")
    assert only_reason(read(path, dxf_unit="毫米")).startswith("accepted")


def test_declared_unit_that_contradicts_the_numbers_is_refused(tmp_path: Path) -> None:
    path = write_dxf(tmp_path / "a.dxf", {"甲": [PARCEL]}, unit="mm")
    subjects = read(path, dxf_unit="cm")
    assert len(subjects.frame) == 0
    assert "按毫米才是" in only_reason(subjects)
    assert "应为 mm、cm 或 m" in only_reason(read(path, dxf_unit="英寸"))


@pytest.mark.parametrize(
    ("crs", "said"),
    [("EPSG:4549", "EPSG:4548"), ("EPSG:4527", "不是声明的坐标系"), ("CGCS2000", "不带带号"), ("西安80", "转换参数"),
     ("EPSG:2363", "西安80（EPSG:2363）"), ("北京54", "北京54"), ("EPSG:3857", "EPSG:3857")],
)  # fmt: skip
def test_wrong_crs_gives_one_message(tmp_path: Path, crs: str, said: str) -> None:
    subjects = read(write_dxf(tmp_path / "a.dxf", {"甲": [square(117.9, 40.95, 0.002)]}), crs=crs)
    assert len(subjects.frame) == 0
    assert only_reason(subjects).startswith("quarantined") and said in only_reason(subjects)


def test_layer_names_parcels_and_layer_0_names_none(tmp_path: Path) -> None:
    layers = {"甲": [PARCEL], "乙": [square(117.95, 40.95, 0.002), square(117.96, 40.95, 0.002)],
              "0": [square(117.97, 40.95, 0.002)]}  # fmt: skip
    subjects = read(write_dxf(tmp_path / "a.dxf", layers))
    assert subjects.frame["name"].tolist() == ["甲", "乙-1", "乙-2", ""]
    assert subjects.frame["source_row"].tolist() == ["甲#1", "乙#1", "乙#2", "0#1"]


def test_ring_inside_another_is_a_hole_on_its_layer_and_a_site_on_another(tmp_path: Path) -> None:
    outer, inner = square(117.9, 40.95, 0.01), square(117.903, 40.953, 0.002)
    together = read(write_dxf(tmp_path / "a.dxf", {"甲": [outer, inner]}))
    apart = read(write_dxf(tmp_path / "b.dxf", {"甲": [outer], "乙": [inner]}))
    whole, part = survey_area_m2([outer, inner])
    assert survey_area_m2(together.frame.geometry.to_numpy()) == pytest.approx([whole - part], abs=0.1)
    assert survey_area_m2(apart.frame.geometry.to_numpy()) == pytest.approx([whole, part], abs=0.1)


def test_island_in_a_hole_is_a_site_again(tmp_path: Path) -> None:
    rings = [square(117.9, 40.95, 0.01), square(117.902, 40.952, 0.006), square(117.904, 40.954, 0.002)]
    subjects = read(write_dxf(tmp_path / "a.dxf", {"甲": rings}))
    areas = survey_area_m2(rings)
    expected = [areas[0] - areas[1], areas[2]]
    assert survey_area_m2(subjects.frame.geometry.to_numpy()) == pytest.approx(expected, abs=0.1)


def test_line_and_fill_of_one_outline_are_one_site_whatever_the_layer(tmp_path: Path) -> None:
    document = drawing()
    space = document.modelspace()
    points = at((0, 0), (200, 0), (200, 100), (0, 100))
    space.add_hatch(dxfattribs={"layer": "填充"}).paths.add_polyline_path(points, is_closed=True)
    space.add_lwpolyline(points, close=True, dxfattribs={"layer": "红线"})
    subjects = read(saved(document, tmp_path))
    assert subjects.frame["name"].tolist() == ["红线"]
    assert "重合" in only_reason(subjects)


def arc_shapes(space: ezdxf.layouts.Modelspace) -> None:
    """Draw the disc of 1 km radius around CORNER in five ways, each on a layer of its own."""
    half_turns = [(CORNER[0] - 1000, CORNER[1], 1), (CORNER[0] + 1000, CORNER[1], 1)]
    space.add_circle(CORNER, 1000, dxfattribs={"layer": "圆"})
    space.add_ellipse(CORNER, (1000, 0), 1, dxfattribs={"layer": "椭圆"})
    space.add_lwpolyline(half_turns, format="xyb", close=True, dxfattribs={"layer": "弧段"})
    space.add_hatch(dxfattribs={"layer": "填充"}).paths.add_polyline_path(half_turns, is_closed=True)
    space.add_hatch(dxfattribs={"layer": "边填充"}).paths.add_edge_path().add_arc(CORNER, 1000, 0, 360)


@pytest.mark.parametrize("layer", ["圆", "椭圆", "弧段", "填充", "边填充"])
def test_arcs_stray_by_a_centimetre_at_most(tmp_path: Path, layer: str) -> None:
    document = drawing()
    arc_shapes(document.modelspace())
    for entity in list(document.modelspace()):
        if entity.dxf.layer != layer:
            document.modelspace().delete_entity(entity)
    subjects = read(saved(document, tmp_path))
    ring = from_lonlat([subjects.frame.geometry.iloc[0]], 4548)[0].exterior
    centre = shapely.Point(CORNER)
    middles = [shapely.line_interpolate_point(ring, share, normalized=True) for share in (i / 997 for i in range(997))]
    assert max(abs(centre.distance(point) - 1000) for point in middles) <= 0.01
    assert "弦高不超过 1 厘米" in only_reason(subjects)
    assert survey_area_m2([subjects.frame.geometry.iloc[0]])[0] == pytest.approx(math.pi * 1000**2, rel=2e-5)


def test_closed_spline_is_a_site(tmp_path: Path) -> None:
    document = drawing()
    document.modelspace().add_spline(at((0, 0, 0), (100, 0, 0), (100, 100, 0), (0, 0, 0)), dxfattribs={"layer": "样条"})
    assert read(saved(document, tmp_path)).frame["name"].tolist() == ["样条"]


def test_open_lines_are_counted_by_layer_and_not_read(tmp_path: Path) -> None:
    document = drawing()
    space = document.modelspace()
    for shift in (0, 10):
        space.add_lwpolyline(at((shift, 0), (100, 0), (100, 100)), dxfattribs={"layer": "开"})
    space.add_line(*at((0, 0), (1, 0)), dxfattribs={"layer": "开"})
    space.add_text("说明")
    subjects = read(saved(document, tmp_path))
    assert [(note.row, note.status.value) for note in subjects.intake] == [
        ("开#LWPOLYLINE", "quarantined"), ("开#LINE", "quarantined"),
    ]  # fmt: skip
    assert "2 条线没有闭合" in subjects.intake[0].reason and "PEDIT" in subjects.intake[0].remedy


def test_ends_within_a_centimetre_are_closed(tmp_path: Path) -> None:
    document = drawing()
    document.modelspace().add_lwpolyline(at((0, 0), (100, 0), (100, 100), (0.004, 0.003)), dxfattribs={"layer": "缝"})
    assert read(saved(document, tmp_path)).frame["name"].tolist() == ["缝"]


def test_title_frames_and_degenerate_rings_leave_the_others(tmp_path: Path) -> None:
    document = drawing()
    space = document.modelspace()
    space.add_lwpolyline([(0, 0), (420, 0), (420, 297), (0, 297)], close=True, dxfattribs={"layer": "图框"})
    space.add_lwpolyline(at((0, 0), (0, 0)), close=True, dxfattribs={"layer": "点"})
    space.add_lwpolyline(at((0, 0), (100, 0), (100, 100)), close=True, dxfattribs={"layer": "甲"})
    document.layouts.get("Layout1").add_circle(CORNER, 10)
    subjects = read(saved(document, tmp_path))
    assert subjects.frame["name"].tolist() == ["甲"]
    assert [note.status.value for note in subjects.intake] == ["accepted", *["quarantined"] * 3]


def test_frozen_and_hidden_layers_are_not_read(tmp_path: Path) -> None:
    document = drawing()
    document.layers.add("冻").freeze()
    document.layers.add("关").off()
    for layer in ("冻", "关", "甲"):
        document.modelspace().add_circle(CORNER, 10, dxfattribs={"layer": layer})
    assert read(saved(document, tmp_path)).frame["name"].tolist() == ["甲"]


def test_arrays_and_nested_blocks_are_exploded(tmp_path: Path) -> None:
    document = drawing()
    document.blocks.new("内").add_circle((0, 0), 10)
    document.blocks.new("外").add_blockref("内", (5, 0))
    array = {"row_count": 2, "column_count": 3, "row_spacing": 100, "column_spacing": 100, "layer": "甲"}
    document.modelspace().add_blockref("外", CORNER, dxfattribs=array)
    subjects = read(saved(document, tmp_path))
    assert len(subjects.frame) == 6
    assert subjects.frame["name"].tolist()[0] == "甲-1"
    centres = [from_lonlat([shape], 4548)[0].centroid for shape in subjects.frame.geometry]
    offsets = {(round(c.x - CORNER[0]), round(c.y - CORNER[1])) for c in centres}
    assert offsets == {(5 + 100 * i, 100 * j) for i in range(3) for j in range(2)}


def test_blocks_that_explode_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdgis.readers.drawing._MOST_EXPLODED", 100)
    many = drawing()
    many.blocks.new("块").add_circle((0, 0), 1)
    array = {"row_count": 30_000, "column_count": 30_000, "row_spacing": 1, "column_spacing": 1}
    many.modelspace().add_blockref("块", CORNER, dxfattribs=array)
    assert "超过 100 个对象" in only_reason(read(saved(many, tmp_path)))
    itself = drawing()
    itself.blocks.new("块").add_blockref("块", (0, 0))
    itself.modelspace().add_blockref("块", CORNER)
    assert "嵌套超过" in only_reason(read(saved(itself, tmp_path)))


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "空的"), (b"AC1032\x00\x00", "DWG"), (b"hello\nworld\n", "不是 DXF"), (b"\x00" * 99, "DXF")],
)
def test_what_is_no_drawing_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.dxf").write_bytes(content)
    assert said in only_reason(read(tmp_path / "a.dxf"))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
def test_cut_off_drawing_gives_no_traceback(tmp_path: Path, share: float) -> None:
    whole = write_dxf(tmp_path / "全.dxf", {"甲": [PARCEL]}).read_bytes()
    (tmp_path / "a.dxf").write_bytes(whole[: int(len(whole) * share)])
    assert all(note.status.value != "accepted" or share > 0.9 for note in read(tmp_path / "a.dxf").intake)


def test_damaged_number_is_reported_and_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_dxf(tmp_path / "a.dxf", {"甲": [square(117.9, 40.95, 0.002)]})
    whole = path.read_text(encoding="utf-8")
    number = repr(float(in_crs(square(117.9, 40.95, 0.002), 4548).exterior.coords[1][0]))
    assert whole.count(number) >= 1
    path.write_text(whole.replace(number, number + "A", 1), encoding="utf-8")
    subjects = read(path)
    assert only_reason(subjects).startswith("repaired") and "不合规" in only_reason(subjects)
    assert capfd.readouterr() == ("", "")


def test_empty_drawing_says_what_to_draw(tmp_path: Path) -> None:
    assert "没有闭合线" in only_reason(read(saved(drawing(), tmp_path)))


def test_layer_names_in_gbk_without_code_page_are_read() -> None:
    stray = "用地红线".encode("gbk").decode("utf-8", errors="surrogateescape")
    assert readable(stray) == "用地红线"
    assert readable("用地红线".encode("gbk").decode("cp1252", errors="surrogateescape")) == "用地红线"
    assert readable("JMD é 01") == "JMD é 01"


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    document = drawing()
    arc_shapes(document.modelspace())
    path = saved(document, tmp_path)
    first, second = read(path), read(path)
    assert first.frame.equals(second.frame) and first.intake == second.intake
    assert to_lonlat([shapely.Point(CORNER)], 4548)[0].x == pytest.approx(117.0)


@pytest.mark.parametrize("old_style", [False, True])
def test_of_an_arc_the_drawn_ends_are_the_boundary_points(tmp_path: Path, old_style: bool) -> None:
    """A parcel with one bulged side, in two kinds of polyline, and a square hole: eight drawn points, one arc, no chord points."""
    document = drawing()
    corners = [(0, 0, 0.0), (400, 0, 0.3), (400, 300, 0.0), (0, 300, 0.0)]
    vertices = [(CORNER[0] + x, CORNER[1] + y, bulge) for x, y, bulge in corners]
    space = document.modelspace()
    if old_style:
        space.add_polyline2d(vertices, format="xyb", close=True, dxfattribs={"layer": "红线"})
    else:
        space.add_lwpolyline(vertices, format="xyb", close=True, dxfattribs={"layer": "红线"})
    hole = [(CORNER[0] + x, CORNER[1] + y) for x, y in ((50, 50), (60, 50), (60, 60), (50, 60))]
    space.add_lwpolyline(hole, close=True, dxfattribs={"layer": "红线"})
    subjects = read(saved(document, tmp_path))
    (given,) = subjects.given.values()
    boundary = boundary_of(subjects.frame.geometry.iloc[0], given)
    assert [(point.east_m, point.north_m) for point in boundary.points] == [(round(x, 4), round(y, 4)) for x, y, *_ in (*vertices, *hole)]
    assert [point.ring for point in boundary.points] == [1] * 4 + [2] * 4 and boundary.count == 8
    assert "1 段圆弧" in boundary.note and "不列入" in boundary.note and "照所交文件" not in boundary.note
    assert shapely.get_num_coordinates(subjects.frame.geometry.iloc[0]) > 30  # what is measured follows the arc


def test_degrees_the_wrong_way_round_are_called_so_in_a_drawing_too(tmp_path: Path) -> None:
    document = drawing()
    document.modelspace().add_lwpolyline([(40.95, 117.90), (40.95, 117.91), (40.96, 117.91)], close=True)
    subjects = read(saved(document, tmp_path), crs="CGCS2000")
    assert subjects.frame.geometry.iloc[0].bounds == pytest.approx((117.90, 40.95, 117.91, 40.96))
    assert "经纬度颠倒，已对调" in only_reason(subjects)
