"""Frozen dataclasses that share their methods instead of having each compiled.

`dataclasses.dataclass` writes and compiles six functions a class, half a millisecond: of a command that loads a hundred and
sixty such classes, a twentieth of its time. Here only `__init__` is compiled; comparing, hashing, printing, refusing and
pickling are one function each for all, with the answers of the original (tests/test_frozen_dataclass.py). Other kinds of
dataclasses are the original's.
"""

import dataclasses
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, **options):
        """Return a dataclass as `dataclasses.dataclass` makes it; one frozen, slotted and keyword-only, in a fifth of the time."""
        if cls is not None or {**options, "eq": True} != _RECORD:
            return dataclasses.dataclass(cls, **options)
        return lambda cls: _record(cls, eq=options.get("eq", True))


_RECORD = {"frozen": True, "slots": True, "kw_only": True, "eq": True}
_set = object.__setattr__


class _Factory:
    """Stands for a default that is made anew for each record."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _record(cls: type, *, eq: bool) -> Any:
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
    fields: tuple[Field[Any], ...] = dataclasses.fields(made)
    own = {"__init__": _init_of(made, fields), "__repr__": _repr, "__setattr__": _refuse_set, "__delattr__": _refuse_delete,
           "__getstate__": _state, "__setstate__": _restore}  # fmt: skip
    if eq:
        own |= {"__eq__": _equal}
        made._compared = _values_of([field.name for field in fields if field.compare])
        if cls.__dict__.get("__hash__") is None:
            made.__hash__ = _hash
    for name, method in own.items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    return made


def _init_of(made: Any, fields: tuple[Field[Any], ...]) -> Any:
    """Return `__init__`: one keyword a field, those with a default optional, and what the class does afterwards."""
    given = [field for field in fields if field.init]
    names: dict[str, Any] = {"_set": _set, "_FACTORY": _FACTORY}
    lines = [f"def __init__(self{', *, ' if given else ''}{', '.join(field.name for field in given)}):"]
    for field in fields:
        value = field.name if field.init else f"_default_{field.name}"
        if field.default_factory is not MISSING:
            names[f"_make_{field.name}"] = field.default_factory
            value = f"_make_{field.name}() if {field.name} is _FACTORY else {field.name}" if field.init else f"_make_{field.name}()"
        elif not field.init:
            if field.default is MISSING:
                continue
            names[value] = field.default
        lines.append(f" _set(self, {field.name!r}, {value})")
    lines.append(" self.__post_init__()" if hasattr(made, "__post_init__") else " return None")
    exec("\n".join(lines), names)
    init: Any = names["__init__"]
    init.__kwdefaults__ = {
        field.name: _FACTORY if field.default is MISSING else field.default for field in given
        if field.default is not MISSING or field.default_factory is not MISSING
    }  # fmt: skip
    init.__annotations__ = {field.name: field.type for field in given} | {"return": None}
    init.__qualname__, init.__module__ = f"{made.__qualname__}.__init__", made.__module__
    return init


def _values_of(names: list[str]) -> Any:
    return attrgetter(*names) if len(names) > 1 else staticmethod(lambda record: tuple(getattr(record, name) for name in names))


def _equal(self: Any, other: Any) -> bool:
    return bool(self._compared(self) == other._compared(other)) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(self._compared(self))


@recursive_repr()
def _repr(self: Any) -> str:
    told = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(told)})"


def _refuse_set(self: Any, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        _set(self, field.name, value)
