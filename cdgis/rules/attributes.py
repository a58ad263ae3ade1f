"""Facts about projects and enterprises that cdgis knows by name (cdgis/data/attributes.toml).

Rule conditions, side-table columns and ``--attr KEY=VALUE`` all use these names; readers accept the aliases.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, get_args

from cdgis.errors import RuleError

AttributeType = Literal["flag", "number", "text", "list"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeSpec:
    """One named attribute of a subject."""

    name: str
    title: str
    """Chinese name shown to the user."""
    type: AttributeType
    """flag: true/false; number: plain decimal in `unit`; text: words; list: words separated by ';'."""
    unit: str = ""
    aliases: tuple[str, ...] = ()
    """Column headers that mean this attribute."""


@cache
def load_attributes() -> Mapping[str, AttributeSpec]:
    """Return every known attribute by name, in file order.

    Raises
    ------
    RuleError : an entry lacks a title, has an unknown type, or two entries share an alias; all faults at once.
    """
    raw = tomllib.loads(files("cdgis").joinpath("data/attributes.toml").read_text(encoding="utf-8"))
    problems = [*_faulty_entries(raw), *_shared_aliases(raw)]
    if problems:
        raise RuleError(tuple(problems))
    return MappingProxyType(
        {
            name: AttributeSpec(name=name, **{**row, "aliases": tuple(row.get("aliases", ()))})
            for name, row in raw.items()
        }
    )


def _faulty_entries(raw: Mapping[str, Mapping[str, object]]) -> list[str]:
    known = get_args(AttributeType)
    return [
        f"attributes.toml {name}：需要 title 和 type（{'、'.join(known)}），读到 {dict(row)!r:.80}"
        for name, row in raw.items()
        if not row.get("title") or row.get("type") not in known
    ]


def _shared_aliases(raw: Mapping[str, Mapping[str, object]]) -> list[str]:
    owner: dict[str, str] = {}
    problems: list[str] = []
    for name, row in raw.items():
        aliases = row.get("aliases", ())
        for word in dict.fromkeys([name, str(row.get("title", "")), *(aliases if isinstance(aliases, list) else ())]):
            if owner.setdefault(word, name) != name:
                problems.append(f"attributes.toml：“{word}”同时指 {owner[word]} 和 {name}")
    return problems
