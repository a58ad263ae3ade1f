"""Cases under the names of the public permitting standard: project, process, document, case_event, decision_element, decision_payload.

Names of entities and the relation of one project to its processes follow the NEPA and Permitting Data and Technology Standard
(permitting.innovation.gov, 2025); a case is a project, each of its rounds of judgement a process. To read only: what writes a
case is /api/cases.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from cdgis.rules.attributes import load_attributes
from cdgis.web.case_queue import PAGE
from cdgis.web.case_states import Action, Actor
from cdgis.web.cases import visible_case
from cdgis.web.event_chain import events_of
from cdgis.web.models import Case, Document
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(prefix="/api", tags=["许可数据标准"])
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
Offset = Annotated[int, Field(ge=0, le=10**9)]
_OWN_FACTS = {"name": "项目名称", "industry": "行业（GB/T 4754）", "project_type": "建设性质", "activity": "活动类型"}


@router.get("/project", summary="项目：每个案件一个")
def projects(desk: InDesk, actor: Who, offset: Offset = 0) -> dict[str, Any]:
    """Return one page of the cases the actor may see, as projects."""
    with desk.database.reading() as session:
        return {"offset": offset, "page": PAGE, "project": [_project(case) for case in _page(session, actor, offset)]}


@router.get("/process", summary="办理过程：每个案件每轮研判一个")
def processes(desk: InDesk, actor: Who, offset: Offset = 0) -> dict[str, Any]:
    """Return the processes of one page of cases."""
    with desk.database.reading() as session:
        found = [_process(case, number) for case in _page(session, actor, offset) for number in range(1, case.round + 1)]
    return {"offset": offset, "page": PAGE, "process": found}


@router.get("/document", summary="文件")
def documents(desk: InDesk, actor: Who, project_id: str) -> list[dict[str, Any]]:
    """Return the documents of a project."""
    with desk.database.reading() as session:
        case = visible_case(session, actor, project_id)
        found = session.scalars(select(Document).where(Document.case_id == case.id))
        return [
            {
                "id": row.id, "project_id": case.id, "process_id": _process_id(case, row.round), "title": row.name, "document_type": row.kind,
                "size": row.size, "sha256": row.sha256, "url": f"/api/cases/{case.id}/documents/{row.id}", "publish_date": row.made_at,
            }
            for row in sorted(found, key=lambda row: (row.round, row.kind, row.name))
        ]  # fmt: skip


@router.get("/case_event", summary="经过")
def case_events(desk: InDesk, actor: Who, project_id: str) -> list[dict[str, Any]]:
    """Return what happened to a project, oldest first."""
    with desk.database.reading() as session:
        case = visible_case(session, actor, project_id)
        return [
            {
                "id": event["number"], "project_id": case.id, "process_id": _process_id(case, number), "name": event["action"],
                "datetime": event["when"], "assigned_entity": event["who"], "description": event["reason"], "other": event["detail"],
            }
            for number, event in _with_rounds(events_of(session, case.id))
        ]  # fmt: skip


@router.get("/decision_element", summary="决定要素：研判所要的各项资料")
def decision_elements(_: Who) -> list[dict[str, Any]]:
    """Return every fact that a judgement may ask for."""
    own = [{"id": name, "title": title, "data_type": "text", "unit": "", "registered": False} for name, title in _OWN_FACTS.items()]
    return own + [
        {"id": name, "title": spec.title, "data_type": str(spec.type), "unit": spec.unit, "registered": bool(spec.registered)}
        for name, spec in load_attributes().items()
    ]


@router.get("/decision_payload", summary="决定内容：一个项目各要素填了什么，结论是什么")
def decision_payload(desk: InDesk, actor: Who, project_id: str) -> list[dict[str, Any]]:
    """Return what was declared for each element, and what was decided in each round."""
    with desk.database.reading() as session:
        case = visible_case(session, actor, project_id)
        events = events_of(session, case.id)
    now = _process_id(case, case.round)
    told = {**{name: case.facts[name] for name in _OWN_FACTS if name in case.facts}, **case.facts.get("attributes", {})}
    given = [
        {"project_id": case.id, "process_id": now, "decision_element_id": name, "result": value, "seen_by": case.seen.get(name, "")}
        for name, value in told.items()
    ]
    return given + [
        {
            "project_id": case.id, "process_id": _process_id(case, number), "decision_element_id": "verdict", "result": event["detail"]["verdict"],
            "report_number": event["detail"]["number"], "decisive": event["detail"].get("decisive", []),
        }
        for number, event in _with_rounds(events)
        if event["action"] == Action.FINALISE
    ]  # fmt: skip


def _page(session: Session, actor: Actor, offset: int) -> Iterable[Case]:
    wanted = select(Case).order_by(Case.number).limit(PAGE).offset(offset)
    return session.scalars(wanted if actor.sees_all else wanted.where(Case.owner_id == actor.account_id))


def _project(case: Case) -> dict[str, Any]:
    return {
        "id": case.id, "number": case.number, "title": case.name, "sector": case.facts.get("industry", ""),
        "type": case.facts.get("project_type", ""), "current_status": case.state, "sponsor": case.owner, "location_object": case.outline,
        "start_date": case.made_at, "last_updated": case.changed_at,
        "process_ids": [_process_id(case, number) for number in range(1, case.round + 1)],
    }  # fmt: skip


def _process(case: Case, number: int) -> dict[str, Any]:
    last = number == case.round
    return {
        "id": _process_id(case, number), "project_id": case.id, "type": "三线一单准入研判", "round": number,
        "status": case.state if last else "已重判", "outcome": case.verdict if last else "", "report_number": case.report_number if last else "",
        "due_date": case.due_on if last else "",
    }  # fmt: skip


def _process_id(case: Case, number: int) -> str:
    return f"{case.id}-{number}"


def _with_rounds(events: Iterable[dict[str, Any]]) -> Iterable[tuple[int, dict[str, Any]]]:
    """Yield each event with the round it belongs to: judging anew begins the next."""
    number = 1
    for event in events:
        number += event["action"] == Action.REJUDGE
        yield number, event
