"""A seeded sample of mutated files of every format; the long run is ``python -m benchmarks.fuzz_files --files 2000``."""

from pathlib import Path

import pytest
from mutation_samples import AREA_M2, samples, small_workspace

from benchmarks.fuzz_files import ENGLISH, judged, outcomes
from cdgis.workspace.settings import Workspace


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated")


@pytest.fixture(scope="module")
def good(root: Path) -> dict[str, bytes]:
    return samples(root)


@pytest.fixture(scope="module")
def place(root: Path) -> Workspace:
    return small_workspace(root)


def test_the_good_files_all_describe_the_parcel(good: dict[str, bytes], place: Workspace) -> None:
    fates = {name: judged(place.root / "good" / name, name, place, AREA_M2) for name in good}
    assert len(fates) >= 14
    assert {name: outcome for name, outcome in fates.items() if outcome.fate not in ("silent", "told")} == {}


def test_no_mutation_ends_in_a_fault(good: dict[str, bytes], place: Workspace) -> None:
    found = list(outcomes(good, place, files=5 * len(good), seed=7, area_m2=AREA_M2))
    assert [outcome for outcome in found if outcome.fate == "fault"] == []
    assert {outcome.fate for outcome in found} >= {"quarantined", "told"}


def test_english_of_a_library_would_be_noticed() -> None:
    assert ENGLISH.search("压缩包损坏（Points of LinearRing do not form a closed linestring）")
    assert not ENGLISH.search("坐标系不符：CGCS2000 / 3-degree Gauss-Kruger CM 117E")
