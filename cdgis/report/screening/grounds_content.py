"""Content of parts 8 to 11: remedies, data, bases, declaration."""

from dataclasses import dataclass
from enum import StrEnum

from cdgis.report.screening.values import Fact, JournalExtract


class LayerUse(StrEnum):
    """How the site lies to a layer the answer rests on."""

    OCCUPIED = "压占"
    NEAR = "邻近"
    CLEAR = "未压占"
    UNCOVERED = "未覆盖"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One way to make it pass, judged by the same rules."""

    kind: str
    """裁剪 or 平移."""
    target: str
    feasible: bool
    distance_m: float
    bearing_deg: float
    area_m2: float
    share: float
    verdict: str
    at_least: str
    sentence: str
    wkt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another site of the same run, for comparison."""

    subject_id: str
    name: str
    county: str
    area_m2: float
    verdict: str
    caveats: tuple[str, ...]
    stability: str
    critical_distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativePart:
    """Part 8: remedies and other sites."""

    analysed: bool
    """Whether remedies were looked for at all."""
    remedies: tuple[Remedy, ...]
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """One data layer with its version and, for plans, who approved it."""

    layer: str
    title: str
    version: str
    official: bool
    source: str
    licence: str
    accuracy_m: float
    sha256: str
    plan_document: str
    approved_by: str
    filed_on: str
    published_on: str
    used: LayerUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One missing piece of information that would matter."""

    attribute: str
    title: str
    option: str
    rule_ids: tuple[str, ...]
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPart:
    """Part 9: what the answer rests on and what it lacks."""

    layers: tuple[LayerRow, ...]
    gaps: tuple[str, ...]
    questions: tuple[Question, ...]
    switched_off: tuple[Fact, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisRow:
    """One document with the articles used, and the rules that rest on them."""

    document: str
    articles: tuple[str, ...]
    """Empty when rules cite the document as a whole."""
    issuer: str
    mark: str
    levels: tuple[str, ...]
    effective_from: str
    effective_to: str
    rule_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisPair:
    """The same requirement before and after a change of law."""

    title: str
    before_id: str
    before_effect: str
    before_basis: str
    before_period: str
    after_id: str
    after_effect: str
    after_basis: str
    after_period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Straddle:
    """A change of law between the declared approval date and the day of judgement."""

    changed_on: str
    title: str
    note: str
    declared_date: str
    pairs: tuple[BasisPair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisPart:
    """Part 10: each basis once."""

    rows: tuple[BasisRow, ...]
    straddles: tuple[Straddle, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Part 11: what this paper is not, how long it holds, who signs."""

    text: str
    stamp: str
    valid_from: str
    valid_until: str
    map_mark: str
    signatures: tuple[str, ...]
    journal: JournalExtract | None
