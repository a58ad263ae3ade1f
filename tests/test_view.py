import numpy as np
import pytest

from cdgis.geometry import geodesy
from cdgis.geometry.map_frame import METRES_PER_DEGREE, View, round_length

SQUARE = (117.6, 40.9, 117.61, 40.91)
SIZE_PX = (720, 480)


def test_pixels_are_true_to_scale_both_ways():
    view = View.around(SQUARE, SIZE_PX, room=2.0, least_width_m=100.0)
    (x0, y0), (x1, y1) = view.pixels(np.array([(117.6, 40.9), (117.61, 40.91)]))
    width_m = geodesy.geodesic_distance_m(*map(np.array, (117.6, 40.905, 117.61, 40.905)))
    height_m = geodesy.geodesic_distance_m(*map(np.array, (117.605, 40.9, 117.605, 40.91)))
    assert (x1 - x0) / (y0 - y1) == pytest.approx(float(width_m / height_m), rel=5e-3)
    assert view.width_m * (x1 - x0) / SIZE_PX[0] == pytest.approx(float(width_m), rel=5e-3)


def test_middle_of_the_bounds_is_the_middle_of_the_drawing():
    view = View.around(SQUARE, SIZE_PX, room=3.0)
    assert view.pixels(np.array([(117.605, 40.905)])).tolist() == [[360.0, 240.0]]


def test_corners_of_the_view_are_the_corners_of_the_drawing():
    view = View.around(SQUARE, SIZE_PX)
    assert view.pixels(np.array([(view.west, view.north), (view.east, view.south)])).tolist() == [[0, 0], [720, 480]]


def test_bounds_that_are_taller_than_the_drawing_fill_its_height():
    view = View.around((117.6, 40.9, 117.6001, 40.91), SIZE_PX)
    assert (view.south, view.north) == pytest.approx((40.9, 40.91))


@pytest.mark.parametrize(("least_m", "most_m", "expected_m"), [(50_000, 90_000, 50_000), (0, 1.0, 1.1)])
def test_width_has_a_least_and_a_most_but_always_shows_the_bounds(least_m, most_m, expected_m):
    view = View.around(SQUARE, SIZE_PX, room=5.0, least_width_m=least_m, most_width_m=most_m)
    needed_m = 0.01 * METRES_PER_DEGREE * 720 / 480
    assert view.width_m == pytest.approx(expected_m if expected_m > 2 else expected_m * needed_m)


def test_margin_reaches_beyond_the_view_by_as_many_pixels_on_every_side():
    view = View.around(SQUARE, SIZE_PX)
    west, south, east, north = view.box(12.0)
    assert view.pixels(np.array([(west, north), (east, south)])).tolist() == [[-12, -12], [732, 492]]


def test_bar_is_round_and_as_long_as_its_label_says():
    view = View.around(SQUARE, SIZE_PX, least_width_m=9_000.0)
    assert view.scale_bar == (round(2000 / 9000 * 720, 2), "2 公里")


@pytest.mark.parametrize(("length_m", "round_m"), [(1.0, 1), (1.99, 1), (2.0, 2), (4.9, 2), (7, 5), (999, 500), (0.3, 0.2)])
def test_round_length_is_the_largest_that_is_not_longer(length_m, round_m):
    assert round_length(length_m) == pytest.approx(round_m)
