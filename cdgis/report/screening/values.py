"""Values that recur in a report: facts, zones, clauses with their outcome, drawings.

Numbers are in the unit their name ends in; a number that does not exist is NaN (null in JSON), a missing text "".
"""

from dataclasses import dataclass
from typing import Literal

Conformity = Literal["符合", "不符合", "需核实"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One named value about the project, ready to print."""

    name: str
    title: str
    value: str
    """Empty when nobody declared it."""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneHit:
    """How the subject lies to one zone."""

    layer: str
    layer_title: str
    zone_id: str
    zone_name: str
    zone_class: str
    relation: str
    area_m2: float
    share: float
    length_m: float
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One officer's decision on one finding, as the journal holds it."""

    rule_id: str
    zone_id: str
    original: str
    """Effect and state of the finding that was decided on."""
    decision: str
    reason: str
    officer: str
    recorded_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalExtract:
    """What the override journal says about one report."""

    length: int
    """Lines in the whole journal."""
    head_sha256: str
    reviews: tuple[Review, ...] = ()
    """The latest decision on each finding of this report."""
    faults: tuple[str, ...] = ()
    """What shows that the journal was cut, altered or lost; said as long as the register remembers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One requirement with one outcome; the same text at several levels stands once, with all its bases."""

    rule_ids: tuple[str, ...]
    title: str
    levels: tuple[str, ...]
    effect: str
    state: str
    dimension: str
    layer: str
    layer_title: str
    zones: tuple[ZoneHit, ...]
    text: str
    """The clause, verbatim."""
    bases: tuple[str, ...]
    effective_from: str
    effective_to: str
    mark: str
    needs_review: bool
    validity_risk: str
    penalty: str
    note: str
    plan_measure: str
    missing: tuple[Fact, ...]
    situation: tuple[Fact, ...]
    """The project's facts that this clause looks at."""
    conformity: Conformity
    reason: str
    """Why that conformity."""
    reviews: tuple[Review, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryPoint:
    """One boundary point with its label as on the map."""

    label: str
    part: int
    """1-based parcel."""
    ring: int
    """圈号: 1 is the outer ring, 2 and up are holes."""
    lon_deg: float
    lat_deg: float
    north_m: float
    east_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One path of a drawing, in pixels."""

    layer: str
    """Layer id, or ``subject`` / ``clip`` / ``shift``."""
    zone_class: str
    label: str
    style: str
    """area (filled), ring (outline), line, unit, water, stream, border, subject, overlap, clip, shift."""
    path: str
    """SVG path data of M, L and Z with absolute coordinates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One labelled point in pixels."""

    x: float
    y: float
    label: str
    style: str
    """point (boundary point), place or subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A straight line with its length written beside it."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str
    style: str
    """critical or shift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing: north is up, one pixel is the same length both ways."""

    title: str
    width: int
    height: int
    outlines: tuple[Outline, ...]
    """In drawing order."""
    marks: tuple[Mark, ...]
    measures: tuple[Measure, ...]
    bar_px: float
    bar_label: str
    note: str
    frame: str = ""
    """West, south, east, north in degrees: where the drawing's corners lie."""
