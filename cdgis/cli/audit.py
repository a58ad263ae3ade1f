"""The commands of those who check: review, verify, compare, and the rules in Excel."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cdgis.cli.options import (
    DebugOption,
    JobsOption,
    OutOption,
    QuietOption,
    WorkspaceOption,
    err_console,
    open_here,
    output_folder,
    say,
)
from cdgis.cli.status import status
from cdgis.cli.verify import verify
from cdgis.cli.words import ChineseCommand
from cdgis.core.calendar_days import parse_date
from cdgis.core.errors import ReaderError, ReportError, UsageError, os_reason
from cdgis.core.regular_files import read_regular
from cdgis.core.vocabulary import LIST_SEPARATOR

_LISTED = 12
"""Changed verdicts told in the terminal; the table has all."""

ReportArgument = Annotated[Path, typer.Argument(metavar="报告", help="cdgis screen 写出的报告（.html 或 .json）")]


def register(app: typer.Typer, rules_app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command("review", cls=ChineseCommand)(review)
    app.command("verify", cls=ChineseCommand)(verify)
    app.command("status", cls=ChineseCommand)(status)
    app.command("compare", cls=ChineseCommand)(compare)
    rules_app.command("export", cls=ChineseCommand)(rules_export)
    rules_app.command("import", cls=ChineseCommand)(rules_import)
    rules_app.command("diff", cls=ChineseCommand)(rules_diff)


def review(
    report: ReportArgument,
    finding: Annotated[str, typer.Option("--finding", metavar="编号", help="所复核的规则编号，如 WS-01-2026")],
    decision: Annotated[str, typer.Option("--decision", metavar="意见", help="同意/不同意/符合/不符合/补充材料")],
    reason: Annotated[str, typer.Option("--reason", metavar="文字", help="理由")],
    officer: Annotated[str, typer.Option("--officer", metavar="姓名", help="复核人")],
    day: Annotated[str | None, typer.Option("--date", metavar="日期", help="复核日期 YYYY-MM-DD（默认今天）")] = None,
    zone: Annotated[str, typer.Option("--zone", metavar="编码", help="意见只针对其中一个区时指明")] = "",
    debug: DebugOption = False,
) -> None:
    """对报告中的一条结果登记复核意见：只追加，不改原结果；报告并列显示两者。

    示例：cdgis review reports/P-001.html --finding WS-01-2026 --decision 不同意 --reason 现场核实在区外 --officer 张三
    """
    from cdgis.pipelines.verify_folder import report_writers
    from cdgis.report.screening.review_update import update_report
    from cdgis.results.review_journal import Review, append_review

    # The day of an officer's act is an input, so the clock may supply it; nothing computed depends on it.
    decided_on = (parse_date(day) or date.today()).isoformat()
    made = Review(
        rule_id=finding, decision=decision, reason=reason, officer=officer, decided_on=decided_on, zone_id=zone
    )
    journal, written = update_report(
        report,
        lambda read, path: append_review(
            path, made, report_number=read.number, subject_id=read.subject_id, findings=read.rows("findings")
        ),
        writers=report_writers(),
    )
    say(f"已登记第 {journal.length} 条复核意见；链首 {journal.head}")
    for path in written:
        say(f"已更新 {path}")


def compare(
    old: Annotated[Path, typer.Argument(metavar="旧版", help="图层文件，或工作区目录")],
    new: Annotated[Path, typer.Argument(metavar="新版", help="同一图层的另一版文件，或另一工作区目录")],
    layer: Annotated[
        str, typer.Option("--layer", metavar="编号", help="两个文件是目录中哪个图层的两版（默认按路径或文件名判断）")
    ] = "",
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """比较区划的两个版本：哪些区变了类别或界线，哪些项目和企业的结论因此改变。

    示例：cdgis compare layers/redlines/ecological_redline.gpkg 新版/ecological_redline.gpkg
    """
    from cdgis.cli.terminal import progress_bars
    from cdgis.judging.compare_versions import compare_versions
    from cdgis.report.site.comparison_page import write_comparison
    from cdgis.workspace.settings import SETTINGS_FILE

    is_folder = (old / SETTINGS_FILE).is_file() and (new / SETTINGS_FILE).is_file()
    opened = None if is_folder else open_here(workspace)
    home = opened or open_here(new)
    target = output_folder(out, "reports/compare", home, files=() if is_folder else (old, new))
    with progress_bars(err_console, quiet=quiet) as progress:
        found = compare_versions(old, new, workspace=opened, layer=layer, jobs=jobs, progress=progress)
    written = write_comparison(found, target)
    if not quiet:
        say(f"变更的区 {len(found.zones)} 个；重新判定 {found.judged_count} 个对象，结论变更 {len(found.verdicts)} 个")
        for row in found.verdicts.head(_LISTED).to_dict("records"):
            why = row["zone_ids"] or f"规则 {row['rule_ids']}"
            say(
                f"　{row['subject_id']} {row['name']}：{_with(row['old_verdict'], row['old_caveats'])}"
                f" → {_with(row['new_verdict'], row['new_caveats'])}（{why.replace(LIST_SEPARATOR, '、')}）"
            )
        if len(found.verdicts) > _LISTED:
            say(f"　其余 {len(found.verdicts) - _LISTED} 个见 changes_verdicts.csv")
        say("已写出 " + "、".join(map(str, written)))


def _with(verdict: str, caveats: str) -> str:
    return verdict + (f"〔{caveats.replace(LIST_SEPARATOR, '；')}〕" if caveats else "")


def rules_export(
    file: Annotated[Path, typer.Argument(metavar="文件", help="要写出的文件：.xlsx、.json、.dmn 或 .html")],
    workspace: WorkspaceOption = None,
    debug: DebugOption = False,
) -> None:
    """导出规则，格式由后缀定：Excel（可改后导入）、JSON（可导入，附 schema）、DMN 决策表、网页“准入规则一览”。

    示例：cdgis rules export 准入规则一览.html
    """
    from cdgis.core.progress import Silent
    from cdgis.pipelines.rule_export import export_rules
    from cdgis.readers.loading import load_workspace

    if file.exists():
        raise ReportError(f"{file} 已存在，没有覆盖：里面可能有改好而未导入的规则", remedy="请换一个文件名，或先移走它")
    try:
        with load_workspace(open_here(workspace), as_of=None, progress=Silent()) as loaded:
            file.write_bytes(export_rules(loaded, file))
    except OSError as err:
        raise ReportError(f"无法写入 {file}：{os_reason(err)}", remedy="请检查权限，并关闭正打开它的程序") from err
    then = f"改好后运行 cdgis rules import {file}" if file.suffix.lower() in (".xlsx", ".json") else "准入清单条款另见其自己的表"
    say(f"已导出规则到 {file}。{then}")


def rules_import(
    file: Annotated[Path, typer.Argument(metavar="文件", help="由 cdgis rules export 导出、改好的 XLSX 或 JSON")],
    workspace: WorkspaceOption = None,
    debug: DebugOption = False,
) -> None:
    """从 Excel 或 JSON 导入规则：逐行校验，全部通过才写入工作区 rules/workspace.toml；程序自带的规则文件不动。

    示例：cdgis rules import 规则.xlsx
    """
    from cdgis.pipelines.rule_import import import_rules
    from cdgis.readers.loading import load_rules

    loaded = load_rules(open_here(workspace))
    try:
        data = read_regular(file)
    except OSError as err:
        raise ReaderError(f"无法读取 {file}：{os_reason(err)}") from err
    result = import_rules(loaded, data, name=file.name)
    counts = f"新增 {len(result.added)} 条，修改 {len(result.changed)} 条，未变 {result.unchanged_count} 条"
    say(f"{counts}；已写入 {result.path}")
    if result.added or result.changed:
        say("　" + "、".join((*result.added, *result.changed)))
    if result.absent:
        say(f"表中未列 {len(result.absent)} 条，仍按原样有效；要停用请在 cdgis.toml 的 rules_off 中写明编号和理由")


def rules_diff(
    before: Annotated[str, typer.Option("--from", metavar="日期", help="前一日 YYYY-MM-DD")],
    after: Annotated[str, typer.Option("--to", metavar="日期", help="后一日 YYYY-MM-DD")],
    folder: Annotated[
        Path | None, typer.Argument(metavar="工作区", help="给出时另按两日的规则各判一次，列出结论改变的对象")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="文件", help="另写成 .csv、.xlsx 或 .html")
    ] = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """列出两日之间开始、失效、变更的规则；给出工作区时，连同结论因此改变的项目和企业。

    示例：cdgis rules diff --from 2026-08-14 --to 2026-11-01 .
    """
    from cdgis.cli.terminal import progress_bars
    from cdgis.core.packs import on_packs, shipped_packs
    from cdgis.pipelines.rule_differences import judged_differences, rule_differences, write_differences
    from cdgis.readers.loading import load_workspace
    from cdgis.rules import load_rulebook

    days = _day(before, "--from"), _day(after, "--to")
    with progress_bars(err_console, quiet=quiet or folder is None) as progress:
        if folder is None:
            with on_packs(tuple(shipped_packs().values())):
                found = rule_differences(load_rulebook(), *days)
        else:
            found = judged_differences(
                load_workspace(open_here(folder), as_of=days[1], progress=progress), *days, progress=progress
            )
    contents = write_differences(found, out) if out else {}
    for row in found.rules.to_dict("records"):
        effect = " → ".join(dict.fromkeys(filter(None, (row["old_effect"], row["new_effect"]))))
        what = f"（{row['what'].replace(LIST_SEPARATOR, '、')}）" if row["what"] else ""
        say(f"{row['day']} {row['change']} {row['rule_id']} {effect} {row['title']}{what}")
    say(f"共 {len(found.rules)} 条")
    if found.verdicts is not None:
        for row in found.verdicts.to_dict("records"):
            rules = row["rule_ids"].replace(LIST_SEPARATOR, "、")
            say(f"　{row['subject_id']} {row['name']}：{row['old_verdict']} → {row['new_verdict']}（{rules}）")
        say(f"判定 {found.judged_count} 个对象，结论改变 {len(found.verdicts)} 个")
    _write_new(contents)


def _day(text: str, option: str) -> date:
    day = parse_date(text)
    if day is None:
        raise UsageError(f"{option} 没有写日期", remedy="应为 YYYY-MM-DD")
    return day


def _write_new(contents: Mapping[Path, bytes]) -> None:
    """Write files where there are none yet."""
    for path in contents:
        if path.exists():
            raise ReportError(f"{path} 已存在，没有覆盖", remedy="请换一个文件名，或先移走它")
    for path, content in contents.items():
        try:
            path.write_bytes(content)
        except OSError as err:
            raise ReportError(f"无法写入 {path}：{os_reason(err)}", remedy="请检查权限，并关闭正打开它的程序") from err
        say(f"已写出 {path}")
