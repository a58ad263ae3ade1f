"""Two servers in two processes on one PostgreSQL database: no number twice, no job done twice, none lost when one of them is killed.

Each server is a process of its own that this test starts; what it does it notes in a file that both write to.
"""

import multiprocessing
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from desk_client import Browser, opened_desk
from desk_databases import ON_POSTGRES, postgres_for
from small_workspace import small_workspace
from sqlalchemy import func, select

from cdgis.web.database import Database
from cdgis.web.desk_options import DeskOptions
from cdgis.web.desk_settings import local_now
from cdgis.web.event_chain import journal_faults
from cdgis.web.job_states import JobState
from cdgis.web.models import CaseEvent, Job
from cdgis.web.service_models import JobHolder

pytestmark = pytest.mark.skipif(not ON_POSTGRES, reason="只关系到 PostgreSQL，由 .ci/run 在它上面再跑一遍时做")
CASES, JOBS = 8, 16
LAST_S = 90.0


def serve(root: Path, address: str, name: str, link) -> None:
    """Be a server until told to stop: note each job that is begun, make cases when told to, stop in a job whose file says so."""
    from cdgis.web import job_runner

    real = job_runner.run_here

    def noted(workspace, kind, asked, out, tell):
        with (root / "done").open("a", encoding="utf-8") as stream:
            stream.write(f"{name} {out.parent.name}\n")
        while (root / f"hold {name}").exists():
            time.sleep(0.02)
        return real(workspace, kind, asked, out, tell)

    job_runner.run_here = noted
    app, _ = opened_desk(root, options=DeskOptions(database=address))
    desk, browser = app.state.desk, Browser(app)
    link.send(desk.presence.id)
    with suppress(EOFError):
        while (order := link.recv()) != "stop":
            if order == "cases":
                link.send([browser.post("/api/cases", {}).status_code for _ in range(CASES)])
            elif order == "jobs":
                desk.runner.wake()
            else:
                desk.presence._clock = lambda: local_now() + timedelta(minutes=5)
                desk.presence.beat()
                link.send("beaten")
    desk.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    root = small_workspace(tmp_path_factory.mktemp("two") / "工作 区")
    address, context, made = postgres_for(root), multiprocessing.get_context("spawn"), {}
    for name in ("first", "second"):
        link, other = context.Pipe()
        process = context.Process(target=serve, args=(root, address, name, other), daemon=True)
        process.start()
        made[name] = process, link
    ids = {name: link.recv() for name, (_, link) in made.items()}
    database = Database(root, address)
    yield root, database, made, ids
    database.close()
    for process, _ in made.values():
        process.kill()
        process.join()


def test_cases_of_two_processes_are_numbered_in_one_row(office):
    _, database, servers, _ = office
    for _, link in servers.values():
        link.send("cases")
    assert [link.recv() for _, link in servers.values()] == [[201] * CASES] * 2
    with database.reading() as session:
        events = list(session.scalars(select(CaseEvent).order_by(CaseEvent.number)))
    assert len(events) == 2 * CASES and journal_faults(events) == []


def waiting(count: int, mark: str) -> list[Job]:
    about = {"kind": "check", "asked": {}, "result": {}, "total": 0, "message": "", "made_by": "x", "ended_at": ""}
    return [Job(id=f"{mark}{number:02}", state=JobState.WAITING, made_at=f"{number:02}", **about) for number in range(count)]


def until(true, what: str) -> None:
    end = time.monotonic() + LAST_S
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def states(database) -> Counter:
    with database.reading() as session:
        return Counter(dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all()))


def begun(root: Path) -> list[tuple[str, str]]:
    told = (root / "done").read_text("utf-8").splitlines() if (root / "done").exists() else []
    return [tuple(line.split(" .part-")) for line in told]


def test_waiting_jobs_are_done_once_each_by_either_process_and_one_that_is_killed_costs_its_own_alone(office):
    root, database, servers, ids = office
    with database.writing() as session:
        session.add_all(waiting(JOBS, "a"))
    for _, link in servers.values():
        link.send("jobs")
    until(lambda: states(database)[JobState.DONE] == JOBS, "not all jobs were done")
    told = begun(root)
    assert sorted(job for _, job in told) == sorted(job.id for job in waiting(JOBS, "a"))  # none twice
    assert {server for server, _ in told} == {"first", "second"}  # either has its share
    with database.reading() as session:
        holders = {row.job_id: row.server_id for row in session.scalars(select(JobHolder))}
    assert holders == {job: ids[server] for server, job in told}

    (root / "hold first").touch()  # it stands in the midst of a job when it is killed
    with database.writing() as session:
        session.add_all(waiting(3, "b"))
    servers["first"][1].send("jobs")
    until(lambda: len(begun(root)) > JOBS, "the first took no job")
    servers["first"][0].kill()
    servers["first"][0].join()
    servers["second"][1].send("jobs")
    until(lambda: states(database)[JobState.DONE] == JOBS + 2, "the second did not go on with those that waited")
    assert states(database)[JobState.RUNNING] == 1
    servers["second"][1].send("beat five minutes later")
    assert servers["second"][1].recv() == "beaten"
    assert states(database) == {JobState.DONE: JOBS + 2, JobState.FAILED: 1}
    assert Counter(job for _, job in begun(root)).most_common(1)[0][1] == 1
