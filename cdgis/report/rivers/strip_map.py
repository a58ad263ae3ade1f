"""River plan and strip by chainage, as pixels for SVG and PNG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.core.vocabulary import RiverRole
from cdgis.geometry.map_frame import View
from cdgis.report.drawing.marks import Line, Spot
from cdgis.report.drawing.palette import read_palette
from cdgis.report.table_rows import Row, records
from cdgis.rivers.dossier import RiverDossier

PLAN_PX = (900, 640)
STRIP_WIDTH_PX = 900
_ROW_PX, _PX_PER_KM, _PAD_PX = 17.0, 2.6, 30.0
_ROOM = 1.16
"""View over river."""
_LABELLED = ("监测断面", "饮用水水源保护区", "水库坝址（推导）", "支流汇入")
_LABEL_PX = (86.0, 13.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The river from above, north up."""

    lines: tuple[Line, ...]
    spots: tuple[Spot, ...]
    names: tuple[Spot, ...]
    """County names."""
    bar: tuple[float, str]
    """Length of the scale bar in pixels, and its label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripItem:
    """One line of the strip: a mark at its chainage, its label moved so that none overlap."""

    y: float
    label_y: float
    side: int
    """-1 left of the river, 1 right."""
    colour: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The river drawn straight, source at the top."""

    height: float
    items: tuple[StripItem, ...]
    ticks: tuple[tuple[float, str], ...]
    bands: tuple[tuple[float, float, str], ...]
    """Top, bottom and name of each county along the river."""


def draw_plan(dossier: RiverDossier) -> Plan:
    """Return the plan: county borders, streams, the river and what the dossier lists along it."""
    network = dossier.system.network
    stem = network.stem(dossier.name)
    course = np.column_stack([network.lon_deg[stem], network.lat_deg[stem]])
    (west, south), (east, north) = course.min(axis=0).tolist(), course.max(axis=0).tolist()
    view = View.around((west, south, east, north), PLAN_PX, room=_ROOM)
    frame = shapely.box(*view.box())
    lines = [Line(style=style, points=view.pixels(shapely.get_coordinates(part)))
             for style, shapes in (("border", _borders(dossier, view)), ("stream", _streams(dossier)))
             for part in shapely.get_parts(shapely.intersection(shapes, frame)) if shapely.get_num_points(part) > 1]  # fmt: skip
    lines.append(Line(style="stem", points=view.pixels(course)))
    structures = dossier.structures[["lon", "lat"]].to_numpy(dtype=float)
    return Plan(
        lines=tuple(lines), spots=_spots(dossier.structures, view.pixels(structures)),
        names=_county_names(dossier, view), bar=view.scale_bar,
    )  # fmt: skip


def _borders(dossier: RiverDossier, view: View) -> GeometryArray:
    shapes = shapely.simplify(dossier.system.counties.shapes, 0.5 / view.degree_px)
    return np.asarray(shapely.get_parts(shapely.boundary(shapes)), dtype=object)


def _streams(dossier: RiverDossier) -> GeometryArray:
    network = dossier.system.network
    shown = np.nan_to_num(network.upstream_km2, nan=np.inf)[network.donors] >= 150.0
    joined = shapely.line_merge(shapely.multilinestrings(network.segments()[shown]))
    return np.asarray(shapely.get_parts(joined), dtype=object)


def _spots(rows: pd.DataFrame, xy: FloatArray) -> tuple[Spot, ...]:
    spots: list[Spot] = []
    taken: list[tuple[float, float]] = []
    order = np.argsort(
        [_LABELLED.index(kind) if kind in _LABELLED else len(_LABELLED) for kind in rows["kind"]], kind="stable"
    )
    for (x, y), row in zip(xy[order], rows.iloc[order].to_dict("records"), strict=True):
        plain = row["kind"] in _LABELLED and not str(row["name"]).startswith("未命名")
        label = str(row["name"]).split("（")[0] if plain else ""
        if any(abs(x - a) < _LABEL_PX[0] and abs(y - b) < _LABEL_PX[1] for a, b in taken):
            label = ""
        if label:
            taken.append((float(x), float(y)))
        title = f"{row['kind']}　{row['name']}　河程 {row['chainage_km']:.1f} 公里"
        spots.append(Spot(x=float(x), y=float(y), colour=read_palette().kinds["river_role"][row["role"]], label=label, title=title))
    return tuple(spots)


def _county_names(dossier: RiverDossier, view: View) -> tuple[Spot, ...]:
    counties = dossier.system.counties
    frame = shapely.box(*view.box())
    seen = shapely.intersection(counties.shapes, frame)
    large = shapely.area(seen) > frame.area * 0.012
    xy = view.pixels(shapely.get_coordinates(shapely.point_on_surface(seen[large])))
    return tuple(
        Spot(x=float(x), y=float(y), colour="", label=str(name), title="")
        for (x, y), name in zip(xy, counties.names[large], strict=True)
    )


def draw_strip(dossier: RiverDossier) -> Strip:
    """Return the strip map: chainage downwards, protected places right, structures and borders left."""
    rows = records(dossier.structures)
    height = max(dossier.length_km * _PX_PER_KM, _ROW_PX * max(_count(rows, -1), _count(rows, 1)), 200.0)
    scale = height / dossier.length_km

    def down(km: float) -> float:
        """Return the pixel row of a chainage."""
        return float(round(_PAD_PX + (dossier.length_km - km) * scale, 1))

    items = [item for side in (-1, 1) for item in _placed([r for r in rows if _side(r) == side], side, down)]
    bottom = max([height + 2 * _PAD_PX, *(item.label_y + _PAD_PX for item in items)])
    step = 50 if dossier.length_km > 200 else 20
    ticks = [(down(km), f"{km} 公里") for km in range(0, int(dossier.length_km) + 1, step)]
    bands = [(down(top), down(low), name) for name, top, low in dossier.counties]
    return Strip(height=bottom, items=tuple(items), ticks=tuple(ticks), bands=tuple(bands))


def _side(row: Row) -> int:
    return 1 if row["role"] in (RiverRole.PROTECTED, RiverRole.SECTION) else -1


def _count(rows: Sequence[Row], side: int) -> int:
    return sum(_side(row) == side for row in rows)


def _placed(rows: Sequence[Row], side: int, down: Callable[[float], float]) -> list[StripItem]:
    """Return items with labels pushed down until each has a line of its own."""
    items, last = [], -math.inf
    for row in rows:
        y = down(row["chainage_km"])
        last = max(y, last + _ROW_PX)
        label = f"{row['chainage_km']:.1f}　{row['kind']}　{row['name']}"
        items.append(StripItem(y=y, label_y=round(last, 1), side=side, colour=read_palette().kinds["river_role"][str(row["role"])], label=label))
    return items
