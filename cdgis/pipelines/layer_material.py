"""The file a proposal for a new layer is made from: somebody's own, or a snapshot taken for it."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cdgis.core.errors import UsageError
from cdgis.pipelines.fetch_layers import fetch_features
from cdgis.readers.sources.address import read_address
from cdgis.readers.sources.file_sources import PARQUET
from cdgis.readers.sources.snapshot import note_file, snapshot_note, write_snapshot
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.settings import Workspace

UNSTATED = "未注明"
_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The layer's file as it will lie in the workspace, for the time of proposing elsewhere."""

    folder: Path
    """What `path` is relative to while proposing."""
    path: str
    staged: Mapping[Path, Path]
    url: str
    domains: Mapping[str, Mapping[str, str]]
    evidence: tuple[str, ...]


def layer_material(workspace: Workspace, source: str, layer_id: str, folder: Path, *, crs: str) -> Material:
    """Return the file an address or path gives; what has to be made for it is made in `folder`.

    Raises
    ------
    UsageError, SourceError, LayerError : there is nothing that can be looked at.
    """
    address = read_address(source, os.environ)
    path = Path(source)
    is_one_file = address.kind == "files" and (path.is_file() or path.suffix.lower() == ".gdb") and path.suffix.lower() not in PARQUET
    if is_one_file:
        return _own_file(workspace, path)
    spec = LayerSpec.model_validate({**blank_entry(layer_id), "path": "x.gpkg", "crs": crs})
    features = fetch_features(address, spec, Path.cwd())
    made = folder / f"{layer_id}.gpkg"
    write_snapshot(features, made, layer_id)
    note = note_file(made)
    note.write_text(snapshot_note(features, made, address), encoding="utf-8")
    target = workspace.layers_dir / "snapshots" / made.name
    said = (f"取到 {len(features)} 个要素：{features.query}", *features.remarks)
    staged = {made: target, note: note_file(target)}
    url = address.text if address.kind != "files" else path.absolute().as_posix()
    shown = (folder / "snapshots" / made.name, folder / "snapshots" / note.name)
    shown[0].parent.mkdir()
    for one, other in zip(staged, shown, strict=True):
        shutil.copyfile(one, other)
    return Material(folder=folder, path=f"snapshots/{made.name}", staged=staged, url=url, domains=features.domains, evidence=said)


def _own_file(workspace: Workspace, path: Path) -> Material:
    if not path.exists():
        raise UsageError(f"没有文件 {path.name}", remedy="请核对路径")
    inside = path.absolute()
    layers = workspace.layers_dir.absolute()
    if inside.is_relative_to(layers):
        return Material(folder=layers, path=inside.relative_to(layers).as_posix(), staged={}, url="", domains={}, evidence=())
    parts = [path]
    if path.suffix.lower() == ".shp":
        parts = [p for p in path.parent.iterdir() if p.stem == path.stem and p.suffix.lower() in _SHAPEFILE_PARTS]
    staged = {part: workspace.layers_dir / "added" / part.name for part in parts}
    said = (f"文件复制到 {workspace.relative(workspace.layers_dir / 'added' / path.name)}",)
    return Material(folder=path.parent, path=path.name, staged=staged, url="", domains={}, evidence=said)


def blank_entry(layer_id: str) -> dict[str, object]:
    """Return the mandatory keys of a catalogue entry of which nothing is known yet."""
    return {"id": layer_id, "title": layer_id, "theme": "要素", "geometry": "polygon", "path": "", "official": False,
            "version": UNSTATED, "source": UNSTATED, "licence": UNSTATED, "zones": False}  # fmt: skip
