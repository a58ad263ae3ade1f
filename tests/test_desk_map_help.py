"""Snapping gives coordinates of the layer itself, the nearest there are; names only move the map; ways out follow the verdict."""

import numpy as np
import pytest
import shapely
from desk_client import ABOUT, BESIDE, OVER, Browser, confirmed_case, opened_desk
from pyproj import Geod

from cdgis.core.errors import DeskError
from cdgis.web.worker import Worker

GEOD = Geod(ellps="GRS80")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made, _ = opened_desk(tmp_path_factory.mktemp("map") / "w")
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def browser(app):
    return Browser(app)


def metres_to(lon, lat, points):
    return GEOD.inv(np.full(len(points), lon), np.full(len(points), lat), points[:, 0], points[:, 1])[2]


def test_snapped_point_is_the_nearest_corner_else_on_the_nearest_edge_else_nothing(app, browser):
    zones = app.state.desk.workspace.layers["ecological_redline"].geometry.to_numpy()
    corners, edges = shapely.get_coordinates(zones), shapely.boundary(zones)
    west, south, east, north = shapely.total_bounds(zones)
    rng, seen = np.random.default_rng(3), set()
    for _ in range(120):
        lon, lat = (corners[rng.integers(len(corners))] + rng.normal(0, 3e-4, 2)) if rng.random() < 0.6 else rng.uniform((west, south), (east, north))
        reach = float(rng.uniform(5, 120))
        found = browser.get("/api/snap", params={"lon": lon, "lat": lat, "reach_m": reach, "layers": "ecological_redline,nothing"}).json()
        seen.add(found.get("kind", ""))
        away = metres_to(lon, lat, corners)
        if found.get("kind") == "corner":
            at = [found["lon"], found["lat"]]
            assert at in corners.tolist() and metres_to(lon, lat, np.array([at]))[0] <= away.min() + 0.5
            continue
        assert away.min() > reach * 0.99
        near = shapely.get_coordinates(shapely.shortest_line(shapely.Point(lon, lat), shapely.union_all(edges)))[-1]
        if found:
            assert shapely.distance(shapely.Point(found["lon"], found["lat"]), shapely.union_all(edges)) < 1e-9
            assert metres_to(lon, lat, np.array([[found["lon"], found["lat"]]]))[0] <= metres_to(lon, lat, near[None])[0] + 0.5
        else:
            assert metres_to(lon, lat, near[None])[0] > reach * 0.98
    assert seen == {"corner", "edge", ""}


@pytest.mark.parametrize("asked", [{"lon": "x"}, {"reach_m": 0}, {"reach_m": 1e9}, {"lon": "nan"}, {"lat": "inf"}])
def test_snap_that_means_nothing_finds_nothing(browser, asked):
    answer = browser.get("/api/snap", params={"lon": 117.5, "lat": 41.4, "reach_m": 5, "layers": "ecological_redline"} | asked)
    assert answer.status_code == 400 and answer.json()["reason"]


def test_ways_out_follow_the_verdict_and_lines_have_the_length_they_say(browser):
    case = confirmed_case(browser, OVER)
    [site] = browser.get(f"/api/cases/{case}/verdict").json()["sites"]
    [more] = browser.get(f"/api/cases/{case}/ways").json()["sites"]
    assert site["verdict"] == "不符合" and "remedies" not in site and more["subject_id"] == site["subject_id"]
    assert any(way["feasible"] and way["geometry"] for way in more["remedies"])
    beside = confirmed_case(browser, BESIDE)
    [site], [more] = (browser.get(f"/api/cases/{beside}/{part}").json()["sites"] for part in ("verdict", "ways"))
    rows = [row for row in more["near"] if row["ends"]]
    assert rows and site["critical"] and site["critical"]["distance_m"] == pytest.approx(200, abs=0.5)
    for row in [*rows, site["critical"]]:
        (x, y), end = row["ends"]
        assert metres_to(x, y, np.array([end]))[0] == pytest.approx(row["distance_m"], rel=0.01, abs=0.6)


def test_ways_out_and_places_elsewhere_wait_for_the_confirmed_boundary(browser):
    case = browser.post("/api/cases", {}).json()["id"]
    for part in ("ways", "alternatives?subject=1"):
        assert browser.get(f"/api/cases/{case}/{part}").status_code == 409
    case = confirmed_case(browser, shapely.centroid(BESIDE), about=ABOUT | {"activity": ""})
    subject = browser.get(f"/api/cases/{case}/verdict").json()["sites"][0]["subject_id"]
    answer = browser.get(f"/api/cases/{case}/alternatives", params={"subject": subject})
    assert answer.status_code == 400 and "面积" in answer.json()["reason"]
    assert browser.get(f"/api/cases/{case}/alternatives", params={"subject": "x"}).status_code == 404


def test_place_is_found_by_part_of_its_name_and_by_initials(app, browser, monkeypatch):
    from cdgis.web import map_help

    monkeypatch.setattr(map_help, "_PLACES", ("ecological_redline", "nothing"))
    map_help._named.cache_clear()
    for word in ("甲", "j", "J "):
        [found] = browser.get("/api/places", params={"q": word}).json()
        assert found["name"] == "甲" and "initials" not in found
        west, south, east, north = found["bounds"]
        assert west < east and south < north
    for word in ("", "  ", "zz", "%"):
        assert browser.get("/api/places", params={"q": word}).json() == []
    map_help._named.cache_clear()


def test_verdict_is_asked_of_the_process_that_is_sooner_free_and_a_failed_question_is_no_load(app, monkeypatch):
    desk = app.state.desk
    asked = []

    class Stub(Worker):
        def _asked(self, task, given):
            asked.append((given["name"], task, self.load_s))
            if task == "read":
                raise DeskError("坏文件")
            return {}

    one, two = (Stub(desk.settings.workspace, desk.settings.limits) for _ in range(2))
    monkeypatch.setattr(desk, "judge", one)
    monkeypatch.setattr(desk, "reader", two)
    one._waiting.append("write")  # a report is being written there
    desk.ask_quickly("judge", name="x")
    one._waiting.remove("write")
    two._waiting += ["read"]
    desk.ask_quickly("judge", name="y")
    two._waiting.clear()
    with pytest.raises(DeskError, match="坏文件"):
        two.ask("read", name="z")
    assert (one.load_s, two.load_s) == (0, 0) and [task for _, task, load in asked if load > 0] == ["judge", "judge", "read"]


def test_verdict_waits_for_no_report_that_is_written(app, monkeypatch):
    desk, order = app.state.desk, []

    class Stub:
        def __init__(self, name, load_s):
            self.name, self.load_s = name, load_s

        def ask(self, task, **_):
            order.append(self.name)
            return {}

    for judge, reader, first in ((5.0, 0.0, "reader"), (0.0, 0.5, "judge"), (5.0, 0.5, "reader"), (0.0, 0.0, "judge")):
        monkeypatch.setattr(desk, "judge", Stub("judge", judge))
        monkeypatch.setattr(desk, "reader", Stub("reader", reader))
        desk.ask_quickly("judge")
        assert order.pop() == first
