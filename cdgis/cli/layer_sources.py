"""The commands that bring layers in: `cdgis layers fetch`, `cdgis layers add` and `cdgis layers none`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cdgis.cli.options import DebugOption, QuietOption, WorkspaceOption, err_console, named_values, open_here, say
from cdgis.cli.words import ChineseCommand
from cdgis.core.errors import UsageError

if TYPE_CHECKING:
    from cdgis.pipelines.propose_layer import Proposal

EXIT_FAILED, EXIT_DIFFERS = 2, 1


def register(layers_app: typer.Typer) -> None:
    """Add the commands to `cdgis layers`."""
    layers_app.command("fetch", cls=ChineseCommand)(layers_fetch)
    layers_app.command("add", cls=ChineseCommand)(layers_add)
    layers_app.command("none", cls=ChineseCommand)(layers_none)


def layers_fetch(
    names: Annotated[list[str] | None, typer.Argument(metavar="图层…", help="图层编号，或 cdgis.toml 中 sources.fetch 下的名称")] = None,
    everything: Annotated[bool, typer.Option("--all", metavar="", help="取所有写了 url 的图层和对象")] = False,
    check: Annotated[bool, typer.Option("--check", metavar="", help="只比较：源端与快照有什么不同，不改文件；有不同时退出码为 1")] = False,
    workspace: WorkspaceOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """从 PostGIS、WFS、OGC API、ArcGIS 服务或文件夹取一次快照，存入工作区；只有这个命令用网络。

    示例：cdgis layers fetch ecological_redline　　cdgis layers fetch --all --check
    """
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.fetch_layers import fetch_layers

    if bool(names) == everything:
        raise UsageError("应写明图层编号，或写 --all", remedy="例如 cdgis layers fetch ecological_redline")
    opened = open_here(workspace)
    with progress_bars(err_console, quiet=quiet) as progress:
        results = fetch_layers(opened, names or [], check=check, progress=progress)
    for result in results:
        head = "未取成" if result.failed else f"{result.features} 个要素"
        say(f"{result.name}（{result.path}）：{head}", style="bold red" if result.failed else "bold")
        for line in result.lines:
            say(f"  {line}")
    if any(result.failed for result in results):
        raise typer.Exit(EXIT_FAILED)
    if any(result.differs for result in results):
        raise typer.Exit(EXIT_DIFFERS)


def layers_add(
    source: Annotated[str, typer.Argument(metavar="文件或网址", help="矢量文件、文件夹或服务地址")],
    layer_id: Annotated[str, typer.Option("--as", metavar="图层", help="登记为哪个图层，如 ecological_redline")],
    profile: Annotated[str, typer.Option("--profile", metavar="规范", help="按哪个数据规范找字段（默认都试）")] = "",
    fields: Annotated[list[str] | None, typer.Option("--field", metavar="列=字段", help="指定字段，如 zone_id=HXBM")] = None,
    classes: Annotated[list[str] | None, typer.Option("--class", metavar="值=类别", help="指定类别，如 1=优先保护")] = None,
    title: Annotated[str, typer.Option("--title", metavar="名称", help="图层名称")] = "",
    theme: Annotated[str, typer.Option("--theme", metavar="主题", help="基础、三线、一单、主体功能、流域、修复、要素、碳汇")] = "",
    version: Annotated[str, typer.Option("--version", metavar="日期", help="内容的版本日期")] = "",
    origin: Annotated[str, typer.Option("--source", metavar="来源", help="谁给的、什么成果")] = "",
    licence: Annotated[str, typer.Option("--licence", metavar="许可", help="使用许可")] = "",
    official: Annotated[bool, typer.Option("--official", metavar="", help="这是官方成果")] = False,
    crs: Annotated[str, typer.Option("--crs", metavar="坐标系", help="文件没写坐标系时声明，如 EPSG:4527")] = "",
    coverage: Annotated[str, typer.Option("--coverage", metavar="图层", help="该图层在哪个面图层内有数据")] = "",
    sublayer: Annotated[str, typer.Option("--sublayer", metavar="名称", help="文件里的哪个图层")] = "",
    accuracy: Annotated[float | None, typer.Option("--accuracy", metavar="米", min=0, help="位置精度")] = None,
    yes: Annotated[bool, typer.Option("--yes", metavar="", help="不再询问，直接写入")] = False,
    workspace: WorkspaceOption = None,
    debug: DebugOption = False,
) -> None:
    """为文件或服务拟出目录条目：字段、类别、坐标系、范围各凭什么，确认后写入，不动目录里的其他内容和注释。

    示例：cdgis layers add 红线.shp --as ecological_redline --official --version 2023-06-30
    """
    from cdgis.pipelines.propose_layer import Wishes, accept, proposed_layer

    opened = open_here(workspace)
    texts = {"title": title, "theme": theme, "version": version, "source": origin, "licence": licence, "crs": crs, "coverage": coverage,
             "sublayer": sublayer}  # fmt: skip
    values: dict[str, str | bool | float] = {key: text for key, text in texts.items() if text}
    values |= {"official": True} if official else {}
    values |= {"accuracy_m": accuracy} if accuracy is not None else {}
    wishes = Wishes(
        layer_id=layer_id, profile=profile, values=dict(values),
        fields=named_values(fields or [], option="--field", example="zone_id=HXBM"),
        classes=named_values(classes or [], option="--class", example="1=优先保护"),
    )  # fmt: skip
    with proposed_layer(opened, source, wishes) as proposal:
        _show(proposal)
        if proposal.obstacles:
            raise typer.Exit(EXIT_FAILED)
        if not (yes or (sys.stdin.isatty() and typer.confirm("写入目录？"))):
            say("没有写入。核对无误后加 --yes 再运行一次")
            return
        accept(opened, proposal)
    say(f"已写入 {opened.settings.catalog} 的 [layers.{layer_id}]。请运行 cdgis layers check")


def layers_none(
    layer_ids: Annotated[list[str], typer.Argument(metavar="图层…", help="图层编号，如 seed_reserves；同一依据的可写多个")],
    basis: Annotated[str, typer.Option("--basis", metavar="依据", help="凭哪份文件或哪次核查")],
    by: Annotated[str, typer.Option("--by", metavar="单位", help="谁声明的，印在报告上")],
    on: Annotated[str, typer.Option("--date", metavar="日期", help="声明日期，如 2026-11-01")],
    title: Annotated[str, typer.Option("--title", metavar="名称", help="图层名称，目录里还没有时须写")] = "",
    official: Annotated[bool, typer.Option("--official", metavar="", help="这是主管部门的正式说明")] = False,
    workspace: WorkspaceOption = None,
    debug: DebugOption = False,
) -> None:
    """声明本市没有某一类区：依据、声明人和日期写入目录并印在每份报告上，覆盖范围内按未压占计。没有声明的缺图层仍是资料不足。

    示例：cdgis layers none wetlands --basis "湿地名录（2025）" --by 市林业局 --date 2026-03-01
    """
    from cdgis.core.calendar_days import parse_date
    from cdgis.pipelines.absent_layer import state_absent

    day = parse_date(on)
    if day is None:
        raise UsageError("没有写声明日期", remedy="例如 --date 2026-03-01")
    if title and len(layer_ids) > 1:
        raise UsageError("--title 只用于一个图层", remedy="请逐个声明")
    for layer_id in layer_ids:
        opened = open_here(workspace)
        spec = state_absent(opened, layer_id, basis=basis, by=by, on=day, official=official, title=title)
        say(f"已写入 {opened.settings.catalog} 的 [layers.{layer_id}]（{spec.title}）：{spec.statement}")


def _show(proposal: "Proposal") -> None:
    say(proposal.text)
    for head, lines in (("凭据", proposal.evidence), ("请核对", proposal.questions), ("不能写入", proposal.obstacles)):
        if lines:
            say(f"\n{head}", style="bold red" if lines is proposal.obstacles else "bold")
            for line in lines:
                say(f"  · {line}")
