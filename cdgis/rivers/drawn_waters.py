"""River lines and waters compared with where the heights make water run: a second source for both.

With S the share of a drawn river's points that lie near a derived stream, and C that share for places anywhere in the
network, a river that was drawn here follows the streams far better than chance; one drawn elsewhere does not:
(S - C) / (1 - C) < LEAST_SKILL. Of 1:4M lines of this city S is 0.81 to 0.93 and C 0.31; moved by 4 km S is at most 0.61.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import shapely

from cdgis.core.array_types import FloatArray
from cdgis.core.data_gaps import Gap
from cdgis.geometry.geodesy import geometries_to_local
from cdgis.rivers.network import Network
from cdgis.rivers.receptors import ReceptorKind, receptor_kinds
from cdgis.workspace.layers import Layer
from cdgis.workspace.settings import Workspace

LEAST_SKILL = 0.5
FEWEST = 20
"""Points of a river below this decide nothing."""
STEP_M = 500.0
_MOST_POINTS, _GRID = 20_000, 100
_REMEDY = "多半是图层错位（坐标系、带号）或不是本地的，也可能是高程错位：请在地图上核对后换成对的文件"
_ON_WATER = ("point", "reservoir")
"""How receptors meet the river that stand in it: one that does not is drawn elsewhere, or on a smaller stream."""


def share_by_chance(network: Network, within_m: float) -> float:
    """Return which share of places among the streams lies within `within_m` metres of one."""
    xy = network.vertices_local()
    x, y = (np.linspace(low, high, _GRID) for low, high in zip(xy.min(axis=0), xy.max(axis=0), strict=True))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return float(_near(_vertices(xy), grid, within_m).mean())


def rivers_astray(network: Network, layer: Layer, *, within_m: float) -> dict[str, tuple[float, float]]:
    """Return name -> (share near a derived stream, share by chance) of the drawn rivers that follow no stream.

    Parameters
    ----------
    layer : river lines, EPSG:4490.
    within_m : how far off a line may be drawn, metres.
    """
    local = geometries_to_local(layer.zones.geometry.to_numpy())
    names = layer.zones["zone_name"].astype(str).to_numpy(dtype=object)
    vertices = network.vertices_local()
    streams, (corner, other) = _vertices(vertices), (edge(vertices, axis=0) for edge in (np.min, np.max))
    chance: float | None = None
    off: dict[str, tuple[float, float]] = {}
    for name in sorted(set(names) - {""}):
        xy = shapely.get_coordinates(shapely.segmentize(shapely.union_all(local[names == name]), STEP_M))
        xy = xy[((xy >= corner) & (xy <= other)).all(axis=1)]  # beyond the heights nothing can be compared
        if len(xy) < FEWEST:
            continue
        share = float(_near(streams, xy[:: -(-len(xy) // _MOST_POINTS)], within_m).mean())
        chance = share_by_chance(network, within_m) if chance is None else chance
        if share - chance < LEAST_SKILL * (1 - chance):
            off[name] = (share, chance)
    return off


def river_gap(layer: Layer, off: Mapping[str, tuple[float, float]], within_m: float, workspace: Workspace) -> Gap:
    """Return the gap of drawn rivers that follow no stream (`rivers_astray`)."""
    told = "、".join(f"{name} {share:.0%}" for name, (share, _) in off.items())
    chance = next(iter(off.values()))[1]
    return Gap(
        part=f"{layer.spec.title}：与高程推导的河道对不上的河线，没有用来给河流命名", layer=layer.spec.id, file=_file(layer, workspace),
        row="、".join(off), remedy=_REMEDY,
        problem=f"河线上的点在推导河道 {within_m:.0f} 米以内的只有 {told}（随便一处也有 {chance:.0%}）",
    )  # fmt: skip


def waters_astray(layers: Mapping[str, Layer], events: pd.DataFrame, workspace: Workspace) -> list[Gap]:
    """Return a gap for each layer of things that stand in rivers, most of which no river of the network meets."""
    gaps, bank_m = [], workspace.settings.rivers.bank_m
    for kind in receptor_kinds():
        if kind.how not in _ON_WATER or kind.layer not in layers or not len(layers[kind.layer].zones):
            continue
        layer, met_ids = layers[kind.layer], events.loc[events["layer"] == kind.layer, "receptor_id"]
        met = int(layer.zones["zone_id"].isin(met_ids).sum())
        if 2 * met < len(layer.zones):
            gaps.append(_water_gap(kind, layer, met, bank_m if kind.bank_m < 0 else kind.bank_m, _file(layer, workspace)))
    return gaps


def _water_gap(kind: ReceptorKind, layer: Layer, met: int, bank_m: float, file: str) -> Gap:
    return Gap(
        part=f"{layer.spec.title}：沿河追踪和下游列不出其中多数{kind.title}", layer=layer.spec.id, file=file, row="",
        problem=f"{len(layer.zones)} 个中只有 {met} 个在河网 {bank_m:.0f} 米以内，其余不在河上：错位，或在河网没有的小支流上",
        remedy=_REMEDY,
    )  # fmt: skip


def _file(layer: Layer, workspace: Workspace) -> str:
    return workspace.relative(workspace.layers_dir / layer.spec.path)


def _vertices(xy: FloatArray) -> shapely.STRtree:
    return shapely.STRtree(np.asarray(shapely.points(xy), dtype=object))


def _near(streams: shapely.STRtree, xy: FloatArray, within_m: float) -> FloatArray:
    found = streams.query(shapely.points(xy), predicate="dwithin", distance=within_m)[0]
    near = np.zeros(len(xy))
    near[found] = 1.0
    return near
