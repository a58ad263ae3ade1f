"""Do the documents say what the program does? Each check has a twin proving that it can fail."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cdgis import __version__
from cdgis.cli import app
from cdgis.cli import words as cli_words
from cdgis.cli.options import EXIT_STRICT
from cdgis.core import vocabulary as model
from cdgis.results.tables.validation import TABLES
from cdgis.workspace.catalog import LayerSpec, PlanInfo, read_catalog
from cdgis.workspace.settings import CarbonSettings, PublishSettings, RiverSettings, Settings, Sources

REPO = Path(__file__).resolve().parents[1]
DOCS = REPO / "docs"
README = (REPO / "README.md").read_text(encoding="utf-8")
USAGE = (DOCS / "usage.md").read_text(encoding="utf-8")
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _commands(group: Any = None, before: str = "cdgis") -> Iterator[tuple[str, Any]]:
    for name, command in (group or get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from [(f"{before} {name}", command)] if command.invoke_without_command else []
            yield from _commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


COMMANDS = dict(_commands())


def _section(text: str, command: str) -> str:
    found = re.search(rf"^### {command}$(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def _options(command: Any) -> set[str]:
    return {name for param in command.params for name in param.opts if name.startswith("--")}


def _option_faults(text: str, command: str) -> list[str]:
    section = _section(text, command)
    if not section:
        return [f"{command}: no section"]
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section))
    known = _options(COMMANDS[command])
    return [f"{command}: {name} not documented" for name in sorted(known - named)] + [
        f"{command}: {name} does not exist" for name in sorted(named - known)
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_usage_documents_exactly_the_options_of_each_command(command):
    assert _option_faults(USAGE, command) == []
    assert f"    {command}" in _section(USAGE, command), "no example"


def test_option_check_fails_when_an_option_is_missing_invented_or_the_section_gone():
    assert _option_faults(USAGE.replace("`--tolerance`", ""), "cdgis screen") == []  # the example still names it
    assert _option_faults(USAGE.replace("--tolerance", ""), "cdgis screen") == ["cdgis screen: --tolerance not documented"]
    assert _option_faults(USAGE.replace("--empty", "--bare"), "cdgis init") == [
        "cdgis init: --empty not documented",
        "cdgis init: --bare does not exist",
    ]
    assert _option_faults(USAGE.replace("### cdgis carbon", "### carbon"), "cdgis carbon") == ["cdgis carbon: no section"]


def test_usage_names_no_command_that_does_not_exist():
    assert re.findall(r"^### (cdgis .+)$", USAGE, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_is_chinese_with_an_example_of_itself(command):
    text = COMMANDS[command].help
    assert CHINESE.search(text) and f"示例：{command}" in text
    for param in COMMANDS[command].params:
        assert CHINESE.search(getattr(param, "help", "") or ""), f"{command} {param.name}"


def test_usage_documents_every_exit_code():
    codes = {0, EXIT_STRICT, cli_words.EXIT_USAGE, cli_words.EXIT_INTERNAL, cli_words.EXIT_INTERRUPTED}
    section = USAGE.split("## 退出码")[1].split("## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)} == codes


def test_usage_documents_every_setting():
    names = [name for name in Settings.model_fields if name not in ("sources", "carbon", "rivers", "publish")]
    names += [f"publish.{name}" for name in PublishSettings.model_fields]
    names += [f"rivers.{name}" for name in RiverSettings.model_fields]
    names += [f"sources.{name}" for name in Sources.model_fields] + [f"carbon.{name}" for name in CarbonSettings.model_fields]
    section = USAGE.split("## 工作区设置 cdgis.toml")[1].split("\n## ")[0]
    assert [name for name in names if f"`{name}`" not in section] == []
    shipped = tomllib.loads((REPO / "cdgis.toml").read_text(encoding="utf-8"))
    assert set(shipped) <= set(Settings.model_fields)


def test_usage_documents_every_catalogue_field():
    names = [name for name in (*LayerSpec.model_fields, *PlanInfo.model_fields) if name != "id"]
    section = USAGE.split("## 图层目录 catalog.toml")[1].split("\n## ")[0]
    assert [name for name in names if f"`{name}`" not in section] == []


def test_usage_documents_every_output_table():
    assert [name for name in TABLES if f"`data/{name}.csv`" not in USAGE] == []


@pytest.mark.parametrize("name", ["README.md", "docs/usage.md"])
def test_catalogue_example_is_a_valid_entry_of_the_same_id(name):
    text = (REPO / name).read_text(encoding="utf-8")
    entries = [block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "[layers." in block]
    shipped = read_catalog(REPO / "layers" / "catalog.toml")
    assert entries
    for block in entries:
        for layer_id, fields in tomllib.loads(block)["layers"].items():
            spec = LayerSpec(id=layer_id, **fields)
            assert spec.geometry == shipped[layer_id].geometry and spec.coverage in shipped


def _bash_commands(text: str) -> list[str]:
    return [block.strip() for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL)]


def test_readme_gives_the_same_two_commands_in_both_languages():
    chinese, english = README.split("## English")
    assert len(_bash_commands(chinese)) == 2
    assert _bash_commands(chinese) == _bash_commands(english)
    main_job, tests = _bash_commands(chinese)
    assert main_job.endswith("&& pip install . && cdgis run")
    assert tests.endswith('&& pip install ".[test]" && python -m pytest -n 2')
    assert len(re.findall(r"```powershell\n", chinese)) == len(re.findall(r"```powershell\n", english)) == 2


def test_ci_runs_the_test_command_of_the_readme_verbatim():
    script = (REPO / ".ci" / "run").read_text(encoding="utf-8")
    lines = [line.strip() for line in script.splitlines()]
    assert _bash_commands(README)[1] in lines
    assert "ruff check ." in lines and "mypy" in lines
    assert "export CDGIS_REQUIRE_BROWSER=1" in lines
    assert os.access(REPO / ".ci" / "run", os.X_OK)
    subprocess.run(["bash", "-n", str(REPO / ".ci" / "run")], check=True)


def _documents() -> list[Path]:
    return [REPO / "README.md", REPO / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def _dead_links(path: Path, text: str) -> list[str]:
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    return [t for t in targets if t and "://" not in t and not (path.parent / t).exists()]


@pytest.mark.parametrize("path", _documents(), ids=lambda path: path.relative_to(REPO).as_posix())
def test_links_between_documents_lead_somewhere(path):
    assert _dead_links(path, path.read_text(encoding="utf-8")) == []


def test_link_check_fails_when_a_link_is_dead():
    assert _dead_links(REPO / "README.md", "[a](docs/none.md) [b](docs/usage.md#命令) [c](#d)") == ["docs/none.md"]


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def _enums() -> list[StrEnum]:
    kinds = [kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]
    return [member for kind in kinds if kind is not StrEnum for member in kind]


def _missing_members(text: str) -> list[str]:
    entries = {row[1] for row in _rows(text) if len(row) > 1}
    return [
        name
        for member in _enums()
        if f"`{(name := f'{type(member).__name__}.{member.name}')}` = {member.value}" not in entries
    ]


def test_glossary_names_every_member_of_every_domain_enum():
    assert len(_enums()) > 30
    assert _missing_members(GLOSSARY) == []


def test_glossary_check_fails_when_a_member_is_missing_or_its_value_changed():
    assert _missing_members(GLOSSARY.replace("`Effect.EXIT`", "`Effect.LEAVE`")) == ["Effect.EXIT"]
    assert _missing_members(GLOSSARY.replace("= sliver", "= splinter")) == ["Relation.SLIVER"]


def test_glossary_names_every_layer_with_its_title_and_classes():
    rows = {row[1]: row for row in _rows(GLOSSARY.split("## 图层")[1].split("\n## ")[0])}
    for spec in read_catalog(REPO / "layers" / "catalog.toml").layers.values():
        row = rows.get(f"`{spec.id}`")
        assert row is not None, f"{spec.id} is not in the glossary"
        assert row[0] == spec.title and row[2] == spec.theme
        assert (row[3].rstrip(" |") if len(row) > 3 else "") == "、".join(spec.allowed_classes)


def test_glossary_gives_each_term_one_identifier_and_each_identifier_one_term():
    rows = [row for row in _rows(GLOSSARY) if len(row) > 1 and "`" in row[1]]
    for column in (0, 1):
        cells = [row[column] for row in rows]
        assert sorted({cell for cell in cells if cells.count(cell) > 1}) == []


def test_decisions_are_numbered_without_gap_and_say_what_follows_for_the_numbers():
    files = sorted((DOCS / "decisions").glob("*.md"))
    assert len(files) >= 8
    for number, path in enumerate(files, start=1):
        text = path.read_text(encoding="utf-8")
        assert path.name.startswith(f"{number:04d}-") and text.startswith(f"# {number:04d} ")
        for heading in ("**背景**", "**决定**", "**后果（对数字）**"):
            assert heading in text, f"{path.name} lacks {heading}"


def test_changelog_has_the_version_of_the_package():
    assert f"\n## {__version__}" in (REPO / "CHANGELOG.md").read_text(encoding="utf-8")
