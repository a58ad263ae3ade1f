"""Candidate sites of given size on a grid within an area, judged like any site, the best first.

Candidates stand on a grid of the distance plane; those on prohibiting ground are left out, a stated number of the rest
is judged by the same engine, and the best that do not overlap are returned in a written order (see `_ranked`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import FloatArray, GeometryArray, IntArray
from cdgis.core.errors import UsageError
from cdgis.core.vocabulary import ProjectType, Stability, Verdict
from cdgis.geometry import geodesy
from cdgis.judging.extents import both_planes
from cdgis.results.tables.validation import empty, validate
from cdgis.siting.clearance import SETBACK_M, as_written, wkt

_MOST_GRID_POINTS = 40_000
_ORDER = {str(v): i for i, v in enumerate((Verdict.CLEAR, Verdict.CONDITIONAL, Verdict.JUSTIFY, Verdict.UNKNOWN))}
_CRITICAL_STEP_M, _CRITICAL_CAP_M = 100.0, 1000.0
_RECEPTOR_STEP_M, _RECEPTOR_CAP_M = 100.0, 2000.0
_RAILWAY_STEP_M = 1000.0

Judge = Callable[[GeoDataFrame], pd.DataFrame]
"""Judges sites (subject_id, geometry EPSG:4490); returns subject_id, verdict, at_least, stability,
critical_distance_m, receptor_distance_m and railway_distance_m (metres, NaN where not known)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitingRequest:
    """A project in search of a place."""

    industry: str = ""
    project_type: str = str(ProjectType.NEW)
    activity: str = "开发性生产性建设"
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Attribute -> value as text (cdgis/data/attributes.toml)."""
    size_ha: float | None = None
    """Survey area of the upright square to be placed, hectares."""
    shape: BaseGeometry | None = None
    """A polygon (EPSG:4490) to be placed instead of a square, kept upright."""
    count: int = 10
    """How many locations are wanted at most."""
    spacing_m: float = 500.0
    """Distance between candidates, metres."""
    most: int = 600
    """How many candidates are judged at most."""

    def __post_init__(self) -> None:
        if (self.size_ha is None) == (self.shape is None):
            raise UsageError("选址引导须给出用地面积（公顷）或用地形状之一，且只给其一：--size-ha 数值")
        if self.size_ha is not None and not self.size_ha > 0:
            raise UsageError(f"用地面积须大于 0 公顷，读到 {self.size_ha:g}")
        if self.shape is not None and shapely.get_dimensions(self.shape) != 2:
            raise UsageError(f"用地形状须为面，读到 {self.shape.geom_type}")
        if self.count < 1 or self.most < 1 or not self.spacing_m > 0:
            raise UsageError("选址引导的个数、候选数和间距都须大于 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Siting:
    """What a search for locations found."""

    locations: pd.DataFrame
    """Table `locations`."""
    sites: GeoDataFrame
    """subject_id and geometry of the same, EPSG:4490, in order of rank."""
    notes: tuple[str, ...]
    """How many candidates there were, and what was left out (Chinese)."""

    @classmethod
    def none(cls, *notes: str) -> "Siting":
        """Return no location, and why."""
        sites = GeoDataFrame({"subject_id": pd.Series([], dtype=object)}, geometry=[], crs=4490)
        return cls(locations=empty("locations"), sites=sites, notes=notes)


def guide_siting(area: BaseGeometry, request: SitingRequest, judge: Judge, *, keep_off: GeometryArray) -> Siting:
    """Return the best locations within `area` for what is requested.

    Parameters
    ----------
    area : polygon to search, EPSG:4490; a candidate lies wholly within.
    judge : see Judge; called at most once.
    keep_off : ground (EPSG:4490) on which, or within 1 m of which, no candidate is worth judging.

    Returns
    -------
    Locations are numbered by rank; those judged 不符合 are never among them, and 资料不足 comes last.
    """
    shapes, spacing_m = _candidates(area, request)
    free = shapes[_is_free(shapes, keep_off)]
    step = max(1, -(-len(free) // request.most))
    written = [as_written(shape) for shape in geodesy.geometries_from_local(free[::step])]
    notes = (
        f"按 {spacing_m:g} 米间距布设候选位置 {len(shapes)} 个，避开禁止范围的 {len(free)} 个，"
        f"其中判定 {len(written)} 个{'（每 ' + str(step) + ' 个取 1 个）' if step > 1 else ''}",
    )
    if not written:
        return Siting.none(*notes, "没有可供判定的候选位置")
    sites = GeoDataFrame({"subject_id": [f"C{i:05}" for i in range(len(written))]}, geometry=written, crs=4490)
    judged = sites[["subject_id"]].merge(judge(sites), on="subject_id", how="left", validate="one_to_one")
    chosen = _apart(np.asarray(sites.geometry.array, dtype=object), _ranked(judged), request.count)
    return _siting(sites.iloc[chosen], judged.iloc[chosen], notes)


def _candidates(area: BaseGeometry, request: SitingRequest) -> tuple[GeometryArray, float]:
    """Return the candidates wholly within `area` in the distance plane, row by row, and the spacing used."""
    local = both_planes(np.array([area]))[1][0]
    spacing = request.spacing_m
    spacing *= max(1, int(np.ceil(np.sqrt(local.area / spacing**2 / _MOST_GRID_POINTS))))
    x0, y0, x1, y1 = shapely.bounds(local) / spacing
    columns, rows = np.arange(np.floor(x0), np.ceil(x1) + 1), np.arange(np.floor(y0), np.ceil(y1) + 1)
    centres = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2) * spacing
    shapely.prepare(local)
    centres = centres[shapely.contains_xy(local, centres)]
    placed = _square(centres, request.size_ha * 1e4) if request.size_ha else _copies(centres, request.shape)
    return placed[shapely.covers(local, placed)], spacing


def _square(centres: FloatArray, area_m2: float) -> GeometryArray:
    """Return distance-plane squares of a survey area around the centres."""
    half = np.full(len(centres), np.sqrt(area_m2) / 2)
    for _ in range(2):  # the plane's scale varies by 3.2e-4: the second pass leaves nothing to correct
        x, y = centres.T
        placed = shapely.box(x - half, y - half, x + half, y + half)
        half = half * np.sqrt(area_m2 / geodesy.survey_area_m2(geodesy.geometries_from_local(placed)))
    return np.asarray(shapely.box(x - half, y - half, x + half, y + half))


def _copies(centres: FloatArray, shape: BaseGeometry | None) -> GeometryArray:
    """Return copies of an EPSG:4490 shape with their centroids on distance-plane centres."""
    local = geodesy.geometries_to_local(np.array([shape]))[0]
    offset = centres - shapely.get_coordinates(shapely.centroid(local))
    each = np.repeat(offset, int(shapely.get_num_coordinates(local)), axis=0)
    copies = np.full(len(centres), local, dtype=object)
    return np.asarray(shapely.transform(copies, lambda xy: xy + each)) if len(centres) else copies


def _is_free(shapes: GeometryArray, keep_off: GeometryArray) -> npt.NDArray[np.bool_]:
    """Return which distance-plane shapes lie off all EPSG:4490 `keep_off` ground by the setback."""
    free = np.ones(len(shapes), dtype=bool)
    ground = both_planes(np.asarray(keep_off, dtype=object))[1]
    _, shape = shapely.STRtree(shapes).query(ground, predicate="dwithin", distance=SETBACK_M)
    free[shape] = False
    return free


def _ranked(judged: pd.DataFrame) -> IntArray:
    """Return positions of the candidates that may be offered, best first.

    By verdict, then the milder of what an undecided one is at least, then 稳定 before 临界, then by distances in
    steps: critical (100 m, up to 1 km, far first), receptors (100 m, up to 2 km, far first), railway (1 km, near
    first), then as on the grid. Steps keep one metre more of one distance from outweighing a kilometre of the next.
    """
    keys = pd.DataFrame(
        {
            "verdict": judged["verdict"].map(_ORDER),
            "at_least": judged["at_least"].map(_ORDER).fillna(0),
            "critical": judged["stability"] != Stability.STABLE,
            "change": -_steps(judged["critical_distance_m"], _CRITICAL_STEP_M, _CRITICAL_CAP_M),
            "receptor": -_steps(judged["receptor_distance_m"], _RECEPTOR_STEP_M, _RECEPTOR_CAP_M),
            "railway": _steps(judged["railway_distance_m"], _RAILWAY_STEP_M, np.inf),
        }
    ).reset_index(drop=True)
    offered = keys[keys["verdict"].notna()]
    return offered.sort_values(list(keys.columns), kind="stable").index.to_numpy(dtype=np.int64)


def _steps(distance_m: pd.Series, step_m: float, cap_m: float) -> pd.Series:
    """Return distances in whole steps up to a cap; what is not known to be near counts as far."""
    far = distance_m.astype(float).fillna(1e9).clip(upper=cap_m)
    return pd.Series(np.floor(far / step_m), index=distance_m.index)


def _apart(geoms: GeometryArray, order: IntArray, count: int) -> IntArray:
    """Return the first `count` of `order` that do not meet one another."""
    chosen: list[int] = []
    for at in order:  # ends after `count` finds
        if not shapely.intersects(geoms[chosen], geoms[at]).any():
            chosen.append(int(at))
        if len(chosen) == count:
            break
    return np.array(chosen, dtype=np.int64)


def _siting(sites: GeoDataFrame, judged: pd.DataFrame, notes: tuple[str, ...]) -> Siting:
    ids = [f"G{rank:03}" for rank in range(1, len(sites) + 1)]
    found = sites.reset_index(drop=True).assign(subject_id=ids)
    geoms = np.asarray(found.geometry.array, dtype=object)
    centre = shapely.point_on_surface(geoms)
    table = judged.reset_index(drop=True).assign(
        rank=np.arange(1, len(ids) + 1),
        subject_id=ids,
        area_m2=geodesy.survey_area_m2(geoms),
        lon=shapely.get_x(centre).round(7),
        lat=shapely.get_y(centre).round(7),
        wkt=[wkt(shape) for shape in geoms],
    )
    if table.empty:
        notes = (*notes, "判定的候选位置全部为“不符合”")
    return Siting(locations=validate("locations", table), sites=found, notes=notes)
