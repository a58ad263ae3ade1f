"""OGC API Processes Part 1 (Core, JSON, OpenAPI 3.0, job list, dismiss) over screen, guide, trace and relocate: answered at once, or as a job."""

import threading
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, update

from cdgis.core.errors import CdgisError, DeskError
from cdgis.web.case_states import Actor, Role
from cdgis.web.database import insist
from cdgis.web.job_kinds import KINDS, QUEUED
from cdgis.web.job_routes import job_of, may_begin
from cdgis.web.job_runner import job_folder
from cdgis.web.job_states import OPEN_JOBS, JobState
from cdgis.web.job_table import hold_job, new_job
from cdgis.web.models import Job
from cdgis.web.process_tasks import PROCESSES, checked_inputs
from cdgis.web.remains import clear
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(prefix="/ogc", include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
CONFORMS_TO = [
    f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}" for name in ("core", "ogc-process-description", "json", "job-list", "dismiss")
]
_KIND = "ogc-"
_LOOK_S = 0.2
_MOST_OPEN = 5
"""Jobs one person or program may have under way."""
_STATUS = {
    JobState.WAITING: "accepted", JobState.RUNNING: "running", JobState.DONE: "successful", JobState.FAILED: "failed",
    JobState.CANCELLED: "dismissed",
}  # fmt: skip


class Execution(BaseModel):
    """A request to run a process."""

    model_config = ConfigDict(extra="ignore")
    inputs: dict[str, Any] = {}


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/ogc"


def _known(name: str) -> str:
    if name not in PROCESSES:
        raise DeskError(f"没有处理 {name[:40]}", remedy=f"可用 {'、'.join(PROCESSES)}", status=404)
    return name


def _summary(request: Request, name: str) -> dict[str, Any]:
    place = f"{_base(request)}/processes/{name}"
    return {
        "id": name, "title": PROCESSES[name][0], "version": "1.0.0", "jobControlOptions": ["sync-execute", "async-execute"],
        "outputTransmission": ["value"],
        "links": [
            {"href": place, "rel": "self", "type": "application/json", "title": name},
            {"href": f"{place}/execution", "rel": "http://www.opengis.net/def/rel/ogc/1.0/execute", "title": "执行"},
        ],
    }  # fmt: skip


@router.get("/processes")
def processes(request: Request, _: Who) -> JSONResponse:
    """Return the list of processes."""
    link = {"href": f"{_base(request)}/processes", "rel": "self", "type": "application/json", "title": "处理"}
    return JSONResponse({"processes": [_summary(request, name) for name in PROCESSES], "links": [link]})


@router.get("/processes/{name}")
def process(request: Request, _: Who, name: str) -> JSONResponse:
    """Return a process with its inputs."""
    schema = PROCESSES[_known(name)][1].model_json_schema()
    inputs = {
        key: {
            "title": about.get("description", key), "minOccurs": int(key in schema.get("required", ())), "maxOccurs": 1,
            "schema": {word: value for word, value in about.items() if word not in ("title", "description")},
        }
        for key, about in schema["properties"].items()
    }  # fmt: skip
    outputs = {"result": {"title": "结果", "schema": {"type": "object"}}}
    return JSONResponse(_summary(request, name) | {"inputs": inputs, "outputs": outputs})


@router.post("/processes/{name}/execution")
def execute(request: Request, desk: InDesk, actor: Who, name: str, body: Execution) -> JSONResponse:
    """Run a process: 200 with its result, or 201 with a job where ``Prefer: respond-async`` asks for one."""
    if not actor.alone and actor.account_id >= 0 and actor.roles <= {Role.READER}:
        raise DeskError("只读的账号不能执行处理", remedy="请由申报、审核或管理人员办理", status=403)
    given = checked_inputs(_known(name), body.inputs)
    later = "respond-async" in request.headers.get("prefer", "")
    if name in QUEUED:
        job = _begun(desk, actor, name, given, JobState.WAITING)
        if not later:
            return JSONResponse(_awaited(desk, job.id))
    elif not later:
        return JSONResponse(desk.ask_quickly(f"process-{name}", **given))
    else:
        job = _begun(desk, actor, name, given, JobState.RUNNING)
        threading.Thread(target=_run, args=(desk, job.id, name, given), daemon=True).start()
    headers = {"location": f"{_base(request)}/jobs/{job.id}", "preference-applied": "respond-async"}
    return JSONResponse(_status(request, job), status_code=201, headers=headers)


def _begun(desk: Desk, actor: Actor, name: str, given: dict[str, Any], state: JobState) -> Job:
    """Return a job of a process: one that this server does at once, or one that waits for the next server that is free."""
    kind = KINDS.get(QUEUED.get(name, ""))
    if kind is not None and actor.account_id >= 0 and not may_begin(actor, kind):
        raise DeskError(f"“{kind.title}”的结果涉及全市，须由 {'、'.join(sorted(kind.roles))} 办理", remedy="请由审核或管理人员办理", status=403)
    with desk.database.writing() as session:
        mine = select(Job.id).where(Job.owner_id == actor.account_id, Job.kind.startswith(_KIND), Job.state.in_(OPEN_JOBS))
        if len(list(session.scalars(mine))) >= _MOST_OPEN:
            raise DeskError(f"已有 {_MOST_OPEN} 件在办", remedy="请等它们完成", status=429)
        job = new_job(desk, actor, f"{_KIND}{name}", state, asked=given, total=1)
        if state == JobState.RUNNING:
            hold_job(desk, session, job)
        else:
            session.add(job)
    if state == JobState.WAITING:
        desk.runner.wake()
    return job


def _awaited(desk: Desk, job_id: str) -> dict[str, Any]:
    """Return what came of a job, once it has ended on whichever server.

    Raises
    ------
    DeskError : it failed, was cancelled, or the desk closes.
    """
    while True:
        job = job_of(desk, job_id)
        if job.state == JobState.DONE:
            return job.result
        if job.state not in OPEN_JOBS or desk.presence.ended.wait(_LOOK_S):
            raise DeskError(job.message or "作业没有做完", remedy="请核对 inputs 后重试", status=422)


def _run(desk: Desk, job_id: str, name: str, given: dict[str, Any]) -> None:
    try:
        told: dict[str, Any] = {"state": JobState.DONE, "result": desk.ask_quickly(f"process-{name}", **given), "done": 1}
    except CdgisError as err:
        told = {"state": JobState.FAILED, "message": str(err)}
    told["ended_at"] = desk.settings.clock().isoformat()
    with suppress(DeskError):  # the desk closes: it says what was not done when it opens
        insist(partial(_note, desk, job_id, told), desk.presence.ended)


def _note(desk: Desk, job_id: str, told: dict[str, Any]) -> None:
    with desk.database.writing() as session:
        session.execute(update(Job).where(Job.id == job_id, Job.state == JobState.RUNNING).values(**told))


def _mine(desk: Desk, actor: Actor, job_id: str) -> Job:
    """Return a job of this interface that the actor began."""
    with desk.database.reading() as session:
        job = session.get(Job, job_id)
    if job is None or not job.kind.startswith(_KIND) or job.owner_id != actor.account_id:
        raise DeskError("没有这项作业", status=404)
    return job


def _status(request: Request, job: Job) -> dict[str, Any]:
    place = f"{_base(request)}/jobs/{job.id}"
    links = [{"href": place, "rel": "self", "type": "application/json", "title": "状态"}]
    if job.state == JobState.DONE:
        links.append({
            "href": f"{place}/results", "rel": "http://www.opengis.net/def/rel/ogc/1.0/results", "type": "application/json", "title": "结果",
        })  # fmt: skip
    return {
        "jobID": job.id, "processID": job.kind.removeprefix(_KIND), "type": "process", "status": _STATUS[JobState(job.state)], "message": job.message,
        "created": job.made_at, **({"finished": job.ended_at} if job.ended_at else {}), "links": links,
    }  # fmt: skip


@router.get("/jobs")
def jobs(request: Request, desk: InDesk, actor: Who) -> JSONResponse:
    """Return the actor's jobs, the newest first."""
    mine = select(Job).where(Job.owner_id == actor.account_id, Job.kind.startswith(_KIND)).order_by(Job.made_at.desc(), Job.id).limit(100)
    with desk.database.reading() as session:
        found = [_status(request, job) for job in session.scalars(mine)]
    link = {"href": f"{_base(request)}/jobs", "rel": "self", "type": "application/json", "title": "作业"}
    return JSONResponse({"jobs": found, "links": [link]})


@router.get("/jobs/{job_id}")
def job_status(request: Request, desk: InDesk, actor: Who, job_id: str) -> JSONResponse:
    """Return how far a job has come."""
    return JSONResponse(_status(request, _mine(desk, actor, job_id)))


@router.get("/jobs/{job_id}/results")
def job_results(desk: InDesk, actor: Who, job_id: str) -> JSONResponse:
    """Return what came of a job."""
    job = _mine(desk, actor, job_id)
    if job.state == JobState.DONE:
        return JSONResponse(job.result)
    if job.state == JobState.FAILED:
        raise DeskError(f"没有完成：{job.message}", status=500)
    raise DeskError("还没有结果" if job.state in OPEN_JOBS else "作业已取消", remedy="请先问 /ogc/jobs 的状态", status=404)


@router.delete("/jobs/{job_id}")
def dismiss(request: Request, desk: InDesk, actor: Who, job_id: str) -> JSONResponse:
    """Take no result of a job any more."""
    _mine(desk, actor, job_id)
    clear(job_folder(desk.settings, job_id))
    with desk.database.writing() as session:
        values = {"state": JobState.CANCELLED, "result": {}, "ended_at": desk.settings.clock().isoformat()}
        session.execute(update(Job).where(Job.id == job_id).values(**values))
    return JSONResponse(_status(request, _mine(desk, actor, job_id)))
