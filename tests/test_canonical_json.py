"""Records are written as the standard library would write them, byte by byte, and what is no JSON is refused."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdgis.core.canonical_json import canonical_json, canonical_text

texts = st.text(st.characters(), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4) | st.tuples(inner),
    max_leaves=20,
)


def by_the_library(value):
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"
    assert canonical_text(value) == text
    return text.encode("utf-8", "replace")


@given(values)
def test_bytes_are_those_of_the_standard_library(value):
    assert canonical_json(value) == by_the_library(value)


@pytest.mark.parametrize("value", [{"b": [{}, [], ()], "a": {"x": [[1, 2.50], "\ud800\n\"\\", True]}}, "", -0.0, 1e308, 10**30, {"": None}])
def test_empty_nested_and_odd_values_too(value):
    assert canonical_json(value) == by_the_library(value)


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": -math.inf}])
def test_number_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="not a number of JSON"):
        canonical_json(value)


@pytest.mark.parametrize("value", [{1: 2}, {1, 2}, object(), b"x"])
def test_what_json_does_not_know_is_refused(value):
    with pytest.raises(TypeError):
        canonical_json(value)
