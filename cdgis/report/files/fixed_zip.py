"""DOCX and XLSX archives that come out the same, byte for byte, whatever the clock or the system says."""

import io
import re
import zipfile
from collections.abc import Callable

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
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(member(name), edit(name, data) if edit else data)
    return stream.getvalue()


def member(name: str) -> zipfile.ZipInfo:
    """Return the heading of a deflated member dated 1980, the same on every system."""
    info = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, _UNIX, _OWNER_ONLY
    return info


def dated(name: str, data: bytes, day: str) -> bytes:
    """Return a member of an Office document, made and changed on `day` (an ISO date)."""
    return _STAMPS.sub(rb"\g<1>" + f"{day}T00:00:00Z<".encode(), data) if name == _CORE else data
