"""Parts of an answer that a bad input left open, each named with file, row and remedy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cdgis.core.errors import CdgisError, LayerError

_Made = TypeVar("_Made")
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One part that is 资料不足: a line of table gaps."""

    part: str
    """What could not be computed, in words."""
    layer: str
    """Catalogue id of the input, "" when it has none."""
    file: str
    """As users see it."""
    row: str
    """Rows or features, as the user counts them; "" for the whole file."""
    problem: str
    remedy: str

    @property
    def sentence(self) -> str:
        """The gap as one statement."""
        where = "，".join(filter(None, (self.file, self.row)))
        return f"资料不足：{self.part}。{where + '：' if where else ''}{self.problem}。{self.remedy}"


def gap_of(err: CdgisError, part: str, *, layer: str = "", file: str = "") -> Gap:
    """Return the gap that an error leaves in `part`."""
    if isinstance(err, LayerError):
        layer, file = layer or err.layer, file or err.path
    return Gap(part=part, layer=layer, file=file or err.source, row="", problem=err.reason, remedy=err.remedy)


def attempted(
    part: str, make: Callable[[], _Made], gaps: list[Gap], *, layer: str = "", file: str = ""
) -> _Made | None:
    """Return what `make` returns; if it raises an error of ours, None, and the gap is added to `gaps`."""
    try:
        return make()
    except CdgisError as err:
        gaps.append(gap_of(err, part, layer=layer, file=file))
        return None


def listed(names: "list[str]") -> str:
    """Return the first of many names and how many there are."""
    more = f" 等 {len(names)} 个" if len(names) > _MOST_NAMED else ""
    return "、".join(names[:_MOST_NAMED]) + more
