"""Opening a workspace: settings, catalogue, and every way they can be wrong."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from cdgis.core.errors import CatalogError, WorkspaceError
from cdgis.readers import loading, read_subjects
from cdgis.workspace.create import create_workspace, shipped_workspace
from cdgis.workspace.settings import find_workspace, open_workspace

SETTINGS = 'name = "测试"\ncity = "承德市"\nas_of = 2026-11-01\n'


def written(tmp_path, text=SETTINGS, catalog=""):
    (tmp_path / "cdgis.toml").write_text(text, encoding="utf-8")
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "catalog.toml").write_text(catalog, encoding="utf-8")
    return tmp_path


def test_open_workspace_gives_defaults_and_folders(tmp_path):
    workspace = open_workspace(written(tmp_path))
    assert workspace.settings.as_of == date(2026, 11, 1)
    assert workspace.settings.tolerance_m == 20 and workspace.settings.area_method == "survey"
    assert workspace.layers_dir == tmp_path / "layers"
    assert workspace.relative(tmp_path / "layers" / "x.gpkg") == "layers/x.gpkg"
    assert workspace.relative(tmp_path.parent / "site.shp") == "site.shp"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SETTINGS + "tolerance_m = -1\n", "tolerance_m"),
        (SETTINGS + 'area_method = "utm"\n', "area_method"),
        (SETTINGS + "speed = 1\n", "speed"),
        (SETTINGS + '[[rules_off]]\nid = "X-1"\nreason = ""\n', "rules_off.0.reason"),
        ('name = "测试"\n', "as_of"),
        ("name = ", "不是合法的 UTF-8 TOML"),
        (SETTINGS + "tolerance_m = nan\n", "tolerance_m：应为有限的数"),
        (SETTINGS + "tolerance_m = 1e300\n", "tolerance_m：不得大于 10000"),
        (SETTINGS + "[layer.foo]\nx = 1\n", "layer：没有这一项"),
        (SETTINGS + 'catalog = "a\\u0000b"\n', "含控制符"),
        (SETTINGS.replace("2026-11-01", "9999-12-31"), "as_of：不得大于 2199-12-31"),
        (SETTINGS + f"report_valid_days = {10**9}\n", "report_valid_days"),
    ],
)
def test_faulty_settings_are_refused(tmp_path, text, message):
    with pytest.raises(WorkspaceError, match=message):
        open_workspace(written(tmp_path, text))


def test_folder_without_settings_is_no_workspace(tmp_path):
    with pytest.raises(WorkspaceError, match="不是工作区"):
        open_workspace(tmp_path)


def test_workspace_without_catalog_is_refused(tmp_path):
    (tmp_path / "cdgis.toml").write_text(SETTINGS, encoding="utf-8")
    with pytest.raises(CatalogError, match="找不到图层目录"):
        open_workspace(tmp_path)


@pytest.mark.parametrize("stated", ["", "layers"])
def test_catalog_that_names_a_folder_is_refused(tmp_path, stated):
    with pytest.raises(CatalogError, match="是文件夹"):
        open_workspace(written(tmp_path, SETTINGS + f'catalog = "{stated}"\n'))


def test_find_workspace_looks_upwards(tmp_path):
    root = written(tmp_path)
    below = root / "甲" / "乙"
    below.mkdir(parents=True)
    assert find_workspace(below) == root.resolve()


def test_find_workspace_says_where_it_looked(tmp_path):
    with pytest.raises(WorkspaceError, match="cdgis init"):
        find_workspace(tmp_path)


def test_empty_workspace_reads_without_a_fault_of_its_own(tmp_path):
    create_workspace(tmp_path / "w", empty=True)
    subjects = read_subjects(open_workspace(tmp_path / "w"))
    assert {note.field for note in subjects.intake} <= {"sources"}
    assert "layers/projects/*" not in {note.file for note in subjects.intake}


def test_workspace_is_not_copied_into_its_own_data(tmp_path):
    inside = shipped_workspace() / "layers" / "zz-neu"
    with pytest.raises(WorkspaceError, match="复制到自己里面"):
        create_workspace(inside)
    assert not inside.exists()


def test_facts_of_law_are_among_the_inputs_a_report_number_rests_on(tmp_path, monkeypatch):
    data = Path(loading.__file__).parents[1] / "data"
    for path in data.glob("*.toml"):
        (tmp_path / "data").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "data")
    before = loading._package_record("law", loading._DATA, "")
    monkeypatch.setattr(loading, "_DATA", tmp_path / "data")
    assert loading._package_record("law", loading._DATA, "") == before
    for name in (*loading.LAW_FILES, "colours.toml"):
        path = tmp_path / "data" / name
        kept = path.read_bytes()
        path.write_bytes(kept + b"\n# another\n")
        assert (loading._package_record("law", loading._DATA, "") == before) is (name == "colours.toml"), name
        path.write_bytes(kept)
