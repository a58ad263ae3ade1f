"""A desk on PostgreSQL, and two servers on one database: one journal, one row of numbers, no work done twice, none of the living's ended.

The whole suite of the desk runs on PostgreSQL with CDGIS_DESK_TESTS_ON=postgresql (.ci/run does so).
"""

import threading
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from desk_client import ABOUT, Browser, confirmed_case, ended, new_case, opened_desk
from desk_databases import empty_postgres_for, need_postgres, postgres_for, running_cluster
from small_workspace import small_workspace
from sqlalchemy import func, select

from cdgis.core.errors import DeskError
from cdgis.web.desk_options import DeskOptions, read_options, with_secrets
from cdgis.web.desk_settings import local_now
from cdgis.web.event_chain import append_event, journal_faults
from cdgis.web.models import Base, CaseEvent, Job
from cdgis.web.service_models import RunningServer


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two servers that were started at the same moment on one empty database and one workspace."""
    need_postgres()
    root = small_workspace(tmp_path_factory.mktemp("office") / "工作 区")
    options, made = DeskOptions(database=empty_postgres_for(root)), []
    starts = [threading.Thread(target=lambda: made.append(opened_desk(root, options=options)[0])) for _ in range(2)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    yield made
    for app in made:
        app.state.desk.close()


@pytest.fixture(scope="module")
def browsers(two):
    """A browser at each server; routes are built at the first request, by the one loop of a real server, here before threads ask at once."""
    made = [Browser(app) for app in two]
    assert [browser.get("/api/nothing/of/that/name").status_code for browser in made] == [404, 404]
    return made


def at_once(*tasks):
    """Run tasks in threads that begin together; return what they gave."""
    ready, given = threading.Barrier(len(tasks)), [None] * len(tasks)

    def run(at, task):
        ready.wait()
        given[at] = task()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def test_two_servers_start_on_an_empty_database_and_migrate_it_once(two):
    assert len(two) == 2
    with two[0].state.desk.database.engine.connect() as link:
        assert compare_metadata(MigrationContext.configure(link), Base.metadata) == []
    with two[0].state.desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RunningServer)) == 2


def test_numbers_and_journal_are_one_row_however_many_write_at_once(two, browsers):
    answers = at_once(*(lambda b=browsers[i % 2]: [b.post("/api/cases", {}).status_code for _ in range(5)] for i in range(6)))
    assert {status for row in answers for status in row} == {201}
    listed = browsers[0].get("/api/cases").json()
    numbers = [row["number"] for row in listed["cases"]]
    assert listed["total"] == 30 == len(set(numbers)) == max(numbers)
    with two[1].state.desk.database.reading() as session:
        events = list(session.scalars(select(CaseEvent).order_by(CaseEvent.number)))
    assert len(events) >= 30 and journal_faults(events) == []


def test_of_two_people_who_change_one_version_one_is_told(browsers):
    case = new_case(browsers[0])
    asked = [lambda b=b, n=n: b.put(f"/api/cases/{case}/facts", ABOUT | {"name": n, "version": 1}).status_code
             for b, n in zip(browsers * 2, "甲乙丙丁", strict=True)]  # fmt: skip
    assert sorted(at_once(*asked)) == [200, 409, 409, 409]


def test_case_begun_at_one_server_is_decided_at_the_other_and_only_once(two, browsers):
    case = confirmed_case(browsers[0])
    version = browsers[1].get(f"/api/cases/{case}").json()["version"]
    statuses = at_once(*(lambda b=b: b.post(f"/api/cases/{case}/final", {"version": version}).status_code for b in browsers))
    assert sorted(statuses) == [200, 409]
    found = browsers[0].get(f"/api/cases/{case}").json()
    assert found["state"] == "定稿" and sum(event["action"] == "定稿" for event in found["events"]) == 1
    assert len([document for document in found["documents"] if document["name"].endswith(".zip")]) == 1
    for browser in browsers:
        for document in found["documents"]:
            assert browser.get(f"/api/cases/{case}/documents/{document['id']}").status_code == 200


def test_job_asked_for_at_both_servers_is_done_once(two, browsers):
    statuses = at_once(*(lambda b=b: b.post("/api/jobs/rejudge", {}).status_code for b in browsers))
    assert sorted(statuses) == [202, 409]
    with two[0].state.desk.database.reading() as session:
        name = session.scalar(select(Job.id))
    assert ended(browsers[1], name)["state"] == "完成"


def job(name, state="进行中"):
    return Job(id=name, kind="rejudge", state=state, asked={"cases": []}, result={}, done=0, total=1, message="", made_by="x", made_at="x",
               ended_at="")  # fmt: skip


def test_job_of_a_living_server_is_left_and_that_of_a_silent_one_is_ended(two):
    from cdgis.web.running_servers import hold

    first, second = (app.state.desk for app in two)
    with first.database.writing() as session:
        session.add_all([job("of-first"), job("of-the-gone")])
        session.add(RunningServer(id="gone", host="x", seen_at=(local_now() - timedelta(minutes=5)).isoformat()))
        session.flush()
        hold(session, "of-first", first.presence)
        hold(session, "of-the-gone", type("Gone", (), {"id": "gone"})())
    second.presence.beat()
    with second.database.reading() as session:
        assert (session.get(Job, "of-first").state, session.get(Job, "of-the-gone").state) == ("进行中", "没有完成")
        assert "重新开始" in session.get(Job, "of-the-gone").message


def test_reader_sees_one_state_while_another_writes_and_may_not_write(two):
    first, second = (app.state.desk for app in two)
    with first.database.reading() as session:
        before = session.scalar(select(func.count()).select_from(CaseEvent))
        with second.database.writing() as writer:
            append_event(writer, case_id="", action="试", who="测试", when=local_now())
        assert session.scalar(select(func.count()).select_from(CaseEvent)) == before
    with first.database.reading() as session, pytest.raises(Exception, match="read-only"):
        append_event(session, case_id="", action="试", who="测试", when=local_now())


def test_work_another_server_has_under_way_is_not_swept_away(two, tmp_path):
    from cdgis.web.remains import sweep

    desk = two[0].state.desk
    making = desk.settings.folder / "reports" / "x" / ".making-1"
    making.mkdir(parents=True)
    sweep(desk.settings, desk.database)
    assert making.is_dir()


def test_database_that_does_not_answer_is_told_at_the_start_and_no_secret_is_said(tmp_path, monkeypatch):
    root = small_workspace(tmp_path / "w")
    options = DeskOptions(database="postgresql://someone:${DESK_TEST_SECRET}@127.0.0.1:9/none")
    with pytest.raises(DeskError, match="DESK_TEST_SECRET 没有设置"):
        opened_desk(root, options=options)
    monkeypatch.setenv("DESK_TEST_SECRET", "geheim")
    with pytest.raises(DeskError, match="打不开") as told:
        opened_desk(root, options=options)
    assert "desk.toml" in told.value.remedy and "geheim" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('database = "postgresql://a:b@h/d"', "变量"), ('database = "mysql://h/d"', "postgresql"), ('datebase = "x"', "拼写"),
        ('[proxy]\nheader = "X-User"\naddresses = ["0.0.0.0/0"]', "全部"), ('[proxy]\nheader = "X-User"\naddresses = []', "空"),
        ('[[webhook]]\nurl = "http://elsewhere.example/x"\nsecret = "${S}"', "https"), ('[[webhook]]\nurl = "https://h/x"\nsecret = "abc"', "写法"),
        ("database = 1", "文字"), ("x = ", "desk.toml"), ('ground = "google"', "tianditu"),
    ],
)  # fmt: skip
def test_desk_toml_that_cannot_be_is_refused_by_name(tmp_path, text, reason):
    (tmp_path / "desk.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DeskError, match=reason) as told:
        read_options(tmp_path)
    assert told.value.remedy


def test_secrets_come_from_the_environment_alone():
    assert with_secrets("postgresql://a:${P}@h/d", {"P": "x"}) == "postgresql://a:x@h/d"
    with pytest.raises(DeskError, match="P 没有设置"):
        with_secrets("postgresql://a:${P}@h/d", {})


def test_database_without_letters_for_every_name_is_refused_before_a_table_is_made(tmp_path):
    need_postgres()
    root = small_workspace(tmp_path / "w")
    address = postgres_for(root, "template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'")
    with pytest.raises(DeskError, match="LATIN1") as told:
        opened_desk(root, options=DeskOptions(database=address))
    assert "UTF8" in told.value.remedy
    assert running_cluster().sql("select count(*) from pg_tables where schemaname = 'public'", database=address.rpartition("/")[2]).split()[2] == "0"


def test_links_that_the_server_ended_are_made_anew_unseen(tmp_path):
    need_postgres()
    root = small_workspace(tmp_path / "w")
    app, _ = opened_desk(root, options=DeskOptions(database=postgres_for(root)))
    browser = Browser(app)
    assert new_case(browser)
    others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    name = postgres_for(root).rpartition("/")[2]
    running_cluster().sql(others, database=name)
    assert browser.get("/api/cases").json()["total"] == 1 and new_case(browser)
    with pytest.raises(DeskError, match="没有保存"), app.state.desk.database.writing() as session:
        session.connection()
        running_cluster().sql(others, database=name)
        session.connection().exec_driver_sql("select 1")
    assert browser.get("/api/cases").json()["total"] == 2
    app.state.desk.close()
