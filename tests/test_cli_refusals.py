"""What the command line refuses, in Chinese and with exit code 2, before any work is done; and what --strict means."""

import json
import shutil
from pathlib import Path

import pytest
from shapes import write_geojson
from small_workspace import small_workspace

from cdgis.cli import main
from cdgis.core.errors import ReportError, os_reason
from cdgis.results.report_file import read_report


def leave(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return int(left.value.code or 0)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_workspace(tmp_path_factory.mktemp("w"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tolerance", "nan"], "--tolerance"),
        (["--tolerance", "inf"], "不大于 10000"),
        (["--tolerance", "-1"], "不小于 0"),
        (["--as-of", "9999-12-31"], "2199-12-31"),
        (["--out", ""], "目录名是空的"),
        (["--out", " "], "目录名是空的"),
        (["--format", "exe"], "--format 读到“exe”"),
        (["x" * 5000 + ".shp"], "名称过长"),
    ],
)
def test_options_out_of_reason_are_refused(
    root: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave("screen", "--lonlat", "117.5,41.4", "--workspace", str(root), "--quiet", *options) == 2
    assert words in capsys.readouterr().err


def test_strict_run_fails_when_a_file_could_not_be_read(root: Path, tmp_path: Path) -> None:
    own = tmp_path / "w"
    shutil.copytree(root, own)
    for path in (own / "layers" / "projects").iterdir():
        path.unlink()
    (own / "layers" / "projects" / "x.geojson").mkdir()
    assert leave("run", "--workspace", str(own), "--out", str(tmp_path / "out"), "--quiet", "--strict") == 1
    assert leave("run", "--workspace", str(own), "--out", str(tmp_path / "out"), "--quiet") == 0


def test_file_given_twice_or_with_acting_characters_in_an_option_leaves_no_trace_of_them(root: Path, tmp_path: Path) -> None:
    import shapely

    site = write_geojson(tmp_path / "a.geojson", [(shapely.Point(117.5, 41.4), {})])
    out = tmp_path / "out"
    assert leave("screen", str(site), str(site), "--name", "甲\u202e乙", "--workspace", str(root), "--out", str(out), "--quiet") == 0
    report = json.loads(next(out.glob("[!.]*.json")).read_text(encoding="utf-8"))
    assert report["request"]["files"] == ["a.geojson"]
    assert report["request"]["declared"]["name"] == "甲乙"


RECORD = {
    "schema": "cdgis-screening/1", "report_number": "X", "subject_id": "S", "as_of": "2026-11-01", "version": "0",
    "settings": {}, "inputs": [], "record": {}, "conclusion": {}, "declaration": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("record", 1.5), ("record", {"findings": 3}), ("record", {"findings": ["x"]}), ("inputs", {}), ("settings", []),
        ("as_of", "gestern"), ("as_of", 3), ("conclusion", None), ("declaration", {"journal": [1]}),
        ("request", {"files": "x"}), ("request", [1]),
    ],
)  # fmt: skip
def test_report_with_a_deformed_part_is_refused(tmp_path: Path, part: str, value: object) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(RECORD | {part: value}), encoding="utf-8")
    with pytest.raises(ReportError, match=part):
        read_report(path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"schema": NaN}', "<![", "9" * 5000])
def test_text_that_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    for name in ("r.json", "r.html"):
        path = tmp_path / name
        path.write_text(f'<script type="application/json">{text}</script><![x' if name == "r.html" else text, encoding="utf-8")
        with pytest.raises(ReportError, match="没有 cdgis 报告记录"):
            read_report(path)


def test_reasons_of_the_system_are_chinese() -> None:
    assert os_reason(IsADirectoryError(21, "Is a directory")) == "是文件夹而不是文件"
    assert os_reason(OSError("odd")) == "读写失败"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--attr", "foo=1"], "没有名为 foo 的属性"),
        (["--attr", "coal_t_per_yr=-5"], "数值为负"),
        (["--project-type", "乱"], "建设性质不认识"),
        (["--activity", "乱"], "活动类型“乱”不认识"),
        (["--industry", "=1+1"], "不是 GB/T 4754-2017"),
    ],
)
def test_guide_refuses_what_it_does_not_understand(
    root: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave("guide", "--size-ha", "5", "--workspace", str(root), "--quiet", *options) == 2
    assert words in capsys.readouterr().err


def test_carbon_without_land_classes_says_that_nothing_was_counted_and_why(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert leave("carbon", "--workspace", str(root), "--out", str(out), "--quiet") == 2
    said = "".join(capsys.readouterr().err.split())
    assert "没有作碳核算" in said and "land_classes_2025" in said and "catalog.toml" in said
    assert not out.exists()
