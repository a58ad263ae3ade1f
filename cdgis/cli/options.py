"""The options every command shares, and what every command does first and last."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cdgis.core.errors import UsageError

if TYPE_CHECKING:
    from cdgis.core.beside import Other
    from cdgis.results.assessment import Assessment
    from cdgis.workspace.settings import Workspace

EXIT_STRICT = 1
out_console = Console()
err_console = Console(stderr=True)


def folder_named(text: str) -> Path:
    """Return a folder given on the command line.

    Raises
    ------
    UsageError : nothing was given, which would mean the current directory.
    """
    if not text.strip() or "\x00" in text:
        raise UsageError("目录名是空的", remedy="请写明目录；要用当前目录请写 .")
    return Path(text)


def finite(value: float | None) -> float | None:
    """Return a number given on the command line.

    Raises
    ------
    UsageError : it is infinite or no number.
    """
    if value is not None and not math.isfinite(value):
        raise UsageError(f"读到 {value}，应为有限的数")
    return value


WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", metavar="目录", parser=folder_named, help="工作区目录（默认：当前目录或最近的上级）"),
]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="目录", parser=folder_named, help="输出目录")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", metavar="日期", help="判定基准日 YYYY-MM-DD（默认取工作区设置）")]
JobsOption = Annotated[int, typer.Option("--jobs", metavar="整数", min=1, help="并行线程数，不影响结果")]
QuietOption = Annotated[bool, typer.Option("--quiet", metavar="", help="不显示进度与汇总")]
DebugOption = Annotated[bool, typer.Option("--debug", metavar="", help="出错时显示程序堆栈")]


def _uncached(context: typer.Context, wanted: bool) -> bool:
    if wanted:
        from cdgis.readers.prepared_layers import without_prepared

        context.with_resource(without_prepared())
    return wanted


NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", metavar="", callback=_uncached, help="逐个读取图层，不用也不写备好的图层（.cdgis-cache）；结果相同")
]
StrictOption = Annotated[bool, typer.Option("--strict", metavar="", help="有“不符合”“资料不足”或未能读入的文件时以退出码 1 结束")]


_LARGE_BYTES = 2_000_000
"""Size of the files below layers/ from which a second process is worth starting before anything is read."""


def open_here(workspace: Path | None) -> "Workspace":
    """Return the workspace given, or the one the current directory lies in."""
    from cdgis.core.packs import set_packs
    from cdgis.geometry.planes import set_planes
    from cdgis.readers.place_extent import planes_of
    from cdgis.workspace.pack_choice import packs_of
    from cdgis.workspace.settings import find_workspace, open_workspace

    opened = open_workspace(workspace if workspace is not None else find_workspace(Path.cwd()))
    set_planes(partial(planes_of, opened))
    set_packs(packs_of(opened))
    return opened


def begin_early(other: "Other", workspace: Path | None) -> None:
    """Let `other` load the libraries while this process loads them, where the workspace looks large; a wrong guess costs time alone."""
    from cdgis.core.beside import load
    from cdgis.core.freed_memory import share_one_pool

    files = ((workspace or Path()) / "layers").glob("*/*")
    try:
        large = sum(file.stat().st_size for file in files) >= _LARGE_BYTES
    except OSError:
        return
    if large:
        share_one_pool()  # before the thread that takes the answers begins
        other.begin(load, "cdgis.readers")


def output_folder(out: Path | None, default: str, workspace: "Workspace", *, files: Sequence[Path] = ()) -> Path:
    """Return the folder given, or the workspace's `default`, after checking that nothing read lies there.

    Raises
    ------
    UsageError : outputs would lie among inputs.
    """
    from cdgis.pipelines.output_folder import checked_output

    return checked_output(out if out is not None else workspace.root / default, workspace, files=files)


def say(text: str, style: str = "") -> None:
    """Print a line as it stands: nothing in it is markup, and it is not broken."""
    out_console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def assess_all(opened: "Workspace", *, as_of: str | None, jobs: int, quiet: bool) -> "Assessment":
    """Do the whole job of a workspace, telling how far it has come."""
    from cdgis.cli.terminal import progress_bars
    from cdgis.core.calendar_days import parse_date
    from cdgis.core.freed_memory import share_one_pool
    from cdgis.pipelines.assess_city import assess_workspace

    share_one_pool()
    with progress_bars(err_console, quiet=quiet) as progress:
        return assess_workspace(opened, as_of=parse_date(as_of), jobs=jobs, progress=progress)


def write_all(assessment: "Assessment", out: Path, *, jobs: int, quiet: bool, strict: bool) -> None:
    """Write the overview, every page and every table into `out`, and say what came of it."""
    from cdgis.cli.summary import print_summary
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.save_assessment import save_assessment

    with progress_bars(err_console, quiet=quiet) as progress:
        written = save_assessment(assessment, out, jobs=jobs, progress=progress)
    if not quiet:
        print_summary(out_console, assessment, out, written)
    leave_strictly(assessment, strict=strict)


def leave_strictly(assessment: "Assessment", *, strict: bool) -> None:
    """Leave with exit code 1 when `strict` and something was judged 不符合 or 资料不足, or could not be judged at all."""
    from cdgis.core.vocabulary import WHOLE_FILE, IntakeStatus

    verdicts = set(assessment.tables["verdicts"]["verdict"])
    intake = assessment.tables["intake"]
    lost = intake[intake["status"] == IntakeStatus.QUARANTINED]
    unread = (lost["row"] == WHOLE_FILE).any() or (len(lost) > 0 and not verdicts)
    if strict and (unread or verdicts & {"不符合", "资料不足"}):
        raise typer.Exit(EXIT_STRICT)


def named_values(
    pairs: list[str], *, option: str = "--attr", example: str = "discharges_pollutants=是"
) -> dict[str, str]:
    """Return {name: value} of options written ``name=value``.

    Raises
    ------
    UsageError : one of them holds no equals sign.
    """
    broken = [pair for pair in pairs if "=" not in pair]
    if broken:
        raise UsageError(f"{option} 读到“{'、'.join(broken)}”，应为 名称=值，例如 {option} {example}")
    return dict(pair.split("=", 1) for pair in pairs)
