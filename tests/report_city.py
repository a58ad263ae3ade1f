"""An invented city of four counties and twelve units, for tests of pages and tables.

The city is the rectangle 117.0-118.2 E, 40.6-41.4 N; outlines are seeded wiggles so that they look like geography.
"""

import geopandas as gpd
import numpy as np
import shapely

from cdgis.core.vocabulary import InputRecord
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer

COUNTIES = ("双桥区", "承德县", "滦平县", "兴隆县")
X0, Y0 = 117.0, 40.6


def _wiggle(start: tuple[float, float], end: tuple[float, float], *, seed: int) -> shapely.LineString:
    """Return a line from start to end with a seeded lateral jitter, so that outlines look like geography."""
    t = np.linspace(0, 1, 81)
    noise = np.cumsum(np.random.default_rng(seed).normal(0, 0.004, 81))
    noise -= np.linspace(noise[0], noise[-1], 81)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = float(np.hypot(dx, dy))
    x = start[0] + t * dx - noise * dy / length
    y = start[1] + t * dy + noise * dx / length
    return shapely.LineString(np.c_[x, y])


def _grid(columns: int, rows: int) -> list[shapely.Polygon]:
    """Return the cells of a jittered partition of the city, row by row from the south-west."""
    xs = [X0 + 1.2 * i / columns for i in range(columns + 1)]
    ys = [Y0 + 0.8 * j / rows for j in range(rows + 1)]
    lines = [_wiggle((x, Y0), (x, Y0 + 0.8), seed=k) for k, x in enumerate(xs[1:-1])]
    lines += [_wiggle((X0, y), (X0 + 1.2, y), seed=50 + k) for k, y in enumerate(ys[1:-1])]
    city = shapely.box(X0, Y0, X0 + 1.2, Y0 + 0.8)
    cells = shapely.polygonize([shapely.union_all([*lines, city.boundary])]).geoms
    return [c for c in cells if c.area > 1e-4]


def _spec(layer_id: str, title: str, theme: str, geometry: str = "polygon", **options: object) -> LayerSpec:
    values = {
        "path": f"{layer_id}.gpkg",
        "official": False,
        "version": "2026-11-01",
        "source": "测试",
        "licence": "CC0-1.0",
    }
    if options.get("zones", True):
        values["coverage"] = "city"
    return LayerSpec(id=layer_id, title=title, theme=theme, geometry=geometry, **{**values, **options})


def input_record(layer_id: str, kind: str = "layer") -> InputRecord:
    """Return the provenance of an invented input."""
    digest = f"{sum(map(ord, layer_id)):064x}"
    return InputRecord(
        layer=layer_id,
        kind=kind,
        path=f"layers/{layer_id}.gpkg",
        sublayer="",
        sha256=digest,
        version="2026-11-01",
        official=False,
    )


def _layer(spec: LayerSpec, rows: list[tuple[str, str, str, shapely.Geometry]]) -> Layer:
    ids, names, classes, shapes = zip(*rows, strict=True)
    frame = gpd.GeoDataFrame(
        {"zone_id": list(ids), "zone_name": list(names), "zone_class": list(classes)},
        geometry=list(shapes),
        crs="EPSG:4490",
    )
    return Layer(spec=spec, zones=frame, record=input_record(spec.id))


def make_layers() -> dict[str, Layer]:
    """Return the invented city's layers."""
    city = shapely.box(X0, Y0, X0 + 1.2, Y0 + 0.8)
    counties = _grid(2, 2)[:4]
    units = _grid(4, 3)
    classes = ("优先保护", "重点管控", "一般管控")
    river = _wiggle((117.0, 41.3), (118.2, 40.7), seed=9)
    return {
        layer.spec.id: layer
        for layer in (
            _layer(_spec("city", "市域", "基础", zones=False), [("130800", "承德市", "", city)]),
            _layer(
                _spec("counties", "县级行政区", "基础", partition=True),
                [(f"13080{i}", COUNTIES[i], "", g) for i, g in enumerate(counties)],
            ),
            _layer(_spec("main_rivers", "主要河流", "基础", "line", zones=False), [("R1", "滦河", "", river)]),
            _layer(
                _spec("places", "居民地", "基础", "point", zones=False),
                [
                    ("P1", "承德", "PPLA2", shapely.Point(117.94, 40.97)),
                    ("P2", "兴隆", "PPLA3", shapely.Point(117.5, 40.75)),
                ],
            ),
            _layer(
                _spec("management_units", "环境管控单元", "一单", partition=True),
                [(f"ZH13080{i % 4}{i % 3 + 1}{i:04d}", f"单元{i}", classes[i % 3], g) for i, g in enumerate(units)],
            ),
            _layer(
                _spec("ecological_redline", "生态保护红线", "三线", accuracy_m=30),
                [
                    ("HX01", "北部水源涵养红线", "核心保护区", shapely.Point(117.3, 41.2).buffer(0.05)),
                    (
                        "HX02",
                        "北部水源涵养红线",
                        "红线一般区域",
                        shapely.Point(117.3, 41.2).buffer(0.12).difference(shapely.Point(117.3, 41.2).buffer(0.05)),
                    ),
                ],
            ),
            _layer(
                _spec("water_source_zones", "饮用水水源保护区", "要素"),
                [
                    ("WS1", "双峰寺水源地", "一级保护区", shapely.Point(117.9, 41.0).buffer(0.02)),
                    (
                        "WS2",
                        "双峰寺水源地",
                        "二级保护区",
                        shapely.Point(117.9, 41.0).buffer(0.06).difference(shapely.Point(117.9, 41.0).buffer(0.02)),
                    ),
                ],
            ),
            _layer(
                _spec("railways", "铁路", "要素", "line"),
                [("T1", "京承线", "干线", _wiggle((117.2, 40.6), (118.2, 41.1), seed=3))],
            ),
        )
    }
