"""How is a derived layer written so that the same input always gives the same bytes?"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from cdgis.geometry.planes import Planes, set_planes

# the derived set is Chengde's: its planes, whichever workspace the scripts are run beside
set_planes(lambda: Planes(lat_ts_deg=41.4, lon_0_deg=117.5))

LAYERS = Path(__file__).resolve().parents[1]
MODIFIED = "2026-11-01T00:00:00Z"
"""GeoPackage keeps a time of change; a fixed one keeps the bytes fixed."""


def write_layer(frame: gpd.GeoDataFrame, path: str) -> gpd.GeoDataFrame:
    """Write `frame` (EPSG:4490) below layers/ and return it; polygon layers become MultiPolygon."""
    target = LAYERS / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    out = frame.copy()
    if (shapely.get_dimensions(out.geometry.to_numpy()) == 2).all():
        out["geometry"] = _multi(out)
    out = out.set_crs("EPSG:4490", allow_override=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": MODIFIED})
    out.to_file(target, driver="GPKG", engine="pyogrio", layer=target.stem, layer_options={"SPATIAL_INDEX": "NO"})
    return out


def _multi(frame: gpd.GeoDataFrame) -> list[shapely.MultiPolygon]:
    parts = [shapely.get_parts(geometry) for geometry in frame.geometry]
    return [shapely.multipolygons(part[shapely.area(part) > 0]) for part in map(np.atleast_1d, parts)]
