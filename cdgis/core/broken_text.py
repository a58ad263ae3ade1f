"""Text that was read in a wrong encoding: marks that such reading leaves, and UTF-8 taken for GBK or Latin letters."""

import re

_MARKS = ("\ufffd", "锟斤拷", "烫烫烫")
_TAKEN_FOR = ("gb18030", "cp1252")
_PLAIN = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\x20-\x7e]+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LEAST_CHINESE = 2
_LEAST_SHARE = 0.6
"""Of the bytes: a wrong reading drops those it cannot take for letters."""


def is_broken(text: str) -> bool:
    """Return whether a text is evidently not what its author wrote.

    Chinese in GBK is hardly ever valid UTF-8, so that a text whose bytes are good Chinese in UTF-8 was read as GBK.
    """
    return any(mark in text for mark in _MARKS) or any(_was_utf8(text, codec) for codec in _TAKEN_FOR)


def _was_utf8(text: str, codec: str) -> bool:
    if text.isascii():
        return False
    try:
        raw = text.encode(codec)
    except UnicodeEncodeError:
        return False
    meant = raw.decode("utf-8", "ignore")
    chinese = len(_CHINESE.findall(meant))
    as_bytes = len("中".encode()) * chinese + sum(letter.isascii() for letter in meant)
    return chinese >= _LEAST_CHINESE and bool(_PLAIN.fullmatch(meant)) and as_bytes >= _LEAST_SHARE * len(raw)
