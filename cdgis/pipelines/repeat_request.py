"""What reports asked, asked again: of the workspace of today, and of the workspace that their inputs make up."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cdgis.core.error_words import in_words
from cdgis.core.errors import CdgisError, ReportError
from cdgis.core.regular_files import real_path
from cdgis.core.vocabulary import Grade
from cdgis.pipelines.assess_city import assess_workspace
from cdgis.pipelines.assess_relocation import assess_relocation
from cdgis.pipelines.assess_sites import assess_sites
from cdgis.pipelines.reported_inputs import workspace_of
from cdgis.readers.prepared_layers import without_prepared
from cdgis.relocation.plan import WhatIf
from cdgis.report.screening.compose import Composer
from cdgis.results.assessment import Assessment
from cdgis.results.differences import as_reported, input_faults
from cdgis.results.report_file import ReportFile
from cdgis.workspace.settings import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What the very inputs of a report give, or why that cannot be told."""

    assessment: Assessment | None = None
    missing: tuple[str, ...] = ()
    """What the report rests on and is not at hand, in Chinese."""


class Repeater:
    """Asks again what reports asked; reports of one call of the command line share one answer."""

    def __init__(self, workspace: Workspace, *, files: Sequence[Path] = (), jobs: int = 1, as_of: date | None = None) -> None:
        self._workspace, self._files, self._jobs, self._as_of = workspace, tuple(files), jobs, as_of
        self._made: dict[str, Composer] = {}
        self._then: dict[str, Then] = {}

    def composer(self, report: ReportFile) -> Composer:
        """Return the composer of the assessment made anew.

        Raises
        ------
        CdgisError : a file is gone, or what stands there cannot be used.
        """
        key = _key(report)
        if key not in self._made:
            fresh = repeat_assessment(report, self._workspace, files=self._files, jobs=self._jobs, as_of=self._as_of)
            self._made[key] = Composer(fresh)
        return self._made[key]

    def assessment(self, report: ReportFile) -> Assessment:
        """Return the assessment made anew, for a run.json that stands for the report.

        Raises
        ------
        CdgisError : as `composer`.
        """
        return repeat_assessment(report, self._workspace, files=self._files, jobs=self._jobs)

    @contextmanager
    def as_then(self, report: ReportFile, fresh: Assessment) -> Iterator[Then]:
        """Give the assessment made anew from the very inputs of the report, or what of them is not at hand.

        Parameters
        ----------
        fresh : the assessment made anew from the workspace of today.
        """
        key = _key(report) + json.dumps(report.content["inputs"], sort_keys=True)
        if key in self._then:
            yield self._then[key]
            return
        with workspace_of(report, fresh, self._workspace, self._files) as (workspace, missing):
            found = self._made_then(report, workspace) if workspace is not None else Then(missing=missing)
            if report.request().command == "screen":  # tables of a run read their grids when they are written
                self._then[key] = found
            yield found

    def _made_then(self, report: ReportFile, workspace: Workspace) -> Then:
        try:
            made = repeat_assessment(report, workspace, files=(*self._files, self._workspace.root), jobs=self._jobs)
        except CdgisError as err:
            return Then(missing=(f"旧文件凑不成原来的工作区（{err}）",))
        faults = input_faults(report, made)
        other = (*faults.get(Grade.CONTENT, ()), *faults.get(Grade.OUTDATED, ()))
        return Then(missing=other) if other else Then(assessment=as_reported(report, made))


def _key(report: ReportFile) -> str:
    asked = report.content.get("request") or [report.subject_id, report.content["inputs"]]
    tolerance_m = report.content["settings"].get("tolerance_m")
    return json.dumps([str(report.path.parent), report.as_of.isoformat(), tolerance_m, asked], sort_keys=True)


@without_prepared()  # what is checked rests on the files that the report names, not on what was kept of them
def repeat_assessment(
    report: ReportFile, workspace: Workspace, *, files: Sequence[Path] = (), jobs: int = 1, as_of: date | None = None
) -> Assessment:
    """Return the assessment asked for by the report's own request, made anew.

    Parameters
    ----------
    as_of : a later day whose law is asked for instead of the report's own.

    Raises
    ------
    CdgisError : a file is gone, or what stands there cannot be used.
    """
    request, day = report.request(), max(as_of or report.as_of, report.as_of)
    if request.command == "relocate":
        return assess_relocation(workspace, what_if=_assumed(report), as_of=day, jobs=jobs)
    if request.command == "run":
        return assess_workspace(workspace, as_of=day, jobs=jobs)
    options: dict[str, Any] = {
        "declared": dict(request.declared), "seen": dict(request.seen), "tolerance_m": request.tolerance_m,
    }  # fmt: skip
    if "request" not in report.content:
        options["declared"], options["tolerance_m"] = _declared(report), report.content["settings"]["tolerance_m"]
    if request.sidecar:
        options["sidecar"] = _found(request.sidecar, workspace, report, files)
    if request.wkt or request.lonlat:
        options |= {"wkt": request.wkt, "lonlat": request.lonlat}
    paths = [_found(name, workspace, report, files) for name in request.files]
    # inputs go by the names the report has for them, wherever they lie now: only their bytes are compared
    labels = dict(zip(paths, request.files, strict=True))
    return assess_sites(workspace, paths, labels=labels, as_of=day, jobs=jobs, **options)


def _assumed(report: ReportFile) -> WhatIf:
    try:
        return WhatIf.of(report.request().what_if)
    except (TypeError, ValueError, AttributeError) as err:
        raise ReportError(f"run.json 的假设（what_if）不成样子（{in_words(err)}），文件已被改动") from err


def _declared(report: ReportFile) -> dict[str, str]:
    """Return every attribute the record holds, for a report that does not say which were options."""
    subject = report.rows("subjects")[0]
    named = {key: str(subject[key]) for key in ("name", "industry", "project_type", "activity") if subject[key]}
    computed = ("area_",)
    rows = [row for row in report.rows("attributes") if not str(row["attribute"]).startswith(computed)]
    return named | {str(row["attribute"]): str(row["value"]) for row in rows}


def _found(name: str, workspace: Workspace, report: ReportFile, files: Sequence[Path]) -> Path:
    # two files of one name are told apart by their folders, as in the report
    tail = Path(name).parts
    given = sorted((f for f in files if f.name == tail[-1]), key=lambda f: real_path(f).parts[-len(tail) :] != tail)
    for candidate in (*given, workspace.root / name, report.path.parent / name, Path(name)):
        if candidate.exists():
            return candidate
    raise ReportError(f"找不到原输入文件 {name}", remedy="请放回原处，或用 --file 指明它现在的位置")
