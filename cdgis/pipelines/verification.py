"""What a verification says: checks, each with its faults and their grade."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdgis.core.vocabulary import Grade
from cdgis.results.differences import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was compared."""

    title: str
    faults: tuple[str, ...] = ()
    """What differs, in Chinese; nothing means it agrees."""
    grade: Grade = Grade.CONTENT
    """How grave its faults are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Everything that was checked about one report."""

    report_number: str
    subject_id: str
    checks: tuple[Check, ...]
    unverified: tuple[str, ...] = ()
    """Files beside what was checked that nothing was compared with, and why, in Chinese."""

    @property
    def agrees(self) -> bool:
        """Whether no check found a difference."""
        return not any(check.faults for check in self.checks)

    @property
    def grade(self) -> Grade:
        """The gravest grade of the checks that found a difference."""
        found = {check.grade for check in self.checks if check.faults}
        return next((grade for grade in Grade if grade in found), Grade.SAME)


def graded(title: str, faults: Mapping[Grade, Sequence[str]]) -> list[Check]:
    """Return one check a grade that has faults, or one that agrees."""
    found = [Check(title=title, faults=listed(iter(faults[grade])), grade=grade) for grade in Grade if faults.get(grade)]
    return found or [Check(title=title)]
