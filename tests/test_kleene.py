"""Kleene's truth tables, written out."""

import numpy as np
import pytest

from cdgis.judging import kleene
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN

F, U, T = (np.array([v], dtype=np.int8) for v in (FALSE, UNKNOWN, TRUE))


@pytest.mark.parametrize(
    ("a", "b", "both", "either"),
    [(F, F, F, F), (F, U, F, U), (F, T, F, T), (U, U, U, U), (U, T, U, T), (T, T, T, T)],
)
def test_all_of_and_any_of_follow_kleene_in_either_order(a, b, both, either):
    for pair in ((a, b), (b, a)):
        assert kleene.all_of(*pair) == both
        assert kleene.any_of(*pair) == either


def test_negation_keeps_unknown():
    assert [kleene.negate(v)[0] for v in (F, U, T)] == [TRUE, UNKNOWN, FALSE]


def test_constant_and_of_build_the_three_values():
    assert [kleene.constant(v, 2).tolist() for v in (False, None, True)] == [[0, 0], [1, 1], [2, 2]]
    found = kleene.of(np.array([True, True, False, False]), np.array([True, False, True, False]))
    assert found.tolist() == [TRUE, TRUE, UNKNOWN, FALSE]
