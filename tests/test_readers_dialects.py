"""Dialects of tables and KML are read for what they say, or refused for the reason that holds."""

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook
from shapes import workspace, write_xlsx
from xls_files import write_xls

from cdgis.core.errors import ReaderError
from cdgis.core.vocabulary import IntakeNote
from cdgis.readers import read_sites
from cdgis.readers.sheets import cell_name, read_sheets
from cdgis.readers.sidecar import read_sidecar
from cdgis.workspace.layers import Subjects

HEADER = ["企业名称", "经度", "纬度", "坐标系", "行业代码"]
ROW = ["甲厂", 117.9026, 40.952, "CGCS2000", "3011"]
STRICT = (
    ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"),
    ("http://schemas.openxmlformats.org/officeDocument/2006/", "http://purl.oclc.org/ooxml/officeDocument/"),
)


def read(path: Path) -> Subjects:
    return read_sites(workspace(path.parent), (path,))


def only(subjects: Subjects) -> IntakeNote:
    (note,) = subjects.intake
    return note


def place(subjects: Subjects) -> tuple[float, float]:
    (point,) = subjects.frame.geometry
    return round(point.x, 4), round(point.y, 4)


def strict(path: Path) -> Path:
    with zipfile.ZipFile(path) as opened:
        members = {name: opened.read(name).decode("utf-8") for name in opened.namelist()}
    with zipfile.ZipFile(path, "w") as out:
        for name, text in members.items():
            for usual, other in STRICT:
                text = text.replace(usual, other)
            out.writestr(name, text)
    return path


def test_strict_open_xml_is_read_as_the_usual_kind(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"表": [HEADER, ROW], "另": [HEADER, ROW]}, merges=["A4:B4"])
    usual = read_sheets(path, label="a")
    assert read_sheets(strict(path), label="a") == usual
    assert place(read(strict(write_xlsx(tmp_path / "b.xlsx", {"表": [HEADER, ROW]})))) == (117.9026, 40.952)


@pytest.mark.parametrize(("column", "fate"), [(2, "quarantined"), (1, "quarantined"), (5, "quarantined"), (6, "accepted")])
def test_a_formula_without_its_value_is_said_to_be_one(tmp_path: Path, column: int, fate: str) -> None:
    row = [*ROW, "闲话"]
    row[column - 1] = "=1+1"
    note = only(read(write_xlsx(tmp_path / "a.xlsx", {"表": [[*HEADER, "看过"], row]})))
    assert note.status == fate
    assert f"单元格 {cell_name(2, column)} 是公式" in note.reason and "补上" not in note.remedy and "保存" in note.remedy


def test_a_formula_with_its_value_is_a_value(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"表": [HEADER, ["甲厂", "=B9", 40.952, "CGCS2000", '=""']]})
    with zipfile.ZipFile(path) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    sheet = sheet.replace(b"<f>B9</f><v></v>", b"<f>B9</f><v>117.9026</v>").replace(b"<f>B9</f><v />", b"<f>B9</f><v>117.9026</v>")
    sheet = sheet.replace(b'r="E2"', b'r="E2" t="str"')
    with zipfile.ZipFile(path, "w") as out:
        for name, data in (members | {"xl/worksheets/sheet1.xml": sheet}).items():
            out.writestr(name, data)
    assert place(read(path)) == (117.9026, 40.952)


def test_where_nobody_looks_at_single_cells_such_a_table_is_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "附表.xlsx", {"表": [["文件", "行业"], ["a.shp", "=B9"]]})
    with pytest.raises(ReaderError, match="B2 是公式"):
        read_sidecar(path, label="附表.xlsx")


def test_a_workbook_that_is_no_zip_says_so_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"not a workbook")
    assert "不是 zip 压缩文件" in only(read(tmp_path / "a.xlsx")).reason


def test_an_old_workbook_is_read_like_a_new_one(tmp_path: Path) -> None:
    old, new = write_xls(tmp_path / "a.xls", [HEADER, ROW]), write_xlsx(tmp_path / "a.xlsx", {"表": [HEADER, ROW]})
    assert read_sheets(old, label="a")[0].rows == read_sheets(new, label="a")[0].rows
    assert place(read(old)) == (117.9026, 40.952)


@pytest.mark.parametrize("content", [b"", b"\xd0\xcf\x11\xe0" + b"\x00" * 600, b"\x09\x00\x04\x00\x00\x02\x10\x00" + b"\xff" * 40])
def test_a_broken_old_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xls").write_bytes(content)
    assert only(read(tmp_path / "a.xls")).status == "quarantined"


def test_a_new_workbook_named_as_an_old_one_is_told(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"表": [HEADER, ROW]}).rename(tmp_path / "a.xls")
    assert "扩展名" in only(read(path)).reason


EAST, NORTH = 575995.933, 4535635.078


@pytest.mark.parametrize(
    ("labels", "values", "words"),
    [
        (("X", "Y"), (117.9026, 40.952), "X 列按数值是经度"),
        (("POINT_X", "POINT_Y"), (117.9026, 40.952), "POINT_X 列按数值是经度"),
        (("X坐标", "Y坐标"), (117.9026, 40.952), "X坐标 列按数值是经度"),
        (("X坐标", "Y坐标"), (40.952, 117.9026), "Y坐标 列按数值是经度"),
        (("X", "Y"), (EAST, NORTH), "X 列按数值是东坐标"),
        (("X", "Y"), (NORTH, EAST), "Y 列按数值是东坐标"),
        (("X坐标", "Y坐标"), (EAST, NORTH), "X坐标 列按数值是东坐标"),
        (("X坐标（米）", "Y坐标（米）"), (NORTH, EAST), "Y坐标（米） 列按数值是东坐标"),
    ],
)
def test_columns_called_x_and_y_are_never_the_wrong_way_round(
    tmp_path: Path, labels: tuple[str, str], values: tuple[float, float], words: str
) -> None:
    crs = "EPSG:4548" if max(values) > 1000 else "CGCS2000"
    (tmp_path / "a.csv").write_text(f"名称,{labels[0]},{labels[1]},坐标系\n甲,{values[0]},{values[1]},{crs}\n", encoding="utf-8")
    subjects = read(tmp_path / "a.csv")
    assert (only(subjects).status, "颠倒" in only(subjects).reason) == ("accepted", False)
    assert words in only(subjects).reason
    assert place(subjects) == pytest.approx((117.9026, 40.952), abs=2e-4)


def test_columns_that_name_their_direction_can_be_the_wrong_way_round(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"名称,东坐标,北坐标,坐标系\n甲,{NORTH},{EAST},EPSG:4548\n", encoding="utf-8")
    assert (only(read(tmp_path / "a.csv")).status, "颠倒" in only(read(tmp_path / "a.csv")).reason) == ("repaired", True)


RING = "117.9,40.95 117.905,40.9502 117.9052,40.954 117.9001,40.9537 117.9,40.95"
TRACK = "".join(f"<when>2026-05-0{i}T00:00:00Z</when><gx:coord>117.9{i} 40.95 700</gx:coord>" for i in range(1, 4))


def kml(tmp_path: Path, body: str, root: str = '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">') -> Path:
    path = tmp_path / "a.kml"
    path.write_text(f"{root}<Document><Placemark><name>甲</name>{body}</Placemark></Document></kml>", encoding="utf-8")
    return path


def polygon(coordinates: str) -> str:
    return f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{coordinates}</coordinates></LinearRing></outerBoundaryIs></Polygon>"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"<gx:Track>{TRACK}</gx:Track>", "LineString"),
        (f"<gx:MultiTrack><gx:Track>{TRACK}</gx:Track><gx:Track>{TRACK.replace('40.95', '40.96')}</gx:Track></gx:MultiTrack>", "MultiLineString"),
        (f"<MultiGeometry><gx:Track>{TRACK}</gx:Track></MultiGeometry>", "LineString"),
        (polygon(RING.replace(",", ", ")), "Polygon"),
        (polygon(RING.replace(",", " ,\n")), "Polygon"),
        (polygon(RING.replace(" ", ",0 ") + ",0,"), "Polygon"),
    ],
)
def test_tracks_are_lines_and_blanks_beside_commas_do_no_harm(tmp_path: Path, body: str, kind: str) -> None:
    (shape,) = read(kml(tmp_path, body)).frame.geometry
    assert shape.geom_type.removeprefix("Multi") == kind.removeprefix("Multi")
    assert shape.bounds[0] == pytest.approx(117.9, abs=0.02)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (polygon(RING.replace(" ", ",")), "各点之间没有空格"),
        (polygon("东边,北边 117,40"), "“东边 北边”不是 经度,纬度"),
        ("<gx:Track><when>2026-05-01T00:00:00Z</when></gx:Track>", "gx:Track"),
        (polygon("117.9,40.95 117.905,40.9502"), "环只有 2 个不同的点"),
    ],
)
def test_what_cannot_be_read_is_said_in_chinese(tmp_path: Path, body: str, reason: str) -> None:
    note = only(read(kml(tmp_path, body)))
    assert (note.status, reason in note.reason) == ("quarantined", True), note.reason


@pytest.mark.parametrize("root", ['<kml xsi:schemaLocation="x y">', '<kml xmlns="http://www.opengis.net/kml/2.2" atom:a="1">', "<kml>"])
def test_a_prefix_nobody_declared_hides_no_parcel(tmp_path: Path, root: str) -> None:
    body = f"<atom:link href='x'/>{polygon(RING)}<gx:balloonVisibility>1</gx:balloonVisibility>"
    assert len(read(kml(tmp_path, body, root)).frame) == 1


def test_a_workbook_keeps_its_formulas_apart_by_sheet(tmp_path: Path) -> None:
    book = Workbook()
    for name, value in (("甲", 1), ("乙", "=1+1")):
        book.create_sheet(name).append(["x", value])
    book.remove(book.worksheets[0])
    book.save(tmp_path / "a.xlsx")
    sheets = read_sheets(tmp_path / "a.xlsx", label="a", asks_uncached=True)
    assert {sheet.name: sheet.uncached for sheet in sheets} == {"甲": frozenset(), "乙": frozenset({(1, 2)})}
