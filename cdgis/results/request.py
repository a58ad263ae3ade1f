"""The user's request: the part of a report's inputs that lies in no file (command, files, options).

A report carries its request, so that `cdgis verify` can ask the same again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

MOST_SITES = 300
"""Sites that one screening reports on one by one; more are a batch: judged alike, told in tables only."""

Command = Literal["run", "screen", "relocate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the command line, options that cannot change a result left out."""

    command: Command = "run"
    files: tuple[str, ...] = ()
    """As users see them: relative to the workspace, else the bare name."""
    declared: Mapping[str, str] = field(default_factory=dict)
    """Attributes given as options."""
    seen: Mapping[str, str] = field(default_factory=dict)
    """Attribute -> who registered what it declares as seen."""
    sidecar: str = ""
    wkt: tuple[str, ...] = ()
    lonlat: tuple[str, ...] = ()
    tolerance_m: float | None = None
    what_if: Mapping[str, Any] = field(default_factory=dict)
    """Changed assumptions of a relocation plan, as JSON holds them; empty without any."""

    def row(self) -> dict[str, Any]:
        """Return the request as JSON holds it."""
        extra = {"what_if": dict(self.what_if)} if self.what_if else {}
        extra |= {"seen": dict(sorted(self.seen.items()))} if self.seen else {}
        return {
            "command": self.command, "files": list(self.files), "declared": dict(sorted(self.declared.items())),
            "sidecar": self.sidecar, "wkt": list(self.wkt), "lonlat": list(self.lonlat), "tolerance_m": self.tolerance_m,
            **extra,
        }  # fmt: skip

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Request":
        """Return the request a report carries."""
        return cls(
            command=row["command"] if row["command"] in ("screen", "relocate") else "run",
            files=tuple(map(str, row["files"])),
            declared={str(key): str(value) for key, value in row["declared"].items()},
            sidecar=str(row["sidecar"]),
            wkt=tuple(map(str, row["wkt"])),
            lonlat=tuple(map(str, row["lonlat"])),
            tolerance_m=row["tolerance_m"],
            what_if=row.get("what_if", {}),
            seen={str(key): str(value) for key, value in row.get("seen", {}).items()},
        )
