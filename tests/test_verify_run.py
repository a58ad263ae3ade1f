"""The output of a whole run follows from the workspace, or `cdgis verify` says where it does not."""

import json
import shutil
from pathlib import Path

import pytest
from small_workspace import new_redline, small_workspace

from cdgis.cli import main
from cdgis.core.errors import ReportError
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.pipelines.repeat_request import Repeater
from cdgis.pipelines.verify_report import verify_report
from cdgis.pipelines.verify_run import run_folder
from cdgis.report.screening import Composer, report_json
from cdgis.workspace.settings import open_workspace

ROOT = Path(__file__).resolve().parent.parent


def call(*args):
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    return ended.value.code


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with the output of a run and, beside it, the reports of a screen."""
    root = small_workspace(tmp_path_factory.mktemp("run") / "区")
    assert call("run", "--workspace", root, "--out", root / "maps", "--quiet") == 0
    site = root / "layers/projects/site.gpkg"
    assert call("screen", site, "--workspace", root, "--out", root / "reports", "--quiet", "--format", "html,json") == 0
    return root


@pytest.fixture
def space(made, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(made, tmp_path / "区")


def told(capsys, root, *paths):
    capsys.readouterr()
    code = call("verify", *paths, "--workspace", root)
    return code, capsys.readouterr().out


def test_every_report_of_the_workspace_is_accepted(space, capsys):
    page = next((space / "maps/sites").glob("*.html"))
    code, out = told(capsys, space, space / "maps", space / "maps/index.html", page, space / "reports")
    assert code == 0, out
    # Folder, overview and page of the run; page and record of the screening report, and the tables beside them.
    assert out.count("全部一致") == 6
    assert "cdgis verify" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["index.html", "page", "data/verdicts.csv", "data/cdgis.gpkg", "data/cdgis.xlsx"])
def test_changed_byte_of_any_file_is_found_and_its_file_named(space, capsys, name):
    files = sorted((space / "maps/data").glob(f"*{name[-5:]}")) if name.startswith("data/cdgis") else []
    path = files[0] if files else next((space / "maps/sites").glob("*.html")) if name == "page" else space / "maps" / name
    data = bytearray(path.read_bytes())
    place = len(data) // 2 if name.endswith("xlsx") else max(data.rfind(b"2"), 1)  # an archive has bytes that say nothing
    data[place] = data[place] ^ 1
    path.write_bytes(bytes(data))
    code, out = told(capsys, space, space / "maps")
    assert code == 2 and path.name in out.replace("\n", "") and "字节起不同" in out


def test_page_of_another_run_and_missing_page_are_found(space, capsys):
    page = next((space / "maps/sites").glob("*.html"))
    page.rename(page.with_name("X999.html"))
    code, out = told(capsys, space, space / "maps")
    assert code == 2 and "X999.html：重算没有这个文件" in out and f"{page.name}：输出文件夹里没有" in out


def test_altered_layer_is_named(space, capsys):
    new_redline(space / "layers/redline.gpkg")
    code, out = told(capsys, space, space / "maps")
    assert code == 2 and "ecological_redline" in out and "文件内容已变" in out


def test_folder_of_a_run_is_known_by_its_own_record(space):
    page = next((space / "maps/sites").glob("*.html"))
    assert [run_folder(p) for p in (space / "maps", space / "maps/index.html", page)] == [space / "maps"] * 3
    assert run_folder(space / "reports") is None and run_folder(next((space / "reports").glob("*.html"))) is None
    (space / "maps/data/run.json").write_text(json.dumps({"as_of": "2026-11-01"}), encoding="utf-8")
    with pytest.raises(ReportError, match="cdgis run"):
        run_folder(space / "maps")


def test_folder_without_reports_is_refused(space, capsys):
    assert call("verify", space / "layers", "--workspace", space) == 2
    assert "没有报告" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("reads_once")
def test_reports_on_shipped_sites_of_every_format_are_accepted(tmp_path):
    workspace = open_workspace(ROOT)
    shipped_files = sorted(path for path in (ROOT / "layers/projects").iterdir() if path.stem != "attributes")
    files = sorted({path.suffix: path for path in shipped_files}.values())  # of all files: cdgis screen, then cdgis verify
    made = assess_sites(workspace, files)
    composer, names = Composer(made), list(made.tables["subjects"].groupby("source_file")["subject_id"].head(2))
    for subject_id in names:
        (tmp_path / f"{subject_id}.json").write_bytes(report_json(composer.report(subject_id)))
    again = Repeater(workspace)
    results = [verify_report(path, workspace=workspace, again=again) for path in sorted(tmp_path.glob("*.json"))]
    assert [(r.subject_id, c.title, c.faults) for r in results for c in r.checks if c.faults] == []
    assert len(files) == 7 and len(results) == len(names) > 10
