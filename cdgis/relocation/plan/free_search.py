"""Free search for places outside the parks, on request, judged by the same engine."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cdgis.core.errors import UsageError
from cdgis.core.vocabulary import ProjectType
from cdgis.geometry import geodesy
from cdgis.readers.loading import Loaded
from cdgis.siting.candidate_sites import SitingRequest

Search = Callable[[Loaded, SitingRequest, str], pd.DataFrame]
"""Returns table locations for a request within the county named ("" for the whole coverage)."""

_COLUMNS = ("rank", "verdict", "at_least", "receptor_distance_m", "railway_distance_m", "area_m2", "lon", "lat", "wkt")
_COUNT = 5


def search_freely(loaded: Loaded, wanted: Sequence[str], tables: dict[str, pd.DataFrame], search: Search) -> pd.DataFrame:
    """Return rows of table relocation_sites: the best locations in its own county for each enterprise in `wanted`.

    Raises
    ------
    UsageError : an enterprise nobody knows, or one that did not state how much land it needs.
    """
    strange = sorted(set(wanted) - set(tables["subjects"]["subject_id"]))
    if strange:
        raise UsageError(f"--free 读到 {'、'.join(strange)}，企业表中没有这个编号")
    rows = {str(row["subject_id"]): row for row in tables["subjects"].to_dict("records")}
    parts = [_one(loaded, rows[name], tables["attributes"], search) for name in wanted]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _one(loaded: Loaded, subject: Mapping[Hashable, Any], attributes: pd.DataFrame, search: Search) -> pd.DataFrame:
    name = str(subject["subject_id"])
    own = attributes[attributes["subject_id"] == name].set_index("attribute")["value"].astype(str)
    declared = {str(key): str(value) for key, value in own.items()}
    land_ha = float(declared.get("land_ha", subject["area_m2"] / 1e4 or np.nan))
    if not land_ha > 0:
        raise UsageError(f"--free {name}：企业没有填用地面积（land_ha），不知道要找多大的地")
    request = SitingRequest(
        industry=str(subject["industry"]), project_type=str(ProjectType.RELOCATE), attributes=declared,
        size_ha=land_ha, count=_COUNT,
    )  # fmt: skip
    found = search(loaded, request, str(subject["county"])).reset_index(drop=True)
    distance = geodesy.geodesic_distance_m(
        np.full(len(found), subject["lon"], dtype=float), np.full(len(found), subject["lat"], dtype=float),
        found["lon"].to_numpy(dtype=float), found["lat"].to_numpy(dtype=float),
    )  # fmt: skip
    return found[list(_COLUMNS)].assign(enterprise_id=name, distance_m=distance)
