"""The workspace as it was when a report was made, put together from files that have the bytes the report names.

Only then can it be told what a change of law or layers has done and what somebody has written into the report: made
anew from its own inputs, an honest report comes out the same to the last row, and a forged one does not.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from cdgis.core.errors import CdgisError
from cdgis.core.scratch_folder import scratch_folder
from cdgis.core.written_files import REGISTER
from cdgis.readers.inputs import file_sha256
from cdgis.report.table_rows import records
from cdgis.results.assessment import Assessment
from cdgis.results.report_file import ReportFile
from cdgis.rules.workspace_rules import rule_files
from cdgis.workspace.settings import Workspace, open_workspace

SHIPPED = "cdgis/data"
"""What paths of files that come with the program begin with: no other version of them is at hand."""
REMEDY = "有旧文件的用 --file 给出（可给文件夹），即可分清是条文、图层变了还是报告被改；没有的请重新研判，不能作依据"
_MEASURED, _TOUCHING = ("overlaps", "ledger"), ("inside", "crosses")
"""Tables that say where a subject lies whatever the law, and relations that no rule's distance decides."""

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
Found = tuple[Workspace | None, tuple[str, ...]]


@contextmanager
def workspace_of(report: ReportFile, fresh: Assessment, workspace: Workspace, files: Sequence[Path]) -> Iterator[Found]:
    """Give the workspace with every file as the report names it, while the block lasts; or None, and what is missing.

    Parameters
    ----------
    fresh : the same request made anew from the workspace of today.
    files : files and folders in which bytes of another day may be found.
    """
    if report.content["version"] != fresh.version:
        yield None, (f"软件版本 {report.content['version']}",)
        return
    now = {(r.kind, r.layer, r.path): r.sha256 for r in fresh.inputs}
    shelf = [path for place in files for path in (sorted(place.rglob("*")) if place.is_dir() else [place])]
    found: dict[str, Path] = {}
    missing: list[str] = []
    for row in report.content["inputs"]:
        name = str(row["path"])
        if not name or not row["sha256"] or now.get((row["kind"], row["layer"], name)) == row["sha256"]:
            continue
        places = () if name.startswith(SHIPPED) or not _is_inside(name) else (workspace.root / name, *shelf)
        there = next((path for path in places if path.suffix == Path(name).suffix and _has(path, str(row["sha256"]))), None)
        if there is None:
            missing.append(f"{row['layer']}（{name}，SHA-256 {str(row['sha256'])[:12]}…）")
        else:
            found[name] = there
    if missing:
        yield None, tuple(missing)
        return
    with scratch_folder() as scratch:
        _put_together(workspace, report.content["inputs"], found, scratch)
        try:
            then = open_workspace(scratch)
        except CdgisError as err:
            yield None, (str(err),)
            return
        yield then, ()


def measured_rows(report: ReportFile, fresh: Assessment) -> tuple[Rows, Rows]:
    """Return what a report and `fresh` measured on layers whose file is the same, table -> rows: no change of law reaches these."""
    if report.content["version"] != fresh.version:
        return {}, {}
    old = {row["layer"]: row["sha256"] for row in report.content["inputs"] if row["kind"] == "layer"}
    same = {r.layer for r in fresh.inputs if r.kind == "layer" and old.get(r.layer) == r.sha256}
    sure = {spec.id for spec in fresh.catalog if spec.id in same and (not spec.coverage or spec.coverage in same)}

    def rows(table: str, of: Iterable[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Return the rows on layers that are the same, of overlaps those that touch."""
        return [row for row in of if row["layer"] in sure and (table != "overlaps" or row["relation"] in _TOUCHING)]

    new = {name: records(fresh.tables[name]) for name in _MEASURED if name in fresh.tables}
    return (
        {name: rows(name, report.rows(name)) for name in _MEASURED},
        {name: rows(name, (row for row in new.get(name, []) if row["subject_id"] == report.subject_id)) for name in _MEASURED},
    )


def _put_together(workspace: Workspace, rows: Iterable[Mapping[str, Any]], found: Mapping[str, Path], root: Path) -> None:
    named = {str(row["path"]) for row in rows}
    unknown = {path for path in rule_files(workspace.root) if workspace.relative(path) not in named}
    for path in _files_of(workspace, named):
        if path not in unknown:
            _lay(path, root / path.relative_to(workspace.root))
    for name, path in found.items():
        for part in sorted(path.parent.glob(f"{path.stem}.*")) if path.suffix == ".shp" else [path]:
            _lay(part, (root / name).with_suffix(part.suffix))


def _files_of(workspace: Workspace, named: Iterable[str]) -> Iterator[Path]:
    """Yield the files in those folders of the workspace that inputs come from; folders that cdgis wrote are left out."""
    tops = {Path(name).parts[0] for name in chain(named, [workspace.settings.catalog]) if _is_inside(name)}
    for top in sorted(tops):
        place = workspace.root / top
        if place.is_file():
            yield place
            continue
        written = {register.parent for register in place.rglob(REGISTER)}
        yield from (path for path in sorted(place.rglob("*")) if path.is_file() and not written.intersection(path.parents))


def _lay(path: Path, target: Path) -> None:
    """Put the file at `target` in place of what is there: linked where the disk can, for layers may be large."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
        return
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, target)


def _is_inside(name: str) -> bool:
    """Return whether a path as reports write it stays below the folder it is relative to."""
    path = Path(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _has(path: Path, digest: str) -> bool:
    return path.exists() and file_sha256(path) == digest
