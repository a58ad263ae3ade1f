"""自助查询 in the browser and by REST, for anybody, where the office has turned it on in desk.toml."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field
from shapely import get_num_coordinates
from shapely.errors import ShapelyError
from shapely.geometry import shape

from cdgis.core.errors import DeskError
from cdgis.core.vocabulary import ACTIVITIES, ProjectType
from cdgis.web.cases import checked_facts, industries
from cdgis.web.desk_pages import page
from cdgis.web.inquiry import STAMP, PublicDesk, address_of
from cdgis.web.map_layers import drawn_layers, place_bounds, shapes_in_view
from cdgis.web.running_desk import desk_of

router = APIRouter(tags=["自助查询"])
_MOST_VERTICES = 500
_SHAPES = ("Polygon", "LineString", "Point")


def public_desk(request: Request) -> PublicDesk:
    """Return what answers the public.

    Raises
    ------
    DeskError : the office has not turned it on.
    """
    found: PublicDesk | None = desk_of(request).public
    if found is None:
        raise DeskError("没有这一页", status=404)
    return found


def looking(request: Request, public: Annotated[PublicDesk, Depends(public_desk)]) -> PublicDesk:
    """Return what answers the public, the request counted."""
    public.looks.check(_address(request, public))
    return public


Public = Annotated[PublicDesk, Depends(public_desk)]
Looking = Annotated[PublicDesk, Depends(looking)]


def _address(request: Request, public: PublicDesk) -> str:
    client = request.client.host if request.client else ""
    return address_of(client, request.headers.get("x-forwarded-for", ""), public.options)


class Question(BaseModel):
    """A place, and what is to be done there."""

    model_config = ConfigDict(extra="forbid")
    geometry: dict[str, Any]
    industry: Annotated[str, Field(max_length=20)] = ""
    project_type: Annotated[str, Field(max_length=20)] = ""
    activity: Annotated[str, Field(max_length=60)] = ""


@router.get("/inquiry", include_in_schema=False)
def inquiry_page(request: Request, _: Public) -> HTMLResponse:
    """Return the page for anybody."""
    return page(request, "inquiry.html", request.state.actor, stamp=STAMP)


@router.get("/api/inquiry/about", summary="自助查询：能查什么、不能查什么")
def about(public: Looking) -> dict[str, Any]:
    """Return the words of the page, and what the public data leaves out."""
    public.session()
    return {"stamp": STAMP, "limits": public.limits(), "project_types": [str(word) for word in ProjectType], "activities": list(ACTIVITIES)}


@router.get("/api/inquiry/extent", summary="自助查询：范围")
def extent(public: Looking) -> dict[str, list[float]]:
    """Return west, south, east, north of the place, degrees."""
    return place_bounds(public.session())


@router.get("/api/inquiry/layers", summary="自助查询：公开图层")
def layers(public: Looking) -> list[dict[str, Any]]:
    """Return the public's layers."""
    return drawn_layers(public.session())


@router.get("/api/inquiry/layers/{layer_id}", summary="自助查询：一个公开图层在视野内的图形")
def shapes(public: Looking, layer_id: str, bbox: str, px: Annotated[float, Field(gt=0, lt=1)]) -> dict[str, Any]:
    """Return a layer's zones in view as GeoJSON, on the public grid."""
    return shapes_in_view(public.session(), layer_id, bbox, px)


@router.get("/api/inquiry/industries", summary="自助查询：按名称或代码找行业")
def find_industries(_: Looking, q: Annotated[str, Field(max_length=60)]) -> list[dict[str, str]]:
    """Return the industries a text may mean."""
    return [{"code": code, "name": name} for code, name in industries(q)]


@router.post("/api/inquiry", summary="自助查询：预评估，不作审批依据，不保存")
def inquire(request: Request, public: Public, body: Question) -> dict[str, Any]:
    """Return the pre-assessment of a place."""
    facts = checked_facts(body.model_dump(exclude={"geometry"}))
    _checked_shape(body.geometry)
    public.questions.check(_address(request, public))
    return public.ask(body.geometry, facts)


def _checked_shape(geometry: dict[str, Any]) -> None:
    try:
        drawn = shape(geometry) if geometry.get("type") in _SHAPES else None
    except (ValueError, TypeError, LookupError, AttributeError, ShapelyError):
        drawn = None
    if drawn is None or drawn.is_empty or get_num_coordinates(drawn) > _MOST_VERTICES:
        raise DeskError(f"图形应为一个面、一条线或一个点，不超过 {_MOST_VERTICES} 个顶点", remedy="请重新画")
