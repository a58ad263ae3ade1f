"""One hostile case at a time in a process of its own, and what became of it."""

import json
import os
import select
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cdgis.core.errors import CdgisError

_WAITING = 10
"""Times the CPU limit that a case may take by the clock."""


class Fate(StrEnum):
    """What a case ended in; the last four must never happen."""

    RIGHT = "对"
    CHANGED = "只改了数"
    REPAIRED = "修复并说明"
    REFUSED = "拒绝并说明"
    WRONG = "错"
    SILENT = "无声"
    TRACEBACK = "异常"
    HANG = "挂起"


BAD = (Fate.WRONG, Fate.SILENT, Fate.TRACEBACK, Fate.HANG)
Outcome = tuple[Fate, str]
Case = tuple[str, Callable[[], Outcome]]
"""What names the case so that it can be made again, and what tries it."""


@dataclass
class Tally:
    """How many cases of one kind ended how, and which ended badly."""

    fates: Counter[Fate] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def add(self, name: str, outcome: Outcome) -> None:
        """Count one case."""
        fate, said = outcome
        self.fates[fate] += 1
        if fate in BAD:
            self.bad.append(f"{fate}　{name}　{said}")


def tally(cases: Iterable[Case], *, seconds: float) -> Iterator[Tally]:
    """Try the cases one after the other, each for at most so many CPU seconds; yield the tally so far after each."""
    total = Tally()
    for name, case in cases:
        total.add(name, apart(case, seconds))
        yield total


def apart(case: Callable[[], Outcome], seconds: float) -> Outcome:
    """Return the outcome of a case tried in a forked process, which may die or hang as it likes."""
    back, forth = os.pipe()
    child = os.fork()
    if not child:
        os.close(back)
        os.write(forth, json.dumps(_outcome(case)).encode("utf-8", "replace")[:60_000])
        os._exit(0)
    os.close(forth)
    started = time.monotonic()
    with os.fdopen(back, "rb") as stream:
        while not select.select([stream], [], [], min(1.0, seconds))[0]:
            if _cpu_s(child) > seconds or time.monotonic() - started > _WAITING * seconds:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return Fate.HANG, f"> {seconds:g} s"
        answer = stream.read()
    status = os.waitpid(child, 0)[1]
    if not answer:
        return Fate.TRACEBACK, f"the process ended with {status}"
    fate, said = json.loads(answer)
    return Fate(fate), said


def _cpu_s(process: int) -> float:
    """Return the CPU seconds a process has used: on a busy machine the clock says nothing about it."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def prepared(step: Callable[[], object]) -> None:
    """Do a step in a forked process: the threads it starts would be missing, and their locks held, in processes forked later."""

    def done() -> Outcome:
        step()
        return Fate.RIGHT, ""

    fate, said = apart(done, 600)
    if fate is not Fate.RIGHT:
        raise SystemExit(f"the preparation failed: {said}")


def _outcome(case: Callable[[], Outcome]) -> Outcome:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        return case()
    except CdgisError as err:
        return (Fate.REFUSED, str(err)) if err.reason else (Fate.WRONG, "refused without a word")
    except BaseException:  # whatever it is: that is the question
        return Fate.TRACEBACK, traceback.format_exc()[-1500:]


def exit_code(main: Callable[[list[str]], object], *args: object) -> int:
    """Return the exit code of a command line."""
    try:
        main([str(arg) for arg in args])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
