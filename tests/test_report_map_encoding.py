import base64
import zlib

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cdgis.core.errors import ReportError
from cdgis.report.map.outline_encoding import deflated, flatten, inflated, pack, unpack, varints


def _array(*shapes: shapely.Geometry) -> np.ndarray:
    return np.array(shapes, dtype=object)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, b"\x00"),
        (-1, b"\x01"),
        (1, b"\x02"),
        (63, b"\x7e"),
        (64, b"\x80\x01"),
        (-8192, b"\xff\x7f"),
        (8192, b"\x80\x80\x01"),
    ],
)
def test_varint_of_a_known_number_when_written_by_hand(number: int, written: bytes) -> None:
    assert varints(np.array([number])) == written


def test_no_numbers_are_no_bytes() -> None:
    assert varints(np.array([], dtype=np.int64)) == b""


LONLAT = st.tuples(st.floats(-180, 180), st.floats(-85, 85))


@given(st.lists(st.lists(LONLAT, min_size=2, max_size=9), max_size=6))
def test_unpacked_lines_are_the_packed_ones_within_half_a_unit(lines: list[list[tuple[float, float]]]) -> None:
    shapes = _array(*(shapely.LineString(line) for line in lines)) if lines else np.array([], dtype=object)
    rings = flatten(shapes)
    back, masks = unpack(pack(rings)) if lines else (rings, ())
    assert masks == ()
    assert back.vertices_of_ring.tolist() == rings.vertices_of_ring.tolist()
    assert np.abs(back.lonlat - rings.lonlat).max(initial=0) <= 0.5000001e-6


def test_polygon_with_hole_and_parts_keeps_its_structure() -> None:
    holed = shapely.box(117, 41, 117.01, 41.01).difference(shapely.box(117.002, 41.002, 117.004, 41.004))
    both = shapely.MultiPolygon([holed, shapely.box(118, 41, 118.01, 41.01)])
    back, _ = unpack(pack(flatten(_array(both, shapely.Point(117, 41), shapely.MultiPolygon()))))
    assert back.parts_of_zone.tolist() == [2, 1, 0]
    assert back.rings_of_part.tolist() == [2, 1, 1]
    assert back.vertices_of_ring.tolist() == [4, 4, 4, 1]


def test_masks_come_back_bit_by_bit() -> None:
    rings = flatten(_array(shapely.LineString(np.c_[np.arange(13), np.arange(13)])))
    masks = (np.arange(13) % 2 == 0, np.arange(13) % 3 == 0)
    assert [m.tolist() for m in unpack(pack(rings, masks))[1]] == [m.tolist() for m in masks]


@pytest.mark.parametrize("text", ["!", base64.b64encode(b"no zlib").decode()])
def test_text_that_is_no_payload_is_refused(text: str) -> None:
    with pytest.raises(ReportError, match="无法解开"):
        inflated(text)


def test_cut_payload_is_refused() -> None:
    whole = zlib.decompress(base64.b64decode(pack(flatten(_array(shapely.box(0, 0, 1, 1))))))
    with pytest.raises(ReportError, match="不完整"):
        unpack(deflated(whole[:-2]))
