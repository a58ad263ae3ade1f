"""What the OGC interface offers: each vector layer of the workspace, and the cases."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from sqlalchemy import select

from cdgis.core.errors import DeskError
from cdgis.web.case_queue import case_row
from cdgis.web.case_states import Actor
from cdgis.web.map_layers import frame_of
from cdgis.web.models import Case
from cdgis.web.ogc_crs import Bounds
from cdgis.web.plain_values import plain
from cdgis.web.running_desk import Desk

CASES = "cases"
_PLAIN_ID = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which features are wanted."""

    boxes: tuple[Bounds, ...]
    """west, south, east, north; none: everywhere."""
    interval: tuple[str, str] | None
    """RFC 3339, "" for an open end; None: whenever."""
    limit: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One collection of features."""

    id: str
    title: str
    description: str
    bounds: Bounds | None
    """Degrees; None while it is empty."""
    desk: Desk
    actor: Actor

    def features(self, query: Query) -> tuple[int, list[dict[str, Any]]]:
        """Return how many features match, and those of the page wanted."""
        return _cases(self, query) if self.id == CASES else _zones(self, query)

    def feature(self, feature_id: str) -> dict[str, Any] | None:
        """Return the feature of an id, None where there is none."""
        if self.id == CASES:
            with self.desk.database.reading() as session:
                case = session.get(Case, feature_id)
            mine = case is not None and (self.actor.sees_all or case.owner_id == self.actor.account_id)
            return _case_feature(case) if mine and case is not None else None
        zones = frame_of(self.desk.workspace, self.id)
        ids = _ids(zones)
        return _zone_feature(zones, ids, ids.index(feature_id)) if feature_id in ids else None


def collections_of(desk: Desk, actor: Actor) -> list[Collection]:
    """Return the cases, and every vector layer that can be read."""
    found = [_case_collection(desk, actor)]
    for layer_id in desk.workspace.layers:
        try:
            found.append(_layer_collection(desk, actor, layer_id))
        except DeskError:  # what cannot be read is a gap that `layers check` names; the other layers are still offered
            continue
    return found


def collection_named(desk: Desk, actor: Actor, collection_id: str) -> Collection:
    """Return the collection of an id.

    Raises
    ------
    DeskError : there is none.
    """
    if collection_id == CASES:
        return _case_collection(desk, actor)
    return _layer_collection(desk, actor, collection_id)


def _case_collection(desk: Desk, actor: Actor) -> Collection:
    """Return the collection of cases."""
    return Collection(id=CASES, title="案件", description="研判台的案件：边界、状态、结论", bounds=None, desk=desk, actor=actor)


def _layer_collection(desk: Desk, actor: Actor, layer_id: str) -> Collection:
    zones = frame_of(desk.workspace, layer_id)
    spec = desk.workspace.workspace.catalog[layer_id]
    west, south, east, north = (float(edge) for edge in zones.total_bounds)
    demo = "" if spec.official else "示范数据，不作审批依据。"
    return Collection(
        id=layer_id, title=spec.title, description=f"{demo}版本 {spec.version}；来源：{spec.source}", desk=desk, actor=actor,
        bounds=(west, south, east, north) if len(zones) else None,
    )  # fmt: skip


def _ids(zones: Any) -> list[str]:
    """Return the features' ids: the zones' own where each has one of its own, else the number of the row."""
    own = [str(zone_id) for zone_id in zones["zone_id"]]
    usable = len(set(own)) == len(own) and all(_PLAIN_ID.fullmatch(zone_id) for zone_id in own)
    return own if usable else [str(number) for number in range(1, len(own) + 1)]


def _zones(found: Collection, query: Query) -> tuple[int, list[dict[str, Any]]]:
    zones = frame_of(found.desk.workspace, found.id)
    index = np.arange(len(zones))
    if query.boxes:
        area = shapely.multipolygons([shapely.box(*box) for box in query.boxes])
        index = np.sort(zones.sindex.query(area, predicate="intersects"))
    ids = _ids(zones)
    page = index[query.offset : query.offset + query.limit]
    return len(index), [_zone_feature(zones, ids, int(i)) for i in page]


def _zone_feature(zones: Any, ids: list[str], at: int) -> dict[str, Any]:
    row = zones.iloc[at]
    properties = {str(name): plain(value) for name, value in row.items() if name != zones.geometry.name}
    return {"type": "Feature", "id": ids[at], "geometry": _geometry(row[zones.geometry.name]), "properties": _texts(properties)}


def _texts(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, str | int | float | bool | None) else str(value) for name, value in properties.items()}


def _geometry(drawn: Any) -> dict[str, Any] | None:
    if drawn is None or shapely.is_empty(drawn):
        return None
    # GeoJSON wants outer rings counter-clockwise
    found: dict[str, Any] = json.loads(shapely.to_geojson(shapely.orient_polygons(drawn)))
    return found


def _cases(found: Collection, query: Query) -> tuple[int, list[dict[str, Any]]]:
    chosen = select(Case).order_by(Case.number)
    if not found.actor.sees_all:
        chosen = chosen.where(Case.owner_id == found.actor.account_id)
    with found.desk.database.reading() as session:
        cases = [case for case in session.scalars(chosen) if _lies_in(case, query.boxes) and _falls_in(case, query.interval)]
    return len(cases), [_case_feature(case) for case in cases[query.offset : query.offset + query.limit]]


def _lies_in(case: Case, boxes: tuple[Bounds, ...]) -> bool:
    return not boxes or (case.outline is not None and any(shapely.box(*box).intersects(shape(case.outline)) for box in boxes))


def _falls_in(case: Case, interval: tuple[str, str] | None) -> bool:
    """Return whether a case was changed within an interval of time."""
    if interval is None:
        return True
    changed = datetime.fromisoformat(case.changed_at)
    begin, end = (_instant(text) if text else None for text in interval)
    if end is not None and "T" not in interval[1]:
        end += timedelta(days=1, microseconds=-1)
    return (begin is None or changed >= begin) and (end is None or changed <= end)


def _instant(text: str) -> datetime:
    whole = text if "T" in text else f"{text}T00:00:00Z"
    return datetime.fromisoformat(whole.replace("Z", "+00:00"))


def _case_feature(case: Case) -> dict[str, Any]:
    properties = {name: value for name, value in case_row(case).items() if name not in ("id", "version")}
    return {"type": "Feature", "id": case.id, "geometry": case.outline, "properties": properties}
