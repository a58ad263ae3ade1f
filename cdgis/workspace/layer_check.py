"""Faults of layers, each with layer, zone, what was found and what was expected.

Areas on the measuring plane (DESIGN 4.2). A partition may miss or double at most 1 m² of its coverage.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import shapely

from cdgis.core import layer_ids
from cdgis.core.array_types import GeometryArray
from cdgis.geometry import geodesy
from cdgis.geometry.kernels import overlapping_pairs
from cdgis.geometry.shapes import polygonal
from cdgis.geometry.validity_words import validity_words
from cdgis.workspace.fault import Fault
from cdgis.workspace.layer_content import Home, content_faults, home_of
from cdgis.workspace.layer_place import Box
from cdgis.workspace.layers import UNCODED, Layer, Layers

UNIT_LAYER, COUNTY_LAYER = layer_ids.MANAGEMENT_UNITS, layer_ids.COUNTIES
PARTITION_TOLERANCE_M2 = 1.0
UNIT_CODE = re.compile(r"^ZH(\d{6})([123])(\d{4})$")
CLASS_DIGITS = {"1": "优先保护", "2": "重点管控", "3": "一般管控"}
DIMENSIONS = ("空间布局约束", "污染物排放管控", "环境风险防控", "资源利用效率")
_MAIN_SHARE = 0.5


def check_layers(
    layers: Layers, *, access_list: pd.DataFrame | None = None, place: Box | None = None
) -> tuple[Fault, ...]:
    """Return every fault of `layers`, in catalogue order; an empty tuple means nothing was found.

    A layer whose coverage was not read is checked for all but its fit in it. `place` is the box sites must lie in.
    """
    faults: list[Fault] = []
    home = home_of(layers, place)
    for layer in layers.values():
        coverage = layers.get(layer.spec.coverage)
        faults += content_faults(layer, coverage, home) + _identity_faults(layer) + _geometry_faults(layer, home)
        if coverage is None or not len(coverage.zones) or not len(layer.zones):
            continue
        if layer.spec.partition:
            faults += partition_faults(layer, coverage)
        elif layer.spec.zones and layer.spec.geometry == "polygon":
            faults += _coverage_faults(layer, coverage)
    if UNIT_LAYER in layers:
        faults += _unit_code_faults(layers[UNIT_LAYER], layers.get(COUNTY_LAYER))
        if access_list is not None:
            faults += _access_list_faults(layers[UNIT_LAYER], access_list)
    return tuple(faults)


def _plane(layer: Layer) -> GeometryArray:
    plane = geodesy.geometries_to_plane(np.asarray(layer.zones.geometry.array, dtype=object))
    # Invalid outlines have their own fault; mended, they let the other checks go on.
    invalid = ~shapely.is_valid(plane)
    plane[invalid] = polygonal(shapely.make_valid(plane[invalid]))
    return plane


def _fault(layer: Layer, zone_id: object, problem: str, remedy: str) -> Fault:
    return Fault(layer=layer.spec.id, zone_id=str(zone_id), problem=problem, remedy=remedy)


def _identity_faults(layer: Layer) -> list[Fault]:
    ids = layer.zones["zone_id"].astype(str)
    blank = np.flatnonzero((ids == "") | ids.str.startswith(UNCODED))
    faults = [_fault(layer, "", f"第 {i + 1} 个要素没有编码", "补上编码字段的值") for i in blank]
    twice = sorted(ids[(ids != "") & ids.duplicated()].unique())
    faults += [_fault(layer, zone, "编码重复", "每个区应有唯一编码") for zone in twice]
    allowed = layer.spec.allowed_classes
    if allowed:
        wrong = layer.zones[~layer.zones["zone_class"].isin(allowed)]
        faults += [
            _fault(layer, row.zone_id, f"类别“{row.zone_class}”不在允许值内", f"应为：{'、'.join(allowed)}")
            for row in wrong.itertuples()
        ]
    return faults


def _geometry_faults(layer: Layer, home: Home) -> list[Fault]:
    geoms = np.asarray(layer.zones.geometry.array, dtype=object)
    ids = layer.zones["zone_id"].to_numpy()
    faults = [_fault(layer, z, "图形为空", "删除或补画该要素") for z in ids[shapely.is_empty(geoms)]]
    invalid = ~shapely.is_valid(geoms)
    reasons = validity_words(geoms[invalid])
    faults += [
        _fault(layer, z, f"图形无效：{reason}", "修复自相交后再用")
        for z, reason in zip(ids[invalid], reasons, strict=True)
    ]
    far = home.far_from(geoms)
    far &= not far.all()  # a layer that is elsewhere as a whole is told once
    return faults + [
        _fault(layer, z, "坐标远在本市之外，疑为坐标系或经纬度次序有误", "核对坐标系声明") for z in ids[far]
    ]


def partition_faults(layer: Layer, coverage: Layer) -> list[Fault]:
    """Return where a layer leaves gaps in its coverage, reaches beyond it or overlaps itself by more than a square metre."""
    zones, cover = _plane(layer), shapely.union_all(_plane(coverage))
    union = shapely.union_all(zones)
    gap, beyond = shapely.area(shapely.difference(cover, union)), shapely.area(shapely.difference(union, cover))
    double = shapely.area(zones).sum() - shapely.area(union)
    found = {"有缝隙": gap, "超出范围": beyond, "互相重叠": double}
    faults = [
        _fault(layer, "", f"{name} {area:,.2f} 平方米", f"应恰好铺满{coverage.spec.title}（容差 1 平方米）")
        for name, area in found.items()
        if area > PARTITION_TOLERANCE_M2
    ]
    if double > PARTITION_TOLERANCE_M2:
        faults += _doubled_pairs(layer, zones)
    return faults


def _doubled_pairs(layer: Layer, zones: GeometryArray) -> list[Fault]:
    ids = layer.zones["zone_id"].to_numpy()
    pairs = overlapping_pairs(zones, zones)
    worse = (pairs.subject < pairs.zone) & (pairs.area_m2 > PARTITION_TOLERANCE_M2)
    return [
        _fault(layer, f"{ids[a]};{ids[b]}", f"两区重叠 {area:,.2f} 平方米", "调整公共边界")
        for a, b, area in zip(pairs.subject[worse], pairs.zone[worse], pairs.area_m2[worse], strict=True)
    ]


def _coverage_faults(layer: Layer, coverage: Layer) -> list[Fault]:
    zones = _plane(layer)
    pairs = overlapping_pairs(zones, _plane(coverage))
    inside = np.bincount(pairs.subject, weights=pairs.area_m2, minlength=len(zones))
    outside = shapely.area(zones) - inside
    ids = layer.zones["zone_id"].to_numpy()
    beyond = outside > np.maximum(PARTITION_TOLERANCE_M2, 1e-6 * shapely.area(zones))
    return [
        _fault(layer, z, f"有 {a:,.2f} 平方米超出声明的覆盖范围（{coverage.spec.title}）", "裁剪，或改正 coverage")
        for z, a in zip(ids[beyond], outside[beyond], strict=True)
    ]


def _unit_code_faults(units: Layer, counties: Layer | None) -> list[Fault]:
    faults: list[Fault] = []
    located = _county_of(units, counties) if counties is not None else {}
    for row in units.zones.itertuples():
        match = UNIT_CODE.match(str(row.zone_id))
        if match is None:
            faults.append(_fault(units, row.zone_id, "编码格式不符", "应为 ZH+6位县区代码+类别(1/2/3)+4位序号"))
            continue
        county, digit, _ = match.groups()
        if CLASS_DIGITS[digit] != row.zone_class:
            problem = f"编码类别位 {digit}（{CLASS_DIGITS[digit]}）与类别字段“{row.zone_class}”不一致"
            faults.append(_fault(units, row.zone_id, problem, "核对编码或类别"))
        if located.get(str(row.zone_id), county) != county:
            problem = f"编码县区 {county} 与图上所在县区 {located[str(row.zone_id)]} 不一致"
            faults.append(_fault(units, row.zone_id, problem, "核对编码或边界"))
    return faults


def _county_of(units: Layer, counties: Layer) -> dict[str, str]:
    """Return unit id -> code of the county that holds most of it."""
    zones = _plane(units)
    pairs = overlapping_pairs(zones, _plane(counties))
    share = pairs.area_m2 / shapely.area(zones)[pairs.subject]
    main = share > _MAIN_SHARE
    unit_ids, county_ids = units.zones["zone_id"].to_numpy(), counties.zones["zone_id"].to_numpy()
    return {str(unit_ids[u]): str(county_ids[c]) for u, c in zip(pairs.subject[main], pairs.zone[main], strict=True)}


def _access_list_faults(units: Layer, access_list: pd.DataFrame) -> list[Fault]:
    codes = set(units.zones["zone_id"])
    of_units = access_list[access_list["unit_code"].astype(str).str.startswith("ZH")]
    groups = of_units.groupby("unit_code", sort=True)["dimension"]
    listed: Mapping[str, Sequence[str]] = {str(code): list(dimensions) for code, dimensions in groups}
    faults = [
        Fault(layer=layer_ids.ACCESS_LIST, zone_id=code, problem="清单中的单元不在管控单元图层中", remedy="核对编码与版本")
        for code in sorted(set(listed) - codes)
    ]
    for code in sorted(codes):
        absent = [d for d in DIMENSIONS if d not in listed.get(code, ())]
        if absent:
            problem = f"准入清单缺少维度：{'、'.join(absent)}"
            faults.append(Fault(layer=layer_ids.ACCESS_LIST, zone_id=code, problem=problem, remedy="补全四个维度的管控要求"))
    return faults
