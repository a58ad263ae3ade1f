"""Processes that read and judge for the desk, each with a workspace kept warm, ended when they take too long or too much.

A file that was handed in is never opened in the process that serves the pages: one that hangs a library or eats the
memory ends the worker, and the next question starts another. Processes are spawned, never forked.
"""

import multiprocessing
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from cdgis.core.error_words import in_words
from cdgis.core.errors import CdgisError, DeskError
from cdgis.web.desk_settings import Limits

_LOOK_S = 0.05
"""How often a working process is looked at."""
_USUAL_S = {"judge": 0.15, "read": 0.5, "ways": 0.6, "write": 5.0, "warm": 8.0, "alternatives": 15.0, "receive": 15.0}
"""Seconds a task usually takes: which of two processes is sooner free."""
_START_S = 120.0
"""In which a new process must have opened the workspace."""
_ENDED = "处理这份材料的进程意外结束"


class Worker:
    """One process that answers one question at a time.

    Parameters
    ----------
    root : folder of the workspace.
    limits : seconds and megabytes a question may take.
    """

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root, self._limits = root, limits
        self._turn = threading.Lock()
        self._waiting: list[str] = []
        self._process: Any = None
        self._link: Any = None

    def ask(self, task: str, **given: Any) -> dict[str, Any]:
        """Return what a task of `cdgis.web.tasks` answers.

        Raises
        ------
        CdgisError : as the task.
        DeskError : it took too long or too much memory, and its process was ended.
        """
        self._waiting.append(task)
        try:
            with self._turn:
                answer = self._asked(task, given)
        finally:
            self._waiting.remove(task)
        if isinstance(answer, CdgisError):
            raise answer
        found: dict[str, Any] = answer
        return found

    def _asked(self, task: str, given: dict[str, Any]) -> Any:
        if self._process is None or not self._process.is_alive():
            self._start()
        try:
            self._link.send((task, given))
            return self._awaited()
        except (EOFError, OSError) as err:
            self._end()
            raise DeskError(_ENDED, remedy="请核对文件；若文件无误请重试一次", status=500) from err

    @property
    def load_s(self) -> float:
        """Seconds that what the process has been asked and not answered usually takes."""
        return sum(_USUAL_S.get(task, 1.0) for task in tuple(self._waiting))

    def warm(self) -> None:
        """Start the process and have it read the layers, so that the first question does not wait for it."""
        self.ask("warm")

    def close(self) -> None:
        """End the process, whatever it does."""
        self._end()

    @property
    def pid(self) -> int | None:
        """Number of the process, None while there is none."""
        return self._process.pid if self._process is not None else None

    def _start(self) -> None:
        self._end()
        context = multiprocessing.get_context("spawn")
        link, other = context.Pipe()
        self._link = link
        self._process = context.Process(target=serve, args=(other, str(self._root)), daemon=True)
        self._process.start()
        other.close()
        try:
            ready = link.recv() if link.poll(_START_S) else None
        except (EOFError, OSError):  # it ended while it began: killed, or the desk itself is being closed
            ready = None
        if ready is None:
            self._end()
            raise DeskError("处理进程没有启动", remedy="请关闭其他程序后重试", status=503)
        if isinstance(ready, CdgisError):
            self._end()
            raise ready

    def _awaited(self) -> Any:
        """Return the answer of the process; end it when it goes over a limit."""
        until = time.monotonic() + self._limits.seconds
        while True:
            over = self._over(until)
            if over:
                self._end()
                raise DeskError(f"处理这份材料{over}，已中止", remedy="请只留下用地边界、抽稀或拆成几个文件后重试", status=413)
            if self._link.poll(_LOOK_S):
                return self._link.recv()

    def _over(self, until: float) -> str:
        """Return which limit the process is over, looked at before every wait: a quick answer is no excuse."""
        if time.monotonic() > until:
            return f"超过 {self._limits.seconds:g} 秒"
        return f"占用内存超过 {self._limits.megabytes} MB" if self._megabytes() > self._limits.megabytes else ""

    def _megabytes(self) -> float:
        try:
            return float(psutil.Process(self._process.pid).memory_info().rss) / (1 << 20)
        except psutil.Error:
            return 0.0

    def _end(self) -> None:
        if self._process is not None:
            end_process(self._process)
            self._process = None
        if self._link is not None:
            self._link.close()
            self._link = None


def end_process(process: Any) -> None:
    """End a spawned process and those it has begun itself, such as a browser that prints a report, and wait until it is gone."""
    for one in (*processes_below(process.pid), process):
        with suppress(psutil.Error):
            one.kill()
    process.join()


def processes_below(pid: int | None) -> list[psutil.Process]:
    """Return the processes that one has begun."""
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []


class InProcess:
    """The same questions answered in this process: for tests, and nothing that was handed in by a stranger."""

    pid, load_s = None, 0.0

    def __init__(self, root: Path) -> None:
        from cdgis.web.current_workspace import CurrentWorkspace

        self._workspace = CurrentWorkspace(root)
        self._turn = threading.Lock()

    def ask(self, task: str, **given: Any) -> dict[str, Any]:
        """Return what a task answers."""
        from cdgis.web.task_table import TASKS

        with self._turn:
            return TASKS[task](self._workspace.session(), **given)

    def warm(self) -> None:
        """Start nothing."""

    def close(self) -> None:
        """End nothing."""


def serve(link: "Connection[Any, Any]", root: str) -> None:
    """Answer questions until the other side is gone: the life of a worker's process."""
    from cdgis.web.current_workspace import CurrentWorkspace
    from cdgis.web.task_table import TASKS

    try:
        workspace = CurrentWorkspace(Path(root))
        link.send(True)
    except CdgisError as err:
        link.send(err)
        return
    while True:
        try:
            task, given = link.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        link.send(_answer(TASKS[task], workspace, given))


def _answer(task: Any, workspace: Any, given: dict[str, Any]) -> Any:
    """Return a task's answer, or its error worded for the user: the process must outlive what libraries raise."""
    try:
        return task(workspace.session(), **given)
    except CdgisError as err:
        return err
    except (OSError, MemoryError, RecursionError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RuntimeError) as err:
        return DeskError(f"处理时出错：{in_words(err)}（{type(err).__name__}）", remedy="这是 cdgis 的缺陷，请连同文件一并反馈", status=500)
