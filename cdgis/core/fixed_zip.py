"""Zip archives, those of Office among them, that come out the same, byte for byte, whatever the clock or the system says."""

import io
import re
import zipfile
from collections.abc import Callable, Iterable
from typing import IO

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX, _OWNER_ONLY = 3, 0o600 << 16
_CORE = "docProps/core.xml"
_STAMPS = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*<")


def fixed_zip(content: bytes, *, edit: Callable[[str, bytes], bytes] | None = None) -> bytes:
    """Return the same archive with every member dated 1980, so that the clock leaves no trace.

    Parameters
    ----------
    edit : member name and bytes -> the bytes it is to have.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        members = ((name, source.read(name)) for name in source.namelist())
        write_members(stream, ((name, edit(name, data) if edit else data) for name, data in members))
    return stream.getvalue()


def write_members(target: IO[bytes], members: Iterable[tuple[str, bytes]], *, level: int | None = None) -> None:
    """Write an archive of (name, content), in the order given, each deflated, dated 1980 and the same on every system.

    Parameters
    ----------
    level : of zlib, 1 the fastest, 9 the smallest; its own choice without one.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(_heading(name), data, compresslevel=level)


def _heading(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, _UNIX, _OWNER_ONLY
    return info


def dated(name: str, data: bytes, day: str) -> bytes:
    """Return a member of an Office document, made and changed on `day` (an ISO date)."""
    return _STAMPS.sub(rb"\g<1>" + f"{day}T00:00:00Z<".encode(), data) if name == _CORE else data
