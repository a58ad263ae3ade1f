"""Other programs at the desk: keys and what they open, repeated requests, handed-over cases, messages about decisions, the standard's names."""

import json
import random
import re
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import shapely
from desk_answers import held
from desk_client import ABOUT, BESIDE, HOST, OVER, Browser, confirmed_case, opened_desk, upload, wkt_geojson
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from cdgis.geometry.geodesy import from_lonlat
from cdgis.web import accounts
from cdgis.web.access_scopes import Scope, scope_opens
from cdgis.web.answer_schemas import ANSWERS
from cdgis.web.case_states import Role
from cdgis.web.desk_options import DeskOptions, Webhook
from cdgis.web.guards import ALONE
from cdgis.web.models import Case
from cdgis.web.service_models import Message
from cdgis.web.webhooks import PAUSES, Courier, signature

PASSWORD = "一句很长的密码 2026"
SECRET = "hook-secret-of-a-test"


class Receiver(BaseHTTPRequestHandler):
    """The other side of a webhook: keeps what it got, answers what it is told to."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(status)
        if status == 302:
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def receiver():
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.answers = [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def now():
    return [datetime.fromisoformat("2026-11-29T08:00:00+08:00")]


@pytest.fixture(scope="module")
def app(tmp_path_factory, receiver, now):
    from desk_databases import database_for

    root = tmp_path_factory.mktemp("programs") / "w"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK_SECRET", SECRET)
        hook = Webhook(url=f"http://127.0.0.1:{receiver.server_port}/told?x=1", secret="${HOOK_SECRET}")
        patch.setattr(Courier, "begin", lambda _: None)  # the tests send by hand
        made, _ = opened_desk(root, token="", clock=lambda: now[0], options=DeskOptions(database=database_for(root), webhook=(hook,)))
    desk = made.state.desk
    for name, roles in {"甲": ["申报"], "乙": ["申报"], "管": ["管理", "申报", "复核"], "读": ["只读"]}.items():
        accounts.add_account(desk, login=name, name=name, roles=[Role(role) for role in roles], password=PASSWORD, who="测试")
    yield made
    desk.close()


@pytest.fixture(scope="module")
def people(app):
    found = {}
    for name in "甲乙管读":
        token = f"session-{ord(name)}-0123456789"
        accounts.sign_in(app.state.desk, name, PASSWORD, token)
        found[name] = Browser(app, token)
    return found


class Program:
    """A program with a key: no cookie, no page."""

    def __init__(self, app, scopes):
        self.client = TestClient(app, base_url=f"http://{HOST}", follow_redirects=False, headers={"host": HOST})
        self.key = accounts.add_key(app.state.desk, "程序", ALONE, scopes)
        self.headers = {"authorization": f"Bearer {self.key}"}

    def ask(self, method, path, body=None, **more):
        return self.client.request(method, path, json=body, headers=self.headers | more)


@pytest.fixture(scope="module")
def sender(app):
    return Program(app, [Scope.HANDOFF])


HANDED = {"reference": "外-1", "geometry": json.loads(shapely.to_geojson(OVER)), "name": "移交项目", "industry": "3031", "project_type": "新建"}


# ---- keys ------------------------------------------------------------------------------------------------------

ASKED = {
    ("GET", "/ogc/collections"): {Scope.OGC}, ("GET", "/ogc"): {Scope.OGC, Scope.PROCESSES}, ("GET", "/api/cases"): {Scope.READ},
    ("GET", "/api/project"): {Scope.READ}, ("GET", "/api/accounts"): set(), ("GET", "/api/keys"): set(), ("GET", "/api/journal"): set(),
    ("GET", "/"): set(), ("GET", "/accounts"): set(), ("POST", "/api/cases"): set(), ("POST", "/api/keys"): set(),
    ("POST", "/api/handoff"): {Scope.HANDOFF}, ("POST", "/api/handoff/x/take"): set(), ("PUT", "/api/accounts/1"): set(),
    ("DELETE", "/api/keys/1"): set(), ("POST", "/api/jobs/rejudge"): set(), ("POST", "/api/casesx"): set(), ("GET", "/api/casesx"): set(),
    ("GET", "/ogcx"): set(), ("GET", "/ogc/jobs"): {Scope.PROCESSES}, ("POST", "/ogc/processes/screen/execution"): {Scope.PROCESSES},
}  # fmt: skip
"""Written out by hand: request -> scopes that open it."""


@pytest.mark.parametrize("scope", Scope)
def test_key_opens_what_its_scope_says_and_nothing_else(app, scope):
    program = Program(app, [scope])
    for (method, path), opened in ASKED.items():
        assert scope_opens([scope], method, path) == (scope in opened), (scope, method, path)
        answer = program.ask(method, path, {})
        assert (answer.status_code in (401, 303)) == (scope not in opened), (scope, method, path, answer.status_code)
    assert not scope_opens([], "GET", "/ogc")


def test_basic_never_writes_and_a_cookie_beside_a_key_still_needs_the_page(app, people):
    import base64

    program = Program(app, list(Scope))
    basic = {"authorization": "Basic " + base64.b64encode(f"x:{program.key}".encode()).decode()}
    for headers in (basic, basic | {"origin": f"http://{HOST}"}, basic | {"origin": "http://evil.example"}):
        assert program.client.post("/api/handoff", json=HANDED, headers=headers).status_code in (401, 403)
    both = people["甲"].client.post("/api/handoff", json=HANDED, headers=program.headers)
    assert both.status_code == 403  # signed in by cookie: the write must come from our page
    from_page = program.client.post("/api/handoff", json=HANDED, headers=program.headers | {"origin": "http://evil.example"})
    assert from_page.status_code == 403


# ---- repeated requests -----------------------------------------------------------------------------------------


def count(app):
    with app.state.desk.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Case))


def test_same_request_sent_again_is_done_once_and_answered_alike(app, sender):
    before = count(app)
    answers = [sender.ask("POST", "/api/handoff", HANDED, **{"idempotency-key": "k-1"}) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {201} and len({answer.text for answer in answers}) == 1 and count(app) == before + 1
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true", "true", "true"]
    other = sender.ask("POST", "/api/handoff", HANDED | {"name": "另一个"}, **{"idempotency-key": "k-1"})
    assert other.status_code == 422 and count(app) == before + 1
    assert sender.ask("POST", "/api/handoff", HANDED, **{"idempotency-key": "k-2"}).status_code == 201 and count(app) == before + 2


def test_keys_of_two_people_and_two_paths_are_apart_and_without_a_key_all_is_new(app, people, sender):
    before = count(app)
    for name in "甲乙甲乙":
        people[name].headers["idempotency-key"] = "mine"
        assert people[name].post("/api/cases", {}).status_code == 201
        del people[name].headers["idempotency-key"]
    assert count(app) == before + 2
    ids = {people["甲"].post("/api/cases", {}).json()["id"] for _ in range(2)}
    assert len(ids) == 2 and count(app) == before + 4


def test_refused_request_is_not_remembered_so_that_it_can_be_mended(app, sender):
    bad = sender.ask("POST", "/api/handoff", HANDED | {"industry": "9999999"}, **{"idempotency-key": "k-3"})
    assert bad.status_code == 400
    assert sender.ask("POST", "/api/handoff", HANDED, **{"idempotency-key": "k-3"}).status_code == 201


def test_form_sent_again_with_another_boundary_is_the_same_request(app, people):
    browser = people["甲"]
    case = browser.post("/api/cases", {}).json()["id"]
    browser.headers["idempotency-key"] = "file-1"
    answers = [upload(browser, case, "地块.geojson", wkt_geojson(BESIDE)) for _ in range(3)]
    del browser.headers["idempotency-key"]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert upload(browser, case, "地块.geojson", wkt_geojson(BESIDE)).status_code == 409


@pytest.mark.parametrize("key", ["", "x" * 201, "带中文".encode(), "a b"])
def test_key_that_cannot_be_is_refused_and_secrets_are_kept_nowhere(people, key):
    answer = people["管"].client.post("/api/cases", json={}, headers=people["管"].headers | {"idempotency-key": key})
    assert answer.status_code == 400
    keys = people["管"].client.post("/api/keys", json={"name": "x"}, headers=people["管"].headers | {"idempotency-key": "good"})
    assert keys.status_code == 400 and "Idempotency-Key" in keys.json()["reason"]


def test_many_at_once_with_one_key_make_one_case(app, sender):
    before, statuses = count(app), []
    threads = [
        threading.Thread(target=lambda: statuses.append(sender.ask("POST", "/api/handoff", HANDED, **{"idempotency-key": "crowd"}).status_code))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409} and 201 in statuses and count(app) == before + 1


# ---- handing over ----------------------------------------------------------------------------------------------


def test_handed_over_case_is_taken_by_one_applicant_who_must_confirm_the_boundary(app, people, sender):
    answer = sender.ask("POST", "/api/handoff", HANDED)
    found = answer.json()
    path = found["link"].removeprefix(f"http://{HOST}")
    assert answer.status_code == 201 and path.startswith("/handoff/")
    assert people["甲"].get(f"/api/cases/{found['case_id']}").status_code == 404  # not his before he took it
    before = people["读"].get(f"/api/cases/{found['case_id']}").json()
    page = people["甲"].get(path)
    assert page.status_code == 200 and "移交项目" in page.text and "外-1" in page.text
    assert people["读"].get(f"/api/cases/{found['case_id']}").json() == before  # looking changed nothing
    take = f"/api{path}/take"
    assert people["读"].post(take, {}).status_code == 403 and people["甲"].post("/api/handoff/wrong/take", {}).status_code == 404
    assert people["甲"].post(take, {}).json() == {"case_id": found["case_id"]}
    assert people["乙"].post(take, {}).status_code == 409 and people["乙"].get(f"/api/cases/{found['case_id']}").status_code == 404
    case = people["甲"].get(f"/api/cases/{found['case_id']}").json()
    assert (case["state"], case["confirmed"], case["facts"]["industry"]) == ("草稿", False, "3031")
    assert [event["action"] for event in case["events"]][-2:] == ["移交", "接手"]
    assert people["甲"].get(f"/api/cases/{found['case_id']}/verdict").status_code == 409
    boundary = people["甲"].get(f"/api/cases/{found['case_id']}/boundary").json()
    assert boundary["lost"] == 0 and boundary["sites"][0]["area_m2"] == pytest.approx(40_000, rel=0.01)
    confirmed = people["甲"].post(f"/api/cases/{found['case_id']}/confirm", {"digest": boundary["digest"]})
    assert confirmed.status_code == 200 and "link" not in json.dumps(case)


def test_shape_handed_over_in_a_plane_is_the_shape_in_degrees(people, sender):
    plane = from_lonlat([OVER], 4548)[0]
    found = sender.ask("POST", "/api/handoff", HANDED | {"geometry": json.loads(shapely.to_geojson(plane)), "crs": "EPSG:4548"}).json()
    boundary = people["读"].get(f"/api/cases/{found['case_id']}/boundary").json()
    given = shapely.from_geojson(json.dumps(boundary["sites"][0]["geometry"]))
    assert shapely.hausdorff_distance(given, OVER) < 1e-8


@pytest.mark.parametrize(
    "wrong",
    [{"geometry": {}}, {"geometry": {"type": "Point", "coordinates": []}}, {"geometry": {"type": "Polygon", "coordinates": "x"}},
     {"crs": "EPSG:3857"}, {"crs": "4490"}, {"extra": 1}, {"project_type": "胡写"},
     {"reference": "x" * 201},
     {"attributes": {"a": {"b": 1}}}, {"due_on": "明天"}],
)  # fmt: skip
def test_what_cannot_be_handed_over_is_refused_and_leaves_nothing(app, sender, wrong):
    before = count(app)
    answer = sender.ask("POST", "/api/handoff", HANDED | wrong)
    assert answer.status_code == 400 and answer.json()["reason"] and count(app) == before


# ---- messages --------------------------------------------------------------------------------------------------


@pytest.fixture
def later(now):
    """The clock, put back afterwards: sessions end after half a day."""
    start = now[0]
    yield now
    now[0] = start


def waiting(app):
    with app.state.desk.database.reading() as session:
        return [(m.body["event"], m.state, m.tries) for m in session.scalars(select(Message).order_by(Message.next_at, Message.id))]


def withdrawn(people):
    """Withdraw a case, which the configured program is to be told."""
    case = confirmed_case(people["甲"], about=ABOUT | {"name": f"案 {random.random()}"})
    version = people["甲"].get(f"/api/cases/{case}").json()["version"]
    assert people["管"].post(f"/api/cases/{case}/moves", {"action": "撤销", "reason": "试", "version": version}).status_code == 200
    return case


def test_decision_is_told_signed_until_it_is_taken_and_only_once(app, people, receiver, later):
    now, courier = later, app.state.courier
    case = withdrawn(people)
    receiver.got.clear()
    receiver.answers[:] = [500, 302]
    assert courier.deliver_due() == 1 and courier.deliver_due() == 0  # put off
    now[0] += PAUSES[0] + timedelta(seconds=1)
    assert courier.deliver_due() == 1
    now[0] += PAUSES[1] + timedelta(seconds=1)
    assert courier.deliver_due() == 1 and courier.deliver_due() == 0
    now[0] += timedelta(days=1)
    assert courier.deliver_due() == 0 and waiting(app)[-1] == ("case.withdrawn", "已送达", 3)
    assert len(receiver.got) == 3 and {path for path, *_ in receiver.got} == {"/told?x=1"}
    for _, headers, body in receiver.got:
        assert headers["x-cdgis-signature"] == signature(SECRET, headers["x-cdgis-timestamp"], body)
        told = json.loads(body)
        assert told["id"] == headers["x-cdgis-delivery"] and told["case"]["id"] == case and told["case"]["state"] == "作废"
        assert SECRET not in body.decode() and "甲" not in json.dumps(told["case"]["name"], ensure_ascii=False)
    assert signature("other", headers["x-cdgis-timestamp"], body) != headers["x-cdgis-signature"]


def test_message_nobody_takes_is_given_up_and_says_so(app, people, receiver, later):
    withdrawn(people)
    receiver.answers[:] = [503] * 20
    for pause in (*PAUSES, timedelta(days=1), timedelta(days=1)):
        app.state.courier.deliver_due()
        later[0] += pause + timedelta(seconds=1)
    receiver.answers.clear()
    assert waiting(app)[-1] == ("case.withdrawn", "未送达", len(PAUSES) + 1)


def test_two_couriers_send_a_message_once(app, people, receiver):
    withdrawn(people)
    receiver.got.clear()
    other = Courier(app.state.desk, {"HOOK_SECRET": SECRET})
    threads = [threading.Thread(target=courier.deliver_due) for courier in (app.state.courier, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.got) == 1


# ---- the standard's names ----------------------------------------------------------------------------------------


def test_entities_of_the_standard_say_what_the_case_says(app, people):
    case = confirmed_case(people["乙"], about=ABOUT | {"attributes": {"备注": "x"}})
    reader = people["读"]
    [project] = [row for offset in (0,) for row in reader.get(f"/api/project?offset={offset}").json()["project"] if row["id"] == case]
    process = next(row for row in reader.get("/api/process").json()["process"] if row["project_id"] == case)
    assert project["title"] == "示例项目" and project["process_ids"] == [process["id"]] and process["status"] == "草稿"
    assert [row["title"] for row in reader.get(f"/api/document?project_id={case}").json()] == ["地块.geojson"]
    events = reader.get(f"/api/case_event?project_id={case}").json()
    assert [row["name"] for row in events] == [event["action"] for event in reader.get(f"/api/cases/{case}").json()["events"]]
    known = {row["id"] for row in reader.get("/api/decision_element").json()}
    payload = {row["decision_element_id"]: row["result"] for row in reader.get(f"/api/decision_payload?project_id={case}").json()}
    assert payload == {"name": "示例项目", "industry": "3031", "project_type": "新建", "activity": "开发性生产性建设", "备注": "x"}
    assert {"name", "industry", "project_type", "activity"} <= known
    for path in ("document", "case_event", "decision_payload"):  # somebody else's case is not there
        assert people["甲"].get(f"/api/{path}?project_id={case}").status_code == 404
    assert case not in people["甲"].get("/api/project").text + people["甲"].get("/api/process").text


def test_openapi_names_and_explains_every_operation(app, people):
    document = people["管"].get("/api/openapi.json").json()
    operations = [(path, method, about) for path, methods in document["paths"].items() for method, about in methods.items()]
    assert len(operations) > 40
    for path, method, about in operations:
        assert about.get("summary") and about.get("tags"), (method, path)
        assert any("一" <= letter <= "鿿" for letter in about["summary"]), (method, path)
        assert {part[1:-1] for part in path.split("/") if part.startswith("{")} <= {one["name"] for one in about.get("parameters", [])}


def test_plan_of_the_whole_city_is_not_for_who_sees_his_own_cases_alone(people):
    for name in ("甲", "读"):
        answer = people[name].post("/ogc/processes/relocate/execution", {"inputs": {}})
        assert answer.status_code == 403 and answer.json()["reason"], name
    assert people["管"].post("/ogc/processes/relocate/execution", {"inputs": {"cap_ha": {"Y1": -1}}}).status_code == 400


FILES = {
    "/api/cases/{case_id}/documents/{document_id}", "/api/jobs/{job_id}/events", "/api/jobs/{job_id}/files/{path}", "/api/jobs/{job_id}/open/{path}",
    "/api/workspace/rules.xlsx",
}  # fmt: skip
"""What is answered with a file, a page's address, or events."""


def named(part):
    return set(re.findall(r"#/components/schemas/([\w-]+)", json.dumps(part)))


def test_openapi_says_field_by_field_what_every_operation_answers_and_what_a_refusal_says(people):
    document = people["管"].get("/api/openapi.json").json()
    schemas = document["components"]["schemas"]
    stated = set()
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            told = [answer["content"]["application/json"]["schema"] for status, answer in about["responses"].items()
                    if status.startswith("2") and "application/json" in answer.get("content", {})]  # fmt: skip
            stated |= {(method, path)} if told else set()
            assert told or path in FILES, (method, path)
            assert about["responses"]["4XX"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Refusal"}
    assert {key for key in stated if not key[1].startswith("/api/inquiry")} == {key for key in ANSWERS if not key[1].startswith("/api/inquiry")}
    abouts = [about for methods in document["paths"].values() for about in methods.values()]
    asked, told = (named([about.get(part) for about in abouts]) for part in ("requestBody", "responses"))
    assert named(document) <= set(schemas) and asked and not asked & told  # no two of one name, one of which wrote over the other
    assert all(schema.get("properties") is not None or "enum" in schema for schema in schemas.values())
    refused = people["管"].get("/api/cases/none").json()
    assert set(refused) == set(schemas["Refusal"]["properties"])


def test_answer_that_is_not_as_stated_is_noticed(people):
    real = people["管"].get("/api/journal")
    for change in ({"more": 1}, {"count": "7"}, {"head": None}):
        altered = type("Answer", (), {"status_code": 200, "headers": real.headers, "content": json.dumps(real.json() | change).encode()})
        with pytest.raises(ValueError, match=next(iter(change))):
            held(altered, "get", "/api/journal")
    assert held(real, "get", "/api/journal") is real
