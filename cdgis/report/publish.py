"""How do all outputs reach their folder, whole or not at all? (DESIGN 4.9, 6)

Everything is written to a hidden folder first, then moved to its place file by file; whatever an interruption
leaves is either the old file or the new one, never half of one.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from cdgis.assessment import Assessment
from cdgis.errors import ReportError
from cdgis.report.dossier import Dossier, gather_dossiers
from cdgis.report.mapview import build_map
from cdgis.report.overview import sum_up
from cdgis.report.page import render_index, render_site
from cdgis.report.sketch import draw_sketches
from cdgis.report.tables import write_tables
from cdgis.schema import TABLES

Progress = Callable[[str], None]
"""Called with the name of each thing that has been written."""


def write_reports(assessment: Assessment, out: Path, *, jobs: int = 1, progress: Progress | None = None) -> list[Path]:
    """Write index.html, sites/*.html and data/* into `out` and return their paths, sorted.

    Pages and tables of earlier runs that this run does not make are removed; other files stay. The bytes
    depend on the assessment alone, not on `out`, `jobs`, the current directory or the clock.

    Raises
    ------
    ReportError : the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with scratch_in(out) as scratch:
            _write_pages(assessment, scratch, jobs=max(jobs, 1), progress=progress or _silent)
            written = move_in(scratch, out)
            _remove_stale(out, written)
    except OSError as err:
        raise ReportError(
            f"无法写入输出文件夹 {out}：{err.strerror or err}。请检查权限、磁盘空间，并关闭正打开其中文件的程序后重试"
        ) from err
    return written


def _silent(item: str) -> None:
    """Take no notice of progress."""


@contextmanager
def scratch_in(out: Path) -> Iterator[Path]:
    """Give a hidden folder inside `out` that is gone afterwards, whatever happens."""
    # Inside `out`, not next to it: a rename is atomic only within one file system, and `out` may be a mount.
    scratch = Path(tempfile.mkdtemp(prefix=".cdgis-", dir=out))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write_pages(assessment: Assessment, scratch: Path, *, jobs: int, progress: Progress) -> None:
    write_tables(assessment, scratch / "data")
    progress("数据表")
    dossiers = gather_dossiers(assessment)
    index = render_index(
        assessment, dossiers, overview=sum_up(assessment, dossiers), view=build_map(assessment, dossiers)
    )
    (scratch / "index.html").write_bytes(index.encode("utf-8", "replace"))
    progress("总图")
    paged = [dossier for dossier in dossiers if dossier.page]
    sketches = draw_sketches(assessment, paged)
    (scratch / "sites").mkdir()

    def write_one(dossier: Dossier) -> str:
        text = render_site(assessment, dossier, sketches.get(dossier.subject["subject_id"]))
        (scratch / "sites" / dossier.page).write_bytes(text.encode("utf-8", "replace"))
        return dossier.page

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for page in pool.map(write_one, paged):
            progress(page)


def move_in(scratch: Path, out: Path) -> list[Path]:
    """Move all files of `scratch` to their places in `out` and return their new paths, sorted."""
    written = []
    for source in sorted(path for path in scratch.rglob("*") if path.is_file()):
        target = out / source.relative_to(scratch)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        written.append(target)
    return written


def _remove_stale(out: Path, written: list[Path]) -> None:
    current = set(written)
    candidates = [*out.glob("sites/*.html"), *(out / "data" / f"{name}.csv" for name in TABLES)]
    for path in candidates:
        if path not in current:
            path.unlink(missing_ok=True)
