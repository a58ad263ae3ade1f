"""Writing an assessment as its command writes it: reports on single sites, or the pages of a whole run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cdgis.core.beside import Other
from cdgis.core.errors import UsageError
from cdgis.core.packs import current_packs
from cdgis.core.progress import Progress, Silent
from cdgis.geometry.planes import current_planes
from cdgis.readers.kept_answers import KeptAnswers
from cdgis.report.screening.publish import EACH, write_screening
from cdgis.report.screening.reviews import kept_journals
from cdgis.report.table_rows import page_names
from cdgis.results.assessment import Assessment, in_planes_of
from cdgis.workspace.layers import Layers, Subjects

MAP = "map"
"""Format: one interactive map of all sites of a screening, map-<number of the run>.html."""
SCREEN_FORMATS = ("html", "json")
"""What a screening writes when nothing else is asked for."""


def save_assessment(
    assessment: Assessment,
    out: Path,
    *,
    formats: Sequence[str] | None = None,
    attachments: Mapping[str, bytes] | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Path]:
    """Write an assessment into `out` and return the paths, sorted; the bytes are those of the command of its request.

    Parameters
    ----------
    formats : of a screening, any of html, docx, json, pdf, xlsx, gpkg, map; None means SCREEN_FORMATS. A whole run has no choice.
    attachments : file name -> bytes that the reports on single sites rest on and that lie in no other file.

    Raises
    ------
    UsageError : an unknown format, or formats given for a whole run.
    ReportError : the folder cannot be written.
    """
    with in_planes_of(assessment):
        return _save(assessment, out, formats, attachments or {}, jobs, progress or Silent())


def _save(
    assessment: Assessment, out: Path, formats: Sequence[str] | None, attachments: Mapping[str, bytes], jobs: int, progress: Progress
) -> list[Path]:
    if assessment.request.command == "screen":
        progress.stage("写出报告")
        names = page_names(list(assessment.subjects.frame["subject_id"]))
        journals = kept_journals(out, assessment, names)
        wanted = SCREEN_FORMATS if formats is None else formats
        extra = dict(attachments) | (_map_file(assessment) if MAP in wanted else {})
        wanted = [name for name in wanted if name != MAP]
        return write_screening(
            assessment, out, formats=wanted, journals=journals, attachments=extra, jobs=jobs, progress=progress.step
        )  # fmt: skip
    if formats is not None:
        raise UsageError("整个工作区的结果总是写出全部网页与数据表，不能选格式", remedy="请去掉 formats")
    progress.stage("写出网页与数据表")
    word = assessment.request.command == "relocate"
    # pages of a whole run load the documents of relocation and its solvers: not for a report on one site
    from cdgis.report.publish import write_reports

    return write_reports(assessment, out, jobs=jobs, progress=progress.step, word=word)


def save_batch(
    assessment: Assessment, out: Path, *, formats: Sequence[str], jobs: int = 1, progress: Progress | None = None
) -> list[Path]:
    """Write one report a flagged subject of a whole run into `out`/reports and return the paths, sorted.

    Parameters
    ----------
    formats : any of html, docx, json, pdf.

    Raises
    ------
    UsageError : an unknown format.
    ReportError : the folder cannot be written, or there is no browser to print with.
    """
    from cdgis.report.publish import write_batch

    if not formats or not set(formats) <= set(EACH):
        raise UsageError(f"--reports 读到“{'、'.join(formats)}”，应为 {'、'.join(EACH)} 中的一个或几个，用逗号分隔")
    progress = progress or Silent()
    progress.stage("逐个对象写出报告")
    with in_planes_of(assessment):
        return write_batch(assessment, out, formats=formats, jobs=jobs, progress=progress.step)


def begin_writing(other: Other, layers: Layers, subjects: Subjects) -> None:
    """Let `other` load what writing a whole run takes, and draw what rests on no judgement."""
    from cdgis.report.map.base_map import begin_base
    from cdgis.report.map.budget import pack_whole
    from cdgis.report.site.place_content import begin_drawing

    other.begin(ready_to_write)
    begin_base(other, layers, subjects)
    other.begin_once(pack_whole, layers, KeptAnswers.of(layers))  # first: the overview map is made before the places' pages
    begin_drawing(other, layers, current_planes(), current_packs())


def ready_to_write() -> None:
    """Load what writing a whole run takes: for a process that will be asked to, while it waits."""
    import cdgis.report.files.geopackage_file
    import cdgis.report.files.qgis_project
    import cdgis.report.files.workbook
    import cdgis.report.publish  # noqa: F401


def _map_file(assessment: Assessment) -> dict[str, bytes]:
    """Return the interactive map under its name; the library for it is loaded only now."""
    from cdgis.report.map.explore import explore_map

    page = explore_map(assessment).get_root().render()
    return {f"map-{assessment.report_numbers['']}.html": page.encode("utf-8", "replace")}
