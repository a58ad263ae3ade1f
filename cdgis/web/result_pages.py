"""Pages of a job's results in the browser: their scripts run, but as a stranger's, which can ask the desk nothing.

A published page carries its scripts in itself. It is opened under an address with a secret of its own, in a sandbox
without origin: no cookie reaches it, and what it might ask of the desk is refused. The secret opens one job's files, for
as long as the session that asked for it lasts.
"""

import mimetypes
import secrets
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, Response
from starlette.requests import cookie_parser

from cdgis.core.errors import DeskError
from cdgis.web.accounts import actor_of_session
from cdgis.web.running_desk import Desk, desk_of

router = APIRouter(include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
RESULTS = "/results/"
POLICY = (
    "sandbox allow-scripts allow-downloads allow-modals allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SHOWN = {".html": "text/html; charset=utf-8", ".png": "image/png", ".svg": "image/svg+xml", ".pdf": "application/pdf"}
_MOST = 500


def address(desk: Desk, request: Request, job_id: str, path: str) -> str:
    """Return where a file of a job opens for the browser that asks."""
    session = cookie_parser(request.headers.get("cookie", "")).get(desk.settings.cookie, "")
    known = next((key for key, value in list(desk.tickets.items()) if value == (job_id, session)), None)
    ticket = known or secrets.token_urlsafe(24)
    desk.tickets[ticket] = (job_id, session)
    while len(desk.tickets) > _MOST:
        desk.tickets.pop(next(iter(desk.tickets)))
    return f"{RESULTS}{ticket}/{path}"


@router.get(RESULTS + "{ticket}/{path:path}")
def result(desk: InDesk, ticket: str, path: str) -> Response:
    """Return a file of the results that a ticket opens, for as long as its session lasts."""
    job_id, session = desk.tickets.get(ticket, ("", ""))
    if not job_id or not (desk.settings.token or actor_of_session(desk, session)):
        raise DeskError("这个地址已经失效", remedy="请从“作业”页面重新打开", status=404)
    found = file_within(desk.settings.folder / "jobs" / job_id, path)
    media = _SHOWN.get(found.suffix.lower())
    if media is None:
        return as_download(found)
    return FileResponse(found, media_type=media, headers={"content-security-policy": POLICY, "cross-origin-resource-policy": "cross-origin"})


def as_download(path: Path) -> FileResponse:
    """Return a file to keep; no browser opens it in the desk's name."""
    media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    media = media if not media.startswith(("text/html", "image/svg", "application/xhtml")) else "application/octet-stream"
    return FileResponse(path, media_type=media, filename=path.name)


def file_within(folder: Path, path: str) -> Path:
    """Return a file of a folder.

    Raises
    ------
    DeskError : it is none, or lies elsewhere.
    """
    found = (folder / path).resolve() if "\x00" not in path else folder
    if not found.is_relative_to(folder.resolve()) or not found.is_file():
        raise DeskError("没有这个文件，或结果已被删去", remedy="请从“作业”页面重新打开", status=404)
    return found
