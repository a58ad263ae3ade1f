"""What moving and closing changes by zone, against sums over enterprises one by one; and bounds that a policy must keep."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pyproj import Geod
from shapes import from_metres, layer_set, metres, rule, zone_layer

from cdgis.relocation.plan.circumstances import AMOUNTS
from cdgis.relocation.plan.effects import measure_effects
from cdgis.relocation.policy.scoring import (
    Criterion,
    DestinationPolicy,
    Grade,
    PriorityPolicy,
    SearchPolicy,
    WeightRange,
)
from cdgis.rules.succession import holds_zones_of

RADIUS_M = 500.0
GEOD = Geod(ellps="GRS80")
SPOT = st.tuples(st.integers(-1900, 1900), st.integers(-1900, 1900))


def place(x: float, y: float) -> shapely.Point:
    return from_metres(shapely.Point(x, y))


@given(st.lists(SPOT, min_size=1, max_size=6), st.lists(SPOT, min_size=1, max_size=5), st.integers(0, 10_000))
def test_sums_by_zone_are_those_of_the_enterprises_in_it_before_and_after(spots, homes, seed):
    rng = np.random.default_rng(seed)
    counties = zone_layer("counties", [metres(-2000, -2000, 100, 2000), metres(0, -2000, 2000, 0)])  # they share a strip
    receptors = zone_layer("receptors", [place(*spot) for spot in homes], kind="point")
    people = rng.choice([0, 7, 30], len(homes)).tolist()
    receptors.zones["people"] = [str(n) if n else "" for n in people]
    layers = layer_set(counties, receptors, city=metres(-3000, -3000, 3000, 3000))
    ids = [f"E{i}" for i in range(len(spots))]
    old = dict(zip(ids, (place(*spot) for spot in spots), strict=True))
    stated = {firm: {name: float(rng.integers(0, 5)) for name in AMOUNTS if rng.random() < 0.6} for firm in ids}
    listed = [firm for firm in ids if rng.random() < 0.7]
    closes = {firm: bool(rng.random() < 0.3) for firm in listed}
    new = {firm: place(*rng.uniform(-1900, 1900, 2)) for firm in listed if not closes[firm] and rng.random() < 0.7}
    outcome = pd.DataFrame({
        "new_lon": [new[f].x if f in new else np.nan for f in listed], "new_lat": [new[f].y if f in new else np.nan for f in listed],
        "closes": [closes[f] for f in listed],
    }, index=listed).astype({"closes": bool})  # fmt: skip
    subjects = pd.DataFrame({"subject_id": ids, "kind": "enterprise", "lon": [p.x for p in old.values()], "lat": [p.y for p in old.values()]})
    rows = [(firm, name, str(value), "") for firm, values in stated.items() for name, value in values.items()]
    attributes = pd.DataFrame(rows, columns=["subject_id", "attribute", "value", "unit"])
    judged = SimpleNamespace(tables={"subjects": subjects, "attributes": attributes})
    table = measure_effects(SimpleNamespace(layers=layers), judged, outcome, radius_m=RADIUS_M)
    ours = {} if table.empty else {
        (row.zone_id, row.figure): (row.before, row.after, row.unknown) for row in table.itertuples()
    }  # fmt: skip
    theirs = {}
    for zones in (layers["city"].zones, counties.zones):
        shapes = zones.geometry.tolist()

        def zone(point, shapes=shapes):
            return next((i for i, shape in enumerate(shapes) if shape.intersects(point)), None)

        for i, zone_id in enumerate(zones["zone_id"]):
            before = [firm for firm in ids if zone(old[firm]) == i]
            after = [firm for firm in ids if not closes.get(firm, False) and zone(new.get(firm, old[firm])) == i]
            figures = {name: (sum(stated[f].get(name, 0) for f in before), sum(stated[f].get(name, 0) for f in after),
                              sum(name not in stated[f] for f in before)) for name in AMOUNTS}  # fmt: skip
            figures["enterprises"] = (len(before), len(after), 0)
            figures["to_move"] = (sum(f in listed for f in before), sum(f in listed and f not in new for f in after), 0)
            near = [sum(n for n, home in zip(people, homes, strict=True) if zone(place(*home)) == i and any(
                GEOD.inv(p.x, p.y, place(*home).x, place(*home).y)[2] <= RADIUS_M for p in those)) for those in (
                    [old[f] for f in listed], [new.get(f, old[f]) for f in listed if not closes[f]])]  # fmt: skip
            figures["people_near"] = (*near, 0)
            theirs |= {(zone_id, name): values for name, values in figures.items() if values[0] or values[1]}
    assert ours == theirs
    assert table.empty or set(table["unit"]) <= {"家", "人", "吨/年"}


LEAST = {
    (Criterion, "weight"): (0, -0.001), (Grade, "least"): (0, -0.001), (WeightRange, "tolerance"): (0, -0.001),
    (WeightRange, "exact_candidates"): (0, -1), (PriorityPolicy, "receptor_radius_m"): (0.001, 0), (SearchPolicy, "tries"): (1, 0),
    (SearchPolicy, "warm"): (0.001, 0), (SearchPolicy, "cold"): (0.001, 0), (SearchPolicy, "reach"): (0.001, 0),
    (SearchPolicy, "rounds"): (0, -1), (SearchPolicy, "group"): (1, 0), (SearchPolicy, "nodes"): (1, 0), (SearchPolicy, "groups"): (1, 0),
    (SearchPolicy, "again"): (0.001, 0), (SearchPolicy, "again_tries"): (1, 0), (DestinationPolicy, "beside_nodes"): (1, 0),
    (DestinationPolicy, "unplaced_cost"): (1.001, 1), (DestinationPolicy, "gap"): (0.001, 0), (DestinationPolicy, "nodes"): (1, 0),
    (DestinationPolicy, "exact_pairs"): (0, -1), (DestinationPolicy, "whole_pairs"): (0, -1), (DestinationPolicy, "least_width_m"): (0.001, 0),
}  # fmt: skip
MOST = {(Grade, "least"): (1, 1.001), (WeightRange, "tolerance"): (1, 1.001)}


@pytest.mark.parametrize(("model", "name", "allowed", "refused"), [(*key, *ends) for table in (LEAST, MOST) for key, ends in table.items()])
def test_a_policy_takes_the_last_value_that_has_a_meaning_and_no_other(model, name, allowed, refused):
    def faults(value):
        with pytest.raises(ValidationError) as raised:
            model.model_validate({name: value, "无此项": 1})
        return [fault for fault in raised.value.errors() if fault["loc"][0] == name]

    assert faults(allowed) == [] and len(faults(refused)) == 1


@pytest.mark.parametrize(("far", "reach", "holds"), [(100, 100, True), (100, 99, False), (100, 101, True), (0, 50, True)])
def test_a_successor_must_reach_as_far_as_the_rule_it_follows(far, reach, holds):
    first = rule("A-1", "z", geometry="within", distance_m=float(far)) if far else rule("A-1", "z")
    assert holds_zones_of(rule("A-2", "z", geometry="within", distance_m=float(reach)), first) == holds
    assert not holds_zones_of(rule("A-2", "other", geometry="within", distance_m=float(reach)), first)
    assert not holds_zones_of(rule("A-2", "z"), rule("A-1", "z", geometry="within", distance_m=1.0))
    assert holds_zones_of(rule("A-2", "z"), rule("A-1", "z")) and holds_zones_of(rule("A-2", "", geometry="none"), first)
