"""What one running desk is made of, handed to every route."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from cdgis.pipelines.session import Session as WorkspaceSession
from cdgis.web.case_states import Actor
from cdgis.web.current_workspace import CurrentWorkspace
from cdgis.web.database import Database
from cdgis.web.desk_options import with_secrets
from cdgis.web.desk_settings import DeskSettings, prepared_folder
from cdgis.web.job_runner import JobRunner
from cdgis.web.running_servers import Presence
from cdgis.web.worker import InProcess, Worker

_MOST_KEPT = 64


@dataclass(slots=True, kw_only=True)
class Desk:
    """The workspace, the database and the processes of one desk."""

    settings: DeskSettings
    current: CurrentWorkspace
    """For layers to draw and industries to name; verdicts come from `judge`."""
    database: Database
    reader: Worker | InProcess
    """Opens what was handed in."""
    judge: Worker | InProcess
    """Judges and writes; keeps the layers warm."""
    presence: Presence
    """This server among those on the database."""
    runner: JobRunner
    """Does the jobs beside the cases."""
    answers: "OrderedDict[str, dict[str, Any]]" = field(default_factory=OrderedDict)
    """Last answers by a hash of the question."""
    public: Any = None
    """What answers 自助查询 (`cdgis.web.inquiry.PublicDesk`), where it is on."""
    tickets: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Secret of an address -> job whose results it opens, and the session that asked for it."""

    @classmethod
    def opened(cls, settings: DeskSettings) -> "Desk":
        """Return a desk on its folder.

        Raises
        ------
        WorkspaceError, CatalogError : there is no usable workspace.
        DeskError : the folder cannot be used.
        """
        current = CurrentWorkspace(settings.workspace)
        database = Database(prepared_folder(settings), with_secrets(settings.options.database))
        presence = Presence(database, settings.clock, shared=settings.shared)
        made = [
            InProcess(settings.workspace) if settings.in_process else Worker(settings.workspace, settings.limits) for _ in range(2)
        ]
        runner = JobRunner(settings, database, presence)
        return cls(
            settings=settings, current=current, database=database, reader=made[0], judge=made[1], presence=presence, runner=runner
        )

    @property
    def workspace(self) -> WorkspaceSession:
        """The workspace as its settings and catalogue are now.

        Raises
        ------
        WorkspaceError, CatalogError : they were changed into something that cannot be used.
        """
        return self.current.session()

    def ask_quickly(self, task: str, **given: Any) -> dict[str, Any]:
        """Return the answer of whichever process is sooner free: a report being written keeps no verdict waiting."""
        return min((self.judge, self.reader), key=lambda worker: worker.load_s).ask(task, **given)

    def kept(self, key: str) -> dict[str, Any] | None:
        """Return an answer given before to the same question."""
        return self.answers.get(key)

    def keep(self, key: str, answer: dict[str, Any]) -> None:
        """Remember an answer; the oldest one goes."""
        self.answers[key] = answer
        while len(self.answers) > _MOST_KEPT:
            self.answers.popitem(last=False)

    def close(self) -> None:
        """End the processes and let go of the database."""
        self.runner.close()
        self.presence.end()
        for worker in filter(None, (self.public, self.reader, self.judge)):
            worker.close()
        self.database.close()


def desk_of(request: Request) -> Desk:
    """Return the desk that serves a request."""
    found: Desk = request.app.state.desk
    return found


def actor_of(request: Request) -> Actor:
    """Return who asks, as the guard found out."""
    found: Actor = request.state.actor
    return found
