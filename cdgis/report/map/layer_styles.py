"""What the page's script needs to know of a layer besides its outlines: names, classes, colours, drawing."""

from collections.abc import Mapping
from typing import Any

import shapely

from cdgis.core.pinyin_initials import initials
from cdgis.report.drawing.layer_order import LABELLED, SHOWN_AT_FIRST, THEMES
from cdgis.report.drawing.palette import read_palette
from cdgis.report.wording import short_county
from cdgis.workspace.layers import Layer

_MARGIN_DEG = 0.03
_CHINA_DEG = (73.0, 18.0, 135.0, 54.0)


def layer_record(layer: Layer) -> dict[str, Any]:
    """Return a layer as the script reads it; zone columns run parallel to the packed outlines."""
    spec, zones, palette = layer.spec, layer.zones, read_palette()
    present = set(zones["zone_class"])
    classes = [name for name in dict.fromkeys([*spec.allowed_classes, *sorted(present)]) if name in present]
    place = {name: number for number, name in enumerate(classes)}
    style = {**palette.styles.get(spec.geometry, {}), **palette.styles.get(spec.id, {})}
    return {
        "id": spec.id,
        "title": spec.title,
        "initials": initials(spec.title),
        "theme": THEMES.index(spec.theme),
        "geometry": spec.geometry,
        "version": spec.version,
        "official": spec.official,
        "shown": spec.id in SHOWN_AT_FIRST,
        "style": {**palette.styles["default"], **style},
        "classes": [[name, palette.zone_colour(spec.id, name)] for name in classes],
        "ids": list(zones["zone_id"]),
        "names": list(zones["zone_name"]),
        "kinds": [place[name] for name in zones["zone_class"]],
        "labels": _labels(layer) if spec.id in LABELLED else [],
    }


def _labels(layer: Layer) -> list[list[Any]]:
    """Return [text, longitude, latitude] of each zone's label, largest zone first."""
    shapes = layer.zones.geometry.to_numpy()
    lonlat = shapely.get_coordinates(shapely.point_on_surface(shapes)).round(5)
    rows = zip(-shapely.area(shapes), range(len(shapes)), layer.zones["zone_name"], lonlat.tolist(), strict=True)
    return [[short_county(name), *at] for _, _, name, at in sorted(rows, key=lambda row: row[:2])]


Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def map_bounds(layers: Mapping[str, Layer], subjects: Bounds) -> Bounds:
    """Return west, south, east, north in degrees of the coverage layers, else of all layers, else of the subjects.

    Parameters
    ----------
    subjects : total bounds of the subjects in degrees, NaN when there is none.
    """
    areas = {layer.spec.coverage for layer in layers.values() if layer.spec.coverage}
    inside = [layer for layer in layers.values() if layer.spec.id in areas] or list(layers.values())
    boxes = [shapely.box(*layer.zones.total_bounds) for layer in inside]
    if not boxes and subjects[0] == subjects[0]:
        boxes = [shapely.box(*subjects)]
    if not boxes:
        return _CHINA_DEG
    west, south, east, north = (round(float(v), 5) for v in shapely.union_all(boxes).bounds)
    return west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG
