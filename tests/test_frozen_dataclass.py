"""Records answer as the dataclasses of the standard library do, on random fields and values."""

import copy
import dataclasses
import inspect
import math
import pickle
import sys
from typing import Any, ClassVar

from hypothesis import given
from hypothesis import strategies as st

from cdgis.core import frozen_dataclass as records

NAMES = ("area_m2", "name", "zones", "kind", "_kept")
VALUES = st.one_of(st.integers(), st.text(max_size=3), st.none(), st.just(math.nan), st.lists(st.integers(), max_size=2).map(tuple))
CELLS = st.lists(st.integers(0, 3), max_size=2)  # what cannot be hashed
WAYS = ("plain", "default", "factory", "made", "kept", "unseen", "uncompared")


class Holder:
    def __init__(self) -> None:
        self.seen = 0


def bodies(ways: list[str], value: object, *, after: bool) -> dict[str, Any]:
    """The body of a class with one field a way."""
    made = {"plain": {}, "default": {"default": value}, "factory": {"default_factory": Holder}, "made": {"default_factory": dict, "init": False},
            "kept": {"default": value, "init": False}, "unseen": {"repr": False}, "uncompared": {"compare": False}}  # fmt: skip
    body: dict[str, Any] = {name: dataclasses.field(**made[way]) for name, way in zip(NAMES, ways, strict=False)}
    body |= {"__annotations__": dict.fromkeys(body, object) | {"count": ClassVar[int]}, "__doc__": "A record.", "__module__": __name__}
    if after:
        body["__post_init__"] = lambda self: SEEN.append(type(self).__name__)
    return body


SEEN: list[str] = []


def both(ways: list[str], value: object, *, eq: bool = True, after: bool = False) -> list[Any]:
    options = {"frozen": True, "slots": True, "kw_only": True} | ({} if eq else {"eq": False})
    pair = [make(**options)(type("Sample", (), bodies(ways, value, after=after))) for make in (dataclasses.dataclass, records.dataclass)]
    assert pair[1].__eq__ is (records._equal if eq else object.__eq__)  # the way that is tested
    return pair


def said(ask: Any) -> object:
    try:
        return ask()
    except (TypeError, AttributeError) as err:
        return type(err), str(err)


@given(st.lists(st.sampled_from(WAYS), max_size=5), VALUES, st.lists(VALUES | CELLS, min_size=10, max_size=10), st.booleans(), st.booleans())
def test_a_record_answers_as_the_dataclass(ways, value, values, eq, after):
    theirs, ours = both(ways, value, eq=eq, after=after)
    inits = [name for name, way in zip(NAMES, ways, strict=False) if way not in ("made", "kept")]
    needed = [name for name, way in zip(NAMES, ways, strict=False) if way in ("plain", "unseen", "uncompared")]
    first, second = dict(zip(inits, values[:5], strict=False)), dict(zip(inits, values[5:], strict=False))
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    SEEN.clear()
    pairs = [(made(**first), made(**second), made(**first)) for made in (theirs, ours)]
    assert len(SEEN) == (6 if after else 0)
    for question in (repr, dataclasses.asdict, lambda one: [getattr(one, name) for name in NAMES[: len(ways)]]):
        assert repr(question(pairs[1][0])) == repr(question(pairs[0][0]))
    compared = [(one == two, one == three, one != three, one == object(), eq and said(lambda one=one: hash(one))) for one, two, three in pairs]
    assert compared[0] == compared[1] and (eq or not compared[0][1])
    assert repr(dataclasses.replace(pairs[1][0], **second)) == repr(dataclasses.replace(pairs[0][0], **second)) == repr(pairs[1][1])
    for name in (*NAMES, "other"):
        for change in (lambda one, name: setattr(one, name, 1), delattr):
            said_of = [said(lambda one=one, name=name, change=change: change(one[0], name)) for one in pairs]
            assert said_of[1][0] is dataclasses.FrozenInstanceError and (name not in NAMES[: len(ways)] or said_of[0] == said_of[1])
    for name in needed:
        left = {key: cell for key, cell in first.items() if key != name}
        assert said(lambda left=left: theirs(**left)) == said(lambda left=left: ours(**left))
    assert said(lambda: theirs(**first, no_field=1)) == said(lambda: ours(**first, no_field=1))


@records.dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Something with a name."""

    name: str
    parts: tuple["Zone", ...] = ()
    made: dict[str, int] = dataclasses.field(default_factory=dict, compare=False)


@records.dataclass(frozen=True, slots=True, kw_only=True)
class Named(Zone):
    """The same with words of its own."""

    words: str = ""

    def __repr__(self) -> str:
        return self.words

    def __hash__(self) -> int:
        return 7


def test_records_travel_and_are_copied_and_keep_what_they_say_themselves():
    one = Named(name="甲", parts=(Zone(name="乙"),), words="丙")
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), copy.copy(one)):
        assert other == one and other is not one and (repr(other), hash(other)) == ("丙", 7)
    assert one != Zone(name="甲", parts=one.parts) and repr(one.parts) == "(Zone(name='乙', parts=(), made={}),)"
    assert Zone(name="甲").made is not Zone(name="甲").made and not hasattr(one, "__dict__")
    assert hash(Zone(name="甲")) == hash(Zone(name="甲", made={"a": 1})) and Zone(name="甲") == Zone(name="甲", made={"a": 1})


def test_other_dataclasses_are_the_standard_librarys():
    made = records.dataclass(frozen=True, kw_only=True)(type("Sample", (), {"__annotations__": {"name": str}}))
    plain = records.dataclass(type("Sample", (), {"__annotations__": {"name": str}}))
    assert made(name="甲").__dict__ == {"name": "甲"} and plain("甲").name == "甲"
    assert {made.__eq__.__module__, plain.__eq__.__module__} != {records.__name__}
    assert sys.modules["dataclasses"].dataclass is not records.dataclass
