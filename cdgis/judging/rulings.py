"""What all rules say of all subjects, asked of one of each kind (`cdgis.judging.alike_subjects`).

The answers are matrices, a row a rule and a column a kind. Only what rests on distances is asked of everybody: buffers, and
how far a subject would have to move.
"""

from collections.abc import Iterator

import numpy as np

from cdgis.core.array_types import BoolArray, IntArray, TextArray
from cdgis.judging.alike_subjects import Cells, Kinds, cells_of_flags, cells_of_place, cells_of_texts
from cdgis.judging.engine_rulings import SLIVER_RULE, engine_rulings, sliver_zones
from cdgis.judging.facts import Facts
from cdgis.judging.hits import Hits, ZoneNames, scope_of
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN, Kleene
from cdgis.judging.measurement import Measurement, Nearest
from cdgis.judging.rule_outcomes import COVERAGE, PLACE_CONFLICT, Lacking, Ruling, is_grey, open_facts, place_of
from cdgis.judging.rule_plan import Columns, RulePlan, columns_of, rows_of

_UNSAID = np.empty(0, dtype=object)
"""Zones of one ruling: all are in `Rulings.zones`."""


class Rulings:
    """What all rules, the judge's own last, say of all subjects: a row a rule, a column a kind of subject."""

    def __init__(self, plan: RulePlan, facts: Facts, measurement: Measurement, hits: Hits) -> None:
        """Ask every rule of `plan` about the subjects of `facts` and `measurement`."""
        self.plan, self._measurement, self._hits = plan, measurement, hits
        self._apart = {
            number: place_of(rule, facts, measurement, hits) for number, rule in enumerate(plan.lookers)
            if hits.strange(rule) or (rule.geometry == "within" and rule.layer in measurement.uncovered)
        }  # fmt: skip
        """Places that rest on distances, or on zones nobody can place: asked of everybody."""
        alike, slivers = facts.alike(plan.asked), sliver_zones(measurement) if SLIVER_RULE in plan.engine else {}
        zones = [cells_of_texts(zones, zones != "") for zones in slivers.values()]
        self.kinds = Kinds.of([alike.which.astype(np.int32), *self._cells(facts), *zones], hits)
        """Which subjects each column speaks of."""
        first = self.kinds.first
        self._facts, near, self._alike = facts.at(first), measurement.only(first), self.kinds.alike(alike)
        self._first_of_each = self._facts.at(self._alike.first)
        self.zones = ZoneNames(len(plan.lookers) + len(plan.engine) + len(slivers), len(first))
        """The zones each rule names of each kind, in the row it looks at (`looking`)."""
        rest, geometry = plan.but_for_geometry(self._facts, self._alike)[plan.bearing], self._places(near, hits.only(first))[plan.looking]
        value = np.minimum(rest, geometry)
        forbidden = (value[plan.elements] == TRUE).any(axis=0)
        slivers = {layer: zones[first] for layer, zones in slivers.items()}
        self._own = engine_rulings(plan.engine, forbidden, plan.listed_units, self._facts, near, slivers)
        own = rows_of([ruling.value for ruling in self._own], len(first))
        for place, ruling in enumerate(self._own, len(plan.lookers)):
            self.zones.name(place, ruling.zone_ids, ruling.zone_ids != "")
        self.rules = (*plan.rules, *(ruling.rule for ruling in self._own))
        columns = columns_of([ruling.rule for ruling in self._own])
        self.columns: Columns = {name: np.concatenate([values, columns[name]]) for name, values in plan.columns.items()}
        self.rank, self.manual = self.columns["rank"], self.columns["manual"]
        self.deciding: BoolArray = (self.rank > 0) & ~self.manual
        """Which rules count in a verdict."""
        self.rest = np.concatenate([rest, np.full_like(own, TRUE)])
        self.geometry, self.value = np.concatenate([geometry, own]), np.concatenate([value, own])
        self.named: BoolArray = (self.geometry == UNKNOWN) & self.columns["by_id"][:, np.newaxis]
        """Where a zone's own clause is silent, because no zone is known at all: ZU-04 says it once instead."""
        beyond = np.arange(len(self._own))
        self.bearing, self.looking = (
            np.concatenate([shared, count + beyond])
            for shared, count in ((plan.bearing, len(plan.bearers)), (plan.looking, len(plan.lookers)))
        )
        """Rules of one number share what is open of them but for geometry, or where they look; the judge's own share nothing."""

    def _cells(self, facts: Facts) -> Iterator[Cells]:
        """Yield by what subjects differ beside what is declared and hit, a value each."""
        yield facts.text(PLACE_CONFLICT) != ""
        yield from cells_of_flags(self._measurement.uncovered.values())
        for place in self._apart.values():
            yield from cells_of_place(place)
        yield from self.plan.answers_on_size(facts)
        yield from (cells_of_texts(open_facts(rule, facts), np.ones(facts.size, dtype=bool)) for rule in self.plan.weighing)

    def _places(self, near: Measurement, hits: Hits) -> Kleene:
        """Return what each place says: one that nobody is near is unknown where its layer covers nobody, else no."""
        lookers, first = self.plan.lookers, self.kinds.first
        everybody = np.ones(len(first), dtype=bool)
        # what a person decides beyond a distance is open only where that distance is known
        blind = [near.uncovered.get(rule.layer, everybody & (not is_grey(rule))) for rule in lookers]
        geometry = rows_of(blind, len(first))
        geometry[[rule.geometry == "none" for rule in lookers]] = TRUE
        met = {number for key in hits.keys for number in self.plan.by_key.get(key, ())} - self._apart.keys()
        hits.name(self.zones, {number: scope_of(lookers[number]) for number in sorted(met)})
        geometry[self.zones.codes[: len(lookers)] > 0] = TRUE
        for number, place in self._apart.items():
            geometry[number] = place.geometry[first]
            self.zones.name(number, place.zone_ids[first], geometry[number] == TRUE)
        return geometry

    def __getitem__(self, number: int) -> Ruling:
        """Return one rule's whole ruling: of kinds what it says, of subjects how far they would have to move."""
        if number >= len(self.plan.rules):
            return self._own[number - len(self.plan.rules)]
        rule, looker = self.rules[number], int(self.plan.looking[number])
        said = {"rule": rule, "geometry": self.geometry[number], "rest": self.rest[number], "value": self.value[number]}
        if (place := self._apart.get(looker)) is not None:
            return Ruling(**said, depth_m=place.depth_m, distance_m=place.distance_m, nearest=place.nearest, zone_ids=_UNSAID)
        size = len(self.kinds.which)
        if rule.geometry != "hit":
            return Ruling(**said, depth_m=np.full(size, np.inf), distance_m=np.full(size, np.nan), zone_ids=_UNSAID)
        nearest = self._measurement.nearest.get(scope_of(rule)) or Nearest.nowhere(size)
        return Ruling(**said, depth_m=self._hits.depth_in(scope_of(rule)), distance_m=None, nearest=nearest, zone_ids=_UNSAID)

    def lacking_at(self, place: int) -> Lacking:
        """Return what rules that look at a place (`looking`) lack where its geometry is unknown: mostly, its layer."""
        if place >= len(self.plan.lookers):
            lacking = self._own[place - len(self.plan.lookers)].lacking
        else:
            lacking = self._apart[place].lacking if place in self._apart else None
            lacking = lacking and Lacking(lacking.code[self.kinds.first], lacking.texts)
        return lacking or Lacking(np.zeros(len(self.kinds.first), dtype=np.int8), (COVERAGE,))

    def open_facts(self, bearer: int) -> tuple[TextArray, IntArray]:
        """Return texts of what is open but for geometry of rules that one bears (`bearing`), and which is said of each kind."""
        plan, facts = self.plan, self._facts
        if bearer < len(plan.bearers) and not plan.sized[bearer]:
            return plan.open_facts(bearer, self._first_of_each, self._alike), self._alike.which
        rule = plan.bearers[bearer] if bearer < len(plan.bearers) else self._own[bearer - len(plan.bearers)].rule
        return open_facts(rule, facts), np.arange(facts.size)

    def listed(self) -> BoolArray:
        """Return whose answer is listed: every yes, open or manual one, and no where the zone is hit all the same."""
        beside = (self.value == FALSE) & (self.geometry == TRUE) & self.columns["zoned"][:, np.newaxis]
        return np.asarray((self.value == TRUE) | ((self.value == UNKNOWN) & ~self.named) | beside)
