"""Rings in whatever order and however tied together make the land they enclose; a repair says what it changed."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LinearRing, Polygon
from shapes import boundary_text, in_crs, layer_spec, square, workspace, write_geojson, write_layer

from cdgis.core.vocabulary import IntakeNote
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import read_layer, read_sites
from cdgis.readers.mending import mend
from cdgis.readers.repair import settle
from cdgis.readers.ring_loops import nested_rings, simple_loops, untied
from cdgis.workspace.layers import Subjects

E, N = 39_575_000.0, 4_535_000.0
"""Gauss-Krüger, zone 39, near 承德."""
OUTER = [(0, 0), (420, 26), (432, 448), (4, 410)]
HOLE = [(167, 112), (166, 223), (250, 224), (251, 113)]
AREA = Polygon(OUTER, [HOLE]).area


def moved(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(E + x, N + y) for x, y in ring]


def txt(points: list[tuple[int, list[tuple[float, float]]]], labels: list[str] | None = None) -> str:
    flat = [(ring, x, y) for ring, run in points for x, y in moved(run)]
    names = labels or [f"J{number}" for number in range(1, len(flat) + 1)]
    return boundary_text([f"{name},{ring},{y:.3f},{x:.3f}" for name, (ring, x, y) in zip(names, flat, strict=True)])


def read(tmp_path: Path, text: str) -> Subjects:
    (tmp_path / "界址点.txt").write_text(text, encoding="utf-8")
    return read_sites(workspace(tmp_path), (tmp_path / "界址点.txt",))


def area(subjects: Subjects) -> float:
    return float(survey_area_m2(subjects.frame.geometry.to_numpy())[0])


def closed(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [*ring, ring[0]]


def only(subjects: Subjects) -> IntakeNote:
    (note,) = subjects.intake
    return note


HOLES = {
    "hole first": [(1, closed(HOLE)), (2, closed(OUTER))],
    "hole first, unclosed": [(1, HOLE), (2, OUTER)],
    "all rings numbered 1": [(1, closed(HOLE)), (1, closed(OUTER))],
    "keyhole from the first corner": [(1, [*closed(OUTER), *closed(HOLE), OUTER[0]])],
    "keyhole from a later corner": [(1, [*OUTER[1:], OUTER[0], *closed(HOLE), OUTER[0], OUTER[1]])],
    "keyhole, hole the other way round": [(1, [*OUTER[1:], OUTER[0], *closed(HOLE)[::-1], OUTER[0], OUTER[1]])],
    "keyhole from a point on the edge": [(1, [OUTER[0], (210, 13), *closed(HOLE), (210, 13), *OUTER[1:], OUTER[0]])],
    "keyhole begun at the hole": [(1, [*HOLE, HOLE[0], OUTER[0], *OUTER[1:], OUTER[0], HOLE[0]])],
}


@pytest.mark.parametrize("kind", HOLES)
def test_a_hole_is_a_hole_however_it_is_written(tmp_path: Path, kind: str) -> None:
    subjects = read(tmp_path, txt(HOLES[kind]))
    assert [note.status for note in subjects.intake] != ["quarantined"], only(subjects).reason
    assert area(subjects) == pytest.approx(AREA, rel=3e-4)
    assert len(subjects.frame.geometry.iloc[0].interiors) == 1


@pytest.mark.parametrize(("first", "second"), [("J{}", "J{}"), ("{}", "{}"), ("J{}", "{}"), ("界{}", "界{}")])
def test_a_ring_begins_where_the_numbers_restart(tmp_path: Path, first: str, second: str) -> None:
    beside = [(x + 850, y) for x, y in OUTER]
    labels = [first.format(i) for i in range(1, 5)] + [second.format(i) for i in range(1, 5)]
    subjects = read(tmp_path, txt([(1, OUTER), (1, beside)], labels))
    assert "重新编起" in only(subjects).reason and "2 个部分" in only(subjects).reason
    assert area(subjects) == pytest.approx(2 * Polygon(OUTER).area, rel=3e-4)


def test_a_closing_point_with_the_first_number_is_no_restart(tmp_path: Path) -> None:
    subjects = read(tmp_path, txt([(1, closed(OUTER))], ["J1", "J2", "J3", "J4", "J1"]))
    assert "重新编起" not in only(subjects).reason and subjects.frame.geometry.iloc[0].geom_type == "Polygon"


@pytest.mark.parametrize("suffix", ["geojson", "shp", "gpkg"])
def test_hole_first_and_keyhole_in_files_of_polygons(tmp_path: Path, suffix: str) -> None:
    ring = [(117.90 + x * 1e-5, 40.95 + y * 1e-5) for x, y in closed(OUTER)]
    hole = [(117.90 + x * 1e-5, 40.95 + y * 1e-5) for x, y in closed(HOLE)]
    right = float(survey_area_m2([Polygon(ring, [hole])])[0])
    for number, shape in enumerate((Polygon(hole, [ring]), Polygon([*ring, *hole, ring[0]]))):
        path = tmp_path / f"{number}.{suffix}"
        if suffix == "geojson":
            write_geojson(path, [(shape, {"name": "甲"})], crs="EPSG:4490")
        else:
            write_layer(path, [shape])
        subjects = read_sites(workspace(tmp_path), (path,))
        assert area(subjects) == pytest.approx(right, abs=0.01), only(subjects).reason


def test_a_hole_elsewhere_never_becomes_land(tmp_path: Path) -> None:
    shape = Polygon(square(117.90, 40.95).exterior, [square(117.95, 40.95).exterior])
    write_geojson(tmp_path / "a.geojson", [(shape, {})], crs="EPSG:4490")
    note = only(read_sites(workspace(tmp_path), (tmp_path / "a.geojson",)))
    assert (note.status, "不在外环之内" in note.reason) == ("quarantined", True)


angles = st.lists(st.floats(0.05, 0.95), min_size=3, max_size=9)


@given(angles, angles, st.integers(0, 8), st.booleans())
def test_a_keyhole_ring_is_worth_shell_less_hole(outer: list[float], inner: list[float], start: int, turned: bool) -> None:
    def star(radii: list[float], least: float, most: float) -> np.ndarray:
        turn = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
        size = least + (most - least) * np.array(radii)
        return np.round(np.stack([size * np.cos(turn), size * np.sin(turn)], axis=1), 3)

    shell, hole = star(outer, 300, 500), star(inner, 5, 50)
    if turned:
        hole = hole[::-1]
    cut = np.concatenate([shell, shell[:1], hole, hole[:1], shell[:1]])
    ring = np.roll(cut[:-1], start, axis=0)
    expected = Polygon(shell).area - Polygon(hole).area
    made = shapely.union_all([untied(Polygon(ring + (E, N)))])
    assert made.is_valid and made.area == pytest.approx(expected, rel=1e-6)
    order = nested_rings(simple_loops(LinearRing(ring).coords.__array__()))
    assert [len(holes) for _, holes in order] == [1]


@given(st.floats(0.2, 60.0))
def test_a_repair_states_what_it_changed_or_is_refused(loop_m: float) -> None:
    # a corner overshot: a loop of loop_m by loop_m / 2 hangs on a square of 200 m
    points = [(0, 0), (200, 0), (200, 200 + loop_m), (200 - loop_m, 200), (200 + loop_m / 2, 200), (200 - loop_m, 200 + loop_m), (0, 200)]
    shape = Polygon(moved(points))
    if shape.is_valid:
        return
    found = settle(shape, 4527, source="a", remedy="")
    mending = mend(shape, 4527)
    changed = mending.gained_m2 + mending.lost_m2
    if found.geometry is None:
        assert changed > 0.01 * mending.area_m2 and "不作修复" in found.remarks[-1].reason
    else:
        assert changed <= 0.01 * mending.area_m2 and "面积" in found.remarks[-1].reason
    # the share is the symmetric difference between what was drawn and what is made, whichever way it is cut up
    drawn = shapely.buffer(shape, 0)
    assert changed == pytest.approx(shapely.symmetric_difference(drawn, mending.geometry).area, rel=1e-3, abs=0.02)


def test_the_share_is_a_setting() -> None:
    bow = Polygon(moved([(0, 0), (100, 100), (100, 0), (0, 100)]))
    assert settle(bow, 4527, source="a", remedy="").geometry is None
    assert settle(bow, 4527, source="a", remedy="", repair_share=1.0).geometry is not None


def test_parts_that_overlap_say_so_or_are_refused() -> None:
    def pair(shift: float) -> Polygon:
        return shapely.MultiPolygon([Polygon(moved(OUTER)), Polygon(moved([(x + shift, y) for x, y in OUTER]))])

    refused, mended = settle(pair(200), 4527, source="a", remedy=""), settle(pair(418), 4527, source="a", remedy="")
    assert refused.geometry is None and "重叠" in refused.remarks[-1].remedy
    assert mended.geometry is not None and "减" in mended.remarks[-1].reason


def test_a_zone_that_a_repair_changes_is_kept_and_told(tmp_path: Path) -> None:
    bow = Polygon([(117.90, 40.95), (117.91, 40.96), (117.91, 40.95), (117.90, 40.96)])
    keyhole = Polygon([(x * 1e-5 + 117.95, y * 1e-5 + 40.95) for x, y in [*closed(OUTER), *closed(HOLE), OUTER[0]]])
    fields = {"zone_id": ["A", "B"], "zone_name": ["甲", "乙"], "zone_class": ["x", "x"]}
    write_layer(tmp_path / "区.gpkg", [bow, keyhole], fields)
    layer = read_layer(layer_spec("区.gpkg"), tmp_path)
    assert list(layer.zones["zone_id"]) == ["A", "B"]
    notes = {note.row: note for note in layer.notes if note.row != "整个文件"}
    assert "占 50.0" in notes["1"].reason and "可能不属于这个区" in notes["1"].remedy
    assert notes["2"].status == "repaired" and "面积不变" in notes["2"].reason
    assert len(layer.zones.geometry.iloc[1].interiors) == 1


def test_reasons_are_chinese_with_the_place() -> None:
    found = settle(Polygon(moved([(0, 0), (100, 100), (100, 0), (0, 100)])), 4527, source="a", remedy="")
    assert "边界自相交，在 39575050.000,4535050.000" in found.remarks[-1].reason
    assert in_crs(square(117.9, 40.95), 4527).is_valid
