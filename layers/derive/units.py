"""How is the city divided into management units? (overlay of red line, reserves, sources, parks, towns, counties)

A unit is one kind of ground in one county; small ones join a neighbour of their county and class.
"""

from collections import defaultdict

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from layers.derive import water
from layers.derive.coverage import sift
from layers.derive.terrain import Labels, Terrain, noise
from layers.derive.zones import Zoning

PRIORITY_SHARE, KEY_SHARE = 0.50, 0.20
BUILT, PARK, RESERVE, SOURCE, NATURE, RED, ECO, PLAIN, GENERAL = 100, 200, 300, 400, 500, 1000, 2000, 3000, 4000
_SMALLEST_KM2 = {1: 0.3, 2: 0.3, 3: 5.0, 4: 1.2, 5: 2.0, 10: 75.0, 20: 30.0, 30: 75.0, 40: 60.0}
_DIGIT = {1: 2, 2: 2, 3: 1, 4: 1, 5: 1, 10: 1, 20: 1, 30: 2, 40: 3}
CLASS = {1: "优先保护", 2: "重点管控", 3: "一般管控"}


def digit(kind: int) -> int:
    """Return the class digit (1 优先, 2 重点, 3 一般) of a kind."""
    return _DIGIT[_group(kind)]


def _group(kind: int) -> int:
    return kind // 1000 * 10 if kind >= 1000 else kind // 100


def kinds(terrain: Terrain, zoning: Zoning, control_unit: Labels) -> Labels:
    """Return the kind of ground of every cell (kind base + position or control unit)."""
    inside = terrain.inside
    urban = (zoning.built > 0) | (zoning.park > 0)
    source = (zoning.source > 0) & (zoning.source % 10 <= 2)
    hard = ((zoning.reserve > 0) | source | (zoning.nature_park > 0) | (zoning.red > 0)) & ~urban
    wanted = PRIORITY_SHARE - float((hard & inside).sum() / inside.sum())
    rest = inside & ~hard & ~urban
    limit = np.quantile(zoning.red_score[rest], 1 - max(wanted, 0) / (rest.sum() / inside.sum()))
    eco = sift((rest & (zoning.red_score > limit)).astype("int32") + 1, 100) > 1
    eco &= ~hard & ~urban
    plain = -terrain.above_stream_m / 60 - terrain.slope_deg / 6 + 1.2 * (zoning.farm > 0)
    plain += 0.9 * terrain.crop_share + 0.25 * noise("plain", terrain.shape, (9, 4))
    rest = inside & ~hard & ~urban & ~eco
    share = KEY_SHARE - float((urban & inside).sum() / inside.sum())
    limit = np.quantile(plain[rest], 1 - share / (rest.sum() / inside.sum()))
    key = sift((rest & (plain > limit)).astype("int32") + 1, 60) > 1
    soft = sift(np.where(key, 2, np.where(eco, 3, 1)).astype("int32"), 200)
    label = GENERAL + system_of(control_unit)
    label = np.where(soft == 2, PLAIN + control_unit, label)
    label = np.where(soft == 3, ECO, label)
    label = np.where(zoning.red > 0, RED + control_unit, label)
    label = np.where(zoning.nature_park > 0, NATURE + zoning.nature_park, label)
    label = np.where(source, SOURCE + zoning.source // 10, label)
    label = np.where(zoning.reserve > 0, RESERVE + zoning.reserve // 10, label)
    label = np.where(zoning.park > 0, PARK + zoning.park, label)
    return np.where(zoning.built > 0, BUILT + zoning.built, label).astype("int32")


def system_of(control_unit: Labels) -> Labels:
    """Return the river system (position in water.SYSTEMS) of control-unit labels."""
    systems = [water.SYSTEMS.index(record["system"]) for record in water.control_unit_records()]
    return np.array([0, *systems], dtype="int32")[control_unit]


def assign(faces: pd.DataFrame) -> pd.DataFrame:
    """Return `faces` with the column unit_kind: the kind of the unit each face belongs to after merging."""
    out = faces.copy()
    keys = list(zip(out["county"], out["kind"], strict=True))
    area: dict[tuple[int, int], float] = defaultdict(float)
    for key, value in zip(keys, out["area_m2"], strict=True):
        area[key] += value / 1e6
    border = _borders(out, keys)
    parent: dict[tuple[int, int], tuple[int, int]] = {}
    while True:
        small = sorted(
            (value, key) for key, value in area.items() if value < _SMALLEST_KM2[_group(key[1])] and key not in parent
        )
        target = None
        for _, key in small:
            target = _target(key, area, border)
            if target is not None:
                break
        if target is None:
            break
        _merge(key, target, area, border)
        parent[key] = target
    out["unit_kind"] = [_root(key, parent)[1] for key in keys]
    return _without_scraps(out)


SCRAP_M2 = 1.0e6
"""A detached part of a soft unit smaller than this joins the unit around it."""


def _without_scraps(faces: pd.DataFrame) -> pd.DataFrame:
    """Return `faces` with small detached parts of eco, plain and general units given to a neighbour."""
    out = faces.copy()
    geometry, county = out["geometry"].to_numpy(), out["county"].to_numpy()
    kind = out["unit_kind"].to_numpy().copy()
    left, right = shapely.STRtree(geometry).query(geometry, predicate="touches")
    keep = county[left] == county[right]
    left, right = left[keep], right[keep]
    shared = shapely.length(shapely.intersection(geometry[left], geometry[right]))
    left, right, shared = left[shared > 0], right[shared > 0], shared[shared > 0]
    same = kind[left] == kind[right]
    links = sparse.coo_matrix((np.ones(same.sum()), (left[same], right[same])), (len(out), len(out)))
    _, part = connected_components(links, directed=False)
    area = np.bincount(part, weights=out["area_m2"].to_numpy())
    groups = np.array([_group(int(value)) for value in kind])
    soft = np.isin(groups, (20, 30, 40)) & (out["red"].to_numpy() == 0)
    for scrap in np.flatnonzero(area < SCRAP_M2):
        members = np.flatnonzero(part == scrap)
        if not soft[members].all():
            continue
        edge = np.isin(left, members) & ~np.isin(right, members) & (groups[right] >= 10)
        if edge.any():
            totals = np.bincount(right[edge], weights=shared[edge])
            kind[members] = kind[int(np.argmax(totals))]
    out["unit_kind"] = kind
    return out


Key = tuple[int, int]


def _root(key: Key, parent: dict[Key, Key]) -> Key:
    while key in parent:
        key = parent[key]
    return key


def _borders(faces: pd.DataFrame, keys: list[Key]) -> dict[Key, dict[Key, float]]:
    geometry = faces["geometry"].to_numpy()
    left, right = shapely.STRtree(geometry).query(geometry, predicate="touches")
    keep = left < right
    left, right = left[keep], right[keep]
    shared = shapely.length(shapely.intersection(geometry[left], geometry[right]))
    border: dict[Key, dict[Key, float]] = defaultdict(lambda: defaultdict(float))
    for a, b, length in zip(left, right, shared, strict=True):
        if keys[a] != keys[b] and keys[a][0] == keys[b][0]:
            border[keys[a]][keys[b]] += length
            border[keys[b]][keys[a]] += length
    return border


def _target(key: Key, area: dict[Key, float], border: dict[Key, dict[Key, float]]) -> Key | None:
    """Return the unit that takes in a small one; priority ground stays apart rather than leave its class."""
    same = digit(key[1])
    fit = [k for k in area if k[0] == key[0] and k != key and digit(k[1]) == same and _group(k[1]) in (10, 20, 30, 40)]
    near = [(border[key].get(k, 0.0), area[k], k) for k in fit]
    if near:
        return max(near)[2]
    if same == 1:
        return None
    touching = [(length, k) for k, length in border[key].items() if k in area]
    return max(touching)[1] if touching else None


def _merge(key: Key, target: Key, area: dict[Key, float], border: dict[Key, dict[Key, float]]) -> None:
    area[target] += area.pop(key)
    for other, length in border.pop(key, {}).items():
        border[other].pop(key, None)
        if other != target:
            border[other][target] += length
            border[target][other] += length


def name(kind: int, county: str) -> str:
    """Return the unit's name in the style of official ones."""
    group, position = _group(kind), kind % 1000 if kind >= 1000 else kind % 100
    seeds, records = water.SEEDS, water.control_unit_records()
    if group == 1:
        return f"{county}城镇建成区重点管控单元"
    if group == 2:
        return f"{county}示例园区{seeds['park'][position - 1]['letter']}重点管控单元"
    if group == 3:
        return f"{county}{seeds['reserve'][position - 1]['name']}自然保护区（示范）优先保护单元"
    if group == 4:
        return f"{county}{seeds['source'][position - 1]['name']}饮用水水源优先保护单元".replace(
            "水源地饮用水水源", "饮用水水源"
        )
    if group == 5:
        park = seeds["nature_park"][position - 1]
        return f"{county}{park['name']}{park['class']}（示范）优先保护单元"
    if group == 20:
        return f"{county}一般生态空间优先保护单元"
    if group == 40:
        return f"{county}{water.SYSTEMS[position]}一般管控单元"
    river = records[position - 1]["name"]
    if group == 30:
        return f"{county}{river}河谷平原重点管控单元"
    plateau = position in (1, 2) and county in ("丰宁满族自治县", "围场满族蒙古族自治县")
    return f"{county}{river}{'坝上草原防风固沙' if plateau else '水源涵养'}优先保护单元"
