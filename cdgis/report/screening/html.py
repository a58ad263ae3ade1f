"""Screening report as one HTML file: offline, printable on A4, with its own machine-readable copy."""

import json
from hashlib import sha256

from cdgis.report.drawing.palette import read_palette
from cdgis.report.files.inline_assets import content_policy, inline_code, json_for_script, template_text
from cdgis.report.screening import ScreeningReport, report_json
from cdgis.report.screening.figure_style import LOOKS, colour_of, legend_of
from cdgis.report.screening.grounds_wording import parts_of, summary_of
from cdgis.report.templating import page_template

_SLOT = '<meta name="cdgis-content-sha256" content="">'


def render_screening(report: ScreeningReport, record: bytes | None = None) -> bytes:
    """Return the page of one report; nothing in it runs or fetches anything.

    `record` is `report_json` of the report, where the caller has it already.

    ``<meta name="cdgis-content-sha256">`` holds the SHA-256 of the page's bytes with that value left empty.
    """
    content = record if record is not None else report_json(report)
    text = page_template("screening.html").render(
        report=report,
        parts=parts_of(report, digest=sha256(content).hexdigest()),
        policy=content_policy(()),
        style=inline_code(template_text("screening.css")),
        running=_css_text(f"{report.title}　{report.report_number}"),
        corner=_css_text(report.stamp),
        slot=_SLOT,
        summary_of=summary_of,
        look=read_palette().verdicts[report.conclusion.verdict],
        looks=LOOKS,
        colour_of=colour_of,
        legends=tuple(legend_of(figure) for figure in report.figures),
        record=json_for_script(json.loads(content)),
    )
    blank = text.encode("utf-8", "replace")
    # Text from data is escaped, so the slot stands in the head once and nowhere else.
    return blank.replace(_SLOT.encode(), _SLOT.replace('""', f'"{sha256(blank).hexdigest()}"').encode(), 1)


def _css_text(text: str) -> str:
    """Return `text` as a CSS string; everything but letters and digits is escaped, so it cannot leave the string."""
    return '"' + "".join(c if c.isalnum() else f"\\{ord(c):x} " for c in text) + '"'
