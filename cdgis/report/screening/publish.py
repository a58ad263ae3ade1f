"""Reports on single subjects written to their folder, whole or not at all (`cdgis screen`, DESIGN 4.9)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cdgis.core.errors import UsageError
from cdgis.report.files.atomic_output import staged
from cdgis.report.files.table_files import write_tables
from cdgis.report.screening import Composer, JournalExtract, ScreeningReport, report_json
from cdgis.report.screening.html import render_screening
from cdgis.report.table_rows import page_names
from cdgis.results.assessment import Assessment
from cdgis.results.request import MOST_SITES

FORMATS = ("html", "docx", "official", "json", "pdf", "xlsx", "gpkg")
"""xlsx and gpkg are files of data/, which is written whole; pdf needs a browser on this machine."""
EACH = ("html", "docx", "official", "json", "pdf")
"""Those of which every subject has a file."""

Progress = Callable[[str], None]
"""Called with the name of each thing that has been written."""


def render_word(report: ScreeningReport, *, official: bool = False) -> bytes:
    """Return the report as DOCX; the library for it is loaded only now."""
    from cdgis.report.screening.docx import render_docx

    return render_docx(report, official=official)


RENDERINGS: Mapping[str, Callable[[ScreeningReport, bytes], bytes]] = {
    "html": render_screening,
    "docx": lambda report, _: render_word(report),
    "official": lambda report, _: render_word(report, official=True),
    "json": lambda _, record: record,
}
"""Format -> bytes of one report's file, from the report and its canonical JSON."""
_ENDINGS = {"official": "（公文）.docx"}
"""End of a file's name where it is not the format's own."""


def write_screening(
    assessment: Assessment,
    out: Path,
    *,
    formats: Sequence[str] = FORMATS,
    journals: Mapping[str, JournalExtract] | None = None,
    attachments: Mapping[str, bytes] | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Path]:
    """Write one report a subject and the tables of all into `out`; return the paths, sorted.

    Parameters
    ----------
    formats : any of FORMATS; data/ always holds the tables as CSV, and as one XLSX or GeoPackage when asked for.
    journals : subject_id -> officers' decisions to show beside the findings.
    attachments : file name -> bytes of inputs that lie in no file of their own, kept beside the reports.
    jobs : how many PDFs are printed at once.

    Raises
    ------
    UsageError : an unknown format.
    ReportError : the folder cannot be written, or there is no browser to print with.

    Notes
    -----
    More than MOST_SITES subjects get tables only. Reports of other subjects stay in the folder. The bytes depend on the
    assessment and the journals alone.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not (formats or attachments):
        raise UsageError(f"--format 读到“{'、'.join(unknown) or '空'}”，应为 {'、'.join(FORMATS)} 中的一个或几个，用逗号分隔")
    composer = Composer(assessment)
    with staged(out, own=("data/",)) as stage:
        ids = composer.subject_ids()
        ids = ids if len(ids) <= MOST_SITES else ()
        write_each(composer, ids, stage.folder, formats=formats, journals=journals or {}, jobs=jobs, progress=progress)
        for name, content in (attachments or {}).items():
            (stage.folder / name).write_bytes(content)
        containers = [name for name in ("gpkg", "xlsx") if name in formats]
        write_tables(assessment, stage.folder / "data", containers=containers)
    return stage.written


def write_each(
    composer: Composer, ids: Sequence[str], folder: Path, *, formats: Sequence[str], journals: Mapping[str, JournalExtract],
    jobs: int = 1, progress: Progress | None = None,
) -> None:  # fmt: skip
    """Write the reports on these subjects into `folder`; of PDFs also the booklet of all.

    Raises
    ------
    ReportError : there is no browser to print with.
    """
    to_print: dict[str, tuple[ScreeningReport, bytes]] = {}
    for subject_id, page in page_names(ids).items():
        report = composer.report(subject_id, journal=journals.get(subject_id))
        record = report_json(report)
        for name in RENDERINGS:
            if name in formats:
                (folder / f"{Path(page).stem}{_ENDINGS.get(name, f'.{name}')}").write_bytes(RENDERINGS[name](report, record))
        if "pdf" in formats:
            to_print[Path(page).stem] = (report, render_screening(report, record))
        (progress or _silent)(subject_id)
    if to_print:
        from cdgis.report.screening.booklet import print_reports

        assessment = composer.assessment
        title = f"{assessment.settings.city}建设项目选址准入研判报告（合订本，判定基准日 {assessment.as_of}）"
        for name, content in print_reports(to_print, title=title, day=assessment.as_of, jobs=jobs, progress=progress).items():
            (folder / name).write_bytes(content)


def _silent(item: str) -> None:
    """Take no notice of progress."""
