"""What comes to the desk from outside: hosts, headers, sizes, slow senders, texts with markup; and the processes that are ended."""

import json
import operator
from pathlib import Path

import pytest
from desk_client import ABOUT, HOST, TOKEN, Browser, confirmed_case, new_case, opened_desk, upload, wkt_geojson
from desk_databases import ON_POSTGRES, database_for
from hypothesis import given
from hypothesis import strategies as st
from shapes import metres
from small_workspace import small_workspace
from sqlalchemy import event

from cdgis.core.errors import DeskError
from cdgis.web.desk_options import DeskOptions
from cdgis.web.desk_server import Address
from cdgis.web.desk_settings import Limits, on_network
from cdgis.web.worker import Worker

on_sqlite = pytest.mark.skipif(ON_POSTGRES, reason="只关系到 SQLite 文件")
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made, _ = opened_desk(tmp_path_factory.mktemp("guard") / "w", limits=Limits(upload_bytes=200_000, body_bytes=20_000, files=3))
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def browser(app):
    return Browser(app)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8433", "127.0.0.1", "127.0.0.1:80", "localhost:8433.evil.example", "127.0.0.1:8433@evil", "", "2130706433:8433"],
)
def test_other_names_for_the_desk_are_refused_whatever_is_asked(browser, host):
    for path in ("/", "/health", "/static/desk.js", "/api/cases", "/ogc", f"/enter?token={TOKEN}"):
        assert browser.get(path, headers={"host": host}).status_code == 421


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40).filter(lambda host: host.lower() != HOST))
def test_only_the_exact_host_is_answered(app, host):
    assert Browser(app).get("/health", headers={"host": host}).status_code == 421


def test_every_answer_carries_the_policy_that_lets_only_our_own_files_run(browser):
    case = new_case(browser)
    for path in ("/", f"/cases/{case}", "/login", "/services", "/api/cases", "/static/case.js", "/nothing", "/api/cases/none"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src 'self'" in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff" and "access-control-allow-origin" not in headers


def test_pages_hold_no_script_and_no_address_of_their_own(browser):
    case = new_case(browser)
    for path in ("/", f"/cases/{case}", "/login", "/services"):
        text = browser.get(path).text
        assert "<script>" not in text and " onclick" not in text and " style=" not in text and "https://" not in text


def test_policy_lets_images_of_the_ground_map_in_only_where_desk_toml_asks(tmp_path, browser):
    made, _ = opened_desk(tmp_path / "w", options=DeskOptions(database=database_for(tmp_path / "w"), ground="tianditu-c"))
    page = Browser(made).get("/")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert 'name="ground" content="tianditu-c"' in page.text and "ground" not in browser.get("/").text
    assert policy.pop("img-src").split() == ["'self'", "data:", *(f"https://t{number}.tianditu.gov.cn" for number in range(8))]
    assert "http" not in str(policy) and policy["script-src"] == "'self'" and policy["connect-src"] == "'self'"
    made.state.desk.close()


def test_entering_needs_the_token_of_this_launch(app):
    stranger = Browser(app, "x")
    assert stranger.get("/enter?token=wrong").status_code == 403
    answer = stranger.get(f"/enter?token={TOKEN}")
    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 303 and answer.headers["location"] == "/" and "httponly" in cookie and "samesite=strict" in cookie


def test_upload_over_the_limit_is_refused_before_anything_is_kept(browser, app):
    case = new_case(browser)
    answer = upload(browser, case, "大.geojson", b" " * 1_500_000)
    assert answer.status_code == 413 and "过大" in answer.json()["reason"]
    folder = app.state.desk.settings.folder / "files" / case
    assert not folder.exists() or not list(folder.iterdir())
    assert browser.put(f"/api/cases/{case}/facts", ABOUT | {"name": "x" * 30_000, "version": 1}).status_code == 413
    assert browser.get(f"/api/cases/{case}").json()["documents"] == []


def test_more_files_than_a_case_may_have_are_refused(browser):
    case = new_case(browser)
    for number in range(3):
        assert upload(browser, case, f"{number}.geojson", b"{}").status_code == 201
    assert upload(browser, case, "4.geojson", b"{}").status_code == 400
    assert upload(browser, case, "1.geojson", b"{}").status_code == 409


@pytest.mark.parametrize("body", [b"[" * 10_000, b"{", b"null", b'{"version": 1e999}', b"\xff\xfe", b'{"version": "1; DROP TABLE cases"}', b""])
def test_json_that_is_none_is_refused_in_words(browser, body):
    case = new_case(browser)
    headers = browser.headers | {"content-type": "application/json"}
    answer = browser.client.put(f"/api/cases/{case}/facts", content=body, headers=headers)
    assert answer.status_code == 400 and answer.json()["reason"] and answer.json()["remedy"]


@pytest.mark.parametrize(
    "path",
    ["/static/../desk_app.py", "/static/..%2fdesk_app.py", "/static/%2e%2e/guards.py", "/api/cases/../../etc", "/api/cases/none/documents/..%2f.."],
)
def test_paths_that_lead_elsewhere_lead_nowhere(browser, path):
    assert browser.get(path).status_code in (404, 405)


def test_markup_in_any_field_is_only_ever_data(browser):
    site = json.loads(wkt_geojson(metres(900, 100, 1300, 200)))
    site["features"][0]["properties"] = {"名称": EVIL, "备注": EVIL}
    case = new_case(browser)
    upload(browser, case, "地块.geojson", json.dumps(site).encode())
    version = browser.get(f"/api/cases/{case}").json()["version"]
    assert browser.put(f"/api/cases/{case}/facts", ABOUT | {"name": EVIL, "version": version}).status_code == 200
    for path in (f"/cases/{case}", "/"):
        assert EVIL not in browser.get(path).text
    for path in (f"/api/cases/{case}", f"/api/cases/{case}/boundary", "/api/cases"):
        assert browser.get(path).headers["content-type"].startswith("application/json")
    scripts = [path.read_text(encoding="utf-8") for path in (Path(__file__).parents[1] / "cdgis/web/static").glob("*.js")]
    assert len(scripts) > 8
    makers = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function")
    assert not [word for text in scripts for word in makers if word in text]


def test_error_of_the_program_itself_is_told_and_the_next_question_is_answered(browser, app, monkeypatch):
    case = confirmed_case(browser)
    desk = app.state.desk

    class Broken:
        load_s = -1.0

        def ask(self, task, **given):
            raise DeskError("处理这份材料的进程意外结束", status=500)

        def close(self):
            """End nothing."""

    monkeypatch.setattr(desk, "judge", Broken())
    assert browser.get(f"/api/cases/{case}/verdict").status_code == 500
    monkeypatch.undo()
    assert browser.get(f"/api/cases/{case}/verdict").status_code == 200


def test_process_that_ends_while_it_begins_is_told_and_the_next_one_answers(tmp_path, monkeypatch):
    """Killed by the system, or by whoever closes the desk at once: no traceback, and no answer that never comes."""
    worker = Worker(small_workspace(tmp_path / "w"), Limits())
    monkeypatch.setattr("cdgis.web.worker.serve", operator.is_)  # is over at once, and answers nothing
    try:
        with pytest.raises(DeskError, match="没有启动"):
            worker.warm()
        assert worker.pid is None
        monkeypatch.undo()
        worker.warm()
        assert worker.pid is not None
    finally:
        worker.close()


def test_process_over_its_time_or_memory_is_ended_and_the_next_one_answers(tmp_path):
    root = small_workspace(tmp_path / "工作 区")
    folder = root / "desk"
    folder.mkdir()
    (folder / "a.geojson").write_bytes(wkt_geojson(metres(0, 0, 9, 9)))
    worker = Worker(root, Limits(seconds=0))
    asked = {"folder": str(folder), "names": ["a.geojson"], "answers": {}}
    try:
        with pytest.raises(DeskError, match="超过 0 秒"):
            worker.ask("read", **asked)
        assert worker.pid is None
        worker._limits = Limits(megabytes=1)
        with pytest.raises(DeskError, match="内存"):
            worker.ask("read", **asked)
        worker._limits = Limits()
        assert worker.ask("read", **asked)["lost"] == 0
        with pytest.raises(DeskError, match="还没有边界"):
            worker.ask("read", **(asked | {"names": []}))
        first = worker.pid
        assert worker.ask("read", **asked)["lost"] == 0 and worker.pid == first  # kept warm
        worker._process.kill()
        worker._process.join()
        assert worker.ask("read", **asked)["lost"] == 0 and worker.pid != first
    finally:
        worker.close()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"names": ("x",)}, "--serve"), ({"behind_proxy": True}, "--serve"), ({"serve": True}, "--host-name"),
        ({"serve": True, "names": ("x",)}, "明文"), ({"serve": True, "names": ("x",), "certificate": Path("a")}, "一起"),
        ({"serve": True, "names": ("x",), "certificate": Path("a"), "key": Path("b")}, "找不到"),
    ],
)  # fmt: skip
def test_address_over_which_a_password_could_be_heard_is_refused(given, reason):
    with pytest.raises(DeskError, match=reason):
        Address(**given).checked()


def test_address_of_one_computer_is_the_loopback_and_of_an_office_the_names_given():
    assert Address().checked().bound == ("127.0.0.1", 8433)
    assert Address(port=9000).hosts == ("127.0.0.1:9000", "localhost:9000")
    office = Address(serve=True, names=("Yanpan.cn",), behind_proxy=True).checked()
    assert office.bound == ("127.0.0.1", 8443) and office.hosts == ("yanpan.cn:8443", "yanpan.cn")


def test_network_drives_are_known_on_each_system():
    drives = {"C:\\": 3, "Z:\\": 4}
    assert on_network(Path("Z:/工作区/desk"), drive_type=lambda drive: drives[drive])
    assert not on_network(Path("C:/工作区/desk"), drive_type=lambda drive: drives[drive])
    assert on_network(Path("//server/share/desk"), drive_type=lambda drive: 1)
    mounts = {"/": "ext4", "/mnt/share": "cifs", "/mnt/share/local": "ext4"}
    assert on_network(Path("/mnt/share/w"), mounts=mounts)
    assert not on_network(Path("/mnt/share/local/w"), mounts=mounts) and not on_network(Path("/mnt/shared"), mounts=mounts)


@on_sqlite
def test_network_drive_and_folder_that_cannot_be_written_are_refused_before_anything_is_made(tmp_path, monkeypatch):
    root = small_workspace(tmp_path / "w")
    monkeypatch.setattr("cdgis.web.desk_settings.on_network", lambda folder: True)
    with pytest.raises(DeskError, match="网络盘"):
        opened_desk(root)
    monkeypatch.undo()
    (root / "desk").write_bytes(b"")  # a file stands where the folder must be
    with pytest.raises(DeskError, match="不能写入"):
        opened_desk(root)


@on_sqlite
def test_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path):
    root = small_workspace(tmp_path / "w")
    (root / "desk").mkdir()
    (root / "desk" / "desk.sqlite").write_bytes(b"no database at all, but somebody's file" * 40)
    with pytest.raises(DeskError, match=r"desk\.sqlite 打不开"):
        opened_desk(root)
    assert (root / "desk" / "desk.sqlite").read_bytes().startswith(b"no database")


@on_sqlite
def test_full_disk_is_told_and_nothing_is_half_written(tmp_path):
    app, _ = opened_desk(tmp_path / "w")
    browser, database = Browser(app), app.state.desk.database
    case = new_case(browser)
    before = browser.get(f"/api/cases/{case}").json()
    with database.engine.connect() as link:
        pages = link.exec_driver_sql("PRAGMA page_count").scalar()
    database.engine.dispose()

    @event.listens_for(database.engine, "connect")
    def full(connection, _):
        connection.execute(f"PRAGMA max_page_count={pages}")

    answers = [browser.put(f"/api/cases/{case}/facts", ABOUT | {"name": "长" * 290, "version": before["version"]}) for _ in range(1)]
    answers += [browser.post("/api/cases", {}) for _ in range(60)]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused and "磁盘" in refused[0].json()["reason"] and {answer.status_code for answer in answers} <= {200, 201, 503}
    found = browser.get("/api/journal").json()
    made = sum(answer.status_code in (200, 201) for answer in answers)
    assert found["faults"] == [] and found["count"] == 1 + made  # a change and its event, or neither
    app.state.desk.close()


@on_sqlite
def test_disk_that_became_read_only_is_told_and_reading_goes_on(tmp_path):
    app, _ = opened_desk(tmp_path / "w")
    browser, database = Browser(app), app.state.desk.database
    case = new_case(browser)
    database.engine.dispose()

    @event.listens_for(database.engine, "connect")
    def read_only(connection, _):
        connection.execute("PRAGMA query_only=ON")

    refused = browser.post("/api/cases", {})
    assert refused.status_code == 503 and "只读" in refused.json()["reason"] and refused.json()["remedy"]
    assert [row["id"] for row in browser.get("/api/cases").json()["cases"]] == [case]
    app.state.desk.close()
