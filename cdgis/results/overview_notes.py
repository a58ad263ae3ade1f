"""Statements that every overview carries: data status, missing layers, rules switched off, source of law."""

from collections import Counter

from cdgis.core.vocabulary import Evidence, IntakeStatus
from cdgis.readers.loading import Loaded
from cdgis.results.data_status import stamp_for
from cdgis.rules.access_list import UNIT_LAYER
from cdgis.rules.law import read_law
from cdgis.rules.rule_span import span_note
from cdgis.rules.unchecked import unchecked_laws, unchecked_line

_MOST_LISTED = 12


def overview_notes(loaded: Loaded) -> tuple[str, ...]:
    """Return the statements every overview must carry: data status, missing layers, rules off, source of law."""
    notes: list[str] = []
    stamp = stamp_for(loaded.records, (layer.spec for layer in loaded.layers.values()))
    if stamp:
        notes.append(f"{stamp}：{_unofficial(loaded)}不是官方成果")
    unchecked = unchecked_line(unchecked_laws(loaded.rules, loaded.layers), loaded.workspace.catalog.titles)
    notes += [unchecked] if unchecked else []
    if UNIT_LAYER in loaded.layers and not any(rule.zone_ids for rule in loaded.rules):
        notes.append("没有载入准入清单：各单元的逐条管控要求无从对照，落入单元的对象一律按资料不足处理（ZU-07）")
    notes += [gap.sentence for gap in loaded.gaps]
    notes += _layer_notes(loaded)
    notes += [f"未纳入的规则 {rule_id}：{reason}" for rule_id, reason in loaded.rulebook.switched_off]
    book = loaded.rulebook
    if book.replaced or book.added:
        changed, added = "、".join(book.replaced) or "无", "、".join(book.added) or "无"
        notes.append(f"本工作区自有规则（rules/）：替换程序自带的 {changed}；新增 {added}")
    if loaded.as_of >= read_law().code.in_force:
        notes.append(read_law().code.note)
    marks = Counter(rule.mark for rule in loaded.rules)
    counted = "，".join(f"{mark} {marks[mark]} 条" for mark in Evidence if marks[mark])
    notes.append(f"在效规则 {len(loaded.rules)} 条的出处：{counted}；没有见到条文的（仅见标题、措辞借自他处、示例条款、未核实），引用前须核对原文")
    late = span_note(loaded.as_of)
    return (*notes, late) if late else tuple(notes)


def _unofficial(loaded: Loaded) -> str:
    """Return which data are not official, in words: layers by number, else the tables by name."""
    count = sum(not layer.spec.official for layer in loaded.layers.values())
    tables = (loaded.workspace.catalog[r.layer].title for r in loaded.records if r.kind == "table" and not r.official)
    return f"{count} 个图层" if count else "、".join(tables)


def _layer_notes(loaded: Loaded) -> list[str]:
    """Return what is wrong with layers that were read: zones left out, classes no rule knows."""
    notes = []
    for layer in loaded.layers.values():
        title = layer.spec.title
        if layer.spec.none:
            notes.append(f"图层“{title}”以声明代替：{layer.spec.statement}；在覆盖范围内的对象据此按未压占计")
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
