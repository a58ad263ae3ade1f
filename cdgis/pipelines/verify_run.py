"""Verification that the pages and tables of a whole run follow from the workspace.

Pages of a run carry no record of their own: the run is asked for again and written to a folder of its own, and every
file must be the same, byte for byte. Answers do not depend on the clock, so nothing is excused.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cdgis.core.error_words import in_words
from cdgis.core.errors import CdgisError, ReportError
from cdgis.core.scratch_folder import scratch_folder
from cdgis.core.vocabulary import Grade
from cdgis.core.written_files import REGISTER
from cdgis.pipelines.repeat_request import Repeater, Then
from cdgis.pipelines.reported_inputs import REMEDY
from cdgis.pipelines.verification import Check, Verification, graded
from cdgis.pipelines.verify_report import unreadable_inputs
from cdgis.report.files.atomic_output import MARKER, interrupted
from cdgis.report.files.same_content import same_content
from cdgis.results.assessment import Assessment
from cdgis.results.differences import as_reported, input_faults, listed, setting_faults
from cdgis.results.report_file import ReportFile, is_day, is_input, is_request, is_table
from cdgis.workspace.settings import Workspace

RUN_FILE = "data/run.json"
_WHOLE = ("run", "relocate")
"""Commands that fill a folder of their own."""
_LIKE_OURS = (".html", ".htm", ".docx")
"""A file of these kinds that lies among a run's pages will be taken for one of them, so it is a fault."""

_OF_A_RUN = (".html", ".xlsx", ".gpkg", ".csv", ".qgz", ".parquet", ".tif", ".qml")
"""Files of a run that can be checked by themselves."""
Publish = Callable[[Assessment, Path], object]
"""Writes all files of a run into a folder."""


def read_output(folder: Path) -> Mapping[str, Any] | None:
    """Return run.json of an output folder, None when there is none.

    Raises
    ------
    ReportError : run.json is there but cannot be read, or is not what a command writes.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
        wrong = _deformed(content)
    except (OSError, ValueError, RecursionError) as err:
        raise ReportError(f"{path} 无法读取（{in_words(err)}）", remedy="请用写出它的命令（cdgis run、relocate 或 screen）重新生成") from err
    if wrong:
        raise ReportError(
            f"{path} 中 {'、'.join(wrong)} 不成样子，文件已被改动或不完整", remedy="请用写出它的命令（cdgis run、relocate 或 screen）重新生成"
        )
    found: Mapping[str, Any] = content
    return found


def _deformed(content: object) -> list[str]:
    """Return the parts of run.json that are not of the kind the checks go through."""
    if not isinstance(content, dict):
        return ["全文"]
    numbers, request = content.get("report_numbers"), content.get("request")
    sound = {
        "version": isinstance(content.get("version"), str),
        "as_of": is_day(content.get("as_of")),
        "settings": isinstance(content.get("settings"), dict),
        "inputs": is_table(content.get("inputs")) and all(is_input(row) for row in content["inputs"]),
        "report_numbers": isinstance(numbers, dict) and all(isinstance(n, str) for n in numbers.values()) and "" in numbers,
        "request": isinstance(request, dict) and is_request(request) and isinstance(request.get("command"), str),
    }
    return [name for name, is_sound in sound.items() if not is_sound]


def read_run(folder: Path) -> Mapping[str, Any] | None:
    """Return run.json of an output folder, None when it is not the folder of a whole run.

    Raises
    ------
    ReportError : as `read_output`.
    """
    content = read_output(folder)
    return content if content is not None and content["request"]["command"] in _WHOLE else None


def run_folder(path: Path) -> Path | None:
    """Return the folder of the run that `path` belongs to: the folder itself, its index.html, a page of sites/, a table."""
    candidates = [path] if path.is_dir() else [path.parent, path.parent.parent] if path.suffix in _OF_A_RUN else []
    return next((folder for folder in candidates if read_run(folder) is not None), None)


def verify_run(
    folder: Path, *, workspace: Workspace, publish: Publish, files: Sequence[Path] = (), only: Path | None = None, jobs: int = 1
) -> Verification:
    """Return what was checked about the output folder of `cdgis run` or `cdgis relocate`, and what differs.

    Parameters
    ----------
    files : files and folders with the bytes of another day, by which a change since can be told from a forgery.
    only : one page of the folder; the others are not compared.

    Raises
    ------
    ReportError : the folder is not that of a run.
    """
    run = read_run(folder)
    if run is None:
        raise ReportError(f"{folder} 没有 {RUN_FILE}，不是 cdgis run 或 relocate 的输出文件夹")
    report = ReportFile(path=folder / RUN_FILE, data=b"", content=run)
    number, again = str(run["report_numbers"][""]), Repeater(workspace, files=files, jobs=jobs)
    try:
        fresh = again.assessment(report)
    except CdgisError as err:
        checks = [Check(title="按原输入重新运行", faults=(f"无法重算：{err}",), grade=Grade.UNCHECKED)]
        return Verification(report_number=number, subject_id="", checks=tuple(checks))
    unread = unreadable_inputs(report, fresh)
    if unread:
        checks = [Check(title="按原输入重新运行", faults=unread, grade=Grade.UNCHECKED)]
        return Verification(report_number=number, subject_id="", checks=tuple(checks))
    checks = [*graded("输入文件的 SHA-256", input_faults(report, fresh)), *graded("设置与版本", setting_faults(report, fresh))]
    outdated = any(check.grade is Grade.OUTDATED and check.faults for check in checks)
    found, others = _compared(folder, as_reported(report, fresh), run, publish, only)
    if outdated and any(grades.get(Grade.CONTENT) for grades in found.values()):
        with again.as_then(report, fresh) as then:
            written = _compared(folder, then.assessment, run, publish, only)[0] if then.assessment else {}
        told = {title: explained(grades, written.get(title, {}), then) for title, grades in found.items()}
        found = {title: grades for title, (grades, _) in told.items()}
        checks += next(why for _, why in told.values())
    for title, grades in found.items():
        checks += graded(title, grades)
    if only is None and interrupted(folder):
        checks.append(Check(title="文件夹完整", faults=("上一次写出在更换文件时被中断，现有文件不全：请重新运行",)))
    subject = only.stem if only is not None and only.parent.name == "sites" else ""
    return Verification(report_number=number, subject_id=subject, checks=tuple(checks), unverified=tuple(others))


Graded = dict[Grade, list[str]]


def _compared(
    folder: Path, fresh: Assessment, run: Mapping[str, Any], publish: Publish, only: Path | None
) -> tuple[dict[str, Graded], list[str]]:
    """Return title -> how numbers and files differ from those of `fresh`, and the files nothing was compared with."""
    numbers = list(_number_faults(run["report_numbers"], fresh.report_numbers))
    found: dict[str, Graded] = {"报告编号与重算结果": {Grade.CONTENT: list(listed(iter(numbers)))} if numbers else {}}
    with scratch_folder() as scratch:
        written = scratch / "run"  # the scratch folder itself is locked, and writing locks what it writes into
        publish(fresh, written)
        found |= _files_compared(folder, written, only)
        return found, [] if only is not None else _unverified(folder, written)


def explained(found: Graded, written: Graded, then: Then) -> tuple[Graded, list[Check]]:
    """Return differences by what made them, and what else to say.

    Parameters
    ----------
    found : by grade, against the inputs of today, of which law, layers or versions have changed.
    written : by grade, against the very inputs of the report; these count where `then` could be made.
    """
    rest = dict(found)
    changed = rest.pop(Grade.CONTENT, [])
    if then.assessment is None:
        why = Check(title="输出所据的原文件", faults=(*then.missing, REMEDY), grade=Grade.UNCHECKED)
        return (rest | {Grade.UNCHECKED: changed} if changed else rest), [why]
    forged = written.get(Grade.CONTENT, [])
    return rest | ({Grade.CONTENT: forged} if forged else {Grade.OUTDATED: changed} if changed else {}), []


def _unverified(folder: Path, again: Path) -> list[str]:
    """Return the files in `folder` that nothing was compared with."""
    made = set(files_below(again))
    return [
        f"{name}：不是本次运行写出的文件"
        for name in files_below(folder)
        if name not in made and name != MARKER and not _looks_like_ours(name, made)
    ]


def _number_faults(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"{key or '整次运行'}：输出写 {old.get(key, '（无）')}，重算为 {new.get(key, '（无）')}"


def _files_compared(folder: Path, again: Path, only: Path | None) -> dict[str, Graded]:
    """Return title -> differences by grade, of the pages and of the tables."""
    if only is not None:
        name = only.resolve().relative_to(folder.resolve()).as_posix()
        kind = "页面" if name.endswith(_LIKE_OURS) else "文件"
        return {f"{kind} {name}": by_grade(different_files(folder, again, [name]))}
    made = {name for name in files_below(again) if name != REGISTER}
    names = made | {name for name in files_below(folder) if _looks_like_ours(name, made)}
    pages = sorted(name for name in names if name.endswith(_LIKE_OURS))
    parts = (("页面", pages), ("数据表与清单", sorted(names - set(pages))))
    return {f"{title} {len(part)} 个，逐字节": by_grade(different_files(folder, again, part)) for title, part in parts}


def by_grade(found: list[tuple[str, bool]]) -> Graded:
    """Return the sentences of `different_files` by grade."""
    grades: Graded = {}
    for sentence, same in found:
        grades.setdefault(Grade.BYTES if same else Grade.CONTENT, []).append(sentence)
    return grades


def _looks_like_ours(name: str, made: set[str]) -> bool:
    """Return whether readers would take a file for one of the run's: it is a page, or lies in a folder of the run."""
    folders = {other.split("/")[0] for other in made if "/" in other}
    return name.lower().endswith(_LIKE_OURS) or ("/" in name and name.split("/")[0] in folders)


def files_below(root: Path) -> list[str]:
    """Return the names of all files below an output folder, those of output folders inside it left out."""
    nested = [path.parent for path in root.rglob(REGISTER) if path.parent != root]
    return [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(path.is_relative_to(folder) for folder in nested)
    ]


def different_files(folder: Path, again: Path, names: list[str]) -> list[tuple[str, bool]]:
    """Return a sentence on each of the names that is missing on one side or has other bytes there, and whether it says the same."""
    found = []
    for name in names:
        old, new = folder / name, again / name
        if not new.is_file():
            found.append((f"{name}：重算没有这个文件，是别处来的或旧的", False))
        elif not old.is_file():
            found.append((f"{name}：输出文件夹里没有，应有", False))
        elif old.read_bytes() != new.read_bytes():
            if same_content(old, new):
                found.append((f"{name}：另存过，内容相同", True))
            else:
                found.append((f"{name}：{_first_difference(old.read_bytes(), new.read_bytes())}", False))
    return found


def _first_difference(old: bytes, new: bytes) -> str:
    place = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    around = slice(max(place - 12, 0), place + 24)
    written, made = (data[around].decode("utf-8", "ignore").replace("\n", " ") for data in (old, new))
    return f"第 {place + 1} 字节起不同：文件写“{written}”，重算为“{made}”"
