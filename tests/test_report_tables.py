import csv
import io
import json
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from report_fixtures import ATTACKS, empty_assessment, make_assessment

from cdgis.core.vocabulary import DEMO_STAMP, Evidence
from cdgis.report.files.table_files import csv_text, safe_cell, write_tables
from cdgis.report.files.xlsx_words import reader_for
from cdgis.results.data_status import stamp_of
from cdgis.results.tables.validation import TABLES, Column


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data")
    write_tables(make_assessment(), out)
    return out


def _read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


EMPTY_HERE = (
    "questions", "downstream", "cumulative", "remedies", "locations", "carbon_areas", "relocation_reasons", "relocation_criteria",
    "outfalls", "outfall_loads", "park_use", "relocation_effects", "relocation_plan", "relocation_sites",
    "carbon_sink", "carbon_change", "carbon_value", "carbon_stands", "carbon_species", "carbon_restoration",
    "carbon_ledger", "carbon_eligibility", "carbon_potential_zones", "carbon_growth", "carbon_milestones",
    "carbon_uncertainty", "carbon_factors", "carbon_checks", "carbon_soil", "gaps",
)  # fmt: skip
"""Tables the made-up assessment leaves empty; every other one must have rows to compare."""


@pytest.mark.parametrize("name", list(TABLES))
def test_csv_holds_the_table_value_for_value(folder: Path, name: str) -> None:
    frame, rows = make_assessment().tables[name], _read_csv(folder / f"{name}.csv")
    header = (folder / f"{name}.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert len(rows) == len(frame) and header == ",".join([*TABLES[name].names, "data_status"])
    assert {row["data_status"] for row in rows} <= {DEMO_STAMP}
    assert len(frame) > 0 or name in EMPTY_HERE
    for column in TABLES[name].columns:
        texts = [row[column.name] for row in rows]
        if column.kind == "number":
            np.testing.assert_allclose([float(t or "nan") for t in texts], frame[column.name], rtol=1e-11)
        elif column.kind == "text":
            assert texts == [safe_cell(text) for text in frame[column.name]]


def test_csv_starts_with_a_byte_order_mark_and_ends_lines_with_newline(folder: Path) -> None:
    data = (folder / "verdicts.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfsubject_id,") and b"\r" not in data and data.endswith(b"\n")


def test_csv_number_is_the_same_whatever_noise_the_last_digits_have() -> None:
    frame = make_assessment().tables["ledger"]
    noisy = frame.assign(total=frame["total"] * (1 + 4e-16))
    assert csv_text("ledger", noisy, status="") == csv_text("ledger", frame, status="")
    other = frame.assign(total=frame["total"] * (1 + 1e-9))
    assert csv_text("ledger", other, status="") != csv_text("ledger", frame, status="")


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "＝1", "\r=1", "-12000", "+3.5", " =1"])
def test_safe_cell_disarms_text_that_starts_like_a_formula(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["示例", "3110", "a=b", "1-2", ""])
def test_safe_cell_leaves_plain_text(text: str) -> None:
    assert safe_cell(text) == text


def test_workbook_runs_no_formula_and_keeps_text_when_attacked(tmp_path: Path) -> None:
    write_tables(make_assessment(text=ATTACKS[4] + "\x07"), tmp_path)
    book = openpyxl.load_workbook(tmp_path / "cdgis.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(cell.value == '=HYPERLINK("x")\ufffd' and cell.data_type == "s" for cell in cells)


def test_workbook_has_chinese_headers_frozen_and_the_stamp_on_each_sheet(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "cdgis.xlsx")
    assert book.sheetnames == ["说明", "对象一览", *(table.title for table in TABLES.values())]
    notes = {row[0]: row[1] for row in book["说明"].iter_rows(values_only=True, max_row=5)}
    assert notes["数据性质"] == DEMO_STAMP and notes["判定基准日"] == "2026-11-01" and "0.1.0" in notes["软件版本"]
    for table in TABLES.values():
        sheet = book[table.title]
        assert sheet.freeze_panes == "B3" and DEMO_STAMP in sheet["A1"].value
        assert [cell.value for cell in sheet[2]] == [*(column.title for column in table.columns), "数据性质"]


def test_workbook_numbers_are_numbers_equal_to_the_table(folder: Path) -> None:
    frame = make_assessment().tables["ledger"]
    sheet = openpyxl.load_workbook(folder / "cdgis.xlsx")["面积台账"]
    totals = [row[-2] for row in sheet.iter_rows(min_row=3, values_only=True)]
    np.testing.assert_allclose(totals, frame["total"], rtol=1e-11)


def test_workbook_shows_words_for_codes_and_numbers_a_person_can_read(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "cdgis.xlsx")
    heads = {sheet.title: [cell.value for cell in sheet[2]] for sheet in book if sheet.title != "说明"}
    for title, header, words in (
        ("压占与邻近", "关系", {"位于区内", "部分压占", "邻近（未压占）", "碎片（不计入结论）"}),
        ("规则逐条结果", "状态", {"成立", "不适用", "未知（资料不足）", "需人工判定"}),
        ("规则逐条结果", "出处标记", set(Evidence)),
        ("数据接收记录", "处理", {"接收", "修复后接收", "隔离（未参与判定）"}),
        ("对象清单", "类别", {"项目", "企业"}),
        ("面积台账", "计量", {"平方米", "米", "个"}),
    ):
        place = heads[title].index(header)
        found = {row[place] for row in book[title].iter_rows(min_row=3, values_only=True)}
        assert found and found <= words
    layers = {row[heads["压占与邻近"].index("图层")] for row in book["压占与邻近"].iter_rows(min_row=3, values_only=True)}
    assert not layers & set(make_assessment().layers)
    cell = book["压占与邻近"].cell(3, heads["压占与邻近"].index("占比") + 1)
    assert cell.number_format == '[=0]0%;[<0.0001]"<0.01%";0.00%' and cell.data_type == "n"
    assert book["压占与邻近"].auto_filter.ref == f"A2:{cell.parent.cell(2, len(heads['压占与邻近'])).column_letter}{cell.parent.max_row}"


@pytest.mark.parametrize("column", [column for table in TABLES.values() for column in table.columns])
def test_every_closed_set_of_codes_has_words(column: Column) -> None:
    read = reader_for(column, make_assessment())
    for code in column.allowed:
        shown = read(code) if read else code
        assert not shown.isascii()


def test_geopackage_rows_carry_the_status_of_their_data(folder: Path) -> None:
    for layer in ("verdicts", "研判对象_面"):
        rows = pyogrio.read_dataframe(folder / "cdgis.gpkg", layer=layer, read_geometry=False)
        assert set(rows["data_status"]) == {DEMO_STAMP}


def test_workbook_carries_no_clock(folder: Path) -> None:
    with zipfile.ZipFile(folder / "cdgis.xlsx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert core.count("2026-11-01T00:00:00Z") == 2


def test_geopackage_joins_verdicts_to_shapes_and_holds_every_table(folder: Path) -> None:
    path = folder / "cdgis.gpkg"
    zones = {layer.spec.title for layer in make_assessment().layers.values()}
    assert {name for name, _ in pyogrio.list_layers(path)} == {"研判对象_点", "研判对象_面", "layer_styles", *TABLES, *zones}
    areas = pyogrio.read_dataframe(path, layer="研判对象_面")
    verdicts = make_assessment().tables["verdicts"].set_index("subject_id")["verdict"]
    assert list(areas["verdict"]) == [verdicts[key] for key in areas["subject_id"]]
    assert areas.crs.to_epsg() == 4490 and set(areas.geom_type) == {"MultiPolygon"}
    for name in TABLES:
        assert len(pyogrio.read_dataframe(path, layer=name, read_geometry=False)) == len(make_assessment().tables[name])


def test_geopackage_date_is_the_assessments_own(folder: Path) -> None:
    contents = pyogrio.read_dataframe(folder / "cdgis.gpkg", sql="SELECT last_change FROM gpkg_contents")
    assert set(pd.to_datetime(contents["last_change"]).dt.strftime("%Y-%m-%d")) == {"2026-11-01"}


def test_run_json_names_inputs_rules_numbers_and_hashes_of_tables(folder: Path) -> None:
    text = (folder / "run.json").read_text(encoding="utf-8")
    run = json.loads(text)
    assert text == json.dumps(run, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    assert (run["version"], run["as_of"], run["stamp"]) == ("0.1.0", "2026-11-01", DEMO_STAMP)
    assert set(run["inputs"][0]) == {"layer", "kind", "path", "sublayer", "sha256", "content_sha256", "version", "official"}
    assert run["report_numbers"]["P000"] == "CD-20261101-P000"
    assert run["rules"]["switched_off"] == [{"id": "RV-04", "reason": "不适用于滦河"}]
    body = (folder / "verdicts.csv").read_bytes().decode("utf-8-sig").encode()
    assert run["tables"]["verdicts"] == {"rows": 20, "sha256": sha256(body).hexdigest()}


def test_run_json_hash_changes_when_one_verdict_does(folder: Path, tmp_path: Path) -> None:
    assessment = make_assessment()
    verdicts = assessment.tables["verdicts"].copy()
    verdicts.loc[0, "verdict"] = "须论证"
    write_tables(replace(assessment, tables={**assessment.tables, "verdicts": verdicts}), tmp_path)
    before, after = (json.loads((place / "run.json").read_text("utf-8"))["tables"] for place in (folder, tmp_path))
    assert [name for name in before if before[name] != after[name]] == ["verdicts"]


def test_stamp_is_due_unless_every_layer_is_official() -> None:
    assessment = make_assessment()
    layers = {
        key: replace(layer, spec=layer.spec.model_copy(update={"official": True}))
        for key, layer in assessment.layers.items()
    }
    inputs = tuple(replace(record, official=True) for record in assessment.inputs)
    assert stamp_of(assessment)
    assert stamp_of(replace(assessment, layers=layers))
    assert not stamp_of(replace(assessment, layers=layers, inputs=inputs))


def test_tables_are_written_when_nothing_was_judged(tmp_path: Path) -> None:
    write_tables(empty_assessment(), tmp_path)
    assert (tmp_path / "findings.csv").read_text("utf-8-sig") == ",".join([*TABLES["findings"].names, "data_status"]) + "\n"
    assert openpyxl.load_workbook(tmp_path / "cdgis.xlsx")["判定结论"].max_row == 2


def test_summary_sheet_has_one_row_a_subject_and_sums_to_the_table(folder: Path) -> None:
    sheet = openpyxl.load_workbook(folder / "cdgis.xlsx")["对象一览"]
    heads = [cell.value for cell in sheet[2]]
    rows = list(sheet.iter_rows(min_row=3, values_only=True))
    table = _read_csv(folder / "subjects.csv")
    assert [row[0] for row in rows] == [row["subject_id"] for row in table] and heads[:3] == ["对象编号", "名称", "结论"]
    assert sum(row[heads.index("面积（平方米）")] for row in rows) == pytest.approx(sum(float(row["area_m2"]) for row in table))
    codes = [row[heads.index("行业代码")] for row in rows]
    assert all(code is None or isinstance(code, str) for code in codes)


def test_every_sheet_prints_on_a4_as_wide_as_the_page_with_its_headers(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "cdgis.xlsx")
    for sheet in book:
        assert sheet.page_setup.paperSize == "9" or sheet.page_setup.paperSize == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
        if sheet.title != "说明":
            assert sheet.page_setup.orientation == "landscape" and sheet.print_title_rows in ("$1:$2", "1:2")
    links = {cell.value: cell.hyperlink.location for cell in book["说明"]["A"] if cell.hyperlink}
    assert links == {name: f"'{name}'!A1" for name in book.sheetnames[1:]}


def test_whole_days_are_dates_and_codes_are_text(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "cdgis.xlsx")
    sheet, table = book["规则逐条结果"], _read_csv(folder / "findings.csv")
    place = [cell.value for cell in sheet[2]].index("生效日期") if "生效日期" in [c.value for c in sheet[2]] else None
    names = [column.name for column in TABLES["findings"].columns]
    place = names.index("effective_from") if place is None else place
    for cells, row in zip(sheet.iter_rows(min_row=3), table, strict=True):
        value = cells[place].value
        shown = value.date().isoformat() if hasattr(value, "date") else value or ""
        assert shown == row["effective_from"] and (len(row["effective_from"]) != 10 or hasattr(value, "date"))


def test_a_screening_writes_the_tables_it_made_and_says_what_each_is(tmp_path: Path) -> None:
    made = make_assessment()
    screened = replace(made, request=replace(made.request, command="screen"))
    write_tables(screened, tmp_path)
    written = {path.stem for path in tmp_path.glob("*.csv")}
    judging = {"intake", "subjects", "overlaps", "clear", "findings", "verdicts", "ledger", "gaps"}
    assert judging <= written and written - judging <= {name for name, table in made.tables.items() if len(table)} | {"attributes"}
    readme = (tmp_path / "README.txt").read_text(encoding="utf-8-sig")
    assert all(f"{name}.csv　{TABLES[name].title}" in readme for name in written)
    assert all(TABLES[name].title in readme.split("没有写出的表：")[1] for name in TABLES if name not in written)
