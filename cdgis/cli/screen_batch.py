"""`cdgis screen` for parcels by the hundred thousand: GeoParquet in, tables in parts out, no pages."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cdgis.cli.options import err_console, out_console

if TYPE_CHECKING:
    from cdgis.workspace.settings import Workspace

PARQUET = (".parquet", ".geoparquet")


def is_batch(files: Sequence[Path], engine: str) -> bool:
    """Return whether files are to be judged part by part: asked for, or GeoParquet (files, or folders of them)."""
    return (
        engine == "dask"
        or bool(files)
        and all(path.suffix.lower() in PARQUET or (path.is_dir() and any(path.glob("*.parquet"))) for path in files)
    )


def screen_batch(
    workspace: "Workspace",
    files: Sequence[Path],
    declared: Mapping[str, str],
    out: Path,
    *,
    scheduler: str | None,
    distributed: bool,
    jobs: int,
    as_of: date | None,
    tolerance_m: float | None,
    quiet: bool,
) -> None:
    """Judge the parcels of GeoParquet files part by part, here or on a Dask cluster, and say what came of it."""
    from cdgis.cli.terminal import progress_bars
    from cdgis.core.folder_lock import folder_locked
    from cdgis.judging.batch import close_batch, hold_outlines_alone, judge_in_order, open_batch_folder, plan_batch
    from cdgis.judging.dask_batch import FORKS, judge_on_cluster
    from cdgis.readers.loading import load_workspace

    with (
        progress_bars(err_console, quiet=quiet) as progress,
        load_workspace(workspace, as_of=as_of, tolerance_m=tolerance_m, progress=progress) as loaded,
    ):
        job, parts = plan_batch(loaded, files, out, declared=declared)
        progress.stage("分块研判", len(parts))
        out.mkdir(parents=True, exist_ok=True)
        with folder_locked(out):
            open_batch_folder(out)
            if not distributed or (FORKS and not scheduler):
                hold_outlines_alone(job, parts, loaded, jobs=jobs if distributed else 1)
            if distributed:
                done = judge_on_cluster(job, parts, loaded, scheduler=scheduler or "", workers=jobs, progress=progress.step)
            else:
                done = judge_in_order(job, parts, loaded, progress=progress.step)
            summary = close_batch(job, parts, done)
    if not quiet:
        kept = sum(one.again for one in done)
        counts = summary["verdicts"]
        words = "，".join(f"{word} {count}" for word, count in counts.items()) if isinstance(counts, dict) else ""
        lines = [
            f"读入 {summary['read']} 块 = 研判 {summary['judged']} + 隔离 {summary['quarantined']}；"
            f"{len(parts)} 个分块，其中 {kept} 个沿用上次的结果",
            f"结论：{words}",
            f"结果按分块写入 {out / 'data'}（每表一个文件夹，Parquet）",
        ]
        out_console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
