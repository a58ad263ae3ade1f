"""A desk's dossier opened in a worker: verified as `cdgis verify` does, its files sorted, its verdict asked for again."""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from cdgis.core.errors import DeskError
from cdgis.core.scratch_folder import scratch_folder
from cdgis.core.vocabulary import LIST_SEPARATOR, Grade
from cdgis.pipelines.given_sites import declared_texts
from cdgis.pipelines.repeat_request import Repeater
from cdgis.pipelines.session import Session
from cdgis.pipelines.verify_folder import report_writers, verify_dossier
from cdgis.readers.archives import unpack
from cdgis.results.report_file import read_report
from cdgis.web.tasks import declared_of, judge_sites, read_boundary

ABOUT, HISTORY = "案卷/案件.json", "案卷/经过.json"
_MOST_JSON = 8 << 20
_TEXTS = ("answers", "facts", "seen")


def receive_dossier(ws: Session, *, archive: str, out: str) -> dict[str, Any]:
    """Return what a dossier says, its boundary files put into ``out/files`` and its reports into ``out/report``.

    Raises
    ------
    DeskError : it is no dossier, `cdgis verify` does not accept it, or what it says of the case is not what its reports say.
    """
    _verify(ws, Path(archive))
    with scratch_folder() as scratch:
        unpack(Path(archive), scratch)
        about, events = _json(scratch / ABOUT, dict), _json(scratch / HISTORY, list)
        if any(not isinstance(about.get(name), dict) for name in _TEXTS):
            raise DeskError(f"{ABOUT} 缺 {'、'.join(_TEXTS)}", remedy="请给出研判台定稿写出的案卷 zip")
        reports = [read_report(path) for path in sorted(scratch.glob("*.json")) if not path.name.startswith(".")]
        labels = sorted({str(label) for report in reports for label in report.content["request"].get("files", ())})
        if not labels:
            raise DeskError("案卷里的报告没有写明边界文件", remedy="请给出研判台定稿写出的案卷 zip")
        _sort(scratch, {label.rpartition("/")[0] for label in labels}, Path(out))
    question: dict[str, Any] = {"folder": str(Path(out) / "files"), "names": sorted(path.name for path in (Path(out) / "files").iterdir())}
    found = read_boundary(ws, **question, answers=_blankless(about["answers"]))
    judged = judge_sites(ws, **question, answers=_blankless(about["answers"]), facts=about["facts"], seen=about["seen"])
    said = {str(report.content["subject_id"]): str(report.content["conclusion"]["verdict"]) for report in reports}
    numbers = {str(report.content["run_number"]) for report in reports}
    _agree(about, numbers, said, judged["sites"], [report.content["request"] for report in reports])
    outlines = [site["geometry"] for site in found["sites"] if site["geometry"]]
    return {
        "about": about, "events": events, "number": numbers.pop(), "verdict": judged["verdict"], "digest": found["digest"],
        "decisive": _decisive(events), "area_m2": found["area_m2"],
        "outline": outlines[0] if len(outlines) == 1 else {"type": "GeometryCollection", "geometries": outlines},
    }  # fmt: skip


def _verify(ws: Session, archive: Path) -> None:
    """Check a dossier as ``cdgis verify`` does; other bytes of the same content are no fault."""
    again = Repeater(ws.workspace)
    checked = list(verify_dossier(archive, again=again, writers=report_writers(), today=date.today()))
    faults = [
        f"{path.name}：{check.title}（{check.grade}）：{check.faults[0]}"
        for path, found in checked for check in found.checks if check.faults and check.grade is not Grade.BYTES
    ]  # fmt: skip
    if faults:
        more = f"；另有 {len(faults) - 3} 项" if len(faults) > 3 else ""
        raise DeskError(
            f"案卷核对不通过，没有收下：{'；'.join(faults[:3])}{more}",
            remedy="两处的图层或规则版本不同时也会这样：请把工作区更新到同一版本，或请原研判台重新定稿；全部条目用 cdgis verify 查看", status=409,
        )  # fmt: skip


def _json(path: Path, kind: type) -> Any:
    try:
        if path.stat().st_size > _MOST_JSON:
            raise DeskError(f"{path.name} 过大", remedy="请给出研判台定稿写出的案卷 zip")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as err:
        raise DeskError(f"案卷里没有可读的 案卷/{path.name}", remedy="请给出研判台定稿写出的案卷 zip") from err
    if not isinstance(found, kind):
        raise DeskError(f"案卷/{path.name} 的内容不是案件", remedy="请给出研判台定稿写出的案卷 zip")
    return found


def _sort(scratch: Path, folders: set[str], out: Path) -> None:
    """Put boundary files into ``out/files`` and everything else but the case's own account into ``out/report``."""
    files, report = out / "files", out / "report"
    files.mkdir()
    for folder in sorted(folders):
        for path in sorted((scratch / folder).iterdir() if folder else ()):
            if path.is_file():
                shutil.copy(path, files / path.name)
    tops = {folder.partition("/")[0] for folder in folders} | {"案卷"}
    shutil.copytree(scratch, report, ignore=lambda at, names: tops.intersection(names) if Path(at) == scratch else ())
    if not any(files.iterdir()):
        raise DeskError("案卷里没有边界文件", remedy="请给出研判台定稿写出的案卷 zip")


def _agree(
    about: Mapping[str, Any], numbers: set[str], said: Mapping[str, str], sites: Sequence[Mapping[str, Any]], requests: Sequence[Mapping[str, Any]]
) -> None:
    """Check that what the case says of itself is what the verified reports were asked and say: those alone were verified."""
    again = {site["subject_id"]: site["verdict"] for site in sites}
    declared = declared_texts(about["facts"].get("attributes"), **declared_of(about["facts"], about["answers"]))
    asked = all((request["declared"], request.get("seen", {})) == (declared, about["seen"]) for request in requests)
    if not asked or numbers != {str(about.get("report_number"))} or sorted(said.values()) != sorted(again.values()):
        raise DeskError(
            f"案卷/案件.json 的资料与报告不符：报告为 {LIST_SEPARATOR.join(said.values())}，照资料得 {LIST_SEPARATOR.join(again.values())}",
            remedy="案卷被改动过；请向原研判台重新索取", status=409,
        )  # fmt: skip


def _blankless(answers: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in answers.items() if value}


def _decisive(events: Sequence[Any]) -> list[str]:
    """Return what decided the case there, by its own account."""
    details = [event.get("detail") for event in events if isinstance(event, dict)]
    found = [detail["decisive"] for detail in details if isinstance(detail, dict) and isinstance(detail.get("decisive"), list)]
    return [str(line) for line in found[-1]] if found else []
