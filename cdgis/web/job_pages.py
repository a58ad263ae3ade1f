"""The pages of the jobs: all of them, one, and the map of a trace."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from cdgis.web.case_states import Actor
from cdgis.web.desk_pages import page
from cdgis.web.job_routes import job_of, staff
from cdgis.web.running_desk import Desk, desk_of

router = APIRouter(include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
Staff = Annotated[Actor, Depends(staff)]


@router.get("/jobs")
def jobs_page(request: Request, actor: Staff) -> HTMLResponse:
    """Return what can be done besides cases, and what was done."""
    return page(request, "jobs.html", actor)


@router.get("/jobs/{job_id}")
def job_page(request: Request, desk: InDesk, actor: Staff, job_id: str) -> HTMLResponse:
    """Return one job: how far it is, and what came of it."""
    return page(request, "job.html", actor, job_id=job_of(desk, job_id).id)


@router.get("/trace")
def trace_page(request: Request, actor: Staff) -> HTMLResponse:
    """Return the map on which a river is clicked."""
    return page(request, "trace.html", actor)
