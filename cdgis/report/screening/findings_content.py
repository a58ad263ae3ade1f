"""Content of parts 1 to 7: what was judged, the answer, and where and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cdgis.report.screening.values import BoundaryPoint, Clause, Fact, ZoneHit


class HardLineStatus(StrEnum):
    """How the site lies to one hard line."""

    HIT = "涉及"
    CRITICAL = "临界"
    CLEAR = "不涉及"
    UNCOVERED = "未覆盖"
    ABSENT = "缺图层"
    WITHHELD = "未公开"



@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One area by one method."""

    method: str
    title: str
    area_m2: float
    area_ha: float
    area_mu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Basics:
    """Part 1: what was judged."""

    subject_id: str
    name: str
    kind: str
    geometry: str
    """面, 线 or 点."""
    industry: str
    industry_name: str
    project_type: str
    activities: tuple[Fact, ...]
    county: str
    basin: str
    units: tuple[str, ...]
    areas: tuple[Area, ...]
    """The default method first; empty for points and lines."""
    length_m: float
    lon_deg: float
    lat_deg: float
    crs: str
    accuracy_m: float
    source_file: str
    source_row: str
    notes: str
    repairs: tuple[Fact, ...]
    """What reading changed: title is the finding, value the remedy."""
    declared: tuple[Fact, ...]
    plane_title: str
    """CRS of north_m and east_m."""
    point_count: int
    points: tuple[BoundaryPoint, ...]
    """As handed in, in that order; never those that densification made."""
    points_note: str = ""
    """What must be said of the points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """Part 2: the answer and what it rests on."""

    heading: str
    verdict: str
    label: str
    at_least: str
    caveats: tuple[str, ...]
    """What must stand beside the verdict: clauses nobody has read, a document number nobody has checked."""
    sentence: str
    stability: str
    critical_distance_m: float
    critical_layer: str
    critical_layer_title: str
    tolerance_m: float
    decisive: tuple[Clause, ...]
    open: tuple[Clause, ...]
    """Undecided clauses that could make the verdict stricter."""
    in_force_count: int
    """Rules in force on the day, all of which were looked at."""
    rule_count: int
    """Those that concern the subject: they apply, are open, are for people, or were set aside in a zone it hits."""
    not_applicable_count: int
    applies_count: int
    hint_count: int
    unknown_count: int
    manual_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupationRow:
    """One line of the occupation table."""

    zone: ZoneHit
    theme: str
    control: str
    """Strictest effect that applies there; empty when no clause of the layer is triggered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """inside + outside + uncovered = total, in `unit` (m2, m or count)."""

    layer: str
    layer_title: str
    unit: str
    inside: float
    outside: float
    uncovered: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupation:
    """Part 3: every zone hit, and the ledger of every layer."""

    rows: tuple[OccupationRow, ...]
    ledger: tuple[LedgerRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTable:
    """One management unit with every clause of its list."""

    zone: ZoneHit
    clauses: tuple[Clause, ...]
    silent_dimensions: tuple[str, ...]
    """Dimensions for which the list holds no clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPart:
    """Part 4: the lists of the units, and what national, provincial and city level demand."""

    units: tuple[UnitTable, ...]
    upper: tuple[Clause, ...]
    set_aside: tuple[Clause, ...]
    """Clauses of zones hit that do not apply to this project, with the reason."""
    caps: tuple[Mapping[str, Any], ...]
    """Rows of table `cumulative` that concern this subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardLine:
    """One hard constraint: hit, or the negative proof."""

    key: str
    title: str
    status: HardLineStatus
    sentence: str
    wording_note: str
    """Says so where the official wording was not seen."""
    zones: tuple[ZoneHit, ...]
    inside: float
    unit: str
    nearest_zone: str
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRow:
    """One layer's nearest zone."""

    layer: str
    layer_title: str
    zone_id: str
    zone_name: str
    zone_class: str
    distance_m: float
    proof: bool
    """True when the layer is clear: the row is negative proof."""
    rule_ids: tuple[str, ...]
    """Rules with a buffer that name this zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndustryPart:
    """Part 7: industry, two-high, equipment, freight and rail."""

    facts: tuple[Fact, ...]
    railway: str
    railway_distance_m: float
    clauses: tuple[Clause, ...]
