"""Decided cases judged again by the layers and rules of today: which verdicts would change, and by which clause or zone."""

import threading
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy import select, update

from cdgis.core.errors import CdgisError, DeskError
from cdgis.web.account_routes import manager
from cdgis.web.case_flow import judged
from cdgis.web.case_import import RECEIVED
from cdgis.web.case_states import Action, Actor, CaseState
from cdgis.web.cases import question_of
from cdgis.web.event_chain import events_of
from cdgis.web.job_states import JobState
from cdgis.web.models import Case, Job
from cdgis.web.running_desk import Desk, desk_of
from cdgis.web.running_servers import hold
from cdgis.web.verdict_summary import decisive_of

router = APIRouter(prefix="/api/jobs", tags=["重判清单"])
InDesk = Annotated[Desk, Depends(desk_of)]
Manager = Annotated[Actor, Depends(manager)]
KIND = "rejudge"


@router.post("/rejudge", status_code=202, summary="查哪些定稿案件的结论会变")
def begin(desk: InDesk, who: Manager) -> dict[str, str]:
    """Begin the job, unless one is under way."""
    with desk.database.writing() as session:
        if session.scalar(select(Job).where(Job.kind == KIND, Job.state == JobState.RUNNING)) is not None:
            raise DeskError("正在查，请等它完成或取消", status=409)
        ids = list(session.scalars(select(Case.id).where(Case.state == CaseState.FINAL).order_by(Case.number)))
        job = Job(
            id=uuid.uuid4().hex, kind=KIND, state=JobState.RUNNING, asked={"cases": ids}, result={"changed": [], "failed": []}, done=0,
            total=len(ids), message="", stage="", owner_id=who.account_id, made_by=who.name, made_at=desk.settings.clock().isoformat(), ended_at="",
        )  # fmt: skip
        session.add(job)
        session.flush()
        hold(session, job.id, desk.presence)
    threading.Thread(target=run, args=(desk, job.id), daemon=True).start()
    return {"id": job.id}


def run(desk: Desk, job_id: str) -> None:
    """Judge the cases of a job one after another, each finding kept as soon as it is there."""
    with desk.database.reading() as session:
        job = session.get(Job, job_id)
    if job is None:
        return
    found: dict[str, list[dict[str, Any]]] = {"changed": [], "failed": []}
    for number, case_id in enumerate(job.asked["cases"], start=1):
        try:
            change = difference(desk, case_id)
            found["changed"] += [change] if change else []
        except CdgisError as err:  # a case that cannot be judged today is named, the others are judged on
            found["failed"].append(named_case(desk, case_id) | {"reason": str(err)})
        with desk.database.writing() as session:
            current = session.get(Job, job_id)
            if current is None or current.state != JobState.RUNNING:
                return
            current.done, current.result = number, {key: list(rows) for key, rows in found.items()}
    end_job(desk, job_id, state=JobState.DONE, only=JobState.RUNNING)


def difference(desk: Desk, case_id: str) -> dict[str, Any] | None:
    """Return how today's verdict on a decided case differs from the one it was given; None when it does not.

    Raises
    ------
    CdgisError : it cannot be judged today.
    """
    with desk.database.reading() as session:
        case = session.get_one(Case, case_id)
        question, events = question_of(desk, session, case), events_of(session, case_id)
    then = next(event["detail"] for event in reversed(events) if event["action"] in (Action.FINALISE, RECEIVED))
    today = judged(desk, question)
    before, after = set(then.get("decisive", ())), set(decisive_of(today))
    if today["verdict"] == then["verdict"] and before == after:
        return None
    return named_case(desk, case_id) | {
        "before": then["verdict"], "after": today["verdict"], "same_word": today["verdict"] == then["verdict"],
        "gone": sorted(before - after), "new": sorted(after - before),
    }  # fmt: skip


def named_case(desk: Desk, case_id: str) -> dict[str, Any]:
    """Return what lists call a case by."""
    with desk.database.reading() as session:
        case = session.get_one(Case, case_id)
    return {"id": case.id, "number": case.number, "name": case.name}


def end_job(desk: Desk, job_id: str, *, state: JobState, only: JobState) -> None:
    """Note that a job has ended, if it is in the state it can end from."""
    ended = desk.settings.clock().isoformat()
    with desk.database.writing() as session:
        session.execute(update(Job).where(Job.id == job_id, Job.state == only).values(state=state, ended_at=ended))
