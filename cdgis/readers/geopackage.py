"""GeoPackages read without changing them: changes not yet in the file are merged in a copy, and nothing in it may run.

SQLite keeps what QGIS has just saved beside the file (``-wal``) until the program closes it; opening such a file even to
read writes into it. So it is copied with its ``-wal`` or ``-journal``, made whole there, and the copy is read.
"""

import re
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.core.scratch_folder import scratch_folder
from cdgis.readers.intake import Remark, noted

GPKG_SUFFIX = ".gpkg"
BESIDE = ("-wal", "-journal")
"""Endings of the files in which SQLite keeps changes that are not, or not wholly, in the file itself."""

_SQLITE_MAGIC = b"SQLite format 3\x00"
_WAL_MODE = 2
_WAL_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">4I")
_FRAME_HEADER_BYTES = 24
_SAVE_FIRST = "请先在 GIS 软件里保存并关闭它（旁边的文件随之消失），再提交"
_VIRTUAL_TABLE = re.compile(r"create\s+virtual\s+table.+using\s+[\"'`\[]?(\w+)", re.IGNORECASE | re.DOTALL)
_HARMLESS_MODULES = ("rtree", "fts3", "fts4", "fts5")
_REACHING_OUT = re.compile(
    r"\b(ogr_datasource|ogr_layer|load_extension|gdal_get_pixel|virtualogr|readfile)", re.IGNORECASE
)
_PARTS = "select type, name, sql from sqlite_master"
_STANDARD_VIEWS = ("st_spatial_ref_sys", "spatial_ref_sys", "st_geometry_columns", "geometry_columns")
"""Views the GeoPackage standard itself describes (OGC 12-128, annex on SQL/MM views); nothing reads them as layers."""
_COMPUTED_COLUMNS = (
    "select m.name, x.name from sqlite_master as m, pragma_table_xinfo(m.name) as x where m.type = 'table' "
    "and m.sql not like 'create virtual%' and x.hidden in (2, 3)"
)
_STANDARD_TABLES = r"\"?gpkg_(?:spatial_ref_sys|geometry_columns)\"?(?:\s+as\s+\w+)?"
_FROM_STANDARD = re.compile(
    rf"(?P<head>.+?)\sfrom\s+{_STANDARD_TABLES}(?:\s+join\s+{_STANDARD_TABLES})?(?:\s+(?:where|on)\s+[\w.\"]+\s*=\s*[\w.\"]+)?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_CALL = re.compile(r"\b(?!as\b|in\b)\w+\s*\(|\bselect\b.*\bselect\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A file that nothing writes to while it is read."""

    path: Path
    remarks: tuple[Remark, ...] = ()


def pending(path: Path) -> tuple[Path, ...]:
    """Return the files beside a GeoPackage that hold part of what it says, in a fixed order."""
    if path.suffix.lower() != GPKG_SUFFIX:
        return ()
    beside = (path.with_name(path.name + suffix) for suffix in BESIDE)
    return tuple(file for file in beside if file.is_file() and file.stat().st_size)


@contextmanager
def unchanged(path: Path, *, label: str) -> Iterator[Still]:
    """Give what can be read in place of `path`: itself, or a copy made whole, which is removed at the end.

    Raises
    ------
    ReaderError : what lies beside a GeoPackage does not fit it, or is cut short.
    """
    if path.suffix.lower() != GPKG_SUFFIX or not path.is_file():
        yield Still(path=path)
        return
    _check_head(path, label)
    beside = pending(path)
    if not beside and not _is_in_wal_mode(path) and not _counts_are_stale(path):
        yield Still(path=path)
        return
    with scratch_folder() as folder:
        copy = folder / path.name
        for part in (path, *beside):
            shutil.copyfile(part, folder / part.name)
        _make_whole(copy, label)
        yield Still(path=copy, remarks=tuple(_told(part) for part in beside))


def _told(part: Path) -> Remark:
    if part.name.endswith(BESIDE[0]):
        reason = f"旁边的 {part.name} 里还有没写进主文件的修改，已一并读取"
        return noted(reason, field="文件", remedy="存档前请在 GIS 软件里保存并关闭它；关闭后文件的散列会变")
    return noted(f"旁边的 {part.name} 是写到一半的修改，按写之前的内容读取", field="文件", remedy="请在 GIS 软件里打开核对后另存")


def _make_whole(copy: Path, label: str) -> None:
    """Bring what lies beside a copy into it."""
    committed = _committed_frames(copy.with_name(copy.name + BESIDE[0]), label)
    try:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("pragma trusted_schema = off")
            _, merged, _ = connection.execute("pragma wal_checkpoint").fetchone()
            connection.execute("pragma journal_mode = delete").fetchone()
            if _has_counts(connection):
                # GDAL believes these numbers and would read no row beyond them; unknown, it counts
                connection.execute("update gpkg_ogr_contents set feature_count = null")
                connection.commit()
            sound = connection.execute("pragma quick_check(1)").fetchone()[0] == "ok"
    except sqlite3.Error as err:
        raise ReaderError(f"GeoPackage 与旁边的 -wal、-journal 合不起来（{in_words(err)}）", source=label, remedy=_SAVE_FIRST) from err
    if not sound or max(int(merged), 0) < committed:
        raise ReaderError("GeoPackage 旁边的 -wal 或 -journal 残缺，或不属于它", source=label, remedy=_SAVE_FIRST)


def _committed_frames(wal: Path, label: str) -> int:
    """Return how many pages a -wal file holds up to its last commit; SQLite itself stops at the first damaged one."""
    data = wal.read_bytes() if wal.is_file() else b""
    if not data:
        return 0
    if len(data) < _WAL_HEADER.size:
        raise ReaderError("GeoPackage 旁边的 -wal 残缺", source=label, remedy=_SAVE_FIRST)
    _, _, page_bytes, _, *salts, _, _ = _WAL_HEADER.unpack_from(data)
    step = page_bytes + _FRAME_HEADER_BYTES
    if (len(data) - _WAL_HEADER.size) % step:
        raise ReaderError("GeoPackage 旁边的 -wal 不完整，多半是拷贝到一半", source=label, remedy=_SAVE_FIRST)
    last = 0
    for number, start in enumerate(range(_WAL_HEADER.size, len(data), step), start=1):
        _, pages, *own = _FRAME_HEADER.unpack_from(data, start)
        if own != salts:
            break
        last = number if pages else last
    return last


def _is_in_wal_mode(path: Path) -> bool:
    with path.open("rb") as stream:
        return _WAL_MODE in stream.read(20)[18:]


def _has_counts(connection: sqlite3.Connection) -> bool:
    found = connection.execute("select 1 from sqlite_master where type = 'table' and name = 'gpkg_ogr_contents'")
    return found.fetchone() is not None


def _counts_are_stale(path: Path) -> bool:
    """Return whether the number of rows a GeoPackage states for a table is not the number it holds."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            if not _has_counts(connection):
                return False
            stated = connection.execute("select table_name, feature_count from gpkg_ogr_contents").fetchall()
            tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
            return any(
                count is not None and connection.execute(f"select count(*) from {_quoted(name)}").fetchone()[0] != count
                for name, count in stated
                if name in tables
            )
    except (sqlite3.Error, UnicodeDecodeError, TypeError):
        return False  # what is damaged is told when it is checked


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _check_head(path: Path, label: str) -> None:
    with path.open("rb") as stream:
        if stream.read(16) != _SQLITE_MAGIC:
            raise ReaderError("不是 GeoPackage（文件头不符）", source=label, remedy="请确认文件未损坏、扩展名正确")


def check_geopackage(path: Path, *, label: str) -> None:
    """Check that nothing in a GeoPackage runs or reaches outside when it is read.

    Raises
    ------
    ReaderError : not SQLite, damaged, or it holds computed columns, foreign virtual tables or views.
    """
    _check_head(path, label)
    _check_sqlite(path, label)


def _check_sqlite(path: Path, label: str) -> None:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
            parts = [(str(kind), str(name), str(sql or "")) for kind, name, sql in connection.execute(_PARTS)]
            computed = [(str(table), str(column)) for table, column in connection.execute(_COMPUTED_COLUMNS)]
    except (sqlite3.Error, UnicodeDecodeError) as err:
        raise ReaderError(f"GeoPackage 损坏（{in_words(err)}）", source=label, remedy="请重新导出") from err
    if computed:
        table, column = computed[0]
        raise ReaderError(
            f"GeoPackage 的表 {table} 有计算列 {column}，读它等于运行别人的算式，已拒绝", source=label, remedy="请导出为普通图层"
        )
    for kind, name, statement in parts:
        virtual = _VIRTUAL_TABLE.match(statement.strip())
        foreign = virtual is not None and virtual.group(1).lower() not in _HARMLESS_MODULES
        if foreign or _REACHING_OUT.search(statement):
            raise ReaderError(
                "GeoPackage 内含指向外部数据的虚拟表或函数，已拒绝", source=label, remedy="请重新导出为普通图层"
            )
        # a view is a query that runs when it is read, for as long as its author likes
        if kind == "view" and not (name.lower() in _STANDARD_VIEWS and _is_simple(statement)):
            raise ReaderError(f"GeoPackage 内含视图 {name}，不读取视图", source=label, remedy="请导出为普通图层")


def _is_simple(statement: str) -> bool:
    """Return whether a view only renames columns of the standard's two small tables."""
    found = _FROM_STANDARD.fullmatch(statement.strip())
    return found is not None and _CALL.search(found["head"]) is None
