"""A workspace with everything in it read: layers, access list, rules, and their fingerprints."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from importlib.resources import files
from pathlib import Path

import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core import layer_ids
from cdgis.core.data_gaps import Gap, attempted, gap_of, table_gaps
from cdgis.core.errors import CatalogError, CdgisError, CrsError, LayerError
from cdgis.core.packs import PACKS_DIR, Pack, current_packs
from cdgis.core.progress import Progress
from cdgis.core.regular_files import read_regular
from cdgis.core.vocabulary import WHOLE_FILE, InputRecord, IntakeNote, IntakeStatus
from cdgis.readers import read_layer, read_table_layer, unread_record
from cdgis.readers.content_hash import text_hash
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.placed_layers import misplaced_layers
from cdgis.readers.prepared_layers import PreparedLayers
from cdgis.rules import Rule, Rulebook, access_list_rules, load_rulebook
from cdgis.rules.access_list import published_as
from cdgis.rules.access_sheet import as_clauses
from cdgis.rules.law import AccessListLaw
from cdgis.rules.rule_span import checked_day
from cdgis.rules.unit_words import UnitWords, unit_words
from cdgis.rules.unknown_classes import classes_named, unknown_classes
from cdgis.rules.workspace_rules import read_own_rules, rule_files
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer, Layers
from cdgis.workspace.settings import SETTINGS_FILE, Settings, Workspace

LAW_FILES = ("activities.toml", "attributes.toml", "document_numbers.toml", "law.toml", "rule_span.toml")
"""Files of cdgis/data beside the rules that a verdict rests on."""
ReadList = Callable[[], pd.DataFrame]
ACCESS_LIST, UNIT_LAYER = layer_ids.ACCESS_LIST, layer_ids.MANAGEMENT_UNITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A workspace's layers and rules, read and checked; as a context manager it is closed at the end of the block.

    Threads may use one at once: what is derived from a layer is the same whoever derives it.
    """

    workspace: Workspace
    settings: Settings
    """Settings with the command line's options applied."""
    as_of: date
    layers: Layers
    rulebook: Rulebook
    records: tuple[InputRecord, ...]
    gaps: tuple[Gap, ...] = ()
    """Layers and tables that could not be used; their rules are unknown, as if they were not there."""

    def __enter__(self) -> "Loaded":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what was derived from the layers; they can still be used, and derive it again when asked."""
        for layer in self.layers.values():
            layer.close()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force on the date of judgement."""
        return self.rulebook.in_force(self.as_of)


@in_its_place
def load_workspace(
    workspace: Workspace, *, as_of: date | None, progress: Progress, tolerance_m: float | None = None
) -> Loaded:
    """Return all vector layers and all rules of `workspace`.

    Raises
    ------
    CatalogError : no vector layer is listed.
    LayerError, CrsError : no layer at all can be used.
    RuleError : a rule of the workspace is wrong, or the rule book does not cover the day of judgement.

    Notes
    -----
    A layer or table that cannot be used is a gap: it proves nothing, and nobody passes for want of it.
    """
    gaps: list[Gap] = []
    changed = {"as_of": as_of, "tolerance_m": tolerance_m}
    settings = workspace.settings.model_copy(update={k: v for k, v in changed.items() if v is not None})
    read, unread = _read_layers(workspace, progress, gaps)
    elsewhere = misplaced_layers(workspace, read)
    for name, err in elsewhere.items():
        title = workspace.catalog[name].title
        gaps.append(gap_of(err, f"{title}：不在本市，不能使用，涉及它的条款和分析", layer=name, file=read[name].record.path))
    gaps += [_nothing_in(layer) for layer in read.values() if not len(layer.zones) and not layer.spec.none]
    # A zone layer without a single zone proves nothing, unless somebody states that there is none: its rules stay unknown.
    layers = {n: layer for n, layer in read.items() if (len(layer.zones) or not layer.spec.zones or layer.spec.none)}
    layers = {name: layer for name, layer in layers.items() if name not in elsewhere}
    layers |= _without_zones(layers, workspace)
    read_list = cache(partial(_access_table, workspace))
    words = own_words(workspace, layers.get(UNIT_LAYER), read_list)
    rulebook, records = read_rules(workspace, settings, gaps, words, read_list)
    layers = {name: with_unknown_classes(_saying(layer, words), rulebook) for name, layer in layers.items()}
    return Loaded(
        workspace=workspace,
        settings=settings,
        as_of=checked_day(settings.as_of),
        layers=layers,
        rulebook=rulebook,
        records=(*(layer.record for layer in read.values()), *unread, *records),
        gaps=tuple(gaps),
    )


@in_its_place
def load_rules(workspace: Workspace) -> Loaded:
    """Return the rules of `workspace` alone, for commands that judge nothing: no layer is read, `layers` is empty.

    Raises
    ------
    RuleError : a rule cannot be used, or the rule book does not cover the day of judgement.
    """
    gaps: list[Gap] = []
    rulebook, records = read_rules(workspace, workspace.settings, gaps)
    return Loaded(
        workspace=workspace, settings=workspace.settings, as_of=checked_day(workspace.settings.as_of), layers={},
        rulebook=rulebook, records=records, gaps=tuple(gaps),
    )  # fmt: skip


def _nothing_in(layer: Layer) -> Gap:
    """Return the gap that a layer leaves which was read and holds nothing that can be used."""
    lost = f"，{layer.quarantined} 个要素没有可用的图形" if layer.quarantined else ""
    return Gap(
        part=f"{layer.spec.title}：里面没有一个要素，涉及它的条款和分析", layer=layer.spec.id, file=layer.record.path, row="",
        problem=f"读到 0 个可用的要素{lost}", remedy="请换成完整的文件；本地确无此类区的用 cdgis layers none 写明依据",
    )  # fmt: skip


def _without_zones(layers: Layers, workspace: Workspace) -> dict[str, Layer]:
    """Return, for each area of coverage that is not there, a layer that covers nothing: all within it is uncovered."""
    names = dict.fromkeys(layer.spec.coverage for layer in layers.values() if layer.spec.coverage)
    empty = GeoDataFrame({"zone_id": [], "zone_name": [], "zone_class": []}, dtype=object, geometry=[], crs=4490)
    return {
        name: Layer(
            spec=workspace.catalog[name].model_copy(update={"zones": False}), zones=empty,
            record=InputRecord(layer=name, kind="layer", path="", sublayer="", sha256="", version="", official=False),
        )
        for name in names if name not in layers
    }  # fmt: skip


def _read_layers(
    workspace: Workspace, progress: Progress, gaps: list[Gap]
) -> tuple[dict[str, Layer], tuple[InputRecord, ...]]:
    """Return the layers that can be used, and the records of the files that cannot."""
    specs = [spec for spec in workspace.catalog.layers.values() if spec.is_vector]
    if not specs:
        raise CatalogError("图层目录是空的：至少需要一个矢量图层", remedy="写法见示范工作区的 layers/catalog.toml")
    progress.stage("读取图层", len(specs))
    layers: dict[str, Layer] = {}
    unread: list[InputRecord] = []
    failed: CdgisError | None = None
    kept = PreparedLayers.of(workspace.root, workspace.layers_dir, specs)
    for spec in specs:
        shown = workspace.relative(workspace.layers_dir / spec.path) if spec.path else workspace.settings.catalog
        try:
            layer = read_layer(spec, workspace.layers_dir, kept=kept)
        except (LayerError, CrsError) as err:
            gaps.append(gap_of(err, f"{spec.title}：读不出来，涉及它的条款和分析", layer=spec.id, file=shown))
            unread += (replace(record, path=shown) for record in unread_record(spec, workspace.layers_dir))
            failed = failed or err
            continue
        notes = tuple(replace(note, file=shown) for note in layer.notes)
        layers[spec.id] = replace(layer, record=replace(layer.record, path=shown), notes=notes)
        progress.step(spec.title)
    if failed and not layers:
        raise failed
    return layers, tuple(unread)


def with_unknown_classes(layer: Layer, rulebook: Rulebook) -> Layer:
    """Return `layer` knowing which of its classes no rule can place, with a note that says how to map them."""
    spec = layer.spec
    named = classes_named(spec.id, rulebook.about(spec.id))
    strange = unknown_classes(layer.zones["zone_class"], named, spec.allowed_classes) if spec.zones else frozenset()
    if not strange:
        return layer
    listed = "、".join(sorted(name or "（空）" for name in strange))
    note = IntakeNote(
        file=layer.record.path, row="整个文件", status=IntakeStatus.ACCEPTED, field="zone_class", value=listed,
        reason=f"图层 {spec.id} 的类别 {listed} 没有规则认得，落入这些区的对象按资料不足处理；规则认得 {'、'.join(named)}",
        remedy=f"在 layers/catalog.toml 的 [layers.{spec.id}.classes] 写明对应，例如 \"{next(iter(sorted(strange)))}\" = \"{named[0]}\"",
    )  # fmt: skip
    return replace(layer, unknown_classes=strange, notes=(*layer.notes, note))


def _access_table(workspace: Workspace) -> pd.DataFrame:
    return read_table_layer(workspace.catalog[ACCESS_LIST], workspace.layers_dir)


def own_words(workspace: Workspace, units: Layer | None, read_list: ReadList | None = None) -> UnitWords:
    """Return what the unit layer's own words say beyond the table of the access list; nothing without such a layer.

    A table that cannot be read says nothing here; `read_rules` names it.
    """
    if units is None:
        return UnitWords()
    table = None
    if ACCESS_LIST in workspace.catalog:
        read = read_list or partial(_access_table, workspace)
        table = attempted("", lambda: as_clauses(read()), [])
    return unit_words(units.zones, table, official=units.spec.official, source=units.record.path)


def _saying(layer: Layer, words: UnitWords) -> Layer:
    """Return the unit layer with a note of what its own words became; any other layer as it is."""
    if layer.spec.id != UNIT_LAYER or not words.told:
        return layer
    note = IntakeNote(
        file=layer.record.path, row=WHOLE_FILE, status=IntakeStatus.ACCEPTED, field="四维管控要求", value="",
        reason=words.told, remedy="要由程序判定的条款，请写进准入清单表（usage.md“准入清单”）",
    )  # fmt: skip
    return replace(layer, notes=(*layer.notes, note))


@in_its_place
def read_rules(
    workspace: Workspace, settings: Settings, gaps: list[Gap], words: UnitWords | None = None, read_list: ReadList | None = None
) -> tuple[Rulebook, tuple[InputRecord, ...]]:
    """Return the rules of the package, the access list and the workspace, and the fingerprints of what they come from.

    Parameters
    ----------
    gaps : what the access list fails to say is added here; a unit it fails on has no list, whatever its own words.
    words : what the unit layer says of itself (`own_words`).
    read_list : reads the table of the access list, where it was read before.

    Raises
    ------
    RuleError : a rule of the workspace cannot be used.
    """
    records = [_package_record("industry", _DATA / "industry", "cdgis/data/industry"), _package_record("law", _DATA, "cdgis/data")]
    records += [_pack_record(pack, workspace) for pack in current_packs()]
    stated = {"settings": SETTINGS_FILE, "catalog": settings.catalog}
    records += [_file_record(name, "settings", workspace.root / file, file) for name, file in stated.items()]
    extra = words.rules if words else ()
    if ACCESS_LIST in workspace.catalog:
        spec = workspace.catalog[ACCESS_LIST]
        shown = workspace.relative(path := workspace.layers_dir / spec.path)
        part = "准入清单：各单元的逐条管控要求，落入单元的对象按资料不足处理"
        table = attempted(part, read_list or partial(_access_table, workspace), gaps, file=shown)
        incomplete = frozenset({""})
        if table is not None:
            gaps += table_gaps(len(table), table.attrs["blank_rows"], part, layer=spec.id, file=shown)
            listed, left, incomplete = access_list_rules(
                table, official=spec.official, shown=shown, law=list_law(spec), city=place_code(settings)
            )
            gaps += left
            extra = (*listed, *(rule for rule in extra if not incomplete.intersection(rule.zone_ids)))
        extra = () if "" in incomplete else extra
        if path.is_file():
            records.append(_file_record(spec.id, "table", path, shown, spec))
    own = read_own_rules(workspace.root)
    paths = rule_files(workspace.root)
    records += [_file_record(f"rules/{path.name}", "rules", path, workspace.relative(path)) for path in paths]
    off = tuple((item.id, item.reason) for item in settings.rules_off)
    mine = tuple(rule for rules in own.values() for rule in rules)
    return load_rulebook(switched_off=off, extra=extra, own=mine), tuple(records)


def list_law(spec: LayerSpec) -> AccessListLaw:
    """Return the document, issuer and day that the access list's catalogue entry states."""
    plan = spec.plan
    return published_as(document=plan.document, issuer=plan.approved_by, published_on=plan.published_on, version=spec.version)


def place_code(settings: Settings) -> str:
    """Return the code of the workspace's place, "" where it states none."""
    return settings.place.code if settings.place is not None else ""


def _file_record(name: str, kind: str, path: Path, shown: str, spec: LayerSpec | None = None) -> InputRecord:
    data = read_regular(path)
    digest = hashlib.sha256(data).hexdigest()
    version, official = (spec.version, spec.official) if spec else ("", True)
    return InputRecord(
        layer=name, kind=kind, path=shown, sublayer="", sha256=digest, version=version, official=official,
        content_sha256=text_hash(path, data),
    )  # fmt: skip


_DATA = Path(str(files("cdgis").joinpath("data")))


def _pack_record(pack: Pack, workspace: Workspace) -> InputRecord:
    """Return the fingerprint of a pack: every file of it, whatever it amends."""
    shipped = pack.folder.is_relative_to(_DATA)
    shown = f"cdgis/data/{PACKS_DIR}/{pack.id}" if shipped else workspace.relative(pack.folder)
    return replace(_package_record(f"pack_{pack.id}", pack.folder, shown), version=pack.version)


def _package_record(name: str, folder: Path, shown: str) -> InputRecord:
    """Return the fingerprint of a folder of data; of `data` itself, of the facts of law."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*") if folder != _DATA else map(folder.joinpath, LAW_FILES)):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + read_regular(path))
    return InputRecord(
        layer=name, kind="rules", path=shown, sublayer="", sha256=digest.hexdigest(), version="", official=True
    )
