"""Layers and rules on the desk: what is loaded and how good it is, for all; layers and rules taken in, for managers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, UploadFile
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from cdgis.core.errors import DeskError
from cdgis.report.drawing.layer_order import THEMES
from cdgis.web.account_routes import manager
from cdgis.web.case_states import Actor
from cdgis.web.current_workspace import files_digest
from cdgis.web.desk_pages import page
from cdgis.web.event_chain import append_event
from cdgis.web.handed_in import kept_upload, upload_named
from cdgis.web.job_states import JobState
from cdgis.web.models import Job
from cdgis.web.result_pages import POLICY
from cdgis.web.running_desk import Desk, actor_of, desk_of
from cdgis.workspace.catalog import LayerSpec

router = APIRouter(prefix="/api/workspace", tags=["图层与规则"])
uploads = APIRouter(prefix="/api/workspace", tags=["图层与规则"])
"""Routes whose requests may be as large as a layer."""
pages = APIRouter(include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
Manager = Annotated[Actor, Depends(manager)]


def changer(desk: InDesk, actor: Manager) -> Actor:
    """Return who asks, a manager of a desk whose one workspace this is.

    Raises
    ------
    DeskError : several servers share the cases, each with a workspace of its own: changed here alone, they would judge unlike.
    """
    if desk.settings.shared:
        remedy = "请在每台的工作区里用 cdgis layers、cdgis rules 同样地改"
        raise DeskError("几台服务器共用案件，图层和规则不能只在这一台改", remedy=remedy, status=409)
    return actor


Changer = Annotated[Actor, Depends(changer)]
Text = Annotated[str, Field(max_length=500)]
_SHEETS = (".xlsx", ".json")
_TEXTS = ("title", "theme", "version", "source", "licence", "crs", "coverage", "sublayer")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Wanted(_Body):
    """A layer handed in, and what is said about it instead of leaving it to the proposal."""

    folder: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    layer_id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,62}$")]
    profile: Text = ""
    fields: dict[Text, Text] = {}
    classes: dict[Text, Text] = {}
    title: Text = ""
    theme: Text = ""
    version: Text = ""
    source: Text = ""
    licence: Text = ""
    crs: Text = ""
    coverage: Text = ""
    sublayer: Text = ""
    official: bool = False
    accuracy_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    def wishes(self) -> dict[str, Any]:
        """Return what `Wishes` takes."""
        values: dict[str, Any] = {name: getattr(self, name).strip() for name in _TEXTS if getattr(self, name).strip()}
        values |= {"official": True} if self.official else {}
        values |= {"accuracy_m": self.accuracy_m} if self.accuracy_m is not None else {}
        return {"layer_id": self.layer_id, "profile": self.profile, "fields": self.fields, "classes": self.classes, "values": values}


class Confirmed(Wanted):
    """A layer to be taken in as proposed."""

    digest: Annotated[str, Field(min_length=64, max_length=64)]


class Absent(_Body):
    """The statement that the place has no zone of some kinds."""

    layer_ids: Annotated[list[Text], Field(min_length=1, max_length=60)]
    basis: Text
    by: Text
    on: Text
    title: Text = ""
    official: bool = False


class Sheet(_Body):
    """A rule sheet handed in."""

    folder: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]


@router.get("", summary="载入的图层、最近一次检查")
def described(desk: InDesk, _: Who) -> dict[str, Any]:
    """Return every layer of the catalogue with its origin and faults, and the last check."""
    workspace = desk.workspace.workspace
    checked = _last_check(desk)
    faults = checked.result.get("faults", []) if checked else []
    specs = workspace.catalog.layers
    check = None if checked is None else {
        "id": checked.id, "at": checked.ended_at, "lines": checked.result.get("lines", []),
        "current": checked.result.get("stamp") == files_digest(desk.workspace.workspace),
    }  # fmt: skip
    return {
        "layers": [_described(desk, spec) | {"faults": [f for f in faults if f["layer"] == spec.id]} for spec in specs.values()],
        "other_faults": [fault for fault in faults if fault["layer"] not in specs], "check": check, "as_of": workspace.settings.as_of.isoformat(),
        "themes": list(THEMES), "coverages": [{"id": s.id, "title": s.title} for s in specs.values() if s.geometry == "polygon"],
    }  # fmt: skip


def _described(desk: Desk, spec: LayerSpec) -> dict[str, Any]:
    catalog, folder = desk.workspace.workspace.catalog, desk.workspace.workspace.layers_dir
    covering, there = catalog.layers.get(spec.coverage), not spec.path or (folder / spec.path).exists()
    return {
        "id": spec.id, "title": spec.title, "theme": spec.theme, "geometry": spec.geometry, "version": str(spec.version), "source": spec.source,
        "licence": spec.licence, "official": spec.official, "accuracy_m": spec.accuracy_m or None, "path": spec.path,
        "coverage": covering.title if covering else spec.coverage, "statement": spec.statement, "there": there,
        "note": spec.note,
    }  # fmt: skip


@router.get("/asked", summary="规则要用哪些图层，各几条；要用而没有的")
def asked_layers(desk: InDesk, _: Who) -> dict[str, Any]:
    """Return how many rules ask for each layer, and the layers that they ask for in vain."""
    key = f"asked_layers {files_digest(desk.workspace.workspace)}"
    found = desk.kept(key)
    if found is None:
        found = desk.judge.ask("asked_layers")
        desk.keep(key, found)
    asked, there = found["asked"], desk.workspace.workspace.catalog.layers
    missing = [{"id": layer_id, **about} for layer_id, about in asked.items() if layer_id not in there]
    return {"rules": {layer_id: about["rules"] for layer_id, about in asked.items()}, "missing": missing}


def _last_check(desk: Desk) -> Job | None:
    chosen = select(Job).where(Job.kind == "check", Job.state == JobState.DONE).order_by(Job.ended_at.desc()).limit(1)
    with desk.database.reading() as session:
        return session.scalar(chosen)


@uploads.post("/uploads", status_code=201, summary="交一个图层的文件，还不写入")
def hand_in(desk: InDesk, _: Manager, files: list[UploadFile]) -> dict[str, str]:
    """Keep the files of a layer until it is confirmed."""
    kept = kept_upload(desk, files)
    return {"folder": kept.parent.name, "name": kept.name}


@router.post("/proposals", summary="拟出目录条目：字段、类别、坐标系、范围各凭什么，连同预览")
def propose(desk: InDesk, _: Manager, body: Wanted) -> dict[str, Any]:
    """Return the proposal; nothing is written."""
    return desk.reader.ask("propose", source=str(upload_named(desk, body.folder, body.name)), wishes=body.wishes())


@router.post("/layers", status_code=201, summary="确认：图层写入工作区")
def take_in(desk: InDesk, who: Changer, body: Confirmed) -> dict[str, str]:
    """Write a layer into the workspace as it was proposed."""
    source = upload_named(desk, body.folder, body.name)
    found = desk.reader.ask("take_in", source=str(source), wishes=body.wishes(), digest=body.digest)
    _noted(desk, who, "加入图层", {"layer": body.layer_id, "file": body.name, "digest": body.digest})
    return {"layer_id": str(found["layer_id"]), "entry": str(found["entry"])}


@router.post("/absent", summary="声明本市没有某一类区")
def state_absent(desk: InDesk, who: Changer, body: Absent) -> dict[str, Any]:
    """Write the statement into the catalogue."""
    found = desk.reader.ask("say_absent", **body.model_dump())
    _noted(desk, who, "声明没有", {"layers": body.layer_ids, "basis": body.basis, "by": body.by, "on": body.on})
    return found


@uploads.post("/rule-sheets", status_code=201, summary="交一份规则表，逐行看会改什么，还不写入")
def hand_in_rules(desk: InDesk, _: Manager, files: list[UploadFile]) -> dict[str, Any]:
    """Keep a rule sheet and return what each of its rows would do."""
    kept = kept_upload(desk, files, main=_SHEETS)
    return desk.reader.ask("rules_sheet", file=str(kept), write=False) | {"folder": kept.parent.name, "name": kept.name}


@router.post("/rules", summary="确认：规则表写入工作区")
def import_rules(desk: InDesk, who: Changer, body: Sheet) -> dict[str, Any]:
    """Write the rules of a sheet, when every row passes."""
    found = desk.reader.ask("rules_sheet", file=str(upload_named(desk, body.folder, body.name)), write=True)
    if found["good"]:
        _noted(desk, who, "导入规则", {"file": body.name, "rules": found["changed"]})
    return found


@router.get("/rules.xlsx", summary="规则表，改好后可导入", response_class=Response)
def sheet(desk: InDesk, _: Manager) -> Response:
    """Return the rules as a sheet to edit."""
    content = desk.judge.ask("rule_book", suffix=".xlsx")["content"]
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(content, media_type=media, headers={"content-disposition": "attachment; filename=rules.xlsx"})


def _noted(desk: Desk, who: Actor, action: str, detail: dict[str, Any]) -> None:
    with desk.database.writing() as session:
        append_event(session, case_id="", action=action, who=who.name, when=desk.settings.clock(), detail=detail)


@pages.get("/workspace")
def workspace_page(request: Request, actor: Who) -> HTMLResponse:
    """Return the page of layers and rules."""
    return page(request, "workspace.html", actor)


@pages.get("/rules")
def rules_page(desk: InDesk, _: Who) -> Response:
    """Return 准入规则一览: the page that `cdgis rules export` writes, in a sandbox like every finished page."""
    key = f"rule_book {files_digest(desk.workspace.workspace)}"
    found = desk.kept(key)
    if found is None:
        found = desk.judge.ask("rule_book", suffix=".html")
        desk.keep(key, found)
    return Response(found["content"], media_type="text/html; charset=utf-8", headers={"content-security-policy": POLICY})

