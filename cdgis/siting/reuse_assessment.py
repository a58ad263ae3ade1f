"""Derelict and polluted patches matched with uses (`cdgis reuse`).

patches → ground → open_options → judge_subjects → rank_reuse
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from cdgis.core import layer_ids
from cdgis.core.errors import CatalogError
from cdgis.core.progress import Progress
from cdgis.core.units import m2_to_ha
from cdgis.core.vocabulary import SubjectKind
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers.loading import Loaded
from cdgis.rivers.flow_cache import flow_of
from cdgis.rivers.snap import distances_to
from cdgis.rivers.system import read_elevation
from cdgis.rivers.terrain import read_ground
from cdgis.siting.reuse_options import open_options, rank_reuse, reuse_options
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects

LINE_LAYER = layer_ids.POWER_LINES
METHOD = "类别、地形初筛，准入由同一套规则研判"


def assess_reuse(loaded: Loaded, *, jobs: int = 1, progress: Progress | None = None) -> pd.DataFrame:
    """Return table `reuse` of every patch of the layers that the options name.

    Raises
    ------
    CatalogError : the workspace has none of those layers, or nothing in them.
    """
    patches = _patches(loaded)
    candidates = open_options(patches)
    candidates["subject_id"] = candidates["patch_id"] + "@" + candidates["option"]
    tables = judge_subjects(loaded, _as_projects(candidates), jobs=jobs, progress=progress).tables
    verdicts = tables["verdicts"].set_index("subject_id")
    county = tables["subjects"].set_index("subject_id")["county"]
    candidates = candidates.assign(
        verdict=candidates["subject_id"].map(verdicts["verdict"]),
        decisive_rule_ids=candidates["subject_id"].map(verdicts["decisive_rule_ids"]),
        county=candidates["subject_id"].map(county), method=METHOD,
    )  # fmt: skip
    return rank_reuse(candidates.drop(columns="geometry"))


def _patches(loaded: Loaded) -> pd.DataFrame:
    names = dict.fromkeys(name for option in reuse_options() for name in option.patches)
    layers = [loaded.layers[name] for name in names if name in loaded.layers and len(loaded.layers[name].zones)]
    if not layers:
        raise CatalogError(f"没有可供再利用的地块图层：{'、'.join(names)} 都不在目录中、没有要素，或已声明本市没有")
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "patch_id": layer.zones["zone_id"], "name": layer.zones["zone_name"], "layer": layer.spec.id,
                    "zone_class": layer.zones["zone_class"], "geometry": layer.zones.geometry,
                    "source": layer.spec.title, "accuracy_m": layer.spec.accuracy_m,
                }
            )
            for layer in layers
        ],
        ignore_index=True,
    )  # fmt: skip
    shapes = frame["geometry"].to_numpy()
    inside = shapely.point_on_surface(shapes)
    lon, lat = shapely.get_x(inside), shapely.get_y(inside)
    height, slope, off_south = _ground(loaded, lon, lat)
    return frame.assign(
        lon=lon, lat=lat, area_ha=m2_to_ha(1.0) * survey_area_m2(shapes), height_m=height, slope_deg=slope,
        aspect_off_south_deg=off_south, line_m=_line_m(loaded, shapes),
    )  # fmt: skip


def elevation_of(loaded: Loaded) -> tuple[LayerSpec, ...]:
    """Return the catalogue entry of the elevation that slopes come from; none in a workspace without one."""
    catalog, name = loaded.workspace.catalog, loaded.settings.rivers.elevation
    return (catalog[name],) if name in catalog else ()


def _ground(
    loaded: Loaded, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], ...]:
    """Return height, slope and how far the slope faces away from south (0 on level ground), NaN without elevation."""
    found = elevation_of(loaded)
    if not found:
        return (np.full(len(lon), np.nan),) * 3
    heights, _ = read_elevation(loaded.workspace, found[0])
    grid = flow_of(heights, loaded.workspace.layers_dir / found[0].path)
    height, slope, aspect = read_ground(grid).at(lon, lat)
    off_south = np.where((slope == 0) & np.isnan(aspect), 0.0, np.abs(aspect - 180.0))
    return height, slope, off_south


def _line_m(loaded: Loaded, shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Return the distance to the nearest power line, NaN where the workspace has no such layer or nothing in it."""
    if LINE_LAYER not in loaded.layers or not len(loaded.layers[LINE_LAYER].zones):
        return np.full(len(shapes), np.nan)
    return distances_to(shapes, loaded.layers[LINE_LAYER].zones.geometry.to_numpy())


def _as_projects(candidates: pd.DataFrame) -> Subjects:
    options = {option.id: option for option in reuse_options()}
    chosen = [options[key] for key in candidates["option"]]
    frame = GeoDataFrame(
        candidates[["subject_id", "name", "accuracy_m"]], geometry=candidates["geometry"].to_numpy(), crs=4490
    )
    frame = frame.assign(
        kind=str(SubjectKind.PROJECT), industry=[option.industry for option in chosen],
        project_type=[option.project_type for option in chosen], activity=[option.activity for option in chosen],
        source_file="再利用初筛", source_row="", notes="",
    )  # fmt: skip
    return Subjects(frame=frame[[*SUBJECT_COLUMNS, "geometry"]], attributes=Subjects.none().attributes)
