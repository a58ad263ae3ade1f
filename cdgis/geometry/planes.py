"""The two planes a place is measured in, and which place the work at hand belongs to.

Both follow from the place's extent: the measuring plane is true to scale at its middle latitude, the distance plane at
its middle meridian. Which planes count is a matter of the calling context, never of the process: two workspaces used in
turn, or in two threads, have each their own. Nothing is measured without a place.
"""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from cdgis.core.errors import WorkspaceError
from cdgis.geometry.gauss_kruger import E2, SEMI_MAJOR_M

_LEAST_STRETCH = 1.1
_EARTH_M = 6_371_000.0
_ROUND_LAT, _ROUND_LON = 10, 2
"""Planes stand at tenths of a degree of latitude and halves of longitude: a redrawn outline moves no plane."""


@dataclass(frozen=True, kw_only=True)  # no slots: constants are kept when first asked for
class Planes:
    """Where the measuring plane and the distance plane of a place are true to scale, and how far off they may be."""

    lat_ts_deg: float
    """Standard parallel of the measuring plane (cylindrical equal-area)."""
    lon_0_deg: float
    """Middle meridian of both planes."""
    scale_error: float = 0.0
    """How much longer a length may be in the distance plane (transverse Mercator) anywhere in the place, as a share."""
    stretch: float = _LEAST_STRETCH
    """How many times longer a length may be, or shorter, on the measuring plane."""

    @classmethod
    def of(cls, extent: tuple[float, float, float, float]) -> "Planes":
        """Return the planes of a place that lies between west, south, east and north, degrees."""
        west, south, east, north = extent
        lat = round((south + north) / 2 * _ROUND_LAT) / _ROUND_LAT
        lon = round((west + east) / 2 * _ROUND_LON) / _ROUND_LON
        farthest_m = math.radians(max(east - lon, lon - west)) * math.cos(math.radians(south)) * _EARTH_M
        ratios = [math.cos(math.radians(lat)) / math.cos(math.radians(edge)) for edge in (south, north)]
        return cls(
            lat_ts_deg=lat, lon_0_deg=lon, scale_error=(farthest_m / _EARTH_M) ** 2 / 2,
            stretch=max(_LEAST_STRETCH, *ratios, *(1 / ratio for ratio in ratios)),
        )  # fmt: skip

    @cached_property
    def k0(self) -> float:
        """Scale of the measuring plane along the equator."""
        sine = math.sin(math.radians(self.lat_ts_deg))
        return math.cos(math.radians(self.lat_ts_deg)) / math.sqrt(1 - E2 * sine**2)

    @property
    def distance_proj(self) -> str:
        """PROJ definition of the distance plane."""
        return f"+proj=tmerc +lon_0={self.lon_0_deg} +ellps=GRS80 +units=m"

    @property
    def equator_m(self) -> float:
        """Metres along the measuring plane's x a radian of longitude."""
        return SEMI_MAJOR_M * self.k0


_current: ContextVar[Callable[[], Planes]] = ContextVar("planes")


def current_planes() -> Planes:
    """Return the planes of the place the work at hand belongs to.

    Raises
    ------
    WorkspaceError : nobody said which place it is; nothing is measured in another's planes.
    """
    try:
        find = _current.get()
    except LookupError:
        raise WorkspaceError("没有打开工作区，不知道在哪里量算", remedy="请先用 cdgis.open_workspace 打开工作区") from None
    return find()


@contextmanager
def on_planes(find: Callable[[], Planes]) -> Iterator[None]:
    """Measure in the planes that `find` returns until the block ends; it is asked when they are first needed."""
    token = _current.set(cache(find))
    try:
        yield
    finally:
        _current.reset(token)


def set_planes(find: Callable[[], Planes]) -> None:
    """Measure in the planes that `find` returns from here on: for a process or a test that knows one place."""
    _current.set(cache(find))


class PlaneThreads(ThreadPoolExecutor):
    """A pool of threads that measure in the planes of whoever gives them work."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Run `fn` in a copy of the caller's context."""
        return super().submit(copy_context().run, fn, *args, **kwargs)
