"""An absent layer is said once, with the laws that were therefore not checked."""

import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from small_workspace import small_workspace

from cdgis.core.vocabulary import Level
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.rules import load_rulebook
from cdgis.rules.unchecked import unchecked_laws, unchecked_line
from cdgis.workspace.settings import open_workspace

RULES = load_rulebook().in_force(date(2026, 11, 1))
LAYERS = sorted({rule.layer for rule in RULES if rule.layer})
COUNTED = [rule for rule in RULES if rule.layer and rule.level is not Level.UNIT and rule.geometry != "engine"]


@given(st.sets(st.sampled_from(LAYERS)))
def test_every_law_on_an_absent_layer_is_named_once_and_no_other(present):
    laws = unchecked_laws(RULES, present)
    wanted = {item.document for rule in COUNTED if rule.layer not in present for item in rule.basis}
    assert set(laws) == wanted and not {x for layers in laws.values() for x in layers} & present
    line = unchecked_line(laws, {})
    assert all(line.count(f"《{document}》") == 1 for document in laws)
    assert line == "" or int(re.search(r"法律 (\d+) 项", line)[1]) == len(laws)


@given(st.sampled_from(LAYERS))
def test_one_more_layer_never_leaves_more_laws_unchecked(layer):
    few, more = unchecked_laws(RULES, []), unchecked_laws(RULES, [layer])
    assert set(more) <= set(few) and all(layer not in layers for layers in more.values())


def test_a_workspace_without_a_road_layer_says_the_road_law_in_one_note(tmp_path):
    small_workspace(tmp_path)
    found = assess_sites(open_workspace(tmp_path), [tmp_path / "layers/projects/site.gpkg"])
    notes = [note for note in found.notes if "未核对的法律" in note]
    assert len(notes) == 1 and "《公路安全保护条例》" in notes[0] and "不视为通过" in notes[0]
    assert not [note for note in found.notes if "缺少规则所需的图层" in note]


def test_a_workspace_with_every_layer_says_nothing():
    assert unchecked_line(unchecked_laws(RULES, LAYERS), {}) == ""
