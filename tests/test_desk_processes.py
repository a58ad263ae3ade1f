"""OGC API Processes: its abstract tests written out; a verdict by it is the case's; a proxy's header counts from its own address alone."""

import json
import time

import pytest
import shapely
from desk_client import ABOUT, BESIDE, HOST, OVER, Browser, confirmed_case, opened_desk
from desk_databases import database_for
from fastapi.testclient import TestClient

from cdgis.web import accounts
from cdgis.web.access_scopes import Scope
from cdgis.web.case_states import Role
from cdgis.web.desk_options import DeskOptions, SignedIn
from cdgis.web.guards import ALONE

PASSWORD = "一句很长的密码 2026"
CONF = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
FACTS = {key: ABOUT[key] for key in ("name", "industry", "project_type", "activity")}
EVIL = "'; DROP TABLE cases; --<script>alert(1)</script>"


def geojson(drawn):
    return json.loads(shapely.to_geojson(drawn))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made, _ = opened_desk(tmp_path_factory.mktemp("processes") / "工作 区")
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def browser(app):
    return Browser(app)


def execute(browser, name, inputs, **headers):
    return browser.client.post(f"/ogc/processes/{name}/execution", json={"inputs": inputs}, headers=browser.headers | headers)


def test_conformance_list_and_descriptions(browser):
    conforms = browser.get("/ogc/conformance").json()["conformsTo"]
    assert {CONF + name for name in ("core", "json", "ogc-process-description", "job-list", "dismiss")} <= set(conforms)
    rels = {link["rel"]: link["href"] for link in browser.get("/ogc").json()["links"]}
    listed = browser.get(rels["http://www.opengis.net/def/rel/ogc/1.0/processes"]).json()["processes"]
    assert [row["id"] for row in listed] == ["screen", "guide", "trace", "relocate"]
    for row in listed:
        one = browser.get(f"/ogc/processes/{row['id']}").json()
        assert {key: one[key] for key in row} == row and set(row["jobControlOptions"]) == {"sync-execute", "async-execute"}
        assert one["inputs"] and all(about["title"] and "schema" in about for about in one["inputs"].values()) and one["outputs"]
    paths = browser.get("/ogc/api").json()["paths"]
    assert {"/processes/{processId}/execution", "/jobs/{jobId}/results", "/tiles/{layerId}/{z}/{x}/{y}.pbf"} <= set(paths)
    assert "post" in paths["/processes/{processId}/execution"] and "delete" in paths["/jobs/{jobId}"]


@pytest.mark.parametrize("drawn", [OVER, BESIDE])
def test_screen_gives_the_verdict_the_desk_gives_to_the_same_shape(browser, drawn):
    answer = execute(browser, "screen", {"geometry": geojson(drawn), **FACTS})
    assert answer.status_code == 200, answer.text
    case = confirmed_case(browser, drawn)
    ours = browser.get(f"/api/cases/{case}/verdict").json()
    theirs = answer.json()
    assert theirs["verdict"] == ours["verdict"] == ("不符合" if drawn is OVER else "资料不足")
    assert [c["text"] for c in theirs["sites"][0]["decisive"]] == [c["text"] for c in ours["sites"][0]["decisive"]]


def test_async_job_is_listed_succeeds_and_is_dismissed(browser):
    before = len(browser.get("/ogc/jobs").json()["jobs"])
    answer = execute(browser, "screen", {"geometry": geojson(OVER), **FACTS}, prefer="respond-async")
    assert answer.status_code == 201 and answer.headers["preference-applied"] == "respond-async"
    place = answer.headers["location"]
    assert answer.json()["status"] == "running" and place == f"http://{HOST}/ogc/jobs/{answer.json()['jobID']}"
    for _ in range(300):
        status = browser.get(place).json()
        if status["status"] != "running":
            break
        time.sleep(0.1)
    assert status["status"] == "successful" and status["finished"]
    [results] = [link["href"] for link in status["links"] if link["rel"].endswith("/results")]
    assert browser.get(results).json()["verdict"] == "不符合" and len(browser.get("/ogc/jobs").json()["jobs"]) == before + 1
    gone = browser.client.delete(place, headers=browser.headers)
    assert gone.json()["status"] == "dismissed" and browser.get(f"{place}/results").status_code == 404


def test_failure_is_told_at_once_and_as_a_job(browser):
    sync = execute(browser, "trace", {"lon": 117.5, "lat": 41.4})
    assert sync.status_code == 422 and sync.json()["reason"]  # this workspace has no rivers
    place = execute(browser, "trace", {"lon": 117.5, "lat": 41.4}, prefer="respond-async").headers["location"]
    for _ in range(100):
        status = browser.get(place).json()
        if status["status"] != "running":
            break
        time.sleep(0.1)
    assert status["status"] == "failed" and status["message"] and browser.get(f"{place}/results").status_code == 500


@pytest.mark.parametrize(
    ("name", "inputs"),
    [("screen", {}), ("screen", {"geometry": {}}), ("screen", {"geometry": geojson(OVER), "extra": 1}), ("screen", {"geometry": "x"}),
     ("screen", {"geometry": {"type": "Point", "coordinates": [500, 40]}}), ("guide", {"size_ha": -1}), ("guide", {"size_ha": "很大"}),
     ("trace", {"lon": 999, "lat": 0}), ("trace", {"lon": 117}), ("screen", {"geometry": geojson(OVER), "attributes": {"a": [1]}})],
)  # fmt: skip
def test_inputs_that_cannot_be_are_refused_by_name(browser, name, inputs):
    answer = execute(browser, name, inputs)
    assert answer.status_code == 400 and answer.json()["reason"] and answer.json()["remedy"]


def test_what_is_not_there_is_404(browser):
    assert browser.get("/ogc/processes/none").status_code == 404 and execute(browser, "none", {}).status_code == 404
    for path in ("/ogc/jobs/none", "/ogc/jobs/none/results"):
        assert browser.get(path).status_code == 404


@pytest.mark.parametrize("field", ["name", "industry", "project_type", "activity"])
def test_words_that_mean_something_elsewhere_mean_nothing_here(browser, field):
    answer = execute(browser, "screen", {"geometry": geojson(OVER), **FACTS, field: EVIL})
    assert answer.status_code in (200, 400, 422) and answer.headers["content-type"].startswith("application/json")
    assert browser.get("/api/cases").status_code == 200
    for path in (f"/api/cases?q={EVIL}", f"/api/cases?state={EVIL}", f"/ogc/collections/{EVIL}", f"/ogc/jobs/{EVIL}", f"/ogc/tiles/{EVIL}.json"):
        assert browser.get(path).status_code in (200, 404)


# ---- a proxy that signs people in ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    root = tmp_path_factory.mktemp("office") / "w"
    proxy = SignedIn(header="X-Signed-In", addresses=("10.9.0.0/30", "127.0.0.1"))
    made, _ = opened_desk(root, token="", options=DeskOptions(database=database_for(root), proxy=proxy))
    for name, role in (("jia", Role.APPLICANT), ("guan", Role.ADMIN), ("du", Role.READER)):
        accounts.add_account(made.state.desk, login=name, name=name, roles=[role], password=PASSWORD, who="测试")
    yield made
    made.state.desk.close()


def from_address(app, address, login=None):
    headers = {"host": HOST} | ({"X-Signed-In": login} if login is not None else {})
    return TestClient(app, base_url=f"http://{HOST}", follow_redirects=False, headers=headers, client=(address, 50_000))


def test_header_counts_from_the_proxy_and_is_refused_from_anywhere_else(office):
    assert from_address(office, "10.9.0.1", "jia").get("/api/cases").status_code == 200
    assert from_address(office, "127.0.0.1", "jia").get("/api/cases").status_code == 200
    for address in ("10.9.0.4", "192.168.0.1", "testclient", "", "::1"):
        for path in ("/api/cases", "/login", "/health"):
            assert from_address(office, address, "guan").get(path).status_code == 403
    spoofed = from_address(office, "192.168.0.1", "guan").get("/api/cases", headers={"x-forwarded-for": "10.9.0.1"})
    assert spoofed.status_code == 403
    for stranger in ("nobody", "", EVIL.encode("ascii").decode()):
        assert from_address(office, "10.9.0.1", stranger).get("/api/cases").status_code == 401
    assert from_address(office, "10.9.0.1").get("/api/cases").status_code == 401


def test_person_signed_in_by_the_proxy_has_his_own_roles_and_writes_need_the_page(office):
    client = from_address(office, "10.9.0.1", "jia")
    page = client.get("/").text
    token = page.split('name="csrf" content="')[1].split('"')[0]
    good = {"origin": f"http://{HOST}", "x-csrf-token": token}
    assert client.post("/api/cases", json={}, headers=good).status_code == 201
    for wrong in ({}, {"origin": "http://evil.example", "x-csrf-token": token}, {"origin": f"http://{HOST}", "x-csrf-token": "0" * 64}):
        assert client.post("/api/cases", json={}, headers=wrong).status_code == 403
    assert from_address(office, "10.9.0.1", "du").post("/api/cases", json={}, headers=good).status_code == 403  # another's token
    assert client.get("/api/accounts").status_code == 403 and from_address(office, "10.9.0.1", "guan").get("/api/accounts").status_code == 200


def test_jobs_of_one_are_not_there_for_another_and_readers_run_nothing(office):
    desk = office.state.desk
    keys = [accounts.add_key(desk, name, ALONE, [Scope.PROCESSES]) for name in ("a", "b")]
    asked = {"inputs": {"geometry": geojson(OVER), **FACTS}}
    a, b = ({"authorization": f"Bearer {key}"} for key in keys)
    client = from_address(office, "192.168.0.9")
    place = client.post("/ogc/processes/screen/execution", json=asked, headers=a | {"prefer": "respond-async"}).headers["location"]
    assert client.get(place, headers=a).status_code == 200
    assert client.get(place, headers=b).status_code == client.delete(place, headers=b).status_code == 404
    assert client.get("/ogc/jobs", headers=b).json()["jobs"] == [] and client.get("/ogc/collections", headers=a).status_code == 401
    for _ in range(100):
        if client.get(place, headers=a).json()["status"] != "running":
            break
        time.sleep(0.1)
    reader = from_address(office, "10.9.0.1", "du")
    token = reader.get("/").text.split('name="csrf" content="')[1].split('"')[0]
    refused = reader.post("/ogc/processes/screen/execution", json=asked, headers={"origin": f"http://{HOST}", "x-csrf-token": token})
    assert refused.status_code == 403
