"""A workspace with everything in it read: layers, access list, rules, and their fingerprints."""

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path

from cdgis.core.progress import Progress
from cdgis.core.vocabulary import DEMO_STAMP, Evidence, InputRecord, IntakeNote, IntakeStatus
from cdgis.errors import CatalogError
from cdgis.readers import read_layer, read_table_layer
from cdgis.rules import Rule, Rulebook, access_list_rules, load_rulebook
from cdgis.rules.rule_span import checked_day, span_note
from cdgis.rules.unknown_classes import classes_named, unknown_classes
from cdgis.rules.workspace_rules import read_own_rules, rule_files
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer, Layers
from cdgis.workspace.settings import SETTINGS_FILE, Settings, Workspace

ACCESS_LIST, UNIT_LAYER = "access_list", "management_units"
_MOST_LISTED = 12
CODE_IN_FORCE = date(2026, 8, 15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A workspace's layers and rules, read and checked."""

    workspace: Workspace
    settings: Settings
    """Settings with the command line's options applied."""
    as_of: date
    layers: Layers
    rulebook: Rulebook
    records: tuple[InputRecord, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force on the date of judgement."""
        return self.rulebook.in_force(self.as_of)


def load_workspace(
    workspace: Workspace, *, as_of: date | None, progress: Progress, tolerance_m: float | None = None
) -> Loaded:
    """Return all vector layers and all rules of `workspace`.

    Raises
    ------
    LayerError, CrsError, CatalogError : what stands there cannot be used as it is.
    RuleError : so it is with a rule, or the rule book does not cover the day of judgement.
    """
    changed = {"as_of": as_of, "tolerance_m": tolerance_m}
    settings = workspace.settings.model_copy(update={k: v for k, v in changed.items() if v is not None})
    read = _read_layers(workspace, progress)
    # A zone layer without a single zone proves nothing: its rules stay unknown, as if it were not there.
    layers = {name: layer for name, layer in read.items() if len(layer.zones) or not layer.spec.zones}
    rulebook, records = _read_rules(workspace, settings)
    layers = {name: _with_unknown_classes(layer, rulebook) for name, layer in layers.items()}
    return Loaded(
        workspace=workspace,
        settings=settings,
        as_of=checked_day(settings.as_of),
        layers=layers,
        rulebook=rulebook,
        records=(*(layer.record for layer in read.values()), *records),
    )


def _read_layers(workspace: Workspace, progress: Progress) -> dict[str, Layer]:
    specs = [spec for spec in workspace.catalog.layers.values() if spec.is_vector]
    if not specs:
        raise CatalogError("图层目录是空的：至少需要一个矢量图层", remedy="写法见示范工作区的 layers/catalog.toml")
    progress.stage("读取图层", len(specs))
    layers: dict[str, Layer] = {}
    for spec in specs:
        layer = read_layer(spec, workspace.layers_dir)
        shown = workspace.relative(workspace.layers_dir / spec.path)
        notes = tuple(replace(note, file=shown) for note in layer.notes)
        layers[spec.id] = replace(layer, record=replace(layer.record, path=shown), notes=notes)
        progress.step(spec.title)
    return layers


def _with_unknown_classes(layer: Layer, rulebook: Rulebook) -> Layer:
    """Return `layer` knowing which of its classes no rule can place, with a note that says how to map them."""
    spec = layer.spec
    named = classes_named(spec.id, rulebook.rules)
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


def _read_rules(workspace: Workspace, settings: Settings) -> tuple[Rulebook, tuple[InputRecord, ...]]:
    records = [_package_record("rules", "data/rules"), _package_record("industry", "data/industry")]
    records.append(_file_record("settings", "settings", workspace.root / SETTINGS_FILE, SETTINGS_FILE))
    catalog_path = workspace.root / settings.catalog
    records.append(_file_record("catalog", "settings", catalog_path, settings.catalog))
    extra: tuple[Rule, ...] = ()
    if ACCESS_LIST in workspace.catalog:
        spec = workspace.catalog[ACCESS_LIST]
        extra = access_list_rules(read_table_layer(spec, workspace.layers_dir), official=spec.official)
        path = workspace.layers_dir / spec.path
        records.append(_file_record(spec.id, "table", path, workspace.relative(path), spec))
    own = read_own_rules(workspace.root)
    paths = rule_files(workspace.root)
    records += [_file_record(f"rules/{path.name}", "rules", path, workspace.relative(path)) for path in paths]
    off = tuple((item.id, item.reason) for item in settings.rules_off)
    mine = tuple(rule for rules in own.values() for rule in rules)
    return load_rulebook(switched_off=off, extra=extra, own=mine), tuple(records)


def _file_record(name: str, kind: str, path: Path, shown: str, spec: LayerSpec | None = None) -> InputRecord:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    version, official = (spec.version, spec.official) if spec else ("", True)
    return InputRecord(
        layer=name, kind=kind, path=shown, sublayer="", sha256=digest, version=version, official=official
    )


def _package_record(name: str, folder: str) -> InputRecord:
    """Return the fingerprint of a folder of data that ships inside the package."""
    digest = hashlib.sha256()
    for entry in sorted(files("cdgis").joinpath(folder).iterdir(), key=lambda item: item.name):
        if entry.is_file():
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
    path, kind = f"cdgis/{folder}", "rules"
    return InputRecord(
        layer=name, kind=kind, path=path, sublayer="", sha256=digest.hexdigest(), version="", official=True
    )


def overview_notes(loaded: Loaded) -> tuple[str, ...]:
    """Return the statements every overview must carry: data status, missing layers, rules off, source of law."""
    notes: list[str] = []
    unofficial = [layer.spec.title for layer in loaded.layers.values() if not layer.spec.official]
    if unofficial:
        notes.append(f"{DEMO_STAMP}：{len(unofficial)} 个图层不是官方成果")
    wanted = {rule.layer for rule in loaded.rules if rule.layer}
    absent = sorted(wanted - set(loaded.layers))
    if absent:
        notes.append(f"缺少规则所需的图层：{'、'.join(absent)}；相应规则一律按“资料不足”处理，不视为通过")
    if UNIT_LAYER in loaded.layers and not any(rule.zone_ids for rule in loaded.rules):
        notes.append("没有载入准入清单：各单元的逐条管控要求无从对照，落入单元的对象一律按资料不足处理（ZU-07）")
    notes += _layer_notes(loaded)
    notes += [f"未纳入的规则 {rule_id}：{reason}" for rule_id, reason in loaded.rulebook.switched_off]
    book = loaded.rulebook
    if book.replaced or book.added:
        changed, added = "、".join(book.replaced) or "无", "、".join(book.added) or "无"
        notes.append(f"本工作区自有规则（rules/）：替换程序自带的 {changed}；新增 {added}")
    if loaded.as_of >= CODE_IN_FORCE:
        notes.append("《生态环境法典》条文据公开副本录入，未与公报逐字核对")
    marks = Counter(rule.mark for rule in loaded.rules)
    counted = "，".join(f"{mark} {marks[mark]} 条" for mark in Evidence if marks[mark])
    notes.append(f"在效规则 {len(loaded.rules)} 条的出处：{counted}；没有见到条文的（仅见标题、措辞借自他处、示例条款、未核实），引用前须核对原文")
    late = span_note(loaded.as_of)
    return (*notes, late) if late else tuple(notes)


def _layer_notes(loaded: Loaded) -> list[str]:
    """Return what is wrong with layers that were read: zones left out, classes no rule knows."""
    notes = []
    for layer in loaded.layers.values():
        title = layer.spec.title
        if layer.spec.zones and layer.quarantined:
            rows = [note.row for note in layer.notes if note.status is IntakeStatus.QUARANTINED]
            listed = "、".join(rows[:_MOST_LISTED]) + (" 等" if len(rows) > _MOST_LISTED else "")
            notes.append(
                f"图层“{title}”有 {layer.quarantined} 个图斑读入时被略去（第 {listed} 个）：未压占其余图斑的对象不能证明不涉及，"
                "按资料不足处理；请修复该文件后重新运行"
            )
        if layer.unknown_classes:
            listed = "、".join(sorted(name or "（空）" for name in layer.unknown_classes))
            notes.append(
                f"图层“{title}”的类别 {listed} 没有规则认得：落入这些区的对象按资料不足处理；"
                f"请在 layers/catalog.toml 的 [layers.{layer.spec.id}.classes] 写明对应的标准类别"
            )
    return notes
