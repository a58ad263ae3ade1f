"""A workspace of what the public may see: layers on the public grid, withheld ones left out, the same rules.

What is judged on it can be told to anybody: an answer holds nothing that the public version does not. Where the public
version knows less, the answer says 资料不足: a withheld layer is not there, and a zone too small for the grid is counted as
lost on reading, never as absent.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
import tomlkit
from geopandas import GeoDataFrame
from pydantic import BaseModel

from cdgis.core import layer_ids
from cdgis.core.packs import PACKS_DIR
from cdgis.core.progress import Silent
from cdgis.core.vocabulary import IntakeStatus
from cdgis.geometry.map_frame import METRES_PER_DEGREE
from cdgis.readers import read_subjects
from cdgis.readers.loading import load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.report.map.generalise import Grid
from cdgis.rules.workspace_rules import RULES_DIR
from cdgis.workspace.create import known_layers
from cdgis.workspace.layers import ZONE_COLUMNS, Layer
from cdgis.workspace.place import Place
from cdgis.workspace.settings import SETTINGS_FILE, Workspace

_SPEC = (
    "title", "theme", "geometry", "official", "version", "source", "licence", "coverage", "partition", "allowed_classes", "zones", "plan", "note",
)  # fmt: skip
_STATED = ("title", "theme", "geometry", "official", "coverage", "none", "none_by", "none_on")
_CATALOG = "layers/catalog.toml"
NEAR_CELLS = 1.5
"""Within so many cells of an outline on the grid nobody knows on which side a place lies."""


@in_its_place
def write_public_workspace(workspace: Workspace, out: Path) -> tuple[str, ...]:
    """Write the public's workspace into `out`, a folder that is not there yet; return the titles of the layers withheld.

    Raises
    ------
    CdgisError : as `load_workspace`.
    """
    settings = workspace.settings.publish
    hidden = set(settings.withheld_layers)
    with load_workspace(workspace, as_of=None, progress=Silent()) as loaded:
        grid = Grid(settings.grid_deg, _kept_away(workspace, loaded.layers, hidden))
        (out / _CATALOG).parent.mkdir(parents=True)
        shown = {key: layer for key, layer in loaded.layers.items() if key not in hidden and layer.spec.is_vector}
        entries = {key: _written(layer, grid, out, near_m(workspace)) for key, layer in shown.items() if layer.spec.none or len(layer.zones)}
    entries |= _access_list(workspace, out)
    (out / _CATALOG).write_text(tomlkit.dumps({"layers": entries}), encoding="utf-8")
    (out / SETTINGS_FILE).write_text(tomlkit.dumps(_settings(workspace)), encoding="utf-8")
    for name in (RULES_DIR, PACKS_DIR):
        if (workspace.root / name).is_dir():
            shutil.copytree(workspace.root / name, out / name)
    titles = {key: spec.title for key, spec in (*known_layers().items(), *workspace.catalog.layers.items())}
    return tuple(titles.get(key, key) for key in settings.withheld_layers)


def near_m(workspace: Workspace) -> float:
    """Return within how many metres of an outline the public version cannot tell the sides apart."""
    return round(workspace.settings.publish.grid_deg * METRES_PER_DEGREE * NEAR_CELLS, 1)


def _kept_away(workspace: Workspace, layers: Mapping[str, Layer], hidden: set[str]) -> Any:
    """Return the vertices that no node of the grid may lie on: of withheld layers and of every subject."""
    parts = [shapely.get_coordinates(read_subjects(workspace).frame.geometry.to_numpy())]
    parts += [shapely.get_coordinates(layer.zones.geometry.to_numpy()) for key, layer in layers.items() if key in hidden]
    return np.unique(np.concatenate(parts), axis=0)


def _written(layer: Layer, grid: Grid, out: Path, accuracy_m: float) -> dict[str, Any]:
    """Write a layer on the grid and return its catalogue entry."""
    spec = layer.spec
    if spec.none:
        return _plain(spec.model_dump(include=set(_STATED)))
    zones = layer.zones[[*ZONE_COLUMNS, "geometry"]].copy()
    coarse = grid.generalised(zones.geometry.to_numpy())
    gone = shapely.is_empty(coarse) | shapely.is_missing(coarse)
    coarse[gone] = None  # the reader counts a row without a shape as lost: its layer proves nobody clear
    zones = zones.set_geometry(coarse, crs=zones.crs)
    if any(note.status == IntakeStatus.QUARANTINED for note in layer.notes) and not gone.any():
        lost = zones.iloc[:1].assign(zone_id="lost", zone_name="", geometry=None)
        zones = GeoDataFrame(pd.concat([zones, lost], ignore_index=True), geometry="geometry", crs=zones.crs)
    zones.to_file(out / "layers" / f"{spec.id}.gpkg", layer=spec.id, driver="GPKG")
    entry = spec.model_dump(include=set(_SPEC))
    fields = {name: [name] for name in ZONE_COLUMNS}
    return _plain(entry | {"path": f"{spec.id}.gpkg", "accuracy_m": max(spec.accuracy_m, accuracy_m), "fields": fields})


def _access_list(workspace: Workspace, out: Path) -> dict[str, Any]:
    """Copy the units' access list, which is law and public."""
    spec = workspace.catalog.layers.get(layer_ids.ACCESS_LIST)
    if spec is None or not spec.path or not (workspace.layers_dir / spec.path).is_file():
        return {}
    name = f"{spec.id}{Path(spec.path).suffix}"
    shutil.copyfile(workspace.layers_dir / spec.path, out / "layers" / name)
    return {spec.id: _plain(spec.model_dump(exclude_defaults=True, exclude={"id", "url"}) | {"path": name})}


def _settings(workspace: Workspace) -> dict[str, Any]:
    sections = {name for name, value in workspace.settings if isinstance(value, BaseModel) and not isinstance(value, Place)}
    kept = workspace.settings.model_dump(exclude={"catalog", "tolerance_m", *sections}, exclude_defaults=True)
    return _plain(kept | {"catalog": _CATALOG, "tolerance_m": max(workspace.settings.tolerance_m, near_m(workspace))})


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as TOML holds them; None and empty texts are left out."""
    return {str(key): _value(value) for key, value in values.items() if value is not None and value != "" and value != {}}


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain(value)
    return [_value(item) for item in value] if isinstance(value, tuple | list) else value
