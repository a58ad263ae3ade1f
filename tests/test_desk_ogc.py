"""OGC API Features Part 1: the abstract tests of Core, GeoJSON and OpenAPI 3.0 written out, and GDAL's own driver as a client."""

import json
import subprocess
import sys

import pytest
import shapely
from desk_client import HOST, Browser, confirmed_case, opened_desk
from desk_listening import held_port, listening
from shapely.geometry import shape
from shapes import metres
from small_workspace import small_workspace

from cdgis.web import accounts
from cdgis.web.guards import ALONE
from cdgis.web.running_desk import Desk

CONF = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
RED = "ecological_redline"
CLIENT = """
import json, sys, warnings, pyogrio
warnings.simplefilter("ignore")
address, key = sys.argv[1:]
pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": key})
zones = pyogrio.read_dataframe(address, layer="ecological_redline", PAGE_SIZE="1")
cases = pyogrio.read_dataframe(address, layer="cases")
layers = [name for name, _ in pyogrio.list_layers(address)]
bounds = float(zones.geometry.bounds.sum().sum())
print(json.dumps({"layers": layers, "names": list(zones["zone_name"]), "bounds": bounds, "cases": list(cases["name"])}))
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made, _ = opened_desk(tmp_path_factory.mktemp("ogc") / "w")
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def browser(app):
    made = Browser(app)
    made.case = confirmed_case(made)
    return made


def links(document):
    return {link["rel"]: link for link in document["links"]}


def test_core_root_op_and_success(browser):
    answer = browser.get("/ogc")
    found = links(answer.json())
    assert answer.status_code == 200 and {"service-desc", "service-doc", "conformance", "data"} <= set(found)
    for rel in ("conformance", "data", "service-desc"):
        assert found[rel]["href"].startswith(f"http://{HOST}/ogc") and browser.get(found[rel]["href"]).status_code == 200


def test_core_conformance_op_and_success(browser):
    assert {uri for uri in browser.get("/ogc/conformance").json()["conformsTo"] if "processes" not in uri} == {
        CONF + "core", CONF + "geojson", CONF + "oas30", CONF.replace("features-1", "features-2") + "crs",
    }  # fmt: skip


def test_core_collections_and_each_collection(browser):
    document = browser.get("/ogc/collections").json()
    assert {row["id"] for row in document["collections"]} == {"cases", "city", RED} and "self" in links(document)
    for row in document["collections"]:
        single = browser.get(f"/ogc/collections/{row['id']}").json()
        assert single == row and links(row)["items"]["type"] == "application/geo+json"
        if row["id"] != "cases":
            west, south, east, north = row["extent"]["spatial"]["bbox"][0]
            assert 117 < west < east < 118 and 41 < south < north < 42


@pytest.mark.parametrize("path", ["/ogc/collections/none", "/ogc/collections/none/items", f"/ogc/collections/{RED}/items/none"])
def test_core_what_is_not_there_is_404(browser, path):
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=0,9,1,8", "bbox=0,0,999,1", "strange=1", "datetime=x",
              "datetime=2026-13-01T00:00:00Z", "datetime=2026-02-01T00:00:00Z/2026-01-01T00:00:00Z", "datetime=../..", "offset=-1", "f=xml", "limit="]
)  # fmt: skip
def test_core_query_param_invalid_or_unknown_is_400(browser, query):
    assert browser.get(f"/ogc/collections/{RED}/items?{query}").status_code == 400


@pytest.mark.parametrize("path", ["/ogc", "/ogc/conformance", "/ogc/collections", f"/ogc/collections/{RED}", "/ogc/api"])
def test_core_unknown_parameter_is_400_everywhere(browser, path):
    assert browser.get(f"{path}?strange=1").status_code == 400


def test_core_fc_response_counts_links_and_geojson(browser):
    answer = browser.get(f"/ogc/collections/{RED}/items")
    document = answer.json()
    assert answer.headers["content-type"].startswith("application/geo+json")
    assert (document["numberMatched"], document["numberReturned"], len(document["features"])) == (2, 2, 2)
    assert document["timeStamp"].endswith("Z") and {"self", "collection"} <= set(links(document)) and "next" not in links(document)
    for feature in document["features"]:
        assert feature["type"] == "Feature" and shape(feature["geometry"]).is_valid
        assert shapely.get_exterior_ring(shapely.get_parts(shape(feature["geometry"]))[0]).is_ccw
        single = browser.get(f"/ogc/collections/{RED}/items/{feature['id']}")
        assert {key: single.json()[key] for key in feature} == feature and {"self", "collection"} <= set(links(single.json()))


def test_core_fc_limit_and_paging_lead_through_all_and_back(browser):
    seen, href = [], f"/ogc/collections/{RED}/items?limit=1"
    while href:
        document = browser.get(href).json()
        assert document["numberReturned"] == 1
        seen += [feature["id"] for feature in document["features"]]
        href = links(document).get("next", {}).get("href")
    assert seen == ["H1", "H2"]
    back = links(browser.get(f"/ogc/collections/{RED}/items?limit=1&offset=1").json())["prev"]["href"]
    assert [feature["id"] for feature in browser.get(back).json()["features"]] == ["H1"]
    assert browser.get(f"/ogc/collections/{RED}/items?limit=999999").status_code == 200  # more than the most is the most


@pytest.mark.parametrize(
    ("box", "expected"), [(metres(100, 100, 200, 200), ["H1"]), (metres(900, 100, 3100, 200), ["H1", "H2"]), (metres(1500, 0, 1600, 9), [])]
)
def test_core_fc_bbox_definition_and_response(browser, box, expected):
    west, south, east, north = box.bounds
    for text in (f"{west},{south},{east},{north}", f"{west},{south},0,{east},{north},9"):
        document = browser.get(f"/ogc/collections/{RED}/items?bbox={text}").json()
        assert [feature["id"] for feature in document["features"]] == expected and document["numberMatched"] == len(expected)


def test_core_fc_bbox_over_the_antimeridian_is_two_boxes(browser):
    found = browser.get(f"/ogc/collections/{RED}/items?bbox=170,-90,-170,90").json()
    assert found["numberMatched"] == 0
    assert browser.get(f"/ogc/collections/{RED}/items?bbox=117,-90,-170,90").json()["numberMatched"] == 2


@pytest.mark.parametrize(
    ("interval", "expected"), [("2000-01-01T00:00:00Z/..", 1), ("../2000-01-01", 0), ("2000-01-01T00:00:00Z", 0), ("2000-01-01/2199-01-01", 1)]
)
def test_core_fc_time_definition_and_response(browser, interval, expected):
    assert browser.get(f"/ogc/collections/cases/items?datetime={interval}").json()["numberMatched"] == expected
    # layers have no time: no value of it takes a zone away
    assert browser.get(f"/ogc/collections/{RED}/items?datetime={interval}").json()["numberMatched"] == 2


def test_oas30_definition_names_every_path_and_parameter(browser):
    answer = browser.get("/ogc/api")
    document = answer.json()
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json;version=3.0") and document["openapi"].startswith("3.0")
    assert {path for path in document["paths"] if not path.startswith(("/processes", "/jobs", "/tiles"))} == {
        "/", "/conformance", "/api", "/collections", "/collections/{collectionId}", "/collections/{collectionId}/items",
        "/collections/{collectionId}/items/{featureId}",
    }  # fmt: skip
    bbox, limit = (document["components"]["parameters"][name] for name in ("bbox", "limit"))
    assert (bbox["style"], bbox["explode"], bbox["schema"]["minItems"], bbox["schema"]["maxItems"]) == ("form", False, 4, 6)
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"], limit["schema"]["default"]) == (1, 10_000, 100)
    for name in ("/collections/{collectionId}", "/collections/{collectionId}/items"):
        assert document["paths"][name]["get"]["responses"].keys() >= {"200", "404"}


def test_gdal_reads_layers_and_cases_from_the_running_desk(tmp_path):
    """GDAL's OAPIF driver, the one QGIS uses: over a socket, page after page."""
    port = held_port()
    with listening(small_workspace(tmp_path / "w"), port) as app:
        desk: Desk = app.state.desk
        browser = Browser(app, cookie=f"cdgis_desk_{port}")
        browser.client.headers["host"] = f"127.0.0.1:{port}"
        browser.headers["origin"] = f"http://127.0.0.1:{port}"
        confirmed_case(browser)
        key = accounts.add_key(desk, "GDAL", ALONE)
        # in a process of its own: GDAL waits for the answer with the interpreter locked, and the server lives in this one
        asked = [sys.executable, "-c", CLIENT, f"OAPIF:http://127.0.0.1:{port}/ogc", f"gdal:{key}"]
        told = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout)
        assert set(told["layers"]) == {"cases", "city", RED}
        assert sorted(told["names"]) == ["<b>乙", "甲"] and told["cases"] == ["示例项目"]
        assert told["bounds"] == pytest.approx(desk.workspace.layers[RED].geometry.bounds.sum().sum(), rel=1e-12)
