"""Detection of shifted coordinates (GCJ-02, BD-09), and their places in CGCS2000.

A shift is applied only when somebody declared it, or when at least `LEAST_ROWS` rows fall into the county or park
they state only after conversion, fewer fall out of it, and no other shift explains them as well. Otherwise the
datum stays undeclared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import shapely
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.geometry.geodesy import bd09_to_cgcs2000, gcj02_to_cgcs2000
from cdgis.readers.coordinates import Datum

LEAST_ROWS = 20
_SHORTEST_NAME = 2



class _Conversion(Protocol):
    def __call__(self, lon_deg: FloatArray, lat_deg: FloatArray) -> tuple[FloatArray, FloatArray]: ...


CONVERSIONS: Mapping[Datum, _Conversion] = {"gcj02": gcj02_to_cgcs2000, "bd09": bd09_to_cgcs2000}
"""Shifted datum -> its conversion to CGCS2000 longitude and latitude, degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a datum counts as evident."""

    datum: Datum
    gained: int
    """Rows inside their stated place only after conversion."""
    lost: int
    """Rows inside it only before conversion."""


def to_cgcs2000(lon: FloatArray, lat: FloatArray, datum: Datum) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes in CGCS2000, degrees; unshifted datums come back unchanged."""
    convert = CONVERSIONS.get(datum)
    return (lon, lat) if convert is None else convert(lon, lat)


def to_cgcs2000_shapes(shapes: GeometryArray, datum: Datum) -> GeometryArray:
    """Return shapes in degrees moved to CGCS2000, all at once; those of unshifted datums come back unchanged."""
    if datum not in CONVERSIONS:
        return shapes
    return np.asarray(shapely.transform(shapes, lambda xy: np.column_stack(to_cgcs2000(xy[:, 0], xy[:, 1], datum))))


def evident_datum(
    lon: FloatArray, lat: FloatArray, stated: Sequence[Sequence[str]], places: GeoDataFrame | None
) -> Evidence | None:
    """Return the shifted datum that the rows' stated places prove, or None.

    Parameters
    ----------
    lon, lat : degrees, one per row, datum undeclared.
    stated : for each row, the names of the county and park it claims to lie in.
    places : zone_name and polygons, EPSG:4490.
    """
    if places is None or len(lon) < LEAST_ROWS:
        return None
    rows, shapes = _claims(stated, places)
    before = shapely.covers(shapes, shapely.points(lon[rows], lat[rows]))
    found: list[Evidence] = []
    for datum, convert in CONVERSIONS.items():
        after = shapely.covers(shapes, shapely.points(*convert(lon[rows], lat[rows])))
        gained = len(np.unique(rows[after & ~before]))
        lost = len(np.unique(rows[before & ~after]))
        if gained >= LEAST_ROWS and lost < gained:
            found.append(Evidence(datum=datum, gained=gained, lost=lost))
    found.sort(key=lambda evidence: evidence.gained - evidence.lost, reverse=True)
    # when two shifts explain the rows equally well, neither is proved
    tied = len(found) > 1 and found[0].gained - found[0].lost == found[1].gained - found[1].lost
    return found[0] if found and not tied else None


def _claims(
    stated: Sequence[Sequence[str]], places: GeoDataFrame
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    names = [str(name) for name in places["zone_name"]]
    geometries = places.geometry.to_numpy()
    shapely.prepare(geometries)
    pairs = [(row, place) for row, claims in enumerate(stated) for place in places_named(claims, names)]
    rows = np.array([row for row, _ in pairs], dtype=np.int64)
    return rows, np.array([geometries[place] for _, place in pairs], dtype=object)


def places_named(claims: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return indices of the places that a claim names in full or in short (围场 for 围场满族蒙古族自治县)."""
    wanted = [claim for claim in claims if len(claim) >= _SHORTEST_NAME]
    exact = [index for index, name in enumerate(names) if name in wanted]
    short = [index for index, name in enumerate(names) if any(name.startswith(claim) for claim in wanted)]
    return exact or short
