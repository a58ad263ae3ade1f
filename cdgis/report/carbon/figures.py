"""Growth curves and carbon densities as plain vector paths in pixels; every number comes from a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray
from cdgis.core.number_format import legend_bound
from cdgis.core.vocabulary import CurveRole
from cdgis.geometry.map_frame import View
from cdgis.geometry.projections import WEB_MERCATOR, forward
from cdgis.raster.map_overlay import Overlay
from cdgis.report.drawing.palette import read_palette
from cdgis.report.drawing.paths import paths_of
from cdgis.workspace.layers import Layers

CURVE_PX = (430, 250)
MAP_PX = (430, 400)
_PICTURE_WIDTH_PX = 900.0
_LEFT, _BOTTOM, _TOP, _RIGHT = 40.0, 30.0, 10.0, 8.0
_SHADES = ("#edf5e1", "#c2dfa6", "#8fc27a", "#4f9a55", "#1f6b3a")
_PALE = "#f0f1f2"
"""Colour of a growth method."""
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a growth chart."""

    method: str
    path: str
    colour: str
    role: str
    source: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthChart:
    """Carbon by age of one forest type."""

    forest_type: str
    curves: tuple[Curve, ...]
    band: str
    """Path of the range of the default curve."""
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def growth_charts(growth: pd.DataFrame) -> tuple[GrowthChart, ...]:
    """Return one chart a forest type from table carbon_growth, those with most curves first."""
    by_type = {str(name): part for name, part in growth.groupby("forest_type", sort=True)}
    order = sorted(by_type, key=lambda name: (-by_type[name]["method"].nunique(), name))
    return tuple(_growth_chart(name, by_type[name]) for name in order)


def _growth_chart(forest_type: str, rows: pd.DataFrame) -> GrowthChart:
    width, height = CURVE_PX
    last = float(rows["age_yr"].max())
    top = float(np.nanmax(rows[["carbon_tc_per_ha_mid", "carbon_tc_per_ha_high"]].to_numpy(dtype=float))) * 1.05

    def place(age: FloatArray, carbon: FloatArray) -> FloatArray:
        """Return ages and stocks as pixels."""
        x = _LEFT + age / last * (width - _LEFT - _RIGHT)
        y = height - _BOTTOM - carbon / top * (height - _BOTTOM - _TOP)
        return np.column_stack([x, y])

    curves, band = [], ""
    for method, part in rows.groupby("method", sort=False):
        age = part["age_yr"].to_numpy(dtype=float)
        mid, low, high = (part[f"carbon_tc_per_ha_{end}"].to_numpy(dtype=float) for end in ("mid", "low", "high"))
        first = part.iloc[0]
        curves.append(
            Curve(
                method=str(method), path=_path(place(age, mid)), colour=read_palette().kinds["growth_method"][str(method)], role=str(first["role"]),
                source=str(first["source"]), mark=str(first["mark"]),
            )
        )  # fmt: skip
        if first["role"] == CurveRole.DEFAULT:
            edge = np.concatenate([place(age, high), place(age, low)[::-1]])
            band = _path(edge) + "Z"
    ages, carbons = _ticks(last), _ticks(top)
    return GrowthChart(
        forest_type=forest_type,
        curves=tuple(curves),
        band=band,
        x_ticks=tuple((round(float(place(np.array([v]), np.array([0.0]))[0, 0]), 1), f"{v:g}") for v in ages),
        y_ticks=tuple((round(float(place(np.array([0.0]), np.array([v]))[0, 1]), 1), f"{v:g}") for v in carbons),
    )


def _ticks(top: float) -> FloatArray:
    step = next(s for s in _STEPS if top / s <= 6.5 or s == _STEPS[-1])
    return np.arange(0, top + 1e-9, step)


def _path(points: FloatArray) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One coloured zone of a map."""

    path: str
    colour: str
    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityMap:
    """Zones coloured by a figure of carbon_zones."""

    title: str
    regions: tuple[Region, ...]
    legend: tuple[tuple[str, str], ...]
    """(colour, from–to in words)."""


def zone_paths(layers: Layers, frame: str, *others: str) -> dict[str, list[str]]:
    """Return the zones of layers as paths on a map that `frame` just fills, layer by layer; nothing without it."""
    if frame not in layers:
        return {}
    west, south, east, north = map(float, layers[frame].zones.total_bounds)
    view = View.around((west, south, east, north), MAP_PX)
    return {name: paths_of(layers[name].zones.geometry.to_numpy(), view) for name in (frame, *others) if name in layers}


def density_map(
    zones: GeoDataFrame, values: pd.Series, *, title: str, unit: str, paths: Sequence[str], links: Mapping[str, str]
) -> DensityMap:
    """Return zones shaded in five classes of equal count; zones without a value stay pale.

    Parameters
    ----------
    zones : zone_id, zone_name.
    values : zone id -> the figure shown, in `unit`.
    paths : each zone as the map draws it.
    links : zone id -> page.
    """
    density = values.dropna()
    edges = np.unique(np.quantile(density.to_numpy(), np.linspace(0, 1, len(_SHADES) + 1)))
    shades = _SHADES[-max(len(edges) - 1, 1) :]
    regions = []
    for zone_id, name, path in zip(zones["zone_id"], zones["zone_name"], paths, strict=True):
        colour, label = _PALE, f"{name or zone_id}：没有"
        if zone_id in density.index:
            value = float(density[zone_id])
            colour = shades[int(np.clip(np.searchsorted(edges, value, side="right") - 1, 0, len(shades) - 1))]
            label = f"{name or zone_id}：{value:,.1f} {unit}"
        regions.append(Region(path=path, colour=colour, label=label, href=links.get(str(zone_id), "")))
    spans = [(shade, f"{legend_bound(a)}–{legend_bound(b)}") for shade, a, b in zip(shades, edges, edges[1:], strict=False)]
    return DensityMap(title=title, regions=tuple(regions), legend=tuple(spans))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Borders laid over a picture, in the picture's own proportions."""

    size_px: tuple[float, float]
    path: str


def picture_outline(zones: GeoDataFrame, picture: Overlay) -> Outline:
    """Return the borders of `zones` (EPSG:4490) as a path over `picture`, thinned to half a pixel."""
    corners = forward(np.array([picture.west, picture.east]), np.array([picture.south, picture.north]), WEB_MERCATOR)
    (west, east), (south, north) = corners
    scale = _PICTURE_WIDTH_PX / (east - west)

    def place(lonlat: FloatArray) -> FloatArray:
        """Return longitudes and latitudes as pixels from the upper left."""
        x, y = forward(lonlat[:, 0], lonlat[:, 1], WEB_MERCATOR)
        return np.column_stack([(x - west) * scale, (north - y) * scale])

    shapes = shapely.simplify(shapely.transform(zones.geometry.to_numpy(), place), 0.5)
    rings = shapely.get_rings(shapely.get_parts(shapes))
    path = "".join(_path(shapely.get_coordinates(ring)) + "Z" for ring in rings)
    return Outline(size_px=(_PICTURE_WIDTH_PX, round(float((north - south) * scale), 1)), path=path)
