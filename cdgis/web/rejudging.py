"""Decided cases judged again by the layers and rules of today: which verdicts would change, and by which clause or zone."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy import select

from cdgis.core.errors import CdgisError, DeskError
from cdgis.web.account_routes import manager
from cdgis.web.case_flow import judged
from cdgis.web.case_import import RECEIVED
from cdgis.web.case_states import Action, Actor, CaseState
from cdgis.web.cases import question_of
from cdgis.web.database import insist
from cdgis.web.event_chain import events_of
from cdgis.web.job_states import JobState
from cdgis.web.job_table import end_job, hold_job, new_job
from cdgis.web.models import Case, Job
from cdgis.web.running_desk import Desk, desk_of
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
        job = new_job(desk, who, KIND, JobState.RUNNING, asked={"cases": ids}, result={"changed": [], "failed": []}, total=len(ids))
        hold_job(desk, session, job)
    threading.Thread(target=run, args=(desk, job.id), daemon=True).start()
    return {"id": job.id}


def run(desk: Desk, job_id: str) -> None:
    """Judge the cases of a job one after another, each finding kept as soon as it is there."""
    with desk.database.reading() as session:
        job = session.get(Job, job_id)
    if job is None:
        return
    over_cases(desk, job_id, job.asked["cases"], "changed", partial(difference, desk))


def over_cases(desk: Desk, job_id: str, ids: Sequence[str], kept: str, ask: Callable[[str], dict[str, Any] | None]) -> None:
    """Ask of the cases of a job one after another and keep each answer under `kept` at once, until the job is no longer running.

    A case of which nothing can be said today is named under "failed" with the reason, the others are gone on with.
    """
    found: dict[str, list[dict[str, Any]]] = {kept: [], "failed": []}
    closing = desk.presence.ended
    for number, case_id in enumerate(ids, start=1):
        try:
            answer = ask(case_id)
            found[kept] += [answer] if answer else []
        except CdgisError as err:
            found["failed"].append(insist(partial(named_case, desk, case_id), closing) | {"reason": str(err)})
        if not insist(partial(_goes_on, desk, job_id, number, found), closing):
            return
    insist(partial(end_job, desk, job_id, state=JobState.DONE, only=JobState.RUNNING), closing)


def _goes_on(desk: Desk, job_id: str, done: int, found: dict[str, list[dict[str, Any]]]) -> bool:
    """Write how far a job is, and return whether it still runs."""
    with desk.database.writing() as session:
        job = session.get(Job, job_id)
        if job is None or job.state != JobState.RUNNING:
            return False
        job.done, job.result = done, {key: list(rows) for key, rows in found.items()}
        return True


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
