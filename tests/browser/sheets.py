"""A page on paper: is everything that its print layout shows on the sheets, and within them?"""

import re
import subprocess
from collections import Counter
from pathlib import Path

from visits import DESKTOP, Visit

from cdgis.report.files.pdf import page_count

_WORD = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">|<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">')
EDGE_PT = 14.0
"""Half of the narrowest margin: nothing printed may come nearer to the sheet's edge, points."""
_CELLS = """Array.from(document.querySelectorAll('table')).map(t => Array.from(t.rows).filter(r => !r.hidden).map(
  r => Array.from(r.cells).map(c => c.innerText)))"""


def paper_faults(browser: object, path: Path, target: Path) -> list[str]:
    """Print a page at A4 and return what of its tables is not on the sheets, or not within them."""
    with Visit(browser, path, DESKTOP) as visit:
        visit.page.pdf(path=target, prefer_css_page_size=True, tagged=True, outline=True)
        visit.page.emulate_media(media="print")
        tables = visit.page.evaluate(_CELLS)
    text = subprocess.run(["pdftotext", "-raw", target, "-"], capture_output=True, check=True).stdout.decode()
    return missing_cells(tables, text) + beyond_edge(target)


def missing_cells(tables: list[list[list[str]]], text: str) -> list[str]:
    """Return the cells with a character that the sheets have less often than the tables, and every short cell not found."""
    printed, wanted = Counter(_letters(text)), Counter("".join(_letters(c) for t in tables for r in t for c in r))
    short = wanted - printed
    flat = _letters(text)
    found = [f"fewer of {''.join(sorted(short))[:40]}"] if short else []
    for number, table in enumerate(tables):
        for row in table:
            lost = [cell for cell in row if 0 < len(_letters(cell)) <= 5 and _letters(cell) not in flat]
            found += [f"table {number}: {lost}"] if lost else []
    return found


def _letters(text: str) -> str:
    return re.sub(r"\s|[\u00ad\u200b]", "", text)


def beyond_edge(pdf: Path) -> list[str]:
    """Return the sheets with a word beyond their margins."""
    found, size, sheet = [], (0.0, 0.0), 0
    for match in _WORD.finditer(subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, check=True).stdout.decode()):
        if match[1]:
            size, sheet = (float(match[1]), float(match[2])), sheet + 1
            continue
        left, top, right, bottom = (float(match[n]) for n in range(3, 7))
        if left < EDGE_PT or top < 0 or right > size[0] - EDGE_PT or bottom > size[1]:
            found.append(f"sheet {sheet}: a word at {left:.0f}-{right:.0f} of {size[0]:.0f}")
    return found[:5]


def sheets_of(pdf: Path) -> int:
    """Return how many sheets a PDF has."""
    return page_count(pdf.read_bytes())
