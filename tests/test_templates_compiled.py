"""Templates compiled by one process and used by the next, and nothing kept where nothing can be written."""

import sys
from pathlib import Path

import pytest
from jinja2 import Environment

from cdgis.report import templating

NAME = "screening.html"


@pytest.fixture
def kept_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def compiled() -> list[str]:
    """Return the parts of a template compiled in an environment that knows none."""
    return sorted(templating._environment.__wrapped__().get_template(NAME).blocks)


def test_the_next_process_compiles_nothing(kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiled()
    assert len(list(kept_in.rglob("*.jinja"))) == 1
    monkeypatch.setattr(Environment, "_generate", pytest.fail)
    assert compiled() == first


@pytest.mark.parametrize("damage", [b"", b"j2", b"\x00" * 4000])
def test_a_damaged_copy_is_compiled_anew(damage: bytes, kept_in: Path) -> None:
    first = compiled()
    (path,) = kept_in.rglob("*.jinja")
    path.write_bytes(path.read_bytes()[:60] + damage if damage else damage)
    assert compiled() == first and path.stat().st_size > 4000


def test_nothing_is_kept_where_nothing_can_be_written_or_may_be(kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    compiled()
    assert not list(kept_in.rglob("*.jinja"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(Path(__file__) / "keine"))
    assert compiled() is not None
