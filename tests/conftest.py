"""What every test module shares: one hypothesis profile, so that a run today and a run tomorrow try the same examples.

Workers take whole files (``-n 2``), so that what a file prepares is prepared once; files with slow tests come first, so
that no worker is left with a long one when the other has nothing more to do.
"""

import gc
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from shapes import CHENGDE, SHIPPED

from cdgis.core.packs import set_packs
from cdgis.geometry.planes import set_planes

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=25,
    phases=(Phase.explicit, Phase.generate),  # a failure is shown as found: shrinking geometry takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")

RUN_USERS = ("test_shipped_subjects.py", "test_relocation_shipped.py", "test_shipped_pages.py")
"""Files that need the whole run of the shipped workspace (`shipped.run`)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that share the whole run first, then the others with slow or browser tests; else keep the order."""
    long = {item.path for item in items if any(map(item.get_closest_marker, ("slow", "browser")))}
    items.sort(key=lambda item: (item.path.name not in RUN_USERS, item.path not in long))


def pytest_collection_finish() -> None:
    """Keep modules and collected tests out of every later collection of garbage: a third of a second each."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give whole files to the workers, and all files that share the whole run to one of them."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = super()._split_scope(nodeid)
            return "the whole run" if Path(path).name in RUN_USERS else path

    config.option.loadscopereorder = False
    return ByFile(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(autouse=True)
def day_of_checking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `cdgis verify` check on one day: reports are valid for a time, and tests must not end with it."""
    if request.path.name.startswith("test_verify"):
        from cdgis.cli import verify

        fixed = type("Day", (date,), {"today": classmethod(lambda cls: date(2026, 11, 29))})
        monkeypatch.setattr(verify, "date", fixed)


@pytest.fixture(autouse=True, scope="module")
def shared_assessment_as_it_was() -> Iterator[None]:
    """Name the file that changes the assessment all tests of reports share: another file would fail in its stead."""
    yield
    fixtures = sys.modules.get("report_fixtures")
    assert fixtures is None or fixtures.changed_assessments() == []


@pytest.fixture(scope="module")
def reads_once() -> Iterator[None]:
    """Read each workspace once in this module: for tests of many commands on one that nobody changes."""
    from shipped import read_once

    with read_once():
        yield


@pytest.fixture(autouse=True)
def shipped_place() -> Iterator[None]:
    """Leave every test, and what the next module prepares, in the shipped workspace's planes."""
    yield
    set_planes(lambda: SHIPPED)
    set_packs(CHENGDE)
