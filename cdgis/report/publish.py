"""Pages and tables that a whole run publishes, and where each goes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from cdgis.core.beside import MANY, beside
from cdgis.core.freed_memory import give_back
from cdgis.core.vocabulary import Verdict
from cdgis.report.files.atomic_output import staged
from cdgis.report.files.pdf import print_pdfs
from cdgis.report.files.table_files import write_tables
from cdgis.report.screening import Composer
from cdgis.report.screening.publish import write_each
from cdgis.report.site.pages import pages_apart, render_pages
from cdgis.results.assessment import Assessment, in_planes_of

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
    give_back()
    with staged(out) as stage:
        _write_pages(assessment, stage.folder, jobs=max(jobs, 1), progress=progress or _silent, word=word)
    return stage.written


BATCH = "reports"
"""Folder below a run's own for its reports on single subjects."""
_PRINTED = ("dashboard.html", "relocation.html", "carbon.html", "places.html", "counties/*.html")
"""Pages of a run that are printed beside the reports."""


def write_batch(
    assessment: Assessment, out: Path, *, formats: Sequence[str], jobs: int = 1, progress: Progress | None = None
) -> list[Path]:
    """Write one report a flagged subject into `out`/reports, and return the paths, sorted.

    Flagged is whoever was not judged 未发现冲突. With PDFs comes one of all reports together, and one of each page of the
    run in `out` that is read from top to bottom: the overview in figures, relocation, carbon, each county.

    Parameters
    ----------
    formats : any of html, docx, json, pdf.

    Raises
    ------
    ReportError : the folder cannot be written, or there is no browser to print with.
    """
    verdicts = assessment.tables["verdicts"]
    flagged = set(verdicts.loc[verdicts["verdict"] != Verdict.CLEAR, "subject_id"])
    composer = Composer(assessment)
    ids = [subject_id for subject_id in composer.subject_ids() if subject_id in flagged]
    with staged(out / BATCH) as stage:
        write_each(composer, ids, stage.folder, formats=formats, journals={}, jobs=jobs, progress=progress)
        if "pdf" in formats:
            pages = {path.relative_to(out): path for pattern in _PRINTED for path in sorted(out.glob(pattern))}
            html = {path.with_suffix(".pdf").as_posix(): page.read_bytes() for path, page in pages.items()}
            for name, content in print_pdfs(html, day=assessment.as_of, jobs=jobs, progress=progress).items():
                (stage.folder / name).parent.mkdir(exist_ok=True)
                (stage.folder / name).write_bytes(content)
    return stage.written


def _silent(item: str) -> None:
    """Take no notice of progress."""


def _share_into(assessment: Assessment, folder: Path, word: bool) -> list[str]:
    """Write the tables and some pages, and return what they are called; may be done in a process that has entered no planes."""
    give_back()
    with in_planes_of(assessment):
        write_tables(assessment, folder / "data")
        give_back()
        return [*_put(pages_apart(assessment, word=word), folder), "数据表"]


def _put(pages: Iterable[tuple[str, str]], folder: Path) -> Iterator[str]:
    """Write pages below `folder` and yield their paths."""
    for path, text in pages:
        page = folder / path
        page.parent.mkdir(exist_ok=True)
        page.write_bytes(text.encode("utf-8", "replace"))
        yield path


def _write_pages(assessment: Assessment, scratch: Path, *, jobs: int, progress: Progress, word: bool) -> None:
    with beside(wanted=jobs > 1 and len(assessment.subjects.frame) >= MANY) as other:
        share = other.begin(_share_into, assessment, scratch, word, keep=assessment)
        give_back()
        for path in _put(render_pages(assessment, word=word, other=other, alone=False), scratch):
            progress(path)
        for path in share():
            progress(path)
    if word:
        from cdgis.report.relocation.docx import render_cards_docx  # its library is worth loading for documents only

        for path, content in render_cards_docx(assessment):
            (scratch / path).write_bytes(content)
