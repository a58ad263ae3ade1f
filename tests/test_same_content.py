"""A workbook that shows something else is never called the same, however its cells were left."""

import io
import shutil
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment

from cdgis.report.files.same_content import same_content


@pytest.fixture
def books(tmp_path: Path) -> tuple[Path, Path]:
    """Return a workbook and itself saved again."""
    one, other = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["编号", "结论", "面积"])
    sheet.append(["P001", "不符合", 1234.5])
    sheet["C2"].number_format = "#,##0.0"
    book.save(one)
    openpyxl.load_workbook(one).save(other)
    return one, other


def test_saved_again_is_the_same(books: tuple[Path, Path]) -> None:
    assert same_content(*books)


def format_speaks(sheet) -> None:
    sheet["B2"].number_format = '"符合"'


def row_is_hidden(sheet) -> None:
    sheet.row_dimensions[2].hidden = True


def column_is_hidden(sheet) -> None:
    sheet.column_dimensions["B"].hidden = True


def comment_speaks(sheet) -> None:
    sheet["B2"].comment = Comment("已批准", "某人")


def cell_is_formula(sheet) -> None:
    sheet["C2"] = "=1234.5"


def number_is_text(sheet) -> None:
    sheet["C2"] = "1234.5"


@pytest.mark.parametrize(
    "forge", [format_speaks, row_is_hidden, column_is_hidden, comment_speaks, cell_is_formula, number_is_text],
    ids=lambda forge: forge.__name__,
)  # fmt: skip
def test_workbook_that_shows_something_else_is_not(books: tuple[Path, Path], forge) -> None:
    one, other = books
    book = openpyxl.load_workbook(other)
    forge(book.active)
    book.save(other)
    assert not same_content(one, other)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/media/image1.png", "xl/drawings/drawing1.xml"])
def test_part_that_stands_twice_or_is_laid_over_the_cells_is_not(books: tuple[Path, Path], part: str) -> None:
    one, other = books
    shutil.copy(one, other)
    with pytest.warns() if part.endswith("sheet1.xml") else zipfile.ZipFile(io.BytesIO(), "w"), zipfile.ZipFile(other, "a") as archive:
        archive.writestr(part, b"<x/>")
    assert not same_content(one, other)
