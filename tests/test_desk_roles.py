"""Who may do what on a desk with accounts, when: every role, action and state; strangers; passwords, sessions and keys."""

import base64
from datetime import datetime, timedelta

import pytest
from desk_client import HOST, Browser, confirmed_case, new_case, opened_desk
from sqlalchemy import update

from cdgis.core.errors import DeskError
from cdgis.web import accounts
from cdgis.web.case_states import TRANSITIONS, Action, CaseState, Role
from cdgis.web.models import Case

PASSWORD = "一句很长的密码 2026"
PEOPLE = {
    "owner": ["申报"], "other": ["申报"], "first": ["初审"], "second": ["复核"], "admin": ["管理"], "reader": ["只读"],
    "both": ["申报", "初审", "复核", "管理"],
}  # fmt: skip
STATES = [str(state) for state in CaseState]
REVIEWED, OPEN = {"已提交", "初审", "复核"}, {"草稿", "已提交", "初审", "复核", "定稿"}
EXPECTED = {
    "修改": {"owner": {"草稿"}, "both": {"草稿"}},
    "登记核验": {"first": REVIEWED, "second": REVIEWED},
    "复核意见": {"first": REVIEWED, "second": REVIEWED},
    "提交": {"owner": {"草稿"}, "both": {"草稿"}},
    "初审通过": {"first": {"已提交"}},
    "复核通过": {"second": {"初审"}},
    "定稿": {"second": {"复核"}, "admin": {"复核"}},
    "退回": {"first": REVIEWED, "second": REVIEWED, "admin": REVIEWED},
    "撤销": {"admin": OPEN, "both": OPEN},
    "重判": {"admin": {"定稿"}, "both": {"定稿"}},
}
"""Written out by hand: action -> person -> states in which it is open; `both` has every role and owns the case asked about."""
REACHED = 418


class Stop:
    """Stands for the processes: whoever gets here has passed every question of who and when."""

    load_s = -1.0

    def ask(self, task, **given):
        raise DeskError("到了", status=REACHED)

    def close(self):
        """End nothing."""


@pytest.fixture(scope="module")
def now():
    return [datetime.fromisoformat("2026-11-29T08:00:00+08:00")]


@pytest.fixture(scope="module")
def app(tmp_path_factory, now):
    made, _ = opened_desk(tmp_path_factory.mktemp("roles") / "w", token="", clock=lambda: now[0])
    desk = made.state.desk
    for name, roles in PEOPLE.items():
        accounts.add_account(desk, login=name, name=name, roles=[Role(role) for role in roles], password=PASSWORD, who="测试")
    yield made
    desk.close()


@pytest.fixture(scope="module")
def people(app):
    found = {}
    for name in PEOPLE:
        accounts.sign_in(app.state.desk, name, PASSWORD, f"session-of-{name}-0123456789")
        found[name] = Browser(app, f"session-of-{name}-0123456789")
    return found


@pytest.fixture(scope="module")
def cases(people):
    return {"owner": confirmed_case(people["owner"]), "both": confirmed_case(people["both"])}


def put(app, case, **values):
    with app.state.desk.database.writing() as session:
        session.execute(update(Case).where(Case.id == case).values(version=1, confirmed="x", **({"reviewers": {}} | values)))


def attempt(browser, case, action):
    asked = {"version": 1, "reason": "因为"}
    if action == "修改":
        return browser.put(f"/api/cases/{case}/answers", {"crs": "CGCS2000"})
    if action == "登记核验":
        return browser.post(f"/api/cases/{case}/seen", {"name": "opinion_document", "version": 1})
    if action == "复核意见":
        return browser.post(f"/api/cases/{case}/opinions", asked | {"subject_id": "1", "rule_id": "x", "opinion": "不成立"})
    if action == "定稿":
        return browser.post(f"/api/cases/{case}/final", asked)
    return browser.post(f"/api/cases/{case}/moves", asked | {"action": action})


@pytest.mark.parametrize("action", EXPECTED)
def test_each_person_may_do_each_thing_in_the_states_written_down_and_in_no_other(app, people, cases, monkeypatch, action):
    monkeypatch.setattr(app.state.desk, "judge", Stop())
    for person, browser in people.items():
        case = cases["both" if person == "both" else "owner"]
        for state in STATES:
            put(app, case, state=state)
            answer = attempt(browser, case, action)
            may = state in EXPECTED[action].get(person, ())
            allowed = answer.status_code in (200, REACHED)
            assert allowed == may, (person, action, state, answer.text)
            if person == "other":
                assert answer.status_code == 404
            elif not may:
                assert answer.status_code in (403, 409) and answer.json()["remedy"]
            shown = browser.get(f"/api/cases/{case}")
            if person != "other" and not allowed:
                assert (action in shown.json()["can"]) == may and shown.json()["state"] == state


def test_table_of_the_test_names_every_action_of_the_program():
    assert set(EXPECTED) == {str(action) for action in Action} == {str(action) for action in TRANSITIONS}


def test_who_passed_the_first_review_passes_no_second(app, people, cases):
    case = cases["owner"]
    desk = app.state.desk
    account = accounts.add_account(desk, login="two", name="two", roles=[Role.FIRST_REVIEWER, Role.SECOND_REVIEWER], password=PASSWORD, who="测试")
    accounts.sign_in(desk, "two", PASSWORD, "session-of-two-0123456789")
    two = Browser(app, "session-of-two-0123456789")
    put(app, case, state="已提交")
    assert attempt(two, case, "初审通过").status_code == 200
    put(app, case, state="初审", reviewers={"初审通过": account})
    refused = attempt(two, case, "复核通过")
    assert refused.status_code == 403 and "另一人" in refused.json()["remedy"]
    put(app, case, state="初审", reviewers={"初审通过": account + 100})
    assert attempt(two, case, "复核通过").status_code == 200


@pytest.mark.parametrize("action", ["退回", "撤销", "重判"])
def test_without_a_reason_nothing_is_sent_back_withdrawn_or_reopened(app, people, cases, action):
    put(app, cases["owner"], state="定稿" if action == "重判" else "已提交")
    answer = people["admin"].post(f"/api/cases/{cases['owner']}/moves", {"action": action, "version": 1, "reason": " "})
    assert answer.status_code == 400 and "理由" in answer.json()["reason"]


def test_case_goes_through_three_people_and_each_step_is_one_event(app, people, monkeypatch):
    case = confirmed_case(people["owner"])

    class Judge(Stop):
        def ask(self, task, **given):
            return {"verdict": "须论证", "sites": []}

    monkeypatch.setattr(app.state.desk, "judge", Judge())
    steps = [("owner", "提交"), ("first", "初审通过"), ("second", "退回"), ("owner", "提交"), ("first", "初审通过"), ("second", "复核通过")]
    for person, action in steps:
        version = people[person].get(f"/api/cases/{case}").json()["version"]
        asked = {"action": action, "version": version, "reason": f"{person} 说"}
        answer = people[person].post(f"/api/cases/{case}/moves", asked)
        assert answer.status_code == 200, answer.text
    found = people["reader"].get(f"/api/cases/{case}").json()
    assert (found["state"], found["verdict"]) == ("复核", "须论证")
    told = [(event["action"], event["who"], event["reason"]) for event in found["events"][-6:]]
    assert told[2] == ("退回", "second（second）", "second 说") and told[-1][0] == "复核通过"


# ---- strangers, and readers that write -------------------------------------------------------------------------


def endpoints(app):
    """Yield (method, path) of every endpoint, placeholders filled in."""
    from fastapi.routing import APIRoute

    seen = []
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop()
        waiting += list(getattr(route, "routes", ())) + list(getattr(getattr(route, "original_router", None), "routes", ()))
        if isinstance(route, APIRoute):
            seen += [(method, route.path) for method in route.methods]
    return sorted(set(seen))


def filled(path, case):
    return path.replace("{case_id}", case).replace("{document_id}", "0").replace("{name}", "x").replace("{feature_id:path}", "1").replace(
        "{layer_id}", "city").replace("{collection_id}", "city").replace("{account_id}", "1").replace("{key_id}", "1").replace("{job_id}", "0")


FREE = {
    "/enter", "/login", "/login/sso", "/login/sso/back", "/setup", "/api/login", "/api/setup", "/health", "/static/{name}",
    "/results/{ticket}/{path:path}",
}  # fmt: skip


def test_stranger_gets_nothing_but_the_ways_in(app, cases):
    stranger = Browser(app, "no-session")
    found = endpoints(app)
    assert len(found) > 40
    for method, path in found:
        answer = stranger.client.request(method, filled(path, cases["owner"]), headers=stranger.headers)
        if path not in FREE:
            assert answer.status_code in (401, 303) and (answer.status_code == 401 or answer.headers["location"] == "/login"), (method, path)


def test_write_without_the_token_of_the_page_or_from_elsewhere_is_refused_whoever_asks(app, people, cases):
    admin = people["admin"]
    for method, path in endpoints(app):
        if method in ("GET", "HEAD") or path in FREE:
            continue
        target = filled(path, cases["owner"])
        token = {"x-csrf-token": admin.headers["x-csrf-token"]}
        wrong = [{"origin": f"http://{HOST}"}, {"origin": f"http://{HOST}", "x-csrf-token": "0" * 64}, token]
        for headers in (*wrong, token | {"origin": "http://evil.example"}, token | {"origin": "null"}):
            assert admin.client.request(method, target, headers=headers).status_code == 403, (method, path, headers)


def test_reader_writes_nothing(app, people, cases):
    bodies = {"action": "提交", "version": 1, "reason": "x", "name": "opinion_document", "digest": "x", "notation": "decimal", "text": "1 1",
              "geometry": {"type": "Point", "coordinates": [117, 41]}}
    put(app, cases["owner"], state="草稿")
    for method, path in endpoints(app):
        if method in ("GET", "HEAD") or path in FREE or path == "/api/logout":
            continue
        answer = people["reader"].client.request(method, filled(path, cases["owner"]), json=bodies, headers=people["reader"].headers)
        assert answer.status_code in (400, 403, 404), (method, path, answer.status_code)
    assert people["reader"].get(f"/api/cases/{cases['owner']}").json()["version"] == 1


def test_applicant_sees_only_his_own_cases_anywhere(people, cases):
    mine = new_case(people["other"])
    listed = people["other"].get("/api/cases").json()
    assert [row["id"] for row in listed["cases"]] == [mine]
    assert people["other"].get(f"/cases/{cases['owner']}").status_code == 404
    features = people["other"].get("/ogc/collections/cases/items").json()["features"]
    assert [feature["id"] for feature in features] == [mine]
    assert people["other"].get(f"/ogc/collections/cases/items/{cases['owner']}").status_code == 404
    assert people["reader"].get(f"/ogc/collections/cases/items/{cases['owner']}").status_code == 200


# ---- passwords, sessions, keys ---------------------------------------------------------------------------------


def login(app, name, password):
    stranger = Browser(app, "no-session")
    return stranger.client.post("/api/login", json={"login": name, "password": password}, headers={"origin": f"http://{HOST}"})


def test_five_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour(app, now):
    answers = [login(app, "other", "wrong password") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401] * 5
    assert login(app, "other", PASSWORD).status_code == 429
    now[0] += timedelta(minutes=16)
    right = login(app, "other", PASSWORD)
    assert right.status_code == 200
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    unknown = login(app, "nobody", PASSWORD)
    assert (unknown.status_code, unknown.json()) == (401, answers[0].json())  # which of the two is wrong is not said


def test_who_signed_in_and_what_was_done_to_accounts_stands_in_the_journal_for_managers_alone(app, people):
    login(app, "second", PASSWORD)
    found = people["admin"].get("/api/journal/lines").json()["lines"]
    assert [line["number"] for line in found] == sorted((line["number"] for line in found), reverse=True)
    assert (found[0]["action"], found[0]["who"]) == ("登录", "second")
    assert PASSWORD not in str(found) and people["first"].get("/api/journal/lines").status_code == 403


def test_session_ends_after_half_a_day_and_when_the_account_is_changed(app, people, now):
    accounts.sign_in(app.state.desk, "first", PASSWORD, "short-session-0123456789")
    short = Browser(app, "short-session-0123456789")
    assert short.get("/api/cases").status_code == 200
    now[0] += timedelta(hours=12, minutes=1)
    assert short.get("/api/cases").status_code == 401
    now[0] -= timedelta(hours=12, minutes=1)
    made = people["admin"].post("/api/accounts", {"login": "gone", "name": "gone", "roles": ["只读"], "password": PASSWORD}).json()
    accounts.sign_in(app.state.desk, "gone", PASSWORD, "gone-session-0123456789")
    gone = Browser(app, "gone-session-0123456789")
    assert gone.get("/api/cases").status_code == 200
    assert people["admin"].put(f"/api/accounts/{made['id']}", {"active": False}).status_code == 200
    assert gone.get("/api/cases").status_code == 401 and login(app, "gone", PASSWORD).status_code == 401


def test_nobody_is_left_who_could_manage_is_refused(app, tmp_path):
    alone, _ = opened_desk(tmp_path / "w", token="")
    desk = alone.state.desk
    number = accounts.add_account(desk, login="a", name="a", roles=[Role.ADMIN], password=PASSWORD, who="测试", first=True)
    with pytest.raises(DeskError, match="管理账号"):
        accounts.change_account(desk, number, who=accounts.sign_in(desk, "a", PASSWORD, "t" * 30), active=False)
    with pytest.raises(DeskError, match="只能做一次"):
        accounts.add_account(desk, login="b", name="b", roles=[Role.ADMIN], password=PASSWORD, who="测试", first=True)
    desk.close()


@pytest.mark.parametrize("given", [{"password": "短"}, {"roles": []}, {"login": ""}, {"name": "a\u202eb"}, {"login": "owner"}, {"roles": ["皇帝"]}])
def test_account_that_cannot_be_is_refused(people, given):
    asked = {"login": "new", "name": "新", "roles": ["只读"], "password": PASSWORD} | given
    assert people["admin"].post("/api/accounts", asked).status_code in (400, 409)


def test_key_opens_the_ogc_interface_and_nothing_else_until_it_is_taken_back(app, people):
    key = people["admin"].post("/api/keys", {"name": "QGIS"}).json()["key"]
    assert people["first"].post("/api/keys", {"name": "x"}).status_code == 403
    program = Browser(app, "no-session")
    basic = {"authorization": "Basic " + base64.b64encode(f"任意:{key}".encode()).decode()}
    for header in (basic, {"authorization": f"Bearer {key}"}):
        assert program.get("/ogc/collections", headers=header).status_code == 200
    for path in ("/api/cases", "/", "/api/layers"):
        assert program.get(path, headers=basic).status_code in (401, 303)
    for wrong in ("Basic x", "Basic " + base64.b64encode(b"a:b").decode(), "Bearer x", f"Basic {key}", "Basic \u00e9".encode()):
        assert program.get("/ogc", headers={"authorization": wrong}).status_code == 401
    [number] = [row["id"] for row in people["admin"].get("/api/keys").json()]
    assert people["admin"].delete(f"/api/keys/{number}").status_code == 200
    assert program.get("/ogc/collections", headers=basic).status_code == 401
