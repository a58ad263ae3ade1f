"""Which pages and tables does a whole run publish, and where does each go?"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cdgis.assessment import Assessment
from cdgis.report.delivery import staged
from cdgis.report.dossier import Dossier, gather_dossiers
from cdgis.report.mapview import build_map
from cdgis.report.overview import sum_up
from cdgis.report.page import render_index, render_site
from cdgis.report.sketch import draw_sketches
from cdgis.report.tables import write_tables

Progress = Callable[[str], None]
"""Called with the name of each thing that has been written."""


def write_reports(assessment: Assessment, out: Path, *, jobs: int = 1, progress: Progress | None = None) -> list[Path]:
    """Write index.html, sites/*.html and data/* into `out` and return their paths, sorted.

    Pages and tables that an earlier run listed and this one does not make are removed; other files stay. The bytes
    depend on the assessment alone, not on `out`, `jobs`, the current directory or the clock.

    Raises
    ------
    ReportError : the folder cannot be written.
    """
    with staged(out) as stage:
        _write_pages(assessment, stage.folder, jobs=max(jobs, 1), progress=progress or _silent)
    return stage.written


def _silent(item: str) -> None:
    """Take no notice of progress."""


def _write_pages(assessment: Assessment, scratch: Path, *, jobs: int, progress: Progress) -> None:
    write_tables(assessment, scratch / "data")
    progress("数据表")
    dossiers = gather_dossiers(assessment)
    index = render_index(
        assessment, dossiers, overview=sum_up(assessment, dossiers), view=build_map(assessment, dossiers)
    )
    (scratch / "index.html").write_bytes(index.encode("utf-8", "replace"))
    progress("总图")
    paged = [dossier for dossier in dossiers if dossier.page]
    sketches = draw_sketches(assessment, paged)
    (scratch / "sites").mkdir()

    def write_one(dossier: Dossier) -> str:
        text = render_site(assessment, dossier, sketches.get(dossier.subject["subject_id"]))
        (scratch / "sites" / dossier.page).write_bytes(text.encode("utf-8", "replace"))
        return dossier.page

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for page in pool.map(write_one, paged):
            progress(page)
