"""Installation without network: the bundle's wheels, layout and commands; and reading where there is no fiona."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import shapely
from packaging.requirements import Requirement
from shapes import square, workspace, write_gbk_shapefile, write_layer
from test_second_city import _tool

from cdgis.readers import read_sites

BUNDLE = _tool("offline_bundle")


def test_fiona_is_asked_for_wherever_it_has_a_wheel() -> None:
    asked = {
        platform: {Requirement(text).name for text in BUNDLE.wanted(BUNDLE.own_requirements(), BUNDLE.environment(platform, "3.12"))}
        for platform in BUNDLE.PLATFORMS
    }
    assert "fiona" in asked["win_amd64"] and "fiona" in asked["manylinux_2_28_x86_64"]
    assert asked["win_amd64"] - asked["manylinux_2_28_aarch64"] == {"fiona"}


def test_markers_are_those_of_the_target_not_of_this_machine() -> None:
    target = BUNDLE.environment("win_amd64", "3.12")
    items = [{"metadata": {"name": "click", "requires_dist": ["colorama; sys_platform == 'win32'", "x; python_version < '3.10'"]}}]
    assert BUNDLE.missing_on(items, target) == ["colorama"]
    assert BUNDLE.missing_on([*items, {"metadata": {"name": "Colorama"}}], target) == []
    assert BUNDLE.missing_on(items, BUNDLE.environment("manylinux_2_28_x86_64", "3.12")) == []


@pytest.mark.parametrize("platform", sorted(BUNDLE.PLATFORMS))
def test_pip_is_asked_for_wheels_of_the_target_alone(platform: str) -> None:
    arguments = BUNDLE.pip_arguments("download", ["numpy"], platform, "3.12")
    assert "--only-binary=:all:" in arguments and platform in arguments and "cp312" in arguments
    assert all(tag.endswith(platform.split("_28_")[-1]) for tag in BUNDLE.tags(platform))


@pytest.mark.parametrize("platform", ["win_amd64", "manylinux_2_28_aarch64"])
def test_the_bundle_holds_script_workspace_and_manual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    small = tmp_path / "repo"
    for name in ("layers", "docs"):
        (small / name).mkdir(parents=True)
        (small / name / "甲.md").touch()
    (small / "cdgis.toml").touch()
    monkeypatch.setattr(BUNDLE, "REPO", small)
    wheels = BUNDLE.lay_out(tmp_path / "包", platform, "3.12")
    assert wheels == tmp_path / "包" / "wheels" and wheels.is_dir()
    assert {p.name for p in (tmp_path / "包" / "示范工作区").iterdir()} == {"layers", "cdgis.toml"}
    script = tmp_path / "包" / ("安装.bat" if platform == "win_amd64" else "安装.sh")
    text = script.read_bytes().decode("gbk" if platform == "win_amd64" else "utf-8")
    assert "--no-index --find-links wheels cdgis" in text and "3.12" in text
    if platform != "win_amd64":
        assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0


def test_a_target_without_wheels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        BUNDLE.resolve([f"cdgis-no-such-{'x' * 8} @ file:///nonexistent/none.whl"], "win_amd64", "3.12", tmp_path)


def _records(path: Path, monkeypatch: pytest.MonkeyPatch, *, fiona: bool) -> tuple[pd.DataFrame, list[tuple[str, ...]], pd.DataFrame]:
    with monkeypatch.context() as patch:
        if not fiona:
            patch.setitem(sys.modules, "fiona", None)
        found = read_sites(workspace(path.parent), [path])
    intake = [(note.row, str(note.status), note.field, note.value, note.reason) for note in found.intake]
    return found.frame.assign(wkb=shapely.to_wkb(found.frame.geometry.to_numpy())).drop(columns="geometry"), intake, found.attributes


def _files(folder: Path) -> dict[str, Path]:
    shapes = [square(117.9, 40.9), square(118.0, 41.0), None]
    fields = {"名称": ["甲", "乙", "丙"], "行业代码": ["3011", "1713", ""], "建设性质": ["新建", "扩建", "新建"],
              "用水量": [1.5, 2.0, None], "日期": pd.to_datetime(["2026-01-01", None, "2026-03-04"]), "编号": [1, 2, 3]}  # fmt: skip
    both = write_layer(folder / "两层.gpkg", shapes[:2], {"name": ["甲", "乙"]}, epsg=4527)
    return {
        "gbk": write_gbk_shapefile(folder / "面.shp", shapes[:2], {"名称": ["甲", "乙"], "行业代码": ["3011", "1713"]}),
        "gpkg": write_layer(folder / "面.gpkg", shapes, fields),
        "plane": both, "shp": write_layer(folder / "属性.shp", shapes, {k: v for k, v in fields.items() if k != "日期"}, epsg=4548),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["gbk", "gpkg", "plane", "shp"])
def test_without_fiona_every_record_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = _files(tmp_path)[name]
    one, other = (_records(path, monkeypatch, fiona=fiona) for fiona in (True, False))
    pd.testing.assert_frame_equal(one[0], other[0])
    assert len(one[0]) and one[1] == other[1]
    pd.testing.assert_frame_equal(one[2], other[2])


@pytest.mark.slow
def test_linux_on_arm_resolves_to_wheels_alone(tmp_path: Path) -> None:
    """The hardest of the three; the tool itself resolves whichever it bundles before it downloads anything."""
    platform = "manylinux_2_28_aarch64"
    try:
        BUNDLE.resolve(["packaging"], platform, "3.12", tmp_path)
    except RuntimeError as err:
        pytest.skip(f"no package index within reach: {str(err)[-80:]}")
    items = BUNDLE.resolve(BUNDLE.own_requirements(), platform, "3.12", tmp_path)
    names = {item["metadata"]["name"].lower() for item in items}
    assert all(item["download_info"]["url"].endswith(".whl") for item in items)
    assert "fiona" not in names and {"pyogrio", "rasterio", "pyproj"} <= names
