"""A desk saved while it runs, brought back whole; a backup that was touched, or would write over something, is refused."""

import json
import threading
import zipfile

import pytest
from desk_client import Browser, confirmed_case, new_case, opened_desk
from desk_databases import ON_POSTGRES, need_postgres, postgres_for, settled_office
from small_workspace import small_workspace

from cdgis.cli import main
from cdgis.core.errors import DeskError
from cdgis.web.desk_backup import MANIFEST, back_up, restore
from cdgis.web.desk_options import DeskOptions
from cdgis.web.event_chain import journal_faults
from cdgis.web.models import CaseEvent


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A running desk with a decided case and a draft, whose folder has a space and Chinese in its name."""
    root = settled_office(small_workspace(tmp_path_factory.mktemp("backup") / "工作 区"))
    app, settings = opened_desk(root)
    browser = Browser(app)
    case = confirmed_case(browser)
    version = browser.get(f"/api/cases/{case}").json()["version"]
    assert browser.post(f"/api/cases/{case}/final", {"version": version}).status_code == 200
    confirmed_case(browser)
    yield root, browser, case
    app.state.desk.close()


@pytest.fixture(scope="module")
def saved(desk, tmp_path_factory):
    target = tmp_path_factory.mktemp("zips") / "研判台 备份.zip"
    return target, back_up(desk[0], target)


def run(*args):
    with pytest.raises(SystemExit) as left:
        main([str(arg) for arg in args])
    return int(left.value.code or 0)


def test_restored_desk_is_the_desk_that_was_saved_with_every_document(desk, saved, tmp_path):
    root, browser, case = desk
    target, told = saved
    assert (told.cases, told.faults) == (2, ()) and told.documents == len(browser.get(f"/api/cases/{case}").json()["documents"]) + 1
    other = settled_office(small_workspace(tmp_path / "别处"))
    back = restore(other, target)
    assert (back.cases, back.documents, back.head, back.faults) == (told.cases, told.documents, told.head, ())
    app, _ = opened_desk(other)
    again = Browser(app)
    ours, theirs = (b.get(f"/api/cases/{case}").json() for b in (browser, again))
    assert ours == theirs
    for document in ours["documents"]:
        path = f"/api/cases/{case}/documents/{document['id']}"
        assert browser.get(path).content == again.get(path).content
    journal = again.get("/api/journal").json()
    assert journal["faults"] == [] and journal["count"] == told.lines + 1
    assert new_case(again)  # work goes on
    app.state.desk.close()


def test_backup_while_people_write_is_one_moment(desk, tmp_path):
    root, browser, _ = desk
    going, made = threading.Event(), []

    def write():
        while not going.is_set():
            made.append(confirmed_case(browser))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [back_up(root, tmp_path / f"{number}.zip") for number in range(3)]
    finally:
        going.set()
        writer.join()
    assert len(made) > 1 and [one.faults for one in found] == [()] * 3 and found[0].lines < found[1].lines < found[2].lines
    other = settled_office(small_workspace(tmp_path / "w"))
    assert restore(other, tmp_path / "2.zip").lines == found[2].lines + 1


def test_commands_say_what_they_did_and_write_over_nothing(desk, tmp_path, capsys):
    root, *_ = desk
    target = tmp_path / "b.zip"
    assert run("desk", "backup", target, "--workspace", root) == 0
    assert "已备份" in capsys.readouterr().out
    before = target.read_bytes()
    assert run("desk", "backup", target, "--workspace", root) == 2 and target.read_bytes() == before
    assert run("desk", "restore", target, "--workspace", root) == 2  # there is a desk
    other = settled_office(small_workspace(tmp_path / "w"))
    assert run("desk", "restore", target, "--workspace", other) == 0
    assert (other / "desk" / "desk.sqlite").is_file() != ON_POSTGRES and list(tmp_path.glob(".*")) == []


def altered(source, target, **changes):
    """Write a copy of a backup with members replaced, left out (None) or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if changes.get(name, b"") is not None:
                new.writestr(name, changes.get(name) or old.read(name))
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name])
    return target


def manifest_with(source, change):
    with zipfile.ZipFile(source) as packed:
        manifest = json.loads(packed.read(MANIFEST))
    change(manifest)
    return json.dumps(manifest).encode()


def test_backup_that_was_touched_is_refused_and_leaves_nothing(saved, tmp_path):
    source, _ = saved
    with zipfile.ZipFile(source) as packed:
        document = next(name for name in packed.namelist() if name.startswith("files/"))
    cases = {
        "byte": {document: b"other"}, "gone": {document: None}, "no manifest": {MANIFEST: None}, "database": {"desk.sqlite": b"no database"},
        "head": {MANIFEST: manifest_with(source, lambda m: m["journal"].update(head="0" * 64))},
        "count": {MANIFEST: manifest_with(source, lambda m: m["journal"].update(count=1))},
        "slip": {MANIFEST: manifest_with(source, lambda m: m["files"].update({"files/../../x": "0"})), "files/../../x": b"x"},
        "absolute": {MANIFEST: manifest_with(source, lambda m: m["files"].update({"/tmp/x": "0"})), "/tmp/x": b"x"},
        "drive": {MANIFEST: manifest_with(source, lambda m: m["files"].update({"files/C:\\x": "0"})), "files/C:\\x": b"x"},
        "format": {MANIFEST: manifest_with(source, lambda m: m.update(format=99))}, "list": {MANIFEST: b"[]"},
    }
    other = small_workspace(tmp_path / "w")
    for name, changes in cases.items():
        with pytest.raises(DeskError) as told:
            restore(other, altered(source, tmp_path / f"{name}.zip", **changes))
        assert told.value.remedy and not (other / "desk").exists() and list(other.glob(".desk-*")) == [], name
    (tmp_path / "text.zip").write_bytes(b"no zip")
    for path in (tmp_path / "text.zip", tmp_path / "none.zip"):
        with pytest.raises(DeskError):
            restore(other, path)
    assert restore(other, altered(source, tmp_path / "same.zip")).faults == ()  # the untouched twin


def test_missing_document_and_broken_journal_are_told(tmp_path):
    root = settled_office(small_workspace(tmp_path / "w"))
    app, _ = opened_desk(root)
    browser = Browser(app)
    case = confirmed_case(browser)
    (root / "desk" / "files" / case / "地块.geojson").write_bytes(b"touched")
    told = back_up(root, tmp_path / "a.zip")
    assert len(told.faults) == 1 and case in told.faults[0]
    back = restore(settled_office(small_workspace(tmp_path / "w2")), tmp_path / "a.zip")
    assert len(back.faults) == 1
    with app.state.desk.database.writing() as session:
        event = session.get(CaseEvent, 2)
        event.line = event.line.replace("加入文件", "移去文件")
    with pytest.raises(DeskError, match="日志不完整"):
        back_up(root, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()
    with pytest.raises(DeskError, match="没有研判台"):
        back_up(small_workspace(tmp_path / "w3"), tmp_path / "c.zip")
    app.state.desk.close()


def test_backup_moves_a_desk_from_one_kind_of_database_to_the_other_and_back(saved, tmp_path):
    need_postgres()
    source, told = saved
    office = small_workspace(tmp_path / "office")
    (office / "desk.toml").write_text(f'database = "{postgres_for(office)}"\n', encoding="utf-8")
    assert restore(office, source).cases == told.cases
    app, _ = opened_desk(office, options=DeskOptions(database=postgres_for(office)))
    browser = Browser(app)
    assert new_case(browser) and browser.get("/api/journal").json()["faults"] == []
    assert browser.post("/api/keys", {"name": "x"}).status_code == 201  # numbers go on after those that came
    again = back_up(office, tmp_path / "office.zip")
    app.state.desk.close()
    assert again.cases == told.cases + 1 and again.faults == ()
    with pytest.raises(DeskError, match="已有"):
        restore(office, tmp_path / "office.zip")
    alone = small_workspace(tmp_path / "alone")
    assert restore(alone, tmp_path / "office.zip").cases == again.cases
    app, _ = opened_desk(alone, options=DeskOptions())
    with app.state.desk.database.reading() as session:
        assert journal_faults(session.query(CaseEvent).order_by(CaseEvent.number)) == []
    app.state.desk.close()
