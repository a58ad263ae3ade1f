"""Random workspaces: wherever the plan sends somebody, the rules forbid nothing; tables do not depend on names or order."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame, points_from_xy
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import metres, rule, sites, workspace, zone_layer

from cdgis.errors import UsageError
from cdgis.judging import evaluation
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers.loading import Loaded
from cdgis.relocation.plan import WhatIf, park_sites, plan_relocation
from cdgis.results.request import Request
from cdgis.rules import Rulebook
from cdgis.workspace.layers import Subjects

EDGE_M = 8000
OLD = ["既有"]
NEW = ["新建", "扩建", "迁建"]


def box(rng: np.random.Generator, size_m: float) -> shapely.Polygon:
    x, y = rng.uniform(-EDGE_M + 500, EDGE_M - size_m - 500, 2)
    return metres(x, y, x + size_m, y + size_m * rng.uniform(0.4, 1.0))


def point(x: float, y: float) -> shapely.Point:
    return shapely.centroid(metres(x - 1, y - 1, x + 1, y + 1))


def rules() -> Rulebook:
    return Rulebook(
        rules=(
            rule("RE-01", "built_up", "退出", project_types=OLD),
            rule("NO-1", "ecological_redline", project_types=NEW),
            rule("NO-2", "water_source_zones", project_types=NEW,
                 conditions=[{"attribute": "discharges_pollutants", "op": "true"}]),
            rule("NO-3", "receptors", geometry="within", distance_attribute="protection_distance_m", project_types=NEW,
                 conditions=[{"attribute": "protection_distance_m", "op": "declared"}]),
            rule("NO-4", "parks", project_types=["迁建"], zone_ids=["parks0"], industry_prefixes=["31"]),
        )
    )  # fmt: skip


def made(root: Path, seed: int) -> tuple[Loaded, Subjects]:
    """A workspace in memory: a town full of plants, parks, red lines, sources and a few homes."""
    rng = np.random.default_rng(seed)
    city = zone_layer("city", [metres(-EDGE_M, -EDGE_M, EDGE_M, EDGE_M)], coverage="", zones=False)
    town = [metres(-1500, -1500, 1500, 1500)]
    parks = zone_layer("parks", [box(rng, rng.uniform(600, 2500)) for _ in range(4)], kind="polygon")
    parks.zones["spare_ha"] = rng.choice([0, 20, 60, 150], 4).astype(str)
    parks.zones["industries"] = "31;26"
    homes = [point(*rng.uniform(-EDGE_M + 100, EDGE_M - 100, 2)) for _ in range(8)]
    layers = [
        city, zone_layer("built_up", town), parks,
        zone_layer("ecological_redline", [box(rng, 2500) for _ in range(4)]),
        zone_layer("water_source_zones", [box(rng, 2000) for _ in range(3)]),
        zone_layer("receptors", homes, kind="point"),
    ]  # fmt: skip
    loaded = Loaded(
        workspace=workspace(root), settings=workspace(root).settings, as_of=date(2026, 11, 1),
        layers={layer.spec.id: layer for layer in layers}, rulebook=rules(), records=(),
    )  # fmt: skip
    return loaded, plants(rng)


def plants(rng: np.random.Generator, count: int = 7) -> Subjects:
    spots = [point(*rng.uniform(-1400, 1400, 2)) for _ in range(count)]
    subjects = sites(spots, kind="enterprise", project_type="既有", industry=rng.choice(["3110", "2614"], count))
    rows = []
    for firm in subjects.frame["subject_id"]:
        stated = {
            "land_ha": rng.choice(["", "5", "20", "60"]), "discharges_pollutants": rng.choice(["", "true", "false"]),
            "protection_distance_m": rng.choice(["", "100", "800"]), "co2_t_per_yr": "1000",
        }  # fmt: skip
        rows += [(firm, name, value, "") for name, value in stated.items() if value]
    return Subjects(
        frame=subjects.frame, attributes=pd.DataFrame(rows, columns=["subject_id", "attribute", "value", "unit"])
    )


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 100_000))
def test_no_assigned_destination_is_forbidden_when_judged_as_a_site(tmp_path_factory, seed: int) -> None:
    loaded, subjects = made(tmp_path_factory.mktemp("w"), seed)
    found = plan_relocation(loaded, judge_subjects(loaded, subjects))
    pairs = found["destinations"]
    moving = (found["relocation"]["disposition"] == "异地迁建") & (found["relocation"]["status"] != "排除")
    assert len(pairs) == moving.sum() * 4
    given_a_place = pairs[pairs["assigned"]]
    if given_a_place.empty:
        return
    own = subjects.frame.set_index("subject_id", drop=False).loc[list(given_a_place["enterprise_id"])]
    moved = GeoDataFrame(
        pd.DataFrame(own.drop(columns="geometry")).assign(kind="project", project_type="迁建").reset_index(drop=True),
        geometry=points_from_xy(given_a_place["lon"], given_a_place["lat"]), crs="EPSG:4490",
    )  # fmt: skip
    findings = judge_subjects(loaded, Subjects(frame=moved, attributes=subjects.attributes[
        subjects.attributes["subject_id"].isin(moved["subject_id"])])).tables["findings"]  # fmt: skip
    strict = findings[findings["effect"].isin(["禁止", "退出"]) & findings["state"].isin(["applies", "unknown"])]
    assert strict.empty
    use = found["park_use"].set_index(["park_id", "resource"])["assigned"]
    spare = loaded.layers["parks"].zones.set_index("zone_id")["spare_ha"].astype(float)
    assert all(use[(park, "用地")] <= spare[park] + 1e-6 for park in spare.index)


def renamed(subjects: Subjects, names: dict[str, str]) -> Subjects:
    order = list(range(len(subjects.frame)))[::-1]
    frame = subjects.frame.assign(subject_id=subjects.frame["subject_id"].map(names)).iloc[order].reset_index(drop=True)
    rows = subjects.attributes.assign(subject_id=subjects.attributes["subject_id"].map(names)).iloc[::-1]
    return replace(subjects, frame=frame, attributes=rows.reset_index(drop=True))


@pytest.mark.parametrize("seed", [1, 5])
def test_names_and_order_of_enterprises_change_nothing(tmp_path: Path, seed: int) -> None:
    loaded, subjects = made(tmp_path, seed)
    names = {firm: f"Z{100 - i}" for i, firm in enumerate(subjects.frame["subject_id"])}
    plain = plan_relocation(loaded, judge_subjects(loaded, subjects))
    other = plan_relocation(loaded, judge_subjects(loaded, renamed(subjects, names)))
    for name, keys in (("relocation", ["enterprise_id"]), ("destinations", ["enterprise_id", "park_id"])):
        mapped = plain[name].assign(enterprise_id=plain[name]["enterprise_id"].map(names))
        mapped = mapped.sort_values(keys, ignore_index=True)
        mapped["enterprise_id"] = mapped["enterprise_id"].astype(object)
        for firm, new in names.items():  # words that name another enterprise
            mapped = mapped.replace({column: {firm: new} for column in ("unplaced",) if column in mapped}, regex=True)
        pd.testing.assert_frame_equal(mapped, other[name].sort_values(keys, ignore_index=True))


def test_enterprise_that_did_not_state_its_land_is_not_placed_and_the_reason_is_named(tmp_path: Path) -> None:
    loaded, subjects = made(tmp_path, 3)
    silent = subjects.attributes[subjects.attributes["attribute"] != "land_ha"].reset_index(drop=True)
    found = plan_relocation(loaded, judge_subjects(loaded, replace(subjects, attributes=silent)))
    listed = found["relocation"]
    assert (listed["assigned"] == "").all() and listed["unplaced"].str.contains("没有填用地需求").any()


def test_closing_every_park_leaves_everybody_where_they_are(tmp_path: Path) -> None:
    loaded, subjects = made(tmp_path, 3)
    closed = WhatIf(closed=tuple(loaded.layers["parks"].zones["zone_id"]))
    found = plan_relocation(loaded, judge_subjects(loaded, subjects), what_if=closed)
    assert not found["destinations"]["assigned"].any() and (found["relocation"]["unplaced"] != "").all()
    with pytest.raises(UsageError, match="没有园区 月球"):
        plan_relocation(loaded, judge_subjects(loaded, subjects), what_if=WhatIf(closed=("月球",)))


def test_what_lies_downstream_is_added_to_the_circumstances_when_somebody_knows(tmp_path: Path) -> None:
    loaded, subjects = made(tmp_path, 3)

    def downstream(firms: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"subject_id": firms["subject_id"], "intake_distance_m": 4200.0})

    found = plan_relocation(loaded, judge_subjects(loaded, subjects), downstream=downstream)["relocation_criteria"]
    told = found[found["criterion"] == "intake_distance_m"]
    assert len(told) == 7 and set(told["value"]) == {4200.0} and set(told["weight"]) == {0.0}


def test_how_many_are_judged_at_a_time_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, subjects = made(tmp_path, 5)
    judged = judge_subjects(loaded, subjects)
    found = plan_relocation(loaded, judged)
    monkeypatch.setattr(evaluation, "_SUBJECTS_AT_ONCE", 2)
    monkeypatch.setattr(park_sites, "_PAIRS_AT_ONCE", 3)
    again = judge_subjects(loaded, subjects)
    for name in ("findings", "verdicts"):
        pd.testing.assert_frame_equal(again.tables[name], judged.tables[name])
    pd.testing.assert_frame_equal(plan_relocation(loaded, again)["destinations"], found["destinations"])


def test_changed_assumptions_survive_being_written_down() -> None:
    asked = WhatIf(closed=("B",), spare_ha={"L": 20.0}, weights={"priority": {"people": 0.4}}, free=("E0014",))
    row = json.loads(json.dumps(Request(command="relocate", what_if=asked.row()).row()))
    assert WhatIf.of(Request.of(row).what_if) == asked
    assert Request.of(row).command == "relocate"
    assert "what_if" not in Request(command="relocate", what_if=WhatIf().row()).row()
