"""One good file of every format, all of one parcel, and a workspace to read mutations of them in."""

import json
import sys
import warnings
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import geopandas as gpd
import shapely
from drawings import write_dxf
from shapes import PARCEL, boundary_lines, boundary_text, in_crs, workspace, write_geojson, write_layer, zip_shapefile

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.workspace.settings import Workspace

AREA_M2 = float(survey_area_m2([PARCEL])[0])


def small_workspace(folder: Path) -> Workspace:
    """Return an empty workspace in `folder`."""
    return workspace(folder)


def samples(folder: Path) -> dict[str, bytes]:
    """Return {file name: bytes} of one good file a format."""
    made = folder / "good"
    made.mkdir()
    write_geojson(made / "a.geojson", [(PARCEL, {"name": "甲"})], crs="EPSG:4490")
    feature = {"type": "Feature", "properties": {"name": "甲"}, "geometry": shapely.geometry.mapping(PARCEL), "crs": "EPSG:4490"}
    (made / "a.geojsonl").write_text(json.dumps(feature, ensure_ascii=False), encoding="utf-8")
    rings = [[list(point) for point in ring.coords] for ring in (PARCEL.exterior, *PARCEL.interiors)]
    esri = {"spatialReference": {"wkid": 4490}, "features": [{"attributes": {"name": "甲"}, "geometry": {"rings": rings}}]}
    (made / "b.json").write_text(json.dumps(esri, ensure_ascii=False), encoding="utf-8")
    write_layer(made / "a.gpkg", [PARCEL])
    zip_shapefile(made / "a.zip", write_layer(folder / "shp" / "a.shp", [PARCEL], epsg=4527))
    (made / "a.txt").write_text(boundary_text(boundary_lines(in_crs(PARCEL, 4527))), encoding="utf-8")
    (made / "a.csv").write_text(f"名称,WKT,坐标系\n甲,\"{PARCEL.wkt}\",CGCS2000\n", encoding="gb18030")
    body = "".join(
        f"<{side}><LinearRing><coordinates>{' '.join(f'{x},{y}' for x, y in ring.coords)}</coordinates></LinearRing></{side}>"
        for side, ring in (("outerBoundaryIs", PARCEL.exterior), ("innerBoundaryIs", PARCEL.interiors[0]))
    )
    kml = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>甲</name><Polygon>{body}</Polygon></Placemark></kml>'
    for suffix in ("kml", "ovkml"):
        (made / f"a.{suffix}").write_text(kml, encoding="utf-8")
    with zipfile.ZipFile(made / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", kml)
    write_dxf(made / "a.dxf", {"红线": [PARCEL]}, epsg=4548)
    frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[PARCEL], crs=4490)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(made / "a.fgb")
        frame.to_file(made / "a.gml")
        frame.to_parquet(made / "a.parquet")
    parts = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".xsd", ".gfs")
    return {path.name: path.read_bytes() for path in sorted(made.iterdir()) if path.suffix not in parts}
