"""Rows of an assessment's tables as mappings, and the file names of the pages about them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import pandas as pd

from cdgis.results.assessment import Assessment
from cdgis.results.tables.validation import empty

Row = Mapping[str, Any]
_SAFE_NAME = re.compile(r"[A-Za-z0-9_\u4e00-\u9fff][A-Za-z0-9_.\-\u4e00-\u9fff]{0,79}")
_RESERVED_NAME = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def table(assessment: Assessment, name: str) -> pd.DataFrame:
    """Return a table of the assessment, empty when this command did not make it."""
    return assessment.tables[name] if name in assessment.tables else empty(name)


def records(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a table as mappings by column name, with Python's own numbers."""
    names = [str(name) for name in frame.columns]
    columns = [frame[name].tolist() for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def page_names(subject_ids: Sequence[str]) -> dict[str, str]:
    """Return subject id -> file name of its page: safe on every file system, never two alike.

    An id that is no safe file name, or that differs from another in case only, gets a piece of its hash.
    """
    folded = Counter(subject_id.casefold() for subject_id in subject_ids)
    names = {}
    for subject_id in subject_ids:
        safe = _SAFE_NAME.fullmatch(subject_id) and not _RESERVED_NAME.fullmatch(subject_id)
        stem = subject_id
        if not safe or subject_id.endswith(".") or folded[subject_id.casefold()] > 1:
            kept = re.sub(r"[^A-Za-z0-9\u4e00-\u9fff]+", "_", subject_id)[:40].strip("_")
            stem = f"{kept or 'subject'}-{sha256(subject_id.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"
        names[subject_id] = f"{stem}.html"
    return names
