"""The REST interface of cases: /api/cases and what belongs to one."""

import io
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from cdgis.core.errors import DeskError
from cdgis.web import case_files, case_flow, cases
from cdgis.web.case_queue import Due, Filter, case_row, queue, queue_places
from cdgis.web.case_states import Action, Actor, open_actions
from cdgis.web.event_chain import events_of
from cdgis.web.models import Case, Document
from cdgis.web.opinions import Opinion, opinions_of
from cdgis.web.pasted_coordinates import pasted_file
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(prefix="/api/cases", tags=["案件"])
uploads = APIRouter(prefix="/api/cases", tags=["案件"])
"""Routes whose requests may be as large as a boundary file."""
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
_READING_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""For a report opened in the browser: it shows itself and runs nothing."""
_INLINE = {".html": "text/html; charset=utf-8"}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_max_length=4000)


class Drawn(_Body):
    """A shape from the map."""

    geometry: dict[str, Any]
    note: str = "在图上画出"


class Pasted(BaseModel):
    """Lines of coordinates."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=2_000_000)
    notation: str


class Answers(_Body):
    """What is answered about the boundary."""

    crs: str = ""
    geometry_kind: str = ""
    dxf_unit: str = ""


class Confirmation(_Body):
    """Which boundary is held for right."""

    digest: str


class Facts(_Body):
    """What is declared of the project."""

    name: str = ""
    industry: str = ""
    project_type: str = ""
    activity: str = ""
    due_on: str = ""
    attributes: dict[str, str] = {}
    version: int


class Registration(_Body):
    """What the signed-in person has seen."""

    name: str
    version: int


class Given(_Body):
    """What a reviewer holds of one finding."""

    subject_id: str
    rule_id: str
    opinion: Opinion
    reason: str
    version: int


class Move(_Body):
    """A step along the table of transitions."""

    action: Action
    reason: str = ""
    version: int


class Finalisation(_Body):
    """The last step."""

    reason: str = ""
    version: int


def _asked(state: str = "", verdict: str = "", q: str = "", mine: bool = False, waiting: bool = False, due: Due | Literal[""] = "") -> Filter:
    return Filter(state=state, verdict=verdict, text=q, mine=mine, waiting=waiting, due=due)


Asked = Annotated[Filter, Depends(_asked)]


@router.post("", status_code=201, summary="新建案件")
def create(desk: InDesk, actor: Who) -> dict[str, str]:
    """Begin a case."""
    return {"id": cases.new_case(desk, actor)}


@router.get("", summary="案件列表：检索、筛选、分页")
def listed(
    desk: InDesk, actor: Who, asked: Asked, sort: str = "", offset: Annotated[int, Field(ge=0, le=10**9)] = 0
) -> dict[str, Any]:
    """Return one page of the queue."""
    return queue(desk, actor, asked, by_due=sort == "due", offset=offset)


@router.get("/places", summary="案件在哪里，供地图用；条件与列表相同")
def placed(desk: InDesk, actor: Who, asked: Asked) -> dict[str, Any]:
    """Return points of the queue's cases."""
    return queue_places(desk, actor, asked)


@router.get("/{case_id}", summary="一个案件：状态、资料、文件、经过、可办的事")
def one(desk: InDesk, actor: Who, case_id: str) -> dict[str, Any]:
    """Return a case."""
    with desk.database.reading() as session:
        case = cases.visible_case(session, actor, case_id)
        events = events_of(session, case_id)
        documents = [*cases.documents_of(session, case_id), *cases.documents_of(session, case_id, case_flow.REPORT)]
        return case_row(case) | {
            "answers": case.answers, "facts": case.facts, "seen": case.seen, "confirmed": bool(case.confirmed), "outline": case.outline,
            "documents": [_document(document) for document in documents], "events": events, "opinions": opinions_of(events, case.round),
            "can": [str(action) for action in open_actions(actor, case)], "reasons": _reasons(actor, case),
        }  # fmt: skip


def _document(document: Document) -> dict[str, Any]:
    names = ("id", "kind", "round", "name", "size", "sha256", "made_at")
    return {name: getattr(document, name) for name in names}


def _reasons(actor: Actor, case: Case) -> list[str]:
    from cdgis.web.case_states import TRANSITIONS

    return [str(action) for action in open_actions(actor, case) if TRANSITIONS[action].needs_reason]


@uploads.post("/{case_id}/files", status_code=201, summary="上传边界文件，可多个")
def upload(desk: InDesk, actor: Who, case_id: str, files: list[UploadFile]) -> dict[str, list[str]]:
    """Keep files with a case one after another; all names are looked at first."""
    names = [case_files.checked_name(file.filename or "") for file in files]
    if not names or len(names) > desk.settings.limits.files:
        raise DeskError(f"一次最多上传 {desk.settings.limits.files} 个文件")
    for name, file in zip(names, files, strict=True):
        case_files.add_file(desk, actor, case_id, name, file.file)
    return {"names": names}


@router.delete("/{case_id}/files/{name}", summary="移去一个文件")
def remove(desk: InDesk, actor: Who, case_id: str, name: str) -> dict[str, str]:
    """Take a file out of a case."""
    case_files.remove_file(desk, actor, case_id, name)
    return {"name": name}


@uploads.post("/{case_id}/drawn", status_code=201, summary="以图上画的图形为边界")
def draw(desk: InDesk, actor: Who, case_id: str, body: Drawn) -> dict[str, str]:
    """Keep a drawn shape as the boundary."""
    return {"name": case_files.add_drawn(desk, actor, case_id, body.geometry, body.note)}


@uploads.post("/{case_id}/pasted", status_code=201, summary="粘贴坐标为边界")
def paste(desk: InDesk, actor: Who, case_id: str, body: Pasted) -> dict[str, str]:
    """Keep pasted lines as a file of the case."""
    name, content = pasted_file(body.text, body.notation)
    case_files.add_file(desk, actor, case_id, name, io.BytesIO(content))
    return {"name": name}


@router.put("/{case_id}/answers", summary="回答边界问题：坐标系、图形、图形单位")
def answer(desk: InDesk, actor: Who, case_id: str, body: Answers) -> dict[str, bool]:
    """Keep answers about the boundary."""
    case_files.set_answers(desk, actor, case_id, body.model_dump())
    return {"kept": True}


@router.get("/{case_id}/boundary", summary="读出的边界：图形、面积、逐行情况")
def boundary(desk: InDesk, actor: Who, case_id: str) -> dict[str, Any]:
    """Return what the files say."""
    return case_files.boundary_of(desk, actor, case_id)


@router.post("/{case_id}/confirm", summary="确认边界")
def confirm(desk: InDesk, actor: Who, case_id: str, body: Confirmation) -> dict[str, bool]:
    """Confirm the boundary."""
    case_files.confirm_boundary(desk, actor, case_id, body.digest)
    return {"confirmed": True}


@router.put("/{case_id}/facts", summary="填写资料")
def facts(desk: InDesk, actor: Who, case_id: str, body: Facts) -> dict[str, int]:
    """Keep the facts."""
    return {"version": cases.set_facts(desk, actor, case_id, body.model_dump(exclude={"version"}), body.version)}


@router.get("/{case_id}/verdict", summary="草算：按现有资料研判，不作决定")
def verdict(desk: InDesk, actor: Who, case_id: str) -> dict[str, Any]:
    """Return the draft verdict."""
    return case_flow.draft_verdict(desk, actor, case_id)


@router.get("/{case_id}/ways", summary="怎样才能通过：裁剪、平移；最近的管控区；单元的总量上限")
def ways(desk: InDesk, actor: Who, case_id: str) -> dict[str, Any]:
    """Return what takes longer than the verdict."""
    return case_flow.ways_out(desk, actor, case_id)


@router.post("/{case_id}/seen", summary="登记核验文号或活动")
def register(desk: InDesk, actor: Who, case_id: str, body: Registration) -> dict[str, int]:
    """Register what was seen."""
    return {"version": case_flow.register_seen(desk, actor, case_id, body.name, body.version)}


@router.post("/{case_id}/opinions", status_code=201, summary="对一条结果的复核意见，与机器结果并列")
def give_opinion(desk: InDesk, actor: Who, case_id: str, body: Given) -> dict[str, int]:
    """Keep an opinion on one finding; the verdict stays the engine's."""
    return {"version": case_flow.give_opinion(desk, actor, case_id, **body.model_dump())}


@router.post("/{case_id}/moves", summary="流转：提交、初审、复核、退回、撤销、重判")
def moves(desk: InDesk, actor: Who, case_id: str, body: Move) -> dict[str, bool]:
    """Move a case."""
    case_flow.move(desk, actor, case_id, body.action, reason=body.reason, version=body.version)
    return {"moved": True}


@router.post("/{case_id}/final", summary="定稿：编号并写出报告")
def final(desk: InDesk, actor: Who, case_id: str, body: Finalisation) -> dict[str, str]:
    """Finalise a case."""
    return {"report_number": case_flow.finalise(desk, actor, case_id, reason=body.reason, version=body.version)}


@router.get("/{case_id}/documents/{document_id}", summary="下载文件；open=1 在浏览器里看网页报告", response_class=FileResponse)
def document(desk: InDesk, actor: Who, case_id: str, document_id: str, request: Request) -> FileResponse:
    """Return a document's bytes."""
    with desk.database.reading() as session:
        cases.visible_case(session, actor, case_id)
        found = session.get(Document, document_id)
    if found is None or found.case_id != case_id:
        raise DeskError("没有这个文件", status=404)
    path = desk.settings.folder / found.path
    if not path.is_file():
        raise DeskError(f"文件 {found.name} 不在原处", remedy="请从备份恢复 desk 文件夹", status=410)
    suffix = path.suffix.lower()
    if request.query_params.get("open") and suffix in _INLINE and found.kind == case_flow.REPORT:
        return FileResponse(path, media_type=_INLINE[suffix], headers={"content-security-policy": _READING_POLICY})
    return FileResponse(path, media_type="application/octet-stream", filename=found.name)
