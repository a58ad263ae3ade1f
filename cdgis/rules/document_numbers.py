"""Form of an approval's number: issuer, year and serial (cdgis/data/document_numbers.toml). Anything else is no number."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import tomli as tomllib

_BRACKETS = str.maketrans({"[": "〔", "(": "〔", "【": "〔", "〖": "〔", "]": "〕", ")": "〕", "】": "〕", "〗": "〕"})
_PARTS = {"{issuer}": r"(?P<issuer>[㐀-鿿]+)", "{year}": r"(?P<year>\d{4})", "{serial}": r"(?P<serial>\d{1,6})"}


@lru_cache(maxsize=1 << 14)
def is_document_number(text: str) -> bool:
    """Return whether `text` has the form of a document number: ``冀自然资函〔2026〕2号`` has, ``申请中`` has not."""
    data = _forms()
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).translate(_BRACKETS)
    return any(_stands(match, data) for form in _patterns() if (match := form.fullmatch(plain)))


def _stands(match: re.Match[str], data: Mapping[str, Any]) -> bool:
    issuer, year, serial = match["issuer"], int(match["year"]), int(match["serial"])
    return (
        len(issuer) >= data["shortest_issuer"]
        and not any(word in issuer for word in data["refused_words"])
        and data["first_year"] <= year <= data["last_year"]
        and serial > 0
    )


@cache
def _forms() -> Mapping[str, Any]:
    return tomllib.loads(files("cdgis").joinpath("data/document_numbers.toml").read_text(encoding="utf-8"))


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    patterns = []
    for form in _forms()["forms"]:
        text = re.escape(form)
        for mark, pattern in _PARTS.items():
            text = text.replace(re.escape(mark), pattern)
        patterns.append(re.compile(text))
    return tuple(patterns)
