"""The words of a unit layer become its access list: none is lost, none decides by itself, a cut one says so."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import layer_spec, metres, sites, square, write_gbk_shapefile, write_layer
from small_workspace import small_workspace

from cdgis.core.progress import Silent
from cdgis.core.vocabulary import Dimension
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers import read_layer
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.rules.access_sheet import COLUMNS, clauses_of
from cdgis.rules.unit_words import CUT_WORDS, unit_words
from cdgis.workspace.settings import open_workspace

UNIT, OTHER = "ZH13080210001", "ZH13080220001"
WORDS = {
    "KJBJYS": ["1、禁止新建化工项目。2、严格控制采矿。", "执行全市要求"], "PWWPFGK": ["污水全部纳管", "无"],
    "HJFXFK": ["编制应急预案", ""], "ZYKFXLYQ": ["年用水不超过控制指标", ""], "HJYS": ["水", ""],
}  # fmt: skip
ENTRY = """
[layers.management_units]
title = "环境管控单元"
path = "units.gpkg"
coverage = "city"
theme = "一单"
geometry = "polygon"
official = true
version = "2026"
source = "测试"
licence = "CC0"
"""
TABLE = """
[layers.access_list]
title = "准入清单"
path = "list.csv"
zones = false
theme = "一单"
geometry = "table"
official = true
version = "2026"
source = "测试"
licence = "CC0"
"""


def words_of(text: str, **more: object):
    return unit_words(pd.DataFrame({"zone_id": [UNIT], "list_space": [text]}), None, official=True, source="u.shp", **more)


@settings(max_examples=200)
@given(st.text(alphabet="禁止新建。；;\n\r 1234567890、.（）()一二①②米a", max_size=80))
def test_no_character_of_a_cell_is_lost_between_clauses(text):
    clauses = clauses_of(text)
    assert "".join("".join(clauses).split()) == "".join(text.split())
    assert all(clause.strip() for clause in clauses)


def test_numbered_items_and_lines_are_clauses_and_a_decimal_is_not():
    assert clauses_of("总体要求：1、禁止甲。2、深度不超过1.5米；（3）丙\n其他") == (
        "总体要求：1、禁止甲。", "2、深度不超过1.5米；", "（3）丙", "其他",
    )  # fmt: skip


def test_every_clause_is_a_manual_rule_under_its_dimension():
    zones = pd.DataFrame({"zone_id": [UNIT], **{f"list_{k}": [k] for k in ("space", "emission", "risk", "resource")}})
    rules = unit_words(zones, None, official=True, source="u.shp").rules
    assert [(r.dimension, r.clause, r.manual, r.zone_ids) for r in rules] == [
        (d, k, True, (UNIT,)) for d, k in zip(Dimension, ("space", "emission", "risk", "resource"), strict=True)
    ]


def write_workspace(root: Path, *, table: str = "") -> Loaded:
    small_workspace(root)
    both = [metres(-9000, -9000, 2000, 9000), metres(2000, -9000, 9000, 9000)]
    fields = {"HJZHGKDYBM": [UNIT, OTHER], "HJZHGKDYMC": ["甲", "乙"], "ZHGKDYFL": ["优先保护", "重点管控"], **WORDS}
    write_layer(root / "layers" / "units.gpkg", both, fields)
    catalog = root / "layers" / "catalog.toml"
    catalog.write_text(catalog.read_text("utf-8") + ENTRY + (TABLE if table else ""), "utf-8")
    if table:
        (root / "layers" / "list.csv").write_text(table, "utf-8")
    return load_workspace(open_workspace(root), as_of=None, progress=Silent())


@pytest.fixture(scope="module")
def unlisted(tmp_path_factory) -> Loaded:
    return write_workspace(tmp_path_factory.mktemp("words"))


def unit_rules(loaded: Loaded):
    return {rule.id: rule for rule in loaded.rulebook.rules if rule.zone_ids}


def told(loaded: Loaded) -> str:
    return "".join(note.reason for note in loaded.layers["management_units"].notes)


def test_without_a_table_the_layers_own_words_are_the_list_and_the_notes_say_so(unlisted):
    rules = unit_rules(unlisted)
    assert len(rules) == 6 and all(rule.manual for rule in rules.values())
    assert rules[f"{UNIT}-K2"].clause == "（环境要素：水）2、严格控制采矿。"
    assert rules[f"{UNIT}-W1"].dimension is Dimension.EMISSION
    assert {rule.zone_ids for rule in rules.values()} == {(UNIT,), (OTHER,)}
    assert "没有准入清单表，取图层自带的四维管控要求：2 个单元 6 条，逐条由人判定" in told(unlisted)
    assert {rule.source for rule in rules.values()} == {"layers/units.gpkg"}


def test_a_site_in_the_unit_is_shown_every_clause_and_none_decides(unlisted):
    tables = judge_subjects(unlisted, sites([metres(1200, 100, 1300, 200)])).tables
    states = tables["findings"].set_index("rule_id")["state"]
    assert {states[f"{UNIT}-{n}"] for n in ("K1", "K2", "W1", "F1", "Z1")} == {"manual"}
    assert "ZU-07" not in states.index
    assert not tables["verdicts"]["decisive_rule_ids"].str.contains(UNIT).any()


def test_a_table_wins_where_it_speaks_and_what_it_leaves_out_is_still_read(tmp_path):
    row = dict.fromkeys(COLUMNS, "") | {
        "unit_code": UNIT, "clause_no": "1", "dimension": "空间布局约束", "text": "禁止新建化工项目", "effect": "禁止",
    }  # fmt: skip
    loaded = write_workspace(tmp_path, table=",".join(row) + "\n" + ",".join(row.values()) + "\n")
    rules = unit_rules(loaded)
    assert f"{UNIT}-K1" not in rules and f"{UNIT}-1-2026" in rules and not rules[f"{UNIT}-1-2026"].manual
    assert {f"{UNIT}-W1", f"{UNIT}-F1", f"{UNIT}-Z1", f"{OTHER}-K1"} <= rules.keys()
    assert "1 个单元两处都有，以准入清单表为准" in told(loaded)
    assert f"图层文字在表中找不到的，请核对：{UNIT}" in told(loaded)


def test_both_spellings_of_a_field_are_read(tmp_path):
    fields = {"HJGKDYBM": [UNIT], "WRWPFGK": ["污水纳管"], "PWWPFGK": ["废气达标"]}
    layer = read_layer(layer_spec("u.gpkg"), write_layer(tmp_path / "u.gpkg", [square(117.9, 40.9)], fields).parent)
    rules = unit_words(layer.zones, None, official=True, source="u").rules
    assert [rule.clause for rule in rules] == ["污水纳管", "废气达标"]


@pytest.mark.parametrize(("long", "cut"), [("禁" * 200, True), ("禁" * 127, True), ("禁" * 126, False)])
def test_a_clause_cut_at_254_bytes_of_a_dbf_says_so_where_it_is_read(tmp_path, long, cut):
    fields = {"HJGKDYBM": [UNIT, OTHER], "KJBJYS": [long, "短" + "a" * 40]}
    path = write_gbk_shapefile(tmp_path / "u.shp", [square(117.9, 40.9), square(117.92, 40.9)], fields)
    _widen(path, "KJBJYS")
    layer = read_layer(layer_spec(path.name), tmp_path)
    words = unit_words(layer.zones, None, official=True, source="u.shp")
    first, second = words.rules
    assert first.clause.endswith(CUT_WORDS) == cut and CUT_WORDS not in second.clause
    assert first.clause.startswith("禁" * 120)
    assert words.cut == ((UNIT,) if cut else ())
    assert [note.row for note in layer.notes if "254 字节" in note.reason] == (["1"] if cut else [])


def _widen(shp: Path, name: str) -> None:
    """Rewrite the table so that the field has the greatest width, as office software makes all its text fields."""
    table = shp.with_suffix(".dbf")
    data = table.read_bytes()
    start, width, rows = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little"), int.from_bytes(data[4:8], "little")
    head, offset = bytearray(data[:start]), 1
    for at in range(32, start - 1, 32):
        length = head[at + 16]
        if head[at : at + 11].split(b"\0")[0] == name.encode():
            break
        offset += length
    head[at + 16] = 254
    head[10:12] = (width - length + 254).to_bytes(2, "little")
    body = [data[start + row * width :][:width] for row in range(rows)]
    wide = [row[:offset] + row[offset : offset + length].ljust(254)[:254] + row[offset + length :] for row in body]
    table.write_bytes(bytes(head) + b"".join(wide) + b"\x1a")
