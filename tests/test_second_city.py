"""Another city by data alone: docs/second_city.md typed as printed, and what the new workspace says of itself."""

import csv
import importlib.util
import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from cdgis.cli import main
from cdgis.core.errors import UsageError, WorkspaceError
from cdgis.geometry.planes import current_planes
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.pipelines.check_workspace import check_workspace
from cdgis.pipelines.doctor import Readiness, diagnose, next_command
from cdgis.pipelines.new_city import NewCity, extent_of, new_city
from cdgis.readers.place_extent import planes_of
from cdgis.results.data_status import stamp_of
from cdgis.workspace.settings import open_workspace

REPO = Path(__file__).resolve().parents[1]
PAGE = (REPO / "docs" / "second_city.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(bash|toml)\n(.*?)```", re.DOTALL)
TARGET = re.compile(r"# 追加到 (\S+)\n")
ELSEWHERE = ("承德", "河北", "滦河", "潮河", "坝上")


def _tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPO / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands() -> list[str]:
    return [line for kind, block in BLOCK.findall(PAGE) if kind == "bash" for line in block.strip().splitlines()]


def _type(line: str) -> int:
    words = shlex.split(line)
    if words[:2] == ["python", "tools/second_city.py"]:
        _tool("second_city").write_city(Path(words[2]))
        return 0
    if words[:2] == ["cp", "-r"]:
        shutil.copytree(words[2], words[3], dirs_exist_ok=True)
        return 0
    with pytest.raises(SystemExit) as left:
        main(words[1:])
    return left.value.code or 0


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, int]]]:
    """The folder after the walk, and the exit code of each command."""
    folder = tmp_path_factory.mktemp("walk")
    codes: dict[str, int] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind, block in BLOCK.findall(PAGE):
            if kind == "toml":
                with Path(TARGET.match(block)[1]).open("a", encoding="utf-8") as stream:
                    stream.write("\n" + block)
            else:
                codes |= {line: _type(line) for line in block.strip().splitlines()}
    yield folder, codes


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_page_has_at_most_fifteen_commands_and_all_succeed(walked: tuple[Path, dict[str, int]]) -> None:
    assert len(commands()) <= 15
    assert {line: code for line, code in walked[1].items() if code} == {}


def test_the_walk_ends_in_verdicts_that_say_something(walked: tuple[Path, dict[str, int]]) -> None:
    names = {row["subject_id"]: row["name"] for row in _rows(walked[0] / "结果" / "data" / "subjects.csv")}
    rows = {names[row["subject_id"]]: row for row in _rows(walked[0] / "结果" / "data" / "verdicts.csv")}
    failing = {name for name, row in rows.items() if row["verdict"] == "不符合"}
    assert {"示例项目1", "示例项目2", "示例企业001", "示例排口"} <= failing and len(rows) == 7
    assert {row["data_status"] for row in rows.values()} == {"正式数据"}
    carbon = [row for row in _rows(walked[0] / "结果" / "data" / "carbon_zones.csv") if row["zone_layer"] == "city"]
    assert {"耕地", "林地（林型不明）", "水域"} <= {row["land_class"] for row in carbon}
    assert (walked[0] / "单项" / "data" / "verdicts.csv").is_file()


def test_every_job_has_something_to_say(walked: tuple[Path, dict[str, int]]) -> None:
    """Relocation into the city's own park, stands, restoration by the city's own curves, an outfall, a trace, its own plan."""
    data = walked[0] / "结果" / "data"
    assert {row["name"] for row in _rows(data / "relocation.csv") if row["disposition"] == "异地迁建"} == {"示例企业001"}
    assert {row["park_id"] for row in _rows(data / "destinations.csv")} <= {"YQ01", "YQ02"}
    assert len(_rows(data / "carbon_stands.csv")) == 16 and {row["area_id"] for row in _rows(data / "carbon_potential.csv")} >= {"XF01", "XF02"}
    (outfall,) = _rows(data / "outfalls.csv")
    assert (outfall["name"], outfall["zone_class"], outfall["river"]) == ("示例排口", "禁止设置区域", "示例河")
    assert [row["jurisdiction"] for row in _rows(walked[0] / "追踪" / "data" / "trace_notify.csv")][-1:] == ["示例乙县"]
    dashboard = (walked[0] / "结果" / "dashboard.html").read_text("utf-8")
    assert "示例措施：红线与园区" in dashboard and "示例措施：造林与入河排污口" in dashboard
    assert not list((walked[0] / "公开").rglob("E0001*")) and (walked[0] / "公开" / "index.html").is_file()


def test_the_finished_workspace_is_clean_and_the_stamp_follows_its_layers(walked: tuple[Path, dict[str, int]]) -> None:
    """Points 8 and 11: a second city can pass its check; one layer that is not official, and the stamp is the other one."""
    root = walked[0] / "示例市"
    assert check_workspace(open_workspace(root)).faults == ()
    catalog = root / "layers" / "catalog.toml"
    text = catalog.read_text("utf-8")
    sites = [root / "layers" / "projects" / "示例地块.txt"]
    before = stamp_of(assess_sites(open_workspace(root), sites))
    catalog.write_text(text.replace("official = true", "official = false", 3), encoding="utf-8")
    after = stamp_of(assess_sites(open_workspace(root), sites))
    catalog.write_text(text, encoding="utf-8")
    assert before == "" and "示范数据" in after


@pytest.mark.parametrize("line", [
    "cdgis rivers 示例河 --workspace 示例市 --out 河册 --quiet", "cdgis reuse --workspace 示例市 --out 再利用 --quiet",
    "cdgis guide --industry 3011 --size-ha 5 --workspace 示例市 --out 选址 --quiet", "cdgis verify 单项/SL01.html --workspace 示例市",
])  # fmt: skip
def test_jobs_the_page_does_not_walk_run_too(walked: tuple[Path, dict[str, int]], monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.chdir(walked[0])
    assert _type(line) == 0


def test_what_the_page_prints_is_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in commands()[:3]:
        assert _type(line) == 0
    out = capsys.readouterr().out
    said = [line.removeprefix("> ") for line in PAGE.splitlines() if line.startswith("> ")]
    assert [line for line in said[:2] if line not in out] == [] and len(said) == 3


def test_the_place_decides_the_planes(walked: tuple[Path, dict[str, int]]) -> None:
    planes = planes_of(open_workspace(walked[0] / "示例市"))
    assert planes != current_planes() and "lon_0=111" in planes.distance_proj


def test_a_new_city_checks_clean_and_asks_for_what_decides_most(tmp_path: Path) -> None:
    said = new_city(tmp_path / "某市", NewCity(name="某市", code="9902", as_of=date(2026, 11, 1), extent=(100.0, 30.0, 101.0, 31.0)))
    workspace = open_workspace(tmp_path / "某市")
    assert check_workspace(workspace).faults == () and "空条目" in said[-1]
    text = (tmp_path / "某市" / "layers" / "catalog.toml").read_text("utf-8")
    assert "# [layers.ecological_redline]" in text and '# fields = { zone_id = ["HXBM"]' in text
    findings = diagnose(workspace)
    assert findings[0].state is Readiness.READY and "cdgis layers add 文件 --as " in next_command(findings)
    missing = [finding.part for finding in findings if finding.state is Readiness.MISSING]
    assert any("ecological_redline" in part for part in missing) and len(missing) > 30


@pytest.mark.parametrize(("changes", "words"), [
    ({"code": "衡阳"}, "应为 4 或 6 位"), ({"extent": None}, "不知道本市在哪里"), ({"boundary": Path("没有.shp")}, "没有文件"),
])  # fmt: skip
def test_what_cannot_be_derived_is_asked_for(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    given = {"name": "某市", "code": "9902", "as_of": date(2026, 11, 1), "extent": (100.0, 30.0, 101.0, 31.0)} | changes
    with pytest.raises(UsageError, match=words):
        new_city(tmp_path / "某市", NewCity(**given))
    assert not (tmp_path / "某市").exists()


def test_a_folder_in_use_is_left_alone_and_an_extent_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "某市").mkdir()
    (tmp_path / "某市" / "在用").touch()
    with pytest.raises(WorkspaceError, match="不为空"):
        new_city(tmp_path / "某市", NewCity(name="某市", code="9902", as_of=date(2026, 11, 1), extent=(100.0, 30.0, 101.0, 31.0)))
    for text in ("111.5,26", "113,26,111,27", "26.0,111.5,27.4,113.2"):
        with pytest.raises(UsageError):
            extent_of(text)
    assert extent_of("111.5，26.0 113.2,27.4") == (111.5, 26.0, 113.2, 27.4)


@pytest.mark.skipif(not (REPO / "cdgis" / "data" / "packs").is_dir(), reason="the law of one province still ships to every place")
def test_no_output_speaks_of_another_city(walked: tuple[Path, dict[str, int]]) -> None:
    words = tuple(word.encode() for word in ELSEWHERE)
    files = [path for path in walked[0].rglob("*") if path.is_file()]
    assert len(files) > 50
    assert [path.name for path in files if any(word in path.read_bytes() for word in words)] == []
