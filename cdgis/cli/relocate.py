"""The command for moving enterprises: `cdgis relocate`, with what-if options."""

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
    write_all,
)
from cdgis.cli.words import ChineseCommand
from cdgis.core.calendar_days import parse_date
from cdgis.core.errors import UsageError

CloseOption = Annotated[list[str] | None, typer.Option("--close", metavar="园区", help="假设关闭这个园区（编号或名称），可多次")]
CapOption = Annotated[
    list[str] | None, typer.Option("--cap", metavar="园区=公顷", help="假设这个园区的剩余用地为若干公顷，可多次")
]
WeightsOption = Annotated[Path | None, typer.Option("--weights", metavar="文件", help="替换权重的 TOML 文件")]
FreeOption = Annotated[list[str] | None, typer.Option("--free", metavar="企业编号", help="为这家企业在本县自由选址，可多次")]


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command("relocate", cls=ChineseCommand)(relocate)


def relocate(
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    close: CloseOption = None,
    cap: CapOption = None,
    weights: WeightsOption = None,
    free: FreeOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """只判定企业：谁该搬迁、改造或关停，谁先谁后，搬到哪里，能带来什么。

    示例：cdgis relocate --out reports/搬迁 --close 示例园区B --cap 示例园区L=80
    """
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.assess_relocation import assess_relocation
    from cdgis.relocation.plan import WhatIf
    from cdgis.relocation.policy import read_weights

    opened = open_here(workspace)
    target = output_folder(out, "reports", opened)
    wanted = WhatIf(
        closed=tuple(close or ()), spare_ha=_hectares(cap or []), weights=read_weights(weights) if weights else {},
        free=tuple(free or ()),
    )  # fmt: skip
    with progress_bars(err_console, quiet=quiet) as progress:
        assessment = assess_relocation(opened, what_if=wanted, as_of=parse_date(as_of), jobs=jobs, progress=progress)
    write_all(assessment, target, jobs=jobs, quiet=quiet, strict=False)


def _hectares(pairs: list[str]) -> dict[str, float]:
    """Return {park: hectares} of options written ``park=number``.

    Raises
    ------
    UsageError : no equals sign, no number, or a negative one.
    """
    found = {}
    for pair in pairs:
        park, _, amount = pair.partition("=")
        try:
            found[park] = float(amount)
        except ValueError:
            found[park] = -1.0
        if not park or not found[park] >= 0:
            raise UsageError(f"--cap 读到“{pair}”，应为 园区=公顷，例如 --cap 示例园区L=80")
    return found
