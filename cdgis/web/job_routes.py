"""The jobs beside the cases: begun, followed as they go on, cancelled, found again, their files opened."""

import json
import shutil
from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import func, select, update

from cdgis.core import layer_ids
from cdgis.core.errors import DeskError
from cdgis.web import result_pages
from cdgis.web.case_states import Actor, Role
from cdgis.web.event_chain import append_event
from cdgis.web.handed_in import kept_upload
from cdgis.web.job_kinds import KINDS, JobKind
from cdgis.web.job_runner import job_folder
from cdgis.web.job_states import OPEN_JOBS, JobState
from cdgis.web.job_table import new_job
from cdgis.web.map_layers import frame_of
from cdgis.web.models import Job
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(prefix="/api/jobs", tags=["作业"])
uploads = APIRouter(prefix="/api/jobs", tags=["作业"])
"""Routes whose requests may be as large as a layer."""
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
PAGE = 30
_LOOK_S = 0.4
_MOST_OPEN = 60
_COMPARE = "compare"
_OTHERS = {"rejudge": "重判清单", "rejudge-again": "按清单重判"}
"""What jobs are called that the runner does not do."""
_BRIEF = ("id", "kind", "state", "done", "total", "message", "stage", "made_by", "made_at", "ended_at", "asked")


def staff(actor: Who) -> Actor:
    """Return who asks, somebody who may see more than cases of his own.

    Raises
    ------
    DeskError : he may not.
    """
    if actor.sees_all:
        return actor
    raise DeskError("作业的结果涉及全市，只有申报角色的人不能看", remedy="请由审核或管理人员办理", status=403)


Staff = Annotated[Actor, Depends(staff)]


class Asked(BaseModel):
    """A job to be done."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    asked: dict[str, Any] = {}


def may_begin(actor: Actor, kind: JobKind) -> bool:
    """Return whether the actor may begin jobs of a kind."""
    return actor.alone or bool(actor.roles & kind.roles)


@router.get("/kinds", summary="可做的作业")
def kinds(actor: Staff) -> list[dict[str, Any]]:
    """Return the kinds of jobs, and which of them the actor may begin."""
    return [{"kind": name, "title": kind.title, "about": kind.about, "may": may_begin(actor, kind)} for name, kind in KINDS.items() if kind.listed]


@router.get("/choices", summary="作业表单要用的园区、权重、图层")
def choices(desk: InDesk, _: Staff) -> dict[str, Any]:
    """Return what the forms of the jobs offer: parks, criteria with their weights, layers that can be compared."""
    from cdgis.relocation.policy import read_destination_policy, read_priority_policy

    catalog = desk.workspace.workspace.catalog
    parks = frame_of(desk.workspace, layer_ids.PARKS) if layer_ids.PARKS in desk.workspace.layers else None
    weighed = {"priority": read_priority_policy().criterion, "destinations": read_destination_policy().criterion}
    return {
        layer_ids.PARKS: [] if parks is None else [
            {"id": str(row["zone_id"]), "name": str(row["zone_name"]), "spare_ha": str(row.get("spare_ha", ""))} for _, row in parks.iterrows()
        ],
        "weights": {name: [{"id": c.id, "title": c.title, "weight": c.weight} for c in criteria] for name, criteria in weighed.items()},
        "layers": [{"id": spec.id, "title": spec.title} for spec in catalog.layers.values() if spec.is_vector and spec.path],
    }


@router.get("", summary="作业列表，新的在前")
def listed(desk: InDesk, _: Staff, kind: str = "", offset: int = 0) -> dict[str, Any]:
    """Return one page of the history."""
    chosen = select(Job).where(Job.kind == kind) if kind else select(Job)
    with desk.database.reading() as session:
        total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
        jobs = session.scalars(chosen.order_by(Job.made_at.desc(), Job.id).offset(max(0, offset)).limit(PAGE))
        return {"total": total, "page": PAGE, "jobs": [_brief(job) for job in jobs]}


def _brief(job: Job) -> dict[str, Any]:
    kind = KINDS.get(job.kind)
    asked = {key: value for key, value in job.asked.items() if key != "file"}
    return {name: getattr(job, name) for name in _BRIEF} | {"title": kind.title if kind else _OTHERS.get(job.kind, "接口调用"), "asked": asked}


@router.post("", status_code=202, summary="开始一项作业")
def begin(desk: InDesk, actor: Staff, body: Asked) -> dict[str, str]:
    """Put a job into the queue."""
    if body.kind == _COMPARE:
        raise DeskError("新旧对照要一并交上新版本的文件", remedy="请用作业页面的表单")
    return {"id": _begun(desk, actor, body.kind, body.asked)}


@uploads.post("/compare", status_code=202, summary="开始新旧对照：交一份图层的新版本")
def begin_comparison(desk: InDesk, actor: Staff, layer: Annotated[str, Form()], files: list[UploadFile]) -> dict[str, str]:
    """Keep the new version and put its comparison into the queue."""
    _checked_kind(actor, _COMPARE)
    spec = desk.workspace.workspace.catalog.layers.get(layer)
    if spec is None or not spec.is_vector or not spec.path:
        raise DeskError(f"没有可对照的图层 {layer[:40]}", remedy="请从列表中选", status=404)
    kept = kept_upload(desk, files)
    return {"id": _begun(desk, actor, _COMPARE, {"layer": layer, "file": str(kept)})}


def _checked_kind(actor: Actor, name: str) -> JobKind:
    kind = KINDS.get(name)
    if kind is None or not kind.listed:
        raise DeskError(f"没有作业 {name[:40]}", remedy=f"应为 {'、'.join(name for name, kind in KINDS.items() if kind.listed)}", status=404)
    if not may_begin(actor, kind):
        raise DeskError(f"“{kind.title}”须由 {'、'.join(sorted(kind.roles))} 办理", status=403)
    return kind


def _begun(desk: Desk, actor: Actor, name: str, asked: dict[str, Any]) -> str:
    kind = _checked_kind(actor, name)
    try:
        wanted = kind.asked.model_validate(asked).model_dump()
    except ValidationError as err:
        named = "、".join(".".join(map(str, item["loc"])) for item in err.errors())
        raise DeskError(f"作业的这些项不合要求：{named[:200]}") from err
    now = desk.settings.clock()
    with desk.database.reading() as session:
        waiting = session.scalar(select(func.count()).select_from(Job).where(Job.state.in_(OPEN_JOBS))) or 0
    if waiting >= _MOST_OPEN:
        raise DeskError(f"已有 {waiting} 项作业在做或等候", remedy="请等它们做完，或取消不要的", status=409)
    job = new_job(desk, actor, name, JobState.WAITING, asked=wanted)
    with desk.database.writing() as session:
        session.add(job)
        told = {key: value for key, value in wanted.items() if value and key != "file"}
        append_event(session, case_id="", action=f"开始作业：{kind.title}", who=actor.name, when=now, detail={"job": job.id, **told})
    desk.runner.wake()
    return job.id


@router.get("/{job_id}", summary="一项作业的进度和结果")
def one(desk: InDesk, actor: Staff, job_id: str) -> dict[str, Any]:
    """Return a job."""
    job = job_of(desk, job_id)
    mine = _owns(actor, job)
    kept = job_folder(desk.settings, job.id).is_dir()
    return _brief(job) | {"result": job.result, "can_cancel": mine and job.state in OPEN_JOBS, "kept": kept, "mine": mine}


def job_of(desk: Desk, job_id: str) -> Job:
    """Return the job of an id.

    Raises
    ------
    DeskError : there is none.
    """
    with desk.database.reading() as session:
        job = session.get(Job, job_id)
    if job is None:
        raise DeskError("没有这项作业", status=404)
    return job


@router.get("/{job_id}/events", summary="一项作业的进度，随时送出（Server-Sent Events）", response_class=StreamingResponse)
async def follow(desk: InDesk, _: Staff, job_id: str) -> StreamingResponse:
    """Send the state of a job whenever it changes, until it has ended."""
    await anyio.to_thread.run_sync(job_of, desk, job_id)

    async def told() -> AsyncIterator[str]:
        """Yield one event a change."""
        last = ""
        while True:
            job = await anyio.to_thread.run_sync(job_of, desk, job_id)
            text = json.dumps(_brief(job), ensure_ascii=False)
            yield f"data: {text}\n\n" if text != last else ": \n\n"
            last = text
            if job.state not in OPEN_JOBS:
                return
            await anyio.sleep(_LOOK_S)

    return StreamingResponse(told(), media_type="text/event-stream")


@router.delete("/{job_id}", summary="取消一项作业")
def cancel(desk: InDesk, actor: Staff, job_id: str) -> dict[str, bool]:
    """Stop a job: its process is ended, and nothing of it is kept."""
    _checked_owner(actor, job_of(desk, job_id))
    values = {"state": JobState.CANCELLED, "ended_at": desk.settings.clock().isoformat(), "stage": ""}
    with desk.database.writing() as session:
        session.execute(update(Job).where(Job.id == job_id, Job.state.in_(OPEN_JOBS)).values(**values))
        append_event(session, case_id="", action="取消作业", who=actor.name, when=desk.settings.clock(), detail={"job": job_id})
    return {"cancelled": True}


@router.delete("/{job_id}/files", summary="删去一项作业的结果文件，记录留着")
def drop_files(desk: InDesk, actor: Staff, job_id: str) -> dict[str, bool]:
    """Remove the files of a job that has ended."""
    job = job_of(desk, job_id)
    _checked_owner(actor, job)
    if job.state in OPEN_JOBS:
        raise DeskError("作业还没有结束", remedy="请先取消", status=409)
    shutil.rmtree(job_folder(desk.settings, job.id), ignore_errors=True)
    with desk.database.writing() as session:
        append_event(session, case_id="", action="删去作业结果", who=actor.name, when=desk.settings.clock(), detail={"job": job_id})
    return {"dropped": True}


def _owns(actor: Actor, job: Job) -> bool:
    return actor.alone or Role.ADMIN in actor.roles or (job.owner_id == actor.account_id and job.kind in KINDS)


def _checked_owner(actor: Actor, job: Job) -> None:
    if not _owns(actor, job):
        raise DeskError("这项作业是别人开始的", remedy="请由开始它的人或管理员办理", status=403)


@router.get("/{job_id}/open/{path:path}", summary="打开作业的网页：转到只看这一份结果的地址", response_class=RedirectResponse)
def opened(desk: InDesk, _: Staff, request: Request, job_id: str, path: str) -> Response:
    """Send the browser to a page of the results, at an address that opens these results alone."""
    job_of(desk, job_id)
    result_pages.file_within(job_folder(desk.settings, job_id), path)
    return RedirectResponse(result_pages.address(desk, request, job_id, path), status_code=303)


@router.get("/{job_id}/files/{path:path}", summary="下载作业的一个文件", response_class=Response)
def download(desk: InDesk, _: Staff, job_id: str, path: str) -> Response:
    """Return the bytes of one file."""
    job_of(desk, job_id)
    return result_pages.as_download(result_pages.file_within(job_folder(desk.settings, job_id), path))

