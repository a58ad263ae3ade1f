"""The attribute dictionary: one meaning per word."""

import pytest

from cdgis.core.errors import RuleError
from cdgis.rules import attributes
from cdgis.rules.attributes import load_attributes


def test_attribute_carries_title_type_unit_and_aliases() -> None:
    spec = load_attributes()["blast_furnace_volume_m3"]
    assert (spec.title, spec.type, spec.unit) == ("高炉有效容积", "number", "m3")
    assert "高炉容积" in spec.aliases


def test_numbers_say_their_unit_and_others_have_none() -> None:
    for spec in load_attributes().values():
        assert bool(spec.unit) == (spec.type == "number"), spec.name


def test_dictionary_faults_are_reported_together(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "data").mkdir()
    text = (
        '[a]\ntitle = "甲"\ntype = "flag"\naliases = ["同名"]\n[b]\ntitle = "乙"\ntype = "colour"\naliases = ["同名"]\n'
    )
    (tmp_path / "data" / "attributes.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(attributes, "files", lambda package: tmp_path)
    with pytest.raises(RuleError, match="b：需要 title 和 type") as caught:
        load_attributes.__wrapped__()
    assert any("“同名”同时指 a 和 b" in problem for problem in caught.value.problems)
