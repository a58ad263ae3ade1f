"""The how-tos do what they say: blocks of docs/howto.md are executed as printed; paths in documents for developers exist."""

import csv
import re
import shlex
from pathlib import Path

import pytest
from test_architecture import LEVELS

from cdgis.cli import main

REPO = Path(__file__).resolve().parents[1]
HOWTO = REPO / "docs" / "howto.md"
FOR_DEVELOPERS = (HOWTO, REPO / "docs" / "architecture.md", REPO / "CONTRIBUTING.md")
BLOCK = re.compile(r"```(bash|python|toml)\n(.*?)```", re.DOTALL)
TARGET = re.compile(r"# 追加到 (\S+)\n")


def run_block(kind, text):
    """Do what one block of the document says, in the current directory; return the exit codes of its commands."""
    if kind == "python":
        exec(compile(text, "howto", "exec"), {})
    elif kind == "toml":
        path = Path(TARGET.match(text)[1])
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write("\n" + text)
    else:
        for line in text.strip().splitlines():
            words = shlex.split(line)
            assert words[0] == "cdgis"
            with pytest.raises(SystemExit) as left:
                main(words[1:])
            yield left.value.code or 0


def follow(text):
    return [code for kind, block in BLOCK.findall(text) for code in run_block(kind, block)]


@pytest.mark.slow
def test_steps_for_a_layer_and_a_rule_lead_to_a_finding(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    layer, rule = (HOWTO.read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0] for title in ("增加一个图层", "增加一条规则"))
    assert follow(layer) == [0, 0]
    assert follow(rule) == [0, 0, 0]
    assert "古树群保护范围" in capsys.readouterr().out
    with (tmp_path / "试" / "data" / "findings.csv").open(encoding="utf-8-sig", newline="") as stream:
        found = [row for row in csv.DictReader(stream) if row["rule_id"] == "GS-01"]
    assert [(row["state"], row["zone_id"], row["effect"]) for row in found] == [("applies", "GS01", "须论证")]


@pytest.mark.slow
def test_step_left_out_is_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = HOWTO.read_text(encoding="utf-8").split("## 增加一个图层\n")[1].split("\n## ")[0]
    assert follow(re.sub(r"```python.*?```", "", text, flags=re.DOTALL)) != [0, 0]


def missing_paths(text):
    """Return the files and folders named in a document that are not there."""
    named = re.findall(r"`((?:cdgis|tests|docs|layers)/[\w./*-]*)`", text)
    return [name for name in named if not (any(REPO.glob(name)) if "*" in name else (REPO / name).exists())]


@pytest.mark.parametrize("path", FOR_DEVELOPERS, ids=lambda path: path.name)
def test_paths_named_for_developers_exist(path):
    assert missing_paths(path.read_text(encoding="utf-8")) == []


def test_missing_path_is_noticed():
    assert missing_paths("`cdgis/core/nothing.py` `cdgis/data/packs/*/rules/*.toml` `cdgis/core/`") == ["cdgis/core/nothing.py"]


def rooms_of(text):
    """Return the rooms of the table, and the arrows of the picture."""
    table = re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)
    nodes = re.findall(r"(\w+)(?:\[[^\]]*\])? --> (\w+)", text)
    return table, nodes


def test_architecture_page_shows_the_rooms_in_their_order():
    table, arrows = rooms_of((REPO / "docs" / "architecture.md").read_text(encoding="utf-8"))
    level = {room: number for number, row in enumerate(LEVELS) for room in row}
    assert sorted(table) == sorted(set(level) - {"__main__"})
    assert [level[room] for room in table] == sorted(level[room] for room in table)
    assert [pair for pair in arrows if pair[1] != "door" and level[pair[0]] >= level[pair[1]]] == []
    assert {room for pair in arrows for room in pair} == {*table, "door"}
