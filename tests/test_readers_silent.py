"""Files that would lose or change something unseen are refused, or what happened is said."""

import json
import shutil
import sqlite3
import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import metres, write_layer

from cdgis.core.errors import CdgisError, CrsError, ReaderError
from cdgis.geometry.gauss_kruger import identify_crs
from cdgis.readers.attribute_columns import canonical_value, match_attribute
from cdgis.readers.formats import read_records
from cdgis.readers.records import SiteSource
from cdgis.readers.sheets import read_sheets
from cdgis.workspace.settings import open_workspace


def read(path: Path, crs: str = ""):
    return read_records(SiteSource(path=path, label=path.name, crs=crs, dxf_unit="m", undeclared_accuracy_m=0.0, home=None), None)


@pytest.fixture
def shp(tmp_path: Path) -> Path:
    squares = [metres(200 * i, 0, 200 * i + 100 + i, 100) for i in range(4)]
    triangle = metres(2000, 0, 2100, 100).convex_hull.buffer(10, quad_segs=1)
    return write_layer(tmp_path / "a.shp", [*squares, triangle], {"name": list("abcde")})


def cut_index(shp: Path, count: int) -> None:
    """Let .shx and .dbf speak of the first `count` features only, as an export broken off would."""
    index = shp.with_suffix(".shx").read_bytes()[: 100 + 8 * count]
    shp.with_suffix(".shx").write_bytes(index[:24] + struct.pack(">i", len(index) // 2) + index[28:])
    table = shp.with_suffix(".dbf").read_bytes()
    start, width = struct.unpack_from("<HH", table, 8)
    shp.with_suffix(".dbf").write_bytes(table[:4] + struct.pack("<I", count) + table[8 : start + count * width] + b"\x1a")


@pytest.mark.parametrize("count", [0, 1, 3, 4])
def test_a_shapefile_with_more_shapes_than_its_index_is_refused(shp: Path, count: int) -> None:
    cut_index(shp, count)
    with pytest.raises(ReaderError, match=f"有 5 个图形.*只列了 {count} 个"):
        read(shp)


@pytest.mark.parametrize("more", [1, 3, 4, 7])
def test_an_index_whose_last_entry_is_no_whole_one_is_refused(shp: Path, more: int) -> None:
    index = shp.with_suffix(".shx")
    index.write_bytes(index.read_bytes() + b"\x00" * more)
    with pytest.raises(ReaderError, match=f"多出 {more} 字节"):
        read(shp)


def test_an_index_of_another_export_is_refused(shp: Path, tmp_path: Path) -> None:
    other = write_layer(tmp_path / "b.shp", [metres(0, 0, 9, 9).buffer(1), *[metres(0, 0, 9, 9)] * 4], {"name": list("abcde")})
    shutil.copyfile(other.with_suffix(".shx"), shp.with_suffix(".shx"))
    with pytest.raises(ReaderError, match="不是同一次导出"):
        read(shp)


def test_an_edited_shapefile_that_keeps_an_earlier_shape_is_read(shp: Path) -> None:
    """Editors append a shape that grew and leave the old one where it was, with its number."""
    data, index = bytearray(shp.read_bytes()), bytearray(shp.with_suffix(".shx").read_bytes())
    offset, length = struct.unpack_from(">ii", index, 100 + 8)
    record = bytes(data[2 * offset : 2 * offset + 8 + 2 * length])
    struct.pack_into(">i", index, 100 + 8, len(data) // 2)
    data += record
    struct.pack_into(">i", data, 24, len(data) // 2)
    shp.write_bytes(data)
    shp.with_suffix(".shx").write_bytes(index)
    assert len(read(shp)) == 5


GEOGCS = (
    'GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",{a},{f}]],'
    'PRIMEM["Greenwich",{pm}],UNIT["Degree",{unit}]{code}]'
)
GK = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_117E",{geo},PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]{code}]'
)
PLAIN = {"a": 6378137.0, "f": 298.257222101, "pm": 0.0, "unit": 0.0174532925199433, "code": ""}


@pytest.mark.parametrize("code", ["", ',AUTHORITY["EPSG","4490"]'])
@pytest.mark.parametrize(
    "odd", [{"pm": -17.66666666666667}, {"pm": 2.33722917}, {"unit": 0.01570796326794897}, {"unit": 1.0}, {"a": 6378245.0, "f": 298.3}]
)
def test_a_definition_named_cgcs2000_that_counts_otherwise_is_not_cgcs2000(odd: dict[str, float], code: str) -> None:
    assert identify_crs(GEOGCS.format(**PLAIN)) == 4490
    assert identify_crs(GK.format(geo=GEOGCS.format(**PLAIN), code="")) == 4548
    geographic = GEOGCS.format(**(PLAIN | odd | {"code": code}))
    assert identify_crs(geographic) is None
    assert identify_crs(GK.format(geo=geographic, code="")) is None
    assert identify_crs(GK.format(geo=geographic, code=',AUTHORITY["EPSG","4548"]')) is None


def test_a_shapefile_of_such_a_definition_is_refused(shp: Path) -> None:
    shp.with_suffix(".prj").write_text(GEOGCS.format(**(PLAIN | {"pm": -17.66666666666667})), encoding="utf-8")
    with pytest.raises(CrsError):
        read(shp)


@pytest.fixture
def gpkg(tmp_path: Path) -> Path:
    return write_layer(tmp_path / "a.gpkg", [metres(0, 0, 100, 100)], {"name": ["x"]})


def test_a_view_in_changes_beside_a_geopackage_is_found(gpkg: Path) -> None:
    holder = sqlite3.connect(gpkg)
    holder.execute("pragma journal_mode=wal")
    holder.execute("create view v as with recursive r(n) as (select 1 union all select n + 1 from r) select n from r")
    holder.commit()
    assert gpkg.with_name("a.gpkg-wal").stat().st_size
    with pytest.raises(ReaderError, match="视图 v"):
        read(gpkg)
    holder.close()


@pytest.mark.parametrize("kind", ["virtual", "stored"])
def test_a_computed_column_is_refused(gpkg: Path, kind: str) -> None:
    with sqlite3.connect(gpkg) as opened:
        opened.execute(f"create table big (n integer, huge text generated always as (hex(zeroblob(300000000))) {kind})")
    with pytest.raises(ReaderError, match="计算列 huge"):
        read(gpkg)


VIEWS = {
    "select srs_name, srs_id, organization, organization_coordsys_id, definition, description from gpkg_spatial_ref_sys": True,
    "select srs_id as srid, organization as auth_name, organization_coordsys_id as auth_srid, definition as srtext "
    "from gpkg_spatial_ref_sys": True,
    'select table_name, column_name, "ST_" || geometry_type_name, g.srs_id, srs_name from gpkg_geometry_columns as g '
    "join gpkg_spatial_ref_sys as s where g.srs_id = s.srs_id": True,
    "select table_name as f_table_name, column_name as f_geometry_column, (case geometry_type_name when 'POINT' then 1 end) "
    "as geometry_type, srs_id as srid from gpkg_geometry_columns": True,
    "select a.srs_id from gpkg_spatial_ref_sys a, gpkg_spatial_ref_sys b, gpkg_spatial_ref_sys c": False,
    "select a.fid from a as a, a as b, a as c, a as d": False,
    "select hex(zeroblob(900000000)) from gpkg_spatial_ref_sys": False,
    "with recursive r(n) as (select 1 union all select n + 1 from r) select n from r": False,
    "select (select count(*) from a, a, a, a) as n from gpkg_spatial_ref_sys": False,
    "select srs_id from gpkg_spatial_ref_sys union all select fid from a": False,
}


@pytest.mark.parametrize("query", VIEWS)
def test_of_views_only_the_standards_own_are_let_pass(gpkg: Path, query: str) -> None:
    with sqlite3.connect(gpkg) as opened:
        opened.execute(f"create view st_spatial_ref_sys as {query}")
    if VIEWS[query]:
        assert len(read(gpkg)) == 1
    else:
        with pytest.raises(ReaderError, match="视图"):
            read(gpkg)


def workbook(path: Path, *, stray: str = "", value: object = " ") -> Path:
    book = openpyxl.Workbook()
    for row in (["名称", "经度", "纬度"], ["甲", 117.512345, 41.412345]):
        book.active.append(row)
    if stray:
        book.active[stray] = value
    book.save(path)
    return path


def test_an_entity_in_a_workbook_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    for encoding in ("utf-8", "utf-16"):
        made = tmp_path / f"{encoding}.xlsx"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                if name == "xl/worksheets/sheet1.xml":
                    text = (b'<?xml version="1.0"?>' + bomb + data.removeprefix(b'<?xml version="1.0"?>')).decode("utf-8")
                    data = text.encode(encoding)
                new.writestr(name, data)
        with pytest.raises(ReaderError, match="DOCTYPE"):
            read_sheets(made, label=made.name)


@pytest.mark.parametrize("place", ["XFD1200", "A1048576", "XFD1048576"])
def test_a_stray_blank_far_out_makes_no_table_of_its_size(tmp_path: Path, place: str) -> None:
    sheet = read_sheets(workbook(tmp_path / "a.xlsx", stray=place), label="a.xlsx")[0]
    assert [len(row) for row in sheet.rows] == [3, 3]
    with pytest.raises(ReaderError, match="过大"):
        read_sheets(workbook(tmp_path / "b.xlsx", stray="XFD1048576", value="x"), label="b.xlsx")


@pytest.mark.parametrize("text", ["1,5", "1，5", "12,34", "1234,567", "1,2345", "0,5", "1,23,456", "1,5 万吨", "1,"])
def test_a_comma_that_may_be_a_decimal_point_is_asked_about(text: str) -> None:
    column = match_attribute("coal_t_per_yr")
    assert column is not None
    found = canonical_value(column, text)
    assert not found.text and found.problem


@given(number=st.integers(0, 10**9), places=st.integers(0, 3))
@settings(max_examples=50, deadline=None)
def test_a_number_means_the_same_with_and_without_thousands_commas(number: int, places: int) -> None:
    column = match_attribute("coal_t_per_yr")
    assert column is not None
    value = number / 10**places
    assert canonical_value(column, f"{value:,.{places}f}") == canonical_value(column, f"{value:.{places}f}")


def geojson(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


FEATURE = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"甲"},'
    '"geometry":{"type":"Point","coordinates":[117.5,41.4]}}]}'
)


@pytest.mark.parametrize("at", range(1, 40, 3))
def test_a_geojson_cut_short_is_refused(tmp_path: Path, at: int) -> None:
    with pytest.raises(ReaderError, match="JSON"):
        read(geojson(tmp_path / "a.geojson", FEATURE[:-at]))


@pytest.mark.parametrize(
    ("old", "new"),
    [('"name":"甲"', '"name":"甲","name":"乙"'), ('"type":"Point"', '"type":"Point","type":"Point"'), ('"features"', '"features":[],"features"')],
)
def test_a_key_given_twice_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(ReaderError, match="两个"):
        read(geojson(tmp_path / "a.geojson", FEATURE.replace(old, new)))


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e400", "-1e999", "9" * 5000])
def test_a_number_beyond_reason_is_told(tmp_path: Path, number: str) -> None:
    path = geojson(tmp_path / "a.geojson", FEATURE.replace("117.5", number))
    try:
        (record,) = read(path)
    except ReaderError:
        return
    assert record.geometry is None and record.remarks


@pytest.mark.parametrize("name", ["cdgis.toml", "layers/catalog.toml"])
def test_a_settings_file_with_a_byte_order_mark_is_read(tmp_path: Path, name: str) -> None:
    from small_workspace import small_workspace

    root = small_workspace(tmp_path / "w")
    (root / name).write_bytes(b"\xef\xbb\xbf" + (root / name).read_bytes())
    assert open_workspace(root).settings.name == "测"
    (root / name).write_bytes(b"\xef\xbb\xbf\xef\xbb\xbfx")
    with pytest.raises(CdgisError, match="写法不对|有误"):
        open_workspace(root)


def test_what_is_doubled_in_json_is_only_what_one_object_doubles(tmp_path: Path) -> None:
    assert len(read(geojson(tmp_path / "a.geojson", json.dumps(json.loads(FEATURE))))) == 1


@pytest.mark.parametrize(
    ("lon", "lat", "expected_m"),
    [
        ("117.5", "41.4", 5566), ("117.52", "41.4", 557), ("117", "41", 55660), ("117°30′", "41°24′", 928),
        ("117.512", "41.4", 0), ("117.5", "41.412345", 0), ("117°30′30″", "41°24′", 0), ("117.500000", "41.400000", 0),
    ],
)  # fmt: skip
def test_degrees_of_few_digits_are_no_exact_place(tmp_path: Path, lon: str, lat: str, expected_m: float) -> None:
    from cdgis.readers.positions import locate_pair

    path = tmp_path / "a.csv"
    path.write_text(f"name,经度,纬度,坐标系\n甲,{lon},{lat},CGCS2000\n", encoding="utf-8")
    (record,) = read(path)
    assert record.accuracy_m == pytest.approx(expected_m, abs=1)
    assert any("只写到" in remark.reason and remark.remedy for remark in record.remarks) == (expected_m > 0)
    assert locate_pair(f"{lon},{lat}", stated_crs="CGCS2000", source="x").coarse_m == pytest.approx(expected_m, abs=1)
