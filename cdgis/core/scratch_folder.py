"""Temporary folders that do not outlive their process for long, even when it is killed."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cdgis.core.errors import ReportError
from cdgis.core.folder_lock import folder_locked

_PREFIX = "cdgis-scratch-"
_LEAST_AGE_S = 60.0
"""A younger folder may be one that its process has made and not yet locked."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give an empty folder that is removed at the end; those that killed processes left are removed at the beginning."""
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with folder_locked(folder):
            # the folder inside is free, so that what is done there may lock it like any other
            inside = folder / "files"
            inside.mkdir()
            yield inside
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove the folders that nobody holds a lock on."""
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError, ReportError):
            if folder.is_symlink() or not folder.is_dir() or time.time() - folder.stat().st_mtime < _LEAST_AGE_S:
                continue
            with folder_locked(folder):
                pass
            shutil.rmtree(folder, ignore_errors=True)
