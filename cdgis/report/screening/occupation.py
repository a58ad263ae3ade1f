"""Where the subject lies and where it evidently does not (parts 3, 5 and 6: occupation, hard lines, nearby)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from cdgis.core.number_format import metres, percent
from cdgis.core.vocabulary import Effect, Relation, State
from cdgis.judging.exemptions import unbelieved
from cdgis.judging.kleene import TRUE
from cdgis.report.screening.clauses import Subject
from cdgis.report.screening.content import (
    HardLine,
    HardLineStatus,
    LedgerRow,
    NearRow,
    Occupation,
    OccupationRow,
    ZoneHit,
)
from cdgis.report.screening.phrases import activity_title, extent, named, split, wording
from cdgis.rules import Rule
from cdgis.rules.attributes import SEEN
from cdgis.rules.document_numbers import is_document_number
from cdgis.workspace.catalog import LayerSpec

Row = Mapping[str, Any]
ZoneNames = Mapping[str, Mapping[str, tuple[str, str]]]
"""Layer -> zone id -> (name, class)."""

WITHHELD = "未公开图层"
"""Title of a layer the reader may not see."""
UNCOVERED_M2 = 1.0
"""DESIGN 4.5: up to this much outside a layer's coverage is not a gap."""
_HIT = (Relation.INSIDE, Relation.CROSSES)
_REDLINE = "redline"
_LIMITED = tuple(f"A{number:02d}" for number in range(1, 11))
_MAJOR = "国家重大项目"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """One subject's rows about place, with what is needed to name things."""

    zones: Mapping[tuple[str, str], ZoneHit]
    """(layer, zone id) -> how the subject lies to it; hits, slivers and near ones."""
    rows: Callable[[str], Sequence[Row]]
    """Name of a table -> its rows about the subject."""
    catalog: Mapping[str, LayerSpec]
    loaded: frozenset[str]
    names: ZoneNames
    withheld: frozenset[str] = frozenset()
    """Layers the reader may not see: judged, but not told."""

    @cached_property
    def clear(self) -> Sequence[Row]:
        """Its rows of table `clear`."""
        return self.rows("clear")

    @cached_property
    def ledger(self) -> Mapping[str, Row]:
        """Layer -> its row of table `ledger`."""
        return {str(row["layer"]): row for row in self.rows("ledger")}

    def title(self, layer: str) -> str:
        """Return a layer's Chinese title."""
        return WITHHELD if layer in self.withheld else self.catalog[layer].title if layer in self.catalog else layer

    def statement(self, layer: str) -> str:
        """Return who states on what basis that there is no zone of this layer, "" where there is a file."""
        return "" if layer in self.withheld or layer not in self.catalog else self.catalog[layer].statement

    def zone_name(self, layer: str, zone_id: str) -> str:
        """Return a zone's name, or its id when it has none."""
        return self.names.get(layer, {}).get(zone_id, ("", ""))[0] or zone_id

    def nearest(self) -> dict[str, tuple[str, float]]:
        """Return layer -> (name of its nearest zone, distance in metres; 0 where a zone is hit)."""
        found = {
            str(row["layer"]): (self.zone_name(row["layer"], row["nearest_zone_id"]), float(row["distance_m"]))
            for row in self.clear
        }
        for zone in self.zones.values():
            if zone.relation in _HIT:
                found[zone.layer] = (zone.zone_name or zone.zone_id, 0.0)
        return found


def zone_hits(overlaps: Sequence[Row], catalog: Mapping[str, LayerSpec]) -> dict[tuple[str, str], ZoneHit]:
    """Return the subject's overlaps by layer and zone; where a zone stands twice, the stronger relation."""
    strength = {Relation.NEAR: 0, Relation.SLIVER: 1, Relation.CROSSES: 2, Relation.INSIDE: 3}
    found: dict[tuple[str, str], ZoneHit] = {}
    for row in sorted(overlaps, key=lambda r: strength[Relation(r["relation"])]):
        layer = str(row["layer"])
        found[(layer, str(row["zone_id"]))] = ZoneHit(
            layer=layer,
            layer_title=catalog[layer].title if layer in catalog else layer,
            zone_id=str(row["zone_id"]),
            zone_name=str(row["zone_name"]),
            zone_class=str(row["zone_class"]),
            relation=str(row["relation"]),
            area_m2=float(row["area_m2"]),
            share=float(row["share"]),
            length_m=float(row["length_m"]),
            distance_m=float(row["distance_m"]),
        )
    return found


def occupation_of(ground: Ground, findings: Sequence[Row]) -> Occupation:
    """Return part 3: zones hit, those under the strictest clause first, and the ledger in catalogue order."""
    place = {layer: number for number, layer in enumerate(ground.catalog)}
    control: dict[tuple[str, str], Effect] = {}
    for row in findings:
        if row["state"] == State.APPLIES:
            effect = Effect(row["effect"])
            for key in ((str(row["layer"]), zone_id) for zone_id in split(row["zone_id"])):
                if key not in control or effect.rank > control[key].rank:
                    control[key] = effect
    rows = [
        OccupationRow(
            zone=zone,
            theme=ground.catalog[zone.layer].theme if zone.layer in ground.catalog else "",
            control=control[key].value if key in control else "",
        )
        for key, zone in ground.zones.items()
        if zone.relation != Relation.NEAR
    ]
    rank = {row.zone: Effect(row.control).rank if row.control else -1 for row in rows}
    rows.sort(key=lambda r: (-rank[r.zone], place.get(r.zone.layer, len(place)), -r.zone.share, r.zone.zone_id))
    ledger = sorted(ground.ledger.values(), key=lambda r: place.get(str(r["layer"]), len(place)))
    return Occupation(rows=tuple(rows), ledger=tuple(_ledger_row(row, ground) for row in ledger))


def _ledger_row(row: Row, ground: Ground) -> LedgerRow:
    numbers = {name: float(row[name]) for name in ("inside", "outside", "uncovered", "total")}
    layer = str(row["layer"])
    return LedgerRow(layer=layer, layer_title=ground.title(layer), unit=str(row["unit"]), **numbers)


def nearby_of(ground: Ground, rules: Mapping[str, Rule], findings: Sequence[Row]) -> tuple[NearRow, ...]:
    """Return part 6: every zone within a buffer and the nearest zone of every clear layer, nearest first."""
    buffered: dict[tuple[str, str], list[str]] = {}
    for row in findings:
        rule = rules.get(str(row["rule_id"]))
        if rule is not None and rule.geometry == "within":
            for zone_id in split(row["zone_id"]):
                buffered.setdefault((str(row["layer"]), zone_id), []).append(rule.id)
    clear = {(str(row["layer"]), str(row["nearest_zone_id"])): float(row["distance_m"]) for row in ground.clear}
    near = {key: zone.distance_m for key, zone in ground.zones.items() if zone.relation == Relation.NEAR}
    rows = [
        NearRow(
            layer=layer, layer_title=ground.title(layer), zone_id=zone_id,
            zone_name=ground.names.get(layer, {}).get(zone_id, ("", ""))[0] or ground.statement(layer),
            zone_class=ground.names.get(layer, {}).get(zone_id, ("", ""))[1],
            distance_m=distance_m, proof=(layer, zone_id) in clear,
            rule_ids=tuple(sorted(set(buffered.get((layer, zone_id), ())))),
        )
        for (layer, zone_id), distance_m in (clear | near).items()
    ]  # fmt: skip
    far = float("inf")
    return tuple(sorted(rows, key=lambda r: (far if r.distance_m != r.distance_m else r.distance_m, r.layer, r.zone_id)))


def hard_layers(as_of: date) -> tuple[str, ...]:
    """Return the layers of the hard constraints as they stand on a day."""
    return tuple(layer for entry in wording()["hard_line"] for layer in _layers_on(entry, as_of))


def _layers_on(entry: Row, as_of: date) -> list[str]:
    return [
        item["layer"]
        for item in entry["layers"]
        if item.get("from", date.min) <= as_of <= item.get("until", date.max)
    ]


def hard_lines_of(ground: Ground, subject: Subject, as_of: date) -> tuple[HardLine, ...]:
    """Return part 5: for each hard constraint whether it is hit, and else how far away it is."""
    nearest = ground.nearest()
    return tuple(_hard_line(entry, _layers_on(entry, as_of), ground, nearest, subject) for entry in wording()["hard_line"])


def _hard_line(
    entry: Row, layers: Sequence[str], ground: Ground, nearest: Mapping[str, tuple[str, float]], subject: Subject
) -> HardLine:
    zones = tuple(z for z in ground.zones.values() if z.layer in layers and z.relation in _HIT)
    slivers = tuple(z for z in ground.zones.values() if z.layer in layers and z.relation == Relation.SLIVER)
    parts = [ground.ledger[layer] for layer in layers if layer in ground.ledger]
    near = sorted((v[::-1] for k, v in nearest.items() if k in layers and v[1] == v[1]))
    distance_m, zone_name = near[0] if near else (float("nan"), "")
    known = all(layer in ground.loaded for layer in layers) and bool(parts or near)
    status = HardLineStatus.WITHHELD if ground.withheld.intersection(layers) else _status(zones, slivers, parts, known=known)
    # Layers of one constraint may overlap, so what lies inside is the largest of them, never their sum.
    inside = _most(parts, "inside")
    words = {
        "title": entry["title"],
        "area_word": "" if entry["title"].endswith("范围") else "范围",
        "zones": named(tuple(f"{z.zone_name or z.zone_id}（{z.zone_class}）" for z in zones)),
        "inside": extent(inside if zones else sum(z.area_m2 for z in slivers), str(parts[0]["unit"]) if parts else "m2"),
        "share": percent(inside / total) if (total := max((float(p["total"]) for p in parts), default=0.0)) else "—",
        "zone": zone_name,
        "stated": "；".join(filter(None, map(ground.statement, layers))),
        "distance": metres(distance_m) if distance_m == distance_m else "—",
        "uncovered": extent(_most(parts, "uncovered"), str(parts[0]["unit"]) if parts else ""),
    }
    sentence, note = _sentence(entry["key"], status, words, subject)
    return HardLine(
        key=entry["key"], title=entry["title"], status=status, sentence=sentence, wording_note=note,
        zones=zones or slivers, inside=inside, unit=str(parts[0]["unit"]) if parts else "",
        nearest_zone=zone_name, distance_m=distance_m,
    )  # fmt: skip


def _most(parts: Sequence[Row], name: str) -> float:
    """Return the largest value of a column; NaN where one of them may not be told."""
    values = [float(part[name]) for part in parts]
    return next((value for value in values if value != value), max(values, default=0.0))


def _status(
    zones: Sequence[ZoneHit], slivers: Sequence[ZoneHit], parts: Sequence[Row], *, known: bool
) -> HardLineStatus:
    if zones:
        return HardLineStatus.HIT
    if not known:
        return HardLineStatus.ABSENT
    # A part that may not be told (NaN) is more than the limit.
    if any(not float(p["uncovered"]) <= (UNCOVERED_M2 if p["unit"] == "m2" else 0.1) for p in parts):
        return HardLineStatus.UNCOVERED
    return HardLineStatus.CRITICAL if slivers else HardLineStatus.CLEAR


_HARD_WORDING = {
    HardLineStatus.HIT: "hit", HardLineStatus.CRITICAL: "sliver", HardLineStatus.UNCOVERED: "uncovered",
    HardLineStatus.ABSENT: "absent", HardLineStatus.CLEAR: "clear", HardLineStatus.WITHHELD: "withheld",
}  # fmt: skip


def _sentence(key: str, status: HardLineStatus, words: Row, subject: Subject) -> tuple[str, str]:
    """Return the sentence for a hard line, and where its wording comes from when that was not verified."""
    hard, redline = wording()["hard"], wording()["redline"]
    if key == _REDLINE and status is HardLineStatus.HIT:
        situation, extra = _redline_situation(subject)
        return redline[situation].format(**words, **extra), redline["note"]
    if status is HardLineStatus.CLEAR and not words["zone"]:
        return hard["clear_stated" if words["stated"] else "clear_none"].format(**words), ""
    if status is HardLineStatus.CLEAR and key == _REDLINE:
        return redline["outside"].format(**words), redline["note"]
    return hard[_HARD_WORDING[status]].format(**words), ""


def _redline_situation(subject: Subject) -> tuple[str, dict[str, str]]:
    """Return which of the four situations of 自然资发〔2022〕142号 the declared activity stands for."""
    document = subject.values.get("opinion_document", "")
    document = document if is_document_number(document) else ""
    witness, words = subject.values.get("opinion_document" + SEEN, ""), wording()["redline"]
    checked = words["checked"].format(witness=witness) if witness else words["unchecked"]
    extra = {"document": document, "activity": "；".join(map(activity_title, subject.activities)), "checked": checked}
    limited = [code for code in subject.activities if code in _LIMITED]
    if unbelieved(subject.facts)[0] == TRUE:
        return "unbelieved", extra
    if limited:
        extra["activity"] = "；".join(map(activity_title, limited))
        if not document and subject.values.get("new_construction_land") == "false" and "A06" in limited:
            return "crossing", extra
        return ("limited" if document else "limited_open"), extra
    if _MAJOR in subject.activities:
        return ("major" if document else "major_open"), extra
    return "undeclared", extra
