"""The commands that look at the workspace itself: `cdgis layers …` and `cdgis rules …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from cdgis.cli.layer_sources import register as register_sources
from cdgis.cli.options import AsOfOption, DebugOption, WorkspaceOption, open_here, out_console, say
from cdgis.cli.words import ChineseCommand, ChineseGroup
from cdgis.core.calendar_days import parse_date

if TYPE_CHECKING:
    from cdgis.readers.loading import Loaded

layers_app = typer.Typer(cls=ChineseGroup, help="查看与检查图层。", no_args_is_help=True)
rules_app = typer.Typer(cls=ChineseGroup, help="查看、检查与解释规则。", no_args_is_help=True)

EXIT_FAULTS = 2


def _rules_of(workspace: Path | None) -> "Loaded":
    from cdgis.readers.loading import load_rules

    return load_rules(open_here(workspace))


@layers_app.command("list", cls=ChineseCommand)
def layers_list(workspace: WorkspaceOption = None, debug: DebugOption = False) -> None:
    """列出目录中的全部图层：主题、文件、版本、是否官方。

    示例：cdgis layers list
    """
    table = Table(title="图层目录", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("编号与文件", "名称"):
        table.add_column(head, overflow="fold")
    for head in ("主题", "版本", "官方", "精度/米"):
        table.add_column(head, no_wrap=True)
    for spec in open_here(workspace).catalog.layers.values():
        official = "是" if spec.official else "否"
        accuracy = f"{spec.accuracy_m:g}" if spec.accuracy_m else "—"
        where = f"[bold]{escape(spec.id)}[/]\n[bright_black]{escape(spec.path or spec.statement)}[/]"
        table.add_row(where, escape(spec.title), spec.theme, spec.version, official, accuracy)
    out_console.print(table)


@layers_app.command("check", cls=ChineseCommand)
def layers_check(workspace: WorkspaceOption = None, debug: DebugOption = False) -> None:
    """检查目录中每个图层的内容：矢量、表、栅格、小班和预存的水流；有问题则退出码为 2。

    示例：cdgis layers check
    """
    from cdgis.pipelines.check_workspace import check_workspace

    checked = check_workspace(open_here(workspace))
    faults = checked.faults
    if not faults:
        out_console.print(f"[green]{checked.summary}，未发现问题。[/]")
        return
    table = Table(title=f"{checked.summary}，发现 {len(faults)} 处问题", title_justify="left", show_lines=False)
    for head in ("图层", "区/要素", "问题", "处理办法"):
        table.add_column(head, overflow="fold")
    for fault in faults:
        problem = f"[bold red]{escape(fault.problem)}[/]" if fault.grave else escape(fault.problem)
        table.add_row(escape(fault.layer), escape(fault.zone_id), problem, escape(fault.remedy))
    out_console.print(table)
    raise typer.Exit(EXIT_FAULTS)


register_sources(layers_app)


@layers_app.command("prepare", cls=ChineseCommand)
def layers_prepare(workspace: WorkspaceOption = None, debug: DebugOption = False) -> None:
    """由高程推导水流一次，存在高程文件旁；以后的研判直接读取，结果逐字节相同。换了高程后再运行一次。

    示例：cdgis layers prepare
    """
    from cdgis.rivers.system import keep_flow_of

    opened = open_here(workspace)
    path = keep_flow_of(opened)
    out_console.print(f"已写出 {opened.relative(path)}（{path.stat().st_size / 1e6:.1f} MB）")


@rules_app.command("list", cls=ChineseCommand)
def rules_list(workspace: WorkspaceOption = None, as_of: AsOfOption = None, debug: DebugOption = False) -> None:
    """列出基准日在效的规则（不含各单元准入清单的逐条条款）。

    示例：cdgis rules list --as-of 2026-11-01
    """
    from cdgis.rules.rule_span import checked_day

    loaded = _rules_of(workspace)
    day = checked_day(parse_date(as_of) or loaded.as_of)
    table = Table(title=f"{day} 在效规则", title_justify="left")
    for head in ("编号", "层级", "效力", "标题", "依据", "出处"):
        table.add_column(head, overflow="fold")
    rules = [rule for rule in loaded.rulebook.in_force(day) if not rule.zone_ids]
    for rule in rules:
        effect = "人工判定" if rule.manual else str(rule.effect)
        table.add_row(rule.id, str(rule.level), effect, escape(rule.title), escape(rule.basis_text), str(rule.mark))
    out_console.print(table)
    clauses = sum(bool(rule.zone_ids) for rule in loaded.rulebook.in_force(day))
    out_console.print(f"共 {len(rules)} 条；另有单元准入清单条款 {clauses} 条。")


@rules_app.command("check", cls=ChineseCommand)
def rules_check(workspace: WorkspaceOption = None, debug: DebugOption = False) -> None:
    """检查规则库：编号、日期、图层、属性、行业代码、依据、互相矛盾与永不可达。有问题则退出码为 2。

    示例：cdgis rules check
    """
    from cdgis.rules.attributes import load_attributes
    from cdgis.rules.check import check_rules
    from cdgis.rules.industry import codes

    loaded = _rules_of(workspace)
    classes = {spec.id: spec.allowed_classes for spec in loaded.workspace.catalog.layers.values()}
    problems = check_rules(loaded.rulebook, classes, load_attributes(), codes())
    if problems:
        for problem in problems:
            out_console.print(f"[red]·[/] {escape(problem)}", highlight=False)
        raise typer.Exit(EXIT_FAULTS)
    out_console.print(f"[green]检查了 {len(loaded.rulebook.rules)} 条规则，未发现问题。[/]")


@rules_app.command("explain", cls=ChineseCommand)
def rules_explain(
    rule_id: Annotated[str, typer.Argument(metavar="编号", help="规则编号，如 WS-01-2026；或活动类型，如 A02")],
    workspace: WorkspaceOption = None,
    debug: DebugOption = False,
) -> None:
    """用一句话解释一条规则，并给出依据与施行日期；给出活动类型时列出与它有关的规则。

    示例：cdgis rules explain WS-01-2026　　cdgis rules explain A02
    """
    from cdgis.core.vocabulary import ACTIVITIES
    from cdgis.report.screening.phrases import wording
    from cdgis.rules.attributes import load_attributes
    from cdgis.rules.rule_text import explain_activity, explain_rule

    loaded = _rules_of(workspace)
    if rule_id in ACTIVITIES:
        text = explain_activity(rule_id, wording()["activity"].get(rule_id, ""), loaded.rules)
        say(text)
        return
    titles = {spec.id: spec.title for spec in loaded.workspace.catalog.layers.values()}
    text = explain_rule(loaded.rulebook.get(rule_id), layer_titles=titles, attributes=load_attributes())
    say(text)
