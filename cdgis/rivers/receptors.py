"""Receptors along the rivers, as events on the network where the river first meets each.

A receptor may meet many segments (a source zone is entered from each branch); each meeting is one event, and a
trace takes of every receptor the event with the least offset, the first one reached among equals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import tomli as tomllib
from geopandas import GeoDataFrame

from cdgis.core import layer_ids
from cdgis.core.vocabulary import RiverRole
from cdgis.geometry.geodesy import geometries_from_local, geometries_to_local, lonlat_points
from cdgis.rivers.network import Network
from cdgis.rivers.snap import TIE_M, Snapper
from cdgis.workspace.layers import Layer

EVENT_COLUMNS = (
    "kind", "receptor_id", "name", "jurisdiction", "vertex", "to_outlet_m", "offset_m", "role", "can_intercept",
    "layer", "lon", "lat",
)  # fmt: skip
CLASS_IN_NAME = ("source_zone", "wetland", "reserve")
"""Kinds whose class says what the zone is, so that it belongs to the name."""
OUTSIDE = "数据范围外"
BORDER, PROTECTED = RiverRole.BORDER.value, RiverRole.PROTECTED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptorKind:
    """One kind of thing looked for along rivers."""

    id: str
    title: str
    layer: str
    how: str
    """zone, bank, point, cross or reservoir: how the layer meets the river."""
    bank_m: float
    """Farthest distance from the river, metres; negative means the workspace's."""
    role: str
    can_intercept: bool


@cache
def receptor_kinds() -> tuple[ReceptorKind, ...]:
    """Return the kinds of cdgis/data/rivers/receptors.toml, in file order."""
    raw = tomllib.loads(files("cdgis").joinpath("data/rivers/receptors.toml").read_text(encoding="utf-8"))
    return tuple(ReceptorKind(id=name, **row) for name, row in raw.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdictions:
    """Counties in and around the city."""

    codes: npt.NDArray[np.object_]
    names: npt.NDArray[np.object_]
    shapes: npt.NDArray[np.object_]
    """Polygons, EPSG:4490."""

    @classmethod
    def of(cls, *layers: GeoDataFrame) -> "Jurisdictions":
        """Return the zones of county layers; of equal codes the first counts, and one without a name goes by its code."""
        frame = pd.concat([layer[["zone_id", "zone_name", "geometry"]] for layer in layers], ignore_index=True)
        frame = frame.drop_duplicates("zone_id", ignore_index=True)
        frame["zone_name"] = frame["zone_name"].where(frame["zone_name"].astype(str).str.strip() != "", frame["zone_id"])
        columns = (frame[name].to_numpy(dtype=object) for name in ("zone_id", "zone_name", "geometry"))
        codes, names, shapes = columns
        return cls(codes=codes, names=names, shapes=shapes)

    def at(self, points: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
        """Return the position of the county each EPSG:4490 point lies in (the first, on a border), -1 if none."""
        point, county = shapely.STRtree(self.shapes).query(points, predicate="intersects")
        out = np.full(len(points), len(self.codes), dtype=np.int64)
        np.minimum.at(out, point, county)
        return np.where(out == len(self.codes), -1, out)

    def name(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
        """Return county names, OUTSIDE for -1."""
        return np.where(positions < 0, OUTSIDE, self.names[positions])


def receptor_events(
    snapper: Snapper, layers: Mapping[str, Layer], *, counties: Jurisdictions, bank_m: float
) -> pd.DataFrame:
    """Return EVENT_COLUMNS: each meeting of a receptor or border with the network.

    Parameters
    ----------
    layers : those loaded; kinds whose layer is absent have no events (see `kinds_not_loaded`).
    bank_m : distance from the river within which places count, metres, unless the kind sets its own.
    """
    parts = [
        _events_of(kind, layers[kind.layer].zones, snapper, counties, bank_m if kind.bank_m < 0 else kind.bank_m)
        for kind in receptor_kinds()
        if kind.layer in layers and len(layers[kind.layer].zones)
    ]
    return pd.concat([*parts, border_events(snapper.network, counties)], ignore_index=True)[list(EVENT_COLUMNS)]


def kinds_not_loaded(layers: Mapping[str, Layer]) -> tuple[ReceptorKind, ...]:
    """Return the kinds that the workspace has no layer, or no feature, for."""
    return tuple(k for k in receptor_kinds() if k.layer not in layers or not len(layers[k.layer].zones))


def _events_of(
    kind: ReceptorKind, zones: GeoDataFrame, snapper: Snapper, counties: Jurisdictions, bank_m: float
) -> pd.DataFrame:
    shapes = zones.geometry.to_numpy()
    shape, vertex, offset, position = snapper.within(shapes, bank_m)
    own = shapely.point_on_surface(shapes)[shape]
    lon, lat = snapper.network.places(vertex, position)
    # What the river runs through or under is where they meet; what stands on the bank is where it stands.
    spot = own if kind.how in ("bank", "point") else lonlat_points(lon, lat)
    suffix = zones["zone_class"].astype(str) if kind.id in CLASS_IN_NAME else ""
    title = (zones["zone_name"].astype(str) + suffix).to_numpy(dtype=object)
    rows = pd.DataFrame(
        {
            "kind": kind.title, "receptor_id": zones["zone_id"].to_numpy(dtype=object)[shape], "name": title[shape],
            "jurisdiction": counties.name(counties.at(spot)), "vertex": vertex, "to_outlet_m": position,
            "offset_m": offset, "role": kind.role, "can_intercept": kind.can_intercept, "layer": kind.layer,
            "lon": shapely.get_x(spot), "lat": shapely.get_y(spot),
        }
    ).sort_values(["receptor_id", "vertex"], kind="stable")  # fmt: skip
    if kind.how == "point":
        # A point on a river belongs to one segment: the nearest, of equals (to a metre) the one that starts lowest.
        # At a confluence that is the river below it; either branch alone would hide the point from the other.
        start = snapper.network.forest.to_outlet_m[rows["vertex"].to_numpy()]
        farther = rows["offset_m"] > rows.groupby("receptor_id")["offset_m"].transform("min") + TIE_M
        order = np.lexsort((start, farther))
        return rows.iloc[order].drop_duplicates("receptor_id")
    if kind.how == "cross":
        # Each reach a line crosses is one structure; a line drawn along the valley would else cross every few metres.
        reach = pd.Series(snapper.network.reach_id(rows["vertex"].to_numpy()), index=rows.index, dtype=object)
        return rows.assign(receptor_id=rows["receptor_id"] + "-" + reach)
    return pd.concat([rows, _dams(rows, snapper.network)]) if kind.how == "reservoir" else rows


def _dams(rows: pd.DataFrame, network: Network) -> pd.DataFrame:
    """Return the lowest place of each reservoir on each river through it, where its dam should stand (derived)."""
    at = rows["vertex"].to_numpy()
    lower = network.forest.receiver[at]
    place = rows.assign(to_outlet_m=network.forest.to_outlet_m[lower], root=network.forest.root[at])
    place = place.sort_values(["receptor_id", "root", "to_outlet_m"], kind="stable").drop_duplicates(
        ["receptor_id", "root"]
    )
    below = network.forest.receiver[place["vertex"].to_numpy()]  # where two branches meet in the reservoir, the dam is on both
    lon, lat = network.places(below, place["to_outlet_m"].to_numpy())
    return place.assign(
        vertex=below, kind="水库坝址（推导）", receptor_id=place["receptor_id"] + "-坝", name=place["name"] + "坝址", offset_m=0.0,
        lon=lon, lat=lat,
    ).drop(columns="root")  # fmt: skip


def border_events(network: Network, counties: Jurisdictions) -> pd.DataFrame:
    """Return an event for every segment whose ends lie in different counties, at the first crossing."""
    at = counties.at(lonlat_points(network.lon_deg, network.lat_deg))
    donors = network.donors
    changes = at[donors] != at[network.forest.receiver[donors]]
    vertex = donors[changes]
    lines = network.segments()[changes]
    upper, lower = at[vertex], at[network.forest.receiver[vertex]]
    share = _left_share(lines, counties, upper, lower)
    points = geometries_from_local(shapely.line_interpolate_point(geometries_to_local(lines), share, normalized=True))
    names = counties.name(lower)
    return pd.DataFrame(
        {
            "kind": [_border_kind(counties, a, b) for a, b in zip(upper, lower, strict=True)],
            "receptor_id": [f"JX-{_code(counties, a)}-{_code(counties, b)}" for a, b in zip(upper, lower, strict=True)],
            "name": counties.name(upper) + " → " + names, "jurisdiction": names, "vertex": vertex,
            "to_outlet_m": network.forest.to_outlet_m[vertex] - share * network.step_m[vertex], "offset_m": 0.0,
            "role": BORDER, "can_intercept": False, "layer": layer_ids.COUNTIES,
            "lon": shapely.get_x(points), "lat": shapely.get_y(points),
        }
    )  # fmt: skip


def _left_share(
    lines: npt.NDArray[np.object_], counties: Jurisdictions, upper: npt.NDArray[np.int64], lower: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the part of each segment after which it has left the upper county, or else entered the lower."""
    known = np.where(upper >= 0, upper, lower)
    inside = shapely.intersection(lines, counties.shapes[known])
    share = shapely.length(inside) / np.maximum(shapely.length(lines), 1e-12)
    return np.clip(np.where(upper >= 0, share, 1 - share), 0.0, 1.0)


def _code(counties: Jurisdictions, position: int) -> str:
    return str(counties.codes[position]) if position >= 0 else "000000"


def _border_kind(counties: Jurisdictions, upper: int, lower: int) -> str:
    a, b = _code(counties, upper), _code(counties, lower)
    if upper < 0 or lower < 0:
        return "数据边界"
    return "省界" if a[:2] != b[:2] else "市界" if a[:4] != b[:4] else "县界"
