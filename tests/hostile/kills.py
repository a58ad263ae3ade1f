"""A second `cdgis run` killed at a seeded moment of the exchange of files: old, new, or marked and mended by the next run."""

import os
import random
import shutil
import sys
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
_MOST_EVENTS = 400


def cases(count: int, seed: int, scratch: Path) -> Iterator[Case]:
    """Yield `count` kills; the first run judged one site, the second judges another."""
    root = small_workspace(scratch / "区")
    prepared(lambda: exit_code(main, "run", "--workspace", root, "--out", scratch / "old", "--quiet"))
    write_layer(root / "layers/projects/site.gpkg", [metres(100, 100, 200, 200), metres(1300, 0, 1400, 90)], {"name": ["新", "增"]})
    prepared(lambda: exit_code(main, "run", "--workspace", root, "--out", scratch / "new", "--quiet"))
    old, new = (_content(scratch / name) for name in ("old", "new"))
    if old == new:
        raise SystemExit("the two runs must differ")
    draw = random.Random(seed)
    for number in range(count):
        after = draw.randrange(_MOST_EVENTS)
        yield f"after {after} events", lambda after=after, number=number: _killed(root, scratch, number, after, old, new)


def _content(out: Path) -> dict[str, bytes]:
    names = (path for path in out.rglob("*") if path.is_file() and path.name not in (REGISTER, LISTING))
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in names}


def _killed(root: Path, scratch: Path, number: int, after: int, old: dict[str, bytes], new: dict[str, bytes]) -> Outcome:
    out = scratch / f"out{number}"
    shutil.copytree(scratch / "old", out)
    words = ("run", "--workspace", root, "--out", out, "--quiet")
    child = os.fork()
    if not child:
        _arm(after)
        os._exit(exit_code(main, *words))
    os.waitpid(child, 0)
    seen = {name: data for name, data in _content(out).items() if not name.startswith((".cdgis-", MARKER))}
    marked = interrupted(out)
    if seen not in (old, new) and not marked:
        return Fate.SILENT, "old and new files are mixed and nothing says so"
    if exit_code(main, *words) != 0 or _content(out) != new or interrupted(out):
        return Fate.WRONG, "the next run did not mend the folder"
    return (Fate.REPAIRED if marked else Fate.RIGHT), ""


def _arm(after: int) -> None:
    """Let the process die at a number of file events after the exchange begins."""
    left = [after]
    swap = atomic_output._swap

    def dying(event: str, args: object) -> None:
        if event in _EVENTS:
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)

    def watched(*args: object, **options: object) -> object:
        sys.addaudithook(dying)
        return swap(*args, **options)  # type: ignore[arg-type]

    atomic_output._swap = watched  # type: ignore[assignment]
