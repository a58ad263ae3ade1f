"""Screening report as one HTML file: offline, printable on A4, with its own machine-readable copy."""

import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from markupsafe import Markup, escape

from cdgis.report.drawing.palette import read_palette
from cdgis.report.files.inline_assets import content_policy, inline_code, json_for_script, template_text
from cdgis.report.screening import ScreeningReport, report_json
from cdgis.report.screening.blocks import Cell, Column, Grid, Pairs, Part
from cdgis.report.screening.content import Figure
from cdgis.report.screening.figure_style import LOOKS, colour_of, legend_of
from cdgis.report.screening.grounds_wording import parts_of, summary_of
from cdgis.report.templating import filled

_NUMBER, _WIDE = ' class="n"', ' class="wide"'
_SLOT = '<meta name="cdgis-content-sha256" content="">'


def render_screening(report: ScreeningReport, record: bytes | None = None) -> bytes:
    """Return the page of one report; nothing in it runs or fetches anything.

    `record` is `report_json` of the report, where the caller has it already.

    ``<meta name="cdgis-content-sha256">`` holds the SHA-256 of the page's bytes with that value left empty.
    """
    content = record if record is not None else report_json(report)
    parts = parts_of(report, digest=sha256(content).hexdigest())
    text = filled("screening.html", **page_values(report, parts), slot=_SLOT, record=json_for_script(json.loads(content)))
    blank = text.encode("utf-8", "replace")
    # Text from data is escaped, so the slot stands in the head once and nowhere else.
    return blank.replace(_SLOT.encode(), _SLOT.replace('""', f'"{sha256(blank).hexdigest()}"').encode(), 1)


def page_values(
    report: ScreeningReport, parts: Sequence[Part], *, style: str = "", zooms: Sequence[int] = ()
) -> dict[str, Any]:
    """Return what templates/screening.html needs to print a report's parts.

    Parameters
    ----------
    style : CSS after the report's own.
    zooms : how many times the figures can be enlarged, 1 first; none for paper.
    """
    return {
        "report": report,
        "parts": parts,
        "zooms": zooms,
        "policy": content_policy(()),
        "style": inline_code(template_text("screening.css") + style),
        "running": running_titles(report)[0],
        "corner": running_titles(report)[1],
        "summary_of": summary_of,
        "look": read_palette().verdicts[report.conclusion.verdict],
        "looks": LOOKS,
        "legends": tuple(legend_of(figure) for figure in report.figures),
        "pairs_markup": pairs_markup,
        "grid_head": grid_head,
        "grid_rows": grid_rows,
        "outlines_markup": outlines_markup,
    }


def running_titles(report: ScreeningReport) -> tuple[str, str]:
    """Return what stands at the top left and top right of every printed sheet, as CSS strings."""
    return _css_text(f"{report.title}　{report.report_number}"), _css_text(report.stamp)


@lru_cache(maxsize=256)
def grid_head(columns: tuple[Column, ...]) -> Markup:
    """Return widths and titles of a table's columns."""
    whole = sum(column.width for column in columns)
    widths = "".join(f'<col style="width:{round(100 * column.width / whole, 2)}%">' for column in columns)
    titles = "".join(f'<th scope="col">{escape(column.title)}</th>' for column in columns)
    return Markup(f"<colgroup>{widths}</colgroup>\n<thead><tr>{titles}</tr></thead>\n")


def grid_rows(grid: Grid) -> Markup:
    """Return the rows of a table; narrow screens print each column's title beside its cell."""
    starts = [f'<td data-label="{escape(column.title)}"' for column in grid.columns]
    rows = (
        "".join([
            f"{start}{_NUMBER if cell.kind == 'number' else ''}>{_cell(cell)}</td>" for start, cell in zip(starts, row, strict=True)
        ])
        for row in grid.rows
    )  # fmt: skip
    return Markup("".join([f"<tr>{row}</tr>\n" for row in rows]))


def pairs_markup(pairs: Pairs) -> Markup:
    """Return labelled values line by line."""
    return Markup("".join([
        f"<div{_WIDE if len(line) == 1 else ''}><dt>{escape(label)}</dt><dd>{_cell(cell)}</dd></div>"
        for line in pairs.lines for label, cell in line
    ]))  # fmt: skip


def _cell(cell: Cell) -> str:
    """Return a cell's text with its unrounded value, and what stands under it in smaller type."""
    kind: str = cell.kind if cell.kind in ("code", "strong") else ""
    kind = f"tag {cell.tone or 'open'}" if cell.kind in ("effect", "conformity") else kind
    mark = f' class="{kind}"' if kind else ""
    field = f' data-field="{_escaped(cell.field)}"' if cell.field else ""
    value = f' data-value="{cell.value}"' if cell.value is not None and cell.value == cell.value else ""
    small = f'<span class="small">{_lines(cell.small)}</span>' if cell.small else ""
    return f"<span{mark}{field}{value}>{_lines(cell.text)}</span>{small}"


@lru_cache(maxsize=1024)
def _escaped(name: str) -> str:
    return str(escape(name))


@lru_cache(maxsize=8192)
def _lines(text: str) -> str:
    """Return text escaped, with its line ends; hundreds of reports say much the same."""
    return str(escape(text)).replace("\n", "<br>")


def outlines_markup(figure: Figure) -> Markup:
    """Return the outlines of a figure, one path each."""
    return Markup("".join([
        f'<path class="o" d="{escape(outline.path)}" fill-rule="evenodd"{_look(outline.style, colour_of(outline))}/>\n' for outline in figure.outlines
    ]))  # fmt: skip


@lru_cache(maxsize=1024)
def _look(style: str, colour: str) -> str:
    look, own = LOOKS[style], escape(colour)
    fill = f' fill="{own}" fill-opacity="{look.fill_opacity}"' if look.fill_opacity else ' fill="none"'
    stroke = f' stroke="{"#ffffff" if style == "unit" else own}" stroke-width="{look.stroke_width}"' if look.stroke_width else ""
    dash = f' stroke-dasharray="{" ".join(map(str, look.dash))}"' if look.dash else ""
    return f"{fill}{stroke}{dash}"


def _css_text(text: str) -> str:
    """Return `text` as a CSS string; everything but letters and digits is escaped, so it cannot leave the string."""
    return '"' + "".join(c if c.isalnum() else f"\\{ord(c):x} " for c in text) + '"'
