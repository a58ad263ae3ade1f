"""What-if changes: a park closed, other spare land, other weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdgis.core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Changes to the plan's assumptions; none by default."""

    closed: tuple[str, ...] = ()
    """Ids or names of parks that take nobody."""
    spare_ha: Mapping[str, float] = field(default_factory=dict)
    """Id or name of a park -> spare land to reckon with, hectares."""
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """"priority" and "destinations" -> criterion -> weight."""
    free: tuple[str, ...] = ()
    """Ids of enterprises to search a free location for."""

    def row(self) -> dict[str, Any]:
        """Return the changes as JSON holds them, {} without any."""
        weights = {group: dict(sorted(values.items())) for group, values in sorted(self.weights.items())}
        changes = {
            "close": list(self.closed), "cap_ha": dict(sorted(self.spare_ha.items())), "weights": weights,
            "free": list(self.free),
        }  # fmt: skip
        return {name: value for name, value in changes.items() if value}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "WhatIf":
        """Return the changes that `row` gave."""
        return cls(
            closed=tuple(row.get("close", ())), spare_ha=row.get("cap_ha", {}), weights=row.get("weights", {}),
            free=tuple(row.get("free", ())),
        )  # fmt: skip

    def words(self) -> str:
        """Return the changes in words, "" without any."""
        parts = [f"关闭园区 {'、'.join(self.closed)}" if self.closed else ""]
        parts += [f"{park} 剩余用地按 {area:g} 公顷计" for park, area in sorted(self.spare_ha.items())]
        for group, title in (("priority", "优先级"), ("destinations", "承接")):
            changed = self.weights.get(group, {})
            parts += [f"{title}权重 {name} = {value:g}" for name, value in sorted(changed.items())]
        return "；".join(filter(None, parts))

    def checked(self, parks: Mapping[str, str]) -> "WhatIf":
        """Return the same with park names turned into ids; `parks` is id -> name.

        Raises
        ------
        UsageError : no park goes by a name given.
        """
        ids = {name: park for park, name in sorted(parks.items(), reverse=True)} | {park: park for park in parks}
        strange = sorted({*self.closed, *self.spare_ha} - set(ids))
        if strange:
            known = "、".join(f"{park} {name}" for park, name in sorted(parks.items()))
            raise UsageError(f"没有园区 {'、'.join(strange)}；可用：{known or '（工作区没有园区图层）'}")
        return WhatIf(
            closed=tuple(sorted({ids[park] for park in self.closed})),
            spare_ha={ids[park]: area for park, area in self.spare_ha.items()},
            weights=self.weights,
            free=self.free,
        )
