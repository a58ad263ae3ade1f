"""How is a site file written so that the same sites always give the same bytes? (SHP, GeoPackage, GeoJSON, KML)

Features come as (id, name, geometry) in CGCS2000 degrees.
"""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry
from site_files_tables import pack

Feature = tuple[str, str, BaseGeometry]

PLANE_DECIMALS = 3
"""Gauss-Krueger coordinates are written to the millimetre."""

FIXED_DATE = "2026-11-01"


def to_plane(geometry: BaseGeometry, crs: int) -> BaseGeometry:
    """Return the geometry in `crs`, x = easting or longitude; metres rounded to 1 mm."""
    if crs == 4490:
        return geometry
    move = Transformer.from_crs(4490, crs, always_xy=True).transform
    return shapely.transform(geometry, lambda xy: np.column_stack(move(xy[:, 0], xy[:, 1])).round(PLANE_DECIMALS))


def _frame(features: Sequence[Feature], crs: int) -> gpd.GeoDataFrame:
    data = {"XMBH": [f[0] for f in features], "XMMC": [f[1] for f in features]}
    return gpd.GeoDataFrame(data, geometry=[to_plane(f[2], crs) for f in features], crs=crs)


def write_zipped_shapefile(path: Path, features: Sequence[Feature], *, crs: int, prj: bool) -> None:
    """Write a zip with a GBK shapefile and no .cpg, as most offices hand them over; `prj` False drops the .prj."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{path.stem}.shp"
        options = {"DBF_DATE_LAST_UPDATE": FIXED_DATE}
        _frame(features, crs).to_file(target, engine="pyogrio", encoding="GBK", layer_options=options)
        wanted = [".dbf", ".prj", ".shp", ".shx"] if prj else [".dbf", ".shp", ".shx"]
        members = {f"{path.stem}{ext}": target.with_suffix(ext).read_bytes() for ext in wanted}
    path.write_bytes(pack(members))


def write_geopackage(path: Path, features: Sequence[Feature], *, crs: int) -> None:
    """Write a GeoPackage whose last_change is the workspace's date, not the clock."""
    path.unlink(missing_ok=True)
    before = os.environ.get("OGR_CURRENT_DATE")
    os.environ["OGR_CURRENT_DATE"] = f"{FIXED_DATE}T00:00:00.000Z"
    try:
        _frame(features, crs).to_file(path, layer="sites", engine="pyogrio")
    finally:
        if before is None:
            del os.environ["OGR_CURRENT_DATE"]
        else:
            os.environ["OGR_CURRENT_DATE"] = before


def write_geojson(path: Path, features: Sequence[Feature]) -> None:
    """Write GeoJSON with the CRS named and every digit of the coordinates."""
    items = [
        {
            "type": "Feature",
            "properties": {"项目编号": key, "项目名称": name},
            "geometry": shapely.geometry.mapping(geometry),
        }
        for key, name, geometry in features
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    document = {"type": "FeatureCollection", "crs": crs, "features": items}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


_KML_DATUM = '<ExtendedData><Data name="坐标系"><value>CGCS2000</value></Data></ExtendedData>'
"""KML says WGS84 whatever the coordinates are on; these are synthetic and state what they are."""


def write_kml(path: Path, features: Sequence[Feature]) -> None:
    """Write KML 2.2; names are escaped, geometry is polygon or line, the datum is stated."""
    marks = "\n".join(_placemark(name, geometry) for _, name, geometry in features)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
    path.write_text(f"{head}<name>{escape(path.stem)}</name>\n{marks}\n</Document></kml>\n", encoding="utf-8")


def _placemark(name: str, geometry: BaseGeometry) -> str:
    if geometry.geom_type == "LineString":
        body = f"<LineString>{_coordinates(geometry)}</LineString>"
    else:
        ring = f"<LinearRing>{_coordinates(geometry.exterior)}</LinearRing>"
        body = f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>"
    return f"<Placemark><name>{escape(name)}</name>{_KML_DATUM}{body}</Placemark>"


def _coordinates(line: BaseGeometry) -> str:
    return "<coordinates>" + " ".join(f"{x},{y},0" for x, y in line.coords) + "</coordinates>"
