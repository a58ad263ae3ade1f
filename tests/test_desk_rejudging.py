"""The list of decided cases that would be decided otherwise today: after a layer changed, by which zone; nothing decided is touched."""

import pytest
from desk_client import BESIDE, Browser, confirmed_case, ended, opened_desk
from small_workspace import new_redline

from cdgis.web.models import Job


@pytest.fixture(scope="module")
def desk_and_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("again") / "w"
    app, _ = opened_desk(root)
    yield app, root
    app.state.desk.close()


def test_case_is_listed_when_the_layer_reaches_it_and_not_before(desk_and_root):
    app, root = desk_and_root
    browser = Browser(app)
    case = confirmed_case(browser, BESIDE)
    version = browser.get(f"/api/cases/{case}").json()["version"]
    assert browser.post(f"/api/cases/{case}/final", {"version": version}).status_code == 200
    before = browser.get(f"/api/cases/{case}").json()
    same = ended(browser, browser.post("/api/jobs/rejudge", {}).json()["id"])
    assert (same["state"], same["done"], same["total"], same["result"]) == ("完成", 1, 1, {"changed": [], "failed": []})
    new_redline(root / "layers" / "redline.gpkg")
    found = ended(browser, browser.post("/api/jobs/rejudge", {}).json()["id"])
    [row] = found["result"]["changed"]
    assert (row["id"], row["before"], row["after"]) == (case, "资料不足", "不符合")
    assert any("生态保护红线" in text and "甲" in text for text in row["new"])
    after = browser.get(f"/api/cases/{case}").json()
    assert after == before  # looking changes nothing
    (root / "desk" / "files" / case / "地块.geojson").unlink()
    (root / "layers" / "redline.gpkg").touch()
    lost = ended(browser, browser.post("/api/jobs/rejudge", {}).json()["id"])
    assert [item["id"] for item in lost["result"]["failed"]] == [case] and lost["result"]["failed"][0]["reason"]


def test_job_that_a_killed_process_left_is_said_not_to_have_ended(desk_and_root):
    app, root = desk_and_root
    values = {"kind": "rejudge", "state": "进行中", "asked": {"cases": []}, "result": {"changed": [], "failed": []}, "done": 0, "total": 3,
              "message": "", "made_by": "x", "made_at": "2026-11-29T00:00:00+00:00", "ended_at": ""}  # fmt: skip
    with app.state.desk.database.writing() as session:
        session.add(Job(id="left", **values))
    again, _ = opened_desk(root)
    found = Browser(again).get("/api/jobs/left").json()
    assert found["state"] == "没有完成" and "重新开始" in found["message"]
    again.state.desk.close()
