"""A seeded sample of wounded files of every format; the long run is ``python -m tests.hostile files``."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from small_workspace import small_workspace

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.workspace.settings import Workspace, open_workspace
from tests.hostile.file_samples import HOLED, PARCELS, PLAIN, SHELLS, good_files
from tests.hostile.files import ENGLISH, _as_it_says, screened, tried
from tests.hostile.trials import BAD, Fate

TOLD = (".gpx", ".dat", ".xls", ".dxf")
"""Formats whose lines and points are made land, or whose inner lines holes, and said to be."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wounded")


@pytest.fixture(scope="module")
def good(root: Path) -> dict[str, bytes]:
    return good_files(root)


@pytest.fixture(scope="module")
def place(root: Path) -> Workspace:
    return open_workspace(small_workspace(root / "w"))


def test_the_good_files_all_describe_the_parcels_and_need_no_word(good: dict[str, bytes], place: Workspace, root: Path) -> None:
    assert len(good) >= 19
    for name in good:
        assessment = screened(place, root / "good" / name)
        shapes = {".gpx": SHELLS, ".dat": [PLAIN], ".xls": [PLAIN]}.get(Path(name).suffix, PARCELS)
        areas = survey_area_m2(assessment.subjects.frame.geometry.to_numpy())
        assert sorted(areas) == pytest.approx(sorted(survey_area_m2(shapes)), abs=1.0), name
        said = (assessment.tables["intake"]["reason"].fillna("") != "").any()
        assert said == name.endswith(TOLD), (name, assessment.tables["intake"]["reason"].tolist())


def test_no_wound_ends_badly(good: dict[str, bytes], place: Workspace, root: Path) -> None:
    fates = {name: tried(place, root / f"x{at}" / name, good[name], f"7/{at}") for at, name in enumerate(good)}
    assert {name: outcome for name, outcome in fates.items() if outcome[0] in BAD} == {}
    assert Fate.REFUSED in {fate for fate, _ in fates.values()}


def test_lost_and_moved_land_would_be_noticed(root: Path) -> None:
    nowhere = root / "x.txt"
    moved = one_vertex_elsewhere()
    cases = ((PARCELS, Fate.RIGHT), ([moved, PLAIN], Fate.CHANGED), ([HOLED], Fate.WRONG), (SHELLS, Fate.WRONG))
    for shapes, fate in cases:
        assert _as_it_says(nowhere, np.array(shapes, dtype=object))[0] is fate


def one_vertex_elsewhere() -> shapely.Polygon:
    """Return the first parcel with one vertex elsewhere."""
    ring = list(HOLED.exterior.coords)
    ring[1] = (ring[1][0] + 1e-4, ring[1][1])
    return shapely.Polygon(ring, HOLED.interiors)


def test_english_of_a_library_would_be_noticed() -> None:
    assert ENGLISH.search("压缩包损坏（Points of LinearRing do not form a closed linestring）")
    assert not ENGLISH.search("坐标系不符：CGCS2000 / 3-degree Gauss-Kruger CM 117E")
