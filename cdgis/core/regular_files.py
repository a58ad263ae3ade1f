"""Reading of files that are files: a device or a pipe would give bytes without end, or none for ever."""

import os
from pathlib import Path


def read_regular(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    OSError : there is none, it cannot be read, or it is a folder, a device or a pipe.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(0, "不是普通文件", str(path))
    return path.read_bytes()


def real_path(path: Path) -> Path:
    """Return where a path leads, links followed; one whose links lead in a circle stands for itself."""
    return Path(os.path.realpath(path))
