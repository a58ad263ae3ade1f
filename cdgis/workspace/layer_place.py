"""Whether a whole layer lies where it is said to speak: a layer of another place proves nothing here.

A layer is misplaced when no zone of it comes near the place; when none reaches farther into its coverage than both are
accurate; or when next to nothing of it lies there while the layer does not even span its coverage (a neighbour's).
"""

from functools import partial

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import GeometryArray
from cdgis.geometry import geodesy
from cdgis.geometry.shapes import polygonal
from cdgis.workspace.layers import Layer

Box = tuple[float, float, float, float]
"""West, south, east, north, degrees."""
_LEAST_DEPTH_M = 1.0
_LEAST_SHARE, _LEAST_SPAN = 0.01, 0.5
_FEW = 8
"""Zones tried first: those of the fewest vertices."""
MISPLACED_REMEDY = (
    "多半是换城市时留下的旧图层，或坐标系有误：请换成本地的文件，或从目录中删去；"
    "确是本地图层的裁剪到覆盖范围；本地确无此类区的用 cdgis layers none 写明依据"
)


def misplaced(layer: Layer, coverage: Layer | None, home: Box | None) -> str:
    """Return how a layer lies outside the place or its coverage, "" when it does not or nothing can be compared.

    Parameters
    ----------
    coverage : the layer it names as its coverage, as far as it was read.
    home : the box sites of the place must lie in.
    """
    shapes = np.asarray(layer.zones.geometry.array, dtype=object)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(shapes):
        return ""
    if home is not None and not _near(shapes, home):
        return f"全部 {len(shapes)} 个要素都在本市以外（{_box_words(tuple(map(float, shapely.total_bounds(shapes))))}；本市 {_box_words(home)}）"
    if coverage is None or not len(coverage.zones):
        return ""
    depth_m = max(_LEAST_DEPTH_M, layer.spec.accuracy_m + coverage.spec.accuracy_m)
    inner = coverage.derived(f"inner {depth_m}", partial(_inner, depth_m=depth_m))
    whole = coverage.derived("inner 0", partial(_inner, depth_m=0.0))
    few = np.argsort(shapely.get_num_coordinates(shapes), kind="stable")[:_FEW]
    if _spans(shapes, whole) and shapely.intersects(inner, geodesy.geometries_to_plane(shapes[few])).any():
        return ""  # as what follows would find, without laying out all zones
    plane = geodesy.geometries_to_plane(shapes)
    title = coverage.spec.title
    if not shapely.intersects(inner, plane).any():
        return f"全部 {len(shapes)} 个要素都在声明的覆盖范围（{title}）之外，或伸入不足 {depth_m:g} 米"
    share = 1.0 if _spans(shapes, whole) else _share_inside(plane, whole)
    if share < _LEAST_SHARE:
        return f"图层只有 {share:.2%} 在声明的覆盖范围（{title}）内，也没有铺及其大部，像是别处的图层"
    return ""


def misplaced_raster(box: Box, home: Box | None) -> str:
    """Return that a raster with this extent (degrees) lies outside the place, "" when it does not or nobody says where that is."""
    if home is None or (box[0] <= home[2] and box[2] >= home[0] and box[1] <= home[3] and box[3] >= home[1]):
        return ""
    return f"图层不在本地：整幅栅格都在本市以外（{_box_words(box)}；本市 {_box_words(home)}）"


def _near(shapes: GeometryArray, home: Box) -> bool:
    x0, y0, x1, y1 = shapely.bounds(shapes).T
    west, south, east, north = home
    return bool(((x0 <= east) & (x1 >= west) & (y0 <= north) & (y1 >= south)).any())


def _inner(coverage: Layer, depth_m: float) -> BaseGeometry:
    """Return the coverage without a border of some width, on the measuring plane; the whole where nothing would be left."""
    zones = geodesy.geometries_to_plane(np.asarray(coverage.zones.geometry.array, dtype=object))
    invalid = ~shapely.is_valid(zones)
    zones[invalid] = polygonal(shapely.make_valid(zones[invalid]))
    whole = shapely.union_all(zones)
    inner = shapely.buffer(whole, -depth_m) if depth_m else whole
    found: BaseGeometry = whole if shapely.is_empty(inner) else inner
    shapely.prepare(found)
    return found


def _spans(shapes: GeometryArray, cover: BaseGeometry) -> bool:
    """Return whether the box of zones (EPSG:4490) spans most of their coverage (measuring plane), so that no share is measured."""
    west, south, east, north = shapely.total_bounds(shapes)
    (x0, x1), (y0, y1) = geodesy.to_plane(np.array([west, east]), np.array([south, north]))
    around, box = shapely.box(x0, y0, x1, y1), shapely.box(*cover.bounds)
    return bool(shapely.area(shapely.intersection(around, box)) >= _LEAST_SPAN * shapely.area(box))


def _share_inside(zones: GeometryArray, cover: BaseGeometry) -> float:
    """Return which share of a layer lies in its coverage, both on the measuring plane."""
    near = shapely.intersects(cover, zones)
    inside = shapely.covers(cover, zones)
    if inside.mean() >= _LEAST_SHARE:
        return float(inside.mean())
    dimension = shapely.get_dimensions(zones).max()
    measure = (np.ones_like, shapely.length, shapely.area)[dimension]
    sizes = measure(zones).astype(float)
    cut = shapely.intersection(shapely.make_valid(zones[near & ~inside]), cover)
    part = sizes[inside].sum() + measure(cut).astype(float).sum()
    return float(part / sizes.sum()) if sizes.sum() else 1.0


def _box_words(box: tuple[float, ...]) -> str:
    return f"经度 {box[0]:.1f}～{box[2]:.1f}，纬度 {box[1]:.1f}～{box[3]:.1f}"
