"""Half-made work: cleared though a late process still writes into it, and by the next start whatever stayed, which the journal names."""

import threading
import time
from contextlib import suppress

import pytest
from desk_client import Browser, confirmed_case, opened_desk
from desk_databases import ON_POSTGRES

from cdgis.core.errors import DeskError
from cdgis.web.remains import CLEARED, clear

LEFT = ("reports/c1/.making-1/report/a.html", "reports/c2/.making-2/x", "files/c1/.part-1", "jobs/.part-j1/result/x.csv", ".write-1")
KEPT = ("reports/c1/1/report/a.html", "files/c1/地块.geojson", "jobs/j1/result/x.csv", "uploads/u/x.shp")


def lines(browser):
    return [line for line in browser.get("/api/journal/lines").json()["lines"] if line["action"] == CLEARED]


@pytest.mark.skipif(ON_POSTGRES, reason="几台服务器之间，办到一半的留一天")
def test_next_start_removes_what_a_kill_left_says_so_and_touches_nothing_else(tmp_path):
    root = tmp_path / "工作 区"
    app, settings = opened_desk(root)
    assert lines(Browser(app)) == []  # nothing was there, nothing is said
    app.state.desk.close()
    for name in (*LEFT, *KEPT):
        (settings.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.folder / name).write_bytes(b"x")
    app, _ = opened_desk(root)
    there = [path for path in settings.folder.rglob("*") if path.name.startswith((".making-", ".part-", ".write-"))]
    assert there == [] and all((settings.folder / name).is_file() for name in KEPT)
    [said] = lines(Browser(app))
    assert said["detail"]["count"] == len(LEFT) and "reports/c1/.making-1" in said["detail"]["files"]
    assert Browser(app).get("/api/journal").json()["faults"] == []
    app.state.desk.close()


def test_folder_into_which_an_orphan_still_writes_is_cleared(tmp_path):
    folder, begun = tmp_path / ".making-1", threading.Event()
    (folder / "report").mkdir(parents=True)

    def orphan():
        """A browser whose worker was killed: it writes on for a moment, as long as there is a folder."""
        end, number = time.monotonic() + 0.3, 0
        while time.monotonic() < end:
            number += 1
            with suppress(OSError):
                (folder / "report" / f"{number}.pdf").write_bytes(b"x")
            begun.set()

    late = threading.Thread(target=orphan)
    late.start()
    begun.wait()
    clear(folder)
    late.join()
    assert not folder.exists()


def test_decision_whose_process_is_killed_leaves_nothing_and_can_be_made_again(tmp_path, monkeypatch):
    app, settings = opened_desk(tmp_path / "w")
    browser, judge = Browser(app), app.state.desk.judge
    case = confirmed_case(browser)
    version = browser.get(f"/api/cases/{case}").json()["version"]
    real = judge.ask

    def killed(task, **given):
        real(task, **given)
        raise DeskError("处理这份材料的进程意外结束", status=500)

    monkeypatch.setattr(judge, "ask", killed)
    assert browser.post(f"/api/cases/{case}/final", {"version": version}).status_code == 500
    assert list(settings.folder.rglob(".making-*")) == []
    monkeypatch.undo()
    assert browser.post(f"/api/cases/{case}/final", {"version": version}).status_code == 200
    assert list(settings.folder.rglob(".making-*")) == []
    app.state.desk.close()
