"""Public ids in place of those made from a file's name: the name of a file is a note among colleagues."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

import pandas as pd

from cdgis.results.assessment import Assessment
from cdgis.workspace.layers import Subjects

_PREFIX = "GK"
"""公开: what a public id begins with."""
_SHORT_NAME, _CUT_NAME = 4, 10
"""A file's name of fewer letters may stand in an id by chance; ids hold at least this much of a long one."""


def without_file_names(assessment: Assessment) -> Assessment:
    """Return the assessment with GK001, GK002, … for the subjects whose id or name holds the name of their file.

    The order is that of the subjects; an id that somebody else has is passed over. Every table, shape, attribute and
    report number follows.
    """
    frame = assessment.subjects.frame
    named = _ids_from_files(frame)
    if not named:
        return assessment
    ids = _fresh_ids(named, set(frame["subject_id"].astype(str)))
    subjects = Subjects(
        frame=_renamed(frame, ids), attributes=_renamed(assessment.subjects.attributes, ids),
        intake=assessment.subjects.intake, records=assessment.subjects.records,
    )  # fmt: skip
    numbers = {ids.get(key, key): number for key, number in assessment.report_numbers.items()}
    tables = {name: _renamed(table, ids) for name, table in assessment.tables.items()}
    return replace(assessment, subjects=subjects, tables=tables, report_numbers=numbers)


def _ids_from_files(frame: pd.DataFrame) -> list[str]:
    """Return the ids that hold the name of the file their subject comes from, or of the archive around it."""
    pairs = zip(frame["subject_id"].astype(str), frame["source_file"].astype(str), strict=True)
    return [key for key, source in pairs if any(_holds(key, stem) for stem in _stems(source))]


def _stems(source: str) -> list[str]:
    return [PurePosixPath(part).name.split(".")[0] for part in source.replace("\\", "/").split("!")]


def _holds(key: str, stem: str) -> bool:
    """Whether an id holds a file's name, or the beginning of one that was cut; a short name must stand by itself."""
    words, plain = re.findall(r"\w+", _folded(key)), _plain(stem)
    if len(plain) < _SHORT_NAME:
        return bool(plain) and plain in words
    return plain[:_CUT_NAME] in _plain(key)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("_", " ")


def _plain(text: str) -> str:
    """Return the letters and digits of a text, small, as ids and file names share them."""
    return "".join(re.findall(r"\w+", _folded(text)))


def _fresh_ids(old: list[str], taken: set[str]) -> dict[str, str]:
    numbers = (f"{_PREFIX}{number:03d}" for number in range(1, len(old) + len(taken) + 1))
    free = (key for key in numbers if key not in taken)
    return dict(zip(old, free, strict=False))


def _renamed(frame: pd.DataFrame, ids: Mapping[str, str]) -> pd.DataFrame:
    """Return a table with the new ids, also where an old one was the subject's name."""
    columns = {}
    for name in ("subject_id", "enterprise_id"):
        if name in frame.columns:
            columns[name] = frame[name].map(lambda key: ids.get(str(key), key))
    if "name" in frame.columns and columns:
        columns["name"] = frame["name"].map(lambda key: ids.get(str(key), key))
    return frame.assign(**columns)
