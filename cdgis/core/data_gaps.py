"""Parts of an answer that a bad input left open, each named with file, row and remedy."""

from collections.abc import Callable, Sequence
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


def table_gaps(rows: int, blank: Sequence[int], part: str, *, layer: str, file: str) -> list[Gap]:
    """Return the gap of a table without a row, or with blank rows between others: what stood there is not known.

    Parameters
    ----------
    blank : numbers of the blank rows, as the user counts them.
    """
    if not rows:
        problem, row, remedy = "表里没有一行", "", "请换成完整的表；没有这张表的从 layers/catalog.toml 删去这一条"
    elif blank:
        problem, row = f"表中间有 {len(blank)} 个空行，原有的内容不知道", f"第 {listed([str(n) for n in blank])} 行"
        remedy = "请补回这些行，或确认无内容后删去空行"
    else:
        return []
    return [Gap(part=part, layer=layer, file=file, row=row, problem=problem, remedy=remedy)]


def listed(names: "list[str]") -> str:
    """Return the first of many names and how many there are."""
    more = f" 等 {len(names)} 个" if len(names) > _MOST_NAMED else ""
    return "、".join(names[:_MOST_NAMED]) + more
