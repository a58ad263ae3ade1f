"""What the public tables may say of how far and how much: nothing that the published outlines do not say already.

Exact distances to named zones place a site to the decimetre, for the zones' own outlines are known; a share of an
overlap is a line through it. So a public distance is measured between the published shapes and rounded up, a partial
area, share or length is withheld (NaN), and the critical distance goes with the layer that sets it. Two sites that
look alike on the grid and lie in the same zones have the same public rows: whoever reads them learns no more of the
place than the grid tells. Which zones are hit, near or clear is what the public version is for, and stays.
"""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from cdgis.core.vocabulary import Relation
from cdgis.geometry.geodesy import geometries_to_local
from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.report.screening.occupation import UNCOVERED_M2, WITHHELD
from cdgis.workspace.layers import Layer, Subjects

_LEAST_STEP_M = 100.0
_UNHIT = (Relation.NEAR, Relation.SLIVER)
_LEDGER = ("inside", "outside", "uncovered")
_NEARLY = 1e-6
"""Share of a total below which the ledger's rest is rounding."""
FloatArray = npt.NDArray[np.float64]


def distance_step_m(grid_deg: float) -> float:
    """Return what public distances are rounded up to: whole hundreds of metres, about a cell of the grid."""
    return max(_LEAST_STEP_M, round(grid_deg * METRES_PER_DEGREE, -2))


def coarse_measures(
    tables: Mapping[str, pd.DataFrame], subjects: Subjects, layers: Mapping[str, Layer], grid_deg: float
) -> dict[str, pd.DataFrame]:
    """Return overlaps, clear, ledger and verdicts as the public may read them.

    Parameters
    ----------
    tables : the four tables with the rows that pass.
    subjects, layers : on the grid (EPSG:4490), as published.
    grid_deg : step of the grid, degrees.
    """
    ruler = _Ruler(subjects, layers, distance_step_m(grid_deg))
    sizes = tables["subjects"].set_index("subject_id")
    verdicts = tables["verdicts"]
    told = np.where(verdicts["critical_layer"] != "", WITHHELD, "")
    return {
        "overlaps": _overlaps(tables["overlaps"], sizes, ruler),
        "clear": tables["clear"].assign(distance_m=_far(tables["clear"], ruler)),
        "ledger": _ledger(tables["ledger"], sizes),
        "verdicts": verdicts.assign(critical_distance_m=math.nan, critical_layer=told),
    }


class _Ruler:
    """Distances between published shapes."""

    def __init__(self, subjects: Subjects, layers: Mapping[str, Layer], step_m: float) -> None:
        frame = subjects.frame
        self._step_m = step_m
        self._subjects = dict(zip(frame["subject_id"], geometries_to_local(frame.geometry.to_numpy()), strict=True))
        self._zones = {
            (key, zone_id): shape
            for key, layer in layers.items()
            for zone_id, shape in zip(
                layer.zones["zone_id"], geometries_to_local(layer.zones.geometry.to_numpy()), strict=True
            )
        }

    def metres(self, subjects: pd.Series, layers: pd.Series, zones: pd.Series) -> FloatArray:
        """Return distances rounded up, a step at least; NaN where one of the two is not published."""
        ours = np.array([self._subjects.get(key) for key in subjects], dtype=object)
        theirs = np.array([self._zones.get(key) for key in zip(layers, zones, strict=True)], dtype=object)
        steps = np.ceil(np.asarray(shapely.distance(ours, theirs), dtype=float) / self._step_m)
        return np.asarray(np.maximum(steps, 1) * self._step_m)


def _far(clear: pd.DataFrame, ruler: _Ruler) -> FloatArray:
    """Return the distances of clear layers; one that had none keeps none."""
    far = ruler.metres(clear["subject_id"], clear["layer"], clear["nearest_zone_id"])
    return np.where(clear["distance_m"].isna(), math.nan, far)


def _overlaps(frame: pd.DataFrame, sizes: pd.DataFrame, ruler: _Ruler) -> pd.DataFrame:
    """Return overlaps: all of a subject inside is its published size, a part of it is withheld."""
    inside = (frame["relation"] == Relation.INSIDE).to_numpy()
    unhit = frame["relation"].isin(_UNHIT).to_numpy()
    far = ruler.metres(frame["subject_id"], frame["layer"], frame["zone_id"])
    own = sizes.reindex(frame["subject_id"])
    measured = {
        name: np.where(frame[name] == 0, 0.0, np.where(inside, whole, math.nan))
        for name, whole in (("area_m2", own["area_m2"]), ("share", 1.0), ("length_m", own["length_m"]))
    }
    return frame.assign(**measured, distance_m=np.where(unhit, far, frame["distance_m"] * 0.0))


def _ledger(frame: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """Return the ledger with the published totals: nothing or all of a subject is told, a part of it is not."""
    own = sizes.reindex(frame["subject_id"])
    unit = frame["unit"].to_numpy()
    exact = frame["total"].to_numpy(dtype=float)
    total = np.select([unit == "m2", unit == "m"], [own["area_m2"], own["length_m"]], exact)
    told = {}
    for name in _LEDGER:
        part = frame[name].to_numpy(dtype=float)
        least = np.where(name == "uncovered", UNCOVERED_M2, exact * _NEARLY)
        none, whole = part <= least, exact - part <= exact * _NEARLY
        told[name] = np.where(unit == "count", part, np.select([none, whole], [0.0, total], math.nan))
    return frame.assign(**told, total=total)
