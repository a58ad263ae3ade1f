"""Strings of `tests/attacks.py` in every text field: of the whole assessment's pages, and of a screened parcel in every format."""

import csv
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import openpyxl
from attacks import ATTACKS
from bs4 import BeautifulSoup
from docx import Document
from report_fixtures import make_assessment
from shapes import metres, write_geojson
from small_workspace import small_workspace

from cdgis.cli import main
from cdgis.report.site.pages import render_pages

from .trials import Case, Fate, Outcome, exit_code, prepared

_MADE_BY_DATA = {"p", "ul", "li", "dt", "dd", "br", "a", "strong", "small", "span", "div"}
_ACTIVE_LINK = re.compile(r"\s*(javascript|vbscript|https?|//|data:text)", re.IGNORECASE)
_ACTS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200b\u2060]")
_FORMATS = "html,json,docx,xlsx,gpkg"


def cases(count: int, seed: int, scratch: Path) -> Iterator[Case]:
    """Yield each attack twice: in all fields of a city's pages, and in all fields of a screened parcel."""
    root = small_workspace(scratch / "区")
    plain = scratch / "plain"
    prepared(lambda: _screen(root, "示例", plain))
    _page_names("示例")
    chosen = ATTACKS[: max(1, count // 2)] if count else ATTACKS
    for number, attack in enumerate(chosen):
        yield f"页面 {attack!r:.60}", lambda attack=attack: _pages(attack)
        yield f"研判 {attack!r:.60}", lambda attack=attack, number=number: _report(root, attack, scratch / str(number), plain)


@cache
def _page_names(text: str) -> dict[str, tuple[set[str], int]]:
    found = {}
    for path, html in render_pages(make_assessment(text=text)):
        soup = BeautifulSoup(html, "html.parser")
        found[path] = ({tag.name for tag in soup.find_all()}, len(soup.find_all("script")))
    return found


def _pages(attack: str) -> Outcome:
    for path, html in render_pages(make_assessment(text=attack)):
        fault = _active(html, *_page_names("示例").get(path, (set(), 0)))
        if fault:
            return Fate.WRONG, f"{path}: {fault}"
    return Fate.RIGHT, ""


def _active(html: str, names: set[str], scripts: int) -> str:
    soup = BeautifulSoup(html, "html.parser")
    new = {tag.name for tag in soup.find_all()} - names - _MADE_BY_DATA
    if names and new:
        return f"new elements {new}"
    if names and len(soup.find_all("script")) != scripts:
        return "another number of scripts"
    handlers = [name for tag in soup.find_all() for name in tag.attrs if name.startswith("on")]
    links = [str(tag.get(name, "")) for tag in soup.find_all() for name in ("href", "src", "action", "data")]
    active = [link for link in links if _ACTIVE_LINK.match(link)]
    return f"handlers {handlers}" if handlers else f"links {active}" if active else ""


def _screen(root: Path, text: str, out: Path) -> int:
    out.mkdir()
    fields = {"项目编号": "P1", "项目名称": text, "备注": text, "行业类别": text, "建设单位": text, "审批文号": text, "地址": text}
    write_geojson(out / "甲.geojson", [(metres(1200, 100, 1300, 200), fields)], crs="EPSG:4490")
    words = ["screen", out / "甲.geojson", "--workspace", root, "--out", out / "r", "--quiet", "--format", _FORMATS]
    return exit_code(main, *words)


def _report(root: Path, attack: str, out: Path, plain: Path) -> Outcome:
    code = _screen(root, attack, out)
    if code not in (0, 2):
        return Fate.TRACEBACK, f"exit {code}"
    if code == 2:
        return Fate.REFUSED, ""
    (page,), (honest,) = (list((folder / "r").glob("*.html")) for folder in (out, plain))
    soup = BeautifulSoup(honest.read_text(encoding="utf-8"), "html.parser")
    fault = _active(page.read_text(encoding="utf-8"), {tag.name for tag in soup.find_all()}, len(soup.find_all("script")))
    if fault:
        return Fate.WRONG, f"{page.name}: {fault}"
    for table in (out / "r" / "data").glob("*.csv"):
        text = table.read_bytes().decode("utf-8-sig")
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
        if any(cell.startswith(("=", "@", "\t", "\r", "＝")) for cell in cells):
            return Fate.WRONG, f"{table.name} holds a formula"
        if any(_ACTS.search(cell) for cell in cells):
            return Fate.WRONG, f"{table.name} holds a character that acts"
    book = openpyxl.load_workbook(out / "r" / "data" / "cdgis.xlsx", read_only=True)
    if any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row):
        return Fate.WRONG, "the workbook holds a formula"
    for path in (out / "r").glob("*.docx"):
        Document(path)
    told = "控制字符" in (out / "r" / "data" / "intake.csv").read_text(encoding="utf-8-sig")
    return (Fate.REPAIRED if told else Fate.RIGHT), ""
