"""Texts from files made safe for tables and pages: no character that acts instead of being read.

Control characters steer terminals and spreadsheets, bidirectional controls make a name read otherwise than it is,
half a surrogate pair is no character at all. They are taken out of names and values, and shown as ``\\u202E`` where
a report has to quote them.
"""

import codecs
import re

_ACTING = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"  # C0 and C1 controls; tab and line ends are white space
    "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # bidirectional controls, zero-width characters, BOM
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"  # annotations, non-characters, surrogates, tags
)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_EXCEL_TEXT_LIMIT = 32_767


def cleaned(text: str) -> str:
    """Return `text` without characters that act instead of being read."""
    return _ACTING.sub("", text)


def is_clean(text: str) -> bool:
    """Return whether `cleaned` would leave `text` as it is."""
    return _ACTING.search(text) is None


def visible(text: str) -> str:
    """Return `text` with every character that would act instead of being read written out, as in ``\\u202E``."""
    return _ACTING.sub(lambda match: f"\\u{ord(match.group()):04X}", text)


def legal_text(value: str) -> str:
    """Return `value` with characters that XML cannot hold replaced, cut to what one Excel cell can hold."""
    return _ILLEGAL.sub("\ufffd", value)[:_EXCEL_TEXT_LIMIT]


def text_encoding(word: str) -> str:
    """Return Python's name of a text encoding called `word` somewhere, "" when there is none of that name."""
    try:
        name = codecs.lookup(word).name if word else ""
        b"0".decode(name or "ascii")  # hex and zlib are codecs, but not of texts
    except (LookupError, ValueError):  # a zero byte in the word, or nothing it could decode
        return ""
    return name
