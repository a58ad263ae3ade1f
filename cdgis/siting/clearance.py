"""The part of a site clear of obstacles, and the smallest move that clears it: plane geometry, no rules.

Obstacles are widened by a setback in the distance plane (transverse Mercator metres). The clear part is
site − obstacles on the measuring plane, so that it and the remainder add up. The shift is the first clear point of a
polar grid (10 m × 5°), met ring by ring, then refined inwards: no clear point of the grid is nearer by over 10 m.
"""


from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.geometry import geodesy
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.geometry.shapes import densified
from cdgis.judging.extents import both_planes, cut_ground

SETBACK_M = 1.0
RING_STEP_M = 10.0
BEARING_STEP_DEG = 5.0
WKT_DECIMALS = 12
"""1e-12 degrees are 0.1 µm: areas of a written shape still add up to 1e-3 m²."""

_LEAST_AREA_M2 = 1.0
_MITRE = 2.0
_GRAZE_M = 0.02
"""Obstacles are taken this much smaller where no setback is asked: touching is not hitting."""
_HALVINGS = 14
"""Two rings halved so often are 1 mm."""
_BEST_BEARINGS = 6
_CANDIDATE_VERTICES = 2_000_000
_SAMPLE = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstruction:
    """Ground to keep clear of, in the distance plane."""

    wide: BaseGeometry
    """Obstacles with the setback around them."""
    bare: BaseGeometry
    """Obstacles alone, less what counts as touching."""

    @classmethod
    def of(cls, zones: GeometryArray, *, setback_m: float = SETBACK_M) -> "Obstruction":
        """Return the obstruction by EPSG:4490 `zones` of any kind, kept off by `setback_m` metres."""
        solid, thin = ObstacleUnions().of(zones)
        bare = shapely.union_all([shapely.buffer(solid, -_GRAZE_M, join_style="mitre"), thin])
        wide = widened(solid, thin, setback_m=setback_m)
        shapely.prepare([wide, bare])
        return cls(wide=wide, bare=bare)


class ObstacleUnions:
    """Zones as shapes to be cut away; asked again for some of the same ones, it has each in the plane, and each union of them."""

    def __init__(self) -> None:
        self._local: dict[int, tuple[BaseGeometry, BaseGeometry]] = {}
        """By the zone's identity: itself, held so that no other takes its place, and what it is in the plane."""
        self._solid: dict[tuple[int, ...], BaseGeometry] = {}

    def of(self, zones: GeometryArray) -> tuple[BaseGeometry, BaseGeometry]:
        """Return the areas of EPSG:4490 `zones` as one shape in the distance plane, and its points and lines as hair-thin ones."""
        asked = list(zones)
        if new := [zone for zone in asked if id(zone) not in self._local]:
            laid_out = cut_ground(np.array(new, dtype=object))
            self._local.update((id(zone), (zone, local)) for zone, local in zip(new, laid_out, strict=True))
        local = np.array([self._local[id(zone)][1] for zone in asked], dtype=object)
        areal = shapely.get_dimensions(local) == 2
        key = tuple(id(zone) for zone, is_area in zip(asked, areal.tolist(), strict=True) if is_area)
        if key not in self._solid:
            self._solid[key] = shapely.union_all(local[areal])
        return self._solid[key], shapely.buffer(shapely.union_all(local[~areal]), _GRAZE_M / 2)


def widened(solid: BaseGeometry, thin: BaseGeometry, *, setback_m: float = SETBACK_M) -> BaseGeometry:
    """Return obstacles with the setback around them, distance plane."""
    return shapely.buffer(shapely.union_all([solid, thin]), setback_m, join_style="mitre", mitre_limit=_MITRE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A site moved as it is."""

    geometry: BaseGeometry
    """EPSG:4490."""
    distance_m: float
    """Geodesic, of the site's centre."""
    bearing_deg: float
    """Clockwise from true north, in [0, 360)."""
    set_back: bool
    """False where only a passage too narrow for the setback is within reach."""


def as_written(geometry: BaseGeometry) -> BaseGeometry:
    """Return an EPSG:4490 geometry exactly as its WKT with WKT_DECIMALS decimals will be read again."""
    return shapely.from_wkt(wkt(geometry))


def wkt(geometry: BaseGeometry) -> str:
    """Return the WKT of an EPSG:4490 geometry with WKT_DECIMALS decimals."""
    return str(shapely.to_wkt(geometry, rounding_precision=WKT_DECIMALS))


def largest_clear_part(site: BaseGeometry, obstruction: Obstruction) -> BaseGeometry | None:
    """Return the largest connected part of a polygon site (EPSG:4490) off the widened obstacles, None below 1 m²."""
    wide = geodesy.geometries_from_local(densified(np.array([obstruction.wide]), geodesy.MAX_EDGE_M))
    (plane,), (obstacles,) = (valid_on_plane(shape)[0] for shape in (np.array([site]), wide))
    parts = shapely.get_parts(shapely.difference(plane, obstacles))
    parts = parts[shapely.get_dimensions(parts) == 2]
    if not len(parts):
        return None
    best = parts[np.argmax(shapely.area(parts))]
    if shapely.area(best) < _LEAST_AREA_M2:
        return None
    return as_written(geodesy.geometries_from_plane(np.array([best]))[0])


def smallest_shift(site: BaseGeometry, obstruction: Obstruction, *, radius_m: float) -> Shift | None:
    """Return the smallest translation up to `radius_m` that clears a site (EPSG:4490), None when there is none.

    Kept off by the setback, unless a passage too narrow for it is nearer by more than a ring (10 m).
    """
    _, local = both_planes(np.array([site]))
    search = _Search(local[0], obstruction)
    found = search.first_ring(radius_m)
    if found is None:
        return None
    radius, bearings, set_back = found
    if set_back:
        radius, bearing = search.refined(radius, bearings)
    else:
        bearing = float(bearings[0])
    offset = radius * np.array([np.sin(np.radians(bearing)), np.cos(np.radians(bearing))])
    moved = shapely.transform(geodesy.geometries_to_local(np.array([site])), lambda xy: xy + offset)
    geometry = as_written(geodesy.geometries_from_local(moved)[0])
    distance_m, bearing_deg = _displacement(site, geometry)
    return Shift(geometry=geometry, distance_m=distance_m, bearing_deg=bearing_deg, set_back=set_back)


class _Search:
    """Translations of one site in the distance plane, tested many at a time."""

    def __init__(self, site_local: BaseGeometry, obstruction: Obstruction) -> None:
        self._site = site_local
        self._vertices = int(shapely.get_num_coordinates(site_local))
        self._obstruction = obstruction
        shapely.prepare(site_local)

    def clear(self, radius_m: FloatArray, bearing_deg: FloatArray, *, wide: bool) -> npt.NDArray[np.bool_]:
        """Return which translations bring the site off the obstacles."""
        obstacle = self._obstruction.wide if wide else self._obstruction.bare
        angle = np.radians(bearing_deg)
        offsets = np.column_stack([radius_m * np.sin(angle), radius_m * np.cos(angle)])
        hit = self._surely_hits(obstacle, offsets)
        rest, chunk = np.flatnonzero(~hit), max(1, _CANDIDATE_VERTICES // self._vertices)
        for i in range(0, len(rest), chunk):
            hit[rest[i : i + chunk]] = self._hits(obstacle, offsets[rest[i : i + chunk]])
        return ~hit

    def _surely_hits(self, obstacle: BaseGeometry, offsets: FloatArray) -> npt.NDArray[np.bool_]:
        """Return where a few points of one lie inside the other: cheap, and most of a ring falls to it."""
        hit = np.zeros(len(offsets), dtype=bool)
        for area, points, sign in (obstacle, _sample(self._site), 1), (self._site, _sample(obstacle), -1):
            if shapely.get_dimensions(area) == 2:
                placed = points[None, :, :] + sign * offsets[:, None, :]
                hit |= shapely.contains_xy(area, placed[..., 0], placed[..., 1]).any(axis=1)
        return hit

    def _hits(self, obstacle: BaseGeometry, offsets: FloatArray) -> npt.NDArray[np.bool_]:
        each = np.repeat(offsets, self._vertices, axis=0)
        moved = shapely.transform(np.full(len(offsets), self._site, dtype=object), lambda xy: xy + each)
        return np.asarray(shapely.intersects(obstacle, moved))

    def first_ring(self, radius_m: float) -> tuple[float, FloatArray, bool] | None:
        """Return the first ring with a clear bearing: its radius, the clear bearings, and whether set back."""
        bearings = np.arange(0.0, 360.0, BEARING_STEP_DEG)
        narrow: tuple[float, FloatArray, bool] | None = None
        rings = np.append(np.arange(RING_STEP_M, radius_m, RING_STEP_M), radius_m)
        for radius in rings:
            if narrow is not None and radius > narrow[0] + RING_STEP_M:
                return narrow
            open_ = bearings[self.clear(np.full(len(bearings), radius), bearings, wide=False)]
            if not len(open_):
                continue
            free = open_[self.clear(np.full(len(open_), radius), open_, wide=True)]
            if len(free):
                return float(radius), free, True
            narrow = narrow or (float(radius), open_, False)
        return narrow

    def refined(self, radius_m: float, bearings: FloatArray) -> tuple[float, float]:
        """Return the smallest clear radius near some clear bearings of a ring, and its bearing."""
        radii, kept = self._inwards(radius_m, bearings, 2 * RING_STEP_M)
        best = kept[np.lexsort((kept, radii))][:_BEST_BEARINGS]
        reach = radius_m
        for step, back in (BEARING_STEP_DEG / 10, 2 * RING_STEP_M), (BEARING_STEP_DEG / 100, RING_STEP_M / 5):
            around = np.unique(np.round(np.add.outer(best, step * np.arange(-10, 11)).ravel(), 6))
            radii, kept = self._inwards(reach, around, back)
            first = np.lexsort((kept, np.round(radii, 3)))[0]
            best, reach = kept[[first]], float(radii[first])
        return reach, float(best[0])

    def _inwards(self, radius_m: float, bearings: FloatArray, back_m: float) -> tuple[FloatArray, FloatArray]:
        """Return by bisection, for each bearing clear at `radius_m`, a clear radius at most `back_m` nearer."""
        kept = bearings[self.clear(np.full(len(bearings), radius_m), bearings, wide=True)]
        high = np.full(len(kept), radius_m)
        low = np.full(len(kept), max(0.0, radius_m - back_m))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            ok = self.clear(middle, kept, wide=True)
            high, low = np.where(ok, middle, high), np.where(ok, low, middle)
        return high, kept


def _sample(geometry: BaseGeometry) -> FloatArray:
    """Return some of a geometry's vertices, evenly along it."""
    points = shapely.get_coordinates(geometry)
    return np.asarray(points[:: max(1, len(points) // _SAMPLE)])


def _displacement(before: BaseGeometry, after: BaseGeometry) -> tuple[float, float]:
    """Return how far (geodesic metres) and in which direction (degrees from true north) a site's centre moved."""
    ends = geodesy.geometries_from_local(shapely.centroid(geodesy.geometries_to_local(np.array([before, after]))))
    (lon0, lon1), (lat0, lat1) = shapely.get_x(ends), shapely.get_y(ends)
    middle = (lat0 + lat1) / 2
    whole, east, north = geodesy.geodesic_distance_m(
        np.array([lon0, lon0, lon0]),
        np.array([lat0, middle, lat0]),
        np.array([lon1, lon1, lon0]),
        np.array([lat1, middle, lat1]),
    )
    bearing = np.degrees(np.arctan2(np.copysign(east, lon1 - lon0), np.copysign(north, lat1 - lat0))) % 360
    return float(whole), float(bearing)
