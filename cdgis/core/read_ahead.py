"""Layers kept beside a workspace, read by a thread while this process still loads its libraries.

Reading and summing up bytes wait for no interpreter. Nothing is promised: what was not read, or is asked for before its
turn, is read by whoever needs it, and whoever takes it checks it as if he had read it.
"""

import os
import zlib
from pathlib import Path
from threading import Thread

PREPARED_DIR = ".cdgis-cache"
"""Where layers as read are kept in a workspace."""
_LEAST_BYTES = 50_000
"""A smaller file is read sooner than it is asked for."""
_MOST_BYTES = 64_000_000
"""Of all files together."""
_waiting: dict[str, int] = {}
_read: dict[str, tuple[bytes, int]] = {}


def read_ahead(workspace: Path | None, suffixes: tuple[str, ...] = (".zones", ".planes")) -> Thread | None:
    """Begin to read what is kept of the layers of a workspace, the largest first; None where there is nothing.

    Parameters
    ----------
    workspace : its folder; None for the one the current directory lies in.
    """
    _waiting.clear()
    _read.clear()
    places = (workspace,) if workspace is not None else (Path.cwd(), *Path.cwd().parents)
    sizes: dict[str, int] = {}
    try:
        folder = next((kept for place in places if (kept := place.absolute() / PREPARED_DIR).is_dir()), None)
        for one in os.scandir(folder) if folder is not None else ():
            if one.name.endswith(suffixes) and one.is_file():
                sizes[one.path] = one.stat().st_size
    except OSError:
        return None
    left = _MOST_BYTES
    for path, size in sorted(sizes.items(), key=lambda item: -item[1]):
        if _LEAST_BYTES <= size <= left:
            _waiting[path] = size
            left -= size
    if not _waiting:
        return None
    thread = Thread(target=_read_all, name="read ahead", daemon=True)
    thread.start()
    return thread


def taken(path: Path) -> tuple[bytes, int] | None:
    """Return the bytes of a file read ahead and the CRC-32 of all but the first eight; None, once and for all, where it is not."""
    name = str(path.absolute())
    _waiting.pop(name, None)
    return _read.pop(name, None)


def _read_all() -> None:
    for path in list(_waiting):
        if _waiting.pop(path, None) is None:
            continue  # asked for meanwhile
        try:
            data = Path(path).read_bytes()
            _read[path] = (data, zlib.crc32(memoryview(data)[8:]))
        except (OSError, MemoryError):
            continue
