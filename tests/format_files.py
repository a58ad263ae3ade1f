"""One outline in the formats beside those of `ring_files`: as programs export it, with what has to be said beside the file."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import shapely
from drawings import write_dxf, write_gdb, zip_folder
from ring_files import kml, kml_polygon, labels, ring_of
from shapely.geometry.base import BaseGeometry
from shapes import in_crs, write_layer, zip_files, zip_shapefile
from xls_files import write_xls

Forms = dict[str, tuple[Path, dict[str, str]]]
SAID, DRAWN = {"crs": "CGCS2000"}, {"crs": "EPSG:4548"}


def further_forms(folder: Path, parcel: BaseGeometry) -> Forms:
    """Return {what it is: (file, options)}: one parcel in every further format, as land, as a line, as points."""
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {**_frames(folder, parcel), **_archives(folder, parcel), **_texts(folder, parcel), **_measured(folder, parcel)}


def _frames(folder: Path, parcel: BaseGeometry) -> Forms:
    line = shapely.LineString(ring_of(parcel))
    forms: Forms = {}
    for word, shape in (("面", parcel), ("线", line)):
        frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[shape], crs=4490)
        for suffix, epsg in ((".fgb", 4490), (".gml", 4527), (".parquet", 4548)):
            path = folder / f"{word}{suffix}"
            moved = frame.to_crs(epsg)
            moved.to_parquet(path) if suffix == ".parquet" else moved.to_file(path)
            forms[f"{suffix[1:]} {word}"] = (path, {})
    for drawn in ("line", "polyline", "hatch"):
        path = write_dxf(folder / f"{drawn}.dxf", {"红线": [parcel]}, draw=drawn)
        forms[f"dxf {drawn}"] = (path, {**DRAWN, "geometry_kind": "polygon"})
    return forms


def _archives(folder: Path, parcel: BaseGeometry) -> Forms:
    frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[parcel], crs=4490).to_crs(4548)
    forms: Forms = {}
    for suffix, parts in ((".tab", (".tab", ".dat", ".map", ".id")), (".mif", (".mif", ".mid"))):
        frame.to_file(folder / f"m{suffix}", driver="MapInfo File")
        members = {f"m{part}": folder / f"m{part}" for part in parts}
        forms[f"{suffix[1:]} zip"] = (zip_files(folder / f"m{suffix}.zip", members), DRAWN)
    inner = zip_shapefile(folder / "shp.zip", write_layer(folder / "内" / "甲.shp", [parcel], {"name": ["甲"]}, epsg=4527))
    forms["shp zip"] = (inner, {})
    forms["shp 两层 zip"] = (zip_files(folder / "外.zip", {"shp.zip": inner}), {})
    forms["gdb zip"] = (zip_folder(folder / "库.gdb.zip", write_gdb(folder / "a.gdb", {"parcels": [parcel]}), inside="a.gdb/"), {})
    return forms


def _texts(folder: Path, parcel: BaseGeometry) -> Forms:
    ring = ring_of(parcel)
    document = kml(folder / "甲.ovkml", kml_polygon(ring))
    track = "".join(f'<trkpt lat="{y!r}" lon="{x!r}"/>' for x, y in ring)
    pins = "".join(f'<wpt lat="{y!r}" lon="{x!r}"><name>{name}</name></wpt>' for name, (x, y) in zip(labels(ring), ring[:-1], strict=False))
    feature = {"type": "Feature", "properties": {"name": "甲"}, "geometry": shapely.geometry.mapping(parcel)}
    return {
        "ovkml": (document, SAID),
        "kmz": (zip_files(folder / "甲.kmz", {"doc.kml": document}), SAID),
        "gpx 轨迹": (_gpx(folder / "轨迹.gpx", f"<trk><trkseg>{track}</trkseg></trk>"), SAID),
        "gpx 航点，写明面": (_gpx(folder / "航点.gpx", pins), {**SAID, "geometry_kind": "polygon"}),
        "geojsonl": (_json(folder / "甲.geojsonl", feature), SAID),
        "esri json": (_json(folder / "甲.json", _esri(parcel)), {}),
    }


def _gpx(path: Path, body: str) -> Path:
    path.write_text(f'<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">{body}</gpx>', encoding="utf-8")
    return path


def _json(path: Path, document: Mapping[str, object]) -> Path:
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def _esri(parcel: BaseGeometry) -> dict[str, object]:
    rings = [[list(xy) for xy in reversed(ring_of(parcel))]]
    return {"spatialReference": {"wkid": 4490}, "features": [{"attributes": {"name": "甲"}, "geometry": {"rings": rings}}]}


def _measured(folder: Path, parcel: BaseGeometry) -> Forms:
    zoned, bare = ring_of(in_crs(parcel, 4527)), ring_of(in_crs(parcel, 4548))
    degrees = [[label, *xy] for label, xy in zip(labels(zoned), ring_of(parcel), strict=True)]
    forms: Forms = {"xls 拐点表": (write_xls(folder / "拐点.xls", [["拐点号", "经度", "纬度"], *degrees]), SAID)}
    for word, ring, form, given in (
        ("带号", zoned, "J{}", SAID), ("无带号", bare, "J{}", DRAWN), ("编号，写明面", zoned, "{}", {**SAID, "geometry_kind": "polygon"}),
    ):  # fmt: skip
        rows = [f"{label},,{x:.4f},{y:.4f},500" for label, (x, y) in zip(labels(ring[:-1], form), ring[:-1], strict=True)]
        path = folder / f"{word}.dat"
        path.write_bytes("\r\n".join(rows).encode("gbk"))
        forms[f"dat {word}"] = (path, given)
    return forms
