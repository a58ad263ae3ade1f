"""Twelve kinds of change to a report or its inputs: each gets its grade, and nothing forged is called harmless."""

import io
import json
import shutil
import sqlite3
import zipfile
from datetime import date
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from docx import Document
from small_workspace import new_redline, small_workspace

from cdgis.cli import main
from cdgis.core.vocabulary import Grade
from cdgis.pipelines.repeat_request import Repeater
from cdgis.pipelines.verify_folder import report_writers, verify_table, verify_word
from cdgis.pipelines.verify_report import verify_report
from cdgis.report.files.same_content import same_content
from cdgis.report.screening.word_record import embedded_record
from cdgis.results.report_file import canonical
from cdgis.workspace.settings import open_workspace

WRITERS = report_writers()


def call(*args: object) -> object:
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    return ended.value.code or 0


TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = small_workspace(tmp_path_factory.mktemp("grades") / "区")
    site = root / "layers" / "projects" / "site.gpkg"
    options = ["--workspace", str(root), "--out", str(root / "reports"), "--format", "html,json,docx,xlsx,gpkg", "--quiet"]
    assert call("screen", site, "--industry", "3011", "--project-type", "新建", *options) == 0
    return root


@pytest.fixture
def space(made, tmp_path):
    return shutil.copytree(made, tmp_path / "区")


def reports(root: Path) -> Path:
    return root / "reports"


def stem(root: Path) -> str:
    return next(reports(root).glob("*.docx")).stem


def grade(root: Path, suffix: str, *, today: date = TODAY) -> Grade:
    path = reports(root) / f"{stem(root)}{suffix}"
    again = Repeater(open_workspace(root))
    if suffix == ".docx":
        return verify_word(path, WRITERS[".docx"], again=again, today=today).grade
    return verify_report(path, again=again, render=WRITERS.get(suffix), today=today).grade


def table_grade(root: Path, name: str) -> Grade:
    return verify_table(reports(root) / "data" / name, again=Repeater(open_workspace(root))).grade


def rewrite(path: Path, change) -> None:
    path.write_bytes(change(path.read_bytes()))


def test_untouched_files_agree(made):
    assert {suffix: grade(made, suffix) for suffix in (".json", ".html", ".docx")} == dict.fromkeys((".json", ".html", ".docx"), Grade.SAME)
    assert {table_grade(made, name) for name in ("cdgis.xlsx", "cdgis.gpkg", "verdicts.csv")} == {Grade.SAME}


@pytest.mark.parametrize("suffix", [".json", ".html"])
def test_1_byte_order_mark_and_line_ends_are_bytes_alone(space, suffix):
    rewrite(reports(space) / f"{stem(space)}{suffix}", lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    assert grade(space, suffix) is Grade.BYTES


def test_2_record_written_otherwise_by_another_program_is_bytes_alone(space):
    rewrite(reports(space) / f"{stem(space)}.json", lambda data: json.dumps(json.loads(data), ensure_ascii=True).encode())
    assert grade(space, ".json") is Grade.BYTES


def test_3_layer_saved_again_is_bytes_alone(space):
    path = space / "layers" / "redline.gpkg"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE note (t)")
        base.execute("DROP TABLE note")
    base.close()
    assert {grade(space, suffix) for suffix in (".json", ".docx")} == {Grade.BYTES}


def test_4_word_saved_and_signed_is_bytes_alone(space):
    path = reports(space) / f"{stem(space)}.docx"
    document = Document(path)
    cell = document.tables[-1].rows[0].cells[0]
    blank = next(p for p in cell.paragraphs if "签字：" in p.text)
    blank.add_run("2026年11月20日")
    document.save(path)
    assert embedded_record(path) and grade(space, ".docx") is Grade.BYTES


def test_5_tables_saved_again_are_bytes_alone(space):
    data = reports(space) / "data"
    book = openpyxl.load_workbook(data / "cdgis.xlsx")
    book.save(data / "cdgis.xlsx")
    with sqlite3.connect(data / "cdgis.gpkg") as base:
        base.execute("VACUUM")
    base.close()
    rewrite(data / "verdicts.csv", lambda raw: raw.removeprefix(b"\xef\xbb\xbf").replace(b"\n", b"\r\n"))
    assert {table_grade(space, name) for name in ("cdgis.xlsx", "cdgis.gpkg", "verdicts.csv")} == {Grade.BYTES}


def test_6_expired_report_is_outdated(made):
    assert {grade(made, suffix, today=date(2027, 11, 1)) for suffix in (".json", ".docx")} == {Grade.OUTDATED}


def test_7_law_changed_since_is_outdated(space):
    (space / "rules").mkdir()
    text = (Path(__file__).parents[1] / "docs" / "howto.md").read_text(encoding="utf-8")
    rule = text[text.index("[[rule]]") : text.index("```", text.index("[[rule]]"))].replace('"ancient_trees"', '"ecological_redline"')
    (space / "rules" / "新.toml").write_text(rule.replace('zone_classes = ["一级", "二级"]', 'zone_classes = ["红线一般区域"]'), encoding="utf-8")
    assert grade(space, ".json") is Grade.OUTDATED


def test_8_record_with_another_verdict_is_forged(space):
    path = reports(space) / f"{stem(space)}.json"
    content = json.loads(path.read_bytes())
    content["conclusion"]["verdict"] = "未发现冲突"
    content["record"]["verdicts"][0]["verdict"] = "未发现冲突"
    path.write_bytes(canonical(content))
    assert grade(space, ".json") is Grade.CONTENT


def test_9_layer_of_other_shape_is_other_content(space):
    new_redline(space / "layers" / "redline.gpkg")
    assert grade(space, ".json") is Grade.CONTENT


@pytest.mark.parametrize("old", ["须论证", "不符合", "资料不足", "平方米"])
def test_10_word_with_a_changed_text_or_cell_is_forged(space, old):
    path = reports(space) / f"{stem(space)}.docx"
    document = Document(path)
    texts = [p for p in document.element.body.iter() if p.tag.endswith("}t") and old in (p.text or "")]
    if not texts:
        pytest.skip(f"the report does not say {old}")
    texts[0].text = texts[0].text.replace(old, "未发现冲突")
    document.save(path)
    assert grade(space, ".docx") is Grade.CONTENT


def test_10b_word_with_an_added_paragraph_field_or_changed_record_is_forged(space):
    path = reports(space) / f"{stem(space)}.docx"
    whole = path.read_bytes()
    document = Document(io.BytesIO(whole))
    document.add_paragraph("经研究，同意建设。")
    document.save(path)
    assert grade(space, ".docx") is Grade.CONTENT
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            target.writestr(info, data.replace(b'sha256="', b'sha256="0', 1) if info.filename.startswith("customXml/item") else data)
    path.write_bytes(out.getvalue())
    try:
        assert grade(space, ".docx") is Grade.CONTENT
    except Exception as err:
        assert "内嵌记录" in str(err)


@pytest.mark.parametrize("name", ["cdgis.xlsx", "cdgis.gpkg", "verdicts.csv"])
def test_11_table_with_a_changed_cell_is_forged(space, name):
    path = reports(space) / "data" / name
    if name.endswith(".xlsx"):
        book = openpyxl.load_workbook(path)
        book["对象一览"]["C3"] = "未发现冲突"
        book.save(path)
    elif name.endswith(".gpkg"):
        with sqlite3.connect(path) as base:
            base.execute("UPDATE verdicts SET verdict = '未发现冲突'")
        base.close()
    else:
        words = ("资料不足", "须论证", "不符合")
        rewrite(path, lambda raw: next(raw.replace(word.encode(), "未发现冲突".encode()) for word in words if word.encode() in raw))
    assert table_grade(space, name) is Grade.CONTENT


def test_12_name_twice_in_a_record_is_forged_or_refused(space):
    path = reports(space) / f"{stem(space)}.json"
    rewrite(path, lambda data: data.replace(b'"as_of"', b'"verdict_shown": "x",\n "as_of"', 1).replace(b"{", b'{"as_of": "2020-01-01",', 1))
    with pytest.raises(Exception, match="没有 cdgis 报告记录"):
        grade(space, ".json")


def test_record_saved_otherwise_with_something_added_is_not_harmless(space):
    path = reports(space) / f"{stem(space)}.json"
    content = json.loads(path.read_bytes())
    content["note"] = "已批准"
    path.write_text(json.dumps(content), encoding="utf-8")
    alone = verify_report(path, today=TODAY)
    assert alone.grade is Grade.CONTENT


def test_layer_that_cannot_be_read_now_leaves_the_report_unchecked(space):
    rewrite(space / "layers" / "redline.gpkg", lambda data: data[:1000])
    assert grade(space, ".json") is Grade.UNCHECKED


def test_command_says_the_grade_and_ends_with_it(space, capsys):
    path = reports(space) / f"{stem(space)}.json"
    rewrite(path, lambda data: data.replace(b"\n", b"\r\n"))
    assert call("verify", path, "--workspace", space) == 0
    told = capsys.readouterr().out
    assert "仅字节不同" in told and "不能作为依据" not in told
    rewrite(path, lambda data: data.replace("须论证".encode(), "有条件符合".encode()).replace("资料不足".encode(), "须论证".encode()))
    assert call("verify", path, "--workspace", space) == 2
    assert "不能作为依据" in capsys.readouterr().out


def test_same_content_sees_every_changed_number(tmp_path):
    """Law on small GeoPackages: saved again is the same, one changed coordinate is not."""
    one, other = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    for place, dx in ((one, 0.0), (other, 1e-9)):
        gpd.GeoDataFrame({"n": [1, 2]}, geometry=gpd.points_from_xy([117.0, 118.0 + dx], [41.0, 41.0]), crs=4490).to_file(place)
    assert not same_content(one, other)
    shutil.copy(one, other)
    with sqlite3.connect(other) as base:
        base.execute("VACUUM")
    base.close()
    assert same_content(one, other)
