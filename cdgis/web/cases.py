"""Cases begun, found by those who may see them, described by their facts; each change is one event."""

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cdgis.core.errors import DeskError
from cdgis.core.pinyin_initials import initials
from cdgis.core.safe_text import cleaned
from cdgis.core.vocabulary import ACTIVITIES, ProjectType
from cdgis.rules import industry
from cdgis.web.case_states import Action, Actor, CaseState, Role, checked
from cdgis.web.current_workspace import files_stamp
from cdgis.web.event_chain import append_event
from cdgis.web.models import Case, Document
from cdgis.web.running_desk import Desk
from cdgis.web.webhooks import announce

BOUNDARY = "boundary"
LONGEST = 300
_MOST_ATTRIBUTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a worker is asked about a case, and a key that is another when anything in it is."""

    folder: str
    names: tuple[str, ...]
    answers: Mapping[str, str]
    facts: Mapping[str, Any]
    seen: Mapping[str, str]
    key: str

    @property
    def boundary(self) -> dict[str, Any]:
        """What reading the boundary needs."""
        return {"folder": self.folder, "names": self.names, "answers": {k: v for k, v in self.answers.items() if v}}

    @property
    def verdict(self) -> dict[str, Any]:
        """What judging needs."""
        return self.boundary | {"facts": dict(self.facts), "seen": dict(self.seen)}


def new_case(desk: Desk, actor: Actor) -> str:
    """Begin a case and return its id.

    Raises
    ------
    DeskError : the actor is no applicant.
    """
    if not actor.alone and Role.APPLICANT not in actor.roles:
        raise DeskError(f"新建案件须有 {Role.APPLICANT} 的角色", remedy="请由有该角色的人办理", status=403)
    now = desk.settings.clock().isoformat()
    with desk.database.writing() as session:
        case = added_case(session, actor, uuid.uuid4().hex, now)
        append_event(session, case_id=case.id, action="新建", who=actor.name, when=desk.settings.clock())
        return case.id


def added_case(session: Session, actor: Actor, case_id: str, now: str) -> Case:
    """Return a new case, numbered, of which nothing is known yet."""
    number = (session.scalar(select(func.max(Case.number))) or 0) + 1
    case = Case(
        id=case_id, number=number, name="", state=CaseState.DRAFT, round=1, version=1, owner_id=actor.account_id, owner=actor.name,
        answers={}, facts={}, seen={}, confirmed="", reviewers={}, verdict="", report_number="", due_on="", search_text=str(number),
        outline=None, area_m2=0.0, lon=None, lat=None, made_at=now, changed_at=now,
    )  # fmt: skip
    session.add(case)
    session.flush()
    return case


def visible_case(session: Session, actor: Actor, case_id: str) -> Case:
    """Return a case the actor may see.

    Raises
    ------
    DeskError : there is none, or it is somebody else's: the two are not told apart.
    """
    case = session.get(Case, case_id)
    if case is None or not (actor.sees_all or case.owner_id == actor.account_id):
        raise DeskError("没有这个案件，或您无权查看", remedy="请从案件列表进入", status=404)
    return case


def documents_of(session: Session, case_id: str, kind: str = BOUNDARY) -> list[Document]:
    """Return a case's documents of one kind, in the order of their names, by code point: a report's bytes must not hang on a database's alphabet."""
    found = session.scalars(select(Document).where(Document.case_id == case_id, Document.kind == kind))
    return sorted(found, key=lambda document: (document.round, document.name))


def changed(desk: Desk, session: Session, case: Case, actor: Actor, action: str, detail: Mapping[str, Any] | None = None, reason: str = "") -> None:
    """Note a change of a case: its version, its words to search by, and one event."""
    now = desk.settings.clock()
    case.version += 1
    case.changed_at = now.isoformat()
    facts = case.facts
    code = str(facts.get("industry", ""))
    words = (str(case.number), case.name, initials(case.name), case.owner, code, industry.name_of(code), case.report_number, case.verdict)
    case.search_text = " ".join(filter(None, words)).casefold()
    event = append_event(session, case_id=case.id, action=action, who=actor.name, when=now, reason=cleaned(reason), detail=detail)
    announce(desk, session, case, action, event)


def case_folder(desk: Desk, case_id: str) -> Path:
    """Return the folder of a case's own files."""
    return desk.settings.folder / "files" / case_id


def question_of(desk: Desk, session: Session, case: Case) -> Question:
    """Return what a worker is to be asked about a case."""
    documents = documents_of(session, case.id)
    whole = repr((
        sorted((document.name, document.sha256) for document in documents), sorted(case.answers.items()),
        sorted(case.facts.items(), key=str), sorted(case.seen.items()), workspace_stamp(desk),
    ))  # fmt: skip
    return Question(
        folder=str(case_folder(desk, case.id)), names=tuple(document.name for document in documents), answers=dict(case.answers),
        facts=dict(case.facts), seen=dict(case.seen), key=hashlib.sha256(f"{case.id}{whole}".encode()).hexdigest(),
    )  # fmt: skip


def workspace_stamp(desk: Desk) -> tuple[tuple[str, int, int], ...]:
    """Return names, sizes and times of the workspace's layers, rules and settings: another stamp may mean another verdict."""
    return files_stamp(desk.workspace.workspace)


def set_facts(desk: Desk, actor: Actor, case_id: str, facts: Mapping[str, Any], version: int) -> int:
    """Keep name, industry, project type, activity and attributes of a case; return its new version.

    Raises
    ------
    DeskError : a value is not one of those allowed, or somebody changed the case meanwhile.
    """
    kept = checked_facts(facts)
    due_on = str(facts.get("due_on") or "")
    if due_on and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", due_on):
        raise DeskError(f"办理期限读到“{due_on[:20]}”，应为 YYYY-MM-DD")
    with desk.database.writing() as session:
        case = visible_case(session, actor, case_id)
        checked(actor, case, Action.EDIT)
        check_version(case, version)
        if (kept, due_on) != (case.facts, case.due_on):
            case.facts, case.name, case.due_on = kept, str(kept.get("name", "")), due_on
            changed(desk, session, case, actor, "填写资料", kept)
        return case.version


def check_version(case: Case, version: int) -> None:
    """Refuse what was decided on an earlier state of the case.

    Raises
    ------
    DeskError : the case was changed since.
    """
    if case.version != version:
        raise DeskError("案件已被改动，您看到的不是最新的", remedy="请刷新页面，核对后重试", status=409)


def checked_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts fit to be judged; blanks are left out, so that they stay unknown.

    Raises
    ------
    DeskError : a value is not one of those allowed.
    """
    kept: dict[str, Any] = {}
    for key, allowed in (("name", ()), ("industry", ()), ("project_type", tuple(ProjectType)), ("activity", ACTIVITIES)):
        text = cleaned(str(facts.get(key) or "")).strip()
        if len(text) > LONGEST or (text and allowed and text not in allowed):
            raise DeskError(f"{key} 读到“{text[:40]}”，应为 {'、'.join(allowed) or f'不超过 {LONGEST} 字'}")
        kept |= {key: text} if text else {}
    code = kept.get("industry", "")
    if code and not industry.is_known(code):
        raise DeskError(f"没有行业代码 {code}", remedy="请输入名称或代码，从列表中选")
    attributes = facts.get("attributes") or {}
    if not isinstance(attributes, Mapping) or len(attributes) > _MOST_ATTRIBUTES:
        raise DeskError("属性应为 名称 → 值 的对照")
    texts = {cleaned(str(key)): cleaned(str(value)).strip()[:LONGEST] for key, value in attributes.items()}
    named = {key: value for key, value in sorted(texts.items()) if value}
    return kept | ({"attributes": named} if named else {})


def industries(text: str) -> Sequence[tuple[str, str]]:
    """Return (code, name) of the industries a typed code, name, or initials of a name's pinyin may mean."""
    word = text.strip()
    if not word.isascii():
        return industry.search(word)[:30]
    start, small = industry.normalise(word), word.casefold()
    found = [code for code in industry.codes() if start and code.startswith(start)]
    if len(small) > 1 and small.isalpha():
        told = _industry_initials()
        found += sorted((code for code, letters in told.items() if small in letters), key=lambda code: (not told[code].startswith(small), code))
    return [(code, industry.name_of(code)) for code in dict.fromkeys(found)][:30]


@cache
def _industry_initials() -> Mapping[str, str]:
    return {code: initials(industry.name_of(code)) for code in industry.codes()}
