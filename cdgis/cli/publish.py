"""What happens at `cdgis publish --audience public`? (judge everything, reduce, render, search for leaks, write)"""

from pathlib import Path

from cdgis.cli.options import err_console, open_here, out_console
from cdgis.cli.words import parse_date


def publish_openly(workspace: Path | None, out: Path | None, *, as_of: str | None, jobs: int, quiet: bool) -> None:
    """Write the public version of the whole workspace, and say where it lies and what may be done with it.

    Raises
    ------
    ReportError : something withheld was found on a finished page; nothing is written then.
    """
    from cdgis.assess import assess_workspace
    from cdgis.report.public_site import FOLDER, write_public
    from cdgis.terminal import progress_bars

    opened = open_here(workspace)
    target = out or opened.root / FOLDER
    with progress_bars(err_console, quiet=quiet) as progress:
        assessment = assess_workspace(opened, as_of=parse_date(as_of), jobs=jobs, progress=progress)
        progress.stage("概化、写出公开版并检查泄漏")
        written = write_public(assessment, target, jobs=jobs, progress=progress.step)
    if quiet:
        return
    number = assessment.settings.map_review_number
    mark = f"审图号：{number}" if number else "未填审图号：页面印有“未经审图，不得公开”，送审取得审图号并填入 cdgis.toml 后方可公开"
    text = f"公开版已写入 {target}（{len(written)} 个文件），泄漏检查通过。{mark}"
    out_console.print(text, markup=False, highlight=False, soft_wrap=True)
