"""Plain values of a screening report, one field a part, in the order of the printed report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdgis.report.screening.findings_content import (
    Area,
    Basics,
    Conclusion,
    HardLine,
    HardLineStatus,
    IndustryPart,
    LedgerRow,
    NearRow,
    Occupation,
    OccupationRow,
    UnitPart,
    UnitTable,
)
from cdgis.report.screening.grounds_content import (
    AlternativePart,
    BasisPair,
    BasisPart,
    BasisRow,
    DataPart,
    Declaration,
    LayerRow,
    LayerUse,
    Peer,
    Question,
    Remedy,
    Straddle,
)
from cdgis.report.screening.values import (
    BoundaryPoint,
    Clause,
    Conformity,
    Fact,
    Figure,
    JournalExtract,
    Mark,
    Measure,
    Outline,
    Review,
    ZoneHit,
)

__all__ = [
    "AlternativePart",
    "Area",
    "Basics",
    "BasisPair",
    "BasisPart",
    "BasisRow",
    "BoundaryPoint",
    "Clause",
    "Conclusion",
    "Conformity",
    "DataPart",
    "Declaration",
    "Fact",
    "Figure",
    "HardLine",
    "HardLineStatus",
    "IndustryPart",
    "JournalExtract",
    "LayerRow",
    "LayerUse",
    "LedgerRow",
    "Mark",
    "Measure",
    "NearRow",
    "Occupation",
    "OccupationRow",
    "Outline",
    "Peer",
    "Question",
    "Remedy",
    "Review",
    "ScreeningReport",
    "Straddle",
    "UnitPart",
    "UnitTable",
    "ZoneHit",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningReport:
    """The complete report on one subject."""

    schema: str
    title: str
    report_number: str
    run_number: str
    subject_id: str
    as_of: str
    version: str
    stamp: str
    figures: tuple[Figure, ...]
    basics: Basics
    conclusion: Conclusion
    occupation: Occupation
    unit_part: UnitPart
    hard_lines: tuple[HardLine, ...]
    nearby: tuple[NearRow, ...]
    industry: IndustryPart
    alternatives: AlternativePart
    data: DataPart
    bases: BasisPart
    declaration: Declaration
    request: Mapping[str, Any]
    """What was asked for (`cdgis.results.request`), so that it can be asked again."""
    settings: Mapping[str, Any]
    inputs: tuple[Mapping[str, Any], ...]
    """Every input with its SHA-256, in the order the report number was made from."""
    record: Mapping[str, Sequence[Mapping[str, Any]]]
    """This subject's rows of every table, unrounded: what the report number is the hash of."""
    audience: str = "internal"
    """internal, or public: what the public may not see is missing and is not to be called absent."""
