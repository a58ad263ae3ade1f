"""The whole job: every site and enterprise judged, the relocation plan, the carbon account."""

from datetime import date

from cdgis.carbon.account import account_carbon
from cdgis.core.data_gaps import Gap, attempted
from cdgis.core.progress import Progress, Silent
from cdgis.judging.evaluation import judge_subjects
from cdgis.pipelines.assemble import assemble
from cdgis.pipelines.assess_relocation import relocation_part
from cdgis.pipelines.waters import elevation_gaps, outfall_part, river_part, rivers_of
from cdgis.readers import read_subjects
from cdgis.readers.loading import load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.results.assessment import Assessment, Part
from cdgis.workspace.settings import Workspace


@in_its_place
def assess_workspace(
    workspace: Workspace, *, as_of: date | None = None, jobs: int = 1, progress: Progress | None = None
) -> Assessment:
    """Return the whole job: every site and enterprise judged, relocation list, carbon account.

    A part that a bad input makes impossible is named in table gaps; the rest is delivered.
    """
    progress = progress or Silent()
    with load_workspace(workspace, as_of=as_of, progress=progress) as loaded:
        progress.stage("读取项目与企业")
        subjects = read_subjects(workspace, progress=progress.step)
        judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
        gaps: list[Gap] = []
        network = workspace.catalog.layers.get(loaded.settings.rivers.network)
        source = {"layer": network.id, "file": workspace.relative(workspace.layers_dir / network.path)} if network else {}
        rivers = attempted("河网：沿河追踪、排口和搬迁清单中的下游", lambda: rivers_of(loaded), gaps, **source)
        gaps += elevation_gaps(loaded)
        parts = (
            attempted("搬迁清单", lambda: relocation_part(loaded, judged, progress, rivers=rivers), gaps),
            attempted("排水对象的下游", lambda: river_part(rivers, loaded, subjects), gaps),
            attempted("排口核对", lambda: outfall_part(rivers, subjects), gaps),
            attempted("碳账户", lambda: account_carbon(loaded, progress=progress), gaps),
        )
        return assemble(loaded, judged, (*filter(None, parts), Part(gaps=tuple(gaps))))
