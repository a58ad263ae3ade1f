"""OGC API Features Part 2: its abstract tests written out; vector tiles, read back by GDAL, and picture tiles against the layer they draw."""

import io
import json
import random

import numpy as np
import pyogrio
import pytest
import shapely
from desk_client import HOST, Browser, confirmed_case, opened_desk
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from shapely.geometry import shape
from shapes import metres

from cdgis.geometry.geodesy import from_lonlat
from cdgis.web.ogc_crs import CGCS2000, CRS84, OFFERED, in_crs, lonlat_box
from cdgis.web.vector_tiles import tile_bounds

RED = "ecological_redline"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEMS = f"/ogc/collections/{RED}/items"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made, _ = opened_desk(tmp_path_factory.mktemp("crs") / "w")
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def browser(app):
    made = Browser(app)
    made.case = confirmed_case(made)
    return made


def shapes_in(browser, crs=None, path=ITEMS, **asked):
    answer = browser.get(path, params=asked | ({"crs": crs} if crs else {}))
    assert answer.status_code == 200, answer.text
    return [shape(feature["geometry"]) for feature in answer.json()["features"]], answer.headers["content-crs"]


def test_crs_collections_list_and_storage_crs(browser):
    document = browser.get("/ogc/collections").json()
    assert document["crs"][0] == CRS84 and {CGCS2000, *(f"{EPSG}{code}" for code in range(4528, 4550))} <= set(document["crs"])
    for row in document["collections"]:
        assert row["crs"] == document["crs"] and row["storageCrs"] == CGCS2000 in row["crs"]


def test_crs_default_and_parameter_give_the_same_shapes_in_the_axis_order_of_each_authority(browser):
    plain, header = shapes_in(browser)
    assert header == f"<{CRS84}>" and shapes_in(browser, CRS84)[0] == plain
    turned, header = shapes_in(browser, CGCS2000)
    assert header == f"<{CGCS2000}>"
    for a, b in zip(plain, turned, strict=True):
        assert np.array_equal(shapely.get_coordinates(a), shapely.get_coordinates(b)[:, ::-1])
    for code in (4527, 4548):
        plane, header = shapes_in(browser, f"{EPSG}{code}")
        assert header == f"<{EPSG}{code}>"
        for a, b in zip(from_lonlat(np.array(plain), code), plane, strict=True):
            north, east = shapely.get_coordinates(b).T
            assert np.allclose(shapely.get_coordinates(a), np.column_stack([east, north]), atol=1e-6)
            assert 4.4e6 < north.min() < 4.7e6 and (39_400_000 if code == 4527 else 400_000) < east.min()


def test_crs_single_feature_and_cases_too(browser):
    for path in (f"{ITEMS}/H1", f"/ogc/collections/cases/items/{browser.case}"):
        plain, turned = (browser.get(path, params={"crs": crs}) for crs in (CRS84, CGCS2000))
        assert turned.headers["content-crs"] == f"<{CGCS2000}>"
        a, b = (shapely.get_coordinates(shape(answer.json()["geometry"])) for answer in (plain, turned))
        assert np.array_equal(a, b[:, ::-1]) and plain.json()["id"] == turned.json()["id"]


@pytest.mark.parametrize("name", ["crs", "bbox-crs"])
@pytest.mark.parametrize("value", ["", "EPSG:4490", f"{EPSG}3857", f"{EPSG}4525", "http://elsewhere.example/4490"])
def test_crs_that_is_not_offered_is_400(browser, name, value):
    answer = browser.get(ITEMS, params={name: value, "bbox": "117,41,118,42"})
    assert answer.status_code == 400 and "4526" in answer.json()["remedy"]


@pytest.mark.parametrize("place", [metres(100, 100, 200, 200), metres(900, 100, 3100, 200), metres(1500, 0, 1600, 9)])
def test_bbox_crs_finds_what_the_same_box_in_degrees_finds(browser, place):
    west, south, east, north = place.bounds
    wanted = browser.get(ITEMS, params={"bbox": f"{west},{south},{east},{north}"}).json()["numberMatched"]
    boxes = {CRS84: (west, south, east, north), CGCS2000: (south, west, north, east)}
    for code in (4527, 4548, 4549):
        x0, y0, x1, y1 = shapely.bounds(from_lonlat(np.array([place]), code)[0])
        boxes[f"{EPSG}{code}"] = (y0, x0, y1, x1)
    for crs, box in boxes.items():
        found = browser.get(ITEMS, params={"bbox": ",".join(map(repr, map(float, box))), "bbox-crs": crs}).json()
        assert found["numberMatched"] == wanted, crs
    assert browser.get(ITEMS, params={"bbox": f"{north},{west},{south},{east}", "bbox-crs": CGCS2000}).status_code == 400


@given(st.sampled_from(OFFERED[1:]), st.floats(115, 119.5), st.floats(40, 43), st.floats(1e-4, 0.5), st.integers(0, 2**32))
def test_law_box_in_another_system_holds_every_point_that_lies_in_it(crs, lon, lat, size, seed):
    around = {"type": "Feature", "geometry": json.loads(shapely.to_geojson(shapely.box(lon, lat, lon + size, lat + size)))}
    box = shapely.bounds(shape(in_crs([around], crs)[0]["geometry"]))
    if not np.isfinite(box).all():
        return
    west, south, east, north = lonlat_box([float(edge) for edge in box], crs)
    rng = random.Random(seed)
    for _ in range(20):
        assert west <= lon + rng.random() * size <= east and south <= lat + rng.random() * size <= north


def test_nothing_is_lost_by_a_missing_geometry():
    assert in_crs([{"type": "Feature", "geometry": None, "properties": {}}], CGCS2000)[0]["geometry"] is None and in_crs([], CGCS2000) == []


# ---- tiles -----------------------------------------------------------------------------------------------------


def tile_at(lon, lat, z):
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2
    return z, int((lon + 180) / 360 * 2**z), int(y * 2**z)


def read_tile(content, z, x, y, tmp_path):
    path = tmp_path / f"{y}.pbf"
    path.write_bytes(content)
    return pyogrio.read_dataframe(f"MVT:{path}", X=str(x), Y=str(y), Z=str(z), METADATA_FILE="").to_crs(4490)


@pytest.mark.parametrize("z", [9, 12, 14])
def test_tile_shows_the_zones_where_they_are_to_half_a_pixel(app, browser, tmp_path, z):
    zones = app.state.desk.workspace.layers[RED]
    middle = zones.geometry.iloc[0].centroid
    place = tile_at(middle.x, middle.y, z)
    answer = browser.get(f"/ogc/tiles/{RED}/{'/'.join(map(str, place))}.pbf")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    drawn = read_tile(answer.content, *place, tmp_path)
    box = shapely.box(*tile_bounds(*place))
    inside = shapely.intersection(zones.geometry.iloc[0], box)
    shown = shapely.union_all(shapely.intersection(drawn.geometry[drawn["id"] == "H1"].make_valid().to_numpy(), box))
    pixel = 360 / 512 / 2**z
    assert shapely.hausdorff_distance(inside, shown) < pixel and set(drawn["name"]) <= {"甲", "<b>乙"} and drawn["colour"].str.startswith("#").all()


def test_tile_without_anything_is_empty_and_one_that_cannot_be_is_404(browser):
    assert browser.get(f"/ogc/tiles/{RED}/14/0/0.pbf").status_code == 204
    for path in (f"{RED}/3/8/0", f"{RED}/19/0/0", f"{RED}/0/0/1", "none/0/0/0"):
        assert browser.get(f"/ogc/tiles/{path}.pbf").status_code == 404
    assert browser.get(f"/ogc/tiles/{RED}/-1/0/0.pbf").status_code == 400


def test_tilejson_gives_the_plain_template(browser):
    found = browser.get(f"/ogc/tiles/{RED}.json").json()
    assert found["tiles"] == [f"http://{HOST}/ogc/tiles/{RED}/{{z}}/{{x}}/{{y}}.pbf"] and found["tilejson"] == "3.0.0" and found["scheme"] == "xyz"
    west, south, east, north = found["bounds"]
    assert 117 < west < east < 118 and "示范数据" in found["description"]
    assert browser.get("/ogc/tiles/none.json").status_code == 404


@pytest.mark.parametrize(("z", "scale"), [(9, 1), (12, 2), (14, 1)])
def test_picture_tile_is_coloured_where_the_layer_lies_and_nowhere_else(app, browser, z, scale):
    zones = app.state.desk.workspace.layers[RED].geometry
    middle = zones.iloc[0].centroid
    place = tile_at(middle.x, middle.y, z)
    answer = browser.get(f"/ogc/tiles/{RED}/{'/'.join(map(str, place))}.png", params={"scale": scale})
    found = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert answer.headers["content-type"] == "image/png" and found.shape == (256 * scale, 256 * scale, 4)
    west, south, east, north = tile_bounds(*place)
    rng, pixel = random.Random(z), (east - west) / 256 / scale
    land, checked = shapely.union_all(zones.to_numpy()), 0
    for _ in range(400):
        row, column = rng.randrange(256 * scale), rng.randrange(256 * scale)
        at = shapely.Point(west + (column + 0.5) * pixel, tile_bounds_lat(place, (row + 0.5) / 256 / scale))
        if land.boundary.distance(at) > 3 * pixel:
            checked += 1
            assert (found[row, column, 3] > 0) == land.contains(at), (row, column)
    assert checked > 100


def tile_bounds_lat(place, share):
    """Return the latitude of a share of a tile's height from its top."""
    z, _, y = place
    return float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (y + share) / 2**z)))))


def test_picture_tile_without_anything_is_clear_and_one_that_cannot_be_is_404(browser):
    clear = np.asarray(Image.open(io.BytesIO(browser.get(f"/ogc/tiles/{RED}/14/0/0.png").content)))
    assert not clear.any()
    for path in (f"{RED}/3/8/0", f"{RED}/19/0/0", "none/0/0/0"):
        assert browser.get(f"/ogc/tiles/{path}.png").status_code == 404
    assert browser.get(f"/ogc/tiles/{RED}/9/0/0.png", params={"scale": 9}).status_code == 400
