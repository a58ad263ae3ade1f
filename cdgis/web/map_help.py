"""What helps to place a site on the map: snapping to the zones' own corners, names to move to, places elsewhere. None of it judges."""

from functools import lru_cache
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Depends
from pydantic import Field

from cdgis.core import layer_ids
from cdgis.core.errors import DeskError
from cdgis.core.pinyin_initials import initials
from cdgis.core.units import m2_to_ha
from cdgis.pipelines.session import Session
from cdgis.web.case_flow import confirmed_question, judged
from cdgis.web.case_states import Actor
from cdgis.web.cases import visible_case
from cdgis.web.map_layers import frame_of
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(prefix="/api", tags=["图上定位"])
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
_PLACES = (
    layer_ids.COUNTIES, layer_ids.TOWNSHIPS, layer_ids.PLACES, layer_ids.PARKS, layer_ids.RESERVOIRS, layer_ids.MAIN_RIVERS, layer_ids.RIVERS,
    layer_ids.WETLANDS,
)  # fmt: skip
"""Layers whose names people go by, the widest places first."""
_MOST_FOUND = 20
_METRES_A_DEGREE = 111_320.0


@router.get("/places", summary="按地名找位置：只移动地图，不作研判依据")
def places(desk: InDesk, _: Who, q: Annotated[str, Field(max_length=60)]) -> list[dict[str, Any]]:
    """Return the workspace's own places whose name holds the text, or begins with it in initials of pinyin."""
    word = q.strip().casefold()
    if not word:
        return []
    rows = [row for row in _named(desk.workspace) if word in row["name"].casefold() or row["initials"].startswith(word)]
    found = sorted(rows, key=lambda row: (not row["name"].casefold().startswith(word), len(row["name"])))
    return [{key: value for key, value in row.items() if key != "initials"} for row in found[:_MOST_FOUND]]


@lru_cache(maxsize=4)
def _named(workspace: Session) -> list[dict[str, Any]]:
    """Return every named place once: what it is, and its bounds in degrees."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for layer_id in _PLACES:
        if layer_id not in workspace.layers:
            continue
        try:
            zones = frame_of(workspace, layer_id)
        except DeskError:  # `layers check` names a layer that cannot be read; the others are still found
            continue
        kind = workspace.workspace.catalog[layer_id].title
        for name, box in zip(zones["zone_name"].astype(str), zones.geometry.bounds.to_numpy(), strict=True):
            if not name or not np.isfinite(box).all():
                continue
            row = rows.setdefault((kind, name), {"name": name, "kind": kind, "bounds": box.tolist(), "initials": initials(name).casefold()})
            west, south, east, north = row["bounds"]
            row["bounds"] = [min(west, box[0]), min(south, box[1]), max(east, box[2]), max(north, box[3])]
    return list(rows.values())


@router.get("/snap", summary="图层上离一点最近的拐点或边线（原始坐标，不概化）")
def snap(
    desk: InDesk, _: Who, lon: float, lat: float, reach_m: Annotated[float, Field(gt=0, le=20_000)], layers: Annotated[str, Field(max_length=2000)]
) -> dict[str, Any]:
    """Return the nearest corner of the named layers within `reach_m`, else the nearest point of an edge; {} when there is none.

    The coordinates are those of the layer, in degrees (EPSG:4490), not of the outline that is drawn.
    """
    if not np.isfinite([lon, lat, reach_m]).all() or abs(lat) > 89:
        raise DeskError("lon、lat 应为经度和纬度（度）")
    best: dict[str, Any] = {}
    for layer_id in layers.split(",")[:40]:
        if layer_id in desk.workspace.layers:
            found = _nearest(frame_of(desk.workspace, layer_id), lon, lat, reach_m)
            if found and (not best or (found["kind"], found["distance_m"]) < (best["kind"], best["distance_m"])):
                best = found | {"layer": desk.workspace.workspace.catalog[layer_id].title}
    return best


_CORNER, _EDGE = "corner", "edge"
"""Of these two the first comes first, in words as in worth."""


def _nearest(zones: Any, lon: float, lat: float, reach_m: float) -> dict[str, Any] | None:
    """Return the nearest corner, else the nearest point of an edge, of zones about a place (a small plane around it)."""
    scale = np.array([_METRES_A_DEGREE * np.cos(np.radians(lat)), _METRES_A_DEGREE])
    at, reach = np.array([lon, lat]), reach_m / scale
    box = (*(at - reach), *(at + reach))
    index = zones.sindex.query(shapely.box(*box))
    best: dict[str, Any] | None = None
    for number in index:
        shape, name = zones.geometry.iat[number], str(zones["zone_name"].iat[number])
        corners = shapely.get_coordinates(shape)
        away = np.hypot(*((corners - at) * scale).T)
        found: list[tuple[str, Any]] = [(_CORNER, corners[np.argmin(away)])] if away.min(initial=np.inf) <= reach_m else []
        if not found:
            edge = shapely.clip_by_rect(shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape, *box)
            if not shapely.is_empty(edge):
                plane = shapely.transform(edge, lambda xy: (xy - at) * scale)
                near = shapely.get_coordinates(shapely.shortest_line(shapely.Point(0, 0), plane))[-1]
                found = [(_EDGE, near / scale + at)]
        for kind, xy in found:
            distance = float(np.hypot(*((xy - at) * scale)))
            if distance <= reach_m and (best is None or (kind, distance) < (best["kind"], best["distance_m"])):
                best = {"kind": kind, "lon": float(xy[0]), "lat": float(xy[1]), "name": name, "distance_m": distance}
    return best


@router.get("/cases/{case_id}/alternatives", summary="本县区内同样大小的项目可建的位置，最好的在前")
def alternatives(desk: InDesk, actor: Who, case_id: str, subject: str) -> dict[str, Any]:
    """Return places elsewhere for one site of a case, as ``cdgis guide`` finds them: to be looked at, nothing is decided."""
    question = confirmed_question(desk, actor, case_id)
    site = next((site for site in judged(desk, question)["sites"] if site["subject_id"] == subject), None)
    if site is None:
        raise DeskError("案件里没有这个地块", status=404)
    with desk.database.reading() as session:
        facts = dict(visible_case(session, actor, case_id).facts)
    if not site["area_m2"]:
        raise DeskError("点和线没有面积，不能找同样大小的位置", remedy="请给出用地边界（面）")
    key = f"alternatives {subject} {question.key}"
    found = desk.kept(key)
    if found is None:
        found = desk.judge.ask("alternatives", size_ha=m2_to_ha(site["area_m2"]), facts=facts, county=site["county"])
        desk.keep(key, found)
    return found
