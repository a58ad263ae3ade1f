"""Random workspaces: wherever the plan sends somebody, the rules forbid nothing; tables do not depend on names or order."""

import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import from_metres, metres, rule, sites, workspace, zone_layer

from cdgis.core.errors import UsageError
from cdgis.geometry import geodesy
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


def hand_drawn(rng: np.random.Generator, shape: shapely.Polygon, off_m: float) -> shapely.Polygon:
    """The same outline drawn again by somebody else: other vertices, up to `off_m` metres beside, to the centimetre."""
    plane = shapely.segmentize(geodesy.geometries_to_plane(np.array([shape]))[0], rng.uniform(20, 300))
    corners = shapely.get_coordinates(plane)[:-1]
    moved = shapely.make_valid(shapely.Polygon(np.round(corners + rng.uniform(-off_m, off_m, corners.shape), 2)))
    return geodesy.geometries_from_plane(np.array([moved]))[0]


def lobed(rng: np.random.Generator) -> shapely.Polygon:
    """A park with an outline as surveyors bring it: some hundred vertices, bays and spits."""
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    waves = sum(rng.uniform(0, 0.25) * np.sin(k * angle + rng.uniform(0, 7)) for k in (2, 3, 5))
    radius = rng.uniform(300, 1100) * (1 + waves)
    x, y = rng.uniform(-EDGE_M + 2600, EDGE_M - 2600, 2)
    return from_metres(shapely.Polygon(np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])))


def tangled(root: Path, seed: int) -> tuple[Loaded, Subjects]:
    """Parks whose red lines are the same outlines drawn again, whole, shifted, or bitten into."""
    rng = np.random.default_rng(seed)
    loaded, subjects = made(root, seed)
    outlines = [lobed(rng) for _ in range(4)]
    parks = loaded.layers["parks"].zones.set_geometry(outlines, crs=4490)
    red = [hand_drawn(rng, park, off) for park, off in zip(outlines, (0.0, 1e-4, 3.0), strict=False)]
    bites = [shapely.intersection(outlines[3], box(rng, 1500)), shapely.intersection(outlines[2], lobed(rng))]
    red = [part for shape in [*red[: rng.integers(1, 4)], *bites] for part in shapely.get_parts(shape) if part.area]
    lines = zone_layer("ecological_redline", red)
    layers = {**loaded.layers, "parks": replace(loaded.layers["parks"], zones=parks), "ecological_redline": lines}
    return replace(loaded, layers=layers), subjects


def what_if(rng: np.random.Generator) -> WhatIf:
    """Closed parks, other spare land (also more than a park is large) and other weights, at random."""
    parks = [f"parks{i}" for i in range(4)]
    caps = {park: float(rng.choice([5, 40, 200, 5000])) for park in parks if rng.random() < 0.5}
    weights = {"destinations": {"moving_distance": float(rng.uniform(0, 2)), "spare_land": float(rng.uniform(0.01, 2))}}
    return WhatIf(
        closed=tuple(park for park in parks if rng.random() < 0.2), spare_ha=caps, weights=weights if rng.random() < 0.7 else {}
    )  # fmt: skip


def judged_on(loaded: Loaded, subjects: Subjects, ground: pd.DataFrame) -> pd.DataFrame:
    """Verdicts of assigned plots read from the table, as projects of their own on the ordinary way through the engine."""
    own = subjects.frame.set_index("subject_id", drop=False).loc[list(ground["enterprise_id"])].reset_index(drop=True)
    moved = own.assign(kind="project", project_type="迁建").set_geometry(shapely.from_wkt(ground["wkt"].to_numpy()), crs=4490)
    stated = subjects.attributes[subjects.attributes["subject_id"].isin(moved["subject_id"])]
    return judge_subjects(loaded, Subjects(frame=moved, attributes=stated.reset_index(drop=True))).tables["verdicts"]


def check_plan(loaded: Loaded, subjects: Subjects, found: dict[str, pd.DataFrame]) -> int:
    """Hold a plan against what it promises; return how many were placed."""
    pairs, ground = found["destinations"], found["relocation_ground"]
    assert (pairs["feasible"] == ~pairs["verdict"].isin(["不符合", "资料不足"])).all()
    assert ((pairs["shortfall"] == "") & pairs["feasible"])[pairs["assigned"]].all()
    there = loaded.layers["parks"].zones.set_index("zone_id").geometry.reindex(pairs["park_id"])
    assert shapely.dwithin(shapely.points(pairs[["lon", "lat"]]), there.to_numpy(), 1e-6).all()  # the place judged is in that park
    placed = pairs[pairs["assigned"]].set_index("enterprise_id")
    assert set(ground["enterprise_id"]) == set(placed.index)
    if ground.empty:
        return 0
    verdicts = judged_on(loaded, subjects, ground).set_index("subject_id")["verdict"]
    assert not verdicts.isin(["不符合", "资料不足"]).any()
    assert (verdicts == ground.set_index("enterprise_id")["verdict"]).all()
    assert (verdicts == placed["verdict"].reindex(verdicts.index)).all()
    shapes = shapely.from_wkt(ground["wkt"].to_numpy())
    need = placed.loc[ground["enterprise_id"], "land_ha"].to_numpy() * 1e4
    assert (geodesy.survey_area_m2(shapes) >= need * (1 - 1e-5)).all()
    plane = geodesy.geometries_to_plane(shapes)
    parks = loaded.layers["parks"].zones.set_index("zone_id").geometry
    for park, rows in ground.groupby("park_id"):
        whole = geodesy.geometries_to_plane(np.array([parks[park]]))[0]
        own = plane[rows.index]
        assert shapely.area(shapely.difference(own, whole)).max() < 0.5
        assert shapely.area(own).sum() - shapely.area(shapely.union_all(own)) < 1.0  # nobody stands on another's plot
    use = found["park_use"]
    land = use[use["resource"] == "用地"]
    assert (land["assigned"] <= land["cap"] + 1e-6).all()
    return len(ground)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 100_000))
def test_no_assigned_plot_is_forbidden_when_judged_as_a_site(tmp_path_factory, seed: int) -> None:
    loaded, subjects = made(tmp_path_factory.mktemp("w"), seed)
    found = plan_relocation(loaded, judge_subjects(loaded, subjects))
    moving = (found["relocation"]["disposition"] == "异地迁建") & (found["relocation"]["status"] != "排除")
    assert len(found["destinations"]) == moving.sum() * 4
    check_plan(loaded, subjects, found)


CHANGES = int(os.environ.get("CDGIS_WHAT_IFS", "4"))
"""The law is tried on so many changed assumptions; docs/relocation.md says how to try fifty."""


def test_no_changed_assumption_sends_anybody_where_the_engine_refuses(tmp_path: Path) -> None:
    placed = 0
    for seed in range(CHANGES):
        loaded, subjects = tangled(tmp_path, 100 + seed)
        found = plan_relocation(loaded, judge_subjects(loaded, subjects), what_if=what_if(np.random.default_rng(seed)))
        placed += check_plan(loaded, subjects, found)
    assert placed >= CHANGES  # the law is not kept by placing nobody


def test_park_under_red_line_drawn_by_somebody_else_takes_nobody_whatever_its_cap(tmp_path: Path) -> None:
    loaded, subjects = tangled(tmp_path, 7)
    rng = np.random.default_rng(7)
    parks = loaded.layers["parks"].zones.geometry
    for off_m in (0.0, 1e-7, 1e-3, 1.0):
        red = zone_layer("ecological_redline", [hand_drawn(rng, park, off_m) for park in parks])
        shut = replace(loaded, layers={**loaded.layers, "ecological_redline": red})
        caps = WhatIf(spare_ha=dict.fromkeys(loaded.layers["parks"].zones["zone_id"], 1e6))
        found = plan_relocation(shut, judge_subjects(shut, subjects), what_if=caps)
        pairs = found["destinations"]
        assert not pairs["assigned"].any() and set(pairs["verdict"]) == {"不符合"}
        assert pairs["failing_rule"].str.contains("NO-1").all() and pairs["available_ha"].max() == 0
        # nor does any capacity open a park that the law keeps shut
        assert not found["relocation"]["unplaced"].str.contains("最易打开").any()


def test_plan_stands_only_when_the_engine_lets_everybody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, subjects = tangled(tmp_path, 7)
    judged = judge_subjects(loaded, subjects)

    def blind(*_: object, **__: object) -> np.ndarray:
        return np.empty(0, dtype=object)

    # a first screening that sees no zone offers everything; the proof must take it back
    monkeypatch.setattr(park_sites.ExclusionZones, "near", blind)
    monkeypatch.setattr(park_sites, "told_of", lambda findings, verdicts, ids: pd.DataFrame({
        "verdict": "未发现冲突", "failing_rule": "", "failing_clause": "", "manual_rules": ""}, index=range(len(ids))))  # fmt: skip
    found = plan_relocation(loaded, judged)
    check_plan(loaded, subjects, found)
    refused = found["destinations"][found["destinations"]["verdict"] == "不符合"]
    assert len(refused) and not refused["assigned"].any() and not refused["feasible"].any()


def test_park_that_would_open_is_named_with_all_it_takes_and_as_judged_there(tmp_path: Path) -> None:
    loaded, subjects = made(tmp_path, 5)
    none = WhatIf(spare_ha=dict.fromkeys(loaded.layers["parks"].zones["zone_id"], 0.0))
    judged = judge_subjects(loaded, subjects)
    found = plan_relocation(loaded, judged, what_if=none)
    told = found["relocation"].set_index("enterprise_id")["unplaced"]
    named = told[told.str.contains("最易打开")]
    assert len(named) and named.str.contains("用地不足：需").all()
    assert named.str.contains("按所需面积的地块复判为“(?:未发现冲突|有条件符合|须论证)”", regex=True).all()
    plenty = WhatIf(spare_ha=dict.fromkeys(loaded.layers["parks"].zones["zone_id"], 500.0))
    placed = plan_relocation(loaded, judged, what_if=plenty)["relocation"].set_index("enterprise_id")["assigned"]
    assert (placed[named.index] != "").all() and (placed[told.index.difference(named.index)] == "").all()


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


def test_only_who_must_move_is_given_a_park_and_who_closes_or_is_spared_is_counted_as_such(tmp_path: Path) -> None:
    loaded, subjects = made(tmp_path, 3)
    old = rule("EQ-9", "", "退出", geometry="none", project_types=OLD, conditions=[{"attribute": "equipment", "op": "has", "value": "坩埚"}])
    loaded = replace(loaded, rulebook=Rulebook(rules=(*loaded.rulebook.rules, old)))
    more = [("S000", "equipment", "坩埚", ""), ("S001", "serves_city", "true", "")]
    stated = pd.concat([subjects.attributes, pd.DataFrame(more, columns=subjects.attributes.columns)], ignore_index=True)
    found = plan_relocation(loaded, judge_subjects(loaded, Subjects(frame=subjects.frame, attributes=stated)))
    listed = found["relocation"].set_index("enterprise_id")
    assert listed.loc["S000", "disposition"] == "关停退出" and listed.loc["S001", "status"] == "排除"
    assert set(found["destinations"]["enterprise_id"]) == {f"S00{i}" for i in range(2, 7)}
    placed = found["destinations"]["assigned"].sum()
    city = found["relocation_effects"].query("zone_layer == 'city'").set_index("figure")
    assert city.loc["enterprises", ["before", "after"]].tolist() == [7, 6]
    assert city.loc["to_move", ["before", "after"]].tolist() == [6, 5 - placed]


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
