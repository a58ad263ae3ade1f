"""Where each enterprise enters the rivers, and what its water reaches."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.core.vocabulary import RESERVOIR, UNEXPLAINED, SubjectKind
from cdgis.results.tables.validation import empty, validate
from cdgis.rivers.dischargers import dischargers
from cdgis.rivers.snap import Snapped
from cdgis.rivers.system import RiverSystem
from cdgis.rivers.trace import Velocity, downstream_events
from cdgis.workspace.layers import Subjects

METHOD = "沿河追踪"
ON_BANKS = ("城镇", "环境敏感点")
CARD_KINDS = ("饮用水水源保护区", "监测断面", RESERVOIR)
"""Kinds whose distance along the river a relocation card shows."""


def downstream_receptors(system: RiverSystem, subjects: Subjects, *, velocity: Velocity) -> dict[str, pd.DataFrame]:
    """Return tables `trace_enterprises` and `river_entry` of every enterprise: what its water reaches, in order.

    One that lies farther from every stream it drains to than the limit has no rows in the first and a line
    with its distance in the second, so that no one is taken to reach nothing.
    """
    companies, snapped = snap_enterprises(system, subjects)
    rows = downstream_events(system.network, system.events, snapped.vertex, snapped.to_outlet_m)
    rows = described_events(system, rows)
    low, high = velocity.hours(rows["river_km"].to_numpy(dtype=float))
    ids = companies["subject_id"].to_numpy(dtype=object)
    frame = rows.assign(
        subject_id=ids[rows["origin"].to_numpy()], order=rows.groupby("origin").cumcount() + 1,
        time_low_h=low, time_high_h=high,
    )  # fmt: skip
    return {
        "trace_enterprises": validate("trace_enterprises", frame),
        "river_entry": entry_table(system, companies, snapped),
    }


def downstream_measures(system: RiverSystem) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a function from subjects (subject_id, lon, lat in degrees) to what lies below each along the river.

    The function's columns: subject_id, metres to the river, and kilometres along it to the first of each kind;
    NaN where no stream is near enough or none of the kind lies downstream.
    """

    def measured(subjects: pd.DataFrame) -> pd.DataFrame:
        """Return the distances below each of the subjects."""
        lon, lat = (subjects[name].to_numpy(dtype=float) for name in ("lon", "lat"))
        snapped = system.snapper.snap(lon, lat, limit_m=system.settings.snap_limit_m)
        rows = downstream_events(system.network, system.events, snapped.vertex, snapped.to_outlet_m)
        out = pd.DataFrame({"subject_id": subjects["subject_id"].to_numpy()})
        out["离所汇入河道（米）"] = np.where(snapped.vertex >= 0, snapped.offset_m, np.nan)
        for kind in CARD_KINDS:
            first = rows[rows["kind"] == kind].groupby("origin")["river_km"].min()
            out[f"沿河到下游{kind}（公里）"] = first.reindex(range(len(out))).to_numpy(dtype=float)
        return out

    return measured


def downstream_of_dischargers(system: RiverSystem, subjects: Subjects) -> pd.DataFrame:
    """Return table `downstream`: of each discharging subject the first receptor of every kind, in flow order.

    Places on the banks are left out: a report names what the water runs into, `cdgis trace` lists everything.
    """
    drains = subjects.frame["subject_id"].isin(set(dischargers(subjects)))
    frame = subjects.frame[drains].drop_duplicates("subject_id").reset_index(drop=True)
    if frame.empty:
        return empty("downstream")
    snapped = snap_frame(system, frame.geometry.to_numpy())
    met = system.events[~system.events["kind"].isin(ON_BANKS)].reset_index(drop=True)
    rows = downstream_events(system.network, met, snapped.vertex, snapped.to_outlet_m)
    rows = rows.drop_duplicates(["origin", "kind"]).reset_index(drop=True)
    origin = rows["origin"].to_numpy(dtype=np.int64)
    described = described_events(system, rows).assign(
        subject_id=frame["subject_id"].to_numpy(dtype=object)[origin], entry_m=snapped.offset_m[origin],
        order=rows.groupby("origin").cumcount() + 1,
    )  # fmt: skip
    return validate("downstream", pd.concat([described, _unexplained(system, frame, snapped, set(described["subject_id"]))]))


def _unexplained(system: RiverSystem, frame: pd.DataFrame, snapped: Snapped, described: set[str]) -> pd.DataFrame:
    """Return a row for every discharger of which nothing downstream can be said, saying why: no row is no clearance."""
    left = np.flatnonzero(~frame["subject_id"].isin(described).to_numpy())
    far = f"{system.settings.snap_limit_m:.0f} 米内没有它汇入的河段，未作下游追踪"
    why = np.where(snapped.vertex[left] < 0, far, "所载数据中下游没有受体")
    return pd.DataFrame(
        {
            "subject_id": frame["subject_id"].to_numpy(dtype=object)[left], "order": 0, "kind": UNEXPLAINED, "receptor_id": "—",
            "name": why, "jurisdiction": "", "river_km": np.nan, "river": "", "entry_m": snapped.offset_m[left],
            "method": METHOD, "source": system.network.source, "accuracy_m": system.network.accuracy_m,
        }
    )  # fmt: skip


def snap_enterprises(system: RiverSystem, subjects: Subjects) -> tuple["pd.DataFrame", Snapped]:
    """Return the enterprises (rows of Subjects.frame) and where each enters the river."""
    companies = subjects.frame[subjects.frame["kind"] == SubjectKind.ENTERPRISE].reset_index(drop=True)
    return companies, snap_frame(system, companies.geometry.to_numpy())


def snap_frame(system: RiverSystem, shapes: npt.NDArray[np.object_]) -> Snapped:
    """Return where points or sites (EPSG:4490; a site by a point inside it) enter the river."""
    points = shapely.point_on_surface(shapes)
    return system.snapper.snap(shapely.get_x(points), shapely.get_y(points), limit_m=system.settings.snap_limit_m)


def entry_table(system: RiverSystem, frame: pd.DataFrame, snapped: Snapped) -> pd.DataFrame:
    """Return table `river_entry`: how far each of `frame` (subject_id, name) is from the river it enters."""
    network, limit = system.network, system.settings.snap_limit_m
    taken = snapped.vertex >= 0
    status = np.where(
        taken, "已取河段", np.where(snapped.offset_m > limit, "未取：超出距离上限", "未取：与近处河段不同汇水")
    )
    at = np.maximum(snapped.vertex, 0)
    table = pd.DataFrame(
        {
            "subject_id": frame["subject_id"].to_numpy(), "name": frame["name"].to_numpy(), "status": status,
            "river": [network.label(int(v)) if ok else "" for v, ok in zip(at, taken, strict=True)],
            "reach_id": np.where(taken, np.array(network.reach_id(at), dtype=object), ""),
            "offset_m": snapped.offset_m, "limit_m": limit, "lon": snapped.lon_deg, "lat": snapped.lat_deg,
            "note": np.where(taken & snapped.behind_divide, "有更近的河段，但隔分水岭，未采用", ""),
        }
    )  # fmt: skip
    return validate("river_entry", table)


def described_events(system: RiverSystem, rows: pd.DataFrame) -> pd.DataFrame:
    """Return events with the river's name, chainage (km), method, source and accuracy (m)."""
    network = system.network
    accuracy = {name: layer.spec.accuracy_m for name, layer in system.layers.items()}
    titles = {name: layer.spec.title for name, layer in system.layers.items()}
    labels = {vertex: network.label(vertex) for vertex in sorted(set(rows["vertex"]))}
    return rows.assign(
        river=rows["vertex"].map(labels), chainage_km=rows["to_outlet_m"] / 1000, method=METHOD,
        source=network.source + "；" + rows["layer"].map(titles).astype(str),
        accuracy_m=np.maximum(rows["layer"].map(accuracy).to_numpy(dtype=float), network.accuracy_m),
    )  # fmt: skip
