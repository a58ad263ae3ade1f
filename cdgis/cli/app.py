"""The command line: each command opens the workspace, calls one pipeline and says what came of it (Chinese).

Heavy modules are imported inside the commands, so that `cdgis --help` stays quick.
"""

import gc
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdgis import __version__
from cdgis.cli.audit import register as register_audit
from cdgis.cli.desk import desk_app
from cdgis.cli.measures import register as register_measures
from cdgis.cli.options import (
    AsOfOption,
    DebugOption,
    JobsOption,
    NoCacheOption,
    OutOption,
    QuietOption,
    StrictOption,
    WorkspaceOption,
    assess_all,
    begin_early,
    err_console,
    leave_strictly,
    open_here,
    out_console,
    output_folder,
    say,
    write_all,
)
from cdgis.cli.pack_commands import pack_app
from cdgis.cli.publish import publish_site
from cdgis.cli.relocate import register as register_relocate
from cdgis.cli.screen import EACH, wanted_formats
from cdgis.cli.screen import register as register_screen
from cdgis.cli.water import register as register_water
from cdgis.cli.words import EXIT_INTERRUPTED, ChineseCommand, ChineseGroup, ErrorReporter
from cdgis.cli.workspace_checks import layers_app, rules_app
from cdgis.core.calendar_days import parse_date
from cdgis.core.errors import UsageError

if TYPE_CHECKING:
    from cdgis.results.assessment import Assessment

app = typer.Typer(
    name="cdgis",
    cls=ChineseGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="“三线一单”准入研判、企业搬迁与碳汇核算。离线、可追溯：每个结论都说明依据哪一条。",
    epilog="示例：cdgis run　在当前工作区判定全部项目与企业，结果写入 maps/",
)

ReportsOption = Annotated[
    str,
    typer.Option(
        "--reports", metavar="清单",
        help="另给每个不是“未发现冲突”的对象写报告：html,docx,json,pdf，逗号分隔，写入 reports/；pdf 另有合订本和各县区页",
    ),
]

@app.command(cls=ChineseCommand)
def run(
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    reports: ReportsOption = "",
    strict: StrictOption = False,
    no_cache: NoCacheOption = False,
    debug: DebugOption = False,
) -> None:
    """判定工作区内全部项目与企业，生成地图、搬迁清单、碳账与数据表。

    示例：cdgis run --out maps　　cdgis run --reports docx,pdf
    """
    from cdgis.core.beside import beside

    formats = wanted_formats(reports, option="--reports", known=EACH) if reports else ()
    with beside(wanted=jobs > 1) as other:
        begin_early(other, workspace)
        opened = open_here(workspace)
        target = output_folder(out, "maps", opened)
        assessment = assess_all(opened, as_of=as_of, jobs=jobs, quiet=quiet)
        write_all(assessment, target, jobs=jobs, quiet=quiet, strict=strict and not formats)
    if formats:
        _write_batch(assessment, target, formats, jobs=jobs, quiet=quiet)
        leave_strictly(assessment, strict=strict)


def _write_batch(assessment: "Assessment", target: Path, formats: tuple[str, ...], *, jobs: int, quiet: bool) -> None:
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.save_assessment import save_batch

    with progress_bars(err_console, quiet=quiet) as progress:
        written = save_batch(assessment, target, formats=formats, jobs=jobs, progress=progress)
    if not quiet:
        say(f"有问题的对象逐个的报告已写入 {target / 'reports'}（{len(written)} 个文件）")


@app.command(cls=ChineseCommand)
def publish(
    audience: Annotated[str, typer.Option("--audience", metavar="对象", help="internal 内部版（与 run 相同）或 public 公开版")] = "internal",
    still: Annotated[bool, typer.Option("--still", metavar="", help="另出一张总图 PNG（stills/overview.png，供印刷）")] = False,
    zipped: Annotated[bool, typer.Option("--zip", metavar="", help="另把整个文件夹打成一个压缩包（同名 .zip，内有首页），供转发")] = False,
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """生成可离线打开的网页：内部版写入 maps/，公开版经概化、脱密和泄漏检查写入 maps_public/。

    示例：cdgis publish --audience public
    """
    if audience not in ("internal", "public"):
        raise UsageError(f"--audience 读到“{audience}”，应为 internal（内部版）或 public（公开版）")
    publish_site(workspace, out, audience=audience, as_of=as_of, jobs=jobs, quiet=quiet, still=still, zipped=zipped)


register_screen(app)
register_audit(app, rules_app)
register_water(app)
register_relocate(app)


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
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.assess_carbon import assess_carbon

    opened = open_here(workspace)
    target = output_folder(out, "reports", opened)
    with progress_bars(err_console, quiet=quiet) as progress:
        assessment = assess_carbon(opened, as_of=parse_date(as_of), progress=progress)
    write_all(assessment, target, jobs=jobs, quiet=quiet, strict=False)


register_measures(app)


@app.command(cls=ChineseCommand)
def init(
    folder: Annotated[Path, typer.Argument(metavar="目录", help="新工作区目录（须不存在或为空）")],
    empty: Annotated[bool, typer.Option("--empty", metavar="", help="只建目录和设置，不带示范数据")] = False,
    city: Annotated[str, typer.Option("--city", metavar="代码", help="为这个市新建：行政区划代码，如 430400")] = "",
    boundary: Annotated[Path | None, typer.Option("--boundary", metavar="文件", help="市界，或全市各县的界线")] = None,
    extent: Annotated[str, typer.Option("--extent", metavar="西,南,东,北", help="还没有边界时的范围，度")] = "",
    name: Annotated[str, typer.Option("--name", metavar="名称", help="市的名称（默认取目录名）")] = "",
    province: Annotated[str, typer.Option("--province", metavar="名称", help="所在的省")] = "",
    official: Annotated[bool, typer.Option("--official", metavar="", help="边界是官方成果")] = False,
    as_of: AsOfOption = None,
    debug: DebugOption = False,
) -> None:
    """新建工作区：默认带示范数据；--city 则是一个市的空工作区，列出规则要用的全部图层。

    示例：cdgis init 我的工作区　　cdgis init 衡阳市 --city 430400 --boundary 县界.shp
    """
    from cdgis.workspace.create import create_workspace

    if city:
        _init_city(folder, city, {"name": name, "province": province, "extent": extent}, boundary, official=official, as_of=as_of)
        return
    count = create_workspace(folder, empty=empty)
    text = f"已建立工作区 {folder}（{count} 个文件）。下一步：cd {folder} 后运行 cdgis run"
    out_console.print(text, markup=False, highlight=False, soft_wrap=True)


def _init_city(
    folder: Path, code: str, texts: dict[str, str], boundary: Path | None, *, official: bool, as_of: str | None
) -> None:
    """Ask for what cannot be derived, where somebody can answer, and write the workspace."""
    from datetime import date

    from cdgis.core.calendar_days import parse_date
    from cdgis.pipelines.new_city import NewCity, extent_of, new_city

    if sys.stdin.isatty():
        texts["name"] = texts["name"] or typer.prompt("市的名称", default=folder.name)
        texts["province"] = texts["province"] or typer.prompt("所在的省", default="")
        if boundary is None and not texts["extent"]:
            texts["extent"] = typer.prompt("范围（西,南,东,北，度）")
    wanted = NewCity(
        name=texts["name"] or folder.name, code=code, province=texts["province"], as_of=parse_date(as_of) or date.today(),
        boundary=boundary, extent=extent_of(texts["extent"]) if texts["extent"] else None, official=official,
    )  # fmt: skip
    for line in (*new_city(folder, wanted), f"下一步：cd {folder} 后运行 cdgis doctor"):
        out_console.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command(cls=ChineseCommand)
def doctor(workspace: WorkspaceOption = None, debug: DebugOption = False) -> None:
    """看看工作区还缺什么、缺的会影响什么结论、下一步运行哪条命令。

    示例：cdgis doctor
    """
    from cdgis.pipelines.doctor import Readiness, diagnose, next_command

    findings = diagnose(open_here(workspace))
    for finding in findings:
        say(f"[{finding.state}] {finding.part}：{finding.words}", style="" if finding.state is Readiness.READY else "bold")
    todo = next_command(findings)
    say(f"下一步：{todo or 'cdgis run'}")


def _version(show: bool) -> None:
    if show:
        out_console.print(f"cdgis {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="显示版本号")] = False,
) -> None:
    """Hold the options that stand before any command."""


app.add_typer(layers_app, name="layers")
app.add_typer(rules_app, name="rules")
app.add_typer(pack_app, name="pack")
app.add_typer(desk_app, name="desk")


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Look for circular garbage less often: tables and geometries make little, and looking takes a tenth of a short job."""
    usual = gc.get_threshold()
    gc.set_threshold(300_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _speak_utf8() -> None:
    """Start again in UTF-8 where names of files are read in another encoding (LANG=C): a Chinese name would be no text."""
    if sys.getfilesystemencoding().lower() != "utf-8":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with the codes of DESIGN 6: 0 done, 1 strict, 2 usage or input, 3 internal."""
    if args is None:
        _speak_utf8()
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads cost every process 0.05 s and have nothing to do here
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show Chinese shows question marks; the work itself must not fail over it
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # an order to end is answered like Ctrl+C, so that what is half written is cleared away
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = sys.argv[1:] if args is None else args
    with ErrorReporter(err_console, debug="--debug" in arguments), _rare_collection():
        code = app(args=arguments, prog_name="cdgis", standalone_mode=False)
        if code == EXIT_INTERRUPTED:  # typer turns Ctrl+C into this return value, without a word
            raise KeyboardInterrupt
        if args is None:
            gc.freeze()  # this process ends: it need not look through all it holds once more, a quarter of a second's work
        sys.exit(code if isinstance(code, int) else 0)
