"""The files of a case: kept under safe names, read, answered about, and confirmed by a person."""

import hashlib
import io
import os
import re
import unicodedata
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from cdgis.core.errors import DeskError, os_reason
from cdgis.core.safe_text import cleaned
from cdgis.readers.inputs import ARCHIVE_SUFFIX, SITE_SUFFIXES
from cdgis.web.case_states import Action, Actor, checked
from cdgis.web.cases import BOUNDARY, LONGEST, case_folder, changed, documents_of, question_of, visible_case
from cdgis.web.models import Case, Document
from cdgis.web.outlines import point_inside
from cdgis.web.running_desk import Desk
from cdgis.web.tasks import drawn_file

_CHUNK = 1 << 20
_ANSWERS = ("crs", "geometry_kind", "dxf_unit")
_PARTS = (".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".xml", ".dat", ".map", ".id", ".ind", ".mid")
_RESERVED = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def add_file(desk: Desk, actor: Actor, case_id: str, name: str, stream: BinaryIO) -> None:
    """Keep a file with a case; the boundary must then be confirmed anew.

    Raises
    ------
    DeskError : the case is not the actor's to change, the name cannot be used or is taken, or the disk is full.
    """
    name = checked_name(name)
    with desk.database.reading() as session:
        _check_new(session, visible_case(session, actor, case_id), actor, name, desk.settings.limits.files)
    folder = case_folder(desk, case_id)
    part = folder / f".part-{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        size, digest = kept_stream(stream, part)
        with desk.database.writing() as session:
            case = visible_case(session, actor, case_id)
            _check_new(session, case, actor, name, desk.settings.limits.files)
            now = desk.settings.clock().isoformat()
            session.add(Document(
                id=uuid.uuid4().hex, case_id=case_id, kind=BOUNDARY, round=case.round, name=name, path=f"files/{case_id}/{name}", size=size,
                sha256=digest, made_at=now,
            ))  # fmt: skip
            case.confirmed = ""
            changed(desk, session, case, actor, "加入文件", {"name": name, "sha256": digest, "size": size})
            part.replace(folder / name)  # before the commit: a row without its file would be worse than a file without a row
    except OSError as err:
        raise DeskError(f"文件没有保存：{os_reason(err)}", remedy="请检查磁盘空间和权限后重试", status=503) from err
    finally:
        part.unlink(missing_ok=True)


def kept_stream(stream: BinaryIO, part: Path) -> tuple[int, str]:
    """Write a stream into a new file, through to the disk; return its size in bytes and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with part.open("xb") as target:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return size, digest.hexdigest()


def _check_new(session: Session, case: Case, actor: Actor, name: str, most: int) -> None:
    checked(actor, case, Action.EDIT)
    there = documents_of(session, case.id)
    if any(document.name.casefold() == name.casefold() for document in there):
        raise DeskError(f"案件里已有文件 {name}", remedy="请先移去旧的，或改名后再上传", status=409)
    if len(there) >= most:
        raise DeskError(f"一个案件最多 {most} 个文件", remedy="请压缩成一个 zip，或分成几个案件")


def checked_name(name: str) -> str:
    """Return the last part of a file name handed in, fit for every system.

    Raises
    ------
    DeskError : it is empty, hidden, reserved, too long, or of no format that can be read.
    """
    last = unicodedata.normalize("NFC", cleaned(re.split(r"[/\\]", name)[-1])).strip(" .")
    suffix = Path(last).suffix.lower()
    if not last or last.startswith((".", "~$")) or _DEVICES.fullmatch(last) or _RESERVED.search(last) or len(last.encode()) > 200:
        raise DeskError(f"文件名“{last[:40]}”不能用", remedy="请改名后重新上传")
    if suffix not in (*SITE_SUFFIXES, ARCHIVE_SUFFIX, *_PARTS):
        known = "、".join((*SITE_SUFFIXES, ARCHIVE_SUFFIX))
        raise DeskError(f"不支持的格式 {suffix or '（无扩展名）'}", remedy=f"支持 {known}；.gdb 文件夹请压缩成 zip", status=415)
    return last


def add_drawn(desk: Desk, actor: Actor, case_id: str, geojson: Mapping[str, Any], note: str) -> str:
    """Keep a shape drawn on the map, or an accepted shift, as the case's one boundary; return the name of its file."""
    name, content = drawn_file(geojson)
    with desk.database.reading() as session:
        case = visible_case(session, actor, case_id)
        checked(actor, case, Action.EDIT)
        there = [document.name for document in documents_of(session, case_id)]
    if name not in there:
        add_file(desk, actor, case_id, name, io.BytesIO(content))
    for old in there:  # only once the new one is safe
        if old != name:
            remove_file(desk, actor, case_id, old, reason=note)
    return name


def remove_file(desk: Desk, actor: Actor, case_id: str, name: str, reason: str = "") -> None:
    """Take a file out of a case; the event keeps its hash.

    Raises
    ------
    DeskError : there is no such file, or the case is not the actor's to change.
    """
    with desk.database.writing() as session:
        case = visible_case(session, actor, case_id)
        checked(actor, case, Action.EDIT)
        found = next((document for document in documents_of(session, case_id) if document.name == name), None)
        if found is None:
            raise DeskError(f"案件里没有文件 {name[:60]}", status=404)
        session.delete(found)
        case.confirmed = ""
        changed(desk, session, case, actor, "移去文件", {"name": name, "sha256": found.sha256}, reason)
    (case_folder(desk, case_id) / name).unlink(missing_ok=True)


def set_answers(desk: Desk, actor: Actor, case_id: str, answers: Mapping[str, str]) -> None:
    """Keep what was answered about the boundary: coordinate system, kind of shape, unit of a drawing."""
    kept = {key: cleaned(str(answers[key])).strip()[:LONGEST] for key in _ANSWERS if answers.get(key)}
    with desk.database.writing() as session:
        case = visible_case(session, actor, case_id)
        checked(actor, case, Action.EDIT)
        if kept != case.answers:
            case.answers, case.confirmed = kept, ""
            changed(desk, session, case, actor, "回答边界问题", kept)


def boundary_of(desk: Desk, actor: Actor, case_id: str) -> dict[str, Any]:
    """Return what the files of a case say (`cdgis.web.tasks.read_boundary`), and whether it is confirmed as it is now."""
    with desk.database.reading() as session:
        case = visible_case(session, actor, case_id)
        question, confirmed = question_of(desk, session, case), case.confirmed
    key = f"read {question.key}"
    found = desk.kept(key)
    if found is None:
        found = desk.reader.ask("read", **question.boundary)
        desk.keep(key, found)
    return found | {"confirmed": bool(confirmed) and confirmed == found["digest"], "key": question.key}


def confirm_boundary(desk: Desk, actor: Actor, case_id: str, digest: str) -> None:
    """Note that a person has seen the boundary and holds it for right.

    Raises
    ------
    DeskError : it is another one by now, or part of it could not be read.
    """
    found = boundary_of(desk, actor, case_id)
    if found["digest"] != digest:
        raise DeskError("边界已变，不是您看到的那个", remedy="请重新核对后再确认", status=409)
    if found["lost"] or not found["sites"]:
        raise DeskError(f"有 {found['lost']} 行没有读进来，不能确认", remedy="请按各行的办法改正、回答问题，或移去该文件", status=409)
    outlines = [site["geometry"] for site in found["sites"] if site["geometry"]]
    with desk.database.writing() as session:
        case = visible_case(session, actor, case_id)
        checked(actor, case, Action.EDIT)
        if question_of(desk, session, case).key != found["key"]:
            raise DeskError("边界刚刚被改动", remedy="请重新核对后再确认", status=409)
        case.confirmed, case.area_m2 = digest, found["area_m2"]
        case.outline = outlines[0] if len(outlines) == 1 else {"type": "GeometryCollection", "geometries": outlines}
        case.lon, case.lat = point_inside(case.outline) or (None, None)
        changed(desk, session, case, actor, "确认边界", {"digest": digest, "area_m2": found["area_m2"], "sites": len(found["sites"])})
