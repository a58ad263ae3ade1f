"""Outputs never replace a user's file, never lie among the inputs, and never become inputs."""

from pathlib import Path

import pytest
from shapes import metres, write_layer
from small_workspace import small_workspace

from cdgis.cli import main
from cdgis.readers.inputs import expand_globs
from cdgis.workspace.settings import open_workspace


def call(*args: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    return int(ended.value.code or 0)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_workspace(tmp_path / "区")


@pytest.mark.parametrize("place", ["", "layers", "layers/projects", "layers/projects/新", "layers/rules"])
@pytest.mark.parametrize("command", ["run", "screen", "carbon", "guide", "relocate", "publish", "rivers", "outfalls", "reuse"])
def test_no_command_writes_into_the_workspace_itself_or_its_inputs(
    root: Path, place: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(root)
    more = {"screen": ["--lonlat", "117.5,41.4"], "guide": ["--size-ha", "1"]}.get(command, [])
    assert call(command, *more, "--workspace", root, "--out", root / place, "--quiet") == 2
    assert "--out" in capsys.readouterr().err
    assert content(root) == before


def test_a_report_is_not_written_beside_the_file_it_is_about(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report on P900.json would be P900.json."""
    mine = tmp_path / "我的"
    write_layer(mine / "P900.gpkg", [metres(1200, 100, 1300, 200)], {"id": ["P900"]})
    for name in ("P900.html", "data/subjects.csv"):
        (mine / name).parent.mkdir(exist_ok=True)
        (mine / name).write_text("我的", encoding="utf-8")
    before = content(mine)
    monkeypatch.chdir(mine)
    assert call("screen", "P900.gpkg", "--out", ".", "--workspace", root, "--quiet") == 2
    assert "P900.gpkg" in capsys.readouterr().err
    assert call("screen", "P900.gpkg", "--out", "结果", "--workspace", root, "--quiet") == 0
    assert {name: text for name, text in content(mine).items() if not name.startswith("结果/")} == before


def test_a_link_to_the_folder_of_the_inputs_is_that_folder(root: Path, tmp_path: Path) -> None:
    (tmp_path / "别名").symlink_to(root / "layers")
    assert call("run", "--workspace", root, "--out", tmp_path / "别名" / "x", "--quiet") == 2
    assert not (root / "layers" / "x").exists()


def test_a_run_into_a_folder_that_holds_somebodys_files_changes_nothing(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert call("run", "--workspace", root, "--out", out, "--quiet") == 0
    ours = {name: (out / name).read_bytes() for name in ("index.html", "data/verdicts.csv", "data/files.json")}
    for name in ours:
        (out / name).write_text("我的", encoding="utf-8")
    before = content(out)
    assert call("run", "--workspace", root, "--out", out, "--quiet") == 2
    told = capsys.readouterr().err.replace("\n", "")
    assert [name for name in ours if name not in told] == [] and "改过" in told
    assert content(out) == before
    for name, data in ours.items():
        (out / name).write_bytes(data)
    (out / "index.html").unlink()
    assert call("run", "--workspace", root, "--out", out, "--quiet") == 0


def test_what_was_written_before_is_no_input_and_what_somebody_made_of_it_is(root: Path) -> None:
    """A pattern over the whole workspace, as careless as can be."""
    text = (root / "cdgis.toml").read_text(encoding="utf-8")
    (root / "cdgis.toml").write_text(text.replace("layers/projects/*", "**/*.gpkg"), encoding="utf-8")
    inputs = expand_globs(root, ("**/*",))
    assert call("run", "--workspace", root, "--out", root / "maps", "--quiet") == 0
    assert expand_globs(root, ("**/*",)) == inputs
    (root / "maps" / "data" / "verdicts.csv").write_text("改过", encoding="utf-8")
    assert expand_globs(root, ("**/*",)) == tuple(sorted((*inputs, root / "maps" / "data" / "verdicts.csv")))
    assert open_workspace(root).settings.sources.projects == ("**/*.gpkg",)


def test_rules_are_not_exported_over_a_table_somebody_works_on(root: Path, tmp_path: Path) -> None:
    table = tmp_path / "规则.xlsx"
    table.write_text("我的", encoding="utf-8")
    assert call("rules", "export", table, "--workspace", root) == 2
    assert table.read_text(encoding="utf-8") == "我的"


def test_the_answers_on_rivers_do_not_replace_somebodys_files(tmp_path: Path) -> None:
    from cdgis.core.errors import ReportError
    from cdgis.report.files.plain_tables import write_water

    (tmp_path / "滦河.html").write_text("我的", encoding="utf-8")
    with pytest.raises(ReportError, match="滦河"):
        write_water({}, tmp_path, stamp="", files={"滦河.html": b"x"})
    assert content(tmp_path) == {"滦河.html": "我的".encode()}
