"""The command `cdgis publish`: judge everything; internal as run, public reduced and searched for leaks."""

from pathlib import Path
from typing import TYPE_CHECKING

from cdgis.cli.options import assess_all, begin_early, err_console, open_here, output_folder, say, write_all

if TYPE_CHECKING:
    from cdgis.results.assessment import Assessment


def publish_site(
    workspace: Path | None, out: Path | None, *, audience: str, as_of: str | None, jobs: int, quiet: bool, still: bool,
    zipped: bool = False,
) -> None:
    """Write the site of the whole workspace for one audience, and say where it lies and what may be done with it.

    Raises
    ------
    ReportError : something withheld was found on a finished public page (nothing is written then), or a still
        was asked for and matplotlib or a Chinese font is missing.
    """
    from cdgis.core.beside import beside
    from cdgis.report.public.site import FOLDER

    with beside(wanted=jobs > 1) as other:
        begin_early(other, workspace)
        opened = open_here(workspace)
        target = output_folder(out, FOLDER if audience == "public" else "maps", opened)
        shown = assess_all(opened, as_of=as_of, jobs=jobs, quiet=quiet)
        if audience == "public":
            shown = _publish_openly(shown, target, jobs=jobs, quiet=quiet)
        else:
            write_all(shown, target, jobs=jobs, quiet=quiet, strict=False)
    if still:
        from cdgis.report.site.overview_png import write_still

        path = write_still(shown, target)
        if not quiet:
            say(f"总图已另存为 {path}")
    if zipped:
        from cdgis.pipelines.save_measures import zip_site

        archive, count = zip_site(shown, target)
        if not quiet:
            say(f"整个文件夹已打成一个压缩包 {archive}（{count} 个文件）；对方解开后从“从这里打开.html”看起")


def _publish_openly(assessment: "Assessment", target: Path, *, jobs: int, quiet: bool) -> "Assessment":
    """Write the public version and return the assessment as the public sees it."""
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.save_measures import save_public

    with progress_bars(err_console, quiet=quiet) as progress:
        public, written = save_public(assessment, target, jobs=jobs, progress=progress)
    number = assessment.settings.map_review_number
    mark = "未填审图号：页面印有“未经审图，不得公开”，送审取得审图号并填入 cdgis.toml 后方可公开"
    text = f"公开版已写入 {target}（{len(written)} 个文件），泄漏检查通过。"
    if not quiet:
        say(text + (f"审图号：{number}" if number else mark))
    return public
