"""Coordinates against the place a row states, and degrees, minutes and seconds packed into one number."""

import shutil
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from ring_files import geojson, table
from shapes import from_metres, workspace, write_layer
from small_workspace import small_workspace

from cdgis.core.progress import Silent
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers import read_sites, read_subjects
from cdgis.readers.loading import load_workspace
from cdgis.readers.packed_angles import could_be_packed, header_form, unpacked
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Workspace, open_workspace

LON, LAT = 117.9026, 40.952
ENTRY = 'theme = "基础"\ngeometry = "{}"\nofficial = false\nversion = "2026"\nsource = "测试"\nlicence = "CC0"\n'


def written(value: float, form: str) -> str:
    """Return an angle packed as a form says, to a thousandth of a second."""
    total = round(value * 3_600_000)
    degrees, rest = divmod(total, 3_600_000)
    minutes, milli = divmod(rest, 60_000)
    seconds = f"{milli // 1000:02d}"
    return {
        "d_ms": f"{degrees}.{minutes:02d}{seconds}{milli % 1000:03d}",
        "dms": f"{degrees}{minutes:02d}{seconds}.{milli % 1000:03d}",
        "dm": f"{degrees}{minutes:02d}.{milli * 1_000_000 // 60_000:06d}",
        "d_m": f"{degrees}.{minutes:02d}{milli * 1_000_000 // 60_000:06d}",
    }[form]


def place(folder: Path, header: tuple[str, str], pair: tuple[object, object], rows: int = 1) -> Subjects:
    path = table(folder / "企业.xlsx", ("企业名称", *header, "坐标系"), [[f"示例{at}厂", *pair, "CGCS2000"] for at in range(rows)])
    return read_sites(workspace(folder), [path])


@pytest.mark.parametrize(("header", "form"), [
    ("{}(度.分秒)", "d_ms"), ("{}（DD.MMSS）", "d_ms"), ("{}(ddd.mmssss)", "d_ms"), ("{}(DDDMMSS)", "dms"),
    ("{}（度分秒连写）", "dms"), ("{}(ddmmss.ss)", "dms"), ("{}(ddmm.mmmm)", "dm"), ("{}[DDDMM.MMM]", "dm"), ("{}(度.分)", "d_m"),
])  # fmt: skip
def test_packed_degrees_are_converted_when_the_header_says_so(tmp_path: Path, header: str, form: str) -> None:
    titles = (header.format("经度"), header.format("纬度"))
    subjects = place(tmp_path, titles, (written(LON, form), written(LAT, form)))
    assert subjects.frame.geometry.iloc[0].distance(shapely.Point(LON, LAT)) < 1e-6, subjects.intake
    assert "表头写明度分秒连写" in subjects.intake[0].reason


@pytest.mark.parametrize("header", ["{}", "{}(°)", "{}（度）", "{}(十进制度)", "中心{}", "{}(WGS84)"])
def test_decimal_degrees_stay_decimal(tmp_path: Path, header: str) -> None:
    subjects = place(tmp_path, (header.format("经度"), header.format("纬度")), (117.940931, 40.970713))
    assert subjects.frame.geometry.iloc[0].distance(shapely.Point(117.940931, 40.970713)) < 1e-9


@pytest.mark.parametrize("form", ["dms", "dm"])
@pytest.mark.parametrize("header", [("经度", "纬度"), ("东经", "北纬"), ("横坐标", "纵坐标")])
def test_numbers_too_large_for_degrees_are_asked_about(tmp_path: Path, form: str, header: tuple[str, str]) -> None:
    (note,) = place(tmp_path, header, (written(LON, form), written(LAT, form))).intake
    assert note.status == "quarantined" and "度分秒连写" in note.reason and "117°54′09" in note.reason


@pytest.mark.parametrize("rows", [3, 12])
def test_digits_that_all_could_be_minutes_are_asked_about(tmp_path: Path, rows: int) -> None:
    subjects = place(tmp_path, ("经度", "纬度"), (117.540931, 40.570713), rows)
    assert {note.status.value for note in subjects.intake} == {"quarantined"}
    assert "度.分秒" in subjects.intake[0].reason
    said = place(tmp_path, ("经度(十进制度)", "纬度(十进制度)"), (117.540931, 40.570713), rows)
    assert {note.status.value for note in said.intake} == {"accepted"}


def test_two_rows_of_such_digits_are_read_and_said(tmp_path: Path) -> None:
    subjects = place(tmp_path, ("经度", "纬度"), (117.540931, 40.570713), 2)
    assert len(subjects.frame) == 2 and "也合度.分秒" in subjects.intake[0].reason


@given(st.floats(73, 135), st.sampled_from(["d_ms", "dms", "dm", "d_m"]))
def test_packing_and_unpacking_agree(value: float, form: str) -> None:
    angle = unpacked(written(value, form), form)
    assert angle is not None and angle.degrees == pytest.approx(value, abs=5e-7)


@given(st.integers(0, 59), st.integers(0, 39), st.integers(0, 999))
def test_what_is_packed_is_suspected(minutes: int, seconds: int, part: int) -> None:
    assert could_be_packed([f"117.{minutes:02d}{seconds:02d}{part:03d}"])
    assert not could_be_packed([f"117.{minutes:02d}{seconds + 60:02d}{part:03d}", "40.5700"])


@pytest.mark.parametrize("header", ["经度", "企业名称", "纬度(度)", "坐标", "lon", "POINT_X"])
def test_a_plain_header_names_no_form(header: str) -> None:
    assert header_form(header) == ""


@pytest.fixture(scope="module")
def counties(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return the small workspace with two counties, a township table and a park."""
    root = small_workspace(tmp_path_factory.mktemp("w"))
    halves = [from_metres(shapely.box(-9000, -9000, 0, 9000)), from_metres(shapely.box(0, -9000, 9000, 9000))]
    write_layer(root / "layers" / "counties.gpkg", halves, {"id": ["1", "2"], "name": ["西山区", "东河满族自治县"]})
    write_layer(root / "layers" / "parks.gpkg", [from_metres(shapely.box(5000, 0, 6000, 1000))], {"id": ["P"], "name": ["示例园区A"]})
    (root / "layers" / "townships.csv").write_text("name,county_name\n柳林镇,西山区\n王营乡,东河满族自治县\n", "utf-8")
    with (root / "layers" / "catalog.toml").open("a", encoding="utf-8") as catalog:
        fields = 'coverage = "city"\nzones = false\nfields = { zone_id = ["id"], zone_name = ["name"] }\n'
        for name in ("counties", "parks"):
            catalog.write(f'[layers.{name}]\ntitle = "{name}"\npath = "{name}.gpkg"\n{fields}{ENTRY.format("polygon")}')
        catalog.write(f'[layers.townships]\ntitle = "乡镇"\npath = "townships.csv"\nzones = false\n{ENTRY.format("table")}')
    return open_workspace(root)


WEST = from_metres(shapely.Point(-2000, 500))
EAST = from_metres(shapely.Point(500, 500))
"""East lies in the red line."""


def stated(workspace: Workspace, folder: Path, point: shapely.Point, **columns: str) -> Subjects:
    rows = [["示例", f"{point.x:.9f}", f"{point.y:.9f}", "CGCS2000", *columns.values()]]
    return read_sites(workspace, [table(folder / "a.csv", ("企业名称", "经度", "纬度", "坐标系", *columns), rows)])


@pytest.mark.parametrize(("column", "text", "point", "agrees"), [
    ("县区", "西山区", WEST, True), ("县区", "西山", WEST, True), ("县区", "1", WEST, True), ("县区", "2", WEST, False),
    ("县区", "承德市西山区", WEST, True), ("县区", "东河县", EAST, True),
    ("县区", "东河", EAST, True), ("县区", "承德市", WEST, True), ("县区", "东河满族自治县", WEST, False), ("县区", "西山区", EAST, False),
    ("县区", "河北省承德市西山区柳林镇", EAST, False), ("乡镇", "柳林镇", WEST, True), ("乡镇", "柳林", EAST, False),
    ("乡镇", "王营乡", WEST, False), ("所在园区", "示例园区A", WEST, False),
    ("所在园区", "示例园区A", from_metres(shapely.Point(5500, 500)), True),
])  # fmt: skip
def test_a_stated_place_is_compared(
    counties: Workspace, tmp_path: Path, column: str, text: str, point: shapely.Point, agrees: bool
) -> None:
    subjects = stated(counties, tmp_path, point, **{column: text})
    (note,) = subjects.intake
    assert ("相距" in note.reason) == (not agrees), note
    assert subjects.attributes["attribute"].tolist().count("place_conflict") == int(not agrees)


def test_the_edge_of_a_county_is_no_contradiction(counties: Workspace, tmp_path: Path) -> None:
    point = from_metres(shapely.Point(-10, 500))
    rows = [["示例", f"{point.x:.9f}", f"{point.y:.9f}", "", "东河满族自治县"]]
    subjects = read_sites(counties, [table(tmp_path / "a.csv", ("企业名称", "经度", "纬度", "坐标系", "县区"), rows)])
    assert "相距" not in subjects.intake[0].reason


def test_a_place_nobody_knows_is_said(counties: Workspace, tmp_path: Path) -> None:
    subjects = stated(counties, tmp_path, WEST, 县区="高新区")
    assert "没有与坐标核对" in subjects.intake[0].reason
    assert subjects.attributes.empty


def test_a_site_outside_the_city_is_said(counties: Workspace, tmp_path: Path) -> None:
    assert "范围以外" in stated(counties, tmp_path, shapely.Point(116.4, 39.9)).intake[0].reason
    assert "范围以外" not in stated(counties, tmp_path, WEST).intake[0].reason


def test_every_format_compares(counties: Workspace, tmp_path: Path) -> None:
    words = [{"名称": "甲", "县区": "西山区"}]
    far = geojson(tmp_path / "far.geojson", [EAST.buffer(0.001)], "EPSG:4490", words)
    assert "相距 0.4 公里" in read_sites(counties, [far]).intake[0].reason
    reaching = geojson(tmp_path / "near.geojson", [EAST.buffer(0.01)], "EPSG:4490", words)
    assert "相距" not in read_sites(counties, [reaching]).intake[0].reason
    undeclared = geojson(tmp_path / "open.geojson", [EAST.buffer(0.001)], None, words)
    assert "相距" not in read_sites(counties, [undeclared]).intake[0].reason, "within the 700 m nobody vouches for"


def test_a_contradiction_makes_the_verdict_open_and_is_a_finding(counties: Workspace, tmp_path: Path) -> None:
    with load_workspace(counties, as_of=None, tolerance_m=None, progress=Silent()) as loaded:
        sure = judge_subjects(loaded, stated(counties, tmp_path, EAST, 县区="东河满族自治县", 建设性质="新建")).tables
        open_ = judge_subjects(loaded, stated(counties, tmp_path, EAST, 县区="西山区", 建设性质="新建")).tables
    assert sure["verdicts"]["verdict"].tolist() == ["不符合"]
    assert open_["verdicts"][["verdict", "at_least", "decisive_rule_ids"]].to_numpy().tolist() == [["资料不足", "未发现冲突", ""]]
    found = open_["findings"].set_index("rule_id").loc["LOC-01"]
    assert (found["state"], found["missing_attribute"]) == ("unknown", "place_conflict")
    assert "LOC-01" not in set(sure["findings"]["rule_id"])


@pytest.mark.parametrize(("county", "column", "fate"), [
    ("西山区", "县区", "accepted"), ("东河满族自治县", "县区", "quarantined"), ("", "县区", "quarantined"), ("无此县", "县区", "quarantined"),
])  # fmt: skip
def test_a_stated_county_settles_whether_close_places_are_decimal(
    counties: Workspace, tmp_path: Path, county: str, column: str, fate: str
) -> None:
    """Close together all decimals look like minutes: 117.4xxx, 41.4xxx; the county, where it is stated, tells."""
    rows = [[f"厂{at}", f"117.4{at}1000", "41.400100", "CGCS2000", county] for at in (0, 2, 4)]
    path = table(tmp_path / "名录.xlsx", ("企业名称", "经度", "纬度", "坐标系", column), rows)
    sources = counties.settings.sources.model_copy(update={"projects": (), "enterprises": ("名录.xlsx",)})
    shutil.copy(path, counties.root / "名录.xlsx")
    here = Workspace(root=counties.root, settings=counties.settings.model_copy(update={"sources": sources}), catalog=counties.catalog)
    notes = read_subjects(here).intake
    assert {note.status.value for note in notes} == {fate}, notes
    assert all("度.分秒" in note.reason for note in notes)
