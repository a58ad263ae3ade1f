"""Reading changes nothing: what stands beside a file is read with it, and both are fingerprinted as they were."""

import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from drawings import write_dxf, write_gdb
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

from cdgis.core.errors import LayerError
from cdgis.readers import read_layer, read_sites
from cdgis.readers.inputs import expand_globs, file_sha256
from cdgis.workspace.layers import Subjects

FIRST, SECOND = square(117.90, 40.95), square(117.93, 40.95)


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def read(folder: Path, name: str) -> Subjects:
    return read_sites(workspace(folder), (folder / name,))


@pytest.fixture(scope="module")
def open_in_qgis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A GeoPackage as QGIS leaves it while it is open: one parcel in the file, the second only in its -wal."""
    made = tmp_path_factory.mktemp("made")
    path = write_layer(made / "地块.gpkg", [FIRST], {"name": ["旧"], "zone_id": ["A"], "zone_class": ["x"]})
    blob = write_layer(made / "新.gpkg", [SECOND], {"name": ["新"], "zone_id": ["B"], "zone_class": ["x"]})
    with closing(sqlite3.connect(blob)) as other:
        shape = other.execute('select geom from "新"').fetchone()[0]
    holder = sqlite3.connect(path)
    holder.execute("pragma journal_mode=wal")
    holder.execute("pragma wal_autocheckpoint=0")
    # an R*Tree's triggers call functions that only GDAL has
    for (trigger,) in holder.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        holder.execute(f'drop trigger "{trigger}"')
    for number in range(3):
        holder.execute('insert into "地块" (geom, name, zone_id, zone_class) values (?, ?, ?, ?)', (shape, f"新{number}", f"B{number}", "x"))
        holder.commit()
    yield path
    holder.close()


@pytest.fixture
def copied(open_in_qgis: Path, tmp_path: Path) -> Path:
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{open_in_qgis}{suffix}", tmp_path / f"地块.gpkg{suffix}")
    return tmp_path / "地块.gpkg"


def test_what_stands_in_the_wal_is_read_and_nothing_is_written(copied: Path) -> None:
    before = state(copied.parent)
    subjects = read(copied.parent, copied.name)
    assert list(subjects.frame["name"]) == ["旧", "新0", "新1", "新2"], [n.reason for n in subjects.intake]
    assert all("-wal" in note.reason and "一并读取" in note.reason for note in subjects.intake)
    assert state(copied.parent) == before


def test_the_wal_is_part_of_the_fingerprint(copied: Path) -> None:
    (record,) = read(copied.parent, copied.name).records
    with_wal = file_sha256(copied)
    assert record.sha256 == with_wal
    copied.with_name("地块.gpkg-wal").unlink()
    assert file_sha256(copied) != with_wal


def test_a_layer_is_read_with_its_wal(copied: Path) -> None:
    before = state(copied.parent)
    layer = read_layer(layer_spec("地块.gpkg"), copied.parent)
    assert len(layer.zones) == 4 and any("-wal" in note.reason for note in layer.notes)
    assert state(copied.parent) == before


def cut(wal: bytes) -> bytes:
    return wal[: len(wal) - 1000]


def flipped(wal: bytes) -> bytes:
    middle = 32 + (len(wal) - 32) // 2 + 100
    return wal[:middle] + bytes([wal[middle] ^ 0xFF]) + wal[middle + 1 :]


def headless(wal: bytes) -> bytes:
    return b"\xff" + wal[1:]


@pytest.mark.parametrize("damage", [cut, flipped, headless, lambda wal: wal[:20]], ids=["cut", "flipped", "headless", "stub"])
def test_a_damaged_wal_is_refused_and_not_skipped(copied: Path, damage: Callable[[bytes], bytes]) -> None:
    wal = copied.with_name("地块.gpkg-wal")
    wal.write_bytes(damage(wal.read_bytes()))
    before = state(copied.parent)
    (note,) = read(copied.parent, copied.name).intake
    assert (note.status, "-wal" in note.reason) == ("quarantined", True)
    assert state(copied.parent) == before


def test_a_wal_without_changes_makes_no_difference(copied: Path) -> None:
    copied.with_name("地块.gpkg-wal").write_bytes(b"")
    before = state(copied.parent)
    assert list(read(copied.parent, copied.name).frame["name"]) == ["旧"]
    assert state(copied.parent) == before  # the file still says that it works with a -wal: opening it would make one


def test_a_change_half_written_is_rolled_back_in_the_copy(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a" / "a.gpkg", [FIRST], {"name": ["旧"]})
    (tmp_path / "b").mkdir()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("pragma cache_size=1")
    holder.execute("begin immediate")
    holder.execute("create table filler (x)")
    holder.executemany("insert into filler values (?)", [("x" * 900,) for _ in range(400)])
    for part in ("a.gpkg", "a.gpkg-journal"):
        shutil.copyfile(path.with_name(part), tmp_path / "b" / part)
    holder.execute("rollback")
    holder.close()
    before = state(tmp_path / "b")
    subjects = read(tmp_path / "b", "a.gpkg")
    assert list(subjects.frame["name"]) == ["旧"] and "写到一半" in subjects.intake[0].reason
    assert state(tmp_path / "b") == before


def test_rows_beyond_a_stale_count_are_read(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", [FIRST, SECOND, PARCEL], {"name": ["甲", "乙", "丙"]})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update gpkg_ogr_contents set feature_count = 1")
        connection.commit()
    before = state(tmp_path)
    assert len(read(tmp_path, "a.gpkg").frame) == 3
    assert state(tmp_path) == before


def test_a_wal_in_an_archive_goes_with_its_file(copied: Path) -> None:
    with zipfile.ZipFile(copied.with_suffix(".zip"), "w") as archive:
        for suffix in ("", "-wal"):
            archive.write(f"{copied}{suffix}", f"资料/地块.gpkg{suffix}")
    subjects = read(copied.parent, "地块.zip")
    assert len(subjects.frame) == 4 and len(subjects.intake) == 4
    assert [path.name for path in expand_globs(copied.parent, ["*"])] == ["地块.gpkg", "地块.zip"]


def test_a_file_changed_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_geojson(tmp_path / "a.geojson", [(PARCEL, {})], crs="EPSG:4490")
    text = path.read_text(encoding="utf-8")

    def meddle(source: object, places: object) -> tuple[()]:
        path.write_text(text + " ", encoding="utf-8")
        return ()

    monkeypatch.setattr("cdgis.readers.reading_ahead.read_records", meddle)
    (note,) = read(tmp_path, "a.geojson").intake
    assert (note.status, "读取期间" in note.reason) == ("quarantined", True)


def test_a_layer_changed_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_layer(tmp_path / "a.gpkg", [FIRST], {"zone_id": ["A"], "zone_class": ["x"]})
    stamps = iter([(("a", 1, 1),), (("a", 2, 1),)])
    monkeypatch.setattr("cdgis.readers.layer_files.file_stamp", lambda _: next(stamps))
    with pytest.raises(LayerError, match="读取期间"):
        read_layer(layer_spec(path.name), tmp_path)


def test_no_format_is_written_to_when_it_is_read(tmp_path: Path) -> None:
    write_layer(tmp_path / "a.gpkg", [PARCEL])
    write_layer(tmp_path / "a.shp", [PARCEL], epsg=4527)
    write_geojson(tmp_path / "a.geojson", [(PARCEL, {})], crs="EPSG:4490")
    write_gdb(tmp_path / "a.gdb", {"甲": [PARCEL]})
    write_dxf(tmp_path / "a.dxf", {"红线": [PARCEL]})
    write_xlsx(tmp_path / "a.xlsx", {"表": [["企业名称", "经度", "纬度"], ["甲", 117.9, 40.95]]})
    (tmp_path / "a.txt").write_text(boundary_text(boundary_lines(in_crs(PARCEL, 4527))), encoding="utf-8")
    before = state(tmp_path)
    read_sites(workspace(tmp_path), expand_globs(tmp_path, ["a.*"]), declared={"crs": "EPSG:4548"})
    assert state(tmp_path) == before
