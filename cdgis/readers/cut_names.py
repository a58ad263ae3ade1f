"""Field names that shapefiles cut to ten bytes, matched with the headers they were, and columns nobody understands."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from cdgis.readers.attribute_columns import column_aliases, plain
from cdgis.readers.headers import header_meanings, is_understood
from cdgis.readers.intake import Remark, noted
from cdgis.readers.shape_kind import heads

_MOST_BYTES, _LEAST_BYTES = 10, 8
"""Bytes of a name in a .dbf, and the least that is left of a cut one when half a character is dropped."""
_ENCODINGS = ("utf-8", "gb18030")
_MOST_LISTED = 12


def bytes_as_text(text: str, encoding: str) -> str:
    """Return text that was read byte by byte as it is meant; half a character at a cut end is left out."""
    raw = text.encode("latin-1")
    whole = raw.decode(encoding, errors="ignore") if len(raw) <= _MOST_BYTES else raw.decode(encoding, errors="replace")
    return whole.strip("\x00")


@cache
def _cut_headers() -> Mapping[str, Mapping[str, str]]:
    """Return {name as cut: {meaning: the first header that is cut so}}."""
    found: dict[str, dict[str, str]] = {}
    for header, meaning in header_meanings():
        for encoding in _ENCODINGS:
            raw = header.encode(encoding)
            if len(raw) > _MOST_BYTES:
                cut = plain(raw[:_MOST_BYTES].decode(encoding, errors="ignore"))
                found.setdefault(cut, {}).setdefault(meaning, header)
    return found


def full_names(fields: Sequence[str]) -> tuple[dict[str, str], tuple[Remark, ...]]:
    """Return {field: the header it was before it was cut} where only one meaning fits, and a remark for each."""
    found: dict[str, str] = {}
    remarks: list[Remark] = []
    for field in fields:
        long_enough = any(_LEAST_BYTES <= len(field.encode(encoding)) <= _MOST_BYTES for encoding in _ENCODINGS)
        meanings = _cut_headers().get(plain(field), {}) if long_enough and not is_understood(field) else {}
        if len(meanings) == 1:
            (found[field],) = meanings.values()
            remarks.append(noted(f"字段名“{field}”被截断，按“{found[field]}”读取", field=found[field]))
    return found, tuple(remarks)


@cache
def _left_alone() -> frozenset[str]:
    return frozenset(plain(name) for name in column_aliases("ignored")["fields"])


def not_understood(rows: Iterable[Mapping[str, str]]) -> tuple[Remark, ...]:
    """Return one remark that lists the filled columns of a file which mean nothing to cdgis, () when all do."""
    filled = dict.fromkeys(header.strip() for texts in rows for header, text in texts.items() if text)
    strange = [
        header
        for header in filled
        if not is_understood(header)
        and plain(header) not in _left_alone()
        and not any(heads(header, group) for group in ("column", "parcel", "ring"))
    ]
    if not strange:
        return ()
    more = f" 等 {len(strange)} 列" if len(strange) > _MOST_LISTED else ""
    listed = "、".join(strange[:_MOST_LISTED])
    return (noted(f"本文件没有认出、未采用的列：{listed}{more}", field="表头"),)
