"""The relocation pipeline: who should move, why, how urgently, where to, with what effect."""

from datetime import date

import pandas as pd

from cdgis.core.beside import NOBODY, Other
from cdgis.core.progress import Progress, Silent
from cdgis.core.vocabulary import SubjectKind
from cdgis.judging.evaluation import Judged, judge_subjects, only_kind
from cdgis.pipelines.assemble import assemble
from cdgis.pipelines.waters import elevation_records, rivers_of
from cdgis.readers import read_subjects
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.relocation.plan import WhatIf, plan_relocation, search_freely
from cdgis.results.assessment import Assessment, Part
from cdgis.results.request import Request
from cdgis.results.tables.validation import validate
from cdgis.rivers.entry_points import downstream_measures
from cdgis.rivers.system import RiverSystem
from cdgis.siting.candidate_sites import SitingRequest
from cdgis.siting.guidance import guide, search_area
from cdgis.workspace.settings import Workspace


@in_its_place
def assess_relocation(
    workspace: Workspace,
    *,
    what_if: WhatIf | None = None,
    as_of: date | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Assessment:
    """Return the enterprises judged, listed, ranked and placed; projects are not read."""
    progress = progress or Silent()
    with load_workspace(workspace, as_of=as_of, progress=progress) as loaded:
        progress.stage("读取企业")
        subjects = only_kind(read_subjects(workspace, progress=progress.step), SubjectKind.ENTERPRISE)
        judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
        rivers = rivers_of(loaded)
        relocation = relocation_part(loaded, judged, progress, what_if, rivers=rivers, jobs=jobs)
        waters = Part(records=elevation_records(loaded) if rivers else ())
        asked = Request(command="relocate", what_if=what_if.row() if what_if else {})
        return assemble(loaded, judged, (relocation, waters), request=asked)


@in_its_place
def relocation_part(
    loaded: Loaded,
    judged: Judged,
    progress: Progress,
    what_if: WhatIf | None = None,
    *,
    rivers: RiverSystem | None,
    jobs: int = 1,
    other: Other = NOBODY,
) -> Part:
    """Return the relocation tables; a free search only for the enterprises it is asked for.

    Parameters
    ----------
    jobs : threads; the result does not depend on it.
    other : does a share of the work; the result does not depend on it.
    """
    progress.stage("搬迁清单、优先级与承接安排", 1)
    if judged.measurement is None:
        return Part()
    downstream = downstream_measures(rivers) if rivers else None
    found = plan_relocation(loaded, judged, what_if=what_if, downstream=downstream, progress=progress, jobs=jobs, other=other)
    wanted = what_if.free if what_if else ()
    if wanted:
        found["relocation_sites"] = validate(
            "relocation_sites", search_freely(loaded, wanted, judged.tables, _locations_for)
        )
    progress.step("搬迁")
    return Part(tables=found)


def _locations_for(loaded: Loaded, wanted: SitingRequest, county: str) -> pd.DataFrame:
    """Return table locations for one request within a county."""
    return guide(loaded, wanted, search_area(loaded, county), judge_subjects).siting.locations
