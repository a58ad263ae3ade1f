"""The encoding of a text or shapefile, declared or detected.

Chinese producers write GBK/GB18030 or UTF-8, with or without BOM, and often without saying which. UTF-8 is
self-checking, GBK is not: most UTF-8 bytes are also valid GBK. So the choice is the decoding with fewer faults,
UTF-8 first; a field cut in the middle of a character costs one fault, not the verdict.
"""

import codecs
from pathlib import Path

from cdgis.core.errors import ReaderError
from cdgis.core.safe_text import text_encoding

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CANDIDATES = ("utf-8", "gb18030")
_WORST_FAULT_SHARE = 0.2
"""More undecodable than decodable characters per fault than this means: neither encoding."""
_DBF_HEADER_BYTES, _DBF_NAME_BYTES = 32, 11
"""A .dbf's header, and each of the field descriptors after it; the name in a descriptor."""


def decode_text(data: bytes, *, source: str) -> str:
    """Return `data` as text, line ends normalised to ``\\n``.

    Raises
    ------
    ReaderError : neither UTF-8, UTF-16 with BOM nor GB18030; or a binary file.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decoded(data, encoding, source)
    if b"\x00" in data:
        raise ReaderError("不是文本文件（含零字节）", source=source, remedy="请确认文件格式与扩展名一致")
    for encoding in _CANDIDATES:
        try:
            return _lines(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise ReaderError("既不是 UTF-8 也不是 GB18030 编码", source=source, remedy="请另存为 UTF-8 后重试")


def _decoded(data: bytes, encoding: str, source: str) -> str:
    try:
        return _lines(data.decode(encoding))
    except UnicodeDecodeError as err:
        raise ReaderError(
            f"带有 BOM，但内容不是 {encoding} 编码", source=source, remedy="请另存为 UTF-8 后重试"
        ) from err


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def shapefile_encoding(shp: Path) -> str:
    """Return the encoding of a shapefile's attribute table, read from its bytes.

    A ``.cpg`` that fits the bytes is believed; a wrong or absent one is not.
    """
    dbf = sibling(shp, ".dbf")
    pieces = _pieces(dbf.read_bytes()) if dbf else ()
    declared = _declared_encoding(shp)
    if declared and _fault_share(pieces, declared) <= _WORST_FAULT_SHARE:
        return declared
    return min(_CANDIDATES, key=lambda encoding: _fault_share(pieces, encoding))


def _pieces(data: bytes) -> tuple[bytes, ...]:
    """Return the field names of a .dbf and all its rows as one: a name may end in the middle of a character."""
    start = int.from_bytes(data[8:10], "little")
    head = data[_DBF_HEADER_BYTES:start]
    names = (head[at : at + _DBF_NAME_BYTES].partition(b"\0")[0] for at in range(0, len(head) - _DBF_HEADER_BYTES + 1, _DBF_HEADER_BYTES))
    return (*names, data[max(start, _DBF_HEADER_BYTES) :])


def _declared_encoding(shp: Path) -> str:
    cpg = sibling(shp, ".cpg")
    if cpg is None:
        return ""
    word = cpg.read_bytes()[:40].decode("ascii", errors="ignore").strip().lower()
    word = {"936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "65001": "utf-8"}.get(word, word)
    return text_encoding(word)


def _fault_share(pieces: tuple[bytes, ...], encoding: str) -> float:
    """Return faults per character beyond ASCII; half a character at the end of a piece was cut off and is none."""
    try:
        text = "".join(codecs.getincrementaldecoder(encoding)("replace").decode(piece) for piece in pieces)
    except UnicodeError:  # idna and its like replace nothing
        return 1.0
    faults = text.count("\ufffd")
    foreign = sum(1 for char in text if char > "\x7f")
    return faults / foreign if foreign else 0.0


def sibling(path: Path, suffix: str) -> Path | None:
    """Return the file beside `path` with the same stem and `suffix` in any letter case, or None."""
    for name in (path.stem + suffix, path.stem + suffix.upper()):
        candidate = path.with_name(name)
        if candidate.is_file():
            return candidate
    return None
