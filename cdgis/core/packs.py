"""Packs of law and local data: national, a province, a city, each a folder with a manifest (pack.toml).

A pack holds rules (``rules/*.toml``), dates of documents, and files that take the place of, or amend, those of
``cdgis/data``. Which packs count is a matter of the calling context, like the planes: two workspaces in one process have
each their own, and where nobody said, national law alone counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomli as tomllib
from pydantic import Field, ValidationError

from cdgis.core.error_words import in_words
from cdgis.core.errors import WorkspaceError
from cdgis.core.toml_files import PlainText, Stated, schema_problems
from cdgis.core.vocabulary import Level

MANIFEST, PACKS_DIR = "pack.toml", "packs"
_DATA = Path(str(files("cdgis").joinpath("data")))


class Pack(Stated):
    """The manifest of a pack, and where it lies."""

    id: PlainText = Field(pattern=r"^\w[\w\-]*$")
    name: PlainText
    """Of the place, as [place] or `city` writes it."""
    level: Level
    issuer: PlainText
    places: tuple[PlainText, ...] = ()
    """Beginnings of the 行政区划代码 it applies to; none means everywhere."""
    version: PlainText
    effective_from: date | None = None
    effective_to: date | None = None
    """First and last day it speaks for, where it says so; its rules have days of their own."""
    depends: tuple[PlainText, ...] = ()
    folder: Path
    state: tuple[tuple[str, int, int], ...] = Field(default=(), repr=False)
    """Path, bytes and nanosecond of change of each of its files: what was read from a pack holds for this state of it alone."""

    def __hash__(self) -> int:
        """Return the id's hash: packs are asked for a hundred thousand times a run, and two of one id are rare."""
        return hash(self.id)

    def applies_to(self, code: str, names: Sequence[str]) -> bool:
        """Return whether the pack applies to a place of this code; without a code, whether the place bears its name."""
        if not self.places:
            return True
        return any(code.startswith(place) for place in self.places) if code else self.name in names

    def file(self, name: str) -> Path:
        """Return where a file of the pack would lie."""
        return self.folder / name


def read_pack(folder: Path) -> Pack:
    """Return the pack in `folder`.

    Raises
    ------
    WorkspaceError : no manifest, or one that breaks the schema.
    """
    shown = f"{PACKS_DIR}/{folder.name}/{MANIFEST}"
    try:
        raw = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8-sig"))
        pack = Pack(**raw, folder=folder, state=_state_of(folder))
    except ValidationError as err:
        raise WorkspaceError(f"{shown} 有误：{'；'.join(schema_problems(err))}") from err
    except (OSError, ValueError, TypeError) as err:
        raise WorkspaceError(f"{shown} 无法读取：{in_words(err)}", remedy="写法见 docs/packs.md") from err
    if pack.level is not Level.NATION and not pack.places:
        raise WorkspaceError(f"{shown} 没有写 places：省、市的规定须写明适用于哪些行政区划代码", remedy='例如 places = ["43"]')
    return pack


def _state_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    found = ((path.relative_to(folder).as_posix(), path.stat()) for path in sorted(folder.rglob("*")) if path.is_file())
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)


def packs_in(folder: Path) -> dict[str, Pack]:
    """Return id -> pack of the folders in `folder` that hold a manifest, by folder name."""
    found = [read_pack(entry.parent) for entry in sorted(folder.glob(f"*/{MANIFEST}"))]
    return {pack.id: pack for pack in found}


@cache
def shipped_packs() -> Mapping[str, Pack]:
    """Return the packs of the package by id."""
    return packs_in(_DATA / PACKS_DIR)


_current: ContextVar[tuple[Pack, ...]] = ContextVar("packs")


def current_packs() -> tuple[Pack, ...]:
    """Return the packs of the place the work at hand belongs to, the widest first; national law when nobody said."""
    return _current.get((shipped_packs()["national"],))


@contextmanager
def on_packs(packs: Sequence[Pack]) -> Iterator[None]:
    """Work with these packs until the block ends."""
    token = _current.set(tuple(packs))
    try:
        yield
    finally:
        _current.reset(token)


def set_packs(packs: Sequence[Pack]) -> None:
    """Work with these packs from here on: for a process or a test that knows one place."""
    _current.set(tuple(packs))


def pack_file(name: str) -> Path | None:
    """Return the file of that name the narrowest pack has, or cdgis/data; None where nobody has it."""
    places = (*(pack.file(name) for pack in reversed(current_packs())), _DATA / name)
    return next((path for path in places if path.is_file()), None)


def pack_toml(name: str, base: Path | None = None) -> Mapping[str, Any]:
    """Return a TOML file of cdgis/data (or `base`) with what the current packs say otherwise: tables merged, the rest replaced."""
    return _merged(name, base, current_packs())


@cache
def _merged(name: str, base: Path | None, packs: tuple[Pack, ...]) -> Mapping[str, Any]:
    merged: Mapping[str, Any] = {}
    for path in (base or _DATA / name, *(pack.file(name) for pack in packs)):
        if path.is_file():
            try:
                merged = _over(merged, tomllib.loads(path.read_text(encoding="utf-8-sig")))
            except (OSError, ValueError) as err:
                raise WorkspaceError(f"{path.name} 无法读取：{in_words(err)}", remedy="请按 TOML 改正") from err
    return merged


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return two tables merged, what is above winning."""
    both = {**below, **above}
    nested = [key for key in below.keys() & above.keys() if isinstance(below[key], dict) and isinstance(above[key], dict)]
    return both | {key: _over(below[key], above[key]) for key in nested}
