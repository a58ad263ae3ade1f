"""Who is reached by a spill, in which order, and who above could cause one (`cdgis trace`).

load_rivers → snap → downstream_events ∥ upstream_origins → tables
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import FloatArray
from cdgis.core.errors import NetworkError, UsageError
from cdgis.core.vocabulary import RESERVOIR, FlowDirection
from cdgis.geometry.geodesy import lonlat_points
from cdgis.results.tables.validation import empty, validate
from cdgis.rivers.entry_points import METHOD, described_events, entry_table, snap_enterprises
from cdgis.rivers.network import NAMELESS, Network
from cdgis.rivers.receptors import BORDER, PROTECTED, receptor_kinds
from cdgis.rivers.risk import tier_of
from cdgis.rivers.snap import nearest_distances
from cdgis.rivers.system import RiverSystem
from cdgis.rivers.trace import Velocity, downstream_events, only_target, ordered_trace, upstream_origins
from cdgis.rivers.trace_end import basin_at, counties_beyond, end_of_trace
from cdgis.workspace.layers import Subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a trace starts: a place on land, or a receptor on the river."""

    id: str
    name: str
    lon_deg: float
    lat_deg: float
    vertex: int
    to_outlet_m: float
    river_lon_deg: float
    river_lat_deg: float
    offset_m: float
    """Distance from the place to the river."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One trace with everything a page or a table needs."""

    origin: Origin
    direction: str
    """下游 or 上游."""
    velocity: Velocity
    river: str
    tables: dict[str, pd.DataFrame]
    notes: tuple[str, ...]
    stamp: str
    course: BaseGeometry
    """The water's way below the origin, or all streams above it; EPSG:4490."""
    stops: FloatArray
    """Longitude and latitude, degrees, of each row of the first table, where it lies along the water."""


def place_origin(
    system: RiverSystem, lon_deg: float, lat_deg: float, *, subject_id: str = "P", name: str = ""
) -> Origin:
    """Return where a place (degrees) enters the river.

    Raises
    ------
    NetworkError : no stream within the limit that the place drains to; the message offers the nearest reaches.
    """
    limit = system.settings.snap_limit_m
    snapped = system.snapper.snap(np.array([lon_deg]), np.array([lat_deg]), limit_m=limit)
    if snapped.vertex[0] < 0:
        raise _refusal(system, lon_deg, lat_deg, name or f"{lon_deg:.5f},{lat_deg:.5f}")
    notes = [f"入河位置取最近河段，离所给位置 {snapped.offset_m[0]:.0f} 米（上限 {limit:.0f} 米）"]
    if snapped.behind_divide[0]:
        notes.append("另有更近的河段，但与该点之间隔着分水岭（地表径流不汇入），未采用")
    return Origin(
        id=subject_id, name=name or f"{lon_deg:.5f},{lat_deg:.5f}", lon_deg=lon_deg, lat_deg=lat_deg,
        vertex=int(snapped.vertex[0]), to_outlet_m=float(snapped.to_outlet_m[0]), notes=tuple(notes),
        river_lon_deg=float(snapped.lon_deg[0]), river_lat_deg=float(snapped.lat_deg[0]),
        offset_m=float(snapped.offset_m[0]),
    )  # fmt: skip


def _refusal(system: RiverSystem, lon_deg: float, lat_deg: float, name: str) -> NetworkError:
    limit = system.settings.snap_limit_m
    lines = ["请核对位置，或用 --at 从下列河上位置中选一个："]
    for place in system.snapper.candidates(lon_deg, lat_deg):
        drains = "该点汇入" if place.drains_here else "该点不汇入（隔分水岭）"
        where = f"{place.lon_deg:.5f},{place.lat_deg:.5f}"
        lines.append(f"  · {place.river} {place.reach_id}　{where}　相距 {place.offset_m:.0f} 米　{drains}")
    reason = f"{limit:.0f} 米以内没有它汇入的河段，未作追踪"
    return NetworkError(reason, source=name, remedy="\n".join(lines))


def receptor_origin(system: RiverSystem, receptor: str) -> Origin | None:
    """Return the place on the river of a receptor given by id or name, None when there is none.

    A receptor met in several places is taken where its offset is least, the lowest of equals: all it can
    be reached from lies above that place.
    """
    events = system.events
    rows = events[(events["receptor_id"] == receptor) | (events["name"] == receptor)]
    if rows.empty:
        return None
    best = rows.sort_values(["offset_m", "to_outlet_m"], kind="stable").iloc[0]
    lon, lat = system.network.places(np.array([best["vertex"]]), np.array([best["to_outlet_m"]]))
    return Origin(
        id=str(best["receptor_id"]), name=str(best["name"]), lon_deg=float(best["lon"]), lat_deg=float(best["lat"]),
        vertex=int(best["vertex"]), to_outlet_m=float(best["to_outlet_m"]), offset_m=float(best["offset_m"]),
        river_lon_deg=float(lon[0]), river_lat_deg=float(lat[0]),
        notes=(f"自{best['kind']}“{best['name']}”起算",),
    )  # fmt: skip


def trace_down(system: RiverSystem, origin: Origin, *, velocity: Velocity, target: str = "") -> Trace:
    """Return the receptors below `origin` in flow order, and who must be notified in which order.

    Raises
    ------
    NetworkError : `target` is given and does not lie downstream.
    """
    rows = downstream_events(system.network, system.events, np.array([origin.vertex]), np.array([origin.to_outlet_m]))
    if target:
        rows = only_target(rows, system.events, target)
    found = ordered_trace(described_events(system, rows), velocity)
    tables = {"trace": validate("trace", found), "trace_notify": _notify(system, origin, found, velocity),
              "trace_around": _around(system, origin)}  # fmt: skip
    end = end_of_trace(system.network, origin.vertex, origin.to_outlet_m)
    notes = [*origin.notes, *([] if target else [end.sentence])]
    if not target and (beyond := counties_beyond(system, end, tables["trace_notify"]["jurisdiction"])):
        notes.append(beyond)
    if (found["kind"] == RESERVOIR).any():
        notes.append("途经水库：库内流速远小于河道，到达时间应视为下限")
    course, stops = _way_down(system.network, origin, found["river_km"].to_numpy(dtype=float))
    return _trace(system, origin, FlowDirection.DOWN, velocity, tables, notes, course=course, stops=stops)


def _way_down(network: Network, origin: Origin, river_km: FloatArray) -> tuple[BaseGeometry, FloatArray]:
    """Return the line from the origin to the outlet, and the places so many kilometres along it."""
    path = network.forest.path(origin.vertex)
    below = path[1:] if len(path) > 1 else path
    lonlat = np.column_stack([network.lon_deg[below], network.lat_deg[below]])
    line = shapely.LineString(np.vstack([[origin.river_lon_deg, origin.river_lat_deg], lonlat]))
    to_outlet_m = origin.to_outlet_m - river_km * 1000
    at = np.searchsorted(-network.forest.to_outlet_m[path], -to_outlet_m, side="right") - 1
    return line, np.column_stack(network.places(path[np.clip(at, 0, None)], to_outlet_m))


def _streams_above(network: Network, origin: Origin) -> BaseGeometry:
    """Return every segment whose water passes the origin."""
    donors = network.donors
    above = network.forest.is_downstream(np.int64(origin.vertex), donors) & (network.forest.to_outlet_m[donors] >= origin.to_outlet_m)
    merged: BaseGeometry = shapely.line_merge(shapely.MultiLineString(list(network.segments()[above])))
    return merged


def trace_up(system: RiverSystem, origin: Origin, subjects: Subjects, *, velocity: Velocity) -> Trace:
    """Return every enterprise whose water passes `origin`, in working order (tier, then nearness)."""
    companies, snapped = snap_enterprises(system, subjects)
    hits = upstream_origins(
        system.network, origin.vertex, origin.to_outlet_m, at=snapped.vertex, position_m=snapped.to_outlet_m
    )
    attributes = subjects.attribute_map()
    ids = companies["subject_id"].to_numpy(dtype=object)[hits]
    tiers = [tier_of(attributes[str(i)]) for i in ids]
    river_km = (snapped.to_outlet_m[hits] - origin.to_outlet_m) / 1000
    low, high = velocity.hours(river_km)
    frame = pd.DataFrame(
        {
            "tier": [number for number, _ in tiers], "reasons": [why for _, why in tiers], "subject_id": ids,
            "name": companies["name"].to_numpy()[hits], "industry": companies["industry"].to_numpy()[hits],
            "county": system.counties.name(system.counties.at(companies.geometry.to_numpy()[hits])),
            "river_km": river_km, "offset_m": snapped.offset_m[hits], "time_low_h": low, "time_high_h": high,
            "river": [system.network.label(int(v)) for v in snapped.vertex[hits]], "method": METHOD,
            "source": system.network.source, "accuracy_m": system.network.accuracy_m,
        }
    )  # fmt: skip
    frame = frame.sort_values(["tier", "river_km", "subject_id"], kind="stable")
    order, frame = frame.index.to_numpy(), frame.reset_index(drop=True)
    refused = int((snapped.vertex < 0).sum())
    notes = [*origin.notes, f"全部企业 {len(companies)} 家：在上游 {len(hits)} 家，"
             f"不在上游 {len(companies) - len(hits) - refused} 家，离河超过上限未能判定 {refused} 家（见 river_entry.csv）",
             "档次是工作次序，不是环境风险评估分级（口径未核实）"]  # fmt: skip
    tables = {
        "trace_sources": validate("trace_sources", frame.assign(rank=np.arange(1, len(frame) + 1))),
        "river_entry": entry_table(system, companies, snapped),
    }
    spots = np.column_stack([snapped.lon_deg[hits], snapped.lat_deg[hits]])[order]
    return _trace(
        system, origin, FlowDirection.UP, velocity, tables, notes, course=_streams_above(system.network, origin), stops=spots
    )  # fmt: skip


def parse_place(text: str) -> tuple[float, float] | None:
    """Return longitude and latitude written ``lon,lat`` in degrees, None for any other text.

    Raises
    ------
    UsageError : two numbers that are no position in China.
    """
    parts = text.replace("，", ",").split(",")
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError:
        return None
    if not (73 <= lon <= 136 and 3 <= lat <= 54):
        raise UsageError(f"位置 {text} 应写作 经度,纬度（度），例如 117.94,40.97；经度在前")
    return lon, lat


def enterprise_origin(system: RiverSystem, subjects: Subjects, subject: str) -> Origin | None:
    """Return where an enterprise or project, given by id or name, enters the river; None when there is none.

    Raises
    ------
    NetworkError : it lies too far from every stream it drains to.
    """
    frame = subjects.frame
    rows = frame[(frame["subject_id"] == subject) | (frame["name"] == subject)]
    if rows.empty:
        return None
    point = shapely.point_on_surface(rows.geometry.iloc[0])
    row = rows.iloc[0]
    return place_origin(
        system, float(point.x), float(point.y), subject_id=str(row["subject_id"]), name=str(row["name"])
    )


def _around(system: RiverSystem, origin: Origin) -> pd.DataFrame:
    """Return the sensitive places within [rivers] around_m of the origin, straight distance, nearest first."""
    place = lonlat_points(np.array([origin.lon_deg]), np.array([origin.lat_deg]))
    rows = []
    for kind in receptor_kinds():
        if kind.role != PROTECTED or kind.layer not in system.layers:
            continue
        layer = system.layers[kind.layer]
        near, metres = nearest_distances(place, layer.zones.geometry.to_numpy(), within_m=system.settings.around_m)
        zones = layer.zones.iloc[near]
        rows.append(pd.DataFrame({
            "kind": kind.title, "receptor_id": zones["zone_id"], "name": zones["zone_name"], "distance_m": metres,
            "layer": kind.layer, "accuracy_m": layer.spec.accuracy_m,
        }))  # fmt: skip
    return validate("trace_around", pd.concat(rows, ignore_index=True)) if rows else empty("trace_around")


def _notify(system: RiverSystem, origin: Origin, found: pd.DataFrame, velocity: Velocity) -> pd.DataFrame:
    """Return who must be notified: the county of the spill, then each one the water enters, once, in flow order."""
    start = system.counties.name(
        system.counties.at(lonlat_points(np.array([origin.lon_deg]), np.array([origin.lat_deg])))
    )[0]
    borders = found[found["role"] == BORDER].drop_duplicates("jurisdiction")
    borders = borders[borders["jurisdiction"] != start]
    km = np.concatenate(([0.0], borders["river_km"].to_numpy(dtype=float)))
    low, high = velocity.hours(km)
    frame = pd.DataFrame(
        {
            "order": np.arange(1, len(km) + 1), "jurisdiction": [start, *borders["jurisdiction"]],
            "border": ["事发地", *borders["kind"]], "river_km": km, "time_low_h": low, "time_high_h": high,
        }
    )  # fmt: skip
    return validate("trace_notify", frame)


def _trace(
    system: RiverSystem, origin: Origin, direction: str, velocity: Velocity, tables: dict[str, pd.DataFrame],
    notes: Sequence[str], *, course: BaseGeometry, stops: FloatArray,
) -> Trace:  # fmt: skip
    closing = [system.method, f"流速范围 {velocity.text}", system.gaps]
    return Trace(
        origin=origin, direction=direction, velocity=velocity, river=_river_of(system, origin),
        tables=tables, notes=tuple(note for note in (*notes, *closing) if note), stamp=system.stamp, course=course, stops=stops,
    )  # fmt: skip


def _river_of(system: RiverSystem, origin: Origin) -> str:
    """Return the name of the origin's river, with its basin where no named river lies below it in the data."""
    label = system.network.label(origin.vertex)
    basin = "" if label != NAMELESS else basin_at(system, origin.river_lon_deg, origin.river_lat_deg)
    return f"{label}（{basin}）" if basin else label
