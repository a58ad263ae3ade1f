"""The record inside a Word report, and what the document says beside it.

The canonical JSON lies in a custom XML part, which Word and LibreOffice keep when the document is saved again, packed and
with its SHA-256. What people read is compared text by text with what the record renders to.
"""

import base64
import hashlib
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml.ns import qn

from cdgis.core.errors import ReportError
from cdgis.report.screening.official_form import CATEGORY

_NAMESPACE = "urn:cdgis:screening-record"
_RECORD = re.compile(rb'<record xmlns="urn:cdgis:screening-record" sha256="([0-9a-f]{64})">([A-Za-z0-9+/=\s]*)</record>')
_MOST_BYTES = 1 << 26
_FORM = re.compile(r"(?P<role>.*?)\s*签字：\s*日期：")
_SIGNED = r"\s*签字：[\w\s·.]{0,24}日期：[\d\s年月日./-]{0,24}"


def embed_record(document: "Document", record: bytes) -> None:  # type: ignore[valid-type]
    """Put the canonical JSON of a report into its Word document; the template holds items of its own."""
    packed = base64.b64encode(zlib.compress(record, 9)).decode()
    digest = hashlib.sha256(record).hexdigest()
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<record xmlns="{_NAMESPACE}" sha256="{digest}">{packed}</record>'
    package = document.part.package  # type: ignore[attr-defined]
    part = Part(PackURI("/customXml/item9.xml"), "application/xml", xml.encode(), package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.CUSTOM_XML)  # type: ignore[attr-defined]


def is_official(path: Path) -> bool:
    """Return whether a Word report calls itself one in the form of an official document; its text is compared either way."""
    try:
        with zipfile.ZipFile(path) as archive:
            return f"<cp:category>{CATEGORY}</cp:category>".encode() in archive.read("docProps/core.xml")
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, EOFError):
        return False


def embedded_record(path: Path) -> bytes | None:
    """Return the canonical JSON a Word report holds, None when it holds none.

    Raises
    ------
    ReportError : the file is no Word document, or the record inside is not what its SHA-256 says.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = [info for info in archive.infolist() if info.filename.startswith("customXml/item")]
            found = [match for info in parts if info.file_size <= _MOST_BYTES and (match := _RECORD.search(archive.read(info)))]
        if not found:
            return None
        record = zlib.decompressobj().decompress(base64.b64decode(found[0][2]), _MOST_BYTES)
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as err:
        raise ReportError(f"{path.name} 不是可读的 Word 文件，或内嵌记录已损坏") from err
    if len(found) > 1 or hashlib.sha256(record).hexdigest() != found[0][1].decode():
        raise ReportError(f"{path.name} 的内嵌记录与其校验值不符：写出后被改过")
    return record


def word_texts(data: bytes) -> list[str]:
    """Return the texts of a Word document in reading order: paragraphs, cells, headers and footers, blanks evened out."""
    document = Document(io.BytesIO(data))
    roots = [document.element.body]
    for section in document.sections:
        roots += [section.header._element, section.footer._element]
    return [text for root in roots for text in _paragraphs(root)]


def _paragraphs(root: object) -> Iterator[str]:
    for paragraph in root.iter(qn("w:p")):  # type: ignore[attr-defined]
        parts, fields = [], 0
        for node in paragraph.iter(qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:delText"), qn("w:fldChar")):
            if node.tag == qn("w:fldChar"):
                fields += {"begin": 1, "end": -1}.get(node.get(qn("w:fldCharType")), 0)
                continue
            text = node.text or "" if node.tag in (qn("w:t"), qn("w:delText")) else " "
            in_field = fields > 0 or next(node.iterancestors(qn("w:fldSimple")), None) is not None
            # a page number that Word has counted; any other text of a field is text
            parts.append("" if in_field and text.strip().isdigit() else text)
        yield " ".join("".join(parts).split())


def pictures(data: bytes) -> Counter[str]:
    """Return the SHA-256 of every picture in a Word document, with how often it occurs."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if name.startswith("word/media/")]
        return Counter(hashlib.sha256(archive.read(name)).hexdigest() for name in names)


def text_differences(given: list[str], made: list[str]) -> list[str]:
    """Return where the texts differ; a signature block filled in with names and dates is what it is for."""
    old, new = [text for text in given if text], [text for text in made if text]
    for place, (text, form) in enumerate(zip_longest(old, new), start=1):
        if text is None:
            return [f"文件缺少“{form[:40]}”起的 {len(new) - place + 1} 段"]
        if form is None:
            return [f"文件多出“{text[:40]}”起的 {len(old) - place + 1} 段"]
        if text != form and not _is_signed(text, form):
            return [f"第 {place} 段文件写“{text[:60]}”，记录应为“{form[:60]}”"]
    return []


def _is_signed(text: str, form: str) -> bool:
    found = _FORM.fullmatch(form)
    return found is not None and re.fullmatch(re.escape(found["role"]) + _SIGNED, text) is not None
