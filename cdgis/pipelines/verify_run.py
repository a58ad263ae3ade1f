"""Verification that the pages and tables of a whole run follow from the workspace.

Pages of a run carry no record of their own: the run is asked for again and written to a folder of its own, and every
file must be the same, byte for byte. Answers do not depend on the clock, so nothing is excused.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cdgis.errors import CdgisError, ReportError
from cdgis.pipelines.assess_city import assess_workspace
from cdgis.pipelines.assess_relocation import assess_relocation
from cdgis.pipelines.verify_report import Check, Verification
from cdgis.relocation.plan import WhatIf
from cdgis.results.assessment import Assessment
from cdgis.results.differences import input_faults, listed, setting_faults
from cdgis.results.report_file import ReportFile
from cdgis.workspace.settings import Workspace

RUN_FILE = "data/run.json"
_WHOLE = ("run", "relocate")
"""Commands that fill a folder of their own."""
_OURS = ("sites/", "data/")
"""Folders in which a file that a run does not write is a fault; elsewhere it is somebody's own."""

Publish = Callable[[Assessment, Path], object]
"""Writes all files of a run into a folder."""


def read_run(folder: Path) -> Mapping[str, Any] | None:
    """Return run.json of an output folder, None when it is not the folder of a whole run.

    Raises
    ------
    ReportError : run.json is there but cannot be read.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        command = content["request"]["command"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise ReportError(
            f"{path} 无法读取或不完整：{err!r:.80}", remedy="请用 cdgis run 或 relocate 重新生成"
        ) from err
    return content if command in _WHOLE else None


def run_folder(path: Path) -> Path | None:
    """Return the folder of the run that `path` belongs to: the folder itself, its index.html, or a page of sites/."""
    candidates = [path] if path.is_dir() else [path.parent, path.parent.parent] if path.suffix == ".html" else []
    return next((folder for folder in candidates if read_run(folder) is not None), None)


def verify_run(
    folder: Path, *, workspace: Workspace, publish: Publish, only: Path | None = None, jobs: int = 1
) -> Verification:
    """Return what was checked about the output folder of `cdgis run` or `cdgis relocate`, and what differs.

    Parameters
    ----------
    only : one page of the folder; the others are not compared.

    Raises
    ------
    ReportError : the folder is not that of a run.
    """
    run = read_run(folder)
    if run is None:
        raise ReportError(f"{folder} 没有 {RUN_FILE}，不是 cdgis run 或 relocate 的输出文件夹")
    report = ReportFile(path=folder / RUN_FILE, data=b"", content=run)
    number = str(run["report_numbers"][""])
    try:
        fresh = _again(report, workspace, jobs)
    except CdgisError as err:
        checks = [Check(title="按原输入重新运行", faults=(f"无法重算：{err}",))]
        return Verification(report_number=number, subject_id="", checks=tuple(checks))
    checks = [
        Check(title="输入文件的 SHA-256", faults=listed(input_faults(report, fresh))),
        Check(title="设置与版本", faults=listed(setting_faults(report, fresh))),
        Check(title="报告编号与重算结果", faults=listed(_number_faults(run["report_numbers"], fresh.report_numbers))),
    ]
    with tempfile.TemporaryDirectory(prefix="cdgis-verify-") as scratch:
        publish(fresh, Path(scratch))
        checks += _file_checks(folder, Path(scratch), only)
    subject = only.stem if only is not None and only.parent.name == "sites" else ""
    return Verification(report_number=number, subject_id=subject, checks=tuple(checks))


def _again(report: ReportFile, workspace: Workspace, jobs: int) -> Assessment:
    """Return what the folder's own command gives now, under the assumptions it was given."""
    request = report.request()
    if request.command == "relocate":
        what_if = WhatIf.of(request.what_if)
        return assess_relocation(workspace, what_if=what_if, as_of=report.as_of, jobs=jobs)
    return assess_workspace(workspace, as_of=report.as_of, jobs=jobs)


def _number_faults(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"{key or '整次运行'}：输出写 {old.get(key, '（无）')}，重算为 {new.get(key, '（无）')}"


def _file_checks(folder: Path, again: Path, only: Path | None) -> list[Check]:
    """Return one check for the pages and one for the tables."""
    if only is not None:
        name = only.resolve().relative_to(folder.resolve()).as_posix()
        return [Check(title=f"页面 {name}", faults=tuple(_file_faults(folder, again, [name])))]
    names = set(_written(again)) | {name for name in _written(folder) if name.startswith(_OURS)}
    pages = sorted(name for name in names if name.endswith(".html"))
    checks = []
    for title, part in (("页面", pages), ("数据表与清单", sorted(names - set(pages)))):
        checks.append(Check(title=f"{title} {len(part)} 个，逐字节", faults=listed(_file_faults(folder, again, part))))
    return checks


def _written(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.is_file()]


def _file_faults(folder: Path, again: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        old, new = folder / name, again / name
        if not new.is_file():
            yield f"{name}：重算没有这个文件，是别处来的或旧的"
        elif not old.is_file():
            yield f"{name}：输出文件夹里没有，应有"
        elif old.read_bytes() != new.read_bytes():
            yield f"{name}：{_first_difference(old.read_bytes(), new.read_bytes())}"


def _first_difference(old: bytes, new: bytes) -> str:
    place = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    around = slice(max(place - 12, 0), place + 24)
    written, made = (data[around].decode("utf-8", "ignore").replace("\n", " ") for data in (old, new))
    return f"第 {place + 1} 字节起不同：文件写“{written}”，重算为“{made}”"
