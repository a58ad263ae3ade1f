"""Several reports in one PDF: contents with the sheet each begins on, bookmarks, the sheets numbered through."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import escape

from cdgis.report.files.inline_assets import content_policy, inline_code, template_text
from cdgis.report.files.pdf import page_count, print_pdfs
from cdgis.report.screening import ScreeningReport
from cdgis.report.screening.html import running_titles

BOOKLET = "合订本.pdf"
_NAMED = re.compile(r'(\bid="|href="#|aria-labelledby="|url\(#)')
_LAYOUT = """
main + main { break-before: page; } .booklet ol { padding-left: 2.5em; list-style: decimal; }
.booklet li { break-inside: avoid; } .booklet a { color: inherit; text-decoration: none; } .booklet .at { float: right; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One report of a booklet."""

    report: ScreeningReport
    page: str
    """Its own page of HTML."""
    sheets: int
    """How many it takes when printed alone, and in the booklet, where it begins on a new one."""


def print_reports(
    reports: Mapping[str, tuple[ScreeningReport, bytes]], *, title: str, day: date, jobs: int = 1,
    progress: Callable[[str], None] | None = None,
) -> dict[str, bytes]:  # fmt: skip
    """Return file name -> PDF of each report, and of all in one where there are several.

    Parameters
    ----------
    reports : file name without ending -> the report and its page.
    title : of the one with all.
    progress : called with each file's name when it is printed.

    Raises
    ------
    ReportError : there is no browser, or it printed nothing.
    """
    alone = print_pdfs({f"{name}.pdf": page for name, (_, page) in reports.items()}, day=day, jobs=jobs, progress=progress)
    if len(reports) < 2:
        return alone
    bound = [
        Bound(report=report, page=page.decode(), sheets=page_count(alone[f"{name}.pdf"])) for name, (report, page) in reports.items()
    ]
    contents = booklet_page(title, bound, first=1).split("</main>")[0] + "</main></body></html>"
    first = page_count(print_pdfs({BOOKLET: contents.encode("utf-8", "replace")}, day=day)[BOOKLET]) + 1
    whole = print_pdfs({BOOKLET: booklet_page(title, bound, first=first).encode("utf-8", "replace")}, day=day, progress=progress)
    return alone | whole


def booklet_page(title: str, bound: Sequence[Bound], *, first: int) -> str:
    """Return the reports one after the other behind their contents; the first begins on sheet `first`."""
    lines, bodies, styles, at = [], [], [], first
    for number, item in enumerate(bound):
        key, report = f"r{number}-", item.report
        left, right = running_titles(report)
        styles.append(f"#{key}all {{ page: {key}all; }} @page {key}all {{ @top-left {{ content: {left}; }} @top-right {{ content: {right}; }} }}")
        name = escape(f"{report.subject_id}　{report.basics.name or '（未填名称）'}")
        body = _NAMED.sub(rf"\g<1>{key}", item.page[item.page.index("<main>") + 6 : item.page.rindex("</main>")])
        bodies.append(f'<main id="{key}all">{body.replace("<h1>", f"<h1>{name}　", 1)}</main>')
        lines.append(f'<li><a href="#{key}all"><span class="at">{at}</span>{name}　{escape(report.conclusion.label)}</a></li>')
        at += item.sheets
    style = inline_code(template_text("screening.css") + _LAYOUT) + " ".join(styles)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{escape(content_policy(()))}">'
    head = f'<meta charset="utf-8">{policy}<title>{escape(title)}</title><style>{style}</style>'
    contents = f'<main class="booklet"><h1>{escape(title)}</h1><h2>目录（{len(bound)} 份）</h2><ol>{"".join(lines)}</ol></main>'
    return f'<!doctype html><html lang="zh-CN"><head>{head}</head><body>{contents}{"".join(bodies)}</body></html>'
