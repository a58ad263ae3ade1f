"""Conversion of the offset datums of Chinese web maps, GCJ-02 and BD-09, 300-800 m off CGCS2000.

The offset is the published formula (a = 6378245 m, e² = 0.00669342162296594323); its inverse is iterated.
"""

import numpy as np

from cdgis.core.array_types import FloatArray

_GCJ_A = 6378245.0
_GCJ_EE = 0.00669342162296594323
_BD_PI = np.pi * 3000.0 / 180.0


def _gcj_offset(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    x, y = lon - 105.0, lat - 35.0
    wave = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + wave
    d_lat += (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    d_lat += (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + wave
    d_lon += (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    d_lon += (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    magic = 1 - _GCJ_EE * np.sin(np.radians(lat)) ** 2
    d_lat = np.degrees(d_lat * magic * np.sqrt(magic) / (_GCJ_A * (1 - _GCJ_EE)))
    d_lon = np.degrees(d_lon * np.sqrt(magic) / (_GCJ_A * np.cos(np.radians(lat))))
    return d_lon, d_lat


def cgcs2000_to_gcj02(lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return GCJ-02 coordinates of CGCS2000/WGS84 ones, degrees (the published offset formula)."""
    lon, lat = np.asarray(lon_deg, dtype=float), np.asarray(lat_deg, dtype=float)
    d_lon, d_lat = _gcj_offset(lon, lat)
    return lon + d_lon, lat + d_lat


def gcj02_to_cgcs2000(lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return CGCS2000 coordinates of GCJ-02 ones, degrees; fixed-point iteration, residual below 1e-9°."""
    target_lon, target_lat = np.asarray(lon_deg, dtype=float), np.asarray(lat_deg, dtype=float)
    lon, lat = target_lon.copy(), target_lat.copy()
    for _ in range(12):
        d_lon, d_lat = _gcj_offset(lon, lat)
        lon, lat = target_lon - d_lon, target_lat - d_lat
    return lon, lat


def bd09_to_cgcs2000(lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return CGCS2000 coordinates of BD-09 ones, degrees (BD-09 to GCJ-02, then as above)."""
    target_lon, target_lat = np.asarray(lon_deg, dtype=float), np.asarray(lat_deg, dtype=float)
    lon, lat = target_lon - 0.0065, target_lat - 0.006
    for _ in range(12):
        back_lon, back_lat = gcj02_to_bd09(lon, lat)
        lon, lat = lon + target_lon - back_lon, lat + target_lat - back_lat
    return gcj02_to_cgcs2000(lon, lat)


def gcj02_to_bd09(lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return BD-09 coordinates of GCJ-02 ones, degrees."""
    lon, lat = np.asarray(lon_deg, dtype=float), np.asarray(lat_deg, dtype=float)
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_PI)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_PI)
    return radius * np.cos(theta) + 0.0065, radius * np.sin(theta) + 0.006
