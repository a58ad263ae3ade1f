"""The pipelines, each one straight function that reads like DESIGN section 3.

load_workspace → read_subjects → measure_overlaps → judge → (propose_relocations ∥ account_carbon) → Assessment
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cdgis import __version__
from cdgis.assessment import Assessment
from cdgis.attributes import load_attributes
from cdgis.audit import input_digest, report_numbers
from cdgis.cumulative import sum_up_caps
from cdgis.errors import CatalogError
from cdgis.frames import Subjects
from cdgis.guidance import SitingRequest
from cdgis.judging import Judged, judge_subjects, only_kind
from cdgis.loading import Loaded, load_workspace, overview_notes
from cdgis.model import InputRecord, IntakeNote, SubjectKind
from cdgis.plaintext import cleaned
from cdgis.progress import Progress, Silent
from cdgis.questions import list_questions
from cdgis.readers import TypedSites, read_sites, read_subjects, table_record
from cdgis.remedy_plan import guide, remedies_for, search_area
from cdgis.request import Request
from cdgis.river_entry import dischargers, downstream_measures, downstream_of_dischargers
from cdgis.river_system import COUNTY_LAYERS, RiverSystem, load_rivers
from cdgis.schema import TABLES, empty, validate
from cdgis.workspace import Workspace

if TYPE_CHECKING:
    from cdgis.carbon_account import CarbonTables
    from cdgis.relocation_plan import WhatIf

RUN = Request()
"""The request of commands that judge the whole workspace."""

__all__ = ["Assessment", "assess_carbon", "assess_relocation", "assess_sites", "assess_siting", "assess_workspace"]


def assess_workspace(
    workspace: Workspace, *, as_of: date | None = None, jobs: int = 1, progress: Progress | None = None
) -> Assessment:
    """Return the whole job: every site and enterprise judged, relocation list, carbon account."""
    progress = progress or Silent()
    loaded = load_workspace(workspace, as_of=as_of, progress=progress)
    progress.stage("读取项目与企业")
    subjects = read_subjects(workspace, progress=progress.step)
    judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
    rivers = _rivers(loaded)
    further = {**_relocate(loaded, judged, progress, rivers=rivers), **_downstream(rivers, subjects)}
    from cdgis.carbon_account import account_carbon  # rasters load for the jobs that count them

    carbon = account_carbon(loaded, progress=progress)
    return _assessment(loaded, judged, further, carbon)


def assess_sites(
    workspace: Workspace,
    files: Sequence[Path],
    *,
    declared: Mapping[str, str] | None = None,
    sidecar: Path | None = None,
    wkt: Sequence[str] = (),
    lonlat: Sequence[str] = (),
    tolerance_m: float | None = None,
    as_of: date | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Assessment:
    """Return the judgement of the sites in `files` and those typed, with what would make the failing ones pass.

    Parameters
    ----------
    declared : column or attribute name -> text given on the command line, for every site.
    sidecar : table or TOML that describes the parcels.
    wkt, lonlat : sites typed as WKT or as ``经度,纬度``, EPSG:4490.
    """
    # what acts instead of being read is left out here already, so that asking again gives the same answer
    declared = {cleaned(name): cleaned(text) for name, text in (declared or {}).items()}
    progress = progress or Silent()
    loaded = load_workspace(workspace, as_of=as_of, tolerance_m=tolerance_m, progress=progress)
    progress.stage("读取项目边界")
    own = None if sidecar else _own_sidecar(workspace, files)
    typed = TypedSites(wkt=tuple(map(cleaned, wkt)), lonlat=tuple(map(cleaned, lonlat)))
    subjects = read_sites(
        workspace, files, declared=declared, sidecar=sidecar or own, sidecar_is_shared=sidecar is None, typed=typed,
        progress=progress.step,
    )  # fmt: skip
    judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
    progress.stage("整改办法", 1)
    remedies = remedies_for(loaded, judged, judge_subjects)
    progress.step("裁剪与平移")
    labels = workspace.labels((*files, *((sidecar,) if sidecar else ())))
    request = Request(
        command="screen", files=tuple(dict.fromkeys(labels[path] for path in files)), declared=declared,
        sidecar=labels[sidecar] if sidecar else "", wkt=typed.wkt, lonlat=typed.lonlat,
        tolerance_m=tolerance_m,
    )  # fmt: skip
    discharging = bool(list(dischargers(subjects)))
    further = {**remedies, **_downstream(_rivers(loaded) if discharging else None, subjects)}
    return _assessment(loaded, judged, further, request=request)


def _own_sidecar(workspace: Workspace, files: Sequence[Path]) -> Path | None:
    """Return the workspace's own sidecar when all files lie beside it: they are described there already."""
    named = workspace.settings.sources.project_attributes
    own = (workspace.root / named).resolve()
    if not named or not files or not own.is_file():
        return None
    return own if all(path.resolve().parent == own.parent for path in files) else None


def assess_siting(
    workspace: Workspace,
    wanted: SitingRequest,
    *,
    within: str = "",
    as_of: date | None = None,
    progress: Progress | None = None,
) -> Assessment:
    """Return the best locations for a project, judged like any site; `within` names a county or is the whole city.

    Raises
    ------
    UsageError : no county goes by that name.
    """
    progress = progress or Silent()
    loaded = load_workspace(workspace, as_of=as_of, progress=progress)
    progress.stage("选址引导", 1)
    found = guide(loaded, wanted, search_area(loaded, within), judge_subjects)
    progress.step("候选位置")
    judged = found.judged or Judged(subjects=Subjects.none(), tables={})
    further = {"locations": found.siting.locations}
    return _assessment(loaded, judged, further, notes=found.siting.notes)


def assess_relocation(
    workspace: Workspace,
    *,
    what_if: "WhatIf | None" = None,
    as_of: date | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Assessment:
    """Return the enterprises judged: who should move, why, how urgently, where to, and what it would bring."""
    progress = progress or Silent()
    loaded = load_workspace(workspace, as_of=as_of, progress=progress)
    progress.stage("读取企业")
    subjects = only_kind(read_subjects(workspace, progress=progress.step), SubjectKind.ENTERPRISE)
    judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
    relocation = _relocate(loaded, judged, progress, what_if, rivers=_rivers(loaded))
    return _assessment(loaded, judged, relocation)


def assess_carbon(workspace: Workspace, *, as_of: date | None = None, progress: Progress | None = None) -> Assessment:
    """Return the carbon account alone.

    Raises
    ------
    CatalogError : the workspace has no land-class raster, so that nothing can be counted.
    """
    wanted = workspace.settings.carbon.land_class_layer
    if wanted not in workspace.catalog:
        raise CatalogError(
            f"没有作碳核算：图层目录里没有土地类别栅格 {wanted or '（cdgis.toml 的 carbon.land_class_layer 为空）'}，储量、年碳汇和"
            "增汇潜力都无从计起，没有写出任何报告。请在 layers/catalog.toml 登记一个土地类别 GeoTIFF，"
            "并把它的编号写进 cdgis.toml 的 carbon.land_class_layer"
        )
    progress = progress or Silent()
    loaded = load_workspace(workspace, as_of=as_of, progress=progress)
    from cdgis.carbon_account import account_carbon

    nobody = Judged(subjects=Subjects.none(), tables={})
    return _assessment(loaded, nobody, {}, account_carbon(loaded, progress=progress))


def _relocate(
    loaded: Loaded,
    judged: Judged,
    progress: Progress,
    what_if: "WhatIf | None" = None,
    *,
    rivers: RiverSystem | None,
) -> dict[str, pd.DataFrame]:
    """Return the relocation tables; a free search only for the enterprises it is asked for."""
    from cdgis.relocation_plan import plan_relocation, search_freely  # so does the solver

    progress.stage("搬迁清单、优先级与承接安排", 1)
    if judged.measurement is None:
        return {}
    downstream = downstream_measures(rivers) if rivers else None
    found = plan_relocation(loaded, judged, what_if=what_if, downstream=downstream)
    wanted = what_if.free if what_if else ()
    if wanted:
        found["relocation_sites"] = validate(
            "relocation_sites", search_freely(loaded, wanted, judged.tables, _locations_for)
        )
    progress.step("搬迁")
    return found


def _rivers(loaded: Loaded) -> RiverSystem | None:
    """Return the rivers, None in a workspace without elevation or river lines, or without counties."""
    if loaded.settings.rivers.network not in loaded.workspace.catalog or COUNTY_LAYERS[0] not in loaded.layers:
        return None
    return load_rivers(loaded.workspace, known=loaded.layers)


def _downstream(rivers: RiverSystem | None, subjects: Subjects) -> dict[str, pd.DataFrame]:
    """Return what the water of discharging subjects runs into; nothing in a workspace without rivers."""
    return {"downstream": downstream_of_dischargers(rivers, subjects)} if rivers else {}


def _river_records(loaded: Loaded) -> tuple[InputRecord, ...]:
    """Return the fingerprint of the elevation that the river network was derived from."""
    workspace, name = loaded.workspace, loaded.settings.rivers.network
    if name not in workspace.catalog or workspace.catalog[name].is_vector or COUNTY_LAYERS[0] not in loaded.layers:
        return ()
    spec = workspace.catalog[name]
    record = table_record(spec, workspace.layers_dir)
    return (replace(record, path=workspace.relative(workspace.layers_dir / spec.path)),)


def _locations_for(loaded: Loaded, wanted: SitingRequest, county: str) -> pd.DataFrame:
    """Return table locations for one request within a county."""
    return guide(loaded, wanted, search_area(loaded, county), judge_subjects).siting.locations


def _assessment(
    loaded: Loaded,
    judged: Judged,
    further: Mapping[str, pd.DataFrame],
    carbon: "CarbonTables | None" = None,
    *,
    request: Request = RUN,
    notes: tuple[str, ...] = (),
) -> Assessment:
    told: tuple[IntakeNote, ...] = (
        *judged.subjects.intake,
        *(note for layer in loaded.layers.values() for note in layer.notes),
    )
    found = {**judged.tables, **further, **(carbon.tables if carbon else {}), "intake": _intake_table(told)}
    tables = {name: found.get(name, empty(name)) for name in TABLES}
    tables["questions"] = list_questions(tables["findings"], load_attributes())
    tables["cumulative"] = sum_up_caps(tables["overlaps"], tables["subjects"], tables["attributes"], loaded.layers)
    rivers = _river_records(loaded) if {"relocation", "downstream"} & set(further) else ()
    counted = carbon.records if carbon else ()
    inputs: tuple[InputRecord, ...] = (*loaded.records, *judged.subjects.records, *rivers, *counted)
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
        request=request,
        pictures=carbon.pictures if carbon else {},
        notes=overview_notes(loaded) + (carbon.notes if carbon else notes),
    )


def _intake_table(notes: Sequence[IntakeNote]) -> pd.DataFrame:
    columns = TABLES["intake"].names
    rows = [{name: getattr(note, name) for name in columns} for note in notes]
    return validate("intake", pd.DataFrame(rows, columns=columns))
