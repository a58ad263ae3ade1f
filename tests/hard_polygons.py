"""Polygons that are valid in longitude and latitude and hard to overlay, seeded: for tests here and for benchmarks/fuzz_polygons.py."""

from collections.abc import Callable

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

Maker = Callable[[np.random.Generator], shapely.Geometry]


def _corner(rng: np.random.Generator) -> tuple[float, float, float, float]:
    return (*rng.uniform((116.3, 40.4), (118.8, 42.3)), *rng.uniform(0.0005, 0.03, 2))


def touching_hole(rng: np.random.Generator) -> Polygon:
    """A hole whose corner lies within an edge of the shell."""
    x, y, w, h = _corner(rng)
    h *= rng.choice([-1, 1])
    shell = np.array([[x, y], [x + w, y + h], [x + w, y + 2 * h], [x, y + 2 * h]])
    foot = shell[0] + rng.uniform(0.2, 0.8) * (shell[1] - shell[0])
    return Polygon(shell, [[foot, (x + w / 4, y + 1.4 * h), (x + w / 3, y + 1.5 * h)]])


def hole_along_shell(rng: np.random.Generator) -> Polygon:
    """A hole one of whose edges runs a rounding's width inside the shell's."""
    x, y, w, h = _corner(rng)
    gap = 10.0 ** rng.uniform(-13, -9)
    shell = [(x, y), (x + w, y + h), (x + w, y + 2 * h), (x, y + 2 * h)]
    hole = [(x + 0.2 * w, y + 0.2 * h + gap), (x + 0.8 * w, y + 0.8 * h + gap), (x + 0.5 * w, y + 1.7 * h)]
    return Polygon(shell, [hole])


def thin_neck(rng: np.random.Generator) -> Polygon:
    """Two fields joined by a neck of nanometres to decimetres."""
    x, y, w, h = _corner(rng)
    neck = 10.0 ** rng.uniform(-14, -6)
    mid = y + h / 2
    return Polygon([
        (x, y), (x + w, y), (x + w, mid), (x + 2 * w, mid), (x + 2 * w, y), (x + 3 * w, y), (x + 3 * w, y + h),
        (x + 2 * w, y + h), (x + 2 * w, mid + neck), (x + w, mid + neck), (x + w, y + h), (x, y + h),
    ])  # fmt: skip


def repeated_points(rng: np.random.Generator) -> Polygon:
    """Vertices said twice, exactly or but for the last digits."""
    x, y, w, h = _corner(rng)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 12))
    ring = np.column_stack([x + w * np.cos(angle), y + h * np.sin(angle)])
    twice = np.repeat(ring, rng.integers(1, 4, len(ring)), axis=0)
    return Polygon(twice + rng.choice([0.0, 1e-15, 1e-13]) * rng.normal(size=twice.shape))


def nearly_straight(rng: np.random.Generator) -> Polygon:
    """Many vertices along slanting edges, off them by rounding."""
    x, y, w, h = _corner(rng)
    corners = np.array([[x, y], [x + w, y + h], [x + w, y + 3 * h], [x, y + 2 * h]])
    share = np.linspace(0, 1, int(rng.integers(3, 60)), endpoint=False)[:, None]
    ring = np.vstack([a + share * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    return Polygon(ring + rng.normal(scale=10.0 ** rng.uniform(-15, -11), size=ring.shape))


def needle(rng: np.random.Generator) -> Polygon:
    """A sliver of 1e-9 degrees or less by up to a kilometre."""
    x, y, w, h = _corner(rng)
    wide = 10.0 ** rng.uniform(-12, -8)
    return Polygon([(x, y), (x + w, y + h), (x + w, y + h + wide), (x, y + wide)])


def touching_parts(rng: np.random.Generator) -> MultiPolygon:
    """Parts that meet in a point within an edge."""
    x, y, w, h = _corner(rng)
    one = np.array([[x, y], [x + w, y + h], [x, y + 2 * h]])
    foot = one[0] + rng.uniform(0.2, 0.8) * (one[1] - one[0])
    return MultiPolygon([Polygon(one), Polygon([foot, (x + w, y - h), (x + 2 * w, y - h)])])


def spiral(rng: np.random.Generator) -> Polygon:
    """A self-crossing star, which no reader lets through unmended."""
    x, y, w, h = _corner(rng)
    angle = np.arange(7) * 2 * np.pi * 3 / 7 + rng.uniform(0, 1)
    return Polygon(np.column_stack([x + w * np.cos(angle), y + h * np.sin(angle)]))


MAKERS: tuple[Maker, ...] = (
    touching_hole, hole_along_shell, thin_neck, repeated_points, nearly_straight, needle, touching_parts, spiral,
)  # fmt: skip


def hard_polygons(count: int, seed: int) -> list[shapely.Geometry]:
    """Return `count` polygons, the kinds in turn."""
    rng = np.random.default_rng(seed)
    return [MAKERS[i % len(MAKERS)](rng) for i in range(count)]
