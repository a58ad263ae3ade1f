"""Hostile archives and files: nothing escapes, nothing explodes, nothing else is opened."""

import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from shapes import PARCEL, workspace, write_layer, zip_files

from cdgis.core.errors import ReaderError
from cdgis.readers import read_sites
from cdgis.readers.archives import ArchiveLimits, check_archive, unpack

SECRET = "秘密内容"


def reason_for(path: Path) -> str:
    subjects = read_sites(workspace(path.parent), [path])
    assert len(subjects.frame) == 0
    assert [(note.row, note.status.value) for note in subjects.intake] == [("整个文件", "quarantined")]
    return subjects.intake[0].reason


def zip_with(path: Path, name: str, *, mode: int = 0o100644, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        info = zipfile.ZipInfo("placeholder")
        info.filename, info.external_attr = name, mode << 16
        opened.writestr(info, content)
    return path


@pytest.mark.parametrize(
    "name", ["../逃.txt", "a/../../逃.txt", "/etc/x.txt", "C:\\x.txt", "a\\..\\..\\x.txt", "C:x.txt"]
)
def test_paths_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    archive = zip_with(tmp_path / "逃.zip", name)
    with pytest.raises(ReaderError, match="目标文件夹之外"):
        unpack(archive, tmp_path / "in")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["逃.zip"]
    assert "目标文件夹之外" in reason_for(archive)


def test_links_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="链接"):
        unpack(
            zip_with(tmp_path / "a.zip", "a.txt", mode=stat.S_IFLNK | 0o777, content=b"/etc/passwd"), tmp_path / "in"
        )


def test_bomb_is_stopped_by_its_ratio_whatever_it_claims(tmp_path: Path) -> None:
    archive = zip_files(tmp_path / "弹.zip", {"a.txt": b"0" * 3_000_000})
    limits = ArchiveLimits(ratio=100, ratio_floor_bytes=1 << 20)
    with pytest.raises(ReaderError, match="压缩炸弹"):
        unpack(archive, tmp_path / "in", limits=limits)
    with pytest.raises(ReaderError, match="压缩炸弹"):
        check_archive(archive, limits=limits)
    assert set(unpack(archive, tmp_path / "ok", limits=ArchiveLimits(ratio=2000, ratio_floor_bytes=1 << 20))) == {
        "a.txt"
    }


def test_total_size_and_number_of_members_are_limited(tmp_path: Path) -> None:
    archive = zip_files(tmp_path / "多.zip", {f"{i}.txt": b"0" * 1000 for i in range(5)})
    with pytest.raises(ReaderError, match="上限"):
        unpack(archive, tmp_path / "in", limits=ArchiveLimits(total_bytes=3000))
    with pytest.raises(ReaderError, match="5 个文件"):
        unpack(archive, tmp_path / "in", limits=ArchiveLimits(members=4))


def test_a_lying_directory_of_sizes_is_not_believed(tmp_path: Path) -> None:
    archive = zip_files(tmp_path / "谎.zip", {"a.txt": b"0" * 5000})
    raw = archive.read_bytes()
    # the uncompressed size stands in the local and the central header
    archive.write_bytes(raw.replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(ReaderError, match="损坏|上限"):
        unpack(archive, tmp_path / "in", limits=ArchiveLimits(total_bytes=1000))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"Rar!\x1a\x07\x00"])
def test_damaged_archives_are_quarantined(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "坏.zip").write_bytes(content)
    assert "损坏" in reason_for(tmp_path / "坏.zip")


def test_archive_without_site_files_says_what_is_supported(tmp_path: Path) -> None:
    assert ".shp" in reason_for(zip_files(tmp_path / "空.zip", {"读我.md": b"hello"}))


def vrt(target: Path) -> str:
    return f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{target}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.mark.parametrize("name", ["a.shp", "a.gpkg", "a.geojson", "a.kml", "a.txt", "a.csv", "a.vrt"])
def test_vrt_under_any_name_opens_nothing(tmp_path: Path, name: str) -> None:
    target = write_layer(tmp_path / "目标" / "t.gpkg", [PARCEL], {"name": [SECRET]})
    (tmp_path / name).write_text(vrt(target), encoding="utf-8")
    assert SECRET not in reason_for(tmp_path / name)


@pytest.mark.parametrize(
    "body",
    ['<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml><Placemark><name>&x;</name></Placemark></kml>',
     '<!DOCTYPE kml [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><kml><name>&b;</name></kml>'],
)  # fmt: skip
def test_entities_in_kml_are_refused(tmp_path: Path, body: str) -> None:
    (tmp_path / "a.kml").write_text(body, encoding="utf-8")
    assert "DOCTYPE" in reason_for(tmp_path / "a.kml")


def test_network_links_in_kml_are_refused(tmp_path: Path) -> None:
    body = '<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link><href>http://x/y.kml</href></Link></NetworkLink></kml>'
    (tmp_path / "a.kml").write_text(body, encoding="utf-8")
    assert "NetworkLink" in reason_for(tmp_path / "a.kml")


@pytest.mark.parametrize("body", ["<html></html>", "not xml", "<kml>"])
def test_other_markup_is_no_kml(tmp_path: Path, body: str) -> None:
    (tmp_path / "a.kml").write_text(body, encoding="utf-8")
    assert "KML" in reason_for(tmp_path / "a.kml")


@pytest.mark.parametrize(
    "statement",
    ["CREATE VIEW v AS SELECT ogr_datasource_load_layers('/etc/x.shp')", "CREATE VIEW v AS SELECT load_extension('x')"],
)
def test_geopackage_that_reaches_outside_is_refused(tmp_path: Path, statement: str) -> None:
    path = write_layer(tmp_path / "a.gpkg", [PARCEL])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()
    assert "外部数据" in reason_for(path)


def test_geopackage_with_a_foreign_virtual_table_is_refused(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", [PARCEL])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        sql = "CREATE VIRTUAL TABLE t USING VirtualOGR('/etc/x.shp')"
        connection.execute("INSERT INTO sqlite_master VALUES ('table', 't', 't', 0, ?)", [sql])
        connection.commit()
    assert "外部数据" in reason_for(path)


def test_ordinary_geopackage_with_its_spatial_index_is_not_refused(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", [PARCEL])
    assert len(read_sites(workspace(tmp_path), [path]).frame) == 1


def test_deeply_nested_shapes_do_not_crash(tmp_path: Path) -> None:
    deep = '{"type":"GeometryCollection","geometries":[' * 100_000 + "]}" * 100_000
    (tmp_path / "a.geojson").write_text(f'{{"type":"Feature","properties":{{}},"geometry":{deep}}}', encoding="utf-8")
    assert "JSON" in reason_for(tmp_path / "a.geojson")
    wkt = "GEOMETRYCOLLECTION(" * 1000 + "POINT(1 1)" + ")" * 1000
    (tmp_path / "b.csv").write_text(f'名称,项目编号,WKT\n甲,1,"{wkt}"\n', encoding="utf-8")
    subjects = read_sites(workspace(tmp_path), [tmp_path / "b.csv"])
    assert "嵌套过深" in subjects.intake[0].reason


def test_not_a_number_coordinates_are_quarantined(tmp_path: Path) -> None:
    ring = "[[117.9,40.9],[NaN,40.9],[117.91,40.91],[117.9,40.9]]"
    text = f'{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}'
    (tmp_path / "a.geojson").write_text(text, encoding="utf-8")
    subjects = read_sites(workspace(tmp_path), [tmp_path / "a.geojson"])
    assert [note.status.value for note in subjects.intake] == ["quarantined"]


def test_huge_merged_ranges_in_a_workbook_are_refused_before_they_are_expanded(tmp_path: Path) -> None:
    sheet = ('<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/>'
             '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>')  # fmt: skip
    path = zip_files(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": sheet.encode()})
    assert "合并单元格" in reason_for(path)


@pytest.mark.parametrize("name", ["v", "geometry_columns"])
def test_geopackage_with_an_endless_view_is_refused(tmp_path: Path, name: str) -> None:
    path = write_layer(tmp_path / "a.gpkg", [PARCEL])
    endless = "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"create view {name} as {endless}")
        connection.execute(
            "insert into gpkg_contents(table_name, data_type, identifier) values (?, 'attributes', ?)", (name, name)
        )
        connection.commit()
    assert "视图" in reason_for(path)


@pytest.mark.parametrize("names", [["."], ["a/"], ["a.txt", "a.txt/b.txt"], ["./a.txt"], ["a//b.txt"], [""]])
def test_odd_names_in_a_zip_never_show_where_it_was_unpacked(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "怪.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name in names:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            opened.writestr(info, b"x")
    assert "cdgis-" not in reason_for(path)


def test_damaged_file_in_a_zip_does_not_show_where_it_was_unpacked(tmp_path: Path) -> None:
    for suffix, head in ((".gpkg", b"SQLite format 3\x00"), (".xlsx", b"PK\x03\x04"), (".dxf", b"0\nSECTION\n")):
        reason = reason_for(zip_files(tmp_path / f"坏{suffix}.zip", {f"a{suffix}": head + b"x" * 200}))
        assert "cdgis-" not in reason and "/tmp" not in reason
