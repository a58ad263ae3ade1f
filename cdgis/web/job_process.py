"""One job in a process of its own, spawned for it: it says how far it has come, and is ended when it is cancelled or takes too much."""

import multiprocessing
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from cdgis.core.error_words import in_words
from cdgis.core.errors import CdgisError, DeskError
from cdgis.core.progress import Progress
from cdgis.web.desk_settings import Limits
from cdgis.web.worker import end_process, processes_below

_LOOK_S = 0.2
_SAY_S = 0.3
"""Steps are told at most so often."""
_LOWER = 10
"""By which the process is nicer than the one that serves the pages."""
Tell = Callable[[str, int, int, str], bool]
"""Told stage, steps done, steps in all (0: unknown) and the last step's name; answers whether to go on."""


class JobCancelled(DeskError):
    """Somebody does not want the job any more."""


class _Told(Progress):
    """Progress that is told to `tell`, not more often than a person can read."""

    def __init__(self, tell: Callable[[str, int, int, str], None]) -> None:
        self._tell, self._title, self._done, self._total, self._told_at = tell, "", 0, 0, 0.0

    def stage(self, title: str, total: int | None = None) -> None:
        """Begin a stage; it is told at once."""
        self._title, self._done, self._total = title, 0, total or 0
        self._say("", at_once=True)

    def step(self, item: str) -> None:
        """One step is done."""
        self._done += 1
        self._say(item)

    def _say(self, item: str, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if at_once or now - self._told_at >= _SAY_S:
            self._told_at = now
            self._tell(self._title, self._done, self._total, item[:200])


def run_here(root: Path, kind: str, asked: dict[str, Any], out: Path, tell: Tell) -> dict[str, Any]:
    """Do a job in this process: for tests, and for the process made for it.

    Raises
    ------
    CdgisError : as the job's pipeline.
    JobCancelled : `tell` said so.
    """
    from cdgis.readers.place_extent import in_place
    from cdgis.web.job_kinds import KINDS
    from cdgis.workspace.settings import open_workspace

    def heard(stage: str, done: int, total: int, item: str) -> None:
        """Pass on how far the job is, and stop it when nobody wants it any more."""
        if not tell(stage, done, total, item):
            raise JobCancelled("已取消")

    workspace, found = open_workspace(root), KINDS[kind]
    with in_place(workspace):
        return found.make(workspace, found.asked.model_validate(asked), out, _Told(heard))


def run_apart(root: Path, kind: str, asked: dict[str, Any], out: Path, tell: Tell, *, limits: Limits) -> dict[str, Any]:
    """Do a job in a new process and return its answer.

    Raises
    ------
    CdgisError : as the job's pipeline.
    JobCancelled : `tell` said so; the process is ended at once.
    DeskError : it took too long or too much memory, or ended by itself.
    """
    context = multiprocessing.get_context("spawn")
    link, other = context.Pipe()
    process = context.Process(target=_serve, args=(other, str(root), kind, asked, str(out)), daemon=True)
    process.start()
    other.close()
    last, until = ("", 0, 0, ""), time.monotonic() + limits.job_seconds
    try:
        while True:
            if link.poll(_LOOK_S):
                answer = link.recv()
                if not isinstance(answer, tuple):
                    break
                last = answer
            if not tell(*last):
                raise JobCancelled("已取消")
            _check(process.pid, until, limits)
    except (EOFError, OSError) as err:
        raise DeskError("做这项作业的进程意外结束", remedy="请重试；仍不成请关闭其他程序，或反馈", status=500) from err
    finally:
        end_process(process)
        link.close()
    if isinstance(answer, CdgisError):
        raise answer
    return dict(answer)


def _check(pid: int | None, until: float, limits: Limits) -> None:
    if time.monotonic() > until:
        raise DeskError(f"这项作业超过 {limits.job_seconds / 3600:g} 小时，已中止", status=413)
    with suppress(psutil.Error):
        held = sum(one.memory_info().rss for one in (psutil.Process(pid), *processes_below(pid)))
        if held / (1 << 20) > limits.job_megabytes:
            raise DeskError(f"这项作业占用内存超过 {limits.job_megabytes} MB，已中止", status=413)


def _serve(link: "Connection[Any, Any]", root: str, kind: str, asked: dict[str, Any], out: str) -> None:
    """Do the job and send its answer: the life of its process."""
    with suppress(psutil.Error, OSError, AttributeError):
        own = psutil.Process()
        own.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if hasattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS") else own.nice() + _LOWER)

    def tell(*told: Any) -> bool:
        """Send how far the job is; who cancels ends the process instead of answering."""
        link.send(told)
        return True

    try:
        answer: Any = run_here(Path(root), kind, asked, Path(out), tell)
    except CdgisError as err:
        answer = err
    except (OSError, MemoryError, RecursionError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RuntimeError) as err:
        answer = DeskError(f"处理时出错：{in_words(err)}（{type(err).__name__}）", remedy="这是 cdgis 的缺陷，请连同操作步骤一并反馈", status=500)
    with suppress(OSError):
        link.send(answer)
