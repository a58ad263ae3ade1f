"""Coordinates and WKT typed on the command line, industries by name, and sidecars in TOML."""

from pathlib import Path

import pytest
import shapely
from shapes import PARCEL, boundary_lines, boundary_text, in_crs, square, workspace, write_geojson

from cdgis.core.errors import ReaderError, UsageError
from cdgis.geometry.geodesy import gcj02_to_cgcs2000
from cdgis.readers import TypedSites, read_sites
from cdgis.readers.subjects import describe_site
from cdgis.workspace.layers import Subjects

HERE = Path("/nowhere")
LON, LAT = 117.943, 40.975
PLANE = in_crs(shapely.Point(LON, LAT), 4548)
PREFIXED = in_crs(shapely.Point(LON, LAT), 4527)


def point(text: str, **declared: str) -> Subjects:
    return read_sites(workspace(HERE), (), typed=TypedSites(lonlat=(text,)), declared=declared)


def only_reason(subjects: Subjects) -> str:
    (note,) = subjects.intake
    return f"{note.status.value}：{note.reason}｜{note.remedy}"


@pytest.mark.parametrize(
    ("text", "status"),
    [("117.943,40.975", "accepted"), ("117.943 40.975", "accepted"), ("117.943，40.975", "accepted"),
     ("117°56′34.8″,40°58′30″", "accepted"), ("E117°56'34.8\",N40°58'30\"", "accepted"),
     ("东经117度56分34.8秒，北纬40度58分30秒", "accepted"), ("117-56-34.8,40-58-30", "accepted"),
     ("117:56:34.8, 40:58:30", "accepted"), ("40.975,117.943", "repaired"), ("N40°58′30″,E117°56′34.8″", "repaired")],
)  # fmt: skip
def test_typed_point_is_placed_in_every_spelling(text: str, status: str) -> None:
    subjects = point(text, crs="CGCS2000")
    place = subjects.frame.geometry.iloc[0]
    assert (place.x, place.y) == (pytest.approx(LON, abs=1e-9), pytest.approx(LAT, abs=1e-9))
    assert subjects.intake[0].status.value == status
    assert subjects.frame["accuracy_m"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("text", "crs"),
    [(f"{PLANE.x:.4f},{PLANE.y:.4f}", "EPSG:4548"), (f"{PLANE.y:.4f},{PLANE.x:.4f}", "EPSG:4548"),
     (f"{PREFIXED.x:.4f},{PREFIXED.y:.4f}", "CGCS2000"), (f"{PREFIXED.y:.4f} {PREFIXED.x:.4f}", "EPSG:4527")],
)  # fmt: skip
def test_typed_plane_coordinates_are_placed_by_zone(text: str, crs: str) -> None:
    place = point(text, crs=crs).frame.geometry.iloc[0]
    assert place.distance(shapely.Point(LON, LAT)) <= 1e-8


def test_degrees_under_a_declared_plane_code_are_on_its_datum() -> None:
    subjects = point("117.943,40.975", crs="EPSG:4548")
    assert subjects.frame["accuracy_m"].tolist() == [0.0]
    assert "西安80（EPSG:2363）" in only_reason(point("117.943,40.975", crs="EPSG:2363"))


def test_undeclared_datum_costs_accuracy_and_names_the_option() -> None:
    subjects = point("117.943,40.975")
    assert subjects.frame["accuracy_m"].tolist() == [700.0]
    assert "--crs CGCS2000" in only_reason(subjects)


def test_declared_gcj02_is_shifted_back() -> None:
    subjects = point("117.943,40.975", crs="GCJ-02")
    place = subjects.frame.geometry.iloc[0]
    lon, lat = gcj02_to_cgcs2000(LON, LAT)
    assert (place.x, place.y) == (pytest.approx(float(lon), abs=1e-9), pytest.approx(float(lat), abs=1e-9))


@pytest.mark.parametrize(
    ("text", "declared", "said"),
    [("117.943", {}, "不是一对坐标"), ("东边,北边", {}, "无法识别坐标"), ("17.9,40.9", {}, "不在中国范围内"), ("", {}, "不是一对坐标"),
     ("117°66′,40°58′", {}, "度分秒越界"), ("575779.3,4535410.7", {}, "没有可识别的带号"),
     ("117.943,40.975", {"crs": "西安80"}, "转换参数"), (f"{PLANE.x},{PLANE.y}", {"crs": "EPSG:2363"}, "西安80"),
     (f"{PLANE.x},{PLANE.y}", {"crs": "EPSG:4549"}, "EPSG:4548"), ("nan,nan", {}, "无法识别坐标")],
)  # fmt: skip
def test_bad_typed_point_gives_one_message(text: str, declared: dict[str, str], said: str) -> None:
    subjects = point(text, **declared)
    assert len(subjects.frame) == 0
    assert only_reason(subjects).startswith("quarantined") and said in only_reason(subjects)


@pytest.mark.parametrize(
    ("text", "said"),
    [("POLYGON((117.9 40.9", "不是合法的 WKT"), ("地块", "不是合法的 WKT"), ("", "不是合法的 WKT"), ("POLYGON EMPTY", "没有几何"),
     ("POLYGON((117.9 40.9, 117.91 40.9, 117.9 40.9, 117.9 40.9))", "退化"), ("POINT(1 2)", "中国范围"),
     ("GEOMETRYCOLLECTION(" * 99 + "POINT(1 1)" + ")" * 99, "嵌套过深"), (in_crs(PARCEL, 4548).wkt, "--crs")],
)  # fmt: skip
def test_bad_wkt_gives_one_message(text: str, said: str) -> None:
    subjects = read_sites(workspace(HERE), (), typed=TypedSites(wkt=(text,)))
    assert len(subjects.frame) == 0
    assert only_reason(subjects).startswith("quarantined") and said in only_reason(subjects)


def test_wkt_with_swapped_axes_is_mended_in_chengde() -> None:
    turned = shapely.transform(PARCEL, lambda xy: xy[:, ::-1])
    subjects = read_sites(workspace(HERE), (), typed=TypedSites(wkt=(turned.wkt,)), declared={"crs": "EPSG:4490"})
    assert only_reason(subjects).startswith("repaired")
    assert subjects.frame.geometry.iloc[0].equals(PARCEL)


def test_typed_sites_join_files_under_their_own_ids(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "a.geojson", [(PARCEL, {"name": "文件"})])
    typed = TypedSites(lonlat=("117.9,40.9", "117.91,40.9"), wkt=(PARCEL.wkt,))
    declared = {"industry": "3110", "crs": "CGCS2000"}
    subjects = read_sites(workspace(tmp_path), [path], typed=typed, declared=declared)
    assert subjects.frame["subject_id"].tolist() == ["a-1", "lonlat-1", "lonlat-2", "wkt-1"]
    assert set(subjects.frame["industry"]) == {"3110"}
    assert [note.row for note in subjects.intake[1:]] == ["--lonlat 1", "--lonlat 2", "--wkt 1"]
    assert [record.path for record in subjects.records] == ["a.geojson", "命令行输入"]


def test_fingerprint_of_typed_sites_follows_their_text() -> None:
    first, same, other = (point(text).records for text in ("117.9,40.9", "117.9,40.9", "117.9,40.91"))
    assert first == same != other


def test_unknown_attribute_is_a_usage_error_without_files() -> None:
    with pytest.raises(UsageError, match="colour"):
        point("117.9,40.9", colour="red")


@pytest.mark.parametrize(
    ("texts", "code", "said"),
    [({"行业": "风力发电"}, "4415", "按名称取 4415 风力发电"), ({"行业": "风电项目"}, "4415", "按名称取"),
     ({"行业": "水泥制造业"}, "3011", "按名称取"), ({"行业": "黑色金属冶炼和压延加工业"}, "31", "按名称取 31"),
     ({"行业": "水泥"}, "", "3011 水泥制造、3021 水泥制品制造"), ({"行业": "光伏"}, "", "3825"), ({"行业": "xyz"}, "", "不是 GB/T"),
     ({"行业": "4414", "名称": "示例风电场"}, "", "请填 4415"), ({"行业": "4414 风力发电"}, "", "请填 4415"),
     ({"行业": "4414"}, "", "看不出是哪一个"), ({"行业": "4414 核力发电"}, "4414", ""), ({"行业": "4414", "名称": "甲核电厂"}, "4414", ""),
     ({"行业": "3150"}, "", "请填 3140 铁合金冶炼"), ({"行业": "3140"}, "3140", "在 GB/T 4754-2011 是钢压延加工，请核对"),
     ({"行业": "3140", "名称": "甲铁合金厂"}, "3140", ""), ({"行业": "3140 钢压延加工"}, "", "请填 3130 钢压延加工"),
     ({"行业": "4415 风力发电"}, "4415", ""), ({"行业": "4415", "名称": "甲风电场"}, "4415", ""),
     ({"行业": "3110 水泥制造"}, "", "名称却是水泥制造"), ({"行业": "3110炼铁"}, "3110", ""), ({"行业": "C3011（水泥制造）"}, "3011", "")],
)  # fmt: skip
def test_industry_is_taken_by_name_or_asked_back(texts: dict[str, str], code: str, said: str) -> None:
    found = describe_site(texts)
    words = "".join(remark.reason + remark.remedy for remark in found.remarks)
    assert found.columns["industry"] == code
    assert said in words if said else words == ""


def test_at_most_eight_industries_are_listed() -> None:
    (remark,) = describe_site({"行业": "设备"}).remarks
    assert remark.remedy.count("、") == 7 and "等 " in remark.remedy


def sidecar(folder: Path, text: str) -> Subjects:
    first, second = (boundary_lines(in_crs(shape, 4548)) for shape in (PARCEL, square(117.95, 40.95, 0.002)))
    body = boundary_text(first, 带号="") + "\r\n".join(["5,,DK002,第二块,面,,,,@", *second])
    (folder / "甲.txt").write_bytes(body.encode("gbk"))
    (folder / "附表.toml").write_text(text, encoding="utf-8")
    return read_sites(workspace(folder), [folder / "甲.txt"], sidecar=folder / "附表.toml")


def test_single_toml_table_speaks_for_every_file(tmp_path: Path) -> None:
    text = (
        'industry = 3110\nproject_type = "新建"\ncrs = "EPSG:4548"\n"是否排污" = true\n"主要装备" = ["高炉", "转炉"]\n'
    )
    subjects = sidecar(tmp_path, text)
    assert subjects.frame[["industry", "project_type"]].to_numpy().tolist() == [["3110", "新建"]] * 2
    first = subjects.attribute_map()[subjects.frame["subject_id"].iloc[0]]
    assert first == {"discharges_pollutants": "true", "equipment": "高炉;转炉"}


def test_site_tables_speak_for_their_parcels(tmp_path: Path) -> None:
    text = (
        '[[site]]\nfile = "甲.txt"\ncrs = "EPSG:4548"\nproject_type = "新建"\n'
        '[[site]]\nfile = "甲.txt"\nparcel = "DK001"\nindustry = "炼铁"\n'
        '[[site]]\nparcel = "第二块"\nindustry = "3011"\nname = "水泥厂"\n'
    )
    subjects = sidecar(tmp_path, text)
    columns = subjects.frame[["industry", "project_type", "name"]].to_numpy().tolist()
    assert columns == [["3110", "新建", "示例地块"], ["3011", "新建", "水泥厂"]]
    assert {note.status.value for note in subjects.intake if note.file == "附表.toml"} == {"accepted"}


def test_site_table_without_its_parcel_is_reported(tmp_path: Path) -> None:
    subjects = sidecar(tmp_path, '[[site]]\ncrs = "EPSG:4548"\n[[site]]\nfile = "乙.txt"\nname = "x"\n')
    fates = {note.row: note.status.value for note in subjects.intake if note.file == "附表.toml"}
    assert fates == {"1": "accepted", "2": "quarantined"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("industry = ", "不是合法的 TOML"), ('industri = "3110"', "industri"), ('["地块"]\nname = "x"', "地块"), ("", "（空）"),
     ('name = "x"\n[[site]]\nname = "y"', "name"), ('site = "甲"', "site"), ("[[site]]\n", "第 1 项")],
)  # fmt: skip
def test_faulty_toml_is_an_error_that_names_the_fault(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ReaderError, match=r"附表\.toml") as caught:
        sidecar(tmp_path, text)
    assert said in str(caught.value)
