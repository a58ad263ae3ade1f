"""Measured points, coordinate columns by any name, and closed lines called roads: read for what they say, or asked about."""

import json
from pathlib import Path

import pytest
import shapely
from case_inputs import BESIDE, SHELL, drawing, outline
from hypothesis import given
from hypothesis import strategies as st
from ring_files import kml, kml_line, kml_polygon, labels, ring_of, table
from shapes import in_crs, workspace, write_layer

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import TypedSites, read_sites
from cdgis.readers.headers import subject_column
from cdgis.readers.shape_kind import may_be_a_route
from cdgis.workspace.layers import Subjects

SAID, HA = {"crs": "CGCS2000"}, float(survey_area_m2([SHELL])[0]) / 1e4
RING_DEG, PLANE, BARE = ring_of(SHELL)[:-1], ring_of(in_crs(SHELL, 4527))[:-1], ring_of(in_crs(SHELL, 4548))[:-1]


def read(path: Path, **given: str) -> Subjects:
    return read_sites(workspace(path.parent), [path], declared=given)


def hectares(subjects: Subjects) -> list[float]:
    return [float(area) / 1e4 for area in survey_area_m2(subjects.frame.geometry.to_numpy())]


def dat(folder: Path, form: str, points: list[tuple[float, float]] = PLANE, above: str = "", encoding: str = "gbk") -> Path:
    path = folder / "测点.dat"
    lines = [form.format(n=n, x=f"{x:.3f}", y=f"{y:.3f}") for n, (x, y) in enumerate(points, 1)]
    path.write_bytes("\r\n".join([*([above] if above else []), *lines]).encode(encoding))
    return path


FORMS = ("{n},,{x},{y},500.1", "K{n},房角,{x},{y},500.1", "{n},,{y},{x},500.1", "{n},,{x},{y}", "{n},{x},{y},500.1", "房角{n},4,{x},{y},")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("above", ["", "4"])
def test_measured_points_are_asked_about_and_answered(tmp_path: Path, form: str, above: str) -> None:
    path = dat(tmp_path, form, above=above)
    (note,) = read(path).intake
    assert note.status == "quarantined" and "4 行只有编号和坐标" in note.reason and "--as points" in note.remedy
    assert hectares(read(path, geometry_kind="polygon")) == pytest.approx([HA], abs=2e-3)
    assert read(path, geometry_kind="points").frame.geometry.geom_type.tolist() == ["Point"] * 4
    assert ("颠倒" in read(path, geometry_kind="面").intake[0].reason) == (form.index("{y}") < form.index("{x}"))


def test_boundary_points_in_a_dat_are_a_parcel_and_said(tmp_path: Path) -> None:
    subjects = read(dat(tmp_path, "J{n},,{x},{y},500"))
    assert hectares(subjects) == pytest.approx([HA], abs=2e-3) and "依次连成一个面" in subjects.intake[0].reason


def test_points_without_zone_number_need_a_code(tmp_path: Path) -> None:
    path = dat(tmp_path, "J{n},,{x},{y},500", BARE)
    assert {note.status.value for note in read(path).intake} == {"quarantined"}
    assert hectares(read(path, crs="EPSG:4548")) == pytest.approx([HA], abs=2e-3)


@pytest.mark.parametrize("content", [b"\x03\x7e\x01\x01\x04\x00\x00\x00" * 9, b"1,2\n3,4\n", b"abc\n", b"1,,a,b,c\n", "点号,X,Y\n1,2,3\n".encode()])
def test_another_dat_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.dat").write_bytes(content)
    (note,) = read(tmp_path / "x.dat").intake
    assert note.status == "quarantined" and note.remedy


NORTHS = (
    "纵坐标", "北坐标", "N", "X(m)", "X坐标（米）", "纵坐标(X)", "坐标X",
    "X/m", "北向坐标", "北", "2000国家大地坐标系X坐标", "纵坐标X(m)", "Northing",
)  # fmt: skip
EASTS = (
    "横坐标", "东坐标", "E", "Y(m)", "Y坐标（米）", "横坐标(Y)", "坐标Y",
    "Y/m", "东向坐标", "东", "2000国家大地坐标系Y坐标", "横坐标Y(m)", "Easting",
)  # fmt: skip


@pytest.mark.parametrize(("north", "east"), zip(NORTHS, EASTS, strict=True))
@pytest.mark.parametrize("turned", [False, True])
def test_plane_columns_by_any_name_make_the_parcel_and_say_their_order(tmp_path: Path, north: str, east: str, turned: bool) -> None:
    rows = [[label, *((x, y) if turned else (y, x))] for label, (x, y) in zip(labels(PLANE), PLANE, strict=True)]
    subjects = read(table(tmp_path / "a.csv", ("界址点号", north, east), rows))
    assert hectares(subjects) == pytest.approx([HA], abs=2e-3), subjects.intake
    neutral = set(north) & set("Xx") and not set(north) & set("纵北")
    assert neutral or ("颠倒" in subjects.intake[0].reason) == turned
    assert not neutral or "列按数值是" in subjects.intake[0].reason


@pytest.mark.parametrize("header", ["XM", "YM", "坐标系", "NAME", "东侧", "企业名称/m", "X光机"])
def test_other_headers_are_no_coordinates(header: str) -> None:
    assert subject_column(header) not in ("east", "north")


ROADS = ("环城道路", "G101国道", "输水管线", "110千伏线路", "武烈河", "灌渠", "开发区环路", "S254", "天然气管道")
LANDS = ("环线用地", "道路红线", "公路服务区", "河道管理范围", "输电线路塔基", "示例地块", "水库", "加油站", "", "路径", "轨迹")


@pytest.mark.parametrize("name", [*ROADS, *LANDS])
def test_a_closed_line_called_a_route_is_asked_about(tmp_path: Path, name: str) -> None:
    path = kml(tmp_path / "a.kml", f"<name>{name}</name>{kml_line(ring_of(SHELL))}")
    (note,) = read(path, **SAID).intake
    assert (note.status == "quarantined") == (name in ROADS)
    if name in ROADS:
        assert f"“{name}”却像线状工程的名称" in note.reason and "--as line" in note.remedy and "--as polygon" in note.remedy
        assert read(path, **SAID, geometry_kind="line").frame.geometry.geom_type.tolist() == ["LineString"]
    assert hectares(read(path, **SAID, geometry_kind="polygon")) == pytest.approx([HA], abs=2e-3)


def test_the_layer_the_folder_and_the_file_may_say_so(tmp_path: Path) -> None:
    ring = shapely.LineString(ring_of(SHELL))
    files = [
        write_layer(tmp_path / "道路中线.gpkg", [ring], {"id": [1]}),
        kml(tmp_path / "b.kml", head=f"<Folder><name>管线</name><Placemark>{kml_line(ring_of(SHELL))}</Placemark></Folder>"),
    ]
    for path in files:
        assert "却像线状工程" in read(path, **SAID).intake[0].reason
    assert "却像" not in read(write_layer(tmp_path / "用地红线.gpkg", [ring], {"id": [1]})).intake[0].reason


def test_closed_lines_on_a_layer_of_roads_are_asked_about_and_fills_are_land(tmp_path: Path) -> None:
    path = drawing(lambda document: [outline(document, "红线"), outline(document, "道路", ring_of(in_crs(BESIDE, 4548))[:-1])])(tmp_path)  # type: ignore[func-returns-value]
    subjects = read(path, crs="EPSG:4548")
    assert subjects.frame["name"].tolist() == ["红线"]
    assert [note.row for note in subjects.intake if "却像线状工程" in note.reason] == ["道路#1"]
    assert read(path, crs="EPSG:4548", geometry_kind="line").frame.geometry.geom_type.tolist() == ["LineString"] * 2
    assert hectares(read(path, crs="EPSG:4548", geometry_kind="polygon")) == pytest.approx([HA, HA], abs=2e-3)


@given(st.sampled_from(ROADS), st.sampled_from(["用地", "地块", "占地范围", "红线"]))
def test_whoever_says_land_means_land(road: str, land: str) -> None:
    assert may_be_a_route([road]) == road and may_be_a_route([f"{road}{land}"]) == "" and may_be_a_route([land, road]) == ""
    assert may_be_a_route([road, land]) == road


def test_lines_typed_by_hand_have_no_name_and_are_land(tmp_path: Path) -> None:
    subjects = read_sites(workspace(tmp_path), [], declared=SAID, typed=TypedSites(wkt=(shapely.LineString(ring_of(SHELL)).wkt,)))
    assert subjects.frame.geometry.geom_type.tolist() == ["Polygon"]


def open_ring(folder: Path, suffix: str, ring: list[tuple[float, float]]) -> Path:
    """Write a polygon whose ring is exactly these points."""
    path = folder / f"a.{suffix}"
    if suffix == "kml":
        return kml(path, kml_polygon(ring))
    rings = [[list(xy) for xy in ring]]
    document = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": rings}}
    if suffix == "json":
        document = {"spatialReference": {"wkid": 4490}, "features": [{"attributes": {}, "geometry": {"rings": rings}}]}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", ["geojson", "json", "kml"])
@pytest.mark.parametrize("gap_deg", [0.0, 1e-7, 2e-6, 1e-3])
def test_a_ring_that_is_left_open_is_closed_and_said(tmp_path: Path, suffix: str, gap_deg: float) -> None:
    ring = [*RING_DEG, (RING_DEG[0][0] + gap_deg, RING_DEG[0][1])]
    (note,) = read(open_ring(tmp_path, suffix, ring), **SAID).intake
    assert ("首尾坐标不同" in note.reason) == (gap_deg > 0), note


@pytest.mark.parametrize("gap", [0.0, 0.02, 0.5])
def test_a_ring_that_gdal_closed_is_said(tmp_path: Path, gap: float) -> None:
    write_layer(tmp_path / "a.mif", [SHELL], {"name": ["甲"]}, epsg=4548)
    lines = (tmp_path / "a.mif").read_text("utf-8").split("\n")
    last = max(at for at, line in enumerate(lines) if line.startswith("57"))
    x, y = map(float, lines[last].split())
    lines[last] = f"{x + gap} {y}"
    (tmp_path / "a.mif").write_text("\n".join(lines), encoding="utf-8")
    (note,) = read(tmp_path / "a.mif", crs="EPSG:4548").intake
    assert ("像是首尾没有接上" in note.reason) == (gap > 0), note


def test_several_shapes_of_one_placemark_are_all_read(tmp_path: Path) -> None:
    path = kml(tmp_path / "a.kml", f"<name>甲</name>{kml_polygon(ring_of(SHELL))}{kml_polygon(ring_of(BESIDE))}")
    subjects = read(path, **SAID)
    assert hectares(subjects) == pytest.approx([2 * HA], abs=4e-3) and "并列 2 个图形" in subjects.intake[0].reason


@pytest.mark.parametrize(("old", "new"), [(".", ","), (".", "x"), (" ", ";"), ("4", "4o")])
def test_a_number_gdal_would_read_half_is_refused(tmp_path: Path, old: str, new: str) -> None:
    write_layer(tmp_path / "a.mif", [SHELL], {"name": ["甲"]}, epsg=4548)
    lines = (tmp_path / "a.mif").read_text("utf-8").split("\n")
    at = max(at for at, line in enumerate(lines) if line.startswith("57"))
    lines[at] = lines[at].replace(old, new, 1)
    (tmp_path / "a.mif").write_text("\n".join(lines), encoding="utf-8")
    (note,) = read(tmp_path / "a.mif", crs="EPSG:4548").intake
    assert note.status == "quarantined" and f"第 {at + 1} 行" in note.reason
