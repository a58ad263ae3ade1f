"""Who may begin, see and cancel the desk's other work, and who may change layers and rules: every role, endpoint by endpoint."""

import pytest
from desk_client import Browser, opened_desk

from cdgis.web import accounts
from cdgis.web.case_states import Role
from cdgis.web.desk_options import DeskOptions

PASSWORD = "一句很长的密码 2026"
PEOPLE = {"applicant": ["申报"], "first": ["初审"], "second": ["复核"], "admin": ["管理"], "reader": ["只读"], "mixed": ["申报", "初审"]}
STAFF = {"first", "second", "admin", "reader", "mixed"}
WORKERS = {"first", "second", "admin", "mixed"}
ABSENT = {"layer_ids": ["wetlands"], "basis": "名录", "by": "局", "on": "2026-03-01"}
NONE = {"folder": "0" * 32, "name": "x.gpkg", "layer_id": "city"}
EXPECTED = [
    ("GET", "/api/jobs", None, STAFF, 200), ("GET", "/api/jobs/kinds", None, STAFF, 200), ("GET", "/api/jobs/choices", None, STAFF, 200),
    ("GET", "/jobs", None, STAFF, 200), ("GET", "/trace", None, STAFF, 200), ("GET", "/jobs/{job}", None, STAFF, 200),
    ("GET", "/api/jobs/{job}", None, STAFF, 200), ("GET", "/api/jobs/{job}/open/maps/index.html", None, STAFF, 404),
    ("GET", "/api/jobs/{job}/files/maps/index.html", None, STAFF, 404), ("DELETE", "/api/jobs/{job}/files", None, {"first", "admin"}, 409),
    ("POST", "/api/jobs", {"kind": "check"}, WORKERS, 202), ("POST", "/api/jobs", {"kind": "relocation"}, WORKERS, 202),
    ("POST", "/api/jobs", {"kind": "publish_public"}, {"admin"}, 202), ("POST", "/api/jobs", {"kind": "publish_internal"}, {"admin"}, 202),
    ("DELETE", "/api/jobs/{job}", None, {"first", "admin"}, 200),
    ("GET", "/api/workspace", None, set(PEOPLE), 200), ("GET", "/workspace", None, set(PEOPLE), 200),
    ("GET", "/api/workspace/asked", None, set(PEOPLE), 200), ("GET", "/rules", None, set(PEOPLE), 200),
    ("GET", "/api/workspace/rules.xlsx", None, {"admin"}, 200), ("POST", "/api/workspace/absent", ABSENT, {"admin"}, 200),
    ("POST", "/api/workspace/proposals", NONE, {"admin"}, 404), ("POST", "/api/workspace/layers", NONE | {"digest": "0" * 64}, {"admin"}, 404),
    ("POST", "/api/workspace/rules", {"folder": "0" * 32, "name": "x.xlsx"}, {"admin"}, 404), ("GET", "/inquiry", None, set(), 200),
]  # fmt: skip
"""Method, path, body, who may, and what those get; the job asked about waits and was begun by `first`."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made, _ = opened_desk(tmp_path_factory.mktemp("work") / "w", token="", options=DeskOptions())  # several servers change no layers
    desk = made.state.desk
    desk.runner.wake = lambda: None  # jobs are begun, none is done
    for name, roles in PEOPLE.items():
        accounts.add_account(desk, login=name, name=name, roles=[Role(role) for role in roles], password=PASSWORD, who="测试")
        accounts.sign_in(desk, name, PASSWORD, f"session-of-{name}-0123456789")
    yield made
    desk.close()


@pytest.fixture(scope="module")
def people(app):
    return {name: Browser(app, f"session-of-{name}-0123456789") for name in PEOPLE}


@pytest.mark.parametrize(("method", "path", "body", "may", "status"), EXPECTED, ids=[f"{row[0]} {row[1]} {row[2] or ''}"[:60] for row in EXPECTED])
def test_each_person_may_do_what_is_written_down_and_no_other(people, method, path, body, may, status):
    job = people["first"].post("/api/jobs", {"kind": "check"}).json()["id"]
    for name, browser in people.items():
        answer = browser.client.request(method, path.format(job=job), json=body, headers=browser.headers)
        assert (answer.status_code == status) == (name in may), (name, answer.status_code, answer.text[:200])
        if name not in may:
            assert answer.status_code in (403, 404) and answer.json()["remedy"]


def test_everything_that_changed_the_workspace_is_in_the_journal(app, people):
    found = people["admin"].get("/api/journal").json()
    assert found["faults"] == [] and found["count"] > 0


def test_queue_does_not_grow_without_end(people, monkeypatch):
    monkeypatch.setattr("cdgis.web.job_routes._MOST_OPEN", 0)
    refused = people["admin"].post("/api/jobs", {"kind": "check"})
    assert refused.status_code == 409 and "取消" in refused.json()["remedy"]
