"""Files of one command reach their folder together, or not at all (DESIGN 4.9, 6).

Files are made in a hidden folder inside the output folder. Then, under a lock, all earlier files move to the hidden
folder and after them all new ones to their places, so that old and new never stand side by side; ``MARKER`` says so
while it lasts. An error on the way undoes every move; what a kill or a power cut leaves half done, the next command
undoes first, from the list of moves it finds.

What cdgis wrote is known from the folder's register. Only such files, unchanged since, are ever replaced or removed.
"""

import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from cdgis.core.errors import ReportError, os_reason
from cdgis.core.folder_lock import folder_locked
from cdgis.core.written_files import (
    LISTING,
    REGISTER,
    Anchor,
    Register,
    file_digest,
    foreign_files,
    is_written,
    read_listing,
    read_register,
)

MARKER = "写出未完成-请重新运行.txt"
"""Stands in the folder from the first move to the last; one that stays tells every reader that files are missing."""
_MARKER_TEXT = (
    "cdgis 正在更换本文件夹里的文件，或在更换时被中断：现有文件不全，请勿使用。\r\n"
    "再运行一次写入本文件夹的 cdgis 命令，会先恢复到更换之前，再写出新的结果。\r\n"
)
_PREFIX = ".cdgis-"
_MOVES, _NEW, _OLD = "moves.json", "new", "old"
_MOST_LISTED = 8


@dataclass(slots=True)
class Stage:
    """Where the files of one run are made, and where they went."""

    folder: Path
    """Write here, under the names the files shall have below the output folder."""
    journals: dict[str, Anchor] = field(default_factory=dict)
    """Journals among the files -> what the register shall know of them."""
    known: set[str] = field(default_factory=set)
    """Names whose earlier files are cdgis's by other evidence than the register, and may be replaced."""
    written: list[Path] = field(default_factory=list)
    """The files in their places, sorted, the register excepted; known when the stage is left without an error."""


@contextmanager
def staged(out: Path, *, own: Sequence[str] = ("",)) -> Iterator[Stage]:
    """Give a stage for `out`; leaving it moves everything into place at once, an error leaves `out` as it was.

    Parameters
    ----------
    own : beginnings of the names this run answers for ("" all, "data/" one folder): they are listed in `LISTING`,
        and listed files of the run before that this one does not make are removed. Empty: nothing is listed or removed.

    Raises
    ------
    ReportError : the folder cannot be written, or holds something that cdgis did not write where a file must go.
    """
    try:
        with ExitStack() as stack:
            out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(folder_locked(out))
            _clear_remains(out)
            # inside `out`, not next to it: a rename is atomic only within one file system, and `out` may be a mount
            scratch = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=out))
            stack.callback(_discard, scratch)
            stage = Stage(folder=scratch / _NEW)
            stage.folder.mkdir()
            yield stage
            digests = _write_listing(stage.folder, own) if own else {}
            stage.written = _swap(scratch, out, own, stage, digests)
    except OSError as err:
        raise ReportError(
            f"无法写入输出文件夹 {out}：{os_reason(err)}",
            remedy="请检查权限、磁盘空间，并关闭正打开其中文件的程序后重试",
        ) from err


def interrupted(out: Path) -> bool:
    """Return whether an exchange of files in `out` was broken off and not yet undone."""
    return (out / MARKER).exists() or any(out.glob(f"{_PREFIX}*/{_MOVES}"))


def _clear_remains(out: Path) -> None:
    """Undo and remove what runs that were killed have left."""
    for scratch in sorted(path for path in out.glob(f"{_PREFIX}*") if path.is_dir() and not path.is_symlink()):
        _undo(scratch, out)
        _discard(scratch)


def _discard(scratch: Path) -> None:
    if not (scratch / _MOVES).exists():
        shutil.rmtree(scratch, ignore_errors=True)


def _write_listing(folder: Path, own: Sequence[str]) -> dict[str, str]:
    """List the run's own files with their hashes, and return these; nothing touches the stage from here on."""
    listed = _digests({name: path for name, path in _files(folder).items() if name.startswith(tuple(own))})
    target = folder / LISTING
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((json.dumps(listed, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    return {name: digest for name, digest in listed.items() if name != LISTING}


def _digests(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the hash of each file, every other one by a second thread: hashing needs no lock of Python's."""
    paths = list(files.values())
    with ThreadPoolExecutor(max_workers=1) as pool:
        odd = pool.submit(lambda: [file_digest(path) for path in paths[1::2]])
        even = [file_digest(path) for path in paths[::2]]
        found = [digest for pair in zip(even, [*odd.result(), ""], strict=False) for digest in pair]
    return dict(zip(files, found, strict=False))


def _files(folder: Path) -> dict[str, Path]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return dict(sorted(found.items()))


def _swap(scratch: Path, out: Path, own: Sequence[str], stage: Stage, digests: Mapping[str, str]) -> list[Path]:
    fresh = _files(scratch / _NEW)
    _check_places(out, list(fresh))
    _check_owners(out, fresh, stage)
    gone = [name for name in _stale(out, set(fresh)) if name.startswith(tuple(own))]
    register = _register_after(out, fresh, gone, stage.journals, digests)
    (stage.folder / REGISTER).write_bytes(register.text().encode("utf-8"))
    names = [*fresh, REGISTER]
    with _signals_held(), ExitStack() as on_error:
        on_error.callback(_undo, scratch, out)
        _write_durably(scratch / _MOVES, json.dumps({"new": names, "gone": gone}))
        (out / MARKER).write_text(_MARKER_TEXT, encoding="utf-8-sig")
        for name in (*names, *gone):
            _make_way(out / name, scratch / _OLD / name)
        for name in names:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / _NEW / name).rename(out / name)
        (scratch / _MOVES).unlink()
        on_error.pop_all()
        (out / MARKER).unlink(missing_ok=True)
    _drop_empty_folders(out, gone)
    return sorted(out / name for name in fresh)


def _check_owners(out: Path, fresh: Mapping[str, Path], stage: Stage) -> None:
    """Refuse to replace what cdgis did not write, or what somebody changed since."""
    foreign = foreign_files(out, fresh, own=stage.known)
    if foreign:
        listed = "、".join(foreign[:_MOST_LISTED]) + (f" 等 {len(foreign)} 个" if len(foreign) > _MOST_LISTED else "")
        raise ReportError(
            f"{out} 里已有这些文件，不是 cdgis 写出的，或写出后被改过，没有覆盖：{listed}",
            remedy="请移走或改名后重试，或用 --out 换一个目录",
        )


def _register_after(
    out: Path, fresh: Mapping[str, Path], gone: Sequence[str], journals: Mapping[str, Anchor], digests: Mapping[str, str]
) -> Register:
    """Return the folder's register as it will be after the exchange; `digests` are those of files hashed before."""
    before = read_register(out)
    kept = {name: digest for name, digest in before.files.items() if name not in gone}
    files = kept | {name: digests.get(name) or file_digest(path) for name, path in fresh.items()}
    return Register(files=files, journals={**before.journals, **journals})


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _check_places(out: Path, names: Sequence[str]) -> None:
    """Refuse links and files where a folder must be, and folders where a file must be: what they hold is not ours."""
    for name in names:
        for folder in (out / name).relative_to(out).parents:
            place = out / folder
            if folder != Path() and (place.is_symlink() or (place.exists() and not place.is_dir())):
                raise ReportError(
                    f"{place} 是链接或文件，应为普通文件夹：输出不写到别处", remedy="请移开它，或用 --out 换一个目录"
                )
        if (out / name).is_dir() and not (out / name).is_symlink():
            raise ReportError(f"{out / name} 是文件夹，输出文件要用这个名字", remedy="请移开它，或用 --out 换一个目录")


def _stale(out: Path, names: set[str]) -> list[str]:
    """Return files the run before listed as its own, that this run does not make and nobody has changed."""
    listed = Register(files=read_listing(out))
    return sorted(name for name in listed.files if name not in names and _is_unchanged(out, name, listed))


def _is_unchanged(out: Path, name: str, listed: Register) -> bool:
    return _is_inside(name) and (out / name).resolve() == out.resolve() / name and is_written(out, name, listed)


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
    (out / MARKER).unlink(missing_ok=True)
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
