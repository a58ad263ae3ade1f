"""The shipped workspace, read once, judged once, for every test of a process that needs it whole; nobody may change it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from cdgis.core.progress import Silent
from cdgis.pipelines import assess_carbon, assess_city, assess_relocation, assess_sites, assess_siting, report_status
from cdgis.readers import kept_workspace, read_subjects
from cdgis.readers.kept_workspace import KeptWorkspace
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
    return assess_city.assess_workspace(open_workspace(ROOT))


@contextmanager
def read_once() -> Iterator[None]:
    """Let commands and sessions of a test module read each workspace once, as long as none of its files changes.

    How it is known that nothing changed, and that what is kept gives what reading gives, is `KeptWorkspace`'s and its tests'.
    """
    kept: dict[object, Loaded] = {}

    def first(workspace, **options):
        stamp = KeptWorkspace(workspace)._stamp()
        if stamp not in kept:
            kept[stamp] = load_workspace(workspace, **options)
        return replace(kept[stamp], workspace=workspace)

    def later(workspace, **options):
        return KeptWorkspace(workspace).loaded(**options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_workspace, "load_workspace", first)
        patch.setattr(Loaded, "close", lambda loaded: None)
        for module in (assess_carbon, assess_city, assess_relocation, assess_sites, assess_siting, report_status):
            patch.setattr(module, "load_workspace", later)
        yield
