"""Comparison of results when one version of a layer or workspace replaces another.

Both versions judge the same subjects (those of the new one), so that only zones, settings and rules differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.errors import UsageError
from cdgis.core.progress import Progress, Silent
from cdgis.core.regular_files import real_path
from cdgis.core.vocabulary import InputRecord
from cdgis.judging.compare_zones import compare_verdicts, compare_zones, matched
from cdgis.judging.evaluation import judge_subjects
from cdgis.judging.match_zones import crosswalk
from cdgis.judging.subject_table import COUNTY_LAYER
from cdgis.readers import read_layer, read_subjects
from cdgis.readers.geodatabase import GDB_SUFFIX
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.readers.place_extent import in_place
from cdgis.readers.placed_layers import misplaced_layers
from cdgis.results.data_status import stamp_for
from cdgis.results.tables.validation import empty, validate
from cdgis.workspace.catalog import Catalog, LayerSpec
from cdgis.workspace.layers import Layers, Subjects
from cdgis.workspace.settings import SETTINGS_FILE, Workspace, open_workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two versions side by side."""

    old_label: str
    new_label: str
    as_of: str
    stamp: str
    """Whether any layer compared is not official."""
    layers: Mapping[str, tuple[Layers, Layers]]
    """Layer id -> ({id: old layer}, {id: new layer}) for each layer with a changed unit; either may be empty."""
    titles: Mapping[str, str]
    borders: npt.NDArray[np.object_]
    """County borders to draw behind, EPSG:4490; none in a workspace without counties."""
    subjects: Subjects
    judged_count: int
    zones: pd.DataFrame
    """Table `changes_zones`."""
    crosswalk: pd.DataFrame
    """Table `changes_crosswalk`: old code -> new code of every polygon layer that changed."""
    verdicts: pd.DataFrame
    """Table `changes_verdicts`."""
    inputs: tuple[tuple[InputRecord, ...], tuple[InputRecord, ...]]


def compare_versions(
    old: Path,
    new: Path,
    *,
    workspace: Workspace | None,
    layer: str = "",
    jobs: int = 1,
    progress: Progress | None = None,
) -> Comparison:
    """Return the differences between two workspaces, or between two files of one layer of `workspace`.

    Parameters
    ----------
    layer : catalogue entry that both files are versions of; "" finds it by path or file name.

    Raises
    ------
    UsageError : the two are not of a kind, there is no workspace to judge in, or the layer cannot be told.
    """
    progress = progress or Silent()
    folders = [(path / SETTINGS_FILE).is_file() for path in (old, new)]
    if all(folders):
        spaces = open_workspace(old), open_workspace(new)
    elif any(folders) or not all(path.is_file() or _is_geodatabase(path) for path in (old, new)):
        raise UsageError(f"{old} 与 {new} 应同为图层文件，或同为工作区目录（内有 {SETTINGS_FILE}），且都存在")
    elif workspace is None:
        raise UsageError("比较两个图层文件须在工作区内进行，或用 --workspace 指明")
    else:
        spec = _entry(workspace, (old, new), layer)
        spaces = _with_file(workspace, spec, old), _with_file(workspace, spec, new)
    alike = old.name == new.name
    labels = [f"{real_path(path).parent.name}/{path.name}" if alike else path.name for path in (old, new)]
    with in_place(spaces[1]):
        return _compare(spaces, (labels[0], labels[1]), jobs=jobs, progress=progress)


def _is_geodatabase(path: Path) -> bool:
    return path.is_dir() and path.suffix.lower() == GDB_SUFFIX


def _entry(workspace: Workspace, files: tuple[Path, Path], layer: str) -> LayerSpec:
    """Return the catalogue entry the files are versions of."""
    if layer:
        return workspace.catalog[layer]
    specs = workspace.catalog.zone_layers()
    resolved = [real_path(file) for file in files]
    by_path = [spec for spec in specs if real_path(workspace.layers_dir / spec.path) in resolved]
    by_name = [spec for spec in specs if spec.path and any(file.stem.startswith(Path(spec.path).stem) for file in files)]
    longest = max((len(Path(spec.path).stem) for spec in by_name), default=0)
    found = by_path or [spec for spec in by_name if len(Path(spec.path).stem) == longest]
    if len(found) != 1:
        known = "、".join(spec.id for spec in specs)
        raise UsageError(
            f"看不出 {files[0].name} 与 {files[1].name} 是哪个图层的两个版本", remedy=f"请用 --layer 指明：{known}"
        )
    return found[0]


def _with_file(workspace: Workspace, spec: LayerSpec, file: Path) -> Workspace:
    entry = spec.model_copy(update={"path": str(real_path(file)), "none": "", "none_by": "", "none_on": None})
    catalog = Catalog(layers={**workspace.catalog.layers, spec.id: entry})
    return replace(workspace, catalog=catalog)


def _compare(
    spaces: tuple[Workspace, Workspace], labels: tuple[str, str], *, jobs: int, progress: Progress
) -> Comparison:
    as_of = spaces[1].settings.as_of
    with load_workspace(spaces[0], as_of=as_of, progress=progress) as before, _reloaded(spaces, before, progress) as after:
        changed = _changed_layers(before, after)
        zones = _zone_changes(changed)
        progress.stage("读取项目与企业")
        subjects = read_subjects(spaces[1], progress=progress.step)
        old_tables = judge_subjects(before, subjects, jobs=jobs, progress=progress).tables
        new_tables = judge_subjects(after, subjects, jobs=jobs, progress=progress).tables
        verdicts = compare_verdicts(old_tables, new_tables, zones)
        touched = set(zones["layer"])
        return Comparison(
            old_label=labels[0],
            new_label=labels[1],
            as_of=as_of.isoformat(),
            stamp=stamp_for((*before.records, *after.records)),
            layers={key: both for key, both in changed.items() if key in touched},
            titles={spec.id: spec.title for space in spaces for spec in space.catalog.layers.values()},
            borders=_borders(after.layers),
            subjects=subjects,
            judged_count=len(new_tables["verdicts"]),
            zones=zones,
            crosswalk=_crosswalk({key: both for key, both in changed.items() if key in touched}),
            verdicts=verdicts,
            inputs=(before.records, after.records),
        )


def _borders(layers: Layers) -> npt.NDArray[np.object_]:
    if COUNTY_LAYER not in layers:
        return np.empty(0, dtype=object)
    return np.asarray(layers[COUNTY_LAYER].zones.geometry.array, dtype=object)


def _reloaded(spaces: tuple[Workspace, Workspace], before: Loaded, progress: Progress) -> Loaded:
    """Return the new version; of two files of one layer only that layer is read again."""
    if spaces[0].root != spaces[1].root:
        return load_workspace(spaces[1], as_of=before.as_of, progress=progress)
    layers = dict(before.layers)
    for spec in spaces[1].catalog.layers.values():
        if spec.is_vector and spec != spaces[0].catalog[spec.id]:
            layers[spec.id] = read_layer(spec, spaces[1].layers_dir)
    for err in misplaced_layers(spaces[1], layers).values():
        raise err
    fresh = {layer.spec.id: layer.record for layer in layers.values()}
    records = tuple(fresh.get(r.layer, r) if r.kind == "layer" else r for r in before.records)
    return replace(before, workspace=spaces[1], layers=layers, records=records)


def _changed_layers(before: Loaded, after: Loaded) -> dict[str, tuple[Layers, Layers]]:
    """Return the zone layers whose bytes differ, or that only one version has."""
    found: dict[str, tuple[Layers, Layers]] = {}
    for key in dict.fromkeys((*before.layers, *after.layers)):
        old, new = before.layers.get(key), after.layers.get(key)
        if not any(one is not None and one.spec.zones for one in (old, new)):
            continue
        if old is None or new is None or old.record.sha256 != new.record.sha256 or old.spec.classes != new.spec.classes:
            found[key] = ({key: old} if old else {}, {key: new} if new else {})
    return found


def _zone_changes(changed: Mapping[str, tuple[Layers, Layers]]) -> pd.DataFrame:
    parts = []
    for key, (old, new) in changed.items():
        some = next(iter((*old.values(), *new.values())))
        none = replace(some, zones=some.zones.iloc[:0])
        parts.append(compare_zones(old.get(key, none), new.get(key, none)))
    filled = [part for part in parts if len(part)]
    return validate("changes_zones", pd.concat(filled, ignore_index=True)) if filled else empty("changes_zones")


def _crosswalk(changed: Mapping[str, tuple[Layers, Layers]]) -> pd.DataFrame:
    parts = []
    for key, (old, new) in changed.items():
        found = matched(old[key], new[key]) if key in old and key in new else None
        if found is not None:
            parts.append(crosswalk(key, found))
    filled = [part for part in parts if len(part)]
    return validate("changes_crosswalk", pd.concat(filled, ignore_index=True)) if filled else empty("changes_crosswalk")
