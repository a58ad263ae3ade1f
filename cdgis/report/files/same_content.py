"""Whether two files say the same though their bytes differ, as after saving a file again in Excel, Word or QGIS."""

import io
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from cdgis.raster.value_raster import same_raster
from cdgis.readers.content_hash import plain_text

_TEXTS = (".csv", ".txt", ".json", ".html", ".htm", ".svg", ".qml")
_OWN_TABLES = ("rtree_", "sqlite_", "gpkg_ogr_contents")
_STAMPS = ("last_change", "timestamp")
_LAID_OVER = (["drawings"], ["media"], ["charts"], ["embeddings"], ["externalLinks"], ["activeX"])


def same_content(one: Path, other: Path) -> bool:
    """Return whether two files of one kind say the same; of a kind that cannot be looked into, whether the bytes are equal."""
    if one.read_bytes() == other.read_bytes():
        return True
    compare = _COMPARED.get(one.suffix.lower())
    if compare is None:
        return False
    try:
        return compare(one, other)
    except (OSError, ValueError, KeyError, TypeError, SyntaxError, EOFError, zipfile.BadZipFile, zlib.error, sqlite3.Error):
        return False


def _same_text(one: Path, other: Path) -> bool:
    return plain_text(one.read_bytes()) == plain_text(other.read_bytes())


def _same_json(one: Path, other: Path) -> bool:
    return bool(read_json(one.read_bytes()) == read_json(other.read_bytes()))


def read_json(data: bytes) -> object:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError : no JSON, or a name stands twice in one object: readers would disagree on which is meant.
    """
    return json.loads(plain_text(data).decode("utf-8"), object_pairs_hook=_once)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("twice")
    return dict(pairs)


def _same_workbook(one: Path, other: Path) -> bool:
    return _cells(one) == _cells(other)


def _cells(path: Path) -> Mapping[str, object]:
    """Return what a workbook shows: per sheet its state, filled cells with values, formats and comments, and hidden lines.

    A formula is its own text and so never a number; a format may show other words than its value.
    """
    from openpyxl import load_workbook

    data = path.read_bytes()
    shown: dict[str, object] = {"": _parts_laid_over(data)}
    for sheet in load_workbook(io.BytesIO(data)).worksheets:
        hidden = [sorted(key for key, line in lines.items() if line.hidden) for lines in (sheet.row_dimensions, sheet.column_dimensions)]
        shown[sheet.title] = (sheet.sheet_state, hidden, [
            (cell.row, cell.column, cell.value, cell.number_format.replace("\\", ""), cell.comment and cell.comment.text)
            for row in sheet.iter_rows() for cell in row if cell.value not in (None, "") or cell.comment
        ])  # fmt: skip
    return shown


def _parts_laid_over(data: bytes) -> list[str]:
    """Return the parts of a whole archive that lie over cells or outside the file: pictures, drawings, links.

    Raises
    ------
    ValueError, zipfile.BadZipFile : a name stands twice, or a part is not what the archive says of it: programs would differ
        in what they show.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        if len(set(names)) < len(names) or archive.testzip() is not None:
            raise ValueError("twice")
    return sorted(name for name in names if name.split("/")[1:2] in _LAID_OVER)


def _same_geopackage(one: Path, other: Path) -> bool:
    return _rows(one) == _rows(other)


def _rows(path: Path) -> Mapping[str, object]:
    """Return table -> its rows; indexes, statistics and times of change are the program's own."""
    found: dict[str, object] = {}
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
        names = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")]
        for name in names:
            if name.startswith(_OWN_TABLES):
                continue
            columns = [row[1] for row in base.execute(f'PRAGMA table_info("{name}")') if row[1] not in _STAMPS]
            listed = ", ".join(f'"{column}"' for column in columns)
            found[name] = (columns, sorted(base.execute(f'SELECT {listed} FROM "{name}"').fetchall(), key=repr))
    return found


_COMPARED: Mapping[str, Callable[[Path, Path], bool]] = {
    **dict.fromkeys(_TEXTS, _same_text), ".json": _same_json, ".xlsx": _same_workbook, ".gpkg": _same_geopackage,
    ".tif": same_raster,
}  # fmt: skip
