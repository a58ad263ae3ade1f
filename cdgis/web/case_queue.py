"""The list of cases: searched, filtered, counted."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ScalarResult, Text, and_, cast, false, func, not_, or_, select
from sqlalchemy.orm import Session

from cdgis.web.case_states import TRANSITIONS, Action, Actor, CaseState, open_actions
from cdgis.web.models import Case
from cdgis.web.running_desk import Desk

PAGE = 50
_MOST_PLACES = 10_000
_SOON_DAYS = 7


class Due(StrEnum):
    """How near the day is by which a case must be decided."""

    LATE = "已过期"
    SOON = "七天内到期"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which cases are asked for."""

    state: str = ""
    verdict: str = ""
    text: str = ""
    """Every word of it must stand in number, name (or its initials of pinyin), industry, owner, verdict or report number."""
    mine: bool = False
    """Those the actor began."""
    waiting: bool = False
    """Those whose next step is the actor's."""
    due: str = ""
    """A value of `Due`, or all."""

    def applied(self, query: Any, actor: Actor, today: date) -> Any:
        """Return a query about cases narrowed to those the actor may see and asks for, the state left open."""
        if self.mine or not actor.sees_all:
            query = query.where(Case.owner_id == actor.account_id)
        if self.waiting:
            query = query.where(_next_is(actor))
        if self.due:
            open_ = Case.state.not_in((CaseState.FINAL, CaseState.VOID))
            until = today if self.due == Due.LATE else today + timedelta(days=_SOON_DAYS + 1)
            query = query.where(open_, Case.due_on != "", Case.due_on < until.isoformat())
        if self.verdict:
            query = query.where(Case.verdict.contains(self.verdict, autoescape=True))
        for word in self.text.casefold().split()[:8]:
            query = query.where(Case.search_text.contains(word, autoescape=True))
        return query

    def in_state(self, query: Any) -> Any:
        """Return a query narrowed to the state asked for."""
        return query.where(Case.state == self.state) if self.state else query


def _next_is(actor: Actor) -> "ColumnElement[bool]":
    """Return the condition that some step forward is the actor's, from the table of transitions."""
    ways: list[ColumnElement[bool]] = []
    for action, rule in TRANSITIONS.items():
        if action not in (Action.SUBMIT, Action.PASS_FIRST, Action.PASS_SECOND, Action.FINALISE):
            continue
        if actor.alone:
            ways.append(Case.state.in_(rule.alone))
        elif actor.roles & rule.roles:
            owner = Case.owner_id == actor.account_id
            way: ColumnElement[bool] = and_(Case.state.in_(rule.sources), owner if rule.owner else not_(owner))
            if rule.not_who_did:
                way = and_(way, not_(_did(actor, rule.not_who_did)))
            ways.append(way)
    return or_(false(), *ways)


def _did(actor: Actor, action: Action) -> "ColumnElement[bool]":
    """Return the condition that the actor did something in this round: in the text of the column, since SQLite finds no escaped key."""
    entry, text = json.dumps({action.value: actor.account_id})[1:-1], cast(Case.reviewers, Text)
    return or_(*(text.contains(entry + end, autoescape=True) for end in ("}", ",")))


def queue(desk: Desk, actor: Actor, asked: Filter, *, by_due: bool = False, offset: int = 0) -> dict[str, Any]:
    """Return one page of the cases an actor may see, the last changed (or first due) first, and how many there are."""
    today = desk.settings.clock().date()
    wanted = asked.applied(select(Case.id, Case.state), actor, today)
    order = (Case.due_on == "", Case.due_on, Case.number) if by_due else (Case.changed_at.desc(), Case.number.desc())
    chosen = asked.in_state(asked.applied(select(Case), actor, today))
    with desk.database.reading() as session:
        page: ScalarResult[Case] = session.scalars(chosen.order_by(*order).limit(PAGE).offset(max(offset, 0)))
        rows = [
            case_row(case) | {"late": _late(case, today), "can": [str(action) for action in open_actions(actor, case)]} for case in page
        ]  # fmt: skip
        counts = _counts(session, wanted)
    total = counts[CaseState(asked.state)] if asked.state in list(CaseState) else 0 if asked.state else sum(counts.values())
    return {"total": total, "offset": offset, "page": PAGE, "cases": rows, "counts": counts}


def _late(case: Case, today: date) -> bool:
    return bool(case.due_on) and case.due_on < today.isoformat() and case.state not in (CaseState.FINAL, CaseState.VOID)


def queue_places(desk: Desk, actor: Actor, asked: Filter) -> dict[str, Any]:
    """Return where the cases asked for lie (lon, lat in degrees), for a map; those without a confirmed boundary are counted only."""
    columns = (Case.id, Case.number, Case.name, Case.state, Case.verdict, Case.lon, Case.lat)
    chosen = asked.in_state(asked.applied(select(*columns), actor, desk.settings.clock().date()))
    with desk.database.reading() as session:
        found = [dict(row._mapping) for row in session.execute(chosen.order_by(Case.changed_at.desc()).limit(_MOST_PLACES + 1))]
    placed = [row for row in found[:_MOST_PLACES] if row["lon"] is not None]
    return {"cases": placed, "without": len(found[:_MOST_PLACES]) - len(placed), "cut": len(found) > _MOST_PLACES}


def _counts(session: Session, wanted: Any) -> dict[str, int]:
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
