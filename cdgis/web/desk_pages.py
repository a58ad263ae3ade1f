"""The desk's pages: what the server writes of them; the rest is drawn by their scripts from /api."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from cdgis import __version__
from cdgis.core.errors import DeskError
from cdgis.report.files.inline_assets import leaflet_script, leaflet_style, template_text
from cdgis.web.access_scopes import SCOPE_WORDS
from cdgis.web.accounts import has_accounts
from cdgis.web.case_states import Actor, CaseState, Role
from cdgis.web.cases import visible_case
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
_OWN = Path(__file__).parent / "static"
_FOREIGN: dict[str, Callable[[], str]] = {"leaflet.js": leaflet_script, "leaflet.css": leaflet_style, "base.css": lambda: template_text("style.css")}
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@cache
def _environment() -> Environment:
    loader = PackageLoader("cdgis.web", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def page(request: Request, name: str, actor: Actor | None, **values: Any) -> HTMLResponse:
    """Return a template filled in with what every page needs."""
    desk = desk_of(request)
    settings = desk.workspace.workspace.settings
    text = _environment().get_template(name).render(
        city=settings.city, as_of=settings.as_of.isoformat(), version=__version__, actor=actor, csrf=getattr(request.state, "csrf", ""),
        accounts=desk.settings.serves_accounts, ground=desk.settings.options.ground,
        manages=actor is not None and (actor.alone or Role.ADMIN in actor.roles),
        applies=actor is not None and (actor.alone or Role.APPLICANT in actor.roles), states=list(CaseState),
        inquiry=desk.settings.options.inquiry is not None, sso=desk.settings.options.sso.title if desk.settings.options.sso else "", **values,
    )  # fmt: skip
    return HTMLResponse(text)


@router.get("/")
def queue_page(request: Request, actor: Who) -> HTMLResponse:
    """Return the list of cases."""
    return page(request, "queue.html", actor)


@router.get("/cases/{case_id}")
def case_page(request: Request, desk: InDesk, actor: Who, case_id: str) -> HTMLResponse:
    """Return one case, with its three steps."""
    with desk.database.reading() as session:
        case = visible_case(session, actor, case_id)
    return page(request, "case.html", actor, case_id=case.id, number=case.number)


@router.get("/services")
def services_page(request: Request, actor: Who) -> HTMLResponse:
    """Return how other programs reach the desk: OGC API, REST, keys, journal."""
    return page(request, "services.html", actor, base=str(request.base_url).rstrip("/"), scopes=list(SCOPE_WORDS.items()))


@router.get("/accounts")
def accounts_page(request: Request, desk: InDesk, actor: Who) -> Response:
    """Return the page of accounts, for managers of a desk that has them."""
    if not desk.settings.serves_accounts or Role.ADMIN not in actor.roles:
        raise DeskError("没有这一页，或您无权查看", status=404)
    return page(request, "accounts.html", actor, roles=list(Role))


@router.get("/enter")
def enter(desk: InDesk, token: str = "") -> Response:
    """Let the browser of this computer in by the token of the launch."""
    import hmac

    if not desk.settings.token or not hmac.compare_digest(token.encode(), desk.settings.token.encode()):
        raise DeskError("进入的链接不对，或研判台已重新启动", remedy="请用启动窗口里显示的链接", status=403)
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(desk.settings.cookie, token, httponly=True, samesite="strict", path="/")
    return answer


@router.get("/login")
def login_page(request: Request, desk: InDesk) -> Response:
    """Return where people sign in; on a computer without accounts, how to come in."""
    return page(request, "login.html", None, first=desk.settings.serves_accounts and not has_accounts(desk), told="")


@router.get("/setup")
def setup_page(request: Request, desk: InDesk, token: str = "") -> Response:
    """Return where the first account is made."""
    if not desk.settings.serves_accounts or has_accounts(desk):
        raise DeskError("初始设置已经做过", remedy="请登录", status=404)
    return page(request, "setup.html", None, token=token)


@router.get("/health")
def health() -> dict[str, str]:
    """Return that the desk answers."""
    return {"status": "ok"}


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Return a script or style sheet: our own, or Leaflet's from the installed package."""
    suffix = Path(name).suffix
    if name in _FOREIGN:
        text = _FOREIGN[name]()
    elif name in _own_names():
        text = (_OWN / name).read_text(encoding="utf-8")
    else:
        raise DeskError("没有这个文件", status=404)
    return Response(text, media_type=_TYPES[suffix], headers={"cache-control": "no-cache"})


@cache
def _own_names() -> frozenset[str]:
    return frozenset(path.name for path in _OWN.iterdir() if path.suffix in _TYPES)
