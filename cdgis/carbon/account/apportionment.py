"""Restoration potential by county and unit; areas that lie in several zones are shared out by area.

share(a, z) = area(a in z) / area(a);  potential(z) = sum over areas a of share * potential(a), curve by curve: within a
curve lows and highs add up, over curves the half-widths combine as root-sum-square. The covered share of a zone is that of its
areas there, weighted by their area in it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely

from cdgis.geometry.kernels import overlap_areas
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.workspace.layers import Layer

_PARTS = ("low", "mid", "high")


def apportion_potential(
    areas: pd.DataFrame, plane: np.ndarray, potential: pd.DataFrame, layers: Sequence[Layer]
) -> pd.DataFrame:
    """Return table carbon_potential_zones for the last year of `potential`.

    Parameters
    ----------
    areas : area_id, growth_key, in the order of `plane`.
    plane : their polygons in the measuring plane.
    potential : table carbon_potential.
    """
    last = potential[potential["year"] == potential["year"].max()].set_index("area_id")
    parts = [_one_layer(areas, plane, last, layer) for layer in layers]
    return pd.concat(parts, ignore_index=True)


def _one_layer(areas: pd.DataFrame, plane: np.ndarray, last: pd.DataFrame, layer: Layer) -> pd.DataFrame:
    zones = valid_on_plane(np.asarray(layer.zones.geometry.array, dtype=object))[0]
    found = overlap_areas(plane, zones)
    ids = areas["area_id"].to_numpy()[found.subject]
    share = found.area_m2 / shapely.area(plane)[found.subject]
    rows = pd.DataFrame(
        {
            "zone_id": layer.zones["zone_id"].to_numpy()[found.zone],
            "area_id": ids,
            "growth_key": areas["growth_key"].to_numpy()[found.subject],
            "year": last["year"].reindex(ids).to_numpy(),
            "mark": last["mark"].reindex(ids).to_numpy(),
            "eligible_m2": share * last["eligible_m2"].reindex(ids).to_numpy(),
            "inside_m2": found.area_m2,
            "valued_m2": found.area_m2 * last["covered_share"].reindex(ids).to_numpy(),
            **{
                f"cumulative_tco2e_{part}": share * last[f"cumulative_tco2e_{part}"].reindex(ids).to_numpy()
                for part in _PARTS
            },
        }
    )
    names = dict(zip(layer.zones["zone_id"], layer.zones["zone_name"], strict=True))
    table = _combined(rows)
    return table.assign(zone_layer=layer.spec.id, zone_name=table["zone_id"].map(names))


def _combined(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["eligible_m2", *(f"cumulative_tco2e_{part}" for part in _PARTS)]
    by_curve = rows.groupby(["zone_id", "growth_key"], as_index=False)[columns].sum()
    mid = by_curve["cumulative_tco2e_mid"]
    by_curve["down"] = (mid - by_curve["cumulative_tco2e_low"]) ** 2
    by_curve["up"] = (by_curve["cumulative_tco2e_high"] - mid) ** 2
    groups = by_curve.groupby("zone_id")
    table = groups[["eligible_m2", "cumulative_tco2e_mid"]].sum()
    table["cumulative_tco2e_low"] = table["cumulative_tco2e_mid"] - np.sqrt(groups["down"].sum())
    table["cumulative_tco2e_high"] = table["cumulative_tco2e_mid"] + np.sqrt(groups["up"].sum())
    of_zone = rows.groupby("zone_id")
    parts = of_zone[["inside_m2", "valued_m2"]].sum()
    table["covered_share"] = (parts["valued_m2"] / parts["inside_m2"]).clip(0, 1)
    table["areas"], table["year"] = of_zone["area_id"].nunique(), of_zone["year"].max()
    return table.assign(mark=of_zone["mark"].min()).reset_index()
