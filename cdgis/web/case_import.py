"""A dossier from another desk taken in: only what `cdgis verify` accepts, its history kept inside one event of this desk's journal."""

import hashlib
import shutil
import uuid
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, UploadFile

from cdgis.core.errors import DeskError, os_reason
from cdgis.core.written_files import file_digest
from cdgis.web.case_files import checked_name, kept_stream
from cdgis.web.case_flow import note_documents
from cdgis.web.case_states import Actor, CaseState, Role
from cdgis.web.cases import BOUNDARY, added_case, case_folder, changed
from cdgis.web.models import Document
from cdgis.web.outlines import point_inside
from cdgis.web.remains import clear
from cdgis.web.running_desk import Desk, actor_of, desk_of

uploads = APIRouter(prefix="/api/imports", tags=["案件"])
RECEIVED = "接收案卷"
"""Action of the journal, beside those of the table of transitions."""


@uploads.post("", status_code=201, summary="接收另一研判台的案卷 zip：核对通过才收")
def receive(desk: Annotated[Desk, Depends(desk_of)], actor: Annotated[Actor, Depends(actor_of)], file: UploadFile) -> dict[str, str]:
    """Take a dossier in; return the id of its case."""
    return {"id": import_dossier(desk, actor, file.filename or "", file.file)}


def import_dossier(desk: Desk, actor: Actor, name: str, stream: BinaryIO) -> str:
    """Return the id of a new decided case made of another desk's dossier.

    Raises
    ------
    DeskError : the actor does not manage the desk, or the dossier does not hold: nothing is kept of it then.
    """
    if not actor.alone and Role.ADMIN not in actor.roles:
        raise DeskError(f"接收案卷须有 {Role.ADMIN} 的角色", remedy="请由有该角色的人办理", status=403)
    name = checked_name(name)
    if not name.lower().endswith(".zip"):
        raise DeskError(f"{name} 不是案卷 zip", remedy="请选研判台定稿时写出的 zip", status=415)
    case_id = uuid.uuid4().hex
    made = desk.settings.folder / "reports" / case_id / f".making-{uuid.uuid4().hex}"
    files = case_folder(desk, case_id)
    done = False
    try:
        made.mkdir(parents=True)
        _, digest = kept_stream(stream, made / name)
        found = desk.judge.ask("receive", archive=str(made / name), out=str(made))
        _keep(desk, actor, case_id, made, files, name, digest, found)
        done = True
        return case_id
    except OSError as err:
        raise DeskError(f"案卷没有收下：{os_reason(err)}", remedy="请检查磁盘空间和权限后重试", status=503) from err
    finally:
        clear(made)
        if not done:
            for folder in (files, made.parent):
                shutil.rmtree(folder, ignore_errors=True)


def _keep(desk: Desk, actor: Actor, case_id: str, made: Path, files: Path, name: str, digest: str, found: dict[str, Any]) -> None:
    """Write the rows of a case taken in, and put its files where they belong, in one transaction."""
    about, now = found["about"], desk.settings.clock().isoformat()
    with desk.database.writing() as session:
        case = added_case(session, actor, case_id, now)
        case.state, case.verdict, case.report_number = CaseState.FINAL, found["verdict"], found["number"]
        case.name, case.facts, case.answers = str(about["facts"].get("name", ""))[:200], about["facts"], about["answers"]
        case.seen, case.confirmed, case.area_m2 = about["seen"], found["digest"], found["area_m2"]
        case.outline = found["outline"]
        case.lon, case.lat = point_inside(case.outline) or (None, None)
        (made / "files").rename(files)
        for path in sorted(files.iterdir()):
            session.add(Document(
                id=hashlib.sha256(f"{case_id}{path.name}".encode()).hexdigest()[:32], case_id=case_id, kind=BOUNDARY, round=1, name=path.name,
                path=f"files/{case_id}/{path.name}", size=path.stat().st_size, sha256=file_digest(path), made_at=now,
            ))  # fmt: skip
        told = {
            "name": name, "sha256": digest, "from": {key: about.get(key) for key in ("number", "round", "owner")}, "number": found["number"],
            "verdict": found["verdict"], "decisive": found["decisive"], "events": found["events"],
        }  # fmt: skip
        changed(desk, session, case, actor, RECEIVED, told)
        note_documents(desk, session, case, made, f"reports/{case_id}/1", [name])
        made.rename(made.parent / "1")
