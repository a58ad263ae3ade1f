"""Attacks on the desk that its other test files leave out: strange letters and markup in every field, slow senders, others' documents."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import anyio
import pytest
import shapely
from desk_client import ABOUT, HOST, OVER, Browser, confirmed_case, new_case, opened_desk
from hypothesis import given
from hypothesis import strategies as st

from cdgis.web import accounts
from cdgis.web.case_states import Role
from cdgis.web.desk_settings import Limits

PASSWORD = "一句很长的密码 2026"
EVIL = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
STRANGE = ("\x00", "\ud800", "a\udfffb", "\u202egnp.exe", "'; DROP TABLE cases;--", "%' OR 1=1 --", "\\", "${jndi:x}", "{{7*7}}", "../" * 20, EVIL)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made, _ = opened_desk(tmp_path_factory.mktemp("safety") / "w", token="", limits=Limits(upload_bytes=200_000, body_bytes=50_000))
    for name, role in (("a", Role.APPLICANT), ("b", Role.APPLICANT), ("admin", Role.ADMIN)):
        accounts.add_account(made.state.desk, login=name, name=name, roles=[role], password=PASSWORD, who="测试")
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def people(app):
    found = {}
    for name in ("a", "b", "admin"):
        accounts.sign_in(app.state.desk, name, PASSWORD, f"session-{name}-0123456789")
        found[name] = Browser(app, f"session-{name}-0123456789")
    return found


@pytest.fixture(scope="module")
def case(people):
    return confirmed_case(people["a"])


def raw(browser, method, path, body):
    """Send JSON in ASCII, as a program can: half a surrogate pair and all."""
    headers = browser.headers | {"content-type": "application/json"}
    return browser.client.request(method, path, content=json.dumps(body, ensure_ascii=True).encode(), headers=headers)


WRITES = (
    ("a", "PUT", "/api/cases/{case}/facts", ABOUT | {"version": 1}, ("name", "industry", "project_type", "activity", "due_on")),
    ("a", "PUT", "/api/cases/{case}/answers", {}, ("crs", "geometry_kind", "dxf_unit")),
    ("a", "POST", "/api/cases/{case}/pasted", {"text": "1,1", "notation": "decimal"}, ("text", "notation")),
    ("a", "POST", "/api/cases/{case}/drawn", {"geometry": json.loads(shapely.to_geojson(OVER))}, ("note",)),
    ("a", "POST", "/api/cases/{case}/confirm", {}, ("digest",)),
    ("admin", "POST", "/api/cases/{case}/moves", {"action": "退回", "version": 1}, ("reason", "action")),
    ("admin", "POST", "/api/accounts", {"login": "x", "name": "x", "roles": ["只读"], "password": f"{PASSWORD} x"}, ("login", "name")),
    ("admin", "POST", "/api/keys", {"name": "x"}, ("name",)),
    ("a", "POST", "/api/login", {"login": "a", "password": PASSWORD}, ("login", "password")),
    ("a", "POST", "/api/handoff", {"geometry": json.loads(shapely.to_geojson(OVER))}, ("name", "reference", "industry", "activity")),
)  # fmt: skip


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_no_text_in_any_field_breaks_a_request_or_the_journal(people, text):
    begun = people["a"].post("/api/cases", {})
    assert begun.status_code == 201, begun.text
    case = begun.json()["id"]
    for who, method, path, body, fields in WRITES:
        for field in fields:
            answer = raw(people[who], method, path.replace("{case}", case), body | {field: text})
            assert answer.status_code < 500, (path, field, answer.text)
            assert answer.headers["content-type"].startswith("application/json")
    for query in ("q", "state", "verdict"):
        assert people["admin"].get("/api/cases", params={query: text.encode("utf-8", "replace").decode()}).status_code < 500
    assert people["admin"].get("/api/cases").json()["total"] >= 1 and people["admin"].get("/api/journal").json()["faults"] == []


@given(st.text(max_size=60), st.sampled_from(["name", "industry", "due_on"]))
def test_law_any_text_is_kept_as_data_or_refused(people, case, text, field):
    version = people["a"].get(f"/api/cases/{case}").json()["version"]
    assert raw(people["a"], "PUT", f"/api/cases/{case}/facts", ABOUT | {"version": version, field: text}).status_code in (200, 400)


@pytest.mark.parametrize("number", [2**31, 2**63, -(2**63) - 1, 10**400], ids=["32 bit", "64 bit", "below", "huge"])
def test_number_that_no_database_holds_is_refused_in_words_or_found_nowhere(people, case, number):
    asked = [
        ("a", "PUT", f"/api/cases/{case}/facts", ABOUT | {"version": number}), ("admin", "PUT", f"/api/accounts/{number}", {"active": True}),
        ("admin", "DELETE", f"/api/keys/{number}", None), ("a", "GET", f"/api/cases?offset={number}", None),
        ("admin", "GET", f"/api/jobs?offset={number}", None), ("admin", "GET", f"/api/project?offset={number}", None),
        ("admin", "GET", f"/ogc/collections/cases/items?offset={number}", None), ("admin", "GET", f"/api/journal/lines?offset={number}", None),
    ]  # fmt: skip
    for who, method, path, body in asked:
        answer = raw(people[who], method, path, body) if body else people[who].client.request(method, path, headers=people[who].headers)
        assert answer.status_code < 500 and isinstance(answer.json(), dict), (path, answer.text)
        assert answer.status_code == 200 or (answer.json()["reason"] and answer.json()["remedy"]), path


def test_markup_is_text_on_every_page_that_the_server_writes(app, people):
    accounts.add_account(app.state.desk, login="evil", name=EVIL, roles=[Role.APPLICANT], password=PASSWORD, who="测试")
    accounts.sign_in(app.state.desk, "evil", PASSWORD, "session-evil-0123456789")
    evil = Browser(app, "session-evil-0123456789")
    asked = {"geometry": json.loads(shapely.to_geojson(OVER)), "name": EVIL, "reference": EVIL}
    link = evil.post("/api/handoff", asked).json()["link"].removeprefix(f"http://{HOST}")
    case = new_case(evil)
    for path in ("/", "/services", link, f"/cases/{case}"):
        text = evil.get(path).text
        assert "<img src=x" not in text and "alert(2)</script>" not in text and "&lt;img" in text, path
    for path in (f"/api/cases/{case}", "/api/cases"):
        assert evil.get(path).headers["x-content-type-options"] == "nosniff"


def test_document_of_another_case_is_not_given_under_ones_own(people, case):
    mine = confirmed_case(people["b"])
    [document] = [row["id"] for row in people["a"].get(f"/api/cases/{case}").json()["documents"]]
    assert people["a"].get(f"/api/cases/{case}/documents/{document}").status_code == 200
    for path in (f"/api/cases/{mine}/documents/{document}", f"/api/cases/{case}/documents/{document}", f"/api/cases/{case}"):
        assert people["b"].get(path).status_code == 404
    for method, path in (("delete", f"/api/cases/{case}/files/地块.geojson"), ("post", f"/api/cases/{case}/confirm")):
        answer = people["b"].delete(path) if method == "delete" else people["b"].post(path, {"digest": "x"})
        assert answer.status_code == 404


def test_preflight_of_another_origin_is_given_no_leave_and_a_strange_host_is_told_first(people):
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST", "access-control-request-headers": "x-csrf-token"}
    for host, status in ((HOST, 405), ("evil.example", 421)):
        answer = people["a"].client.request("OPTIONS", "/api/cases", headers=asked | {"host": host})
        assert answer.status_code == status and not [name for name in answer.headers if name.startswith("access-control")]


def test_sender_who_stops_in_the_middle_is_let_go(app, monkeypatch):
    settings = app.state.desk.settings
    monkeypatch.setattr(app.state.desk, "settings", replace(settings, limits=replace(settings.limits, body_seconds=0.2)))
    sent = []

    async def ask():
        first = [{"type": "http.request", "body": b'{"login": "a', "more_body": True}]

        async def receive():
            if first:
                return first.pop()
            await anyio.sleep(300)

        async def send(message):
            sent.append(message)

        headers = [(b"host", HOST.encode()), (b"origin", f"http://{HOST}".encode()), (b"content-type", b"application/json")]
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/api/login",
                 "raw_path": b"/api/login", "query_string": b"", "root_path": "", "headers": headers, "client": ("127.0.0.1", 1),
                 "server": ("127.0.0.1", 8433)}  # fmt: skip
        with anyio.move_on_after(60) as limit:
            await app(scope, receive, send)
        assert not limit.cancelled_caught

    try:
        # a browser test of the same process may have left a loop in this thread
        with ThreadPoolExecutor(1) as apart:
            apart.submit(anyio.run, ask).result()
    except Exception as err:  # the framework says that the client has gone
        assert type(err).__name__ == "ClientDisconnect"
    assert not [message for message in sent if message.get("status") == 200]
