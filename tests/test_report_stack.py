"""On a phone a wide table becomes one block a row: every cell must then carry its own column's name."""

import re
from pathlib import Path

import pytest

import cdgis.report

TEMPLATES = Path(cdgis.report.__file__).parent / "templates"
TABLE = re.compile(r'<table[^>]*class="[^"]*\bstack\b[^"]*".*?</table>', re.S)
PAGES = sorted(path.name for path in TEMPLATES.glob("*.html") if TABLE.search(path.read_text(encoding="utf-8")))


def test_river_card_and_dashboard_stack_their_wide_tables():
    assert {"river.html", "relocation_card.html", "dashboard.html", "reuse.html"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_every_cell_names_its_column_when_stacked(name):
    for table in TABLE.findall((TEMPLATES / name).read_text(encoding="utf-8")):
        head, body = table.split("</thead>", 1)
        cells = re.findall(r"<td\b[^>]*", body)
        assert len(cells) == len(re.findall(r"<th\b(?!ead)", head))
        assert all(re.search(r'data-label="[^"]+"', cell) for cell in cells), name
