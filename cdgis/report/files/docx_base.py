"""The house style of Word documents: fonts and core properties."""

from collections.abc import Iterable
from typing import Any

from docx.document import Document as DocumentType
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from cdgis.core.safe_text import legal_text

_FONT, _LATIN = "宋体", "Times New Roman"
_INK = RGBColor(0x14, 0x18, 0x1F)


def core_property(text: str) -> str:
    """Return `text` as a core property can hold it."""
    return legal_text(text)[:255]


def house_styles(document: DocumentType, sizes: Iterable[tuple[str, float]], *, embolden: bool = True) -> None:
    """Give styles the house fonts for Chinese and Latin text.

    Parameters
    ----------
    sizes : name of each style and its size in points.
    embolden : whether all but Normal are set in bold; else each keeps the weight it has.
    """
    for name, size in sizes:
        style: Any = document.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = _LATIN, Pt(size), _INK
        if embolden:
            style.font.bold = name != "Normal"
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), _FONT)
