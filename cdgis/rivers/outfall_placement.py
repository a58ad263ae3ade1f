"""Effluents entering the rivers: ban or limit, distance above intakes and sections, load.

    declared_u = sum of yearly loads of outfalls whose place on the river lies in control unit u,
    share_u = declared_u / cap_u;   what is not declared is counted as missing, never as zero.

Distances are those along the river to the nearest receptor of a kind downstream. (tables `outfalls`,
`outfall_loads`)
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.core import layer_ids
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.geometry.geodesy import lonlat_points
from cdgis.results.tables.validation import validate
from cdgis.workspace.layers import Layer

BANNED, LIMITED, FREE, UNKNOWN = "禁止设置区域", "限制设置区域", "未压占", "资料不足"
CAP = "cod_cap_t_per_yr"
KINDS = {"source_zone": "饮用水水源保护区", "intake": "取水口", "section": "监测断面"}
Texts = npt.NDArray[np.object_]
Geometries = npt.NDArray[np.object_]


def zone_of_points(points: Geometries, layer: Layer, *, order: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return zone_id, zone_name, zone_class of the zone each point lies in or touches; "" where none.

    Parameters
    ----------
    order : classes from the one that counts first; others follow by id.
    """
    zones = layer.zones
    point, zone = shapely.STRtree(zones.geometry.to_numpy()).query(points, predicate="intersects")
    found = zones[["zone_id", "zone_name", "zone_class"]].iloc[zone].assign(point=point)
    rank = {name: place for place, name in enumerate(order)}
    found["rank"] = found["zone_class"].map(rank).fillna(len(rank))
    first = found.sort_values(["point", "rank", "zone_id"], kind="stable").drop_duplicates("point").set_index("point")
    out: pd.DataFrame = first.drop(columns="rank").reindex(range(len(points))).fillna("")
    return out


def measure_outfalls(places: pd.DataFrame, below: pd.DataFrame, *, layers: Mapping[str, Layer]) -> pd.DataFrame:
    """Return table `outfalls`.

    Parameters
    ----------
    places : outfall_id, name, kind, river, offset_m, site_lon, site_lat, lon, lat (degrees; the latter on the
        river, NaN where none was found), cod_t_per_yr (NaN where not declared), note.
    below : events downstream of each place: origin (position in `places`), kind, name, river_km.
    layers : `outfall_zones` and `control_units` where the workspace has them.
    """
    river = _points(places["lon"], places["lat"])
    out = places.drop(columns=["site_lon", "site_lat"])
    out["zone_class"], out["zone_name"] = _strictest(places, river, layers)
    unit = zone_of_points(river, layers[layer_ids.CONTROL_UNITS])["zone_id"].to_numpy() if layer_ids.CONTROL_UNITS in layers else ""
    out["control_unit"] = unit
    for name, title in KINDS.items():
        first = below[below["kind"] == title].drop_duplicates("origin").set_index("origin")
        out[f"next_{name}"] = first["name"].reindex(range(len(places))).fillna("").to_numpy()
        out[f"{name}_km"] = first["river_km"].reindex(range(len(places))).to_numpy(dtype=float)
    return validate("outfalls", out)


def _points(lon_deg: "pd.Series[float]", lat_deg: "pd.Series[float]") -> Geometries:
    """Return points, None where a coordinate is missing."""
    lon, lat = (np.asarray(values.fillna(0), dtype=np.float64) for values in (lon_deg, lat_deg))
    points = lonlat_points(lon, lat)
    points[lon_deg.isna().to_numpy()] = None
    return points


def _strictest(places: pd.DataFrame, river: Geometries, layers: Mapping[str, Layer]) -> tuple[Texts, Texts]:
    """Return class and name of the strictest zone that the site or its place on the river lies in."""
    count = len(places)
    if layer_ids.OUTFALL_ZONES not in layers:
        return np.full(count, UNKNOWN, dtype=object), np.full(count, "", dtype=object)
    site = _points(places["site_lon"], places["site_lat"])
    ones = [zone_of_points(points, layers[layer_ids.OUTFALL_ZONES], order=(BANNED, LIMITED)) for points in (site, river)]
    rank = {BANNED: 0, LIMITED: 1, "": 2}
    better = ones[1]["zone_class"].map(rank).to_numpy() < ones[0]["zone_class"].map(rank).to_numpy()
    word, name = (np.where(better, ones[1][key], ones[0][key]) for key in ("zone_class", "zone_name"))
    nowhere = np.where(places["lon"].isna(), UNKNOWN, FREE)
    return np.where(word == "", nowhere, word), name


def sum_loads(outfalls: pd.DataFrame, units: Layer) -> pd.DataFrame:
    """Return table `outfall_loads`: declared loads by control unit beside the cap; one row for what lies in none."""
    zones = units.zones
    caps = pd.to_numeric(zones[CAP], errors="coerce") if CAP in zones.columns else pd.Series(np.nan, index=zones.index)
    rows = pd.DataFrame({"control_unit": zones["zone_id"], "name": zones["zone_name"], "cap_t_per_yr": caps})
    if (outfalls["control_unit"] == "").any():
        stray = {"control_unit": "（不在任何控制单元）", "name": "", "cap_t_per_yr": np.nan}
        rows = pd.concat([rows, pd.DataFrame([stray])], ignore_index=True)
    named = outfalls.assign(control_unit=outfalls["control_unit"].replace("", "（不在任何控制单元）"))
    known = named[named["cod_t_per_yr"].notna()].groupby("control_unit")
    missing = named[named["cod_t_per_yr"].isna()].groupby("control_unit")["outfall_id"]
    declared = rows["control_unit"].map(known["cod_t_per_yr"].sum())
    return validate("outfall_loads", rows.assign(
        outfall_count=rows["control_unit"].map(named.groupby("control_unit").size()).fillna(0).astype(int),
        declared_t_per_yr=declared, share=declared / rows["cap_t_per_yr"].where(rows["cap_t_per_yr"] > 0),
        left_t_per_yr=rows["cap_t_per_yr"] - declared,
        missing_count=rows["control_unit"].map(missing.size()).fillna(0).astype(int),
        missing_ids=rows["control_unit"].map(missing.agg(LIST_SEPARATOR.join)).fillna(""),
    ))  # fmt: skip
