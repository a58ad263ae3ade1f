"""Does LibreOffice Calc open every sheet of the workbook, and does it sum 对象一览 to what the CSV holds?"""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report_fixtures import make_assessment

from cdgis.report.files.table_files import write_tables

CALC = shutil.which("soffice") and any(Path("/usr/lib/libreoffice/program").glob("libsclo.so"))
pytestmark = pytest.mark.skipif(not CALC, reason="no Calc: install the Debian package libreoffice-calc-nogui")
SUMMARY, AREA = "对象一览", "面积（平方米）"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return data/ of a run, and the workbook's sheets as Calc writes them, one CSV a sheet, with a column summed."""
    out = tmp_path_factory.mktemp("calc")
    write_tables(make_assessment(), out / "data", containers=("xlsx",))
    book = openpyxl.load_workbook(out / "data" / "cdgis.xlsx")
    sheet = book[SUMMARY]
    head = next(row for row in sheet.iter_rows(max_row=4) if AREA in [cell.value for cell in row])
    letter = next(cell.column_letter for cell in head if cell.value == AREA)
    book.create_sheet("和")["A1"] = f"=SUM('{SUMMARY}'!{letter}:{letter})"
    book.save(out / "summed.xlsx")
    for name in ("summed.xlsx", "data/cdgis.xlsx"):
        target = out / Path(name).stem
        every = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
        command = ["soffice", f"-env:UserInstallation=file://{out}/profile", "--headless", "--convert-to", every, "--outdir", target, out / name]
        done = subprocess.run(command, check=True, capture_output=True, timeout=240)
        assert b"rror" not in done.stderr + done.stdout
    return out


def test_calc_sums_the_areas_of_the_summary_to_those_of_the_csv(folder: Path):
    with (folder / "data" / "subjects.csv").open(encoding="utf-8-sig") as stream:
        wanted = sum(float(row["area_m2"]) for row in csv.DictReader(stream) if row["area_m2"])
    (summed,) = (folder / "summed").glob("*-和.csv")
    assert float(summed.read_text(encoding="utf-8").split("\n")[0].strip('"')) == pytest.approx(wanted, rel=1e-6) and wanted > 0


def test_calc_opens_every_sheet_with_its_codes_as_text(folder: Path):
    book = openpyxl.load_workbook(folder / "data" / "cdgis.xlsx", read_only=True)
    written = {path.stem.removeprefix("cdgis-") for path in (folder / "cdgis").glob("*.csv")}
    assert written == set(book.sheetnames)
    text = (folder / "cdgis" / f"cdgis-{SUMMARY}.csv").read_text(encoding="utf-8")
    assert "#NAME?" not in text and "Err:" not in text
