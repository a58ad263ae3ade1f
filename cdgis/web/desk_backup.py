"""A desk saved into one zip while it runs, and brought back: the database of one moment, every document of it, the journal checked."""

import hashlib
import json
import re
import shutil
import sqlite3
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select

from cdgis import __version__
from cdgis.core.errors import DeskError, os_reason
from cdgis.core.written_files import file_digest
from cdgis.web.database import Database
from cdgis.web.desk_options import read_options, with_secrets
from cdgis.web.desk_settings import DATABASE, DeskSettings, local_now, prepared_folder
from cdgis.web.event_chain import append_event, journal_faults, journal_head
from cdgis.web.models import Base, Case, CaseEvent, Document, LoginSession
from cdgis.web.service_models import JobHolder, RepeatedRequest, RunningServer

MANIFEST = "manifest.json"
_FORMAT = 1
_TRIES = 3
_CHUNK = 1 << 20
_NAME = re.compile(r"(files|reports)/[^\\:\x00-\x1f]+")
_WHO = "命令行"
_PASSING = (JobHolder, RunningServer, LoginSession, RepeatedRequest)
"""What speaks of the server that ran, and not of any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a backup holds, or a restoration brought back."""

    cases: int
    documents: int
    lines: int
    """Of the journal."""
    head: str
    faults: tuple[str, ...] = ()
    """Documents that were not as their rows say; in Chinese."""


def back_up(workspace: Path, target: Path) -> Saved:
    """Write the desk of a workspace into a zip, whether it runs or not.

    Raises
    ------
    DeskError : there is no desk, the journal is broken, the file is there already or cannot be written.
    """
    settings = _settings(workspace)
    if not settings.shared and not (settings.folder / DATABASE).is_file():
        raise DeskError(f"{settings.folder} 里没有研判台", remedy="请用 --workspace 指定工作区")
    if target.exists():
        raise DeskError(f"{target} 已经存在", remedy="请换一个文件名；备份从不覆盖")
    part = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
    copy = part.with_suffix(".sqlite")
    try:
        with _opened(settings) as database:
            with database.writing() as session:
                append_event(session, case_id="", action="备份", who=_WHO, when=local_now(), detail={"file": target.name})
            for attempt in range(_TRIES):
                _copied(database, copy)
                saved = _packed(copy, settings.folder, part)
                if not saved.faults or attempt == _TRIES - 1:  # a file taken away between the two: the next moment has neither
                    break
        part.replace(target)
        return saved
    except OSError as err:
        raise DeskError(f"备份没有写成：{os_reason(err)}", remedy="请检查磁盘空间和权限") from err
    finally:
        part.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)


def restore(workspace: Path, source: Path) -> Saved:
    """Bring a backup back into a workspace that has no desk.

    Raises
    ------
    DeskError : there is a desk already, or the file is no whole backup: nothing is then changed.
    """
    settings = _settings(workspace)
    place = settings.folder
    if place.is_dir() and any(path.is_file() for path in place.rglob("*")):
        raise DeskError(f"{place} 里已有文件", remedy="请先停下研判台，把这个文件夹改名，再恢复；恢复从不覆盖")
    making = place.with_name(f".{place.name}-{uuid.uuid4().hex}")
    try:
        making.mkdir(parents=True)
        manifest = _unpacked(source, making)
        saved = _checked(making, manifest)
        if settings.shared:
            _into_shared(settings, making)
        else:
            _settle(making, place)
        return saved
    except OSError as err:
        raise DeskError(f"没有恢复：{os_reason(err)}", remedy="请检查备份文件、磁盘空间和权限") from err
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _settings(workspace: Path) -> DeskSettings:
    return DeskSettings(workspace=workspace, hosts=(), token="", options=read_options(workspace))


@contextmanager
def _opened(settings: DeskSettings) -> Iterator[Database]:
    database = Database(prepared_folder(settings), with_secrets(settings.options.database))
    try:
        yield database
    finally:
        database.close()


def _copied(database: Database, copy: Path) -> None:
    """Write the database as it is at one moment into an SQLite file."""
    copy.unlink(missing_ok=True)
    if not database.shared:
        with closing(sqlite3.connect(database.path)) as here, closing(sqlite3.connect(copy)) as there:
            here.backup(there)
            there.execute("PRAGMA journal_mode=DELETE")
        return
    made = Database(copy.parent, name=copy.name)
    try:
        with made.writing() as session:
            _rows_across(database.engine, session.connection())
    finally:
        made.close()
    with closing(sqlite3.connect(copy)) as there:
        there.execute("PRAGMA journal_mode=DELETE")


def _rows_across(source: Engine, target: Connection) -> None:
    """Copy every row of one moment; the tables are there already."""
    with source.connect() as here:
        for table in Base.metadata.sorted_tables:
            rows = [dict(row) for row in here.execute(select(table)).mappings()]
            if rows:
                target.execute(insert(table), rows)


def _packed(copy: Path, folder: Path, target: Path) -> Saved:
    """Write the copy and its documents into a zip."""
    with _on_file(copy) as database, database.reading() as session:
        faults = journal_faults(session.scalars(select(CaseEvent).order_by(CaseEvent.number)))
        if faults:
            raise DeskError(f"日志不完整，没有备份：{'；'.join(faults[:3])}", remedy="请从以前的备份恢复，并保留现在的文件夹备查", status=500)
        count, head = journal_head(session)
        cases = session.scalar(select(func.count()).select_from(Case)) or 0
        documents = sorted(session.scalars(select(Document)), key=lambda document: document.path)
    told, files = [], {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(copy, DATABASE)
        files[DATABASE] = file_digest(copy)
        for document in documents:
            path = folder / document.path
            if not path.is_file() or file_digest(path) != document.sha256:
                told.append(f"案件文件 {document.path} 不在原处或被改动，没有备份")
                continue
            packed.write(path, document.path)
            files[document.path] = document.sha256
        about = {
            "format": _FORMAT, "cdgis": __version__, "made_at": local_now().isoformat(), "journal": {"count": count, "head": head}, "files": files,
        }  # fmt: skip
        packed.writestr(MANIFEST, json.dumps(about, ensure_ascii=False, indent=1))
    return Saved(cases=cases, documents=len(files) - 1, lines=count, head=head, faults=tuple(told))


@contextmanager
def _on_file(path: Path) -> Iterator[Database]:
    database = Database(path.parent, name=path.name)
    try:
        yield database
    finally:
        database.close()
        with closing(sqlite3.connect(path)) as link:  # one file, without its log beside it
            link.execute("PRAGMA journal_mode=DELETE")


def _unpacked(source: Path, folder: Path) -> dict[str, Any]:
    """Unpack the files a manifest names, each under its hash, and nothing else."""
    try:
        with zipfile.ZipFile(source) as packed:
            manifest: dict[str, Any] = json.loads(packed.read(MANIFEST))
            files = dict(manifest["files"])
            if manifest["format"] != _FORMAT or DATABASE not in files or not {"count", "head"} <= set(manifest["journal"]):
                raise DeskError("这个备份的格式读不了", remedy="请用写它的版本恢复")
            for name, wanted in files.items():
                if name != DATABASE and (not _NAME.fullmatch(name) or ".." in name.split("/")):
                    raise DeskError(f"备份里的文件名“{name[:60]}”不能用", remedy="这不是研判台写的备份")
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if _extracted(packed, name, target) != wanted:
                    raise DeskError(f"备份里的 {name} 与记载的指纹不符", remedy="备份文件已损坏，请用另一份")
        return manifest
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, EOFError) as err:
        raise DeskError(f"{source} 不是完整的备份", remedy="请用 cdgis desk backup 写的 zip") from err


def _extracted(packed: zipfile.ZipFile, name: str, target: Path) -> str:
    whole = hashlib.sha256()
    with packed.open(name) as stream, target.open("xb") as out:
        while chunk := stream.read(_CHUNK):
            whole.update(chunk)
            out.write(chunk)
    return whole.hexdigest()


def _checked(folder: Path, manifest: dict[str, Any]) -> Saved:
    """Compare the unpacked database with what the manifest says of it, end its sessions, and note the restoration.

    Raises
    ------
    DeskError : the journal is broken, or another one than was saved.
    """
    stated = (manifest["journal"]["count"], manifest["journal"]["head"])
    with _on_file(folder / DATABASE) as database, database.writing() as session:
        faults = journal_faults(session.scalars(select(CaseEvent).order_by(CaseEvent.number)))
        if faults or journal_head(session) != stated:
            raise DeskError(f"备份里的日志不完整或被换过：{'；'.join(faults[:3]) or '条数或链首不符'}", remedy="请用另一份备份", status=500)
        missing = [path for path in session.scalars(select(Document.path)) if path not in manifest["files"]]
        for table in _PASSING:
            session.execute(delete(table))
        append_event(session, case_id="", action="恢复", who=_WHO, when=local_now(), detail={"head": stated[1], "made_at": manifest["made_at"]})
        cases = session.scalar(select(func.count()).select_from(Case)) or 0
    told = tuple(f"案件文件 {path} 备份时就不在" for path in missing)
    return Saved(cases=cases, documents=len(manifest["files"]) - 1, lines=stated[0] + 1, head=stated[1], faults=told)


def _settle(making: Path, place: Path) -> None:
    """Move what is restored to its place, where no file was."""
    shutil.rmtree(place, ignore_errors=True)
    making.rename(place)


def _into_shared(settings: DeskSettings, making: Path) -> None:
    """Copy a restored file's rows into the empty shared database and move the documents to their place: both, or neither."""
    place, moved = settings.folder, False
    try:
        with _opened(settings) as database, database.writing() as session:
            if session.scalar(select(func.count()).select_from(CaseEvent)):
                raise DeskError(f"数据库 {database.label} 里已有研判台", remedy="请换一个空的库；恢复从不覆盖")
            link = session.connection()
            with _on_file(making / DATABASE) as source:
                _rows_across(source.engine, link)
            _after_the_last(link)
            (making / DATABASE).unlink()
            _settle(making, place)
            moved = True  # before the commit: rows without their files would be worse than files without their rows
    except DeskError:
        if moved:
            place.rename(making)
        raise


def _after_the_last(link: Connection) -> None:
    """Let numbers that the database gives begin after those that came with the rows."""
    for table in ("accounts", "access_keys"):
        link.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)")
