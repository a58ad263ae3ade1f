"""From the command line to a signed report and back: screen, verify and guide on the shipped workspace."""

import json
from pathlib import Path

import pytest

from cdgis.cli import main

pytestmark = pytest.mark.usefixtures("reads_once")
REPO = Path(__file__).resolve().parents[1]
SITE = REPO / "layers" / "projects" / "红线开发_39带带号.zip"


def run(*args: object) -> int:
    """Return the exit code of the command line called in this process."""
    with pytest.raises(SystemExit) as left:
        main([str(arg) for arg in args])
    return int(left.value.code or 0)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("研判") / "报告 一"
    assert run("screen", SITE, "--workspace", REPO, "--out", out, "--format", "html,json,docx", "--quiet") == 0
    return out


def test_screen_writes_each_format_for_each_site(reports: Path) -> None:
    for name in ("P023", "P024", "P025"):
        assert all((reports / f"{name}.{ending}").is_file() for ending in ("html", "json", "docx"))


def test_screen_finds_the_shipped_sites_attributes(reports: Path) -> None:
    record = json.loads((reports / "P023.json").read_text(encoding="utf-8"))["record"]
    assert record["verdicts"][0]["verdict"] == "不符合"
    assert record["verdicts"][0]["decisive_rule_ids"] == "ECO-02-2026;ECO-07B"  # a quarry: Hebei's own ban beside the red line's


def test_verify_accepts_what_screen_wrote(reports: Path) -> None:
    names = ("P023.html", "P024.json", "P025.html")
    assert run("verify", *(reports / name for name in names), "--workspace", REPO) == 0


def test_verify_detects_a_changed_digit_and_a_removed_finding(
    reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (reports / "P023.html").read_text(encoding="utf-8")
    forged = tmp_path / "P023.html"
    forged.write_text(page.replace("6,178.66", "6,178.65"), encoding="utf-8")
    assert forged.read_text(encoding="utf-8") != page
    content = json.loads((reports / "P024.json").read_text(encoding="utf-8"))
    content["record"]["findings"] = content["record"]["findings"][1:]
    (tmp_path / "P024.json").write_text(json.dumps(content, ensure_ascii=False, sort_keys=True), encoding="utf-8")
    assert run("verify", forged, tmp_path / "P024.json", "--workspace", REPO) == 2
    told = capsys.readouterr().out
    of_page, of_record = told[told.index("P023.html") :].split("P024.json", 1)
    assert "\n内容被改" in of_page and "\n内容被改" in of_record


def test_typed_point_is_screened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = "117°56′34.8″E,40°58′12″N"
    options = ("--industry", "3031", "--project-type", "新建", "--format", "json")
    assert run("screen", "--lonlat", place, "--workspace", REPO, "--out", tmp_path / "r", *options) == 0
    assert [path.name for path in sorted((tmp_path / "r").glob("[!.]*.json"))] == ["lonlat-1.json"]
    assert "如为" not in capsys.readouterr().out  # 3031 means the same in both editions


def test_screen_without_a_place_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("screen", "--workspace", REPO) == 2
    assert "--wkt" in capsys.readouterr().err


def test_unknown_format_is_refused_with_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("screen", SITE, "--workspace", REPO, "--out", tmp_path, "--format", "odt") == 2
    assert "html,docx,official,pdf,xlsx,gpkg,json" in capsys.readouterr().err


def test_guide_in_an_unknown_county_lists_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--size-ha", 5, "--within", "不存在县", "--workspace", REPO, "--out", tmp_path, "--quiet")
    assert run("guide", *options) == 2
    assert "丰宁满族自治县" in capsys.readouterr().err


def test_file_without_a_readable_site_is_told_with_reason_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "坏.zip"
    broken.write_bytes(b"PK\x03\x04broken")
    assert run("screen", broken, "--workspace", REPO, "--out", tmp_path / "r", "--quiet") == 2
    told = capsys.readouterr().err
    assert "坏.zip" in told and "压缩包损坏" in told and "请重新压缩为 zip" in told
    assert "用法错误" not in told


def test_old_industry_code_is_asked_back_on_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("screen", "--lonlat", "117.9,40.95", "--industry", "4414", "--workspace", REPO, "--out", tmp_path) == 0
    told = capsys.readouterr().out.replace("\n", "").replace(" ", "")
    assert "请核对" in told and "如为风力发电请填4415" in told


def test_map_is_one_page_of_all_sites_and_alone_if_asked_alone(tmp_path: Path) -> None:
    out = tmp_path / "r"
    assert run("screen", SITE, "--workspace", REPO, "--out", out, "--format", "map", "--quiet") == 0
    (page,) = out.glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert page.name.startswith("map-CDGIS-") and all(f"{name}\\u003c/small" in text for name in ("P023", "P024", "P025"))
