"""Files of every format with seeded wounds: cut, overwritten, ended early, in the file or in one member of its archive."""

import csv
import io
import json
import random
import sqlite3
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import openpyxl
import shapely
from drawings import write_dxf
from shapes import (
    PARCEL,
    boundary_lines,
    boundary_text,
    in_crs,
    workspace,
    write_geojson,
    write_layer,
    write_xlsx,
    zip_files,
    zip_shapefile,
)

from cdgis.readers import read_sites

from .trials import Case, Fate, Outcome

_TOKENS = (
    b"1e999", b"-1", b"nan", b"\x00", b"\xff", b'"', b",", b"\n", b"{", b"]", b"null", b"9" * 400, b"\\ud800", b"<", b"\r", b"'",
    b"&#0;", b"\xe2\x80\xae", b"%s", b"../", b"=1+1", b"\t", b"0x1p", b"\xf0\x9f\x98\x80",
)  # fmt: skip
_PARCELS = [shapely.affinity.translate(PARCEL, step * 0.02) for step in range(3)]
_NAMES = ["甲地块", "乙地块", "丙地块"]


def good_files(folder: Path) -> dict[str, bytes]:
    """Return one good file of every format with three parcels or points."""
    rows = [(shape, {"项目编号": f"P{i}", "name": _NAMES[i]}) for i, shape in enumerate(_PARCELS)]
    fields = {"name": _NAMES}
    write_geojson(folder / "a.geojson", rows, crs="EPSG:4490")
    write_layer(folder / "a.gpkg", _PARCELS, fields)
    zip_shapefile(folder / "a.zip", write_layer(folder / "shp" / "a.shp", _PARCELS, fields, epsg=4527))
    lines = [line for shape in _PARCELS for line in (f"9,,{len(line_of(shape))},示例,面,K50,工业,0601,@", *line_of(shape))]
    (folder / "a.txt").write_text(boundary_text(lines[1:], header=lines[0]), encoding="utf-8")
    points = [(name, shape.centroid.x, shape.centroid.y) for name, shape in zip(_NAMES, _PARCELS, strict=True)]
    table = "\n".join(["企业名称,经度,纬度,年耗煤量", *(f"{n},{x:.6f},{y:.6f},3万" for n, x, y in points)])
    (folder / "a.csv").write_text(table + "\n", encoding="gb18030")
    write_xlsx(folder / "a.xlsx", {"表": [["企业名称", "经度", "纬度"], *map(list, points)]})
    places = "".join(
        f"<Placemark><name>{n}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
        + " ".join(f"{x},{y}" for x, y in shape.exterior.coords)
        + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        for n, shape in zip(_NAMES, _PARCELS, strict=True)
    )
    kml = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{places}</Document></kml>'
    (folder / "a.kml").write_text(kml, encoding="utf-8")
    zip_files(folder / "a.kmz", {"doc.kml": kml.encode()})
    write_dxf(folder / "a.dxf", {"地块": _PARCELS})
    return {path.name: path.read_bytes() for path in sorted(folder.glob("a.*"))}


def line_of(shape: shapely.Polygon) -> list[str]:
    """Return the vertices of a parcel as a boundary file writes them."""
    return boundary_lines(in_crs(shape, 4527))


def cases(count: int, seed: int, scratch: Path) -> Iterator[Case]:
    """Yield `count` wounded files, the formats in turn."""
    (scratch / "good" / "shp").mkdir(parents=True)
    good = good_files(scratch / "good")
    for number in range(count):
        name = sorted(good)[number % len(good)]
        path = scratch / str(number) / name
        yield f"{name} {seed}/{number}", lambda path=path, name=name, number=number: _read(path, good[name], f"{seed}/{number}")


def _read(path: Path, data: bytes, seed: str) -> Outcome:
    draw = random.Random(seed)
    path.parent.mkdir()
    path.write_bytes(_wounded(data, draw, whole=not zipfile.is_zipfile(io.BytesIO(data)) or draw.random() < 0.3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there = _independently(path)
        declared = {"crs": "EPSG:4548"} if path.suffix == ".dxf" else {}
        subjects = read_sites(workspace(path.parent), [path], declared=declared)
    notes, frame = subjects.intake, subjects.frame
    if not notes or len(frame) > sum(note.status != "quarantined" for note in notes):
        return Fate.SILENT, f"{len(frame)} rows, {len(notes)} intake lines"
    if not frame.geometry.is_valid.all():
        return Fate.WRONG, "an invalid geometry passed"
    if any(note.status == "quarantined" and not note.reason for note in notes):
        return Fate.SILENT, "quarantined without a reason"
    if any(note.status == "quarantined" for note in notes):
        return Fate.REFUSED, ""
    if there is not None and there > len(notes):
        return Fate.SILENT, f"{there} rows in the file, {len(notes)} intake lines"
    told = any(note.status == "repaired" or note.reason for note in notes)
    return _as_it_says(path, frame, told=told)


def _as_it_says(path: Path, frame: gpd.GeoDataFrame, *, told: bool) -> Outcome:
    """Compare what was read without a remark with another library's reading, where it reads the format as it stands."""
    if told:
        return Fate.REPAIRED, ""
    if path.suffix == ".geojson":
        features = json.loads(path.read_text(encoding="utf-8-sig"))["features"]
        shapes = np.array([shapely.geometry.shape(feature["geometry"]) for feature in features])
        apart = shapely.hausdorff_distance(shapely.force_2d(shapes), frame.geometry.to_numpy())
        if not (apart <= 1e-9).all():
            return Fate.WRONG, f"a parcel stands {apart.max():g} degrees from where the file says"
    return Fate.RIGHT, ""


def _independently(path: Path) -> int | None:
    """Return how many rows another parser finds in the file, None where it finds it broken."""
    counters: dict[str, Callable[[Path], int]] = {
        ".geojson": lambda p: len(json.loads(p.read_text(encoding="utf-8-sig"))["features"]),
        ".kml": lambda p: sum(el.tag.endswith("Placemark") for el in ElementTree.parse(p).iter()),
        ".csv": lambda p: sum(any(map(str.strip, row)) for row in csv.reader(io.StringIO(p.read_text(encoding="gb18030")))) - 1,
        ".gpkg": _rows_of_geopackage,
        ".xlsx": lambda p: sum(any(c is not None for c in row) for row in openpyxl.load_workbook(p).worksheets[0].values) - 1,
    }
    try:
        return counters[path.suffix](path) if path.suffix in counters else None
    except Exception:  # the other parser may fail as it likes: then it has no say
        return None


def _rows_of_geopackage(path: Path) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as base:
        (table,) = base.execute("select table_name from gpkg_contents where data_type = 'features'").fetchone()
        return len(base.execute(f'select * from "{table}"').fetchall())


def _wounded(data: bytes, draw: random.Random, *, whole: bool) -> bytes:
    if whole:
        for _ in range(draw.randint(1, 3)):
            data = _wound(data, draw)
        return data
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        hit = draw.randrange(len(old.namelist()))
        for number, name in enumerate(old.namelist()):
            content = old.read(name)
            new.writestr(name, _wounded(content, draw, whole=True) if number == hit else content)
    return out.getvalue()


def _wound(data: bytes, draw: random.Random) -> bytes:
    at, length = draw.randrange(len(data) + 1), draw.randint(1, 60)
    match draw.choice(["cut", "put", "put", "flip", "flip", "swap", "end", "twice"]):
        case "cut":
            return data[:at] + data[at + length :]
        case "put":
            return data[:at] + draw.choice(_TOKENS) + data[at + draw.randint(0, 2) :]
        case "flip":
            return data[:at] + bytes(byte ^ 1 << draw.randrange(8) for byte in data[at : at + 1]) + data[at + 1 :]
        case "swap":
            return data[:at] + data[at + length : at + 2 * length] + data[at : at + length] + data[at + 2 * length :]
        case "twice":
            return data[: at + length] + data[at:]
    return data[:at]
