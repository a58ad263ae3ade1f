"""Intake notes: what happened to each input row (accepted, repaired or quarantined; intake.csv)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any, overload

import numpy as np
import pandas as pd

from cdgis.core.safe_text import visible
from cdgis.core.vocabulary import IntakeNote, IntakeStatus

_ORDER = (IntakeStatus.ACCEPTED, IntakeStatus.REPAIRED, IntakeStatus.QUARANTINED)
_JOIN = "；"
_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing found in an input row, and how far it changes the row's fate."""

    status: IntakeStatus
    reason: str
    field: str = ""
    value: str = ""
    remedy: str = ""


def noted(reason: str, *, field: str = "", value: str = "", remedy: str = "") -> Remark:
    """Return a remark that leaves the row accepted."""
    return Remark(status=IntakeStatus.ACCEPTED, reason=reason, field=field, value=value, remedy=remedy)


def repaired(reason: str, *, field: str = "", value: str = "", remedy: str = "") -> Remark:
    """Return a remark that something was mended."""
    return Remark(status=IntakeStatus.REPAIRED, reason=reason, field=field, value=value, remedy=remedy)


def rejected(reason: str, *, field: str = "", value: str = "", remedy: str = "") -> Remark:
    """Return a remark that sends the row to quarantine."""
    return Remark(status=IntakeStatus.QUARANTINED, reason=reason, field=field, value=value, remedy=remedy)


def worst(remarks: Iterable[Remark]) -> IntakeStatus:
    """Return the status of a row with these remarks: the strictest one, accepted when there are none."""
    return max((remark.status for remark in remarks), key=_ORDER.index, default=IntakeStatus.ACCEPTED)


def is_quarantined(remarks: Iterable[Remark]) -> bool:
    """Return whether any of the remarks sends its row to quarantine."""
    return worst(remarks) is IntakeStatus.QUARANTINED


def intake_note(file: str, row: str, remarks: tuple[Remark, ...]) -> IntakeNote:
    """Return the row's one line in intake.csv: its final status and all its remarks joined by ``；``."""
    if not remarks:
        return IntakeNote(file=visible(file), row=visible(row), status=IntakeStatus.ACCEPTED)

    def joined(field: str) -> str:
        """Return what the remarks say under `field`, each text once."""
        texts = (getattr(remark, field) for remark in remarks)
        return _JOIN.join(dict.fromkeys(text for text in texts if text))

    return IntakeNote(
        file=visible(file),
        row=visible(row),
        status=worst(remarks),
        field=visible(joined("field")),
        value=shortened(joined("value")),
        reason=visible(joined("reason")),
        remedy=visible(joined("remedy")),
    )


def numbered(note: IntakeNote, row: str) -> IntakeNote:
    """Return the line of a row of which the same is said."""
    return IntakeNote(
        file=note.file, row=row, status=note.status, field=note.field, value=note.value, reason=note.reason,
        remedy=note.remedy,
    )  # fmt: skip


class NoteLines(Sequence[IntakeNote]):
    """Intake lines in order, those of rows of which the same is said kept as one line and the rows' names."""

    def __init__(self, runs: Iterable[tuple[IntakeNote, Sequence[str]]] = ()) -> None:
        self._runs = list(runs)

    @classmethod
    def of(cls, notes: Sequence[IntakeNote]) -> "NoteLines":
        """Return lines as such."""
        return notes if isinstance(notes, cls) else cls((note, (note.row,)) for note in notes)

    def append(self, note: IntakeNote) -> None:
        """Add a line."""
        self.extend((note,))

    def extend(self, notes: Iterable[IntakeNote]) -> None:
        """Add lines."""
        self._runs += [(note, (note.row,)) for note in notes]

    def add_alike(self, note: IntakeNote, rows: Sequence[str]) -> None:
        """Add a line like `note` for each of `rows`, numbers that need not be made visible."""
        self._runs.append((note, rows))

    def with_words(self) -> "NoteLines":
        """Return the lines that say something."""
        return NoteLines(run for run in self._runs if run[0].reason)

    def columns(self) -> dict[str, Any]:
        """Return the cells of each column of table intake, all but the rows' names as texts by their numbers."""
        said = np.repeat(np.arange(len(self._runs)), [len(rows) for _, rows in self._runs])
        cells: dict[str, Any] = {}
        for name in (f.name for f in fields(IntakeNote)):
            codes, texts = pd.factorize(np.array([str(getattr(note, name)) for note, _ in self._runs], dtype=object))
            cells[name] = pd.Categorical.from_codes(codes[said], pd.Index(texts, dtype=object))
        return cells | {"row": np.array([*chain.from_iterable(rows for _, rows in self._runs)], dtype=object)}

    def __len__(self) -> int:
        """Return the number of lines."""
        return sum(len(rows) for _, rows in self._runs)

    def __iter__(self) -> Iterator[IntakeNote]:
        """Yield the lines."""
        return (note if row == note.row else numbered(note, row) for note, rows in self._runs for row in rows)

    @overload
    def __getitem__(self, at: int) -> IntakeNote: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[IntakeNote]: ...
    def __getitem__(self, at: int | slice) -> IntakeNote | Sequence[IntakeNote]:
        """Return the line or lines at these places."""
        return tuple(self)[at]

    def __eq__(self, other: object) -> bool:
        """Return whether the lines are those of another sequence."""
        return isinstance(other, NoteLines | tuple) and tuple(self) == tuple(other)


def shortened(text: str) -> str:
    """Return `text` on one line, cut to a length that fits a table cell, nothing in it invisible."""
    line = " ".join(visible(text).split())
    return line if len(line) <= _LONGEST_VALUE else line[: _LONGEST_VALUE - 1] + "…"
