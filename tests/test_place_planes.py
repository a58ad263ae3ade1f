"""Planes belong to the workspace: areas and distances are right at ten places, and two places never mix."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyproj
import pytest
import shapely
import shapely.ops
from shapes import layer_set, sites, write_layer, zone_layer
from test_geodesy import B, survey_2008_m2
from test_remedy import BAN, engine

import cdgis
from cdgis.core.errors import WorkspaceError
from cdgis.geometry import geodesy
from cdgis.geometry.kernels.outline_distances import pair_distance_m
from cdgis.geometry.planes import Planes, PlaneThreads, current_planes, on_planes
from cdgis.geometry.shapes import follow_plane, is_sliver
from cdgis.siting.clearance import SETBACK_M
from cdgis.siting.remedies import Obstacles, Target, propose_remedies

PLACES = {
    "喀什": (73.5, 35.3, 79.9, 40.3), "承德": (115.9, 40.2, 119.3, 42.6), "衡阳": (110.5, 26.1, 113.3, 27.5),
    "抚远": (133.5, 47.4, 135.1, 48.5), "三沙": (111.0, 3.8, 117.9, 18.4), "漠河": (121.1, 52.1, 124.4, 53.6),
    "海口": (110.1, 19.5, 110.7, 20.1), "拉萨": (89.8, 29.2, 92.6, 31.1), "上海": (120.8, 30.7, 122.2, 31.9),
    "新疆": (73.4, 34.3, 96.4, 49.2),
}  # fmt: skip
GEOD = pyproj.Geod(ellps="GRS80")


def test_planes_of_chengde_are_what_they_were():
    planes = Planes.of((115.903483, 40.190139, 119.239968, 42.614769))
    assert (planes.lat_ts_deg, planes.lon_0_deg, planes.stretch) == (41.4, 117.5, 1.1)
    assert planes.distance_proj == "+proj=tmerc +lon_0=117.5 +ellps=GRS80 +units=m"
    assert planes.scale_error * 1.5 < 5e-4


def spots(name, count):
    west, south, east, north = PLACES[name]
    random = np.random.default_rng(sum(map(ord, name)))
    return np.column_stack([random.uniform(west, east, count), random.uniform(south, north, count)]), random


@pytest.mark.parametrize("name", PLACES)
def test_areas_equal_the_land_survey_formula(name):
    centres, random = spots(name, 30)
    with on_planes(lambda: Planes.of(PLACES[name])):
        for centre in centres:
            angles = np.sort(random.uniform(0, 2 * np.pi, 7))
            radii = 10 ** random.uniform(-4, -0.5) * random.uniform(0.4, 1, 7)
            ring = centre + np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
            ring = np.vstack([ring, ring[:1]])
            polygon = shapely.Polygon(ring)
            if not polygon.is_valid:
                continue
            area = geodesy.survey_area_m2(np.array([polygon]))[0]
            assert area == pytest.approx(survey_2008_m2(ring), rel=1e-9, abs=1e-6 + 4e-16 * B**2)


def true_distance_m(lon, lat, edge):
    """Least geodesic distance to an edge that is straight on the measuring plane, by golden section."""
    ends = geodesy.geometries_to_plane(np.array([edge]))
    (x0, y0), (x1, y1) = shapely.get_coordinates(ends)

    def at(t):
        on_lon, on_lat = geodesy.from_plane(np.array([x0 + t * (x1 - x0)]), np.array([y0 + t * (y1 - y0)]))
        return GEOD.inv(lon, lat, on_lon[0], on_lat[0])[2]

    low, high, ratio = 0.0, 1.0, (np.sqrt(5) - 1) / 2
    for _ in range(60):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if at(a) < at(b) else (a, high)
    return min(at(t) for t in (0.0, (low + high) / 2, 1.0))


@pytest.mark.parametrize("name", PLACES)
def test_distance_is_geodesic_to_a_millimetre_at_ten_kilometres(name):
    centres, random = spots(name, 12)
    with on_planes(lambda: Planes.of(PLACES[name])):
        for lon, lat in centres:
            bearing, slant = random.uniform(0, 360), random.uniform(20, 160)
            foot_lon, foot_lat, _ = GEOD.fwd(lon, lat, bearing, random.uniform(100, 10_000))
            ends = [GEOD.fwd(foot_lon, foot_lat, bearing + slant + turn, 2000)[:2] for turn in (0, 180)]
            edge = shapely.LineString(ends)
            course = follow_plane(np.array([edge]), geodesy.geometries_to_plane(np.array([edge])))
            local = geodesy.geometries_to_local(np.array([shapely.Point(lon, lat)]))
            found = pair_distance_m(local, geodesy.geometries_to_local(course))[0]
            assert found == pytest.approx(true_distance_m(lon, lat, edge), abs=1e-3)


def along(lon, lat, corners):
    """A polygon of points given as metres east and north of a spot, by geodesics."""
    return shapely.Polygon([GEOD.fwd(*GEOD.fwd(lon, lat, 90, east)[:2], 0, north)[:2] for east, north in corners])


def least_distance_m(one, other):
    """Geodesic distance of two outlines, by points every half metre of the first against the other's on its distance plane."""
    here = np.array(shapely.segmentize(one, 5e-6).exterior.coords)
    near = np.array([shapely.ops.nearest_points(shapely.Point(xy), other)[1].coords[0] for xy in here])
    return GEOD.inv(*here.T, *near.T)[2].min()


@pytest.mark.parametrize("name", PLACES)
def test_a_proposed_shift_is_judged_clear_and_as_long_as_geodesics_say(name):
    """A site of 200 m whose eastern half is prohibited: 100 m and the setback to the west, in every place."""
    ((lon, lat), (west, south)), _ = spots(name, 2)
    for x, y in ((lon, lat), (west, south)):
        site = along(x, y, [(0, 0), (200, 0), (200, 200), (0, 200)])
        ban = along(x, y, [(100, -900), (900, -900), (900, 900), (100, 900)])
        with on_planes(lambda: Planes.of(PLACES[name])):
            city = shapely.box(x - 0.1, y - 0.1, x + 0.1, y + 0.1)
            judged = engine(layer_set(zone_layer("ban", [ban]), city=city), BAN)
            table, _ = propose_remedies(sites([site]).frame, [Obstacles(subject_id="S000", target=Target.PROHIBITED,
                                        zones=np.array([ban], dtype=object))], judged, radius_m=500.0)  # fmt: skip
        row = table.set_index("kind").loc["平移"]
        assert row["feasible"] and row["verdict"] == "未发现冲突"
        assert row["distance_m"] == pytest.approx(100 + SETBACK_M, abs=0.1)
        moved = shapely.from_wkt(row["wkt"])
        assert least_distance_m(moved, ban) == pytest.approx(SETBACK_M, abs=0.1)
        (x0, y0), (x1, y1) = site.exterior.coords[0], moved.exterior.coords[0]
        assert GEOD.inv(x0, y0, x1, y1)[2] == pytest.approx(row["distance_m"], abs=0.1)


def test_planes_of_another_place_do_not_find_the_foot():
    """The twin: what Chengde's planes make of a place in the west."""
    lon, lat, edge = 75.0, 37.0, shapely.LineString([(75.05, 36.96), (75.08, 37.05)])
    local = geodesy.geometries_to_local(np.array([shapely.Point(lon, lat), edge]))
    assert abs(pair_distance_m(local[:1], local[1:])[0] - true_distance_m(lon, lat, edge)) > 1e-3


@pytest.mark.parametrize("name", PLACES)
def test_a_strip_is_a_sliver_by_its_width_on_the_ground(name):
    west, south, east, north = PLACES[name]
    with on_planes(lambda: Planes.of(PLACES[name])):
        for lat in (south + 0.01, north - 0.01):
            for along in (0.0, 90.0):
                for width, thin in ((0.09, True), (0.11, False)):
                    corner = (west + 0.02, lat)
                    far = GEOD.fwd(*corner, along, 300)[:2]
                    strip = shapely.Polygon([corner, far, GEOD.fwd(*far, along + 90, width)[:2], GEOD.fwd(*corner, along + 90, width)[:2]])
                    plane = geodesy.geometries_to_plane(np.array([strip]))
                    assert is_sliver(plane, np.array([0.01]))[0] == thin


def test_nothing_is_measured_without_a_place():
    with ThreadPoolExecutor(1) as bare, PlaneThreads(1) as placed:
        with pytest.raises(WorkspaceError, match="没有打开工作区"):
            bare.submit(current_planes).result()
        assert placed.submit(current_planes).result() == current_planes()


ENTRY = 'theme = "三线"\ngeometry = "polygon"\nofficial = false\nversion = "2026"\nsource = "测试"\nlicence = "CC0"\n'


def city_at(root, lon, lat):
    """A workspace of a city half a degree wide around a spot, with a red line 500 m east of it."""
    root.mkdir()
    write_layer(root / "layers/city.gpkg", [shapely.box(lon - 0.25, lat - 0.25, lon + 0.25, lat + 0.25)], {"id": ["C"]})
    start = GEOD.fwd(lon, lat, 90, 500)[0]
    red = {"id": ["H1"], "kind": ["红线一般区域"]}
    write_layer(root / "layers/redline.gpkg", [shapely.box(start, lat - 0.02, start + 0.02, lat + 0.02)], red)
    (root / "layers/catalog.toml").write_text(
        f'[layers.city]\ntitle = "市域"\npath = "city.gpkg"\nzones = false\nfields = {{ zone_id = ["id"] }}\n{ENTRY}'
        f'[layers.ecological_redline]\ntitle = "红线"\npath = "redline.gpkg"\ncoverage = "city"\n'
        f'fields = {{ zone_id = ["id"], zone_class = ["kind"] }}\n{ENTRY}', encoding="utf-8",
    )  # fmt: skip
    (root / "cdgis.toml").write_text('name = "测"\ncity = "某市"\nas_of = 2026-11-01\n', encoding="utf-8")
    return cdgis.open_workspace(root)


def test_two_places_in_one_process_keep_to_their_own_planes(tmp_path):
    spots_of = {"east": (134.0, 48.0), "south": (112.0, 16.5)}
    sessions = {name: city_at(tmp_path / name, *spot) for name, spot in spots_of.items()}

    def distance_m(name):
        lon, lat = spots_of[name]
        result = sessions[name].screen(f"{lon},{lat}", industry="3011", project_type="新建", crs="CGCS2000")
        return float(result.tables["clear"]["distance_m"].iloc[0])

    in_turn = [distance_m(name) for name in ("east", "south", "east")]
    assert in_turn == pytest.approx([500.0] * 3, abs=2e-3) and in_turn[0] == in_turn[2]
    with ThreadPoolExecutor(2) as threads:
        at_once = list(threads.map(distance_m, ("east", "south")))
    assert at_once == in_turn[:2]


@pytest.mark.parametrize("name", PLACES)
def test_the_distance_plane_is_the_one_proj_derives_from_epsg_4490(name):
    west, south, east, north = PLACES[name]
    random = np.random.default_rng(len(name))
    degrees = random.uniform(west, east, 2000), random.uniform(south, north, 2000)
    with on_planes(lambda: Planes.of(PLACES[name])):
        plane = Planes.of(PLACES[name]).distance_proj
        there = pyproj.Transformer.from_crs("EPSG:4490", plane, always_xy=True).transform(*degrees)
        back = pyproj.Transformer.from_crs(plane, "EPSG:4490", always_xy=True).transform(*there)
        points = geodesy.geometries_to_local(shapely.points(*degrees))
        assert np.array_equal(shapely.get_coordinates(points), np.column_stack(there))
        assert np.array_equal(geodesy.from_local(*there), back)
        assert np.array_equal(shapely.get_coordinates(geodesy.geometries_from_local(points)), np.column_stack(back))
