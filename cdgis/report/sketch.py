"""Where does one subject lie among the zones that concern it? (a small vector drawing, no script)

Drawing only: x grows with longitude times cos(latitude), which over a few kilometres is true to scale
within 0.5 %; nothing here is measured. Areas and distances on the page come from the tables.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.assessment import Assessment
from cdgis.model import Effect, Relation
from cdgis.report.dossier import Dossier
from cdgis.report.palette import read_palette

WIDTH_PX, HEIGHT_PX = 560, 400
METRES_PER_DEGREE = 111_320.0
_MARGIN_PX = 4
_LEAST_WIDTH_M = 3_000.0
_ROOM = 2.4
"""View width over subject width."""
_BASE_LINES = ("streams", "rivers", "main_rivers")
_BASE_AREAS = ("reservoirs",)
_BORDERS = "counties"
_UNITS = "management_units"
_PLACES = "places"
_MOST_LAYERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One path of the drawing, in pixels."""

    path: str
    style: str
    """CSS class: unit, zone, line, water, border, subject."""
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One named place or point in pixels."""

    x: float
    y: float
    label: str
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A drawing with its legend and scale bar."""

    strokes: tuple[Stroke, ...]
    spots: tuple[Spot, ...]
    places: tuple[Spot, ...]
    legend: tuple[tuple[str, str, str], ...]
    """(style, colour, label)."""
    bar_px: float
    bar_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The drawn rectangle: lon/lat bounds and pixels per degree."""

    west: float
    south: float
    east: float
    north: float

    def pixels(self, lonlat: np.ndarray) -> np.ndarray:
        x = (lonlat[:, 0] - self.west) / (self.east - self.west) * WIDTH_PX
        y = (self.north - lonlat[:, 1]) / (self.north - self.south) * HEIGHT_PX
        return np.asarray(np.round(np.column_stack((x, y)), 1))

    @property
    def box(self) -> tuple[float, float, float, float]:
        pad_x = (self.east - self.west) * _MARGIN_PX / WIDTH_PX
        pad_y = (self.north - self.south) * _MARGIN_PX / HEIGHT_PX
        return self.west - pad_x, self.south - pad_y, self.east + pad_x, self.north + pad_y

    @property
    def width_m(self) -> float:
        return (self.east - self.west) * METRES_PER_DEGREE * math.cos(math.radians((self.south + self.north) / 2))


def draw_sketches(assessment: Assessment, dossiers: Sequence[Dossier]) -> dict[str, Sketch]:
    """Return subject id -> drawing for each dossier whose subject has a shape."""
    frame = assessment.subjects.frame
    shapes = dict(zip(frame["subject_id"], frame.geometry.to_numpy(), strict=True))
    trees = {key: layer.zones.sindex for key, layer in assessment.layers.items() if layer.spec.is_vector}
    zones = {key: assessment.layers[key].zones for key in trees}
    titles = {key: assessment.layers[key].spec.title for key in trees}
    return {
        key: _draw(dossier, shapes[key], zones, titles)
        for dossier in dossiers
        if (key := dossier.subject["subject_id"]) in shapes and not shapes[key].is_empty
    }


def _view_of(shape: BaseGeometry) -> _View:
    west, south, east, north = shape.bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    east_m = METRES_PER_DEGREE * math.cos(math.radians(lat))
    needed = max((east - west) * east_m, (north - south) * METRES_PER_DEGREE * WIDTH_PX / HEIGHT_PX)
    half_m = max(needed * _ROOM, _LEAST_WIDTH_M) / 2
    half_lon, half_lat = half_m / east_m, half_m * HEIGHT_PX / WIDTH_PX / METRES_PER_DEGREE
    return _View(west=lon - half_lon, south=lat - half_lat, east=lon + half_lon, north=lat + half_lat)


def _concerned_layers(dossier: Dossier, known: Mapping[str, str]) -> list[str]:
    """Return the zone layers worth drawing: those whose clauses count in the verdict, strictest first, then near ones."""
    rulings = [r for part in dossier.applies.values() for r in part] + list(dossier.unknown)
    ranked = sorted(rulings, key=lambda r: -Effect(r.row["effect"]).rank)
    layers = [str(r.row["layer"]) for r in ranked if Effect(r.row["effect"]).rank]
    layers += [str(row["layer"]) for row in dossier.overlaps if row["relation"] in (Relation.NEAR, Relation.SLIVER)]
    drawn = (_UNITS, _BORDERS, *_BASE_LINES, *_BASE_AREAS, _PLACES)
    return [key for key in dict.fromkeys(layers) if key in known and key not in drawn][:_MOST_LAYERS]


def _draw(
    dossier: Dossier, shape: BaseGeometry, zones: Mapping[str, GeoDataFrame], titles: Mapping[str, str]
) -> Sketch:
    view = _view_of(shape)
    strokes: list[Stroke] = []
    legend: list[tuple[str, str, str]] = []
    concerned = _concerned_layers(dossier, titles)
    plan = [(_UNITS, "unit"), *((k, "water") for k in _BASE_AREAS), *((k, "stream") for k in _BASE_LINES)]
    plan += [(key, "zone") for key in reversed(concerned)] + [(_BORDERS, "border")]
    for key, style in plan:
        if key in zones:
            made, entries = _layer_strokes(key, titles[key], zones[key], style=style, view=view)
            strokes += made
            legend += entries
    colour = read_palette().verdicts[dossier.verdict["verdict"]].fill
    strokes.append(Stroke(path=_path(shape, view, keep=True), style="subject", colour=colour))
    centre = view.pixels(shapely.get_coordinates(shapely.centroid(shape)))[0]
    point = shapely.get_dimensions(shape) == 0
    bar_m = _round_length(view.width_m / 4)
    return Sketch(
        strokes=tuple(s for s in strokes if s.path),
        spots=(Spot(x=float(centre[0]), y=float(centre[1]), label="", colour=colour),) if point else (),
        places=_places(zones, view),
        legend=(("subject", colour, "本对象"), *dict.fromkeys(legend)),
        bar_px=round(bar_m / view.width_m * WIDTH_PX, 1),
        bar_label=f"{bar_m / 1000:g} 公里" if bar_m >= 1000 else f"{bar_m:g} 米",
    )


def _layer_strokes(
    key: str, title: str, zones: GeoDataFrame, *, style: str, view: _View
) -> tuple[list[Stroke], list[tuple[str, str, str]]]:
    """Return one path per zone class in view, and its legend entries."""
    index = np.sort(zones.sindex.query(shapely.box(*view.box)))
    if len(index) == 0:
        return [], []
    shapes = shapely.clip_by_rect(zones.geometry.to_numpy()[index], *view.box)
    palette, strokes, legend = read_palette(), [], []
    classes = zones["zone_class"].to_numpy()[index]
    for zone_class in sorted(set(map(str, classes))):
        path = "".join(_path(shape, view) for shape in shapes[classes == zone_class])
        colour = palette.zone_colour(key, zone_class)
        lines = bool(shapely.get_dimensions(shapes[classes == zone_class]).max() == 1)
        drawn_as = "line" if lines and style == "zone" else style
        if path:
            strokes.append(Stroke(path=path, style=drawn_as, colour=colour))
            named = style in ("unit", "zone") and zone_class not in ("", title)
            legend.append((drawn_as, colour, f"{title}·{zone_class}" if named else title))
    if style == "stream":
        legend = [("stream", palette.layers["main_rivers"], "河流")] if strokes else []
    return strokes, legend


def _path(shape: BaseGeometry, view: _View, *, keep: bool = False) -> str:
    """Return the SVG path of a shape, thinned to half a pixel; points give none."""
    if shape.is_empty or shapely.get_dimensions(shape) == 0:
        return ""
    if not keep:
        shape = shapely.simplify(shape, (view.east - view.west) / WIDTH_PX / 2)
    parts = []
    for part in shapely.get_parts(shape):
        rings = shapely.get_rings(part) if part.geom_type == "Polygon" else [part]
        for ring in rings:
            if ring.geom_type in ("LineString", "LinearRing"):
                xy = view.pixels(shapely.get_coordinates(ring))
                parts.append(
                    "M" + "L".join(f"{x:g} {y:g}" for x, y in xy) + ("Z" if part.geom_type == "Polygon" else "")
                )
    return "".join(parts)


def _places(zones: Mapping[str, GeoDataFrame], view: _View) -> tuple[Spot, ...]:
    if _PLACES not in zones:
        return ()
    places = zones[_PLACES]
    index = np.sort(places.sindex.query(shapely.box(view.west, view.south, view.east, view.north)))[:4]
    if len(index) == 0:
        return ()
    xy = view.pixels(shapely.get_coordinates(shapely.centroid(places.geometry.to_numpy()[index])))
    names = places["zone_name"].to_numpy()[index]
    return tuple(Spot(x=float(x), y=float(y), label=str(name)) for (x, y), name in zip(xy, names, strict=True))


def _round_length(length_m: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not longer than `length_m`."""
    power = 10.0 ** math.floor(math.log10(length_m))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= length_m)
