"""One good file of every format that is read, each of the same two parcels in the small workspace."""

import json
import shutil
import warnings
from pathlib import Path

import geopandas as gpd
import shapely
from drawings import write_dxf, write_gdb, zip_folder
from ring_files import kml_polygon, labels, ring_of
from shapes import (
    boundary_lines,
    boundary_text,
    from_metres,
    in_crs,
    write_geojson,
    write_layer,
    write_xlsx,
    zip_files,
    zip_shapefile,
)
from xls_files import write_xls

HOLED = from_metres(shapely.Polygon([(1200, 100), (1330, 110), (1320, 220), (1190, 200)], [[(1230, 130), (1260, 130), (1260, 160), (1230, 160)]]))
PLAIN = from_metres(shapely.Polygon([(1500, 400), (1620, 410), (1650, 470), (1600, 520), (1490, 500)]))
PARCELS, SHELLS = [HOLED, PLAIN], [shapely.Polygon(HOLED.exterior), PLAIN]
NAMES = ["甲地块", "乙地块"]
DECLARED = {
    **{suffix: {"crs": "CGCS2000"} for suffix in (".kml", ".kmz", ".ovkml", ".gpx", ".geojsonl", ".dat")},
    **dict.fromkeys((".dxf", ".tab", ".mif"), {"crs": "EPSG:4548"}),
}  # fmt: skip
"""Suffix -> what is said on the command line, so that the good file is read without a word wherever that can be."""


def declared_for(name: str) -> dict[str, str]:
    """Return what is declared for a sample, which may be a zip named after what is in it (a.tab.zip)."""
    return next((given for suffix, given in DECLARED.items() if suffix in Path(name).suffixes), {})


def good_files(folder: Path) -> dict[str, bytes]:
    """Return {file name: bytes} of one good file a format."""
    made, beside = folder / "good", folder / "beside"
    made.mkdir(parents=True)
    beside.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _vectors(made, beside)
    _texts(made)
    _tables(made)
    shutil.rmtree(beside)
    return {path.name: path.read_bytes() for path in sorted(made.glob("a.*")) if path.suffix not in (".xsd", ".gfs")}


def _vectors(made: Path, beside: Path) -> None:
    fields = {"name": NAMES}
    write_layer(made / "a.gpkg", PARCELS, fields)
    zip_shapefile(made / "a.shp.zip", write_layer(beside / "shp" / "a.shp", PARCELS, fields, epsg=4527))
    write_gdb(beside / "a.gdb", {"parcels": PARCELS}, fields)
    zip_folder(made / "a.gdb.zip", beside / "a.gdb", inside="a.gdb/")
    frame = gpd.GeoDataFrame(fields, geometry=PARCELS, crs=4490)
    frame.to_file(made / "a.fgb")
    frame.to_file(made / "a.gml")
    frame.to_parquet(made / "a.parquet")
    for suffix, parts in ((".tab", (".tab", ".dat", ".map", ".id")), (".mif", (".mif", ".mid"))):
        frame.to_crs(4548).to_file(beside / f"m{suffix}", driver="MapInfo File")
        zip_files(made / f"a{suffix}.zip", {f"m{part}": beside / f"m{part}" for part in parts})
    write_dxf(made / "a.dxf", {name: [shape] for name, shape in zip(NAMES, PARCELS, strict=True)})


def _texts(made: Path) -> None:
    rows = list(zip(NAMES, PARCELS, strict=True))
    write_geojson(made / "a.geojson", [(shape, {"name": name}) for name, shape in rows], crs="EPSG:4490")
    lines = [
        json.dumps({"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(shape)}, ensure_ascii=False)
        for name, shape in rows
    ]
    (made / "a.geojsonl").write_text("\n".join(lines), encoding="utf-8")
    esri = [
        {"attributes": {"name": name}, "geometry": {"rings": [[list(xy) for xy in ring.coords] for ring in (shape.exterior, *shape.interiors)]}}
        for name, shape in rows
    ]
    (made / "a.json").write_text(json.dumps({"spatialReference": {"wkid": 4490}, "features": esri}, ensure_ascii=False), encoding="utf-8")
    blocks = [boundary_lines(in_crs(shape, 4527)) for shape in PARCELS]
    heads = [f"{len(block)},,DK{at},{NAMES[at]},面,,,,@" for at, block in enumerate(blocks)]
    (made / "a.txt").write_text(boundary_text([*blocks[0], heads[1], *blocks[1]], header=heads[0]), encoding="utf-8")
    marks = "".join(f"<Placemark><name>{name}</name>{_kml_shape(shape)}</Placemark>" for name, shape in rows)
    kml = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'
    for suffix in ("kml", "ovkml"):
        (made / f"a.{suffix}").write_text(kml, encoding="utf-8")
    zip_files(made / "a.kmz", {"doc.kml": kml.encode()})
    tracks = "".join(f"<trk><name>{name}</name><trkseg>{_track(shape)}</trkseg></trk>" for name, shape in zip(NAMES, SHELLS, strict=True))
    (made / "a.gpx").write_text(f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{tracks}</gpx>', encoding="utf-8")


def _track(shape: shapely.Polygon) -> str:
    return "".join(f'<trkpt lat="{y!r}" lon="{x!r}"/>' for x, y in ring_of(shape))


def _kml_shape(shape: shapely.Polygon) -> str:
    inner = "".join(
        "<innerBoundaryIs><LinearRing><coordinates>" + " ".join(f"{x!r},{y!r}" for x, y in hole.coords)
        + "</coordinates></LinearRing></innerBoundaryIs>" for hole in shape.interiors
    )  # fmt: skip
    return kml_polygon(ring_of(shape)).replace(",0 ", " ").replace(",0<", "<").replace("</Polygon>", f"{inner}</Polygon>")


def _tables(made: Path) -> None:
    table = [["名称", "WKT", "坐标系"], *([name, shape.wkt, "CGCS2000"] for name, shape in zip(NAMES, PARCELS, strict=True))]
    (made / "a.csv").write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in table), encoding="gb18030")
    write_xlsx(made / "a.xlsx", {"表": table})
    ring = ring_of(in_crs(PLAIN, 4527))
    degrees = [[label, *xy] for label, xy in zip(labels(ring), ring_of(PLAIN), strict=True)]
    write_xls(made / "a.xls", [["界址点号", "经度", "纬度", "坐标系"], *([*row, "CGCS2000"] for row in degrees)])
    points = [f"{label},,{x:.3f},{y:.3f},500" for label, (x, y) in zip(labels(ring), ring, strict=True)]
    (made / "a.dat").write_text("\r\n".join(points), encoding="gbk")
