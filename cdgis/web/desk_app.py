"""The desk as an ASGI application: routes, the guard before them, and errors told in Chinese."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from cdgis import __version__
from cdgis.core.errors import CdgisError, DeskError
from cdgis.core.safe_text import visible
from cdgis.web import (
    account_routes,
    case_import,
    case_routes,
    desk_pages,
    handoffs,
    image_tiles,
    map_help,
    map_layers,
    ogc_features,
    ogc_processes,
    permit_entities,
    rejudge_all,
    rejudging,
    single_sign_on,
    vector_tiles,
)
from cdgis.web.answer_schemas import add_answers
from cdgis.web.desk_options import with_secrets
from cdgis.web.desk_settings import DeskSettings
from cdgis.web.guards import Guard
from cdgis.web.remains import sweep
from cdgis.web.repeated_requests import Repeats
from cdgis.web.running_desk import Desk
from cdgis.web.webhooks import Courier
from cdgis.web.work_parts import register_work

_REASONS = {404: "没有这一页", 405: "不支持这种请求", 413: "提交的内容过大"}
_FORM_SLACK = 1 << 20


class DeskApi(FastAPI):
    """The application with the guard outermost: before the limit of bodies, around errors of the program itself."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the stack of middleware."""
        desk = self.state.desk
        return Guard(Repeats(super().build_middleware_stack(), desk), desk)

    def openapi(self) -> dict[str, Any]:
        """Return the definition of the interface, with what each operation answers."""
        made = self.openapi_schema is None
        document = super().openapi()
        if made:
            add_answers(document)
        return document


def make_app(settings: DeskSettings, *, setup_token: str = "") -> FastAPI:
    """Return the application of a desk; the desk is opened here, and closed when the application ends.

    Raises
    ------
    WorkspaceError, CatalogError : there is no usable workspace.
    DeskError : the desk's folder or database cannot be used.
    """
    if settings.options.sso is not None:
        with_secrets(settings.options.sso.client_secret)  # a missing one is told at the start, not to whoever signs in first
    desk = Desk.opened(settings)
    sweep(settings, desk.database)
    desk.presence.begin()
    courier = Courier(desk)
    courier.begin()
    desk.runner.resume()

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        """Close the desk when the server ends."""
        yield
        courier.end()
        desk.close()

    limits = settings.limits
    app = DeskApi(
        title="cdgis 研判台", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", lifespan=life,
        max_body_size=limits.body_bytes, separate_input_output_schemas=False,
    )  # fmt: skip
    app.state.desk, app.state.setup_token, app.state.courier = desk, setup_token, courier
    for large in (case_routes.uploads, case_import.uploads, handoffs.router):
        app.include_router(large, max_body_size=limits.upload_bytes + _FORM_SLACK)
    ogc = (ogc_features, ogc_processes, vector_tiles, image_tiles)
    for part in (case_routes, permit_entities, account_routes, map_help, map_layers, *ogc, rejudge_all, rejudging, single_sign_on, desk_pages):
        app.include_router(part.router)
    register_work(app, upload_bytes=limits.upload_bytes)
    app.add_exception_handler(CdgisError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)
    return app


def _answer(status: int, reason: str, remedy: str, headers: Any = None) -> Response:
    # what was read is quoted in many a reason: half a surrogate pair cannot be sent, and nothing in it may act on the reader
    return JSONResponse({"reason": visible(reason), "remedy": visible(remedy)}, status_code=status, headers=headers)


async def _told(_: Request, err: Exception) -> Response:
    """Answer an error that is worded for the user."""
    if isinstance(err, DeskError):
        return _answer(err.status, err.reason, err.remedy)
    told = err if isinstance(err, CdgisError) else CdgisError("程序内部错误")
    return _answer(422, f"{told.source}：{told.reason}" if told.source else told.reason, told.remedy)


async def _invalid(_: Request, err: Exception) -> Response:
    """Answer a request that is not as its schema says; names of fields only, since values may be anything."""
    errors = err.errors() if isinstance(err, RequestValidationError) else []
    named = dict.fromkeys(".".join(str(part) for part in item["loc"][1:]) or str(item["loc"][0]) for item in errors)
    return _answer(400, f"请求的这些项不合要求：{'、'.join(named)[:200]}", "请刷新页面后重试；程序对接请看 /api/openapi.json")


async def _failed(_: Request, err: Exception) -> Response:
    """Answer a fault of the program; the server's log has the rest."""
    return _answer(500, f"程序内部错误 {type(err).__name__}，这一步没有做", "这是 cdgis 的缺陷，请连同操作步骤一并反馈")


async def _http(_: Request, err: Exception) -> Response:
    status = err.status_code if isinstance(err, HTTPException) else 500
    return _answer(status, _REASONS.get(status, f"请求没有完成（{status}）"), "请从研判台的页面进入", getattr(err, "headers", None))
