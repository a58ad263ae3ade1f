"""What is the one coverage whose borders all zone layers share?"""

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from layers.derive import coverage, quality, units
from layers.derive.terrain import Terrain
from layers.derive.zones import Zoning

GRIDS = ("built", "park", "reserve", "nature_park", "source", "farm", "red", "kind", "air", "water_class", "unit")
TOLERANCE_M = 190.0
SMALLEST_FACE_M2 = 60_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """The faces (plane geometry and one column per grid) and the counties."""

    faces: pd.DataFrame
    counties: gpd.GeoDataFrame

    @property
    def county_names(self) -> dict[int, str]:
        """Name of each county by code."""
        return dict(zip(self.counties["adcode"].astype(int), self.counties["name"], strict=True))

    def dissolve(self, faces: pd.DataFrame, keys: list[str]) -> gpd.GeoDataFrame:
        """Return `faces` united by `keys`, in EPSG:4490."""
        out = coverage.dissolve(faces, keys)
        out["geometry"] = coverage.to_lonlat(out.geometry.to_numpy(), self.counties)
        return out.set_crs("EPSG:4490", allow_override=True)


def build(terrain: Terrain, zoning: Zoning) -> Master:
    """Return the master coverage."""
    unit = quality.unit_labels(terrain)
    grids = {name: getattr(zoning, name) for name in GRIDS[:7]}
    grids["kind"] = units.kinds(terrain, zoning, unit)
    grids["air"] = quality.air_layout(terrain, zoning)
    grids["water_class"] = quality.water_classes(terrain, zoning)
    grids["unit"] = unit
    label, values = coverage.combine(*(grids[name] for name in GRIDS))
    label = coverage.sift(label, 6)
    counties = coverage.read_counties()
    faces = coverage.faces(label, terrain.transform, counties, TOLERANCE_M)
    faces = coverage.absorb(faces, "label", SMALLEST_FACE_M2)
    table = pd.DataFrame(values, columns=list(GRIDS))
    faces = pd.concat([faces, table.iloc[faces["label"] - 1].reset_index(drop=True)], axis=1)
    return Master(faces=units.assign(faces), counties=counties)
