"""The pipelines, each one straight function that reads like DESIGN section 3.

load_workspace → read_subjects → measure_overlaps → judge → (propose_relocations ∥ account_carbon) → Assessment
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis import __version__
from cdgis.assessment import Assessment
from cdgis.audit import input_digest, report_numbers
from cdgis.carbon_account import CarbonTables, account_carbon
from cdgis.describe import describe_subjects, other_areas
from cdgis.facts import Facts
from cdgis.frames import Measurement, Subjects
from cdgis.judge import Judgement, judge, reach_by_layer, scopes_of
from cdgis.loading import Loaded, load_workspace, overview_notes
from cdgis.model import InputRecord, IntakeNote, SubjectKind
from cdgis.overlay import measure_overlaps
from cdgis.policy import read_relocation_policy
from cdgis.progress import Progress, Silent
from cdgis.readers import read_sites, read_subjects
from cdgis.relocation import without_exemptions
from cdgis.relocation_plan import list_destinations, list_relocations
from cdgis.rulebook import Rule
from cdgis.schema import TABLES, empty, validate
from cdgis.workspace import Workspace

FloatArray = npt.NDArray[np.float64]

__all__ = ["Assessment", "assess_carbon", "assess_relocation", "assess_sites", "assess_workspace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """Subjects with everything measured and judged about them."""

    subjects: Subjects
    tables: dict[str, pd.DataFrame]
    measurement: Measurement | None = None


def assess_workspace(
    workspace: Workspace, *, as_of: date | None = None, jobs: int = 1, progress: Progress | None = None
) -> Assessment:
    """Return the whole job: every site and enterprise judged, relocation list, carbon account."""
    progress = progress or Silent()
    loaded = load_workspace(workspace, as_of=as_of, progress=progress)
    progress.stage("读取项目与企业")
    subjects = read_subjects(workspace, progress=progress.step)
    judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
    relocation = _relocate(loaded, judged, progress)
    carbon = account_carbon(loaded, progress=progress)
    return _assessment(loaded, judged, relocation, carbon)


def assess_sites(
    workspace: Workspace,
    files: Sequence[Path],
    *,
    declared: Mapping[str, str] | None = None,
    sidecar: Path | None = None,
    tolerance_m: float | None = None,
    as_of: date | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Assessment:
    """Return the judgement of the sites in `files`; `declared` holds attributes given on the command line."""
    progress = progress or Silent()
    loaded = load_workspace(workspace, as_of=as_of, tolerance_m=tolerance_m, progress=progress)
    progress.stage("读取项目边界")
    subjects = read_sites(workspace, files, declared=declared, sidecar=sidecar, progress=progress.step)
    judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
    return _assessment(loaded, judged, {}, CarbonTables.none())


def assess_relocation(
    workspace: Workspace, *, as_of: date | None = None, jobs: int = 1, progress: Progress | None = None
) -> Assessment:
    """Return the enterprises judged, with the relocation list and a first screening of parks."""
    progress = progress or Silent()
    loaded = load_workspace(workspace, as_of=as_of, progress=progress)
    progress.stage("读取企业")
    subjects = only_kind(read_subjects(workspace, progress=progress.step), SubjectKind.ENTERPRISE)
    judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
    relocation = _relocate(loaded, judged, progress)
    return _assessment(loaded, judged, relocation, CarbonTables.none())


def assess_carbon(workspace: Workspace, *, as_of: date | None = None, progress: Progress | None = None) -> Assessment:
    """Return the carbon account alone."""
    progress = progress or Silent()
    loaded = load_workspace(workspace, as_of=as_of, progress=progress)
    nobody = _Judged(subjects=Subjects.none(), tables={})
    return _assessment(loaded, nobody, {}, account_carbon(loaded, progress=progress))


def judge_subjects(loaded: Loaded, subjects: Subjects, *, jobs: int = 1, progress: Progress | None = None) -> _Judged:
    """Return every subject measured against every layer and judged by every rule in force."""
    progress = progress or Silent()
    rules = loaded.rules
    progress.stage("叠加分析", sum(layer.spec.zones for layer in loaded.layers.values()))
    measurement = measure_overlaps(
        subjects, loaded.layers, scopes=scopes_of(rules), reach_m=_reach(loaded, subjects), jobs=jobs,
        progress=progress.step,
    )  # fmt: skip
    described = describe_subjects(subjects, measurement)
    extra = other_areas(subjects, loaded.settings.area_method)
    attributes = validate("attributes", pd.concat([subjects.attributes, extra], ignore_index=True))
    progress.stage("逐条研判", 1)
    judgement = _judge(loaded, measurement, described, attributes, rules)
    progress.step(f"{len(rules)} 条在效规则")
    tables = _tables(described, attributes, measurement, judgement)
    return _Judged(subjects=subjects, tables=tables, measurement=measurement)


def _relocate(loaded: Loaded, judged: _Judged, progress: Progress) -> dict[str, pd.DataFrame]:
    """Return the relocation tables; a second judgement without exemptions shows whom only an exemption spares."""
    progress.stage("搬迁清单与承接园区", 2)
    tables, policy = judged.tables, read_relocation_policy()
    if judged.measurement is None:
        return {}
    bare = without_exemptions(loaded.rules, policy)
    spared = _judge(loaded, judged.measurement, tables["subjects"], tables["attributes"], bare).findings
    relocation = list_relocations(loaded, tables, spared, policy)
    progress.step("搬迁清单")
    destinations = list_destinations(loaded, relocation, tables, judge_subjects)
    progress.step("承接园区")
    return {"relocation": relocation, "destinations": destinations}


def _reach(loaded: Loaded, subjects: Subjects) -> dict[str, FloatArray]:
    """Return per layer how near zones must be listed; only declared distances are needed, no measured size."""
    blank = pd.DataFrame(subjects.frame.drop(columns="geometry")).assign(area_m2=0.0, length_m=0.0)
    return reach_by_layer(loaded.rules, Facts.of(blank, subjects.attributes))


def _judge(
    loaded: Loaded,
    measurement: Measurement,
    described: pd.DataFrame,
    attributes: pd.DataFrame,
    rules: Sequence[Rule],
) -> Judgement:
    ordered = described.set_index("subject_id").loc[list(measurement.subject_ids)].reset_index()
    return judge(
        Facts.of(ordered, attributes),
        measurement,
        rules,
        layers=loaded.layers,
        accuracy_m=ordered["accuracy_m"].to_numpy(dtype=float),
        tolerance_m=loaded.settings.tolerance_m,
        as_of=loaded.as_of,
    )


def _tables(
    described: pd.DataFrame, attributes: pd.DataFrame, measurement: Measurement, judgement: Judgement
) -> dict[str, pd.DataFrame]:
    return {
        "subjects": described,
        "attributes": attributes,
        "overlaps": measurement.overlaps,
        "clear": measurement.clear,
        "ledger": measurement.ledger,
        "findings": judgement.findings,
        "verdicts": judgement.verdicts,
    }


def only_kind(subjects: Subjects, kind: SubjectKind) -> Subjects:
    """Return the subjects of one kind, with the whole intake record."""
    frame = subjects.frame[subjects.frame["kind"] == kind].reset_index(drop=True)
    attributes = subjects.attributes[subjects.attributes["subject_id"].isin(frame["subject_id"])]
    return Subjects(
        frame=frame,
        attributes=attributes.reset_index(drop=True),
        intake=subjects.intake,
        records=subjects.records,
    )


def _assessment(
    loaded: Loaded, judged: _Judged, relocation: Mapping[str, pd.DataFrame], carbon: CarbonTables
) -> Assessment:
    notes: tuple[IntakeNote, ...] = (
        *judged.subjects.intake,
        *(note for layer in loaded.layers.values() for note in layer.notes),
    )
    found = {**judged.tables, **relocation, **carbon.tables, "intake": _intake_table(notes)}
    tables = {name: found.get(name, empty(name)) for name in TABLES}
    inputs: tuple[InputRecord, ...] = (*loaded.records, *judged.subjects.records, *carbon.records)
    digest = input_digest(inputs, loaded.settings, loaded.as_of, __version__)
    return Assessment(
        version=__version__,
        as_of=loaded.as_of,
        settings=loaded.settings,
        inputs=inputs,
        tables=tables,
        subjects=judged.subjects,
        layers=loaded.layers,
        catalog=tuple(loaded.workspace.catalog.layers.values()),
        rulebook=loaded.rulebook,
        report_numbers=report_numbers(tables, digest, loaded.as_of),
        notes=overview_notes(loaded) + carbon.notes,
    )


def _intake_table(notes: Sequence[IntakeNote]) -> pd.DataFrame:
    columns = TABLES["intake"].names
    rows = [{name: getattr(note, name) for name in columns} for note in notes]
    return validate("intake", pd.DataFrame(rows, columns=columns))
