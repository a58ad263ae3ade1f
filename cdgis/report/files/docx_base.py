"""The house style of Word documents: fonts, core properties, and bytes that do not depend on the clock."""

import io
import zipfile
from typing import Any

from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from cdgis.core.safe_text import legal_text

_FONT, _LATIN = "宋体", "Times New Roman"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def core_property(text: str) -> str:
    """Return `text` as a core property can hold it."""
    return legal_text(text)[:255]


def set_font(style: Any, size: float, *, bold: bool) -> None:
    """Give a style the house fonts for Chinese and Latin text, in points."""
    style.font.name, style.font.size, style.font.bold = _LATIN, Pt(size), bold
    style.font.color.rgb = RGBColor(0x14, 0x18, 0x1F)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), _FONT)


def fixed_times(content: bytes) -> bytes:
    """Return the same archive with every member dated 1980, so that the clock leaves no trace."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            target.writestr(info, source.read(name))
    return stream.getvalue()
