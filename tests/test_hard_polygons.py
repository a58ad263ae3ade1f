"""Valid in longitude and latitude, hard on the measuring plane: every polygon is judged, mended and told, or set aside and told."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shipped
from hard_polygons import MAKERS, hard_polygons, touching_hole
from shapes import layer_set, sites, zone_layer

from cdgis.core.vocabulary import IntakeStatus
from cdgis.geometry.geodesy import geometries_to_plane, survey_area_m2
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.judging.evaluation import judge_subjects
from cdgis.judging.overlay import measure_overlaps
from cdgis.readers.sites import read_sites

ROOT = Path(__file__).parent.parent
COUNT = 1000  # benchmarks/fuzz_polygons.py: as many as one likes
LAYERS = ("city", "management_units", "ecological_redline")


@pytest.fixture(scope="module")
def loaded():
    return shipped.loaded()


@pytest.fixture(scope="module")
def read(tmp_path_factory, loaded):
    path = tmp_path_factory.mktemp("hard") / "hard.gpkg"
    gpd.GeoDataFrame({"项目编号": [f"H{i:05d}" for i in range(COUNT)]}, geometry=hard_polygons(COUNT, 20), crs=4490).to_file(
        path, engine="pyogrio"
    )
    return read_sites(loaded.workspace, [path], declared={"industry": "4415", "project_type": "新建"})


def test_every_hard_polygon_is_accepted_repaired_or_quarantined(read):
    status = [note.status for note in read.intake]
    assert len(status) == COUNT
    assert len(read.frame) == COUNT - status.count(IntakeStatus.QUARANTINED)
    assert status.count(IntakeStatus.REPAIRED) >= COUNT // len(MAKERS)  # the stars at least


def test_every_hard_polygon_that_was_read_is_judged_and_its_ledger_closes(read, loaded):
    few = {name: loaded.layers[name] for name in LAYERS}  # every shipped layer: benchmarks/fuzz_polygons.py
    judged = judge_subjects(replace(loaded, layers=few), read)
    verdicts = set(judged.tables["verdicts"]["subject_id"])
    set_aside = {note.value for note in judged.subjects.intake if "叠置时运算失败" in note.reason}
    assert verdicts | set_aside == set(read.frame["subject_id"]) and not verdicts & set_aside
    ledger = judged.tables["ledger"]
    parts = ledger[["inside", "outside", "uncovered"]].sum(axis=1)
    assert (np.abs(parts - ledger["total"]) <= 1e-9 * ledger["total"] + 1e-3).all()


def test_a_hole_that_crosses_its_shell_on_the_plane_is_mended_and_told(tmp_path, loaded):
    rng = np.random.default_rng(7)
    shapes = np.array([touching_hole(rng) for _ in range(400)])
    shapes = shapes[shapely.is_valid(shapes) & ~shapely.is_valid(geometries_to_plane(shapes))]
    assert len(shapes) > 50
    gpd.GeoDataFrame({"名称": [f"地块{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=4490).to_file(
        tmp_path / "hole.gpkg", engine="pyogrio"
    )
    subjects = read_sites(loaded.workspace, [tmp_path / "hole.gpkg"])
    assert all(note.status is IntakeStatus.REPAIRED and "量算平面" in note.reason for note in subjects.intake)
    plane, mended = valid_on_plane(subjects.frame.geometry.to_numpy())
    assert mended.all() and shapely.is_valid(plane).all()
    assert shapely.area(plane) == pytest.approx(survey_area_m2(shapes), abs=0.05)


def test_zones_invalid_on_the_plane_are_overlaid_too():
    rng = np.random.default_rng(9)
    zones = np.array([touching_hole(rng) for _ in range(200)])
    zones = zones[shapely.is_valid(zones) & ~shapely.is_valid(geometries_to_plane(zones))][:20]
    layer = zone_layer("redline", list(zones), "红线")
    inside = sites([shapely.box(*zone.bounds) for zone in zones])
    city = shapely.box(116, 40, 120, 43)
    overlaps = measure_overlaps(inside, layer_set(layer, city=city)).overlaps
    own = overlaps[overlaps["layer"] == "redline"].groupby("subject_id")["area_m2"].max()
    assert own.to_numpy() == pytest.approx(survey_area_m2(zones), abs=0.05)
