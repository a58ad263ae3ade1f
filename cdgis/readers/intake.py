"""Intake notes: what happened to each input row (accepted, repaired or quarantined; intake.csv)."""

from collections.abc import Iterable
from dataclasses import dataclass

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
    shown = row if row.isascii() and row.isalnum() else visible(row)
    return IntakeNote(
        file=note.file, row=shown, status=note.status, field=note.field, value=note.value, reason=note.reason,
        remedy=note.remedy,
    )  # fmt: skip


def shortened(text: str) -> str:
    """Return `text` on one line, cut to a length that fits a table cell, nothing in it invisible."""
    line = " ".join(visible(text).split())
    return line if len(line) <= _LONGEST_VALUE else line[: _LONGEST_VALUE - 1] + "…"
