"""The siting pipeline: places where a project of given kind and size could stand."""

from collections.abc import Mapping
from datetime import date

from cdgis.core.errors import UsageError
from cdgis.core.progress import Progress, Silent
from cdgis.core.vocabulary import IntakeStatus
from cdgis.judging.evaluation import Judged, judge_subjects
from cdgis.pipelines.assemble import assemble
from cdgis.readers.attribute_columns import match_attribute
from cdgis.readers.headers import subject_column
from cdgis.readers.loading import load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.subjects import describe_site
from cdgis.results.assessment import Assessment, Part
from cdgis.siting.candidate_sites import SitingRequest
from cdgis.siting.guidance import guide, search_area
from cdgis.workspace.settings import Workspace


@in_its_place
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
    with load_workspace(workspace, as_of=as_of, progress=progress) as loaded:
        progress.stage("选址引导", 1)
        found = guide(loaded, wanted, search_area(loaded, within), judge_subjects)
        progress.step("候选位置")
        siting = Part(tables={"locations": found.siting.locations}, notes=found.siting.notes)
        return assemble(loaded, found.judged or Judged.nobody(), (siting,))


def siting_request(declared: Mapping[str, str], *, size_ha: float, count: int, spacing_m: float) -> SitingRequest:
    """Return the search for a project described by column or attribute name -> text.

    Raises
    ------
    UsageError : a name or a value means nothing; nobody else would tell.
    """
    unknown = [name for name in declared if subject_column(name) is None and match_attribute(name) is None]
    if unknown:
        raise UsageError(f"没有名为 {'、'.join(unknown)} 的属性", remedy="可用的名称见 docs/usage.md 的“属性”一节")
    meant = describe_site(declared)
    wrong = [f"{r.field}“{r.value}”：{r.reason}。{r.remedy}" for r in meant.remarks if r.status is not IntakeStatus.ACCEPTED]
    if wrong:
        raise UsageError("；".join(wrong))
    return SitingRequest(
        industry=meant.columns["industry"], project_type=meant.columns["project_type"],
        activity=meant.columns["activity"], attributes=dict(meant.attributes),
        size_ha=size_ha, count=count, spacing_m=spacing_m,
    )  # fmt: skip
