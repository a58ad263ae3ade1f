"""Whether a vector layer still says what its file was meant to say: losses, blanks, place.

Losing every zone is a layer's worst fault: it then looks like a city without any such zone. What was dropped is told
as a share of what the file holds, what the reader had to mend reason by reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from cdgis.core.array_types import GeometryArray
from cdgis.core.broken_text import is_broken
from cdgis.workspace.fault import Fault
from cdgis.workspace.layer_place import MISPLACED_REMEDY, Box, misplaced
from cdgis.workspace.layers import ZONE_COLUMNS, Layer, Layers

_NEAR_DEG = 1.0
"""A neighbouring county reaches this far beyond the city; swapped axes or a wrong zone lie farther off."""
_MOST_LISTED = 8
_DEGREE_M = 111_320.0
_LEAST_MEDIAN_M2 = 10.0
"""Half of a layer's zones smaller than this are drawn to a wrong scale, or in a wrong unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The box around the place, degrees; nothing is far from a home that is not known."""

    box: Box | None

    def far_from(self, geoms: GeometryArray) -> npt.NDArray[np.bool_]:
        """Return which geometries (EPSG:4490) reach farther beyond the box than a neighbour does."""
        if self.box is None or not len(geoms):
            return np.zeros(len(geoms), dtype=bool)
        x0, y0, x1, y1 = shapely.bounds(geoms).T
        west, south, east, north = self.box
        with np.errstate(invalid="ignore"):
            beyond = (x0 < west - _NEAR_DEG) | (y0 < south - _NEAR_DEG) | (x1 > east + _NEAR_DEG) | (y1 > north + _NEAR_DEG)
        return np.asarray(beyond)


def home_of(layers: Layers, place: Box | None = None) -> Home:
    """Return the box of the place, or around the layers that others name as their coverage when nobody says where it is."""
    if place is not None:
        return Home(box=place)
    named = {layer.spec.coverage for layer in layers.values()}
    boxes = [layers[name].zones.total_bounds for name in sorted(named) if name in layers and len(layers[name].zones)]
    if not boxes:
        return Home(box=None)
    west, south, east, north = np.array(boxes).T
    return Home(box=(float(west.min()), float(south.min()), float(east.max()), float(north.max())))


def content_faults(layer: Layer, coverage: Layer | None, home: Home) -> list[Fault]:
    """Return what was lost, mended, left blank or misplaced on the way from the file; `coverage` as far as it was read."""
    faults = _loss_faults(layer) + _repair_faults(layer)
    if len(layer.zones):
        faults += _blank_faults(layer) + _broken_text_faults(layer) + _size_faults(layer)
        faults += _place_faults(layer, coverage, home)
    return faults


def listed(items: Iterable[object]) -> str:
    """Return the first few items, and how many there are when not all are named."""
    names = [str(item) for item in items]
    more = f" 等 {len(names)} 个" if len(names) > _MOST_LISTED else ""
    return "、".join(names[:_MOST_LISTED]) + more


def _loss_faults(layer: Layer) -> list[Fault]:
    kept, lost = len(layer.zones), layer.quarantined
    if layer.spec.none:
        return []
    if not kept:
        problem = f"{lost} 个要素全部未能使用，等于没有这个图层" if lost else "文件里没有要素，等于没有这个图层"
        remedy = "换成完整的文件；本市确无此类区的，用 cdgis layers none 写明依据"
        return [Fault(layer=layer.spec.id, zone_id="", problem=problem, remedy=remedy, grave=True)]
    if not lost:
        return []
    problem = f"{kept + lost} 个要素中有 {lost} 个未能使用（{lost / (kept + lost):.1%}），该图层不完整，未压占不能算通过"
    return [Fault(layer=layer.spec.id, zone_id="", problem=problem, remedy="按下面各行的原因在源文件中修正")]


def _repair_faults(layer: Layer) -> list[Fault]:
    """Return what the reader had to mend or drop, one fault a reason: the file itself should be fixed."""
    rows: dict[tuple[str, str], list[str]] = {}
    for note in layer.notes:
        if note.status != "accepted":
            rows.setdefault((note.reason, note.remedy), []).append(note.row)
    return [
        Fault(layer=layer.spec.id, zone_id=listed(found), problem=reason, remedy=remedy or "在源文件中修正")
        for (reason, remedy), found in rows.items()
    ]


def _blank_faults(layer: Layer) -> list[Fault]:
    """Return the mapped columns that are blank throughout, and zones without a class where the others have one."""
    faults = []
    for column in layer.spec.fields:
        blank = layer.zones[column].astype(str).str.strip() == ""
        if blank.all() and column != "zone_id":
            problem, remedy = f"字段 {column} 全部为空", "核对目录条目的 fields 是否指对了字段"
            faults.append(Fault(layer=layer.spec.id, zone_id="", problem=problem, remedy=remedy))
        elif column == "zone_class" and blank.any() and layer.spec.zones:
            ids = layer.zones.loc[blank, "zone_id"]
            problem = f"{int(blank.sum())} 个区没有类别，规则无从判断"
            faults.append(Fault(layer=layer.spec.id, zone_id=listed(ids), problem=problem, remedy="补上类别字段的值"))
    return faults


def _broken_text_faults(layer: Layer) -> list[Fault]:
    columns = [*ZONE_COLUMNS, *(name for name in layer.spec.fields if name not in ZONE_COLUMNS)]
    texts = layer.zones[columns].astype(str)
    broken = texts.apply(lambda column: column.map(is_broken)).any(axis=1)
    if not broken.any():
        return []
    ids = layer.zones.loc[broken, "zone_id"]
    remedy = "在目录条目中写明 encoding（常用 gb18030 或 utf-8）；存进文件时就错了的，请重新导出"
    return [Fault(layer=layer.spec.id, zone_id=listed(ids), problem=f"{int(broken.sum())} 个区的文字是乱码", remedy=remedy)]


def _size_faults(layer: Layer) -> list[Fault]:
    """Return that polygons are too small to be zones: nothing would ever overlap them."""
    if layer.spec.geometry != "polygon":
        return []
    shapes = np.asarray(layer.zones.geometry.array, dtype=object)
    southern, northern = shapely.bounds(shapes)[:, [1, 3]].T
    # a threshold needs no survey area: degrees taken for metres of the globe at each zone's latitude
    median_m2 = float(np.median(shapely.area(shapes) * _DEGREE_M**2 * np.cos(np.radians((southern + northern) / 2))))
    if median_m2 >= _LEAST_MEDIAN_M2:
        return []
    problem = f"半数的区不到 {median_m2:.3g} 平方米，疑为坐标单位或比例有误"
    return [Fault(layer=layer.spec.id, zone_id="", problem=problem, remedy="核对导出时的坐标单位和坐标系")]


def _place_faults(layer: Layer, coverage: Layer | None, home: Home) -> list[Fault]:
    """Return that the layer is of another place, or else which of its zones lie wholly outside the declared coverage."""
    elsewhere = misplaced(layer, coverage, home.box)
    if elsewhere:
        return [Fault(layer=layer.spec.id, zone_id="", problem=elsewhere, remedy=MISPLACED_REMEDY, grave=True)]
    if coverage is None or not len(coverage.zones) or (layer.spec.geometry == "polygon" and layer.spec.zones):
        return []  # areas beyond their coverage are measured one by one
    place = shapely.union_all(np.asarray(coverage.zones.geometry.array, dtype=object))
    shapely.prepare(place)
    apart = ~shapely.intersects(place, np.asarray(layer.zones.geometry.array, dtype=object))
    if not apart.any():
        return []
    problem = f"{int(apart.sum())} 个要素在声明的覆盖范围（{coverage.spec.title}）之外"
    ids = layer.zones.loc[apart, "zone_id"]
    return [Fault(layer=layer.spec.id, zone_id=listed(ids), problem=problem, remedy="删去，或改正 coverage")]
