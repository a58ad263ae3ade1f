"""No help text is cut off with an ellipsis in a terminal of 80 columns."""

import re
from collections.abc import Iterator

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cdgis.cli.app import app
from cdgis.cli.words import speak_chinese

CUT = re.compile(r"…\s*│")


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


@pytest.mark.parametrize("path", list(commands(get_command(app))), ids=" ".join)
def test_help_is_whole_in_80_columns(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    speak_chinese()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 80)
    shown = CliRunner().invoke(app, [*path, "--help"]).output
    assert "选项" in shown
    assert [line for line in shown.split("\n") if CUT.search(line)] == []


def test_a_cut_text_would_be_noticed() -> None:
    assert CUT.search("│ --workspace   目录   工作区目录（默认：当前目录或最近 … │")
