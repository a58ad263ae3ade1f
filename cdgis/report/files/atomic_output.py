"""How do all files of one run reach their folder together, or not at all? (DESIGN 4.9, 6)

Files are made in a hidden folder inside the output folder. Then, under a lock, each earlier file moves to the hidden
folder and the new one to its place; an error or interruption on the way undoes every move. What a power cut leaves
half done, the next run undoes first, from the list of moves it finds.

``data/files.json`` lists what was written with its SHA-256. Only files on that list that nobody has changed since
are ever removed; whatever else lies in the folder is somebody's own.
"""

import json
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import FrameType

from cdgis.errors import ReportError, os_reason

LISTING = "data/files.json"
_PREFIX = ".cdgis-"
_MOVES, _NEW, _OLD = "moves.json", "new", "old"


@dataclass(slots=True)
class Stage:
    """Where the files of one run are made, and where they went."""

    folder: Path
    """Write here, under the names the files shall have below the output folder."""
    written: list[Path] = field(default_factory=list)
    """The files in their places, sorted; known when the stage is left without an error."""


@contextmanager
def staged(out: Path, *, own: Sequence[str] = ("",)) -> Iterator[Stage]:
    """Give a stage for `out`; leaving it moves everything into place at once, an error leaves `out` as it was.

    Parameters
    ----------
    own : beginnings of the names this run answers for ("" all, "data/" one folder): they are listed in `LISTING`,
        and listed files of the run before that this one does not make are removed. Empty: nothing is listed or removed.

    Raises
    ------
    ReportError : the folder cannot be written, or holds a folder or link where a file must go.
    """
    try:
        with ExitStack() as stack:
            out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(out))
            _clear_remains(out)
            # inside `out`, not next to it: a rename is atomic only within one file system, and `out` may be a mount
            scratch = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=out))
            stack.callback(_discard, scratch)
            stage = Stage(folder=scratch / _NEW)
            stage.folder.mkdir()
            yield stage
            if own:
                _write_listing(stage.folder, own)
            stage.written = _swap(scratch, out, own)
    except OSError as err:
        raise ReportError(
            f"无法写入输出文件夹 {out}：{os_reason(err)}。请检查权限、磁盘空间，并关闭正打开其中文件的程序后重试"
        ) from err


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Keep a second run out of the same folder. On Windows open files protect themselves from being moved."""
    if sys.platform == "win32":
        yield
        return
    import fcntl
    import os

    handle = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReportError(f"另一个 cdgis 正在写入 {out}。请等它结束，或用 --out 写到别处") from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)


def _clear_remains(out: Path) -> None:
    """Undo and remove what runs that were killed have left."""
    for scratch in sorted(path for path in out.glob(f"{_PREFIX}*") if path.is_dir() and not path.is_symlink()):
        _undo(scratch, out)
        _discard(scratch)


def _discard(scratch: Path) -> None:
    if not (scratch / _MOVES).exists():
        shutil.rmtree(scratch, ignore_errors=True)


def _write_listing(folder: Path, own: Sequence[str]) -> None:
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    listed = {name: _digest(path) for name, path in sorted(files.items()) if name.startswith(tuple(own))}
    target = folder / LISTING
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((json.dumps(listed, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _swap(scratch: Path, out: Path, own: Sequence[str]) -> list[Path]:
    new = scratch / _NEW
    names = sorted(path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file())
    _check_places(out, names)
    gone = _stale(out, set(names)) if own else []
    with _signals_held(), ExitStack() as on_error:
        on_error.callback(_undo, scratch, out)
        (scratch / _MOVES).write_text(json.dumps({"new": names, "gone": gone}), encoding="utf-8")
        for name in (*names, *gone):
            _make_way(out / name, scratch / _OLD / name)
            if name not in gone:
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (new / name).rename(out / name)
        (scratch / _MOVES).unlink()
        on_error.pop_all()
    _drop_empty_folders(out, gone)
    return sorted(out / name for name in names)


def _check_places(out: Path, names: Sequence[str]) -> None:
    """Refuse links and files where a folder must be, and folders where a file must be: what they hold is not ours."""
    for name in names:
        for folder in (out / name).relative_to(out).parents:
            place = out / folder
            if folder != Path() and (place.is_symlink() or (place.exists() and not place.is_dir())):
                raise ReportError(f"{place} 是链接或文件，应为普通文件夹：输出不写到别处。请移开它，或用 --out 换一个目录")
        if (out / name).is_dir() and not (out / name).is_symlink():
            raise ReportError(f"{out / name} 是文件夹，输出文件要用这个名字。请移开它，或用 --out 换一个目录")


def _stale(out: Path, names: set[str]) -> list[str]:
    """Return listed files that this run does not make and nobody has changed."""
    try:
        listed = json.loads((out / LISTING).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    pairs = listed.items() if isinstance(listed, dict) else ()
    return sorted(name for name, digest in pairs if name not in names and _is_unchanged(out, name, digest))


def _is_unchanged(out: Path, name: str, digest: object) -> bool:
    if not _is_inside(name):
        return False
    path = out / name
    return path.is_file() and path.resolve() == out.resolve() / name and _digest(path) == digest


def _make_way(place: Path, keep: Path) -> None:
    if place.exists() or place.is_symlink():
        keep.parent.mkdir(parents=True, exist_ok=True)
        place.rename(keep)


def _undo(scratch: Path, out: Path) -> None:
    """Put every new file back to the stage and every earlier one to its place, if a swap was under way.

    Each step can be repeated, so an undoing that is itself interrupted goes on with the next run.
    """
    moves = scratch / _MOVES
    if not moves.exists():
        return
    new, gone = _read_moves(moves)
    for name in (*new, *gone):
        if name in new and not (scratch / _NEW / name).exists() and (out / name).is_file():
            (out / name).replace(scratch / _NEW / name)
        keep = scratch / _OLD / name
        if keep.exists() or keep.is_symlink():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            keep.replace(out / name)
    _drop_empty_folders(out, new)
    moves.unlink()


def _read_moves(moves: Path) -> tuple[list[str], list[str]]:
    """Return the names a swap was to write and to take away; a list cut short means that nothing had moved yet."""
    try:
        begun = json.loads(moves.read_text(encoding="utf-8"))
        new, gone = ([name for name in begun[key] if _is_inside(name)] for key in ("new", "gone"))
    except (ValueError, TypeError, LookupError, RecursionError):
        return [], []
    return new, gone


def _is_inside(name: object) -> bool:
    return isinstance(name, str) and "\x00" not in name and not Path(name).is_absolute() and ".." not in Path(name).parts


def _drop_empty_folders(out: Path, names: Sequence[str]) -> None:
    for folder in sorted({(out / name).parent for name in names} - {out}, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let no signal break into the swap: it takes milliseconds, and when it is over the work is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ignored(number: int, frame: FrameType | None) -> None:
        """Take no notice."""

    before = {number: signal.signal(number, ignored) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
