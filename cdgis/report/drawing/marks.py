"""Lines and labelled spots of small drawings, in pixels."""

from dataclasses import dataclass

from cdgis.core.array_types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the plan."""

    style: str
    """border, stream or stem."""
    points: FloatArray

    @property
    def path(self) -> str:
        """SVG path data."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One mark, with or without its label."""

    x: float
    y: float
    colour: str
    label: str
    title: str
