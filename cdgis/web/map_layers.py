"""Layers as the desk's map draws them: what lies in view, thinned to the view's scale. They are looked at, never judged by."""

import json
from collections.abc import Hashable
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Depends
from pydantic import Field

from cdgis.core import layer_ids
from cdgis.core.errors import CdgisError, DeskError
from cdgis.core.vocabulary import ACTIVITIES, ProjectType
from cdgis.pipelines.session import Session
from cdgis.readers.inputs import file_stamp
from cdgis.report.drawing.layer_order import SHOWN_AT_FIRST, THEMES
from cdgis.report.drawing.palette import read_palette
from cdgis.report.map.levels import simplified
from cdgis.rules.activities import load_activities
from cdgis.rules.attributes import load_attributes
from cdgis.web.case_states import Actor
from cdgis.web.cases import industries
from cdgis.web.pasted_coordinates import NOTATIONS
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(prefix="/api", tags=["图层与词汇"])
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
_MOST_FEATURES = 3000
_DIGITS = 6


@router.get("/layers", summary="可在图上显示的图层")
def layers(desk: InDesk, _: Who) -> list[dict[str, Any]]:
    """Return the vector layers of the workspace, as they are drawn one over another."""
    return drawn_layers(desk.workspace)


def drawn_layers(workspace: Session) -> list[dict[str, Any]]:
    """Return the vector layers of a workspace, as they are drawn one over another."""
    palette, catalog = read_palette(), workspace.workspace.catalog
    found = [spec for spec in catalog.layers.values() if spec.is_vector]
    return [
        {
            "id": spec.id, "title": spec.title, "theme": spec.theme, "geometry": spec.geometry, "version": str(spec.version),
            "official": spec.official, "shown": spec.id in SHOWN_AT_FIRST, "fill": spec.id == layer_ids.MANAGEMENT_UNITS,
            "colours": {name: palette.zone_colour(spec.id, name) for name in spec.allowed_classes} | {"": palette.zone_colour(spec.id, "")},
        }
        for spec in sorted(found, key=lambda spec: THEMES.index(spec.theme))
    ]  # fmt: skip


@router.get("/extent", summary="工作区的范围")
def extent(desk: InDesk, _: Who) -> dict[str, list[float]]:
    """Return west, south, east, north of the workspace's place, degrees."""
    return place_bounds(desk.workspace)


def place_bounds(workspace: Session) -> dict[str, list[float]]:
    """Return west, south, east, north of a workspace's place, degrees."""
    from cdgis.readers.place_extent import place_extent

    return {"bounds": list(place_extent(workspace.workspace) or (73.0, 18.0, 135.0, 54.0))}


@router.get("/layers/{layer_id}", summary="一个图层在视野内的图形（已概化，只供看图）")
def shapes(
    desk: InDesk, _: Who, layer_id: str, bbox: str, px: Annotated[float, Field(gt=0, lt=1)]
) -> dict[str, Any]:
    """Return a layer's zones in view as GeoJSON.

    Parameters
    ----------
    bbox : west,south,east,north, degrees.
    px : degrees a pixel.
    """
    return shapes_in_view(desk.workspace, layer_id, bbox, px)


def shapes_in_view(workspace: Session, layer_id: str, bbox: str, px: float) -> dict[str, Any]:
    """Return a layer's zones in a view as GeoJSON, thinned to its scale."""
    west, south, east, north = read_bbox(bbox)
    # powers of two, so that panning asks for the same outlines again
    level = int(np.floor(np.log2(px)))
    zones, thinned, tree = thinned_layer(workspace, layer_id, level)
    index = np.sort(tree.query(shapely.box(west, south, east, north)))[:_MOST_FEATURES]
    palette = read_palette()
    features = [
        {
            "type": "Feature", "geometry": json.loads(shapely.to_geojson(thinned[i])),
            "properties": {
                "id": zones["zone_id"].iat[i], "name": zones["zone_name"].iat[i], "class": zones["zone_class"].iat[i],
                "colour": palette.zone_colour(layer_id, str(zones["zone_class"].iat[i])),
            },
        }
        for i in index
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features, "cut": len(index) == _MOST_FEATURES}


def thinned_layer(workspace: Session, layer_id: str, level: int) -> tuple[Any, Any, shapely.STRtree]:
    """Return a layer's zones as its file is now, their outlines at a scale of 2**level degrees a pixel, and a tree over these."""
    spec = workspace.workspace.catalog.layers.get(layer_id)
    path = workspace.workspace.layers_dir / spec.path if spec is not None else None
    return _thinned(workspace, layer_id, level, file_stamp(path) if path is not None and path.exists() else ())


@lru_cache(maxsize=96)
def _thinned(workspace: Session, layer_id: str, level: int, _: Hashable) -> tuple[Any, Any, shapely.STRtree]:
    zones = frame_of(workspace, layer_id)
    drawn = simplified(zones.geometry.to_numpy(), 2.0**level)
    drawn = shapely.transform(drawn, lambda xy: np.round(xy, _DIGITS))
    return zones, drawn, shapely.STRtree(drawn)


def frame_of(workspace: Session, layer_id: str) -> Any:
    """Return a vector layer's frame, read once.

    Raises
    ------
    DeskError : there is no such layer (404), or it cannot be read (503).
    """
    if layer_id not in workspace.layers:
        raise DeskError(f"没有图层 {layer_id[:40]}", status=404)
    try:
        return workspace.layers[layer_id]
    except CdgisError as err:
        raise DeskError(f"图层 {layer_id} 读不出来：{err.reason}", remedy=err.remedy, status=503) from err


def read_bbox(text: str) -> tuple[float, float, float, float]:
    """Return west, south, east, north of ``west,south,east,north`` (or six numbers with heights), degrees.

    Raises
    ------
    DeskError : it is no box.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not np.isfinite(numbers).all() or numbers[1] > numbers[3]:
        raise DeskError(f"bbox 读到“{text[:60]}”，应为 西,南,东,北（度）")
    west, south, east, north = numbers
    return west, south, east, north


@router.get("/vocabulary", summary="建设性质、活动类型、属性、坐标写法")
def vocabulary(_: Who) -> dict[str, Any]:
    """Return the closed sets that pages offer."""
    specs = load_activities()
    return {
        "project_types": [str(word) for word in ProjectType],
        "activities": [{"value": name, "article": specs[name].article, "text": specs[name].text} for name in ACTIVITIES],
        "attributes": {name: {"title": spec.title, "type": spec.type, "unit": spec.unit} for name, spec in load_attributes().items()},
        "notations": [{"value": key, "title": title} for key, (title, _) in NOTATIONS.items()],
    }  # fmt: skip


@router.get("/industries", summary="按名称或代码找行业（GB/T 4754）")
def find_industries(_: Who, q: Annotated[str, Field(max_length=60)]) -> list[dict[str, str]]:
    """Return the industries a text may mean."""
    return [{"code": code, "name": name} for code, name in industries(q)]
