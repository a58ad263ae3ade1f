"""The siting pipeline: places where a project of given kind and size could stand."""

from datetime import date

from cdgis.core.progress import Progress, Silent
from cdgis.judging.evaluation import Judged, judge_subjects
from cdgis.pipelines.assemble import assemble
from cdgis.readers.loading import load_workspace
from cdgis.results.assessment import Assessment, Part
from cdgis.siting.candidate_sites import SitingRequest
from cdgis.siting.guidance import guide, search_area
from cdgis.workspace.settings import Workspace


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
    siting = Part(tables={"locations": found.siting.locations}, notes=found.siting.notes)
    return assemble(loaded, found.judged or Judged.nobody(), (siting,))
