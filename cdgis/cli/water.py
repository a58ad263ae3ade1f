"""The commands on rivers: trace a spill or a section's sources, and make a river's dossier."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdgis.cli.options import (
    DebugOption,
    OutOption,
    QuietOption,
    WorkspaceOption,
    err_console,
    open_here,
    out_console,
    output_folder,
    say,
)
from cdgis.cli.words import ChineseCommand
from cdgis.core.errors import NetworkError, UsageError
from cdgis.core.vocabulary import FlowDirection

if TYPE_CHECKING:
    from cdgis.rivers.spill_trace import Trace
    from cdgis.rivers.system import RiverSystem
    from cdgis.workspace.layers import Subjects

_SHOWN = 25

PlaceArgument = Annotated[
    str, typer.Argument(metavar="起点", help="经度,纬度；或企业、项目的编号或名称；上溯时也可为断面、水源地编号")
]
UpOption = Annotated[bool, typer.Option("--up", metavar="", help="上溯：列出上游风险源")]
DownOption = Annotated[bool, typer.Option("--down", metavar="", help="下行（默认）：列出下游受体")]
NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="河名", help="河流名称，可多条（默认全部有名称的河流）")
]
PointOption = Annotated[
    list[str] | None, typer.Option("--point", metavar="经度,纬度", help="拟设排口的位置，可多次给出")
]
VelocityOption = Annotated[str | None, typer.Option("--velocity", metavar="低:高", help="流速范围，米每秒，如 0.3:1.5")]
ToOption = Annotated[str, typer.Option("--to", metavar="编号或名称", help="只追到这个受体；它不在下游时报错")]
AtOption = Annotated[str, typer.Option("--at", metavar="经度,纬度", help="改用这个河上位置作入河点（由超限提示中选）")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command("trace", cls=ChineseCommand)(trace)
    app.command("rivers", cls=ChineseCommand)(rivers)
    app.command("outfalls", cls=ChineseCommand)(outfalls)


def trace(
    start: PlaceArgument,
    up: UpOption = False,
    down: DownOption = False,
    velocity: VelocityOption = None,
    to: ToOption = "",
    at: AtOption = "",
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """沿河追踪：下游先后到达谁、几小时到、依次通知谁；或断面、水源地上游有哪些风险源。

    示例：cdgis trace E0003 --velocity 0.3:1.5
    """
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.assess_trace import assess_trace
    from cdgis.report.files.plain_tables import write_water

    if up and (down or to):
        raise UsageError("--up 不能与 --down、--to 同用：上溯列风险源，下行列受体")
    opened = open_here(workspace)
    with progress_bars(err_console, quiet=quiet) as progress:
        made = assess_trace(opened, start, at=at, up=up, velocity=velocity or "", target=to, progress=progress)
    written = write_water(made.tables, output_folder(out, f"reports/trace/{_folder(made.origin.id)}", opened), stamp=made.stamp)
    if not quiet:
        _say_trace(made, assumed=velocity is None)
        say("已写出 " + "、".join(str(path) for path in written))


def rivers(
    names: NamesArgument = None,
    velocity: VelocityOption = None,
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """一河一策一图：每条河一册（网页、Word、Excel），含平面图、条带图、沿河登记、风险源和联动次序。

    示例：cdgis rivers 甲河 乙河
    """
    from cdgis.report.rivers.publish import write_dossiers
    from cdgis.rivers.dossier import make_dossier
    from cdgis.rivers.trace import Velocity

    opened = open_here(workspace)
    target = output_folder(out, "reports/rivers", opened)
    speed = Velocity.parse(velocity or opened.settings.rivers.velocity)
    system, subjects = _load(workspace, quiet)
    wanted = names or sorted({str(name) for name in system.network.river if name})
    if not wanted:
        remedy = "请把河流的线（带名称）登记为 main_rivers 或 rivers；推导的河网由它们得名"
        raise NetworkError("河网里没有一条有名称的河，不能按河分册", remedy=remedy)
    made = [make_dossier(system, subjects, name, velocity=speed) for name in wanted]
    written = write_dossiers(made, target)
    if not quiet:
        for one in made:
            counties = f"过 {len(one.counties)} 个辖区"
            say(
                f"{one.name}　{one.length_km:.0f} 公里　{counties}　沿河 {len(one.structures)} 处　上游企业 {len(one.sources)} 家"
            )
        say(f"{system.method}　{system.gaps}")
        say(f"已写出 {len(written)} 个文件。请打开 {written[0]}")


def outfalls(
    point: PointOption = None,
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """入河排污口：是否在禁止、限制设置区域，到下游水源保护区和断面多远，各控制单元负荷与上限，尾水湿地备选。

    示例：cdgis outfalls --point 117.70,40.95
    """
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.save_measures import planned_places, save_outfalls

    planned, opened = planned_places(point or ()), open_here(workspace)
    target = output_folder(out, "reports/outfalls", opened)
    with progress_bars(err_console, quiet=quiet) as progress:
        system, tables, written = save_outfalls(opened, target, planned=planned, progress=progress)
    if not quiet:
        counts = tables["outfalls"]["zone_class"].value_counts()
        say(f"排口与排水企业 {len(tables['outfalls'])} 个：" + "，".join(f"{word} {n}" for word, n in counts.items()))
        over = tables["outfall_loads"]
        full = over.loc[over["share"] > 1, "control_unit"]
        say(f"申报化学需氧量超过上限的控制单元：{'、'.join(full) or '没有'}；未申报 {over['missing_count'].sum()} 家")
        for row in tables["outfalls"][tables["outfalls"]["name"].str.match(r"\d")].to_dict("records"):
            say(
                f"{row['outfall_id']} {row['name']}：{row['zone_class']} {row['zone_name']}　下游断面 {row['next_section']}"
            )
        say(f"注：{system.method}　{system.gaps}　{system.stamp}")
        say("已写出 " + "、".join(str(path) for path in written))


def _load(workspace: Path | None, quiet: bool) -> "tuple[RiverSystem, Subjects]":
    from cdgis.cli.terminal import progress_bars
    from cdgis.readers import read_subjects
    from cdgis.rivers.system import load_rivers

    opened = open_here(workspace)
    with progress_bars(err_console, quiet=quiet) as progress:
        return load_rivers(opened, progress=progress), read_subjects(opened)


def _folder(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)


def _say_trace(made: "Trace", *, assumed: bool) -> None:
    from rich.table import Table

    origin = made.origin
    say(f"{origin.name}　入河：{made.river}（离河 {origin.offset_m:.0f} 米）　{made.direction}　{made.stamp}")
    rows = made.tables["trace" if made.direction == FlowDirection.DOWN else "trace_sources"]
    table = Table(show_lines=False)
    downstream = made.direction == FlowDirection.DOWN
    table.add_column("次序", justify="right")
    for title in ("类别" if downstream else "档", "名称", "辖区"):
        table.add_column(title)
    for title in ("沿河公里", "到达（小时）"):
        table.add_column(title, justify="right")
    for row in rows.head(_SHOWN).to_dict("records"):
        first = (str(row["order"]), row["kind"]) if downstream else (str(row["rank"]), str(row["tier"]))
        where = row["jurisdiction"] if downstream else row["county"]
        table.add_row(
            *first, row["name"], where, f"{row['river_km']:.1f}", f"{row['time_low_h']:.1f}–{row['time_high_h']:.1f}"
        )
    out_console.print(table, markup=False)
    if len(rows) > _SHOWN:
        say(f"共 {len(rows)} 个，只列前 {_SHOWN} 个，其余见数据表")
    if downstream:
        notified = made.tables["trace_notify"]
        say("依次通知：" + " → ".join(f"{r.jurisdiction}（{r.river_km:.0f} 公里）" for r in notified.itertuples()))
    for note in (
        *made.notes,
        *(("流速为默认假设、未经实测，应急时请用 --velocity 给出实测值",) if assumed else ()),
    ):
        say(f"注：{note}")
