"""The commands of packs: `cdgis pack list`, `new` and `add`."""

from pathlib import Path
from typing import Annotated

import typer

from cdgis.cli.options import DebugOption, WorkspaceOption, open_here, say
from cdgis.cli.words import ChineseCommand, ChineseGroup

pack_app = typer.Typer(cls=ChineseGroup, help="国家、省、市的规则和本地数据包。", no_args_is_help=True)


@pack_app.command("list", cls=ChineseCommand)
def pack_list(workspace: WorkspaceOption = None, debug: DebugOption = False) -> None:
    """列出本工作区使用的数据包：名称、适用的行政区划代码、版本、规则条数。

    示例：cdgis pack list
    """
    from cdgis.core.packs import current_packs, on_packs
    from cdgis.rules import load_rulebook

    open_here(workspace)
    packs = current_packs()
    for number, pack in enumerate(packs, start=1):
        with on_packs(packs[:number]):
            total = len(load_rulebook().rules)
        with on_packs(packs[: number - 1]):
            before = len(load_rulebook().rules)
        where = "、".join(pack.places) or "全国"
        say(f"{pack.id}（{pack.name}，{pack.level}级）：适用 {where}，版本 {pack.version}，规则 {total - before} 条")


@pack_app.command("new", cls=ChineseCommand)
def pack_new(
    name: Annotated[str, typer.Argument(metavar="名称", help="省或市的名称，如 湖南")],
    place: Annotated[str, typer.Option("--place", metavar="代码", help="行政区划代码的开头，如 43 或 4304")],
    workspace: WorkspaceOption = None,
    debug: DebugOption = False,
) -> None:
    """在工作区的 packs/ 下写一个空的数据包：清单、规则、文件日期和碳因子放在哪里。

    示例：cdgis pack new 湖南 --place 43
    """
    from cdgis.pipelines.new_pack import new_pack

    opened = open_here(workspace)
    pack = new_pack(opened, name, place)
    listed = "请把它加进 cdgis.toml 的 packs" if opened.settings.packs is not None else f"[place] code 以 {place} 开头的工作区自动使用"
    say(f"已写出 packs/{pack.id}/（{pack.level}级，上级 {'、'.join(pack.depends)}）。{listed}。填好规则后运行 cdgis rules check")


@pack_app.command("add", cls=ChineseCommand)
def pack_add(
    source: Annotated[Path, typer.Argument(metavar="文件夹", help="别人给的数据包，内有 pack.toml")],
    workspace: WorkspaceOption = None,
    debug: DebugOption = False,
) -> None:
    """把一个数据包放进工作区的 packs/：先核对它适用于本市、规则读得进，否则不放。

    示例：cdgis pack add 下载/湖南数据包
    """
    from cdgis.pipelines.new_pack import add_pack

    pack = add_pack(open_here(workspace), source)
    say(f"已放入 packs/{pack.id}/（{pack.name}，{pack.level}级，版本 {pack.version}）")
