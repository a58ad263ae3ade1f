"""DOCX and XLSX archives that come out the same, byte for byte, whatever the clock says."""

import io
import re
import zipfile

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def fixed_zip(content: bytes, *, modified: str) -> bytes:
    """Return the same archive with members dated 1980 and the document's time of change set to `modified` (a date)."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                stamped = rf"\g<1>{modified}T00:00:00Z<"
                data = re.sub(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*<", stamped, data.decode("utf-8")).encode()
            info = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            target.writestr(info, data)
    return stream.getvalue()
