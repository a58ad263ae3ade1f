"""Rows of the table of jobs: how one is written, held by the server that does it, and ended."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from cdgis.web.case_states import Actor
from cdgis.web.job_states import JobState
from cdgis.web.models import Job
from cdgis.web.running_desk import Desk
from cdgis.web.running_servers import hold


def new_job(
    desk: Desk, actor: Actor, kind: str, state: JobState, *, asked: Mapping[str, Any], result: Mapping[str, Any] | None = None, total: int = 0
) -> Job:
    """Return a job that somebody begins, not yet in the table."""
    return Job(
        id=uuid.uuid4().hex, kind=kind, state=state, asked=dict(asked), result=dict(result or {}), done=0, total=total, message="", stage="",
        owner_id=actor.account_id, made_by=actor.name, made_at=desk.settings.clock().isoformat(), ended_at="",
    )  # fmt: skip


def hold_job(desk: Desk, session: Session, job: Job) -> None:
    """Write a job that this server does itself, in the transaction that decided to begin it."""
    session.add(job)
    session.flush()
    hold(session, job.id, desk.presence)


def end_job(desk: Desk, job_id: str, *, state: JobState, only: JobState) -> None:
    """Note that a job has ended, if it is in the state it can end from."""
    ended = desk.settings.clock().isoformat()
    with desk.database.writing() as session:
        session.execute(update(Job).where(Job.id == job_id, Job.state == only).values(state=state, ended_at=ended))
