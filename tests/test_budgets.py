"""Files and shapes beyond reason are refused with a word, in little time; those within it are read as ever."""

import time
from pathlib import Path

import ezdxf
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cdgis.core.errors import ReaderError
from cdgis.core.vocabulary import IntakeStatus
from cdgis.readers import dxf, input_limits, nested_outlines
from cdgis.readers.formats import read_records
from cdgis.readers.input_limits import MOST_CROSSINGS, tangle_remarks
from cdgis.readers.intake import worst
from cdgis.readers.nested_outlines import Outline, Placement, nested, without_twins
from cdgis.readers.records import SiteSource
from cdgis.readers.repair import settle

PLACE = Placement(epsg=4490, unit="m", swap=False, remarks=())


def outlines(polygons: list[shapely.Polygon]) -> list[Outline]:
    return [Outline(layer="A", polygon=p, placement=PLACE, is_curved=False, is_fill=False) for p in polygons]


def read(path: Path, crs: str = "EPSG:4527"):
    return read_records(SiteSource(path=path, label=path.name, crs=crs, dxf_unit="m", undeclared_accuracy_m=0.0, home=None), None)


def plain_nested(shapes: list[Outline]) -> list[tuple[Outline, list[Outline]]]:
    """Return what `nested` means, curve by curve."""
    polygons = [shape.polygon for shape in shapes]
    owners = [
        [j for j, other in enumerate(polygons) if other.area > one.area and other.covers(one)] for one in polygons
    ]
    holes: dict[int, list[Outline]] = {}
    for i, around in enumerate(owners):
        if len(around) % 2:
            holes.setdefault(min(around, key=lambda j: polygons[j].area), []).append(shapes[i])
    return [(shape, holes.get(i, [])) for i, shape in enumerate(shapes) if len(owners[i]) % 2 == 0]


BOXES = st.lists(
    st.tuples(*[st.integers(0, 8)] * 2, *[st.integers(1, 8)] * 2).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])), max_size=14
)


@given(boxes=BOXES)
@settings(max_examples=120, deadline=None)
def test_outlines_nest_as_curve_by_curve(boxes: list[tuple[int, int, int, int]]) -> None:
    shapes = outlines([shapely.box(*b) for b in boxes])
    assert nested(shapes) == plain_nested(shapes)


@given(boxes=BOXES, again=st.lists(st.integers(0, 13), max_size=6))
@settings(max_examples=80, deadline=None)
def test_of_curves_drawn_twice_one_stays_and_counts_the_others(boxes: list, again: list[int]) -> None:
    distinct = list(dict.fromkeys(boxes))
    repeated = [distinct[i] for i in again if i < len(distinct)]
    kept = without_twins(outlines([shapely.box(*b) for b in (*distinct, *repeated)]))
    assert [k.polygon.bounds for k in kept] == [tuple(map(float, b)) for b in distinct]
    assert [k.twins for k in kept] == [repeated.count(b) for b in distinct]


def test_curves_that_all_lie_in_each_other_are_refused_before_they_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested_outlines, "_MOST_PAIRS", 10_000)
    squares = outlines([shapely.box(-r, -r, r, r) for r in range(1, 400)])
    for work in (nested, without_twins):
        with pytest.raises(ReaderError, match="套叠"):
            work(squares)


def test_a_drawing_of_a_whole_base_map_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = ezdxf.new()
    drawing.header["$INSUNITS"] = 6
    for i in range(6):
        x, y = 39576000 + 20 * i, 4540000
        drawing.modelspace().add_lwpolyline([(x, y), (x + 10, y), (x, y + 10)], close=True)
    drawing.saveas(tmp_path / "a.dxf")
    assert len(read(tmp_path / "a.dxf")) == 6
    monkeypatch.setattr(dxf, "MOST_CLOSED", 5)
    with pytest.raises(ReaderError, match="6 条闭合线，超过 5 条"):
        read(tmp_path / "a.dxf")


@pytest.mark.parametrize("name", ["a.geojson", "a.csv", "a.gpkg", "a.shp", "a.txt", "a.kml", "a.xlsx", "a.dxf"])
def test_a_file_beyond_its_budget_is_not_opened(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_limits, "MOST_BYTES", {"": 2 << 20, ".geojson": 1 << 20, ".csv": 1 << 20, ".txt": 1 << 20, ".kml": 1 << 20})
    (tmp_path / name).write_bytes(b"x" * ((2 << 20) + 1))
    with pytest.raises(ReaderError, match="MB，超过"):
        read(tmp_path / name)


def status(shape: shapely.Geometry) -> tuple[IntakeStatus, str]:
    settled = settle(shape, 4490, source="x", remedy="")
    return worst(settled.remarks), "；".join(r.reason for r in settled.remarks)


@pytest.mark.parametrize("count", [800, 3000, 20000])
def test_points_in_no_order_are_refused_at_once(count: int) -> None:
    points = np.random.default_rng(1).uniform((117, 41), (117.5, 41.4), (count, 2))
    began = time.process_time()
    found, reason = status(shapely.Polygon(points))
    assert found is IntakeStatus.QUARANTINED and "次序" in reason
    assert time.process_time() - began < 20


def test_an_outline_that_slips_is_still_mended() -> None:
    ring = [(117 + 0.001 * np.cos(t), 41 + 0.001 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 200, endpoint=False)]
    ring[10], ring[11] = ring[11], ring[10]
    assert status(shapely.Polygon(ring))[0] is IntakeStatus.REPAIRED


@given(count=st.integers(4, 60), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_few_points_are_never_called_a_tangle(count: int, seed: int) -> None:
    if count * count < 2 * MOST_CROSSINGS:
        assert tangle_remarks(shapely.Polygon(np.random.default_rng(seed).uniform(0, 1, (count, 2)))) == ()


def test_a_shape_of_the_size_of_a_continent_is_refused_and_one_of_a_city_is_not() -> None:
    assert "公里" in status(shapely.box(74, 4, 135, 53))[1]
    assert status(shapely.box(74, 4, 135, 53))[0] is IntakeStatus.QUARANTINED
    assert status(shapely.box(116, 40.2, 119, 42.6))[0] is IntakeStatus.ACCEPTED


def test_vertices_beyond_reason_are_refused_and_many_are_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_limits, "SLOW_VERTICES", 50)
    monkeypatch.setattr(input_limits, "MOST_VERTICES", 100)
    cases = (
        (40, "", IntakeStatus.ACCEPTED), (80, "一两分钟", IntakeStatus.ACCEPTED), (120, "超过 100 个", IntakeStatus.QUARANTINED),
    )  # fmt: skip
    for count, words, expected in cases:
        found, reason = status(shapely.Point(117.5, 41.4).buffer(0.01, quad_segs=count // 4))
        assert found is expected and words in reason
