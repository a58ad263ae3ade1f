"""Ids of subjects: unique, and fit to be a file name on every system."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from cdgis.readers.intake import Remark, repaired

_SAFE_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
_DEVICE = re.compile(r"^(con|prn|aux|nul|(com|lpt)\d)(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows the first dot."""
_UNSAFE_RUN = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_SLUG = 48


def safe_id(text: str) -> str:
    """Return `text` as an id fit for file names; what had to be replaced is told apart by a short hash."""
    fits = _SAFE_ID.fullmatch(text)
    word = text if fits else unicodedata.normalize("NFKC", text).strip()
    if (fits or _SAFE_ID.match(word)) and not _DEVICE.match(word):
        return word
    kept = _UNSAFE_RUN.sub("-", word).strip("-._")[:_LONGEST_SLUG].rstrip("-._")
    digest = hashlib.sha256(word.encode("utf-8", errors="surrogatepass")).hexdigest()[:6]
    return f"{kept.replace('.', '-')}-{digest}" if _DEVICE.match(kept) else f"{kept}-{digest}" if kept else f"S{digest}"


class IdRegister:
    """Hands out unique ids; file systems that ignore letter case must not make two of them one.

    One that does not rename hands out what was asked for, twice if need be: whoever knows all rows refuses them.
    """

    def __init__(self, *, renames: bool = True) -> None:
        self._taken: set[str] = set()
        self._renames = renames

    def claim(self, wanted: str) -> tuple[str, list[Remark]]:
        """Return a safe unique id for `wanted`, with a remark when it had to differ."""
        safe = safe_id(wanted)
        remarks = (
            [repaired(f"编号含不宜作文件名的字符，改为 {safe}", field="编号", value=wanted)] if safe != wanted else []
        )
        unique, number = safe, 2
        while self._renames and unique.casefold() in self._taken:
            unique, number = f"{safe}-{number}", number + 1
        if unique != safe:
            remarks.append(
                repaired(f"编号重复，改为 {unique}", field="编号", value=wanted, remedy="请给每个对象唯一编号")
            )
        self._taken.add(unique.casefold())
        return unique, remarks

    def claim_numbered(self, prefix: str, rows: Sequence[str]) -> list[str]:
        """Return the ids of rows without one: `prefix` and the row's number, as `claim` hands them out."""
        longest = prefix + max(rows, key=len, default="")
        # whether such an id is safe lies with its prefix and its length alone
        if not self._renames and safe_id(longest) == longest and all(map(str.isdecimal, rows)):
            return [prefix + row for row in rows]
        return [self.claim(prefix + row)[0] for row in rows]

    def next_number(self, prefix: str) -> str:
        """Return the next free running id such as E0001."""
        number = 1 + sum(1 for taken in self._taken if taken.startswith(prefix.casefold()))
        while f"{prefix}{number:04d}".casefold() in self._taken:
            number += 1
        self._taken.add(f"{prefix}{number:04d}".casefold())
        return f"{prefix}{number:04d}"
