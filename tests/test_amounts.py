"""Amounts are printed in plain digits, and what is too small to print is told apart from nothing."""

import pytest

from cdgis.core.number_format import area_digits, legend_bound, percent, plain, square_metres


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (20_295_067.3, "20,295,067"),
        (0.2, "0.2"),
        (3.47e-5, "<0.001"),
        (-1e-9, ">-0.001"),
        (0.0, "0"),
        (12.5, "12.5"),
        (99_999.6, "99,999.6"),
    ],
)
def test_number_is_plain_when_large_or_small(value: float, printed: str):
    assert plain(value) == printed


def test_area_below_a_hundredth_is_not_nothing():
    assert (area_digits(3.47e-5), area_digits(0.0), area_digits(0.5)) == ("<0.01", "0.00", "0.50")
    assert square_metres(3.47e-5) == "<0.01 平方米"


def test_share_below_a_ten_thousandth_is_not_nothing():
    assert (percent(3e-7), percent(0.0), percent(0.123456)) == ("<0.01%", "0.00%", "12.35%")


@pytest.mark.parametrize(
    ("value", "printed"), [(1.1e-7, "<0.001"), (0.0, "0"), (0.0534, "0.053"), (3.456, "3.5"), (1234.5, "1,234")]
)
def test_legend_bound_has_no_power_of_ten(value: float, printed: str):
    assert legend_bound(value) == printed
