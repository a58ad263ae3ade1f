"""What water from a place reaches, in which order and after how long; and what can reach the place.

    river_km = (to_outlet(origin) - to_outlet(receptor)) / 1000,
    time_low_h = river_km / (3.6 v_high),   time_high_h = river_km / (3.6 v_low),   v in metres per second.

Only the way along the network counts: dispersion, decay, storage in reservoirs and ice are not modelled.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.errors import NetworkError, UsageError
from cdgis.rivers.network import Network

FASTEST_M_PER_S = 10.0
"""A river faster than this is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity:
    """Range of the mean flow velocity, metres per second."""

    low_m_per_s: float
    high_m_per_s: float

    @classmethod
    def parse(cls, text: str) -> "Velocity":
        """Return the range written LOW:HIGH.

        Raises
        ------
        UsageError : not two numbers with 0 < LOW <= HIGH <= 10.
        """
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[:：]\s*(\d+(?:\.\d+)?)\s*", text)
        if not found:
            raise UsageError(f"流速范围读到“{text}”，应写作 低:高（米每秒），例如 0.3:1.5")
        low, high = float(found[1]), float(found[2])
        if not 0 < low <= high <= FASTEST_M_PER_S:
            raise UsageError(f"流速范围 {text} 不合理：须 0 < 低 ≤ 高 ≤ {FASTEST_M_PER_S:g} 米每秒")
        return cls(low_m_per_s=low, high_m_per_s=high)

    def hours(self, river_km: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the shortest and longest travel times over distances in kilometres, hours."""
        return river_km / (3.6 * self.high_m_per_s), river_km / (3.6 * self.low_m_per_s)

    @property
    def text(self) -> str:
        """The range as readers read it, with its unit."""
        return f"{self.low_m_per_s:g}–{self.high_m_per_s:g} 米/秒"


def downstream_events(network: Network, events: pd.DataFrame, vertex: IntArray, to_outlet_m: FloatArray) -> pd.DataFrame:
    """Return the events below each origin: `events` columns + origin (position) and river_km, in flow order.

    Parameters
    ----------
    events : receptors on the network (see `receptor_events`).
    vertex, to_outlet_m : positions of the origins; a vertex of -1 reaches nothing.

    Notes
    -----
    Of each receptor only the event with the least offset is kept, the first reached among equals.
    """
    at, position = events["vertex"].to_numpy(), events["to_outlet_m"].to_numpy()
    forest = network.forest
    hit = forest.is_downstream(at[None, :], vertex[:, None]) & (position[None, :] <= to_outlet_m[:, None])
    origin, event = np.nonzero(hit & (vertex >= 0)[:, None])
    river_km = (to_outlet_m[origin] - position[event]) / 1000
    kind, receptor = (np.unique(events[name].to_numpy(dtype=object), return_inverse=True)[1] for name in ("kind", "receptor_id"))
    which, offset_m = (kind * len(events) + receptor)[event], events["offset_m"].to_numpy()[event]
    order = np.lexsort((river_km, offset_m, which, origin))
    first = np.diff(which[order], prepend=-1).astype(bool) | np.diff(origin[order], prepend=-1).astype(bool)
    kept = order[first]
    kept = kept[np.lexsort((which[kept], river_km[kept], origin[kept]))]
    out: pd.DataFrame = events.iloc[event[kept]].reset_index(drop=True)
    return out.assign(origin=origin[kept], river_km=river_km[kept])


def ordered_trace(rows: pd.DataFrame, velocity: Velocity) -> pd.DataFrame:
    """Return the events of one origin numbered in flow order, with travel times in hours."""
    low, high = velocity.hours(rows["river_km"].to_numpy(dtype=float))
    out: pd.DataFrame = rows.assign(order=np.arange(1, len(rows) + 1), time_low_h=low, time_high_h=high)
    return out


def only_target(rows: pd.DataFrame, events: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the trace as far as the target, a receptor's id or name.

    Raises
    ------
    NetworkError : no receptor is called that, or it does not lie downstream.
    """
    known = events[(events["receptor_id"] == target) | (events["name"] == target)]
    if known.empty:
        raise NetworkError(f"沿河受体中没有编号或名称为“{target}”的对象", remedy="可先不带 --to 运行，查看全部受体")
    hits = rows[(rows["receptor_id"] == target) | (rows["name"] == target)]
    if hits.empty:
        first = known.iloc[0]
        raise NetworkError(
            f"“{first['name']}”（{first['kind']} {first['receptor_id']}）不在该点下游：水流不到那里。"
            "若要查它上游的风险源",
            remedy="请用 --up",
        )
    out: pd.DataFrame = rows[rows["river_km"] <= hits["river_km"].min()]
    return out


def upstream_origins(network: Network, vertex: int, to_outlet_m: float, *, at: IntArray, position_m: FloatArray) -> IntArray:
    """Return which of the positions (`at`, `position_m`) drain to one position, nearest first."""
    above = network.forest.is_downstream(np.int64(vertex), at) & (position_m >= to_outlet_m) & (at >= 0)
    hits = np.flatnonzero(above)
    return np.asarray(hits[np.argsort(position_m[hits], kind="stable")])
