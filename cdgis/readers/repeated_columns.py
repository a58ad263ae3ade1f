"""Two columns of one table that mean the same: they must agree in every row, for nobody said which of them counts."""

from collections.abc import Sequence
from contextlib import suppress

from cdgis.core.errors import ReaderError
from cdgis.readers.attribute_columns import is_missing, plain
from cdgis.readers.coordinates import parse_angle
from cdgis.readers.headers import Columns
from cdgis.readers.intake import Remark, rejected

_SAME_DEG = 1e-5
"""Degrees that differ by less are one place, written once in decimals and once in seconds."""
REMEDY = "只留一列；一行并排放了几个对象的，请改为一行一个"


def settled(cells: Sequence[str], columns: Columns) -> tuple[Sequence[str], tuple[Remark, ...]]:
    """Return a row with its repeated columns made one, and a quarantine where they say different things.

    A blank cell takes what its namesake holds. Under another name of the same coordinate it does not: the name may tell
    another datum, so that row is asked about as well.
    """
    if not columns.repeated:
        return cells, ()
    row = [*cells, *[""] * (len(columns.labels) - len(cells))]
    remarks: list[Remark] = []
    for later, first in columns.repeated:
        one, other = ("" if is_missing(row[index]) else row[index] for index in (first, later))
        alike = plain(columns.labels[later]) == plain(columns.labels[first])
        if alike and not (one and other):
            row[first] = row[later] = one or other
        elif other and not _agree(one, other):
            names = list(dict.fromkeys(columns.labels[index] for index in (first, later)))
            said = f"有两列都叫“{names[0]}”" if alike else f"“{names[0]}”和“{names[-1]}”两列说的是同一项"
            value = f"{one or '（空）'} / {other}"
            remarks.append(rejected(f"{said}，内容不同，不知用哪一列", field="、".join(names), value=value, remedy=REMEDY))
    return row, tuple(remarks)


def _agree(one: str, other: str) -> bool:
    if one.strip() == other.strip():
        return True
    with suppress(ReaderError):
        return abs(parse_angle(one).degrees - parse_angle(other).degrees) < _SAME_DEG
    return False
