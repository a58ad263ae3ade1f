"""Cases on their way: the draft verdict, submission, reviews, the final report, judging anew."""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from cdgis.core.errors import DeskError, os_reason
from cdgis.core.fixed_zip import write_members
from cdgis.core.written_files import file_digest
from cdgis.rules.attributes import SEEN, load_attributes
from cdgis.web.case_states import Action, Actor, CaseState, checked
from cdgis.web.cases import Question, changed, check_version, documents_of, question_of, visible_case
from cdgis.web.event_chain import events_of
from cdgis.web.models import Case, Document
from cdgis.web.opinions import Opinion, annex, checked_opinion
from cdgis.web.remains import clear
from cdgis.web.running_desk import Desk
from cdgis.web.verdict_summary import decisive_of

REPORT = "report"
DOSSIER = "案卷"
"""Folder in the zip that holds what the desk knows of the case beside the reports."""


def draft_verdict(desk: Desk, actor: Actor, case_id: str) -> dict[str, Any]:
    """Return the verdict on a case as it stands (`cdgis.web.verdict_summary`); nothing is decided by it.

    Raises
    ------
    DeskError : nobody has confirmed the boundary.
    """
    return judged(desk, confirmed_question(desk, actor, case_id))


def confirmed_question(desk: Desk, actor: Actor, case_id: str) -> Question:
    """Return what is to be asked about a case whose boundary somebody has confirmed.

    Raises
    ------
    DeskError : nobody has.
    """
    with desk.database.reading() as session:
        case = visible_case(session, actor, case_id)
        _check_confirmed(case)
        return question_of(desk, session, case)


def judged(desk: Desk, question: Question) -> dict[str, Any]:
    """Return the answer to a question, asked once."""
    key = f"judge {question.key}"
    found = desk.kept(key)
    if found is None:
        found = desk.ask_quickly("judge", **question.verdict)
        desk.keep(key, found)
    return found


def ways_out(desk: Desk, actor: Actor, case_id: str) -> dict[str, Any]:
    """Return what would make a case's sites pass, and the sums over caps of their unit (`cdgis.web.verdict_summary`).

    Raises
    ------
    DeskError : nobody has confirmed the boundary.
    """
    question = confirmed_question(desk, actor, case_id)
    key = f"ways {question.key}"
    found = desk.kept(key)
    if found is None:
        found = desk.judge.ask("ways", **question.verdict)
        desk.keep(key, found)
    return found


def _check_confirmed(case: Case) -> None:
    if not case.confirmed:
        raise DeskError("边界还没有确认", remedy="请先在“边界”一步核对图形和面积，再确认", status=409)


def register_seen(desk: Desk, actor: Actor, case_id: str, name: str, version: int) -> int:
    """Note that the actor has seen the document or activity a case declares; return the case's new version.

    Raises
    ------
    DeskError : nothing of that name can be registered, or it is not the actor's to do.
    """
    known = [key.removesuffix(SEEN) for key, spec in load_attributes().items() if spec.registered]
    if name not in known:
        raise DeskError(f"“{name[:40]}”不能登记核验", remedy=f"可登记 {'、'.join(known)}")
    with desk.database.writing() as session:
        case = visible_case(session, actor, case_id)
        checked(actor, case, Action.REGISTER)
        check_version(case, version)
        case.seen = {**case.seen, name: actor.name}
        changed(desk, session, case, actor, Action.REGISTER, {"name": name})
        return case.version


def give_opinion(
    desk: Desk, actor: Actor, case_id: str, *, subject_id: str, rule_id: str, opinion: Opinion, reason: str, version: int
) -> int:
    """Keep what a reviewer holds of one finding, beside the finding; return the case's new version. No verdict changes.

    Raises
    ------
    DeskError : it is not the actor's to say, no reason is given, or there is no such finding.
    """
    with desk.database.reading() as session:
        checked(actor, visible_case(session, actor, case_id), Action.OPINION, reason)
    told = checked_opinion(draft_verdict(desk, actor, case_id), subject_id, rule_id, opinion)
    with desk.database.writing() as session:
        case = visible_case(session, actor, case_id)
        checked(actor, case, Action.OPINION, reason)
        check_version(case, version)
        changed(desk, session, case, actor, Action.OPINION, told | {"round": case.round}, reason)
        return case.version


def move(desk: Desk, actor: Actor, case_id: str, action: Action, *, reason: str, version: int) -> None:
    """Move a case along the table of transitions, with the event that says who, when and why.

    Raises
    ------
    DeskError : it is not the actor's to do, not now, or the boundary is not confirmed.
    """
    if action in (Action.EDIT, Action.REGISTER, Action.OPINION, Action.FINALISE):
        raise DeskError(f"“{action}”不是流转", status=400)
    verdict = None
    if action is Action.SUBMIT:
        with desk.database.reading() as session:
            checked(actor, visible_case(session, actor, case_id), action, reason)
        verdict = draft_verdict(desk, actor, case_id)["verdict"]
    with desk.database.writing() as session:
        case = visible_case(session, actor, case_id)
        rule = checked(actor, case, action, reason)
        check_version(case, version)
        before = case.state
        case.state = rule.target or case.state
        if action is Action.SUBMIT:
            _check_confirmed(case)
            case.verdict = str(verdict)
        if case.state == CaseState.DRAFT:
            case.reviewers = {}
        else:
            case.reviewers = {**case.reviewers, action.value: actor.account_id}
        if action is Action.REJUDGE:
            case.round, case.confirmed, case.seen = case.round + 1, "", {}
        changed(desk, session, case, actor, action, {"from": before, "to": case.state}, reason)


def finalise(desk: Desk, actor: Actor, case_id: str, *, reason: str, version: int) -> str:
    """Write a case's reports as the command line writes them, number the case and close it; return the report's number.

    Raises
    ------
    DeskError : it is not the actor's to do, not now, or the reports cannot be written; the case is then as before.
    """
    with desk.database.reading() as session:
        case = visible_case(session, actor, case_id)
        checked(actor, case, Action.FINALISE, reason)
        check_version(case, version)
        _check_confirmed(case)
        _check_files(desk, session, case)
        question, place = question_of(desk, session, case), f"reports/{case_id}/{case.round}"
    target = desk.settings.folder / place
    made = target.with_name(f".making-{uuid.uuid4().hex}")
    try:
        made.mkdir(parents=True)
        found = desk.judge.ask("write", out=str(made / REPORT), pdf=desk.settings.pdf, **question.verdict)
        with desk.database.writing() as session:
            case = visible_case(session, actor, case_id)
            checked(actor, case, Action.FINALISE, reason)
            check_version(case, version)
            before = case.state
            case.state, case.verdict, case.report_number = CaseState.FINAL, found["verdict"], found["numbers"][""]
            case.reviewers = {**case.reviewers, Action.FINALISE.value: actor.account_id}
            told: dict[str, Any] = {"from": before, "to": case.state, "number": case.report_number, "verdict": case.verdict}
            told |= {"decisive": decisive_of(found), "no_pdf": found["no_pdf"]}
            changed(desk, session, case, actor, Action.FINALISE, told, reason)
            beside = annex(session, case, found)
            name = f"{case.number}-{case.round}-{case.report_number}.zip"
            within = _dossier(desk, session, case, found["labels"]) | {f"{DOSSIER}/{key}": text for key, text in beside.items()}
            _write_zip(made / name, made / REPORT, within)
            for key, text in beside.items():
                (made / key).write_bytes(text)
            note_documents(desk, session, case, made, place, [name, *beside])
            if target.exists():  # left by a finalisation whose commit never came
                shutil.rmtree(target)
            made.rename(target)
        return str(found["numbers"][""])
    except OSError as err:
        raise DeskError(f"报告没有写成：{os_reason(err)}", remedy="案件没有变；请检查磁盘空间和权限后重试", status=503) from err
    finally:
        clear(made)


def _check_files(desk: Desk, session: Session, case: Case) -> None:
    """Refuse to decide on files that are no longer the ones handed in and confirmed."""
    for document in documents_of(session, case.id):
        path = desk.settings.folder / document.path
        if not path.is_file() or file_digest(path) != document.sha256:
            raise DeskError(f"文件 {document.name} 在磁盘上被改动或删去，不是交来时的样子", remedy="请从备份恢复，或移去后重新上传、确认", status=409)


def _dossier(desk: Desk, session: Session, case: Case, labels: Mapping[str, str]) -> dict[str, bytes]:
    """Return what goes into the zip beside the reports: the inputs under the names the reports know them by, and the case."""
    kept = {label: Path(path).read_bytes() for path, label in labels.items() if Path(path).is_file()}
    beside = {document.name: desk.settings.folder / document.path for document in documents_of(session, case.id)}
    for path, label in labels.items():
        folder = label.rpartition("/")[0]
        for name, part in beside.items():  # the other parts of a shapefile
            if Path(path).stem == Path(name).stem and part.is_file():
                kept[f"{folder}/{name}" if folder else name] = part.read_bytes()
    about = {
        "number": case.number, "round": case.round, "name": case.name, "owner": case.owner, "answers": case.answers, "facts": case.facts,
        "seen": case.seen, "confirmed": case.confirmed, "verdict": case.verdict, "report_number": case.report_number,
    }  # fmt: skip
    for name, value in (("案件.json", about), ("经过.json", events_of(session, case.id))):
        kept[f"{DOSSIER}/{name}"] = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()
    return kept


def _write_zip(target: Path, folder: Path, more: Mapping[str, bytes]) -> None:
    inside = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    with target.open("wb") as stream:
        write_members(stream, ((name, inside[name].read_bytes() if name in inside else more[name]) for name in sorted({*inside, *more})))


def note_documents(desk: Desk, session: Session, case: Case, made: Path, place: str, beside: Sequence[str]) -> None:
    """Note the files of a report: those `beside` its folder, its pages, its tables."""
    folder = made / REPORT
    pages = sorted(path for path in folder.iterdir() if path.suffix in (".html", ".docx", ".pdf", ".json") and not path.name.startswith("."))
    tables = sorted(path for path in (folder / "data").iterdir() if path.suffix in (".xlsx", ".gpkg"))
    for path in (*(made / name for name in beside), *pages, *tables):
        session.add(Document(
            id=uuid.uuid4().hex, case_id=case.id, kind=REPORT, round=case.round, name=path.name,
            path=f"{place}/{path.relative_to(made).as_posix()}", size=path.stat().st_size, sha256=file_digest(path),
            made_at=desk.settings.clock().isoformat(),
        ))  # fmt: skip
