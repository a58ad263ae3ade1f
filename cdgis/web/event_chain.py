"""The desk's journal: every change of a case one line, chained so that a changed, lost or moved line shows.

Line n carries the SHA-256 of line n-1 (64 zeros for the first) over all cases of the desk, as a report's own journal does
over its decisions (cdgis.results.review_journal). Lines are only ever added, in the transaction of the change itself.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cdgis.results.review_journal import START
from cdgis.web.models import CaseEvent


def append_event(
    session: Session, *, case_id: str, action: str, who: str, when: datetime, reason: str = "", detail: Mapping[str, Any] | None = None
) -> CaseEvent:
    """Add one line to the journal, to be committed together with the change it tells of."""
    last = session.scalar(select(CaseEvent).order_by(CaseEvent.number.desc()).limit(1))
    number = last.number + 1 if last else 1
    entry = {
        "number": number, "previous": last.sha256 if last else START, "case_id": case_id, "action": action, "who": who,
        "when": when.isoformat(), "reason": reason, "detail": dict(detail or {}),
    }  # fmt: skip
    line = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    event = CaseEvent(number=number, case_id=case_id, line=line, sha256=_sha256(line))
    session.add(event)
    session.flush()
    return event


def events_of(session: Session, case_id: str) -> list[dict[str, Any]]:
    """Return the lines about one case, oldest first."""
    found = session.scalars(select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.number))
    return [json.loads(event.line) for event in found]


def journal_faults(events: Iterable[CaseEvent]) -> list[str]:
    """Return where the whole journal, in order, is broken; nothing when it is whole."""
    faults, expected = [], START
    for place, event in enumerate(events, start=1):
        entry = json.loads(event.line)
        if event.number != place or entry["number"] != place:
            faults.append(f"第 {place} 行的序号是 {event.number}：有记录被删除、插入或调换")
        if entry["case_id"] != event.case_id or _sha256(event.line) != event.sha256:
            faults.append(f"第 {place} 行的内容与它的指纹不符：被改动过")
        if entry["previous"] != expected:
            faults.append(f"第 {place} 行记载的上一行指纹与上一行不符")
        expected = event.sha256
    return faults


def journal_head(session: Session) -> tuple[int, str]:
    """Return the number of lines and the hash of the last, to be printed where the desk cannot change it."""
    count = session.scalar(select(func.count()).select_from(CaseEvent)) or 0
    last = session.scalar(select(CaseEvent).order_by(CaseEvent.number.desc()).limit(1))
    return count, last.sha256 if last else START


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
