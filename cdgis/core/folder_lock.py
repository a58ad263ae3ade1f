"""One writer at a time in a folder, on every system (flock, msvcrt, or a lock file where neither works)."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdgis.core.errors import ReportError

LOCK_FILE = ".cdgis.lock"
"""Stands in the folder while it is locked, where the folder itself cannot be locked."""


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """Keep every other process, and every other call in this one, out of `folder` until left.

    The system lets go of the lock when the process ends, however it ends; a lock file on a share without locks stays
    after a kill and is named in the message.

    Raises
    ------
    ReportError : somebody else holds the lock.
    OSError : the folder cannot be opened.
    """
    if sys.platform == "win32":
        yield from _locked_by_byte(folder)
    else:
        yield from _locked_by_folder(folder)


def _refusal(folder: Path, more: str = "") -> ReportError:
    return ReportError(f"另一个 cdgis 正在写入 {folder}", remedy=f"请等它结束，或用 --out 写到别处{more}")


if sys.platform == "win32":

    def _locked_by_byte(folder: Path) -> Iterator[None]:
        """Lock the first byte of the lock file, which the system removes when its last handle is closed."""
        import msvcrt

        handle = os.open(folder / LOCK_FILE, os.O_CREAT | os.O_RDWR | os.O_TEMPORARY | os.O_NOINHERIT)
        try:
            try:
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            except OSError:
                raise _refusal(folder) from None
            yield
        finally:
            os.close(handle)

else:

    def _locked_by_folder(folder: Path) -> Iterator[None]:
        """Lock the folder itself, so that nothing is left behind."""
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _refusal(folder) from None
            except OSError:  # a file system without locks
                yield from _locked_by_file(folder)
                return
            yield
        finally:
            os.close(handle)

    def _locked_by_file(folder: Path) -> Iterator[None]:
        """Lock by the existence of a file: the last resort, because a kill leaves it."""
        try:
            handle = os.open(folder / LOCK_FILE, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            raise _refusal(folder, f"；若确无他人使用，删除锁文件 {LOCK_FILE} 后重试") from None
        os.close(handle)
        try:
            yield
        finally:
            (folder / LOCK_FILE).unlink(missing_ok=True)
