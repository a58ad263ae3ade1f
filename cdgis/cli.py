"""The command line: each command opens the workspace, calls one pipeline and says what came of it (Chinese).

Heavy modules are imported inside the commands, so that `cdgis --help` stays quick.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cdgis import __version__
from cdgis.cli_check import layers_app, rules_app
from cdgis.cli_words import EXIT_INTERRUPTED, ChineseCommand, ChineseGroup, ErrorReporter, parse_date
from cdgis.errors import UsageError

if TYPE_CHECKING:
    from cdgis.assessment import Assessment
    from cdgis.workspace import Workspace

EXIT_STRICT = 1

app = typer.Typer(
    name="cdgis",
    cls=ChineseGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="承德“三线一单”准入研判、企业搬迁与碳汇核算。离线、可追溯：每个结论都说明依据哪一条。",
    epilog="示例：cdgis run　在当前工作区判定全部项目与企业，结果写入 maps/",
)
_out = Console()
_err = Console(stderr=True)

WorkspaceOption = Annotated[Path | None, typer.Option("--workspace", metavar="目录", help="工作区目录（默认：当前目录或最近的上级）")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="目录", help="输出目录")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", metavar="日期", help="判定基准日 YYYY-MM-DD（默认取工作区设置）")]
JobsOption = Annotated[int, typer.Option("--jobs", metavar="整数", min=1, help="并行线程数，不影响结果")]
QuietOption = Annotated[bool, typer.Option("--quiet", metavar="", help="不显示进度与汇总")]
DebugOption = Annotated[bool, typer.Option("--debug", metavar="", help="出错时显示程序堆栈")]
StrictOption = Annotated[bool, typer.Option("--strict", metavar="", help="有“不符合”或“资料不足”时以退出码 1 结束")]


def _open(workspace: Path | None) -> "Workspace":
    from cdgis.workspace import find_workspace, open_workspace

    return open_workspace(workspace if workspace is not None else find_workspace(Path.cwd()))


def _publish(assessment: "Assessment", out: Path, *, jobs: int, quiet: bool, strict: bool) -> None:
    from cdgis.report.publish import write_reports
    from cdgis.summary import print_summary
    from cdgis.terminal import progress_bars

    with progress_bars(_err, quiet=quiet) as progress:
        progress.stage("写出网页与数据表")
        written = write_reports(assessment, out, jobs=jobs, progress=progress.step)
    if not quiet:
        print_summary(_out, assessment, out, written)
    verdicts = set(assessment.tables["verdicts"]["verdict"])
    if strict and verdicts & {"不符合", "资料不足"}:
        raise typer.Exit(EXIT_STRICT)


@app.command(cls=ChineseCommand)
def run(
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    strict: StrictOption = False,
    debug: DebugOption = False,
) -> None:
    """判定工作区内全部项目与企业，生成地图、搬迁清单、碳账与数据表。

    示例：cdgis run --out maps
    """
    from cdgis.assess import assess_workspace
    from cdgis.terminal import progress_bars

    opened = _open(workspace)
    with progress_bars(_err, quiet=quiet) as progress:
        assessment = assess_workspace(opened, as_of=parse_date(as_of), jobs=jobs, progress=progress)
    _publish(assessment, out or opened.root / "maps", jobs=jobs, quiet=quiet, strict=strict)


@app.command(cls=ChineseCommand)
def publish(
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """生成可离线打开的内部版网页（与 run 相同的结果；公开版见后续版本）。

    示例：cdgis publish --out maps
    """
    run(workspace=workspace, out=out, as_of=as_of, jobs=jobs, quiet=quiet)


@app.command(cls=ChineseCommand)
def screen(
    files: Annotated[list[Path], typer.Argument(metavar="文件", help="项目边界文件：SHP/ZIP、GPKG、GeoJSON、KML、界址点 TXT、XLSX/CSV")],
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    name: Annotated[str | None, typer.Option("--name", metavar="文字", help="项目名称")] = None,
    industry: Annotated[str | None, typer.Option("--industry", metavar="代码", help="行业代码（GB/T 4754-2017），如 3011")] = None,
    project_type: Annotated[str | None, typer.Option("--project-type", metavar="性质", help="新建/改建/扩建/迁建/既有")] = None,
    activity: Annotated[str | None, typer.Option("--activity", metavar="类型", help="活动类型，如 开发性生产性建设、A06、国家重大项目")] = None,
    attr: Annotated[list[str] | None, typer.Option("--attr", metavar="名称=值", help="对象属性，可多次给出")] = None,
    attributes: Annotated[Path | None, typer.Option("--attributes", metavar="文件", help="属性侧表（CSV/XLSX）")] = None,
    tolerance: Annotated[float | None, typer.Option("--tolerance", metavar="数值", min=0, help="临界容差（米）")] = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    strict: StrictOption = False,
    debug: DebugOption = False,
) -> None:
    """对一个或多个项目边界做准入研判，给出结论、依据条文和反证。

    示例：cdgis screen 地块.txt --industry 3011 --project-type 新建 --activity 开发性生产性建设
    """
    from cdgis.assess import assess_sites
    from cdgis.terminal import progress_bars

    opened = _open(workspace)
    given = {"name": name, "industry": industry, "project_type": project_type, "activity": activity}
    declared = {key: value for key, value in given.items() if value is not None} | _attributes(attr or [])
    with progress_bars(_err, quiet=quiet) as progress:
        assessment = assess_sites(
            opened, tuple(files), declared=declared, sidecar=attributes, tolerance_m=tolerance,
            as_of=parse_date(as_of), jobs=jobs, progress=progress,
        )  # fmt: skip
    _publish(assessment, out or opened.root / "reports", jobs=jobs, quiet=quiet, strict=strict)


def _attributes(pairs: list[str]) -> dict[str, str]:
    broken = [pair for pair in pairs if "=" not in pair]
    if broken:
        raise UsageError(f"--attr 读到“{'、'.join(broken)}”，应为 名称=值，例如 --attr discharges_pollutants=是")
    return dict(pair.split("=", 1) for pair in pairs)


@app.command(cls=ChineseCommand)
def relocate(
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """只判定企业，给出搬迁与整治清单及承接园区初筛。

    示例：cdgis relocate --out reports/搬迁
    """
    from cdgis.assess import assess_relocation
    from cdgis.terminal import progress_bars

    opened = _open(workspace)
    with progress_bars(_err, quiet=quiet) as progress:
        assessment = assess_relocation(opened, as_of=parse_date(as_of), jobs=jobs, progress=progress)
    _publish(assessment, out or opened.root / "reports", jobs=jobs, quiet=quiet, strict=False)


@app.command(cls=ChineseCommand)
def carbon(
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """核算碳储量（分县区、管控单元、流域、红线、修复区）和修复增汇潜力。

    示例：cdgis carbon --out reports/碳汇
    """
    from cdgis.assess import assess_carbon
    from cdgis.terminal import progress_bars

    opened = _open(workspace)
    with progress_bars(_err, quiet=quiet) as progress:
        assessment = assess_carbon(opened, as_of=parse_date(as_of), progress=progress)
    _publish(assessment, out or opened.root / "reports", jobs=jobs, quiet=quiet, strict=False)


@app.command(cls=ChineseCommand)
def init(
    folder: Annotated[Path, typer.Argument(metavar="目录", help="新工作区目录（须不存在或为空）")],
    empty: Annotated[bool, typer.Option("--empty", metavar="", help="只建目录和设置，不带示范数据")] = False,
    debug: DebugOption = False,
) -> None:
    """新建工作区：默认带承德示范数据，--empty 则只有骨架。

    示例：cdgis init 我的工作区
    """
    from cdgis.starter import create_workspace

    count = create_workspace(folder, empty=empty)
    text = f"已建立工作区 {folder}（{count} 个文件）。下一步：cd {folder} 后运行 cdgis run"
    _out.print(text, markup=False, highlight=False, soft_wrap=True)


def _version(show: bool) -> None:
    if show:
        _out.print(f"cdgis {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="显示版本号")] = False,
) -> None:
    """Hold the options that stand before any command."""


app.add_typer(layers_app, name="layers")
app.add_typer(rules_app, name="rules")


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with the codes of DESIGN 6: 0 done, 1 strict, 2 usage or input, 3 internal."""
    from cdgis.cli_words import speak_chinese

    speak_chinese()
    arguments = sys.argv[1:] if args is None else args
    with ErrorReporter(_err, debug="--debug" in arguments):
        code = app(args=arguments, prog_name="cdgis", standalone_mode=False)
        if code == EXIT_INTERRUPTED:  # typer turns Ctrl+C into this return value, without a word
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
