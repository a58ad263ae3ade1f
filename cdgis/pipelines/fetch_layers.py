"""`cdgis layers fetch`: layers and subjects kept elsewhere, taken into the workspace as dated snapshots, or compared with them.

A snapshot takes the place of the old one only when it was fetched whole and can be read as the layer it is meant for.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdgis.core.errors import CatalogError, CdgisError, LayerError, SourceError, UsageError, os_reason
from cdgis.core.progress import Progress
from cdgis.core.scratch_folder import scratch_folder
from cdgis.readers import read_layer, read_table_layer
from cdgis.readers.sources.address import Address, file_of, read_address
from cdgis.readers.sources.arcgis import fetch_arcgis
from cdgis.readers.sources.feature_set import FeatureSet
from cdgis.readers.sources.file_sources import fetch_files
from cdgis.readers.sources.paged_geojson import fetch_oapif, fetch_wfs
from cdgis.readers.sources.postgis import fetch_postgis
from cdgis.readers.sources.snapshot import (
    Changes,
    changes_since,
    content_digest,
    note_file,
    read_note,
    snapshot_note,
    write_snapshot,
)
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import UNCODED
from cdgis.workspace.settings import Workspace

_SUBJECTS_SPEC = {"title": "对象", "theme": "基础", "geometry": "polygon", "official": False, "version": "快照", "source": "快照",
                  "licence": "未注明", "zones": False}  # fmt: skip
_FRESH, _SAME = "新取的快照", "与快照相同"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to fetch."""

    spec: LayerSpec
    path: Path
    is_layer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came of one fetch."""

    name: str
    path: str
    """Relative to the workspace."""
    features: int
    lines: tuple[str, ...]
    """What the user should know, in Chinese."""
    failed: bool = False
    differs: bool = False
    """Whether the source and the snapshot are not the same, or there is none; found by comparing alone."""


def fetch_layers(
    workspace: Workspace, names: Sequence[str], *, check: bool, progress: Progress, environment: Mapping[str, str] | None = None
) -> tuple[Fetched, ...]:
    """Return what came of fetching, or with `check` of only comparing, the named layers and subjects; all when none is named.

    One that fails leaves its old snapshot as it was and does not stop the others.

    Raises
    ------
    UsageError : a name has no address, or nothing has.
    """
    targets = _targets(workspace)
    unknown = [name for name in names if name not in targets]
    if unknown or not targets:
        known = f"有地址的：{'、'.join(targets)}" if targets else "目录中没有一个图层写了 url"
        raise UsageError(f"{'、'.join(unknown) or '没有可取的图层'}：没有来源地址", remedy=f"{known}。请在目录条目里写 url = \"…\"")
    progress.stage("比较源端" if check else "取快照", len(names) or len(targets))
    results = []
    for name in names or list(targets):
        try:
            results.append(_one(workspace, targets[name], check=check, environment=environment or os.environ))
        except CdgisError as err:
            shown = workspace.relative(targets[name].path)
            results.append(Fetched(name=name, path=shown, features=0, lines=(str(err),), failed=True))
        progress.step(name)
    return tuple(results)


def _targets(workspace: Workspace) -> dict[str, Target]:
    targets = {
        spec.id: Target(spec=spec, path=workspace.layers_dir / spec.path, is_layer=True)
        for spec in workspace.catalog.layers.values()
        if spec.url
    }
    for name, source in workspace.settings.sources.fetch.items():
        if name in targets:
            raise CatalogError(f"[sources.fetch] 的 {name} 与图层同名", remedy="请给其中一个改名")
        spec = LayerSpec.model_validate({"id": name, "path": source.path, "url": source.url, **_SUBJECTS_SPEC})
        targets[name] = Target(spec=spec, path=workspace.root / source.path, is_layer=False)
    return targets


def fetch_features(address: Address, spec: LayerSpec, root: Path) -> FeatureSet:
    """Return the features at an address, proved whole.

    Raises
    ------
    SourceError, CrsError : the source cannot be reached, contradicts itself, or cannot be read.
    """
    if address.kind == "postgis":
        features = fetch_postgis(address)
    elif address.kind == "arcgis":
        features = fetch_arcgis(address)
    elif address.kind == "oapif":
        features = fetch_oapif(address)
    elif address.kind == "wfs":
        features = fetch_wfs(address)
    else:
        features = fetch_files(file_of(address, root), address.text, spec)
    features.check_whole(address.text)
    return features


def _one(workspace: Workspace, target: Target, *, check: bool, environment: Mapping[str, str]) -> Fetched:
    spec, shown = target.spec, workspace.relative(target.path)
    address = read_address(spec.url, environment)
    features = fetch_features(address, spec, workspace.root)
    if check:
        said = _compared(features, target.path)
        return Fetched(name=spec.id, path=shown, features=len(features), lines=(said,), differs=said != _SAME)
    note = read_note(target.path)
    if note.get("content_sha256") == content_digest(features) and target.path.is_file():
        before = f"内容与 {note.get('fetched_at')} 的快照相同"
    else:
        before = _replaced(features, target.path) if target.path.is_file() and note else _FRESH
    if not len(features) and note.get("features"):
        raise SourceError("源端现在一个要素也没有，没有替换原有快照", source=spec.url, remedy="确属清空的，请先删去原有快照再取")
    keep_snapshot(features, address, target)
    lines = (before, *features.remarks)
    if target.is_layer and before != _FRESH:
        lines = (*lines, f"目录中该图层的 version 仍是 {spec.version}，内容换版时请一并改")
    return Fetched(name=spec.id, path=shown, features=len(features), lines=lines)


def _compared(features: FeatureSet, path: Path) -> str:
    if not path.is_file():
        return "还没有快照"
    changes: Changes = changes_since(features, path)
    return f"源端有变：{changes.words}" if changes.words else _SAME


def _replaced(features: FeatureSet, path: Path) -> str:
    words = changes_since(features, path).words
    return f"替换了 {read_note(path).get('fetched_at')} 的快照：{words}" if words else "内容未变，写法不同"


def keep_snapshot(features: FeatureSet, address: Address, target: Target) -> None:
    """Write a snapshot and its note in the place of the old ones, after proving that it can be read as the layer it is for.

    Raises
    ------
    SourceError : it cannot be written.
    LayerError, CrsError : it cannot be read as that layer; the old one stays.
    """
    path, spec = target.path, target.spec
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder() as folder:
            fresh = folder / path.name
            write_snapshot(features, fresh, spec.sublayer or spec.id)
            if target.is_layer:
                _prove(spec.model_copy(update={"path": path.name}), folder)
            note = snapshot_note(features, fresh, address)
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(fresh.read_bytes())
        part.replace(path)
        note_file(path).write_text(note, encoding="utf-8")
    except OSError as err:
        raise SourceError(f"快照写不进去（{os_reason(err)}）", source=path.name, remedy="请检查权限，并关闭正打开它的程序") from err


def _prove(spec: LayerSpec, folder: Path) -> None:
    if spec.is_vector:
        layer = read_layer(spec, folder)
        if layer.quarantined and not len(layer.zones):
            raise LayerError(spec.path, spec.id, (f"取到的 {layer.quarantined} 个要素全部未能使用（{layer.notes[-1].reason}）",))
        if len(layer.zones) and layer.zones["zone_id"].str.startswith(UNCODED).all():
            raise LayerError(spec.path, spec.id, ("取到的要素编码全部为空，请核对目录条目的 fields 和源端字段",))
    elif spec.geometry == "table":
        read_table_layer(spec, folder)
