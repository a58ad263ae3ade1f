"""Numbers that are Web Mercator metres (EPSG:3857), as web maps export them: where they lie, and what to do about them."""

import numpy as np

from cdgis.readers.coordinates import CHINA_BOX, Box, within

REPROJECT_WEB = "是网页墨卡托的，请在 GIS 软件中从 EPSG:3857 转换（投影）到 CGCS2000 经纬度（EPSG:4490）后提交；不要用 --crs 改写，位置会错"
_WEB_RADIUS_M, _WEB_EDGE_M = 6378137.0, 2.1e7
"""Web Mercator's sphere, and beyond its edges."""


def web_mercator_lonlat(bounds: Box) -> tuple[float, float] | None:
    """Return the longitude and latitude, degrees, of bounds that lie in China when read as Web Mercator, or None."""
    x, y = np.array(bounds[::2]), np.array(bounds[1::2])
    if not (np.isfinite(bounds).all() and (np.abs((x, y)) < _WEB_EDGE_M).all()):
        return None
    lon, lat = np.degrees(x / _WEB_RADIUS_M), np.degrees(np.arctan(np.sinh(y / _WEB_RADIUS_M)))
    return (float(lon[0]), float(lat[0])) if within(CHINA_BOX, lon[0], lat[0], lon[1], lat[1]) else None
