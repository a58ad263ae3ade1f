"""The command that checks reports, folders of reports and the output of whole runs: `cdgis verify`."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdgis.cli.options import DebugOption, JobsOption, WorkspaceOption, open_here, say
from cdgis.core.errors import ReportError
from cdgis.core.vocabulary import Grade

if TYPE_CHECKING:
    from cdgis.pipelines.repeat_request import Repeater
    from cdgis.pipelines.verification import Verification
    from cdgis.workspace.settings import Workspace

EXIT_DIFFERS = 2
_MOST_NAMED = 200

_STYLES = {Grade.CONTENT: "red", Grade.UNCHECKED: "yellow", Grade.OUTDATED: "yellow", Grade.BYTES: "green", Grade.SAME: "green"}
_VERDICTS = {
    Grade.CONTENT: "{count} 项不符（内容被改）：不能作为依据。",
    Grade.UNCHECKED: "{count} 项未能核对：请按上面的办法处理后再核对。",
    Grade.OUTDATED: "{count} 项已过有效期或条文已变：请重新研判，不能再作依据。",
    Grade.BYTES: "内容逐行相同，{count} 项仅字节不同（另存、签署）：不影响使用。",
    Grade.SAME: "全部一致。",
}  # fmt: skip
FileOption = Annotated[
    list[Path] | None, typer.Option("--file", metavar="文件", help="工作区之外的原边界文件现在的位置；条文、图层更新过的，给旧文件或文件夹。可多次")
]
ReportsArgument = Annotated[
    list[Path], typer.Argument(metavar="报告", help="报告（.html、.json、.docx）、data/ 里的表、报告文件夹、案卷 zip，或 run 的输出文件夹")
]


def verify(
    reports: ReportsArgument,
    file: FileOption = None,
    alone: Annotated[bool, typer.Option("--alone", metavar="", help="没有工作区时：只核对报告自身与复核记录")] = False,
    workspace: WorkspaceOption = None,
    jobs: JobsOption = 2,
    debug: DebugOption = False,
) -> None:
    """核对报告是否确由所列输入得出：编号、文字、输入文件、逐行重算、复核记录。

    每项一个等级，由重到轻：内容被改（不能作为依据）、未能核对、已过有效期或条文已变（须重新研判）、
    仅字节不同（内容逐行相同，不影响使用）、一致；前三种退出码为 2。

    给出文件夹时核对其中全部文件，核对不了的逐个列名。run 和 relocate 的输出（文件夹、index.html 或其中一页）由原输入、按原假设重跑，逐字节比较。

    示例：cdgis verify reports/P-001.html　　cdgis verify reports　　cdgis verify maps
    """
    from cdgis.pipelines.repeat_request import Repeater

    opened = None if alone else open_here(workspace)
    files = tuple(file or ())
    again = Repeater(opened, files=files, jobs=jobs) if opened else None
    told = [
        _tell(found, place) for path in reports for place, found in _verified(path, opened, again, jobs, files)
    ]  # a list, so that a difference in one report keeps no other from being told
    if any(told):
        raise typer.Exit(EXIT_DIFFERS)


def _verified(
    path: Path, opened: "Workspace | None", again: "Repeater | None", jobs: int, files: tuple[Path, ...]
) -> "Iterator[tuple[Path, Verification]]":
    """Yield what was checked about what the user named: a run, a folder of reports, or one report."""
    from cdgis.pipelines.save_assessment import save_assessment
    from cdgis.pipelines.verify_folder import (
        PAGES,
        TABLES,
        record_beside,
        report_writers,
        verify_dossier,
        verify_folder,
        verify_table,
        verify_word,
    )
    from cdgis.pipelines.verify_report import verify_report
    from cdgis.pipelines.verify_run import run_folder, verify_run

    writers, suffix, today = report_writers(), path.suffix.lower(), date.today()
    folder = run_folder(path)
    if folder is not None and opened is not None:
        only = path if path.name != "index.html" and path.is_file() else None
        yield path, verify_run(folder, workspace=opened, publish=save_assessment, files=files, only=only, jobs=jobs)
    elif suffix == ".zip" and path.is_file():
        yield from verify_dossier(path, again=again, writers=writers, today=today)
    elif path.is_dir():
        found = list(verify_folder(path, again=again, writers=writers, today=today))
        if len(found) == 1 and not found[0][1].report_number:
            raise ReportError(f"{path} 中没有报告（.html 或 .json），也不是 cdgis run 的输出文件夹")
        yield from found
    elif suffix == ".docx":
        yield path, verify_word(path, writers[".docx"], beside=record_beside(path), again=again, today=today)
    elif suffix in TABLES:
        yield path, verify_table(path, again=again)
    else:
        yield path, verify_report(path, again=again, render=writers.get(".html" if suffix in PAGES else suffix), today=today)


def _tell(found: "Verification", path: Path) -> bool:
    """Print what was checked about one report; return whether anything differs."""
    about = f"　对象 {found.subject_id}" if found.subject_id else ""
    number = f"　报告 {found.report_number}" if found.report_number else ""
    say(f"{path.name or path}{number}{about}")
    for check in found.checks:
        grade = check.grade if check.faults else Grade.SAME
        say(f"{grade}　{check.title}", style=_STYLES[grade])
        for fault in check.faults:
            say(f"　　· {fault}")
    for name in found.unverified[:_MOST_NAMED]:
        say(f"未核对　{name}", style="yellow")
    if len(found.unverified) > _MOST_NAMED:
        say(f"未核对　另有 {len(found.unverified) - _MOST_NAMED} 个文件", style="yellow")
    rest = f"另有 {len(found.unverified)} 个文件没有核对，不能据此作信。" if found.unverified else ""
    count = sum(bool(check.faults) for check in found.checks)
    say(f"核对 {len(found.checks)} 项，{_VERDICTS[found.grade].format(count=count)}{rest}", style=f"bold {_STYLES[found.grade]}")
    return found.grade not in (Grade.SAME, Grade.BYTES)
