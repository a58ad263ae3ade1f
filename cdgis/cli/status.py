"""The command that says whether reports are still current: `cdgis status`."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdgis.cli.options import DebugOption, JobsOption, WorkspaceOption, open_here, say
from cdgis.cli.verify import FileOption
from cdgis.core.calendar_days import parse_date

if TYPE_CHECKING:
    from cdgis.pipelines.report_status import ReportStatus

EXIT_OUTDATED = 2
_STYLES = {"结论会变": "bold red", "无法重判": "yellow", "已过有效期": "yellow", "依据已变，结论不变": "yellow", "仍然有效": "green"}
_ADVICE = {
    "结论会变": "须重新研判，不能再作依据", "无法重判": "请按上面的办法处理后再查", "已过有效期": "须重新研判",
    "依据已变，结论不变": "报告写明“期内条文、图层更新的，须重新研判”：请重新出具", "仍然有效": "",
}  # fmt: skip
ReportsArgument = Annotated[
    list[Path], typer.Argument(metavar="报告", help="报告（.html、.json、.docx）、装报告的文件夹，或 run 的输出文件夹，可给多个")
]


def status(
    reports: ReportsArgument,
    on: Annotated[str | None, typer.Option("--on", metavar="日期", help="按哪一天看 YYYY-MM-DD（默认今天）")] = None,
    file: FileOption = None,
    workspace: WorkspaceOption = None,
    jobs: JobsOption = 2,
    debug: DebugOption = False,
) -> None:
    """查报告现在是否还作数：有效期、此后变了的条文和图层、按现在的图层和条文重判结论会怎样变。

    逐份用现在的图层、所问之日在效的条文重判一次，不改报告；全部仍然有效退出码为 0，否则为 2。

    示例：cdgis status reports　　cdgis status maps --on 2027-03-01
    """
    from cdgis.pipelines.repeat_request import Repeater
    from cdgis.pipelines.report_status import Currency, status_of

    # whether a report has expired is a question about a day, so the clock may supply it; the day is printed
    day = parse_date(on) or date.today()
    opened = open_here(workspace)
    again = Repeater(opened, files=tuple(file or ()), jobs=jobs, as_of=day)
    found = [entry for path in reports for entry in status_of(path, opened, on=day, again=again)]
    for entry in found:
        _tell(entry)
    counts = "，".join(f"{kind} {number} 份" for kind in Currency if (number := sum(entry.currency is kind for entry in found)))
    say(f"按 {day.isoformat()} 查 {len(found)} 份：{counts}。", style="bold")
    if any(entry.currency is not Currency.CURRENT for entry in found):
        raise typer.Exit(EXIT_OUTDATED)


def _tell(entry: "ReportStatus") -> None:
    """Print one report's status."""
    word = str(entry.currency)
    say(f"{entry.path.name or entry.path}　报告 {entry.number}　{entry.about}")
    say(f"{word}　{_ADVICE[word]}".rstrip("　"), style=_STYLES[word])
    say(f"　　判定基准日 {entry.as_of.isoformat()}，有效期至 {entry.valid_until.isoformat()}{'，已过' if entry.expired else ''}")
    for title, lines in (("会变", entry.outcome), ("条文", entry.clauses), ("输入", entry.layers), ("无法重判", (entry.trouble,))):
        for line in filter(None, lines):
            say(f"　　· {title}：{line}")
