"""Areas, planes, projections and datums against formulas and figures that are not ours."""

import math
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cdgis.core.errors import CrsError
from cdgis.geometry import gauss_kruger, geodesy
from cdgis.geometry.shapes import follow_plane
from cdgis.readers.repair import DENSIFIED

# 国土调查办发〔2008〕32号, with CGCS2000's constants: trapezoids between each edge and the meridian 60°E.
A, F = 6378137.0, 1 / 298.257222101
E2 = 2 * F - F * F
B = A * (1 - F)
SERIES = (
    1 + 3 / 6 * E2 + 30 / 80 * E2**2 + 35 / 112 * E2**3 + 630 / 2304 * E2**4,
    1 / 6 * E2 + 15 / 80 * E2**2 + 21 / 112 * E2**3 + 420 / 2304 * E2**4,
    3 / 80 * E2**2 + 7 / 112 * E2**3 + 180 / 2304 * E2**4,
    1 / 112 * E2**3 + 45 / 2304 * E2**4,
    5 / 2304 * E2**4,
)


def survey_2008_m2(ring):
    lon, lat = np.radians(np.asarray(ring)).T
    total = 0.0
    for i in range(len(lon) - 1):
        width = (lon[i] + lon[i + 1]) / 2 - np.radians(60)
        rise, middle = lat[i + 1] - lat[i], (lat[i] + lat[i + 1]) / 2
        terms = [
            (-1) ** k * c * np.sin((2 * k + 1) * rise / 2) * np.cos((2 * k + 1) * middle) for k, c in enumerate(SERIES)
        ]
        total += 2 * B**2 * width * sum(terms)
    return abs(total)


@st.composite
def rings(draw):
    lon, lat = draw(st.floats(116.0, 119.0)), draw(st.floats(40.2, 42.6))
    radius_deg = 10 ** draw(st.floats(-4, 0)) / 2  # 10 m to 100 km across
    count = draw(st.integers(3, 12))
    angles = (np.arange(count) + [draw(st.floats(0.1, 0.9)) for _ in range(count)]) / count * 2 * np.pi
    radii = radius_deg * np.array([draw(st.floats(0.4, 1.0)) for _ in range(count)])
    points = np.column_stack([lon + radii * np.cos(angles), lat + radii * np.sin(angles)])
    return np.vstack([points, points[:1]])


@given(rings())
def test_survey_area_equals_the_2008_series_when_polygons_are_random(ring):
    area = geodesy.survey_area_m2(np.array([shapely.Polygon(ring)]))[0]
    # Both sum signed trapezoids of the size of a whole meridian strip, so the series' own rounding grows with ΔL·L.
    assert area == pytest.approx(survey_2008_m2(ring), rel=1e-9, abs=1e-6 + 4e-16 * B**2)


def test_survey_area_equals_the_published_figure_when_square_is_a_hundredth_degree():
    square = shapely.box(117, 41, 117.01, 41.01)
    assert geodesy.survey_area_m2(np.array([square]))[0] == pytest.approx(934284.309, abs=0.001)
    assert survey_2008_m2(square.exterior.coords) == pytest.approx(934284.309, abs=0.001)


def test_survey_area_subtracts_holes():
    outer, inner = shapely.box(117, 41, 117.02, 41.02), shapely.box(117.005, 41.005, 117.01, 41.01)
    areas = geodesy.survey_area_m2(np.array([outer, inner, outer - inner]))
    assert areas[2] == pytest.approx(areas[0] - areas[1], rel=1e-12)


@given(rings())
def test_geodesic_area_equals_pyproj_when_polygons_are_random(ring):
    polygon = shapely.Polygon(ring)
    expected = abs(pyproj.Geod(ellps="GRS80").polygon_area_perimeter(*ring[:-1].T)[0])
    assert geodesy.geodesic_area_m2(np.array([polygon]))[0] == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_gk117_area_equals_proj_when_square_lies_west():
    square = shapely.box(116.2, 41.0, 116.21, 41.01)
    project = pyproj.Transformer.from_crs(4490, "+proj=tmerc +lon_0=117 +x_0=500000 +ellps=GRS80", always_xy=True)
    expected = shapely.transform(square, project.transform, interleaved=False).area
    assert geodesy.gk117_area_m2(np.array([square]))[0] == pytest.approx(expected, rel=1e-9)


@given(st.floats(115.0, 120.0), st.floats(39.0, 44.0))
def test_to_plane_equals_proj_cea_and_from_plane_undoes_it(lon, lat):
    proj = pyproj.Proj(proj="cea", lat_ts=41.4, lon_0=117.5, ellps="GRS80")
    x, y = geodesy.to_plane(np.array([lon]), np.array([lat]))
    # PROJ evaluates q by a series of its own and stops at a few 1e-8 m.
    assert (x[0], y[0]) == pytest.approx(proj(lon, lat), abs=1e-6)
    back_lon, back_lat = geodesy.from_plane(x, y)
    assert (back_lon[0], back_lat[0]) == pytest.approx((lon, lat), abs=1e-12)


def test_cell_areas_equal_the_survey_area_of_the_same_cells():
    edges = np.array([41.5, 41.25, 41.0])
    cells = np.array([shapely.box(117, 41.25, 117.3, 41.5), shapely.box(117, 41.0, 117.3, 41.25)])
    assert geodesy.cell_areas_m2(edges, 0.3) == pytest.approx(geodesy.survey_area_m2(cells), rel=1e-12)


def test_geodesic_length_counts_lines_only():
    line, geod = shapely.LineString([(117, 41), (117.1, 41.2)]), pyproj.Geod(ellps="GRS80")
    length = geodesy.geodesic_length_m(np.array([line, shapely.Point(117, 41), shapely.box(117, 41, 118, 42)]))
    assert length == pytest.approx([geod.inv(117, 41, 117.1, 41.2)[2], 0, 0])


@pytest.mark.parametrize("epsg", sorted(gauss_kruger.KNOWN_EPSG))
def test_projected_coordinates_return_when_sent_there_and_back(epsg):
    middle = gauss_kruger.ZONES[epsg].meridian_deg + 0.93 if epsg in gauss_kruger.ZONES else 117.93
    point = np.array([shapely.Point(middle, 40.97)])
    there = geodesy.from_lonlat(point, epsg)
    expected = pyproj.Transformer.from_crs(4490, epsg, always_xy=True).transform(middle, 40.97)
    assert there[0].coords[0] == pytest.approx(expected, abs=1e-6)
    assert geodesy.to_lonlat(there, epsg)[0].coords[0] == pytest.approx((middle, 40.97), abs=1e-10)


def test_densified_gauss_kruger_edge_keeps_its_course_within_a_centimetre():
    edge = geodesy.from_lonlat(np.array([shapely.LineString([(117.2, 41.0), (117.6, 41.3)])]), 4527)
    dense = geodesy.densify_for_plane(edge, 4527)
    assert shapely.length(dense)[0] == pytest.approx(shapely.length(edge)[0], rel=1e-12)
    course = geodesy.geometries_to_plane(geodesy.to_lonlat(dense, 4527))[0]
    true = geodesy.geometries_to_plane(geodesy.to_lonlat(shapely.segmentize(edge, 10.0), 4527))[0]
    worst = max(course.distance(shapely.Point(c)) for c in true.coords)
    assert worst <= 0.01
    assert geodesy.densify_for_plane(edge, 4490)[0] == edge[0]


def test_follow_plane_keeps_both_planes_on_one_course():
    edge = np.array([shapely.LineString([(117.0, 41.0), (117.2, 41.0)])])  # 17 km along a parallel
    plane = geodesy.geometries_to_plane(edge)
    on_parallel = geodesy.geometries_to_local(np.array([shapely.Point(117.1, 41.0)]))[0]
    plain = geodesy.geometries_to_local(edge)[0].distance(on_parallel)
    followed = geodesy.geometries_to_local(follow_plane(edge, plane))[0].distance(on_parallel)
    assert plain > 4 and followed <= 0.01  # L² tan(phi) / (8 R) = 4.8 m


WKT_KINDS = ("WKT1_ESRI", "WKT1_GDAL", "WKT2_2019")


@pytest.mark.parametrize("kind", WKT_KINDS)
@pytest.mark.parametrize("epsg", sorted(gauss_kruger.KNOWN_EPSG))
def test_identify_crs_when_definition_is_standard(epsg, kind):
    assert same_projection(gauss_kruger.identify_crs(pyproj.CRS.from_epsg(epsg).to_wkt(kind)), epsg)


ESRI_GCS = (
    'GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)


def esri_projected(name, easting, meridian, *, gcs=ESRI_GCS, scale=1.0):
    return (
        f'PROJCS["{name}",{gcs},PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",{easting}],'
        f'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],'
        f'PARAMETER["Scale_Factor",{scale}],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )


@pytest.mark.parametrize(
    ("text", "epsg"),
    [
        (ESRI_GCS, 4490),
        (esri_projected("CGCS2000_3_Degree_GK_Zone_38", 38500000.0, 114.0), 4526),
        (esri_projected("CGCS2000_3_Degree_GK_Zone_39", 39500000.0, 117.0), 4527),
        (esri_projected("CGCS2000_3_Degree_GK_Zone_40", 40500000.0, 120.0), 4528),
        (esri_projected("CGCS2000_3_Degree_GK_CM_114E", 500000.0, 114.0), 4547),
        (esri_projected("CGCS2000_3_Degree_GK_CM_117E", 500000.0, 117.0), 4548),
        (esri_projected("CGCS2000_3_Degree_GK_CM_120E", 500000.0, 120.0), 4549),
        (esri_projected("CGCS2000_GK_Zone_20", 20500000.0, 117.0), 4498),
        (esri_projected("CGCS2000_GK_CM_117E", 500000.0, 117.0), 4509),
        (esri_projected("承德城市坐标", 39500000.0, 117.0), 4527),
    ],
)
def test_identify_crs_when_esri_text_has_no_code(text, epsg):
    assert same_projection(gauss_kruger.identify_crs(text), epsg)


def same_projection(found, epsg):
    """4548 and 4509 are one projection under two names; a text with neither name may come back as either."""
    return found == epsg or parameters(found) == parameters(epsg) != []


def parameters(epsg):
    """Names and values of a projection's parameters; none for degrees."""
    operation = pyproj.CRS(epsg).coordinate_operation
    return [] if operation is None else sorted((p.name, p.value) for p in operation.params)


@pytest.mark.parametrize(
    "text",
    [
        esri_projected("地方坐标", 39500000.0, 111.0),
        esri_projected("地方坐标", 500000.0, 118.0),
        esri_projected("地方坐标", 500000.0, 117.0, scale=0.9996),
        "不是坐标系",
    ],
)
def test_identify_crs_gives_none_when_parameters_are_no_known_zone(text):
    assert gauss_kruger.identify_crs(text) is None


XIAN_GCS = (
    'GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",SPHEROID["Xian_1980",6378140.0,298.257]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:2363",
        "EPSG:2384",
        XIAN_GCS,
        esri_projected("Xian_1980_3_Degree_GK_Zone_39", 39500000.0, 117.0, gcs=XIAN_GCS),
        esri_projected("本地", 39500000.0, 117.0, gcs=XIAN_GCS),
        "EPSG:2436",
    ],
)
def test_xian80_and_beijing54_are_never_taken_for_cgcs2000(text):
    code = gauss_kruger.identify_crs(text)
    assert code not in gauss_kruger.KNOWN_EPSG
    with pytest.raises(CrsError, match="西安80"):
        geodesy.to_lonlat(np.array([shapely.Point(500000, 4500000)]), code or 0)


def test_gauss_kruger_epsg_when_zone_is_known_or_not():
    assert gauss_kruger.gauss_kruger_epsg(zone_width_deg=3, central_meridian_deg=117, with_prefix=True) == 4527
    assert gauss_kruger.gauss_kruger_epsg(zone_width_deg=6, central_meridian_deg=117, with_prefix=False) == 4509
    with pytest.raises(CrsError, match="核对带号"):
        gauss_kruger.gauss_kruger_epsg(zone_width_deg=3, central_meridian_deg=112, with_prefix=True)


# Control pairs of the public packages eviltransform (WGS84 -> GCJ-02) and coordtransform (GCJ-02 -> BD-09).
@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    ],
)
def test_gcj02_equals_the_published_pairs(wgs84, gcj02):
    lon, lat = geodesy.cgcs2000_to_gcj02(*map(np.array, wgs84))
    assert (lon, lat) == pytest.approx(gcj02, abs=1e-9)
    assert geodesy.gcj02_to_cgcs2000(*map(np.array, gcj02)) == pytest.approx(wgs84, abs=1e-9)


def test_bd09_equals_the_published_pairs():
    lon, lat = geodesy.gcj02_to_bd09(np.array(116.404), np.array(39.915))
    assert (lon, lat) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-12)
    # Beijing railway station as both map services give it, to five decimals.
    lon, lat = geodesy.gcj02_to_bd09(np.array(116.42703), np.array(39.90245))
    assert (lon, lat) == pytest.approx((116.43351, 39.90851), abs=1e-5)
    # coordtransform inverts BD-09 in one step, good to 1e-5 degrees.
    there = geodesy.bd09_to_cgcs2000(np.array(116.404), np.array(39.915))
    lon, lat = geodesy.cgcs2000_to_gcj02(*there)
    assert (lon, lat) == pytest.approx((116.39762729119315, 39.90865673957631), abs=1e-5)


@given(st.floats(115.5, 119.5), st.floats(40.0, 43.0))
def test_datum_shifts_return_when_sent_there_and_back(lon, lat):
    gcj = geodesy.cgcs2000_to_gcj02(np.array([lon]), np.array([lat]))
    back = geodesy.gcj02_to_cgcs2000(*gcj)
    assert (back[0][0], back[1][0]) == pytest.approx((lon, lat), abs=1e-9)
    bd = geodesy.gcj02_to_bd09(*gcj)
    back = geodesy.bd09_to_cgcs2000(*bd)
    assert (back[0][0], back[1][0]) == pytest.approx((lon, lat), abs=1e-9)
    offset_m = geodesy.geodesic_distance_m(np.array([lon]), np.array([lat]), *gcj)[0]
    assert 300 < offset_m < 800


def test_edge_length_is_one_number_in_code_message_and_method():
    method = (Path(__file__).parent.parent / "docs" / "method.md").read_text(encoding="utf-8")
    assert f"长边先加密到 {geodesy.MAX_EDGE_M:g} m 以内" in method
    assert f"超过 {geodesy.MAX_EDGE_M:g} 米" in DENSIFIED
    for phi in (40.2, 42.7):  # the whole prefecture; bow of an edge whose ends differ in northing by its length
        assert geodesy.MAX_EDGE_M**2 * math.tan(math.radians(phi)) / (8 * 6_371_000) <= 0.01


def bow_m2(polygon: shapely.Polygon) -> float:
    """What straight edges on the measuring plane may enclose more or less than geodesics: sqrt(2) tan(phi) L^3 / (12 R) each."""
    xy = shapely.get_coordinates(polygon)
    length = geodesy.geodesic_distance_m(*xy[:-1].T, *xy[1:].T)
    tangent = np.tan(np.radians(np.maximum(xy[:-1, 1], xy[1:, 1])))
    return float((np.sqrt(2) * tangent * length**3).sum() / (12 * 6_371_000.0))


def test_geodesic_area_differs_by_the_bow_of_the_edges_and_no_more():
    rng = np.random.default_rng(20)
    x, y = geodesy.to_plane(np.array(117.5), np.array(41.4))
    worst = {}
    for size_m in (1_000, 10_000):
        corners = [rng.uniform(0, size_m, (rng.integers(3, 9), 2)) + [x, y] for _ in range(400)]
        shapes = geodesy.geometries_from_plane(np.array([shapely.convex_hull(shapely.multipoints(c)) for c in corners]))
        apart = np.abs(geodesy.geodesic_area_m2(shapes) - geodesy.survey_area_m2(shapes))
        bound = np.array([bow_m2(shape) for shape in shapes])
        assert (apart <= bound + 1e-3).all() and (apart / bound).max() > 0.4  # nor does the bound exaggerate
        square = geodesy.geometries_from_plane(np.array([shapely.box(x, y, x + size_m, y + size_m)]))
        worst[size_m] = float(np.abs(geodesy.geodesic_area_m2(square) / geodesy.survey_area_m2(square) - 1)[0])
    # docs/method.md: squares 1e-9 and 1e-7
    assert worst[1_000] == pytest.approx(1.1e-9, rel=0.5) and worst[10_000] == pytest.approx(1.1e-7, rel=0.2)


def test_gauss_kruger_area_grows_with_the_square_of_the_distance_from_its_meridian():
    for lon in (116.2, 117.0, 118.0, 119.0):
        shape = np.array([shapely.box(lon - 1e-3, 41 - 1e-3, lon + 1e-3, 41 + 1e-3)])
        off_m = geodesy.geodesic_distance_m(np.array([lon]), np.array([41.0]), np.array([117.0]), np.array([41.0]))[0]
        found = geodesy.gk117_area_m2(shape)[0] / geodesy.survey_area_m2(shape)[0] - 1
        assert found == pytest.approx((off_m / 6_371_000.0) ** 2, rel=0.02, abs=1e-8)


@pytest.mark.parametrize(("lon", "fits"), [(114.001, True), (119.9, True), (113.9, False), (119.999, False), (111.0, False)])
def test_gk117_area_is_refused_outside_its_zone(lon: float, fits: bool) -> None:
    shape = np.array([shapely.box(lon, 27.0, lon + 0.01, 27.01)])
    if fits:
        assert geodesy.gk117_area_m2(shape)[0] == pytest.approx(geodesy.survey_area_m2(shape)[0], rel=3e-3)
        return
    with pytest.raises(CrsError, match="改为 survey"):
        geodesy.gk117_area_m2(shape)


def test_many_polygons_are_moved_as_shapely_moves_each():
    rng = np.random.default_rng(20261129)
    angle = [np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 40))) for _ in range(300)]
    rings = [shapely.Polygon(np.column_stack([117.5 + np.cos(a) * 1e-3, 41 + np.sin(a) * 1e-3])) for a in angle]
    tall = shapely.force_3d(rings[0], 5.0)
    odd = [shapely.Polygon(), None, shapely.Point(117, 41), shapely.MultiPolygon(rings[:1]), rings[0].buffer(1e-3) - rings[0], tall]
    for some in (rings, [*rings, *odd], [*rings, tall], [*rings, shapely.box(117, 41, np.inf, 42)], rings[:3], []):
        shapes = np.array(some, dtype=object)
        for ours, plain in (
            (geodesy.geometries_to_plane(shapes), shapely.transform(shapes, geodesy.to_plane, interleaved=False)),
            (geodesy.geometries_from_plane(geodesy.geometries_to_plane(shapes)), None),
        ):
            plain = shapely.transform(geodesy.geometries_to_plane(shapes), geodesy.from_plane, interleaved=False) if plain is None else plain
            assert (shapely.to_wkb(ours) == shapely.to_wkb(plain)).all() and len(ours) == len(plain)


def test_from_plane_takes_every_latitude_its_own_number_of_steps():
    rng = np.random.default_rng(1)
    lat = np.concatenate([rng.uniform(-89.9, 89.9, 3000), [0.0, np.nan, 41.0]])
    x, y = geodesy.to_plane(np.full(len(lat), 117.0), lat)
    alone = np.array([geodesy.from_plane(x[k : k + 1], y[k : k + 1])[1][0] for k in range(0, len(lat), 29)])
    together = geodesy.from_plane(x, y)[1]
    assert np.array_equal(together[::29], alone, equal_nan=True)
    assert np.nanmax(np.abs(together - lat)) < 1e-9
