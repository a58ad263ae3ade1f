"""Pages and tables that a whole run publishes, and where each goes."""

from collections.abc import Callable
from pathlib import Path

from cdgis.report.files.atomic_output import staged
from cdgis.report.files.table_files import write_tables
from cdgis.report.relocation.docx import render_cards_docx
from cdgis.report.site.pages import render_pages
from cdgis.results.assessment import Assessment

Progress = Callable[[str], None]
"""Called with the name of each thing that has been written."""


def write_reports(
    assessment: Assessment, out: Path, *, jobs: int = 1, progress: Progress | None = None, word: bool = False
) -> list[Path]:
    """Write every page of the site and data/* into `out` and return their paths, sorted.

    Pages and tables that an earlier run listed and this one does not make are removed; other files stay. The bytes
    depend on the assessment and `word` alone, not on `out`, `jobs`, the current directory or the clock.

    Parameters
    ----------
    word : write the relocation cards as Word documents too.

    Raises
    ------
    ReportError : the folder cannot be written.
    """
    with staged(out) as stage:
        _write_pages(assessment, stage.folder, jobs=max(jobs, 1), progress=progress or _silent, word=word)
    return stage.written


def _silent(item: str) -> None:
    """Take no notice of progress."""


def _write_pages(assessment: Assessment, scratch: Path, *, jobs: int, progress: Progress, word: bool) -> None:
    write_tables(assessment, scratch / "data")
    progress("数据表")
    for path, text in render_pages(assessment, jobs=jobs, word=word):
        page = scratch / path
        page.parent.mkdir(exist_ok=True)
        page.write_bytes(text.encode("utf-8", "replace"))
        progress(path)
    for path, content in render_cards_docx(assessment) if word else ():
        (scratch / path).write_bytes(content)
