"""The commands on further measures: re-use of derelict land, synergy of pollutants and carbon."""

from pathlib import Path
from typing import Annotated

import typer

from cdgis.cli.options import (
    AsOfOption,
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
from cdgis.cli.words import ChineseCommand
from cdgis.core.calendar_days import parse_date

TableArgument = Annotated[
    Path, typer.Argument(metavar="表", help="前后对照表（CSV/XLSX）：编号、物质、基期、末期，可有园区、县区")
]
WeightsOption = Annotated[
    str, typer.Option("--weights", metavar="名称", help="污染物当量的权重集：tax_equivalent、equal_mass")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command("reuse", cls=ChineseCommand)(reuse)
    app.command("synergy", cls=ChineseCommand)(synergy)


def reuse(
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """受损土地再利用：废弃矿山、沉陷区、填埋场、污染地块可作生态空间、造林、光伏还是风电，排序并给出地图。

    示例：cdgis reuse --out reports/再利用
    """
    from cdgis.cli.terminal import progress_bars
    from cdgis.core.vocabulary import Admissibility
    from cdgis.pipelines.save_measures import save_reuse

    opened = open_here(workspace)
    target = output_folder(out, "reports/reuse", opened)
    with progress_bars(err_console, quiet=quiet) as progress:
        table, written = save_reuse(opened, target, as_of=parse_date(as_of), jobs=jobs, progress=progress)
    if not quiet:
        for option, rows in table.groupby("option", sort=False):
            counts = rows["admissible"].value_counts().reindex(list(Admissibility), fill_value=0)
            say(f"{option}：" + "，".join(f"{word} {n}" for word, n in counts.items()))
        say(f"已写出 {len(written)} 个文件。请打开 {written[0]}")


def synergy(
    table: TableArgument,
    weights: WeightsOption = "tax_equivalent",
    out: OutOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """减污降碳协同评估：由前后对照表给出方向、弹性、协同控制坐标和耦合协调度，按企业、园区、县区。

    示例：cdgis synergy layers/synergy/before_after.csv
    """
    from cdgis.carbon.synergy_assessment import assess_synergy
    from cdgis.report.files.plain_tables import write_water
    from cdgis.report.site.synergy_page import render_synergy
    from cdgis.results.data_status import stamp_of_names

    found = assess_synergy(table, weights=weights)
    stamp = stamp_of_names(found.table["name"])
    page = render_synergy(found, stamp=stamp).encode()
    written = write_water({"synergy": found.table}, out or Path("reports") / "synergy", stamp=stamp, files={"synergy.html": page})
    if quiet:
        return
    rows = found.table[found.table["pollutant"] == "APeq"]
    for level in ("全部", "县区", "园区", "企业"):
        counts = rows.loc[rows["level"] == level, "sign_class"].value_counts().sort_index()
        if len(counts):
            say(f"{level}：" + "，".join(f"{word} {count}" for word, count in counts.items()))
    say(f"污染物按“{found.weights.title}”折算（{found.weights.mark}）")
    say(f"已写出 {len(written)} 个文件。请打开 {written[0]}")
