"""Register of what stands along one named river, from its source to its mouth.

Chainage counts from the river's lowest place in the data (its confluence, or where it leaves them) upwards.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.vocabulary import RiverRole
from cdgis.rivers.network import Network
from cdgis.rivers.trace import downstream_events

TRIBUTARY = RiverRole.TRIBUTARY.value
LEAST_TRIBUTARY_KM2 = 150.0


def river_register(network: Network, events: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the events along a named river in flow order, confluences among them, with chainage_km.

    Raises
    ------
    NetworkError : no river of that name.
    """
    stem = network.stem(name)
    mouth_m = float(network.forest.to_outlet_m[stem[-1]])
    joined = pd.concat([events, _confluences(network, stem)], ignore_index=True)
    rows = downstream_events(network, joined, stem[:1], network.forest.to_outlet_m[stem[:1]])
    rows = rows[rows["to_outlet_m"] >= mouth_m].reset_index(drop=True)
    return rows.assign(chainage_km=(rows["to_outlet_m"] - mouth_m) / 1000)


def _confluences(network: Network, stem: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return where tributaries that are named or drain enough meet the stem, as events."""
    receiver = network.forest.receiver
    on_stem = np.zeros(len(receiver), dtype=bool)
    on_stem[stem] = True
    joins = np.flatnonzero(on_stem[receiver] & ~on_stem)
    large = np.nan_to_num(network.upstream_km2[joins]) >= LEAST_TRIBUTARY_KM2
    joins = joins[large | (network.river[joins] != "")]
    at = receiver[joins]
    area = network.upstream_km2[joins]
    label = [f"{network.river[v] or '未命名支流'}（{a:.0f} 平方公里）" for v, a in zip(joins, area, strict=True)]
    return pd.DataFrame(
        {
            "kind": TRIBUTARY, "receptor_id": network.reach_id(joins), "name": label, "jurisdiction": "",
            "vertex": at, "to_outlet_m": network.forest.to_outlet_m[at], "offset_m": 0.0, "role": TRIBUTARY,
            "can_intercept": False, "layer": "", "lon": network.lon_deg[at], "lat": network.lat_deg[at],
        }
    )  # fmt: skip
