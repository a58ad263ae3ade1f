"""How is a 界址点 TXT written, in the variants offices really send? (one parcel per header line ending in @)"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyproj import Geod
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient
from site_files import Feature, to_plane

ZONES = {4527: "39", 4528: "40", 4548: "39", 4549: "40"}
"""3-degree zone number of each Gauss-Krueger CRS; the first two carry it in the easting."""


def write_boundary_points(path: Path, features: Sequence[Feature], options: dict[str, Any]) -> None:
    """Write `features` as one boundary-point file.

    Options: crs, encoding, attributes (9 or 12 header fields), closed (repeat the first point), swapped (east
    before north), sparse (leave keys out), extension (a leading extra section), last_ring_wrong (the closing
    point carries the wrong ring number, as in a published sample).
    """
    lines = _preamble(options) + ["[地块坐标]"]
    for number, (key, name, geometry) in enumerate(features, start=1):
        lines += _parcel(number, key, name, geometry, options)
    text = "\r\n".join(lines) + "\r\n"
    path.write_bytes(text.encode(options["encoding"]))


def _preamble(options: dict[str, Any]) -> list[str]:
    crs = options["crs"]
    lines = ["[扩展信息]", "说明=示范数据"] if options.get("extension") else []
    lines += ["[属性描述]", "格式版本号=1.01版本", "数据产生单位=示例单位", "数据产生日期=2026-11-01"]
    lines.append("坐标系=2000国家大地坐标系")
    if options.get("sparse"):
        return lines
    if crs == 4490:
        return [*lines, "计量单位=度", "转换参数=,,,,,,"]
    tail = ["几度分带=3", "投影类型=高斯克吕格", "计量单位=米", f"带号={ZONES[crs]}", "精度=0.001"]
    return [*lines, *tail, "转换参数=,,,,,,"]


def _parcel(number: int, key: str, name: str, geometry: BaseGeometry, options: dict[str, Any]) -> list[str]:
    plane = to_plane(geometry, options["crs"])
    rings = [list(ring.coords) for ring in (plane.exterior, *plane.interiors)]
    if not options.get("closed", True):
        rings = [ring[:-1] for ring in rings]
    count = sum(map(len, rings))
    area_ha = abs(Geod(ellps="GRS80").geometry_area_perimeter(orient(geometry))[0]) / 10_000
    fields = [str(count), f"{area_ha:.4f}", key, name, "面", "K50G001001", "示例用途", "0601", ""]
    if options["attributes"] == 12:
        fields[8:] = ["国有", "", "示例备注", ""]
    return [",".join([*fields, "@"]), *_points(rings, options)]


def _points(rings: Sequence[Sequence[tuple[float, float]]], options: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    digits = 9 if options["crs"] == 4490 else 3
    number = 0
    for ring_number, ring in enumerate(rings, start=1):
        first = number + 1
        for k, (east, north) in enumerate(ring):
            closing = k > 0 and k == len(ring) - 1 and ring[0] == ring[-1]
            number += 0 if closing else 1
            label = f"J{first if closing else number}"
            shown = ring_number + 2 if closing and options.get("last_ring_wrong") else ring_number
            pair = (east, north) if options.get("swapped") else (north, east)
            lines.append(f"{label},{shown},{pair[0]:.{digits}f},{pair[1]:.{digits}f}")
    return lines
