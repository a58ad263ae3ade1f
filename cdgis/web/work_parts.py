"""The parts of the desk beside its cases: jobs and their results, layers and rules."""

from fastapi import FastAPI

from cdgis.web import inquiry_routes, job_pages, job_routes, result_pages, workspace_routes
from cdgis.web.inquiry import PublicDesk, Rates
from cdgis.web.running_desk import Desk

_FORM_SLACK = 1 << 20


def register_work(app: FastAPI, *, upload_bytes: int) -> None:
    """Add the routes, and what answers 自助查询 where that is on; routes that take files accept as much as a boundary."""
    desk: Desk = app.state.desk
    if (options := desk.settings.options.inquiry) is not None:
        desk.public = PublicDesk(desk=desk, options=options, questions=Rates(options.per_minute, options.per_day))
    for uploads in (job_routes.uploads, workspace_routes.uploads):
        app.include_router(uploads, max_body_size=upload_bytes + _FORM_SLACK)
    for router in (job_routes.router, job_pages.router, result_pages.router, workspace_routes.router, workspace_routes.pages, inquiry_routes.router):
        app.include_router(router)
