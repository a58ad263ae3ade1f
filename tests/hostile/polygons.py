"""Hard polygons of `tests/hard_polygons.py`, judged in blocks beside two layers of zones that are hard themselves."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from hard_polygons import hard_polygons
from shapes import layer_set, sites, workspace, zone_layer

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.judging.overlay import measure_overlaps
from cdgis.readers import read_sites

from .trials import Case, Fate, Outcome


def cases(count: int, seed: int, scratch: Path) -> Iterator[Case]:
    """Yield `count` single polygons."""
    zones = [shape for shape in hard_polygons(400, seed + 1) if shape.is_valid and shape.area > 1e-9]
    scratch.mkdir(parents=True, exist_ok=True)
    layers = layer_set(zone_layer("redline", zones, "红线"), zone_layer("grid", _grid(), "格"))
    for number, shape in enumerate(hard_polygons(count, seed)):
        yield f"{seed}/{number} {shape.wkt[:80]}", lambda shape=shape, number=number: _judged(shape, layers, scratch / f"{number}.gpkg")


def _grid() -> list[shapely.Geometry]:
    return [shapely.box(116 + i * 0.5, 40.2 + j * 0.5, 116.5 + i * 0.5, 40.7 + j * 0.5) for i in range(6) for j in range(5)]


def _judged(shape: shapely.Geometry, layers: dict, path: Path) -> Outcome:
    gpd.GeoDataFrame({"项目编号": ["H"]}, geometry=[shape], crs=4490).to_file(path, engine="pyogrio")
    read = read_sites(workspace(path.parent), [path])
    (note,) = read.intake
    if note.status == "quarantined":
        return (Fate.REFUSED, "") if note.reason else (Fate.SILENT, "quarantined without a reason")
    geometry = read.frame.geometry.iloc[0]
    measured = measure_overlaps(sites([geometry]), layers)
    on_grid = measured.overlaps.loc[measured.overlaps["layer"] == "grid", "area_m2"].sum()
    whole = float(survey_area_m2(np.array([geometry]))[0])
    if abs(on_grid - whole) > 1e-6 * whole + 0.05:
        return Fate.WRONG, f"{on_grid} m2 on a grid that covers it, {whole} m2 in all"
    return (Fate.REPAIRED if note.status == "repaired" else Fate.RIGHT), ""
