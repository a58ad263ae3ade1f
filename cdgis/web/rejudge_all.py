"""The cases that a list found changed, judged anew in one action: a new round each, the reports there are kept."""

import threading
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from cdgis.core.errors import DeskError
from cdgis.web.case_files import boundary_of
from cdgis.web.case_flow import finalise, move
from cdgis.web.case_states import Action, Actor
from cdgis.web.cases import changed, visible_case
from cdgis.web.job_states import JobState
from cdgis.web.job_table import hold_job, new_job
from cdgis.web.models import Job
from cdgis.web.rejudging import KIND, InDesk, Manager, difference, named_case, over_cases
from cdgis.web.running_desk import Desk

router = APIRouter(prefix="/api/jobs", tags=["重判清单"])
KIND_AGAIN = "rejudge-again"
CARRIED = "沿用边界确认"
"""Action of the journal: files and reading are those that were confirmed before."""


class Again(BaseModel):
    """Why the listed cases are judged anew."""

    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, Field(max_length=2000)]


@router.post("/{job_id}/again", status_code=202, summary="清单上结论或依据会变的案件，一次全部重判")
def begin(desk: InDesk, who: Manager, job_id: str, body: Again) -> dict[str, str]:
    """Begin to judge anew what a finished list found changed."""
    if not body.reason.strip():
        raise DeskError("“重判”须写明理由", remedy="请填写理由后重试")
    with desk.database.writing() as session:
        listed = session.get(Job, job_id)
        if listed is None or listed.kind != KIND:
            raise DeskError("没有这份清单", status=404)
        ids = [row["id"] for row in listed.result["changed"]]
        running = session.scalar(select(Job).where(Job.kind == KIND_AGAIN, Job.state == JobState.RUNNING))
        if listed.state != JobState.DONE or not ids or running is not None:
            raise DeskError("清单没有查完、没有会变的案件，或正在重判", remedy="请等它完成，或重新查一遍", status=409)
        job = new_job(
            desk, who, KIND_AGAIN, JobState.RUNNING, asked={"cases": ids, "list": job_id}, result={"judged": [], "failed": []}, total=len(ids)
        )
        hold_job(desk, session, job)
    threading.Thread(target=run, args=(desk, who, job.id, ids, body.reason), daemon=True).start()
    return {"id": job.id}


def run(desk: Desk, actor: Actor, job_id: str, ids: list[str], reason: str) -> None:
    """Judge the cases anew one after another; one that cannot be is named and stays as it was."""

    def ask(case_id: str) -> dict[str, Any]:
        """Judge a case anew, and return what lists call it by and what it is now."""
        if difference(desk, case_id) is None:
            raise DeskError("它的结论已与现在的图层和规则一致", remedy="请重新查一遍")
        return named_case(desk, case_id) | judge_anew(desk, actor, case_id, reason)

    over_cases(desk, job_id, ids, "judged", ask)


def judge_anew(desk: Desk, actor: Actor, case_id: str, reason: str) -> dict[str, str]:
    """Begin a case's next round; its boundary counts as confirmed when it reads as it did. Alone, it is decided at once.

    Returns state and verdict of the case then. With accounts it is a draft again, which its owner submits: nobody decides alone.

    Raises
    ------
    DeskError : it is not the actor's to do, or not now.
    """
    with desk.database.reading() as session:
        case = visible_case(session, actor, case_id)
        digest, version = case.confirmed, case.version
    move(desk, actor, case_id, Action.REJUDGE, reason=reason, version=version)
    same = boundary_of(desk, actor, case_id)["digest"] == digest
    with desk.database.writing() as session:
        case = visible_case(session, actor, case_id)
        if same and not case.confirmed and case.version == version + 1:
            case.confirmed = digest
            changed(desk, session, case, actor, CARRIED, {"digest": digest})
        version = case.version
    if same and actor.alone:
        finalise(desk, actor, case_id, reason=reason, version=version)
    with desk.database.reading() as session:
        case = visible_case(session, actor, case_id)
    return {"state": case.state, "verdict": case.verdict, "report_number": case.report_number}
