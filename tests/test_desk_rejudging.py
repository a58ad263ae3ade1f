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
    assert browser.post(f"/api/jobs/{same['id']}/again", {"reason": "红线调整"}).status_code == 409  # that list found nothing
    assert browser.post(f"/api/jobs/{found['id']}/again", {"reason": " "}).status_code == 400
    assert browser.post("/api/jobs/none/again", {"reason": "红线调整"}).status_code == 404
    job = ended(browser, browser.post(f"/api/jobs/{found['id']}/again", {"reason": "红线调整"}).json()["id"])
    [row] = job["result"]["judged"]
    assert (job["state"], row["state"], row["verdict"]) == ("完成", "定稿", "不符合") and job["result"]["failed"] == []
    anew = browser.get(f"/api/cases/{case}").json()
    assert (anew["round"], anew["verdict"], anew["confirmed"]) == (2, "不符合", True)
    assert [event["action"] for event in anew["events"][-3:]] == ["重判", "沿用边界确认", "定稿"] and anew["events"][-3]["reason"] == "红线调整"
    old = {document["id"]: document["sha256"] for document in before["documents"]}
    assert old.items() <= {document["id"]: document["sha256"] for document in anew["documents"]}.items()  # the old reports are kept
    late = ended(browser, browser.post(f"/api/jobs/{found['id']}/again", {"reason": "再来"}).json()["id"])
    assert late["result"]["judged"] == [] and "一致" in late["result"]["failed"][0]["reason"]
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
