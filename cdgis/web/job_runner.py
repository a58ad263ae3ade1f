"""Jobs taken from the table one after another, the quick ones beside the long ones; what came of each is written back."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from cdgis.core.errors import CdgisError, DeskError
from cdgis.web.database import Database, insist
from cdgis.web.desk_settings import DeskSettings
from cdgis.web.job_kinds import KINDS
from cdgis.web.job_process import JobCancelled, run_apart, run_here
from cdgis.web.job_states import JobState
from cdgis.web.models import Job
from cdgis.web.remains import clear
from cdgis.web.running_servers import Presence, hold

_LOOK_S = 5.0
"""Another server on the same database may have added a job."""


def job_folder(settings: DeskSettings, job_id: str) -> Path:
    """Return where the files of a job lie once it is done."""
    return settings.folder / "jobs" / job_id


class JobRunner:
    """Two threads that do the waiting jobs of a desk, each job in a process of its own.

    Parameters
    ----------
    settings : where the workspace and the desk's folder are.
    database : holds table `jobs`.
    presence : this server among those on the database.
    """

    def __init__(self, settings: DeskSettings, database: Database, presence: Presence) -> None:
        self._settings, self._database, self._presence = settings, database, presence
        self._closing = threading.Event()
        self._lanes: dict[bool, tuple[threading.Thread, threading.Event]] = {}
        self._turn = threading.Lock()

    def wake(self) -> None:
        """Look for waiting jobs now; the threads begin with the first call."""
        with self._turn:
            for quick in (False, True):
                if quick not in self._lanes:
                    bell = threading.Event()
                    thread = threading.Thread(target=self._work, args=(quick, bell), daemon=True)
                    self._lanes[quick] = thread, bell
                    thread.start()
                self._lanes[quick][1].set()

    def resume(self) -> None:
        """Go on with the jobs that were waiting when the desk was last closed."""
        with self._database.reading() as session:
            waiting = session.scalar(select(Job.id).where(Job.state == JobState.WAITING).limit(1))
        if waiting is not None:
            self.wake()

    def close(self) -> None:
        """End the processes; their jobs are said not to have ended when the desk is next opened."""
        self._closing.set()
        for thread, bell in self._lanes.values():
            bell.set()
            thread.join(10)

    def _work(self, quick: bool, bell: threading.Event) -> None:
        names = [name for name, kind in KINDS.items() if kind.quick == quick]
        while not self._closing.is_set():
            bell.clear()
            job = None
            with suppress(DeskError):  # the database is away for a moment: the job stands there still
                job = self._claimed(names)
            if job is None:
                bell.wait(_LOOK_S)
                continue
            self._note(job.id, self._do(job))

    def _claimed(self, kinds: list[str]) -> Job | None:
        waiting = select(Job).where(Job.state == JobState.WAITING, Job.kind.in_(kinds)).order_by(Job.made_at, Job.id).limit(1)
        with self._database.writing() as session:
            job = session.scalar(waiting)
            if job is not None:
                job.state = JobState.RUNNING
                hold(session, job.id, self._presence)
        return job

    def _do(self, job: Job) -> dict[str, Any]:
        """Do one job and return what its row is to say; its files are moved to their place only when all is done."""
        folder = job_folder(self._settings, job.id)
        part = folder.with_name(f".part-{job.id}")
        told: dict[str, Any] = {"state": JobState.DONE, "result": {}, "message": ""}
        run = run_here if self._settings.in_process else run_apart
        extra = {} if self._settings.in_process else {"limits": self._settings.limits}
        try:
            part.mkdir(parents=True, exist_ok=True)
            out = part / KINDS[job.kind].folder
            told["result"] = run(self._settings.workspace, job.kind, dict(job.asked), out, self._teller(job.id), **extra)
            part.rename(folder)
        except JobCancelled:
            told["state"] = JobState.FAILED if self._closing.is_set() else JobState.CANCELLED
            told["message"] = "研判台关闭时中止，请重新开始" if self._closing.is_set() else ""
        except CdgisError as err:
            told |= {"state": JobState.FAILED, "message": str(err)}
        except (OSError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RuntimeError) as err:
            told |= {"state": JobState.FAILED, "message": f"程序内部错误 {type(err).__name__}，请连同操作步骤一并反馈"}
        finally:
            clear(part)
        return told | {"ended_at": self._settings.clock().isoformat(), "stage": ""}

    def _note(self, job_id: str, told: dict[str, Any]) -> None:
        """Write what came of a job, or that what came of it cannot be kept; a desk that closes says so when it opens."""
        with suppress(DeskError):
            try:
                insist(partial(self._write, job_id, told), self._closing)
            except DeskError as err:
                told |= {"state": JobState.FAILED, "result": {}, "message": str(err)}
                insist(partial(self._write, job_id, told), self._closing)

    def _teller(self, job_id: str) -> Any:
        last: list[Any] = []

        def tell(*told: Any) -> bool:
            """Write how far the job is, and return whether it is still wanted: it is, as long as the database does not say otherwise."""
            if self._closing.is_set():
                return False
            with suppress(DeskError):
                if last == list(told):
                    with self._database.reading() as session:
                        return session.scalar(select(Job.state).where(Job.id == job_id)) == JobState.RUNNING
                stage, done, total, item = last[:] = told
                return self._write(job_id, {"stage": stage, "done": done, "total": total, "message": item})
            return True

        return tell

    def _write(self, job_id: str, values: Mapping[str, Any]) -> bool:
        """Write values of a running job; return whether it is still one. One that was cancelled meanwhile stays so."""
        with self._database.writing() as session:
            found = session.execute(update(Job).where(Job.id == job_id, Job.state == JobState.RUNNING).values(**values))
        return bool(getattr(found, "rowcount", 0))

