"""The shipped workspace, read once, judged once, for every test of a process that needs it whole; nobody may change it."""

from functools import cache
from pathlib import Path

from cdgis.core.progress import Silent
from cdgis.pipelines.assess_city import assess_workspace
from cdgis.readers import read_subjects
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.results.assessment import Assessment
from cdgis.rivers.system import RiverSystem, load_rivers
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import open_workspace

ROOT = Path(__file__).resolve().parent.parent


@cache
def loaded() -> Loaded:
    """Layers and rules."""
    return load_workspace(open_workspace(ROOT), as_of=None, progress=Silent())


@cache
def subjects() -> Subjects:
    """Projects and enterprises."""
    return read_subjects(open_workspace(ROOT))


@cache
def rivers() -> RiverSystem:
    """The river network."""
    return load_rivers(open_workspace(ROOT))


@cache
def run() -> Assessment:
    """What `cdgis run` computes: half a minute, so only files named in conftest.RUN_USERS ask for it."""
    return assess_workspace(open_workspace(ROOT))
