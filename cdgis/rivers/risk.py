"""Order in which the enterprises above a place are checked (tiers of cdgis/data/rivers/risk.toml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import tomli as tomllib

from cdgis.core.vocabulary import LIST_SEPARATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One step of the working order."""

    title: str
    flags: tuple[str, ...]
    """Attributes any of which being true puts an enterprise here."""
    values: Mapping[str, str]
    """Attribute -> text that puts an enterprise here."""

    def reasons(self, attributes: Mapping[str, str]) -> tuple[str, ...]:
        """Return the attributes by which an enterprise belongs here."""
        flags = [name for name in self.flags if attributes.get(name) == "true"]
        values = [f"{name}={text}" for name, text in self.values.items() if attributes.get(name) == text]
        return (*flags, *values)

    @property
    def takes_all(self) -> bool:
        """Whether this is the last tier, for what no other takes."""
        return not self.flags and not self.values


@cache
def risk_tiers() -> tuple[Tier, ...]:
    """Return the tiers, most urgent first."""
    raw = tomllib.loads(files("cdgis").joinpath("data/rivers/risk.toml").read_text(encoding="utf-8"))
    return tuple(Tier(title=row["title"], flags=tuple(row["flags"]), values=dict(row["values"])) for row in raw["tier"])


def tier_of(attributes: Mapping[str, str]) -> tuple[int, str]:
    """Return the 1-based tier of an enterprise and why, from its attributes (canonical values)."""
    for number, tier in enumerate(risk_tiers(), start=1):
        reasons = tier.reasons(attributes)
        if reasons or tier.takes_all:
            return number, LIST_SEPARATOR.join((tier.title, *reasons))
    return len(risk_tiers()) + 1, ""
