"""Which parks could take an enterprise that has to move, judged by the same rules as any new project?"""

from collections.abc import Callable

import pandas as pd

from cdgis.geodesy import geodesic_distance_m
from cdgis.model import Verdict
from cdgis.schema import empty, validate

SiteJudge = Callable[[pd.DataFrame], pd.DataFrame]
"""Judges pairs (enterprise_id, park_id) as if the enterprise were a 迁建 project at that park, all at once;
returns the pairs with the columns verdict and failing_rule (ids separated by ';')."""

_BLOCKING = (Verdict.FAIL, Verdict.UNKNOWN)


def screen_destinations(movers: pd.DataFrame, parks: pd.DataFrame, judge: SiteJudge) -> pd.DataFrame:
    """Return table destinations: every mover with every park, the failing ones with the rule that fails them.

    Parameters
    ----------
    movers : enterprise_id, lon, lat in degrees, EPSG:4490.
    parks : park_id, park_name, lon, lat (a point inside the park), EPSG:4490.
    judge : see SiteJudge.

    Returns
    -------
    distance_m is geodesic, metres. A park is feasible unless the verdict is 不符合 or 资料不足: what is not
    known to be allowed is never offered.

    Raises
    ------
    ValueError : the judge left a pair unjudged or judged one twice.
    """
    if movers.empty or parks.empty:
        return empty("destinations")
    sites = parks[["park_id", "park_name", "lon", "lat"]]
    pairs = movers[["enterprise_id", "lon", "lat"]].merge(sites, how="cross", suffixes=("_old", "_new"))
    judged = judge(pairs[["enterprise_id", "park_id"]].copy())
    table = pairs.merge(
        judged[["enterprise_id", "park_id", "verdict", "failing_rule"]],
        on=["enterprise_id", "park_id"],
        how="left",
        validate="one_to_one",
    )
    if table["verdict"].isna().any():
        raise ValueError("judge left pairs unjudged")
    table["feasible"] = ~table["verdict"].isin(list(_BLOCKING))
    old, new = ("lon_old", "lat_old"), ("lon_new", "lat_new")
    points = [table[column].to_numpy(dtype=float) for column in (*old, *new)]
    table["distance_m"] = geodesic_distance_m(*points)
    return validate("destinations", table)
