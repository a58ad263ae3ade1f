"""Whatever stands in a name, a note or a value: it is shown as text, adds no element, and is no formula in a sheet."""

import csv
import re
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from attacks import ATTACKS, FORMULAS
from bs4 import BeautifulSoup
from report_fixtures import make_assessment

from cdgis.report.files.table_files import safe_cell
from cdgis.report.publish import write_reports
from cdgis.report.site.pages import render_pages

KINDS = ("index.html", "dashboard.html", "places.html", "sites/P000.html", "sites/E010.html", "counties/130801.html")
MADE_BY_DATA = {"p", "ul", "li", "dt", "dd", "br", "a", "strong", "span", "div"}
"""Elements a longer or missing value adds or takes away."""


@cache
def _soups(text: str) -> dict[str, BeautifulSoup]:
    pages = dict(render_pages(make_assessment(text=text)))
    return {kind: BeautifulSoup(pages[kind], "html.parser") for kind in KINDS}


def _names(soup: BeautifulSoup) -> set[str]:
    return {tag.name for tag in soup.find_all()}


def test_there_are_sixty_attacks_and_more() -> None:
    assert len(set(ATTACKS)) >= 60


GROUPS = [" ‖ ".join(ATTACKS[first : first + 15]) for first in range(0, len(ATTACKS), 15)]


@pytest.mark.parametrize("number", range(len(GROUPS)))
def test_attacks_in_every_field_add_no_element_and_no_handler(number: int) -> None:
    for kind, soup in _soups(GROUPS[number]).items():
        plain = _soups("")[kind]
        assert _names(soup) <= _names(plain) | MADE_BY_DATA
        assert len(soup.find_all("script")) == len(plain.find_all("script"))
        assert not [name for tag in soup.find_all() for name in tag.attrs if name.startswith("on")]
        links = [str(tag.get(name, "")) for tag in soup.find_all() for name in ("href", "src", "action", "data")]
        assert not [link for link in links if re.match(r"\s*(javascript|vbscript|https?|//|data:text)", link, re.I)]


@pytest.mark.parametrize("attack", [text for text in ATTACKS if text[:1] in "=+-@\t\r＝"])
def test_formula_is_made_inert(attack: str) -> None:
    assert safe_cell(attack).startswith("'")


def test_written_tables_hold_no_formula(tmp_path: Path) -> None:
    write_reports(make_assessment(text=" ‖ ".join(FORMULAS)), tmp_path)
    for path in (tmp_path / "data").glob("*.csv"):
        for row in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()):
            assert not [cell for cell in row if cell.startswith(("=", "@", "\t", "\r", "＝"))], path.name
    book = openpyxl.load_workbook(tmp_path / "data" / "cdgis.xlsx", read_only=True)
    formulas = [cell.coordinate for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == []
