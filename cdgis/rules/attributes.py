"""Facts about projects and enterprises that cdgis knows by name (cdgis/data/attributes.toml).

Rule conditions, side-table columns and ``--attr KEY=VALUE`` all use these names; readers accept the aliases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, get_args

import tomli as tomllib

from cdgis.core.errors import RuleError
from cdgis.rules import industry

AttributeType = Literal["flag", "number", "text", "list", "document"]
SEEN = "_seen"
"""Ending of the attribute that names who has seen what another one declares: ``opinion_document_seen``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeSpec:
    """One named attribute of a subject."""

    name: str
    title: str
    """Chinese name shown to the user."""
    type: AttributeType
    """flag: true/false; number: plain decimal in `unit`; text: words; list: words separated by ';'; document: the number
    of an approval, which counts only in an issuer's form and once somebody has registered it as seen."""
    unit: str = ""
    aliases: tuple[str, ...] = ()
    """Column headers that mean this attribute."""
    when_blank: Literal["unknown", "no"] = "unknown"
    """What a rule makes of a blank where it goes by the declaration alone; ``no`` only with `blank_reason`."""
    asked_of: tuple[str, ...] = ()
    """Industries (GB/T 4754-2017 prefixes) of which a blank is unknown; empty: of all. Elsewhere a blank means no."""
    blank_reason: str = ""
    """Why a blank may mean no, there or everywhere."""
    registered: bool = False
    """Set only by an officer (``--seen``), never by a table or ``--attr``."""


@cache
def load_attributes() -> Mapping[str, AttributeSpec]:
    """Return every known attribute by name, in file order.

    Raises
    ------
    RuleError : an entry lacks a title, has an unknown type, or two entries share an alias; all faults at once.
    """
    raw = tomllib.loads(files("cdgis").joinpath("data/attributes.toml").read_text(encoding="utf-8"))
    problems = [*_faulty_entries(raw), *_shared_aliases(raw), *_blank_entries(raw)]
    if problems:
        raise RuleError(tuple(problems))
    return MappingProxyType(
        {
            name: AttributeSpec(name=name, **{**row, **{key: tuple(row.get(key, ())) for key in ("aliases", "asked_of")}})
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


def _blank_entries(raw: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the entries that presume a no without saying why, or say why without presuming."""
    faults = []
    for name, row in raw.items():
        presumes = row.get("when_blank") == "no" or bool(row.get("asked_of"))
        if presumes != bool(row.get("blank_reason")):
            faults.append(f"attributes.toml {name}：空白按“否”（when_blank、asked_of）与理由 blank_reason 须同时写")
    return faults


def is_asked_of(name: str, code: str) -> bool | None:
    """Return whether a blank attribute is an open question for an industry; None when the code does not tell.

    Attributes outside the dictionary are asked of everybody.
    """
    spec = load_attributes().get(name)
    if spec is None or (spec.when_blank == "unknown" and not spec.asked_of):
        return True
    return False if spec.when_blank == "no" else industry.matches_prefix(code, spec.asked_of)


def is_document(name: str) -> bool:
    """Return whether an attribute holds the number of an approval."""
    spec = load_attributes().get(name)
    return spec is not None and spec.type == "document"


def _shared_aliases(raw: Mapping[str, Mapping[str, object]]) -> list[str]:
    owner: dict[str, str] = {}
    problems: list[str] = []
    for name, row in raw.items():
        aliases = row.get("aliases", ())
        for word in dict.fromkeys([name, str(row.get("title", "")), *(aliases if isinstance(aliases, list) else ())]):
            if owner.setdefault(word, name) != name:
                problems.append(f"attributes.toml：“{word}”同时指 {owner[word]} 和 {name}")
    return problems
