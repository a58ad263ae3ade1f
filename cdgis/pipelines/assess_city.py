"""The whole job: every site and enterprise judged, the relocation plan, the carbon account."""

from collections.abc import Callable
from datetime import date
from functools import partial

from cdgis.carbon.account import account_carbon
from cdgis.core.beside import MANY, Other, beside, within_block
from cdgis.core.data_gaps import Gap, attempted
from cdgis.core.errors import ReaderError
from cdgis.core.freed_memory import give_back
from cdgis.core.progress import Progress, Silent
from cdgis.judging.evaluation import judge_subjects
from cdgis.pipelines.assemble import assemble
from cdgis.pipelines.assess_carbon import account_untold
from cdgis.pipelines.assess_relocation import relocation_part
from cdgis.pipelines.save_assessment import begin_writing
from cdgis.pipelines.waters import Waters, elevation_gaps, outfall_part, river_part, rivers_of, waters_of
from cdgis.readers import offer_reading, read_subjects
from cdgis.readers.inputs import expand_globs
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.results.assessment import Assessment, Part
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Workspace

_MANY_BYTES = 500_000
"""Size of the files of projects and enterprises from which a second process repays reading them, before anybody can count them."""


@in_its_place
def assess_workspace(
    workspace: Workspace, *, as_of: date | None = None, jobs: int = 1, progress: Progress | None = None
) -> Assessment:
    """Return the whole job: every site and enterprise judged, relocation list, carbon account.

    A part that a bad input makes impossible is named in table gaps; the rest is delivered.
    """
    progress, will_write = progress or Silent(), within_block()
    with beside(wanted=jobs > 1 and _source_bytes(workspace) >= _MANY_BYTES) as reader:
        # the first questions: while this process reads the layers, the other one starts and reads of the subjects what it can
        ahead = offer_reading(reader, workspace)
        with load_workspace(workspace, as_of=as_of, progress=progress) as loaded:
            progress.stage("读取项目与企业")
            subjects = read_subjects(workspace, progress=progress.step, ahead=ahead)
            del ahead
            with beside(wanted=jobs > 1 and len(subjects.frame) >= MANY) as other:
                waters = other.begin(waters_of, loaded, subjects, here=lambda: None, keep=loaded.layers)
                account = other.begin(account_untold, loaded, here=partial(account_carbon, loaded, progress=progress))
                if will_write:
                    begin_writing(other, loaded.layers, subjects)
                return _assessed(loaded, subjects, waters, account, jobs=jobs, progress=progress, other=other)


def _source_bytes(workspace: Workspace) -> int:
    """Return the size of all files of projects and enterprises; those that cannot be looked at are told when they are read."""
    try:
        paths = expand_globs(workspace.root, (*workspace.settings.sources.projects, *workspace.settings.sources.enterprises))
        return sum(path.stat().st_size for path in paths)
    except (OSError, ReaderError):
        return 0


def _assessed(
    loaded: Loaded, subjects: Subjects, waters: Callable[[], Waters | None], account: Callable[[], Part], *, jobs: int,
    progress: Progress, other: Other,
) -> Assessment:
    """Return all parts of the job on what was read; `account` gives the carbon account, `waters` what another made of the rivers."""
    judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
    give_back()
    gaps: list[Gap] = []
    workspace = loaded.workspace
    network = workspace.catalog.layers.get(loaded.settings.rivers.network)
    source = {"layer": network.id, "file": workspace.relative(workspace.layers_dir / network.path)} if network else {}
    found = waters()
    rivers = found[0] if found else attempted("河网：沿河追踪、排口和搬迁清单中的下游", lambda: rivers_of(loaded), gaps, **source)
    gaps += [*(found[3] if found else elevation_gaps(loaded)), *(rivers.astray if rivers else ())]
    parts = (
        attempted("搬迁清单", lambda: relocation_part(loaded, judged, progress, rivers=rivers, jobs=jobs, other=other), gaps),
        attempted("排水对象的下游", lambda: found[1] if found else river_part(rivers, loaded, subjects), gaps),
        attempted("排口核对", lambda: found[2] if found else outfall_part(rivers, subjects), gaps),
        attempted("碳账户（未计）", account, gaps),
    )
    give_back()
    return assemble(loaded, judged, (*filter(None, parts), Part(gaps=tuple(gaps))))
