"""Cases that another program hands over: a boundary and facts come in, a link goes out, a person takes the case by it."""

import io
import json
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry import shape

from cdgis.core.errors import DeskError
from cdgis.core.safe_text import cleaned
from cdgis.web.access_scopes import Scope
from cdgis.web.accounts import sha256
from cdgis.web.case_files import add_file
from cdgis.web.case_states import Actor, CaseState, Role
from cdgis.web.cases import changed, checked_facts, new_case, set_facts, visible_case
from cdgis.web.desk_pages import page
from cdgis.web.guards import new_token
from cdgis.web.models import Case
from cdgis.web.running_desk import Desk, actor_of, desk_of
from cdgis.web.service_models import Handover

router = APIRouter(tags=["移交"])
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
FILE_NAME = "移交.geojson"
_TAKEN = "接手"


class Handed(BaseModel):
    """What another program hands over."""

    model_config = ConfigDict(extra="forbid")
    reference: str = Field(default="", max_length=200)
    """What that program calls the case."""
    geometry: dict[str, Any]
    """GeoJSON geometry; x is longitude or easting, whatever the coordinate system's own order."""
    crs: str = Field(default="EPSG:4490", pattern=r"^EPSG:(4490|449[1-9]|45[0-4]\d|455[0-4])$")
    name: str = Field(default="", max_length=300)
    industry: str = Field(default="", max_length=40)
    project_type: str = Field(default="", max_length=40)
    activity: str = Field(default="", max_length=100)
    due_on: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$")
    attributes: dict[str, str] = {}


@router.post("/api/handoff", status_code=201, summary="移交：送来边界和资料，得到一个链接")
def hand_over(request: Request, desk: InDesk, actor: Who, body: Handed) -> dict[str, Any]:
    """Keep a case as a draft that nobody has confirmed, and return the link by which a person takes it over."""
    if actor.account_id >= 0 and not actor.alone and Role.APPLICANT not in actor.roles:
        raise DeskError(f"移交须用有 {Scope.HANDOFF} 范围的密钥，或有 {Role.APPLICANT} 的角色", status=403)
    facts = body.model_dump(include={"name", "industry", "project_type", "activity", "attributes", "due_on"})
    content = _boundary_file(body)
    checked_facts(facts)  # all of it is looked at before anything is kept
    sender = actor if actor.alone else replace(actor, roles=frozenset({Role.APPLICANT}))
    case_id, token = new_case(desk, sender), new_token()
    add_file(desk, sender, case_id, FILE_NAME, io.BytesIO(content))
    with desk.database.reading() as session:
        version = visible_case(session, sender, case_id).version
    set_facts(desk, sender, case_id, facts, version)
    with desk.database.writing() as session:
        case = visible_case(session, sender, case_id)
        reference = cleaned(body.reference)
        session.add(Handover(
            token_sha256=sha256(token), case_id=case_id, reference=reference, taken_by="", made_at=desk.settings.clock().isoformat(),
        ))  # fmt: skip
        changed(desk, session, case, sender, "移交", {"reference": reference})
        number = case.number
    return {"case_id": case_id, "number": number, "link": f"{str(request.base_url).rstrip('/')}/handoff/{token}"}


def _boundary_file(body: Handed) -> bytes:
    """Return the handed-over shape as a file that states its coordinate system; the readers judge it like any other.

    Raises
    ------
    DeskError : it is no GeoJSON geometry.
    """
    try:
        drawn = shape(body.geometry)
        numbers = shapely.get_coordinates(drawn)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, shapely.errors.ShapelyError) as err:
        raise DeskError("geometry 不是 GeoJSON 图形", remedy="应为 {type, coordinates}") from err
    if not len(numbers) or not np.isfinite(numbers).all():
        raise DeskError("geometry 没有坐标，或坐标不是有限的数", remedy="应为 {type, coordinates}")
    named = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{body.crs.removeprefix('EPSG:')}"}}
    feature = {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(drawn))}
    return json.dumps({"type": "FeatureCollection", "crs": named, "features": [feature]}).encode()


@router.get("/handoff/{token}", include_in_schema=False)
def handed_page(request: Request, desk: InDesk, actor: Who, token: str) -> HTMLResponse:
    """Return what was handed over, with the button to take it; looking changes nothing."""
    with desk.database.reading() as session:
        found = _found(session, token)
        case = session.get_one(Case, found.case_id)
    return page(
        request, "handoff.html", actor, token=token, case_number=case.number, case_name=case.name, sender=case.owner if not found.taken_by else "",
        reference=found.reference, taken_by=found.taken_by, case_id=case.id if found.taken_by == actor.name else "",
    )  # fmt: skip


@router.post("/api/handoff/{token}/take", summary="接手移交来的案件")
def take(desk: InDesk, actor: Who, token: str) -> dict[str, str]:
    """Make the signed-in applicant the owner of a handed-over case."""
    if not actor.alone and (Role.APPLICANT not in actor.roles or actor.account_id <= 0):
        raise DeskError(f"“{_TAKEN}”须有 {Role.APPLICANT} 的角色", remedy="请由有该角色的人打开这个链接", status=403)
    with desk.database.writing() as session:
        found = _found(session, token)
        case = session.get_one(Case, found.case_id)
        if found.taken_by or case.state != CaseState.DRAFT:
            raise DeskError(f"案件已由 {found.taken_by or case.owner} 接手", remedy="请从案件列表进入", status=409)
        sender, case.owner_id, case.owner, found.taken_by = case.owner, actor.account_id, actor.name, actor.name
        changed(desk, session, case, actor, _TAKEN, {"from": sender})
        return {"case_id": case.id}


def _found(session: Any, token: str) -> Handover:
    found: Handover | None = session.get(Handover, sha256(token))
    if found is None:
        raise DeskError("移交的链接不对", remedy="请向移交的单位要新的链接", status=404)
    return found
