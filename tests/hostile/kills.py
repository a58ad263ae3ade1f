"""`cdgis run`, `screen` and `publish` killed (SIGKILL) at seeded moments: old, new, or marked and mended by the next start."""

import json
import os
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from shapes import metres, write_layer
from small_workspace import small_workspace

from cdgis.cli import main
from cdgis.core.written_files import LISTING, REGISTER
from cdgis.report.files import atomic_output
from cdgis.report.files.atomic_output import MARKER, interrupted

from .trials import Case, Fate, Outcome, exit_code, prepared

_EVENTS = ("os.rename", "open", "os.remove", "os.mkdir", "os.rmdir")
_COMMANDS = {
    "run": ("run",), "screen": ("screen", "layers/projects/site.gpkg", "--format", "html,json,docx,xlsx"),
    "publish": ("publish", "--audience", "public"),
}  # fmt: skip
_SITES = {"old": {"示例甲": metres(1200, 100, 1300, 200)}, "new": {"新": metres(100, 100, 200, 200), "增": metres(1300, 0, 1400, 90)}}


def cases(count: int, seed: int, scratch: Path) -> Iterator[Case]:
    """Yield `count` kills, the commands in turn; the first start judged one site, the one that is killed judges others."""
    root = small_workspace(scratch / "区")
    for state in _SITES:
        _draw_sites(root, state)
        for command in _COMMANDS:
            prepared(lambda command=command, state=state: _done(root, command, scratch / f"{state}-{command}"))
    for command in _COMMANDS:
        if _content(scratch / f"old-{command}") == _content(scratch / f"new-{command}"):
            raise SystemExit(f"the two of {command} must differ")
        prepared(lambda command=command: _counted(root, scratch, command))
    for number in range(count):
        command, draw = list(_COMMANDS)[number % len(_COMMANDS)], random.Random(f"{seed}/{number}")
        part = draw.choice(["whole", "exchange"])
        total = json.loads((scratch / f"{command}.events").read_text(encoding="utf-8"))[part]
        after = draw.randrange(total)
        yield f"{command} {seed}/{number}: event {after} of {total}, {part}", lambda command=command, part=part, after=after, number=number: (
            _killed(root, scratch / str(number), command, part, after)
        )


def _draw_sites(root: Path, state: str) -> None:
    write_layer(root / "layers/projects/site.gpkg", list(_SITES[state].values()), {"name": list(_SITES[state])})


def _done(root: Path, command: str, out: Path) -> int:
    os.chdir(root)
    return exit_code(main, *_COMMANDS[command], "--workspace", root, "--out", out, "--quiet")


def _content(out: Path) -> dict[str, bytes]:
    names = (path for path in out.rglob("*") if path.is_file() and path.name not in (REGISTER, LISTING))
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in names}


def _counted(root: Path, scratch: Path, command: str) -> None:
    """Count the file events of the command, and of its exchange of files."""
    out = scratch / "counted"
    shutil.copytree(scratch / f"old-{command}", out)
    seen: Counter[str] = Counter()
    _watch(lambda part: seen.update([part]))
    _done(root, command, out)
    shutil.rmtree(out)
    text = json.dumps({"whole": seen["whole"] + seen["exchange"], "exchange": seen["exchange"]})
    (scratch / f"{command}.events").write_text(text, encoding="utf-8")


def _killed(root: Path, scratch: Path, command: str, part: str, after: int) -> Outcome:
    old, new = (_content(scratch.parent / f"{state}-{command}") for state in _SITES)
    while True:
        out = scratch / f"out{after}"
        shutil.copytree(scratch.parent / f"old-{command}", out)
        child = os.fork()
        if not child:
            _die_after(after, part)
            os._exit(_done(root, command, out))
        if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            break
        if not after:
            return Fate.WRONG, "it could not be killed"
        after //= 2  # it made fewer steps than when they were counted
    seen = {name: data for name, data in _content(out).items() if not name.startswith((".cdgis-", MARKER))}
    marked = interrupted(out)
    if seen not in (old, new) and not marked:
        return Fate.SILENT, "old and new files are mixed and nothing says so"
    if not (seen.items() <= old.items() or seen.items() <= new.items()):
        return Fate.WRONG, "old and new files stand side by side"
    if _done(root, command, out) != 0 or _content(out) != new or interrupted(out):
        return Fate.WRONG, "the next start did not mend the folder"
    return (Fate.REPAIRED if marked else Fate.RIGHT), ""


def _die_after(events: int, part: str) -> None:
    left = [events]

    def count_down(at: str) -> None:
        if part in ("whole", at):
            left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    _watch(count_down)


def _watch(told) -> None:
    """Call `told` at each file event with the part of the command it belongs to."""
    part = ["whole"]
    swap = atomic_output._swap

    def watched(*args: object, **options: object) -> object:
        part[0] = "exchange"
        try:
            return swap(*args, **options)  # type: ignore[arg-type]
        finally:
            part[0] = "whole"

    atomic_output._swap = watched  # type: ignore[assignment]
    sys.addaudithook(lambda event, args: told(part[0]) if event in _EVENTS else None)
