"""Edited rules from a spreadsheet into a workspace: all rows pass, or nothing is written.

Only rows that differ from what holds without them are kept, in rules/workspace.toml: rules of the package
that nobody touched go on following the package.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cdgis.core.errors import RuleError, os_reason
from cdgis.core.vocabulary import Level
from cdgis.readers.loading import Loaded
from cdgis.readers.place_extent import in_its_place
from cdgis.rules import Rulebook, load_rulebook
from cdgis.rules.attributes import load_attributes
from cdgis.rules.check import check_rules
from cdgis.rules.industry import codes
from cdgis.rules.json_book import read_json_book
from cdgis.rules.rule import Rule
from cdgis.rules.sheet import SheetRules, read_sheet
from cdgis.rules.workspace_rules import IMPORT_FILE, RULES_DIR, read_own_rules, rules_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import did."""

    path: Path
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged_count: int
    absent: tuple[str, ...]
    """Rules that the sheet does not list; they stay as they are."""
    rows: tuple[tuple[int, str, str], ...]
    """Each row of the sheet: its number, the rule's id, and what it does (新增, 修改 or 未变)."""


def editable(rulebook: Rulebook) -> tuple[Rule, ...]:
    """Return the rules staff edit as rules: all but the clauses of the access lists, which have a table of their own."""
    return tuple(rule for rule in rulebook.rules if not rule.zone_ids or rule.level is not Level.UNIT)


@in_its_place
def import_rules(loaded: Loaded, data: bytes, *, name: str, write: bool = True) -> ImportResult:
    """Write the rules of an XLSX or JSON book into the workspace's rules/workspace.toml and return what changed.

    Parameters
    ----------
    write : False: only say what would change.

    Raises
    ------
    RuleError : any row is faulty, or the rules together would be; every fault with its row, and nothing is written.
    """
    is_json = name.lower().endswith(".json")
    sheet = read_json_book(data, name=name) if is_json else read_sheet(data, load_attributes(), name=name)
    own = read_own_rules(loaded.workspace.root)
    elsewhere = {rule.id: file for file, rules in own.items() if file != IMPORT_FILE for rule in rules}
    mine = {rule.id: rule for rule in own.get(IMPORT_FILE, ())}
    shipped = {rule.id: rule for rule in load_rulebook().rules}
    current = {rule.id: rule for rule in loaded.rulebook.rules}
    faults = [*sheet.faults, *_foreign(sheet, elsewhere, current)]
    kept = {key: rule for key, rule in mine.items() if key not in sheet.row_of}
    wanted = [rule for rule in sheet.rules if rule.id not in elsewhere and shipped.get(rule.id) != rule]
    merged = {**shipped, **_not_shipped(loaded, current), **kept, **{rule.id: rule for rule in wanted}}
    for rule_id in mine.keys() & sheet.row_of.keys():
        if rule_id not in {rule.id for rule in wanted} and rule_id in shipped:
            merged[rule_id] = shipped[rule_id]
    if not faults:
        faults = _table_faults(loaded, merged, sheet, wanted)
    if faults:
        raise RuleError((f"{name} 有 {len(faults)} 处问题，规则没有改动：", *faults))
    path = loaded.workspace.root / RULES_DIR / IMPORT_FILE
    if write:
        _write(path, [*kept.values(), *wanted])
    return ImportResult(
        path=path,
        added=tuple(rule.id for rule in wanted if rule.id not in current),
        changed=tuple(rule.id for rule in sheet.rules if current.get(rule.id) not in (None, rule)),
        unchanged_count=sum(current.get(rule.id) == rule for rule in sheet.rules),
        absent=tuple(rule.id for rule in editable(loaded.rulebook) if rule.id not in sheet.row_of),
        rows=tuple(sorted((sheet.row_of[rule.id], rule.id, _what(rule, current.get(rule.id))) for rule in sheet.rules)),
    )


def _what(rule: Rule, current: Rule | None) -> str:
    return "新增" if current is None else "未变" if current == rule else "修改"


def _foreign(sheet: SheetRules, elsewhere: Mapping[str, str], current: Mapping[str, Rule]) -> list[str]:
    """Return faults for rows that would change a rule written by hand in another file of the workspace."""
    return [
        f"第 {sheet.row_of[rule.id]} 行（{rule.id}）该规则写在 {RULES_DIR}/{elsewhere[rule.id]} 中，请在那里修改"
        for rule in sheet.rules
        if rule.id in elsewhere and current[rule.id] != rule
    ]


def _not_shipped(loaded: Loaded, current: Mapping[str, Rule]) -> dict[str, Rule]:
    """Return the rules of access lists and hand-written files, which an import leaves alone."""
    own = read_own_rules(loaded.workspace.root)
    imported = {rule.id for rule in own.get(IMPORT_FILE, ())}
    by_hand = {rule.id for file, rules in own.items() if file != IMPORT_FILE for rule in rules}
    shipped = {rule.id for rule in load_rulebook().rules}
    return {k: rule for k, rule in current.items() if k in by_hand or (k not in shipped and k not in imported)}


def _table_faults(loaded: Loaded, merged: Mapping[str, Rule], sheet: SheetRules, wanted: Sequence[Rule]) -> list[str]:
    """Return what `cdgis rules check` would find in the rules that are new or changed, with the sheet's row where the rule stands in it."""
    classes = {spec.id: spec.allowed_classes for spec in loaded.workspace.catalog.layers.values()}
    book = replace(loaded.rulebook, rules=tuple(sorted(merged.values(), key=lambda rule: rule.id)))
    found = check_rules(book, classes, load_attributes(), codes(), of={name for rule in wanted for name in (rule.id, rule.family)})
    switched = [rule_id for rule_id, _ in book.switched_off if rule_id not in merged]
    found += [f"{rule_id}：cdgis.toml 关闭了这条规则，表中却没有" for rule_id in switched]
    return [_with_row(fault, sheet.row_of) for fault in found]


def _with_row(fault: str, row_of: Mapping[str, int]) -> str:
    rule_id, _, text = fault.partition("：")
    return f"第 {row_of[rule_id]} 行（{rule_id}）{text}" if rule_id in row_of else fault


def _write(path: Path, rules: Sequence[Rule]) -> None:
    text = rules_toml(sorted(rules, key=lambda rule: rule.id))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(text.encode("utf-8"))
        fresh.replace(path)
    except OSError as err:
        raise RuleError((f"无法写入 {path}：{os_reason(err)}。请检查权限",)) from err
