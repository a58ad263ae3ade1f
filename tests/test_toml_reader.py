"""TOML is read by tomli, compiled: what it makes of any document is what the standard library makes of it."""

import tomllib
from pathlib import Path

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from cdgis.core.toml_files import read_toml

ROOT = Path(__file__).resolve().parents[1]
LINES = (
    "a = 1", 'b = "字"', "c = [1, 2.5, 0x1F]", "d = 2026-11-29", "e.f = true", "[t]", "[[u]]", "[t]", 'g = "a', "h = {x = 1, y = 'z'}",
    "i = 1 2", "j = {x = 1,}", "k =", 'l = "\\e"', "m = 07:32", 'n = """\n字\n"""', "\x07", "o = inf", "# 注", "p = 'a'  # 注", "\\xe9 = 1",
)  # fmt: skip


def told(text: str, reader: object) -> object:
    try:
        return reader.loads(text)  # type: ignore[attr-defined]
    except ValueError as err:
        return str(err)


def test_shipped_documents_are_read_alike() -> None:
    paths = [*(ROOT / "cdgis").rglob("*.toml"), ROOT / "cdgis.toml", ROOT / "layers/catalog.toml"]
    assert len(paths) > 50
    for path in paths:
        text = path.read_text(encoding="utf-8-sig")
        assert tomli.loads(text) == tomllib.loads(text), path.name


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=6))
def test_documents_and_faults_are_told_alike(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert told(text, tomli) == told(text, tomllib)


@pytest.mark.parametrize("text", ["a = " + "[" * 50_000, "a = " + "{a=" * 5_000, ".".join("a" * 5_000) + " = 1"])
def test_what_is_nested_too_deep_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "深.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="嵌套过深"):
        read_toml(path)
