"""Five ways to damage an input file, each keeping its name and kind: void, blank, shifted, cut, mistyped."""

import csv
import io
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import rasterio
from rasterio.transform import Affine

WAYS = {"void": "清空", "blank": "空白", "shifted": "错位", "cut": "截断", "mistyped": "错值"}
EAST_DEG, EAST_M, EVERY = 3.0, 250_000.0, 3
"""A zone too far east, in degrees and about that in metres; every third row is changed."""
_SWAPPED = str.maketrans("0123456789", "OlZEhSGTBg")


def damage(path: Path, way: str, seed: int = 0) -> None:
    """Damage the file in place."""
    if way == "cut":
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 3 // 5])
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _KINDS.get(path.suffix.lower(), _text)(path, way, seed % EVERY)


def _words(path: Path) -> tuple[str, str]:
    """Return a file's text and its encoding."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig"), "utf-8-sig" if raw[:3] == b"\xef\xbb\xbf" else "utf-8"
    except UnicodeDecodeError:
        return raw.decode("gb18030"), "gb18030"


def _text(path: Path, way: str, first: int) -> None:
    """Boundary points and KML: every third line."""
    text, encoding = _words(path)
    lines = [] if way == "void" else text.splitlines()
    for at in range(1 + first, len(lines), EVERY):
        line = lines[at]
        lines[at] = {"blank": "", "shifted": line[1:] + line[:1], "mistyped": line.translate(_SWAPPED)}[way]
    path.write_text("\n".join(lines), encoding=encoding)


def _cells(row: list[object], way: str) -> list[object]:
    if way == "shifted":
        return ["", *row[:-1]]
    return [None if way == "blank" else f"?{'' if cell is None else cell}x" for cell in row]


def _table(path: Path, way: str, first: int) -> None:
    text, encoding = _words(path)
    rows: list[list[object]] = list(map(list, csv.reader(io.StringIO(text))))
    rows = rows[:1] if way == "void" else rows
    for at in range(1 + first, len(rows), EVERY):
        rows[at] = _cells(rows[at], way)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), encoding=encoding, newline="")


def _workbook(path: Path, way: str, first: int) -> None:
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        head = next((n for n, row in enumerate(sheet.iter_rows(values_only=True), 1) if sum(c is not None for c in row) > 2), 1)
        if way == "void":
            sheet.delete_rows(head + 1, sheet.max_row)
            continue
        for at in range(head + 1 + first, sheet.max_row + 1, EVERY):
            cells = [cell for cell in sheet[at] if not isinstance(cell, openpyxl.cell.cell.MergedCell)]
            for cell, value in zip(cells, _cells([cell.value for cell in cells], way), strict=True):
                cell.value = value
    book.save(path)


def _vector(path: Path, way: str, first: int) -> None:
    """GeoPackage and GeoJSON, with all their layers."""
    layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    frames = {name: _damaged(gpd.read_file(path, layer=name), way, first) for name in layers}
    path.unlink()
    for name, frame in frames.items():
        digits = {} if path.suffix == ".gpkg" else {"COORDINATE_PRECISION": 17}  # no other row may move
        pyogrio.write_dataframe(frame, path, layer=name, driver="GeoJSON" if digits else "GPKG", **digits)


def _damaged(frame: gpd.GeoDataFrame, way: str, first: int) -> gpd.GeoDataFrame:
    if way == "void":
        return frame.iloc[:0]
    if way == "shifted":
        degrees = frame.crs is None or frame.crs.is_geographic
        return frame.set_geometry(frame.geometry.translate(EAST_DEG if degrees else EAST_M, 0))
    rows = frame.index[first % max(len(frame), 1) :: EVERY]
    for name in frame.columns.drop(frame.geometry.name):
        frame[name] = frame[name].astype(object)
        frame.loc[rows, name] = None if way == "blank" else "?x"
    return frame


def _archive(path: Path, way: str, first: int) -> None:
    """A zipped shapefile: rows and shapes as of any layer; its .prj and .cpg stay absent where they are."""
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(path) as held:
        held.extractall(scratch)
        names = [Path(scratch, name) for name in held.namelist()]
        for shape in (name for name in names if name.suffix == ".shp"):
            frame = _damaged(gpd.read_file(shape), way, first)
            frame.to_file(shape, encoding=None if shape.with_suffix(".cpg").exists() else "GBK")
        with zipfile.ZipFile(path, "w") as out:
            for name in names:
                out.write(name, name.relative_to(scratch))


def _raster(path: Path, way: str, first: int) -> None:
    with rasterio.open(path) as source:
        values, profile = source.read(1), dict(source.profile)
    rows = slice(first * len(values) // EVERY, (first + 1) * len(values) // EVERY)
    none = profile.get("nodata") or 0
    if way == "shifted":
        profile["transform"] = Affine.translation(EAST_DEG, 0) * profile["transform"]
    elif way == "mistyped":
        values[rows] = 255 if values.dtype == np.uint8 else -32768
    else:
        values[slice(None) if way == "void" else rows] = none
    with rasterio.open(path, "w", **profile) as out:
        out.write(values, 1)


_KINDS: dict[str, Callable[[Path, str, int], None]] = {
    ".csv": _table, ".xlsx": _workbook, ".gpkg": _vector, ".geojson": _vector, ".zip": _archive, ".tif": _raster,
}  # fmt: skip
