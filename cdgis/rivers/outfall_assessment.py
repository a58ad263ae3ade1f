"""Outfalls where they may not lie, loads over their caps, and places for polishing wetlands.

load_rivers → snap → measure_outfalls → sum_loads ∥ wetland_candidates
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import shapely
import tomli as tomllib

from cdgis.core import layer_ids
from cdgis.core.errors import CatalogError, CrsError, LayerError
from cdgis.core.vocabulary import LIST_SEPARATOR, OutfallKind, ProjectType
from cdgis.geometry.geodesy import geodesic_distance_m, lonlat_points
from cdgis.readers import read_layer
from cdgis.readers.placed_layers import misplaced_layers
from cdgis.results.tables.validation import empty, validate
from cdgis.rivers.entry_points import snap_frame
from cdgis.rivers.outfall_placement import measure_outfalls, sum_loads, zone_of_points
from cdgis.rivers.snap import Snapped
from cdgis.rivers.system import RiverSystem
from cdgis.rivers.terrain import above_stream_m, read_ground
from cdgis.rivers.trace import downstream_events
from cdgis.workspace.layers import Layer, Subjects

OUTFALL_ACTIVITY = "入河排污口"
UNITS = layer_ids.CONTROL_UNITS
COD, DISCHARGES = "cod_t_per_yr", "discharges_pollutants"
_ENTERPRISE_NOTE = "没有排口坐标，以企业入河位置代"


@cache
def wetland_rules() -> Mapping[str, Any]:
    """Return cdgis/data/rivers/wetlands.toml."""
    return tomllib.loads(files("cdgis").joinpath("data/rivers/wetlands.toml").read_text(encoding="utf-8"))


def assess_outfalls(
    system: RiverSystem, subjects: Subjects, *, planned: tuple[tuple[float, float], ...] = ()
) -> dict[str, pd.DataFrame]:
    """Return tables `outfalls`, `outfall_loads` and `wetland_candidates`.

    Parameters
    ----------
    subjects : projects whose activity is 入河排污口, and enterprises that declare discharge.
    planned : longitudes and latitudes of outfalls thought of, degrees.

    Raises
    ------
    CatalogError : the workspace has no control units.
    """
    if UNITS not in system.layers:
        raise CatalogError(f"入河排污口分析需要水环境控制单元图层 {UNITS}，目录中没有")
    placed = place_outfalls(system, subjects, planned=planned)
    return {**placed, "wetland_candidates": wetland_candidates(system, subjects)}


def place_outfalls(
    system: RiverSystem, subjects: Subjects, *, planned: tuple[tuple[float, float], ...] = ()
) -> dict[str, pd.DataFrame]:
    """Return tables `outfalls` and `outfall_loads`; nothing in a workspace without control units."""
    if UNITS not in system.layers:
        return {}
    frame = _outfall_frame(subjects, planned)
    snapped = snap_frame(system, frame["geometry"].to_numpy())
    places = _places(system, frame, snapped)
    below = downstream_events(system.network, system.events, snapped.vertex, snapped.to_outlet_m)
    outfalls = measure_outfalls(places, below, layers=system.layers)
    return {"outfalls": outfalls, "outfall_loads": sum_loads(outfalls, system.layers[UNITS])}


def _outfall_frame(subjects: Subjects, planned: tuple[tuple[float, float], ...]) -> pd.DataFrame:
    attributes = subjects.attribute_map()
    frame = pd.DataFrame(subjects.frame)
    drains = frame["subject_id"].map(lambda key: attributes[key].get(DISCHARGES) == "true")
    is_outfall = frame["activity"] == OUTFALL_ACTIVITY
    kept = frame[is_outfall | (drains & (frame["kind"] == "enterprise"))]
    kind = np.where(
        kept["activity"] != OUTFALL_ACTIVITY,
        OutfallKind.ENTERPRISE.value,
        np.where(kept["project_type"] == ProjectType.EXISTING, OutfallKind.EXISTING.value, OutfallKind.PLANNED.value),
    )
    rows = pd.DataFrame(
        {
            "outfall_id": kept["subject_id"], "name": kept["name"], "kind": kind, "geometry": kept["geometry"],
            "cod_t_per_yr": [float(attributes[key].get(COD, "nan")) for key in kept["subject_id"]],
            "note": np.where(kind == OutfallKind.ENTERPRISE, _ENTERPRISE_NOTE, ""),
        }
    )  # fmt: skip
    more = [
        {"outfall_id": f"拟设{number}", "name": f"{lon:.5f},{lat:.5f}", "kind": OutfallKind.PLANNED.value, "note": "命令行给出",
         "geometry": shapely.Point(lon, lat), "cod_t_per_yr": np.nan}
        for number, (lon, lat) in enumerate(planned, start=1)
    ]  # fmt: skip
    return (
        pd.concat([rows, pd.DataFrame(more, columns=rows.columns)], ignore_index=True)
        if more
        else rows.reset_index(drop=True)
    )


def _places(system: RiverSystem, frame: pd.DataFrame, snapped: Snapped) -> pd.DataFrame:
    taken = snapped.vertex >= 0
    far = f"{system.settings.snap_limit_m:.0f} 米内没有它汇入的河段，未能定位到河上；管控区按其自身位置判断"
    pairs = zip(frame["note"], taken, strict=True)
    notes = [LIST_SEPARATOR.join(part for part in (note, "" if ok else far) if part) for note, ok in pairs]
    sites = shapely.point_on_surface(frame["geometry"].to_numpy())
    river = [system.network.label(int(v)) if ok else "" for v, ok in zip(snapped.vertex, taken, strict=True)]
    return frame.drop(columns="geometry").assign(
        site_lon=shapely.get_x(sites), site_lat=shapely.get_y(sites), river=river, offset_m=snapped.offset_m,
        lon=np.where(taken, snapped.lon_deg, np.nan),
        lat=np.where(taken, snapped.lat_deg, np.nan), note=notes, accuracy_m=system.network.accuracy_m,
        method="沿河追踪", source=system.network.source,
    )  # fmt: skip


def wetland_candidates(system: RiverSystem, subjects: Subjects) -> pd.DataFrame:
    """Return table `wetland_candidates`: level ground low above the river below each treatment plant.

    Empty where the network has no elevation.
    """
    rules, grid = wetland_rules(), system.network.grid
    plants = subjects.frame[subjects.frame["industry"].str.startswith(tuple(rules["industries"]))].reset_index(
        drop=True
    )
    if grid is None or plants.empty:
        return empty("wetland_candidates")
    slope, above = read_ground(grid).slope_deg.ravel(), above_stream_m(system.network).ravel()
    fit = np.flatnonzero((slope <= rules["slope_deg_max"]) & (above >= 0) & (above <= rules["above_stream_m_max"]))
    lon, lat = grid.centres(fit)
    ground = system.snapper.snap(lon, lat, limit_m=rules["bank_m"])
    snapped = snap_frame(system, plants.geometry.to_numpy())
    plant, cell = _below(system, snapped, ground, within_m=1000 * rules["within_km"])
    taken, unasked = _conflicts(system, lonlat_points(lon[cell], lat[cell]))
    table = pd.DataFrame(
        {
            "plant_id": plants["subject_id"].to_numpy()[plant], "plant_name": plants["name"].to_numpy()[plant],
            "lon": lon[cell], "lat": lat[cell], "offset_m": ground.offset_m[cell], "slope_deg": slope[fit[cell]],
            "above_stream_m": above[fit[cell]],
            "river_km": (snapped.to_outlet_m[plant] - ground.to_outlet_m[cell]) / 1000,
            "straight_m": geodesic_distance_m(snapped.lon_deg[plant], snapped.lat_deg[plant], lon[cell], lat[cell]),
            "conflicts": [LIST_SEPARATOR.join([*titles, *unasked]) for titles in taken], "mark": rules["mark"],
            "method": "坡度、相对河道高差初筛", "source": system.network.source, "accuracy_m": system.network.accuracy_m,
        }
    )  # fmt: skip
    order = ["plant_id", "conflicts", "above_stream_m", "slope_deg", "river_km", "lon"]
    table = table.assign(taken=[bool(titles) for titles in taken]).sort_values([order[0], "taken", *order[2:]], kind="stable")
    table["rank"] = table.groupby("plant_id").cumcount() + 1
    return validate("wetland_candidates", table[table["rank"] <= rules["most_per_plant"]])


def _below(system: RiverSystem, plants: Snapped, ground: Snapped, *, within_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of plant and cell whose place on the river lies below the plant's, within a distance."""
    forest = system.network.forest
    way = plants.to_outlet_m[:, None] - ground.to_outlet_m[None, :]
    below = forest.is_downstream(ground.vertex[None, :], plants.vertex[:, None]) & (way >= 0) & (way <= within_m)
    plant, cell = np.nonzero(below & (plants.vertex >= 0)[:, None] & (ground.vertex >= 0)[None, :])
    return plant, cell


def _conflicts(system: RiverSystem, points: np.ndarray) -> tuple[list[list[str]], list[str]]:
    """Return for each point the titles of the layers it lies in that stand against building; and of those nobody could ask."""
    catalog = system.workspace.catalog
    asked: Mapping[str, str] = wetland_rules()["conflicts"]
    names = [name for name in asked if name not in catalog or not catalog[name].none]
    layers = _read_conflicts(system, [name for name in names if name in catalog])
    found: list[list[str]] = [[] for _ in points]
    for layer in layers.values():
        for at in np.flatnonzero((zone_of_points(points, layer)["zone_id"] != "").to_numpy()):
            found[at].append(layer.spec.title)
    return found, [f"{asked[name]}（没有可用的图层，未查）" for name in names if name not in layers]


def _read_conflicts(system: RiverSystem, names: list[str]) -> dict[str, Layer]:
    """Return the layers that can be asked: they can be read, and lie in the place."""
    workspace = system.workspace
    layers: dict[str, Layer] = {}
    for name in names:
        with suppress(LayerError, CrsError):
            layers[name] = system.layers.get(name) or read_layer(workspace.catalog[name], workspace.layers_dir)
    elsewhere = misplaced_layers(workspace, layers)
    return {name: layer for name, layer in layers.items() if name not in elsewhere}
