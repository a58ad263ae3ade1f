"""Where could it go: candidates on the grid, the written order of ranks, and what ships judged anew."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
import shipped
from shapes import from_metres, metres, sites

from cdgis.core.errors import UsageError
from cdgis.geometry import geodesy
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers.loading import Loaded
from cdgis.siting.candidate_sites import SitingRequest, guide_siting
from cdgis.siting.guidance import guide, search_area
from cdgis.workspace.layers import Subjects

ROOT = Path(__file__).resolve().parent.parent
AREA = metres(-2000, -2000, 2000, 2000)
NOTHING = np.empty(0, dtype=object)
HECTARE = SitingRequest(size_ha=1.0)


def answers(frame, **columns):
    """The same answer for every candidate, unless a column says otherwise."""
    values = {
        "verdict": "未发现冲突", "at_least": "", "caveats": "", "stability": "稳定", "critical_distance_m": 500.0,
        "receptor_distance_m": 500.0, "railway_distance_m": 500.0,
    }  # fmt: skip
    return pd.DataFrame({"subject_id": frame["subject_id"], **(values | columns)})


def plane(geometry):
    return geodesy.geometries_to_plane(np.array([geometry]))[0]


def test_candidates_have_the_size_asked_for_and_lie_wholly_within_the_area() -> None:
    found = guide_siting(AREA, SitingRequest(size_ha=4.0, count=100), answers, keep_off=NOTHING)
    np.testing.assert_allclose(found.locations["area_m2"], 4e4, rtol=1e-7)
    assert all(plane(AREA).buffer(1e-6).covers(plane(shape)) for shape in found.sites.geometry)
    # 500 m apart, 200 m wide, in 4 km: at most 8 in a row and at least 7.
    assert 7**2 <= len(found.locations) <= 8**2


def test_locations_do_not_overlap_when_candidates_do() -> None:
    found = guide_siting(AREA, SitingRequest(size_ha=100.0, spacing_m=300.0), answers, keep_off=NOTHING)
    geoms = np.asarray(found.sites.geometry.array)
    a, b = shapely.STRtree(geoms).query(geoms, predicate="intersects")
    assert len(geoms) > 1 and (a == b).all()


def test_a_given_shape_is_placed_as_it_is() -> None:
    shape = from_metres(shapely.Polygon([(0, 0), (300, 0), (300, 100), (100, 100), (100, 200), (0, 200)]))
    found = guide_siting(AREA, SitingRequest(shape=shape), answers, keep_off=NOTHING)
    np.testing.assert_allclose(found.locations["area_m2"], plane(shape).area, rtol=1e-4)
    moved = shapely.normalize(np.array([plane(g) for g in found.sites.geometry]))
    assert all(shapely.get_num_coordinates(g) == 7 for g in moved)


def test_prohibited_ground_is_kept_off_and_counted() -> None:
    west = metres(-3000, -3000, 0, 3000)
    found = guide_siting(AREA, SitingRequest(size_ha=1.0, count=100), answers, keep_off=np.array([west]))
    assert (
        len(found.sites)
        and (shapely.distance(np.array([plane(g) for g in found.sites.geometry]), plane(west)) >= 0.9).all()
    )
    assert f"避开禁止范围的 {len(found.locations)} 个" in found.notes[0]


def test_at_most_so_many_candidates_are_judged_and_the_note_says_so() -> None:
    asked = []

    def judge(frame):
        asked.append(len(frame))
        return answers(frame)

    found = guide_siting(AREA, SitingRequest(size_ha=1.0, most=10), judge, keep_off=NOTHING)
    assert len(asked) == 1 and asked[0] <= 10
    assert f"判定 {asked[0]} 个" in found.notes[0]


def first_of(**columns) -> int:
    """Which candidate comes first when the second of all differs as told."""
    first: list[str] = []

    def judge(frame):
        table = answers(frame)
        for name, (usual, second) in columns.items():
            table[name] = [second if i == 1 else usual for i in range(len(frame))]
        first.append(table["subject_id"].iloc[1])
        table["receptor_distance_m"] = table["receptor_distance_m"].astype(float)
        order.update(dict(zip(frame["subject_id"], frame.geometry, strict=True)))
        return table

    order: dict[str, object] = {}
    found = guide_siting(AREA, HECTARE, judge, keep_off=NOTHING)
    best = found.sites.geometry.iloc[0]
    return next(i for i, shape in enumerate(order.values()) if shape.equals(best))


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        ({}, 0),
        ({"verdict": ("有条件符合", "未发现冲突")}, 1),
        ({"verdict": ("未发现冲突", "有条件符合")}, 0),
        ({"verdict": ("资料不足", "须论证"), "at_least": ("未发现冲突", "")}, 1),
        ({"verdict": ("不符合", "资料不足"), "at_least": ("", "须论证")}, 1),
        ({"stability": ("临界", "稳定"), "critical_distance_m": (900.0, 20.0)}, 1),
        ({"critical_distance_m": (310.0, 450.0), "receptor_distance_m": (1900.0, 10.0)}, 1),
        ({"critical_distance_m": (310.0, 390.0)}, 0),
        ({"critical_distance_m": (310.0, float("nan"))}, 1),
        ({"receptor_distance_m": (310.0, 700.0), "railway_distance_m": (100.0, 9000.0)}, 1),
        ({"railway_distance_m": (9000.0, 1500.0)}, 1),
        ({"railway_distance_m": (9000.0, float("nan"))}, 0),
    ],
)
def test_rank_follows_verdict_then_stability_then_distances(columns: dict, first: int) -> None:
    assert first_of(**columns) == first


def test_a_prohibited_candidate_is_never_offered() -> None:
    found = guide_siting(AREA, HECTARE, lambda f: answers(f, verdict="不符合"), keep_off=NOTHING)
    assert found.locations.empty and "全部为“不符合”" in found.notes[-1]


def test_nothing_is_judged_when_nothing_fits() -> None:
    found = guide_siting(metres(0, 0, 50, 50), HECTARE, lambda f: pytest.fail("judged"), keep_off=NOTHING)
    assert found.locations.empty and "没有可供判定的候选位置" in found.notes[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "只给其一"),
        ({"size_ha": 1.0, "shape": AREA}, "只给其一"),
        ({"size_ha": 0.0}, "须大于 0 公顷"),
        ({"shape": shapely.Point(0, 0)}, "用地形状须为面"),
        ({"size_ha": 1.0, "count": 0}, "都须大于 0"),
        ({"size_ha": 1.0, "spacing_m": 0.0}, "都须大于 0"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SitingRequest(**options)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return shipped.loaded()


def test_a_county_is_found_by_its_name_or_the_start_of_it(loaded: Loaded) -> None:
    assert search_area(loaded, "隆化县").equals(search_area(loaded, "隆化"))
    assert search_area(loaded, "").contains(search_area(loaded, "隆化").representative_point())


def test_a_county_that_is_not_there_is_an_error_naming_those_that_are(loaded: Loaded) -> None:
    with pytest.raises(UsageError, match="“某县”.*隆化县"):
        search_area(loaded, "某县")


def test_a_project_prohibited_everywhere_has_no_location(loaded: Loaded) -> None:
    captive = SitingRequest(industry="4411", size_ha=5.0, attributes={"captive_coal_unit": "true"})
    found = guide(loaded, captive, search_area(loaded, "隆化"), lambda *_: pytest.fail("judged"))
    assert found.judged is None and "与位置无关地禁止" in found.siting.notes[0]


@pytest.mark.slow
def test_locations_in_a_county_judged_anew_get_the_same_verdict(loaded: Loaded) -> None:
    request = SitingRequest(industry="2710", size_ha=10.0, most=120, count=5, attributes={"cod_t_per_yr": "3"})
    found = guide(loaded, request, search_area(loaded, "隆化县"), judge_subjects)
    table = found.siting.locations
    assert len(table) == 5 and list(table["rank"]) == [1, 2, 3, 4, 5]
    shapes = shapely.from_wkt(table["wkt"].to_numpy())
    again = sites(list(shapes), industry="2710").frame
    attributes = pd.DataFrame(
        [(subject, "cod_t_per_yr", "3", "") for subject in again["subject_id"]],
        columns=["subject_id", "attribute", "value", "unit"],
    )
    verdicts = judge_subjects(loaded, Subjects(frame=again, attributes=attributes)).tables["verdicts"]
    for name in ("verdict", "at_least", "caveats", "stability"):
        assert list(verdicts[name]) == list(table[name])
        assert list(found.judged.tables["verdicts"][name]) == list(table[name])
    np.testing.assert_allclose(verdicts["critical_distance_m"], table["critical_distance_m"], rtol=1e-9)
    assert shapely.covers(search_area(loaded, "隆化县").buffer(1e-7), shapes).all()
