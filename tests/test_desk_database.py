"""The desk and its database, of either kind: away and back, and names that no two alphabets order alike."""

import base64
import threading
import time

import pytest
from desk_client import Browser, ended, new_case, opened_desk, upload, wkt_geojson
from shapes import metres
from sqlalchemy import create_engine

from cdgis.core.errors import DeskError
from cdgis.web import accounts
from cdgis.web.case_states import Role
from cdgis.web.cases import documents_of
from cdgis.web.database import insist

PASSWORD = "一句很长的密码 2026"
NAMES = ("甲.geojson", "乙.geojson", "b.geojson", "A.geojson", "a2.geojson", "a10.geojson")


def test_database_that_is_away_is_told_to_everybody_and_work_goes_on_when_it_is_back(tmp_path):
    app, _ = opened_desk(tmp_path / "w", token="")
    desk = app.state.desk
    accounts.add_account(desk, login="m", name="管理员", roles=list(Role), password=PASSWORD, who="测试")
    accounts.sign_in(desk, "m", PASSWORD, "session-of-the-manager")
    browser, here = Browser(app, "session-of-the-manager"), desk.database.engine
    assert ended(browser, browser.post("/api/jobs", {"kind": "check"}).json()["id"])["state"] == "完成"  # the threads of jobs are at work
    desk.database.engine = create_engine(f"sqlite:///{(tmp_path / 'no folder' / 'x.sqlite').as_posix()}")
    desk.runner.wake()
    stranger = Browser(app, "")
    keyed = {"idempotency-key": "k"}
    asked = [("GET", "/", None, {}), ("GET", "/api/cases", None, {}), ("POST", "/api/cases", {}, {}), ("POST", "/api/cases", {}, keyed)]
    answers = [browser.client.request(method, path, json=body, headers=browser.headers | more) for method, path, body, more in asked]
    answers.append(stranger.post("/api/login", {"login": "m", "password": PASSWORD}))
    answers.append(stranger.get("/ogc/collections", headers={"authorization": "Basic " + base64.b64encode(b"x:key").decode()}))
    for answer in answers:
        assert answer.status_code == 503 and "数据库" in answer.json()["reason"] and answer.json()["remedy"], answer.text
    time.sleep(0.1)  # the threads of jobs have looked
    desk.database.engine = here
    assert browser.get("/api/cases").json()["total"] == 0
    assert ended(browser, browser.post("/api/jobs", {"kind": "check"}).json()["id"])["state"] == "完成"
    assert browser.get("/api/journal").json()["faults"] == []
    desk.close()


@pytest.mark.parametrize("times", [0, 1, 3])
def test_what_nobody_could_ask_anew_is_written_once_the_database_is_back(times, monkeypatch):
    monkeypatch.setattr("cdgis.web.database._AGAIN_S", 0.001)
    left = [DeskError("数据库没有回答", status=503)] * times

    def write():
        if left:
            raise left.pop()
        return "written"

    assert insist(write, threading.Event()) == "written"
    closed, left = threading.Event(), [DeskError("数据库没有回答", status=503)] * 2
    closed.set()
    with pytest.raises(DeskError, match="没有回答"):
        insist(write, closed)
    left = [DeskError("文字不能存", status=400)]
    with pytest.raises(DeskError, match="不能存"):
        insist(write, threading.Event())


def test_files_of_a_case_are_read_in_one_order_whatever_alphabet_the_database_has(tmp_path):
    app, _ = opened_desk(tmp_path / "w")
    browser = Browser(app)
    case = new_case(browser)
    for number, name in enumerate(NAMES):
        assert upload(browser, case, name, wkt_geojson(metres(100 * number, 0, 100 * number + 50, 50))).status_code == 201
    with app.state.desk.database.reading() as session:
        assert [document.name for document in documents_of(session, case)] == sorted(NAMES)
    told = browser.get(f"/api/document?project_id={case}").json()
    assert [row["title"] for row in told] == sorted(NAMES)
    app.state.desk.close()
