"""Jobs of the desk: the command line's bytes, what a what-if changes, progress, cancel, history; results open in a sandbox, for their session."""

import filecmp
import json
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from desk_city import RIVER_LON, desk_city, plan_of
from desk_client import HOST, Browser, desk_settings, ended
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import metres, write_layer
from typer.testing import CliRunner

from cdgis.cli.app import app as command_line
from cdgis.core.errors import DeskError
from cdgis.web.desk_app import make_app
from cdgis.web.desk_settings import Limits
from cdgis.web.job_kinds import KINDS
from cdgis.web.job_process import JobCancelled, run_apart
from cdgis.web.job_results import plan_changes
from cdgis.web.models import Job
from cdgis.web.result_pages import POLICY, file_within


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return desk_city(tmp_path_factory.mktemp("jobs") / "w")


@pytest.fixture(scope="module")
def app(root):
    made = make_app(desk_settings(root))
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def browser(app):
    return Browser(app)


def done(browser, kind, **asked):
    answer = browser.post("/api/jobs", {"kind": kind, "asked": asked})
    assert answer.status_code == 202, answer.text
    found = ended(browser, answer.json()["id"])
    assert found["state"] == "完成", found["message"]
    return found


@pytest.fixture(scope="module")
def closed(browser):
    return done(browser, "relocation", close=["Y2"])


def test_plan_of_the_desk_is_the_command_line_s_byte_for_byte(app, root, closed, tmp_path):
    out = tmp_path / "plan"
    asked = ["relocate", "--workspace", str(root), "--close", "Y2", "--out", str(out), "--quiet"]
    assert CliRunner().invoke(command_line, asked).exit_code == 0
    mine = root / "desk" / "jobs" / closed["id"] / "reports"
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == {path.relative_to(mine).as_posix() for path in mine.rglob("*") if path.is_file()} and len(names) > 20
    same, other, lost = filecmp.cmpfiles(out, mine, sorted(names), shallow=False)
    assert (len(same), other, lost) == (len(names), [], [])


def test_closing_the_park_somebody_goes_to_sends_him_elsewhere_and_says_so(browser, closed):
    [row] = closed["result"]["changes"]
    assert row["id"] == "E1" and {"what": "承接园区", "before": "东园", "after": "西园"} in row["items"]
    assert "关闭园区 Y2" in "".join(closed["result"]["lines"])


def test_without_assumptions_there_is_nothing_to_compare(browser):
    result = done(browser, "relocation")["result"]
    assert result["change_count"] == 0 and result["lines"][0] == "没有假设：现行方案"


@pytest.mark.parametrize("asked", [{"close": ["没有的园区"]}, {"weights": {"priority": {"no_such": 1}}}, {"weights": {"whatever": {}}}])
def test_assumption_that_means_nothing_fails_and_says_why(browser, asked):
    found = ended(browser, browser.post("/api/jobs", {"kind": "relocation", "asked": asked}).json()["id"])
    assert found["state"] == "没有完成" and ("没有园区" in found["message"] or "权重" in found["message"])
    assert found["result"] == {} and not found["kept"]


IMPOSSIBLE = [
    {"kind": "nothing"}, {"kind": "run", "asked": {"more": 1}}, {"kind": "relocation", "asked": {"cap_ha": {"Y1": -1}}},
    {"kind": "compare", "asked": {"layer": "city", "file": "/etc/passwd"}}, {"kind": "trace", "asked": {"start": ""}},
]  # fmt: skip


@pytest.mark.parametrize("asked", IMPOSSIBLE)
def test_job_that_cannot_be_asked_for_is_refused_at_once(browser, asked):
    assert browser.post("/api/jobs", asked).status_code in (400, 404)


# ---- trace, outfalls, comparison, check ------------------------------------------------------------------------


def test_trace_names_who_lies_below_with_kilometres_and_a_way_through_the_stops(browser):
    result = done(browser, "trace", start=f"{RIVER_LON},41.41")["result"]
    section = next(stop for stop in result["stops"] if stop["name"] == "示例断面")
    assert result["river"] == "示例河" and section["km"] == pytest.approx(3.1, abs=0.2)
    way = np.array(result["course"]["coordinates"])
    off = np.abs(way - section["at"]).sum(axis=1).min()
    assert off < 0.003 and result["notify"][0].endswith("县（0 公里）")
    assert way[0] == pytest.approx(result["entry"]) and way[0][1] > section["at"][1] > way[-1][1]


def test_stops_of_a_trace_lie_as_far_along_its_way_as_they_say(browser):
    result = done(browser, "trace", start=f"{RIVER_LON},41.42")["result"]
    way = np.array(result["course"]["coordinates"])
    metre = np.array([np.cos(np.radians(41.4)), 1.0]) * 111_200
    for stop in result["stops"]:
        above = way[way[:, 1] >= stop["at"][1]]
        length = np.linalg.norm(np.diff(np.vstack([above, stop["at"]]), axis=0) * metre, axis=1).sum()
        assert length / 1000 == pytest.approx(stop["km"], rel=0.02, abs=0.02), stop["name"]


def test_trace_upstream_lists_the_plants_and_draws_the_streams_above(browser):
    result = done(browser, "trace", start=f"{RIVER_LON},41.38", up=True)["result"]
    assert {stop["name"] for stop in result["stops"]} == {"示例水泥厂", "示例制衣厂"}
    assert "LineString" in result["course"]["type"] and result["notify"] == []


def test_place_far_from_water_fails_with_places_to_choose_from(browser):
    found = ended(browser, browser.post("/api/jobs", {"kind": "trace", "asked": {"start": "117.94,40.97"}}).json()["id"])
    assert found["state"] == "没有完成" and "--at" not in found["message"] and "河上位置" in found["message"]


def test_planned_outfall_is_told_its_section(browser):
    result = done(browser, "outfalls", points=[f"{RIVER_LON},41.41"])["result"]
    assert "示例断面" in json.dumps(result["changes"], ensure_ascii=False)


def test_new_version_of_a_layer_is_compared_and_the_way_to_it_is_not_told(browser, tmp_path):
    red = {"id": ["H1", "H2"], "name": ["甲", "乙"], "kind": ["红线一般区域"] * 2}
    new = write_layer(tmp_path / "新红线.gpkg", [metres(-2500, 0, 500, 1500), metres(900, 0, 1500, 500)], red)
    answer = browser.client.post("/api/jobs/compare", data={"layer": "ecological_redline"}, files=[("files", (new.name, new.read_bytes()))],
                                 headers=browser.headers)  # fmt: skip
    assert answer.status_code == 202, answer.text
    found = ended(browser, answer.json()["id"])
    assert found["state"] == "完成", found["message"]
    assert [row["id"] for row in found["result"]["changes"]] == ["E2"] and "file" not in found["asked"]


@pytest.mark.parametrize("names", [["a.txt"], ["a.gpkg", "b.gpkg"], ["..\\a.gpkg.exe"], ["a.shp", "a.SHP"]])
def test_upload_that_is_no_one_layer_is_refused(browser, names):
    files = [("files", (name, b"x")) for name in names]
    answer = browser.client.post("/api/jobs/compare", data={"layer": "city"}, files=files, headers=browser.headers)
    assert answer.status_code in (400, 415) and answer.json()["reason"]


# ---- processes, progress, cancel, history ----------------------------------------------------------------------


def test_job_in_its_own_process_tells_how_far_it_is_and_answers_alike(root, tmp_path):
    told = []
    out = tmp_path / "job" / "reports"
    out.parent.mkdir()
    answer = run_apart(root, "trace", {"start": f"{RIVER_LON},41.41"}, out, lambda *state: told.append(state) or True, limits=Limits())
    assert answer["river"] == "示例河" and (out / "data" / "trace.csv").is_file() and told


@pytest.mark.parametrize(("limits", "wanted", "error"), [
    (Limits(job_seconds=0.0), True, "小时"), (Limits(job_megabytes=1), True, "MB"), (Limits(), False, "已取消")])  # fmt: skip
def test_process_over_a_limit_or_no_longer_wanted_is_ended(root, tmp_path, limits, wanted, error):
    began = time.monotonic()
    with pytest.raises(JobCancelled if not wanted else DeskError, match=error):
        run_apart(root, "run", {}, tmp_path / "x" / "maps", lambda *_: wanted, limits=limits)
    assert time.monotonic() - began < 120


def test_cancelled_job_keeps_nothing_and_the_next_one_is_done(app, browser, root, monkeypatch):
    begun = []

    def slow(workspace, asked, out, progress):
        out.mkdir(parents=True)
        (out / "half.html").write_text("half", "utf-8")
        for number in range(4000):
            progress.stage(f"第 {number} 步")
            begun.append(number)
            time.sleep(0.02)
        return {}

    changed = KINDS | {"run": replace(KINDS["run"], make=slow)}
    for module in ("job_runner", "job_kinds"):
        monkeypatch.setattr(f"cdgis.web.{module}.KINDS", changed)
    first, second = (browser.post("/api/jobs", {"kind": "run"}).json()["id"] for _ in range(2))
    while not begun:
        time.sleep(0.02)
    assert browser.get(f"/api/jobs/{second}").json()["state"] == "等候"
    assert browser.delete(f"/api/jobs/{second}").status_code == 200  # one that waits never begins
    assert browser.delete(f"/api/jobs/{first}").status_code == 200
    steps = len(begun)
    trace = done(browser, "trace", start=f"{RIVER_LON},41.41")  # the quick ones do not wait behind it
    assert ended(browser, first)["state"] == ended(browser, second)["state"] == "已取消"
    time.sleep(0.3)
    assert len(begun) <= steps + 30 and trace["state"] == "完成"
    jobs = root / "desk" / "jobs"
    assert not (jobs / first).exists() and not list(jobs.glob(".part-*"))


def test_events_tell_the_state_until_the_end(browser):
    job = browser.post("/api/jobs", {"kind": "check"}).json()["id"]
    answer = browser.get(f"/api/jobs/{job}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    states = [json.loads(line.removeprefix("data: "))["state"] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert states[-1] == "完成" and set(states) <= {"等候", "进行中", "完成"}
    faults = browser.get(f"/api/jobs/{job}").json()["result"]["faults"]
    assert {fault["layer"] for fault in faults} == {"land_classes_2015", "land_classes_2025"}  # no pack, hence no densities


def test_history_lists_the_newest_first_and_the_journal_each_begin(app, browser, closed):
    found = browser.get("/api/jobs").json()
    times = [row["made_at"] for row in found["jobs"]]
    assert times == sorted(times, reverse=True) and found["total"] >= len(times) and closed["id"] in [row["id"] for row in found["jobs"]]
    assert all(row["kind"] == "relocation" for row in browser.get("/api/jobs?kind=relocation").json()["jobs"])
    assert browser.get("/api/journal").json()["faults"] == []


def test_waiting_job_is_taken_up_when_the_desk_is_opened_again(root, app):
    values = {"kind": "check", "state": "等候", "asked": {}, "result": {}, "done": 0, "total": 0, "message": "", "stage": "", "owner_id": 0,
              "made_by": "x", "made_at": "2020-01-01T00:00:00+00:00", "ended_at": ""}  # fmt: skip
    with app.state.desk.database.writing() as session:
        session.add(Job(id="waiting", **values))
    again = make_app(desk_settings(root))
    assert ended(Browser(again), "waiting")["state"] == "完成"
    again.state.desk.close()


# ---- results in the browser -------------------------------------------------------------------------------------


def test_page_of_a_result_opens_at_an_address_of_its_own_in_a_sandbox(browser, closed, app):
    first = browser.get(f"/api/jobs/{closed['id']}/open/reports/index.html")
    assert first.status_code == 303
    stranger = Browser(app, "no-session")  # a page without origin sends no cookie
    page = stranger.get(first.headers["location"])
    assert page.status_code == 200 and page.headers["content-security-policy"] == POLICY and "allow-same-origin" not in POLICY
    base = first.headers["location"].rpartition("/")[0]
    assert stranger.get(f"{base}/relocation.html").status_code == 200
    table = stranger.get(f"{base}/data/relocation.csv")
    assert table.headers["content-disposition"].startswith("attachment")
    for wrong in ("..%2f..%2f..%2fcdgis.toml", "%2e%2e%2f%2e%2e%2f%2e%2e%2fdesk.sqlite", "data", "no.html"):
        assert stranger.get(f"{base}/{wrong}").status_code == 404
    assert stranger.get("/results/guess/reports/index.html").status_code == 404


def test_file_is_looked_for_within_its_folder_only(tmp_path):
    inside = tmp_path / "a"
    inside.mkdir()
    (inside / "x").write_text("x")
    (tmp_path / "y").write_text("y")
    (inside / "link").symlink_to(tmp_path / "y")
    assert file_within(inside, "x") == (inside / "x").resolve()
    for wrong in ("../y", "link", "", ".", "x\0", "/etc/passwd"):
        with pytest.raises(DeskError):
            file_within(inside, wrong)


def test_removed_result_leaves_its_record(browser):
    job = done(browser, "trace", start=f"{RIVER_LON},41.41")["id"]
    assert browser.get(f"/api/jobs/{job}/files/reports/data/trace.csv").status_code == 200
    assert browser.delete(f"/api/jobs/{job}/files").status_code == 200
    assert browser.get(f"/api/jobs/{job}/files/reports/data/trace.csv").status_code == 404
    assert not browser.get(f"/api/jobs/{job}").json()["kept"]


@pytest.mark.parametrize("path", ["/jobs", "/trace"])
def test_pages_are_served(browser, path):
    assert browser.get(path, headers={"host": HOST}).status_code == 200


# ---- law: what changed is exactly what differs -----------------------------------------------------------------

ROW = st.tuples(st.sampled_from(["关停", "异地迁建"]), st.sampled_from(["", "Y1", "Y2"]), st.sampled_from([1.0, 2.0, float("nan")]))
PLANS = st.dictionaries(st.sampled_from("abcd"), ROW, min_size=0)


@settings(max_examples=60, deadline=None)
@given(before=PLANS, after=PLANS)
def test_changes_name_exactly_the_enterprises_whose_row_differs(before, after):
    def table(plan):
        return plan_of([(key, *row) for key, row in sorted(plan.items())])

    rows = plan_changes(table(before), table(after), {"Y1": "西园", "Y2": "东园"})
    differs = {key for key in before.keys() | after.keys() if repr(before.get(key)) != repr(after.get(key))}
    assert {row["id"] for row in rows} == differs and plan_changes(table(before), table(before), {}) == []
    back = plan_changes(table(after), table(before), {"Y1": "西园", "Y2": "东园"})
    swapped = {row["id"]: [(item["what"], item["after"], item["before"]) for item in row["items"]] for row in back}
    assert swapped == {row["id"]: [(item["what"], item["before"], item["after"]) for item in row["items"]] for row in rows}


# ---- the same plan for programs --------------------------------------------------------------------------------


def relocate(browser, inputs, **headers):
    return browser.client.post("/ogc/processes/relocate/execution", json={"inputs": inputs}, headers=browser.headers | headers)


def test_plan_that_a_program_asks_for_is_the_one_of_the_page_row_by_row(app, root, browser, closed):
    answer = relocate(browser, {"close": ["Y2"]})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["changes"] == closed["result"]["changes"] and told["lines"] == closed["result"]["lines"]
    table = pd.read_csv(root / "desk" / "jobs" / closed["id"] / "reports" / "data" / "relocation.csv", dtype=str, keep_default_na=False)
    assert [row["enterprise_id"] for row in told["enterprises"]] == table["enterprise_id"].tolist()
    assert [row["assigned"] or "" for row in told["enterprises"]] == table["assigned"].tolist()
    assert {row["park_id"] for row in told["parks"]} == {"Y1", "Y2"}


def test_plan_as_a_job_of_the_interface_is_followed_listed_and_dismissed(browser):
    place = relocate(browser, {}, prefer="respond-async").headers["location"]
    job = place.rpartition("/")[2]
    assert ended(browser, job)["title"] == "搬迁方案（接口调用）"
    assert browser.get(place).json()["status"] == "successful" and browser.get(f"{place}/results").json()["enterprises"]
    assert browser.client.delete(place, headers=browser.headers).json()["status"] == "dismissed"
    assert browser.get(f"{place}/results").status_code == 404 and not browser.get(f"/api/jobs/{job}").json()["kept"]


@pytest.mark.parametrize(
    ("inputs", "status"),
    [({"close": ["没有的园区"]}, 422), ({"as_of": "昨天"}, 422), ({"cap_ha": {"Y1": -1}}, 400), ({"weights": {"a": 1}}, 400),
     ({"shut": ["Y2"]}, 400)],
)  # fmt: skip
def test_plan_that_cannot_be_is_refused_by_name(browser, inputs, status):
    answer = relocate(browser, inputs)
    assert answer.status_code == status and answer.json()["reason"] and answer.json()["remedy"]


def test_plan_of_programs_is_no_job_of_the_page(browser):
    assert browser.post("/api/jobs", {"kind": "ogc-relocate"}).status_code == 404
    assert "ogc-relocate" not in [row["kind"] for row in browser.get("/api/jobs/kinds").json()]
