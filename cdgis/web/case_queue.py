"""The list of cases: searched, filtered, counted."""

from typing import Any

from sqlalchemy import ScalarResult, Select, func, select
from sqlalchemy.orm import Session

from cdgis.web.case_states import Actor, CaseState, open_actions
from cdgis.web.models import Case
from cdgis.web.running_desk import Desk

PAGE = 50


def queue(
    desk: Desk, actor: Actor, *, state: str = "", verdict: str = "", text: str = "", mine: bool = False, offset: int = 0
) -> dict[str, Any]:
    """Return one page of the cases an actor may see, the last changed first, and how many there are.

    Parameters
    ----------
    text : every word of it must stand in number, name, industry, owner, verdict or report number.
    mine : those the actor began.
    """
    wanted = _wanted(select(Case), actor, text, mine)
    if verdict:
        wanted = wanted.where(Case.verdict.contains(verdict, autoescape=True))
    chosen = wanted.where(Case.state == state) if state else wanted
    with desk.database.reading() as session:
        total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
        page: ScalarResult[Case] = session.scalars(chosen.order_by(Case.changed_at.desc(), Case.number.desc()).limit(PAGE).offset(max(offset, 0)))
        rows = [case_row(case) | {"can": [str(action) for action in open_actions(actor, case)]} for case in page]
        counts = _counts(session, wanted)
    return {"total": total, "offset": offset, "page": PAGE, "cases": rows, "counts": counts}


def _wanted(query: "Select[tuple[Case]]", actor: Actor, text: str, mine: bool) -> "Select[tuple[Case]]":
    if mine or not actor.sees_all:
        query = query.where(Case.owner_id == actor.account_id)
    for word in text.casefold().split()[:8]:
        query = query.where(Case.search_text.contains(word, autoescape=True))
    return query


def _counts(session: Session, wanted: "Select[tuple[Case]]") -> dict[str, int]:
    inner = wanted.subquery()
    found = {row[0]: row[1] for row in session.execute(select(inner.c.state, func.count()).group_by(inner.c.state))}
    return {state: found.get(state, 0) for state in CaseState}


def case_row(case: Case) -> dict[str, Any]:
    """Return what lists and pages say of a case; area in square metres."""
    return {
        "id": case.id, "number": case.number, "name": case.name, "state": case.state, "round": case.round, "version": case.version,
        "owner": case.owner, "verdict": case.verdict, "report_number": case.report_number, "due_on": case.due_on, "area_m2": case.area_m2,
        "industry": str(case.facts.get("industry", "")), "made_at": case.made_at, "changed_at": case.changed_at,
    }  # fmt: skip
