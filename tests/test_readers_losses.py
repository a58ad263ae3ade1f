"""Nothing is lost unseen: every vertex, row, sheet and file that is not used has its line in the intake."""

import os
from pathlib import Path

import openpyxl
import pytest
import shapely
from shapes import (
    PARCEL,
    boundary_lines,
    boundary_text,
    in_crs,
    layer_spec,
    square,
    workspace,
    write_geojson,
    write_layer,
    write_xlsx,
)

from cdgis.core.errors import LayerError, ReaderError
from cdgis.readers import read_layer, read_sites, read_subjects, read_table_layer
from cdgis.readers.repair import has_stray_holes, repaired_geometries
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Sources

HOLE_OUTSIDE = shapely.Polygon(square(117.9, 40.95, 0.004).exterior, [square(117.91, 40.95, 0.002).exterior])
HEAD = ["企业名称", "经度", "纬度", "行业代码"]


def read(path: Path, **options: object) -> Subjects:
    return read_sites(workspace(path.parent), [path], **options)  # type: ignore[arg-type]


def fates(subjects: Subjects) -> list[tuple[str, str]]:
    return [(note.row, note.status.value) for note in subjects.intake]


def test_site_whose_hole_lies_outside_is_quarantined_and_not_turned_into_land(tmp_path: Path) -> None:
    subjects = read(write_geojson(tmp_path / "a.geojson", [(HOLE_OUTSIDE, {"name": "甲"}), (PARCEL, {"name": "乙"})]))
    assert fates(subjects) == [("1", "quarantined"), ("2", "accepted")]
    assert "内环（孔）不在外环之内" in subjects.intake[0].reason
    assert subjects.frame["name"].tolist() == ["乙"]


def test_zone_whose_hole_lies_outside_is_left_out_and_the_layer_says_it_is_incomplete(tmp_path: Path) -> None:
    zones = [(HOLE_OUTSIDE, {"zone_id": "A"}), (PARCEL, {"zone_id": "B"})]
    write_geojson(tmp_path / "a.geojson", zones)
    layer = read_layer(layer_spec("a.geojson"), tmp_path)
    assert layer.zones["zone_id"].tolist() == ["B"]
    assert layer.quarantined == 1


def test_hole_that_overshoots_its_shell_by_a_rounding_is_no_stray() -> None:
    hole = shapely.box(0.5, 0.5, 1 + 1e-9, 0.6)
    shape = shapely.Polygon(shapely.box(0, 0, 1, 1).exterior, [hole.exterior])
    assert not has_stray_holes([shape])[0]
    assert repaired_geometries([shape], 2)[0].area == pytest.approx(0.95)


def test_parts_that_overlap_are_joined_and_lose_no_land() -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)])
    assert repaired_geometries([parts], 2)[0].area == pytest.approx(7)


@pytest.mark.parametrize("slip", ["J2=1,", "J2,1=", "界址点2=1,"])
def test_coordinate_line_with_an_equals_sign_quarantines_its_parcel(tmp_path: Path, slip: str) -> None:
    lines = boundary_lines(in_crs(PARCEL, 4527))
    broken = [lines[0], slip + lines[1].split(",", 2)[2], *lines[2:]]
    path = tmp_path / "a.txt"
    path.write_text(boundary_text(broken), encoding="utf-8")
    subjects = read(path)
    assert fates(subjects) == [("1", "quarantined")]
    assert "不是坐标" in subjects.intake[0].reason


def test_properties_below_the_coordinate_heading_are_still_properties(tmp_path: Path) -> None:
    text = boundary_text(boundary_lines(in_crs(PARCEL, 4527)), 带号="").replace("[地块坐标]", "[地块坐标]\r\n带号=39")
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    assert fates(read(path)) == [("1", "accepted")]


def test_files_of_one_name_in_several_folders_have_labels_of_their_own(tmp_path: Path) -> None:
    paths = [tmp_path / "给" / folder / "地块.geojson" for folder in ("a/x", "b/x", "c")]
    for path in paths:
        path.parent.mkdir(parents=True)
        write_geojson(path, [(PARCEL, {"name": path.parent.name})])
    root = tmp_path / "w"
    root.mkdir()
    subjects = read_sites(workspace(root), paths)
    assert subjects.frame["source_file"].tolist() == ["a/x/地块.geojson", "b/x/地块.geojson", "c/地块.geojson"]
    assert len({note.file for note in subjects.intake}) == 3
    assert read_sites(workspace(root), paths[:1]).frame["source_file"].tolist() == ["地块.geojson"]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "a.geojson", [(PARCEL, {"name": "甲"})])
    assert len(read_sites(workspace(tmp_path), [path, path.parent / "." / path.name]).frame) == 1


def test_hidden_sheets_and_rows_are_told(tmp_path: Path) -> None:
    row = ["甲", 117.9, 40.95, "3110"]
    path = write_xlsx(tmp_path / "a.xlsx", {"表": [HEAD, row, ["乙", 117.91, 40.95, "3110"]], "藏": [HEAD, row]})
    book = openpyxl.load_workbook(path)
    book["藏"].sheet_state = "hidden"
    book["表"].row_dimensions[3].hidden = True
    book.save(path)
    subjects = read(path)
    assert fates(subjects) == [("表!2", "accepted"), ("表!3", "accepted"), ("藏!隐藏", "quarantined")]
    assert "这一行在原表中是隐藏的" in subjects.intake[1].reason
    assert "2 行均未读取" in subjects.intake[2].reason


@pytest.mark.parametrize("suffix", [".dbf", ".shx", ".shp"])
def test_shapefile_with_a_part_cut_short_is_refused(tmp_path: Path, suffix: str) -> None:
    path = write_layer(tmp_path / "a.shp", [PARCEL, square(117.95, 40.95)], {"zone_id": ["A", "B"]})
    part = path.with_suffix(suffix)
    os.truncate(part, part.stat().st_size - 60)
    subjects = read(path)
    assert fates(subjects) == [("整个文件", "quarantined")]
    assert "文件不完整" in subjects.intake[0].remedy + subjects.intake[0].reason
    with pytest.raises(LayerError, match="文件不完整"):
        read_layer(layer_spec("a.shp"), tmp_path)


def test_rows_marked_deleted_in_the_table_are_told(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.shp", [PARCEL, square(117.95, 40.95)])
    dbf = path.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    start, width = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    data[start + width] = ord("*")
    dbf.write_bytes(data)
    assert fates(read(path)) == [("1", "accepted"), ("2（附表已标删除）", "quarantined")]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('企业名称,经度,纬度\n"甲,117.9,40.95\n乙,117.91,40.95\n', "第 2 行"),
        ('企业名称,经度,纬度\n甲,117.9,40.95\n"乙,117.9,40.95\n丙,117.9,40.95\n丁,117.9,"40.95"\n', "第 3 行"),
        ('企业名称,经度,纬度\n甲,117.9,"40.95\n乙,117.9,40.95\n丙,117.9,40.95"\n', "第 2 行"),
    ],
)
def test_quote_that_swallows_rows_is_found_at_its_line(tmp_path: Path, text: str, where: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    subjects = read(path)
    assert fates(subjects) == [("整个文件", "quarantined")]
    assert where in subjects.intake[0].reason


def test_cell_of_several_lines_is_kept_when_its_quotes_match(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('企业名称,经度,纬度\n"甲\n乙",117.9,40.95\n', encoding="utf-8")
    assert read(path).frame["name"].tolist() == ["甲 乙"]


def test_row_wider_than_its_header_is_quarantined_and_a_narrower_one_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("企业名称,经度,纬度,备注\n甲,乙,117.9,40.95,x\n丙,117.9,40.95\n", encoding="utf-8")
    subjects = read(path)
    assert fates(subjects) == [("2", "quarantined"), ("3", "accepted")]
    assert "有 5 列，表头只有 4 列" in subjects.intake[0].reason
    assert "只有 3 列" in subjects.intake[1].reason


def test_sidecar_row_without_a_file_is_told(tmp_path: Path) -> None:
    site = write_geojson(tmp_path / "a.geojson", [(PARCEL, {})])
    side = tmp_path / "s.csv"
    side.write_text("file,parcel,name\na.geojson,1,甲\n,2,乙\n", encoding="utf-8")
    subjects = read(site, sidecar=side)
    assert ("3", "quarantined") in fates(subjects)
    assert "没有写文件名" in subjects.intake[-1].reason


def test_further_sheets_of_a_sidecar_are_read_or_told(tmp_path: Path) -> None:
    site = write_geojson(tmp_path / "a.geojson", [(PARCEL, {})])
    side = write_xlsx(
        tmp_path / "s.xlsx",
        {"说明": [["填表说明"]], "甲": [["file", "name"], ["a.geojson", "名"]], "乙": [["file", "industry"], ["a.geojson", "3110"]]},
    )
    subjects = read(site, sidecar=side)
    assert subjects.frame[["name", "industry"]].to_numpy().tolist() == [["名", "3110"]]
    assert ("说明!表头", "quarantined") in fates(subjects)


def test_table_layer_with_several_sheets_asks_which(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "t.xlsx", {"甲": [["a"], [1]], "乙": [["a"], [2]]})
    with pytest.raises(LayerError, match="甲、乙.*sublayer"):
        read_table_layer(layer_spec("t.xlsx", geometry="table"), tmp_path)
    chosen = read_table_layer(layer_spec("t.xlsx", geometry="table", sublayer="乙"), tmp_path)
    assert chosen["a"].tolist() == ["2"]


def test_glob_without_a_match_is_told(tmp_path: Path) -> None:
    subjects = read_subjects(workspace(tmp_path, sources=Sources(projects=("projekte/*",))))
    assert [(note.file, note.field) for note in subjects.intake] == [("projekte/*", "sources")]


@pytest.mark.parametrize("pattern", ["", "/etc/*", "**x"])
def test_malformed_glob_is_refused(tmp_path: Path, pattern: str) -> None:
    try:
        next(tmp_path.glob(pattern), None)
    except (ValueError, NotImplementedError):
        with pytest.raises(ReaderError, match="写法不对"):
            read_subjects(workspace(tmp_path, sources=Sources(projects=(pattern,))))
    else:
        read_subjects(workspace(tmp_path, sources=Sources(projects=(pattern,))))


def test_sidecar_that_is_not_there_is_a_named_gap(tmp_path: Path) -> None:
    found = read_subjects(workspace(tmp_path, sources=Sources(project_attributes="nix.csv")))
    assert [gap.file for gap in found.gaps] == ["nix.csv"] and "project_attributes" in found.gaps[0].problem
    assert [(note.file, note.status) for note in found.intake] == [("nix.csv", "quarantined")]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp", ".txt", ".zip", ".xlsx", ".kml", ".dxf"])
def test_folder_named_like_a_site_file_is_quarantined(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "p" / f"x{suffix}"
    folder.mkdir(parents=True)
    for subjects in (read(folder), read_subjects(workspace(tmp_path, sources=Sources(projects=("p/*",))))):
        assert fates(subjects) == [("整个文件", "quarantined")]
        assert "文件夹" in subjects.intake[0].reason


def test_broken_link_is_quarantined(tmp_path: Path) -> None:
    (tmp_path / "a.shp").symlink_to(tmp_path / "gone.shp")
    subjects = read_subjects(workspace(tmp_path, sources=Sources(projects=("*",))))
    assert "链接的目标不存在" in subjects.intake[0].reason


def test_kml_without_placemarks_is_no_accepted_file(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_text('<kml xmlns="http://www.opengis.net/kml/2.2"><Document/></kml>', encoding="utf-8")
    assert fates(read(path)) == [("整个文件", "quarantined")]


@pytest.mark.parametrize("text", ["inf", "-5", "1e9", "甲"])
def test_accuracy_that_is_no_distance_counts_as_not_stated(tmp_path: Path, text: str) -> None:
    subjects = read(write_geojson(tmp_path / "a.geojson", [(PARCEL, {"name": "甲", "accuracy_m": text})], "EPSG:4490"))
    assert subjects.frame["accuracy_m"].tolist() == [0.0]
    assert "位置精度" in subjects.intake[0].reason


@pytest.mark.parametrize("text", ["1e9999999", "-3", "9" * 400])
def test_number_that_is_none_is_missing_and_told(tmp_path: Path, text: str) -> None:
    subjects = read(write_geojson(tmp_path / "a.geojson", [(PARCEL, {"name": "甲", "coal_t_per_yr": text})]))
    assert subjects.attributes.empty
    assert "按缺失处理" in subjects.intake[0].reason


@pytest.mark.parametrize("char", ["\u202e", "\x1b", "\x00", "\ud800", "\u200b", "\x85"])
def test_acting_characters_leave_names_and_are_shown_in_the_intake(tmp_path: Path, char: str) -> None:
    text = '{"type":"Feature","properties":{"name":"甲%s乙"},"geometry":{"type":"Point","coordinates":[117.9,40.95]}}'
    path = tmp_path / "a.geojson"
    path.write_text(text % f"\\u{ord(char):04x}", encoding="utf-8")
    subjects = read(path)
    assert subjects.frame["name"].tolist() == ["甲乙"]
    assert subjects.intake[0].value == f"甲\\u{ord(char):04X}乙"
    assert subjects.intake[0].status == "repaired"


def test_acting_characters_leave_zone_names_and_are_noted(tmp_path: Path) -> None:
    write_geojson(tmp_path / "a.geojson", [(PARCEL, {"zone_id": "A", "zone_name": "甲\u202e乙"})])
    layer = read_layer(layer_spec("a.geojson"), tmp_path)
    assert layer.zones["zone_name"].tolist() == ["甲乙"]
    assert ("1", "甲\\u202E乙") in [(note.row, note.value) for note in layer.notes]


@pytest.mark.parametrize("wkt", ["CURVEPOLYGON((0 0,1 1,1 0,0 0))", "CIRCULARSTRING(0 0,1 1,2 0)", "TIN(((0 0,1 1,1 0,0 0)))"])
def test_curves_in_wkt_are_quarantined(tmp_path: Path, wkt: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'名称,WKT,行业代码\n甲,"{wkt}",3110\n', encoding="utf-8")
    assert fates(read(path)) == [("2", "quarantined")]


def test_vertex_far_beyond_its_zone_contradicts_the_crs(tmp_path: Path) -> None:
    far = shapely.Polygon([(39_500_000, 4_500_000), (39_501_000, 4_500_000), (1e20, 4_501_000)])
    subjects = read(write_geojson(tmp_path / "a.geojson", [(far, {"name": "甲"})], crs="EPSG:4527"))
    assert fates(subjects) == [("1", "quarantined")]
    assert "坐标系不符" in subjects.intake[0].reason
