"""Which servers work on the desk's database: each says so again and again, and jobs of one that fell silent are said to have failed."""

import platform
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from cdgis.core.errors import DeskError
from cdgis.web.database import Database
from cdgis.web.job_states import JobState
from cdgis.web.models import Job
from cdgis.web.service_models import JobHolder, RunningServer

_BEAT_S = 20.0
_SILENT = timedelta(seconds=90)
_TOLD = "研判台中途停止，请重新开始"


class Presence:
    """One server's place among those of a database.

    Parameters
    ----------
    shared : whether there may be others.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime], *, shared: bool) -> None:
        self.id = uuid.uuid4().hex
        self._database, self._clock, self._shared = database, clock, shared
        self.ended = threading.Event()

    def begin(self) -> None:
        """Register, end the jobs of servers that are gone, and go on doing so where there are others."""
        self.beat()
        if self._shared:
            threading.Thread(target=self._live, daemon=True).start()

    def beat(self) -> None:
        """Say that this server lives, and say of the jobs of those that do not that they failed."""
        now = self._clock()
        with self._database.writing() as session:
            session.merge(RunningServer(id=self.id, host=platform.node()[:200], seen_at=now.isoformat()))
            session.flush()
            _end_orphans(session, now, self._living(session, now))

    def _living(self, session: Session, now: datetime) -> list[str]:
        """Return the servers that are at work; alone on a file, this one only."""
        others = [row for row in session.scalars(select(RunningServer)) if row.id != self.id]
        gone = [row.id for row in others if not self._shared or now - datetime.fromisoformat(row.seen_at) > _SILENT]
        session.execute(delete(RunningServer).where(RunningServer.id.in_(gone)))
        return [self.id, *(row.id for row in others if row.id not in gone)]

    def _live(self) -> None:
        while not self.ended.wait(_BEAT_S):
            with suppress(DeskError):  # the database is away for a moment: requests say so, the next beat tries again
                self.beat()

    def end(self) -> None:
        """Take this server off the list; where the database is gone before it, its silence says the same."""
        self.ended.set()
        with suppress(DeskError), self._database.writing() as session:
            session.execute(delete(RunningServer).where(RunningServer.id == self.id))


def hold(session: Session, job_id: str, presence: Presence) -> None:
    """Note that this server runs a job, in the transaction that makes or claims it."""
    session.merge(JobHolder(job_id=job_id, server_id=presence.id))
    session.flush()


def _end_orphans(session: Session, now: datetime, living: list[str]) -> None:
    held = select(JobHolder.job_id).where(JobHolder.server_id.in_(living))
    lost = update(Job).where(Job.state == JobState.RUNNING, Job.id.not_in(held))
    session.execute(lost.values(state=JobState.FAILED, message=_TOLD, ended_at=now.isoformat()), execution_options={"synchronize_session": False})
