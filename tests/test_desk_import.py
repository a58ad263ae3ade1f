"""A dossier of another desk: taken in when it holds, refused whole when anything of it does not; PDFs where they can be printed."""

import json
import random
import shutil
import zipfile

import pytest
from desk_client import ABOUT, BESIDE, OVER, Browser, confirmed_case, opened_desk

from cdgis.core.errors import ReportError
from cdgis.report.screening import booklet
from cdgis.web import dossiers
from cdgis.web.models import Case, Document


def finalised(browser, shape=OVER):
    case = confirmed_case(browser, shape)
    answer = browser.post(f"/api/cases/{case}/final", {"version": browser.get(f"/api/cases/{case}").json()["version"]})
    assert answer.status_code == 200, answer.text
    return browser.get(f"/api/cases/{case}").json()


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """A decided case of one desk and its dossier."""
    root = tmp_path_factory.mktemp("sent") / "w"
    app, _ = opened_desk(root)
    found = finalised(Browser(app))
    app.state.desk.close()
    return found, next((root / "desk" / "reports" / found["id"] / "1").glob("*.zip")), root


@pytest.fixture(scope="module")
def app(sent, tmp_path_factory):
    """Another desk on the same layers, with a case of its own."""
    root = tmp_path_factory.mktemp("other") / "乙"
    shutil.copytree(sent[2], root, ignore=shutil.ignore_patterns("desk"))
    made, _ = opened_desk(root)
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def browser(app):
    return Browser(app)


def hand_in(browser, name, data):
    return browser.post("/api/imports", files=[("file", (name, data))])


def test_case_taken_in_says_what_it_said_there_and_can_be_judged_anew(sent, app, browser):
    there, archive, _ = sent
    confirmed_case(browser, BESIDE)
    answer = hand_in(browser, archive.name, archive.read_bytes())
    assert answer.status_code == 201, answer.text
    case = answer.json()["id"]
    here = browser.get(f"/api/cases/{case}").json()
    for name in ("name", "verdict", "report_number", "facts", "answers", "outline", "area_m2", "industry"):
        assert here[name] == there[name], name
    assert (here["state"], here["number"], here["owner"]) == ("定稿", 2, "本机用户")
    [event] = here["events"]
    assert event["action"] == "接收案卷" and event["detail"]["events"] == there["events"] and event["detail"]["from"]["number"] == there["number"]
    assert browser.get("/api/journal").json()["faults"] == []
    sums = {d["name"]: d["sha256"] for d in there["documents"]}
    assert {d["name"]: d["sha256"] for d in here["documents"]} == sums
    assert all(browser.get(f"/api/cases/{case}/documents/{d['id']}").status_code == 200 for d in here["documents"])
    assert browser.get(f"/api/cases/{case}/verdict").json()["verdict"] == there["verdict"]
    again = {"action": "重判", "reason": "试", "version": here["version"]}
    assert browser.post(f"/api/cases/{case}/moves", again).status_code == 200


def altered(archive, change):
    """Return the bytes of the dossier with a member changed by `change(name, data)`; None leaves the member out."""
    import io

    made = io.BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return made.getvalue()


def about_with(**values):
    def change(name, data):
        return json.dumps(json.loads(data) | values).encode() if name == "案卷/案件.json" else data

    return change


BESIDE_FACTS = {"name": "示例项目", "industry": "3031", "project_type": "既有"}
CHANGES = {
    "the page": lambda name, data: data.replace("不符合".encode(), "未发现冲突".encode()) if name.endswith(".html") else data,
    "the boundary": lambda name, data: data.replace(b"117.51", b"117.53") if name.endswith(".geojson") else data,
    "the boundary is gone": lambda name, data: None if name.endswith(".geojson") else data,
    "the case is gone": lambda name, data: None if name == "案卷/案件.json" else data,
    "the history is no list": lambda name, data: b"{}" if name == "案卷/经过.json" else data,
    "the facts": about_with(facts=BESIDE_FACTS), "the answers": about_with(answers={"crs": "EPSG:4548"}),
    "the number": about_with(report_number="CDGIS-1"), "facts of another kind": about_with(facts=[]),
    "all reports": lambda name, data: None if name.endswith((".html", ".json")) and "/" not in name else data,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_dossier_of_which_anything_does_not_hold_is_refused_and_nothing_is_kept(sent, app, browser, change):
    desk = app.state.desk
    with desk.database.reading() as session:
        before = session.query(Case).count(), session.query(Document).count()
    kept = sorted(path.name for part in ("files", "reports") for path in (desk.settings.folder / part).iterdir())
    answer = hand_in(browser, "x.zip", altered(sent[1], CHANGES[change]))
    assert 400 <= answer.status_code < 500 and answer.json()["reason"] and answer.json()["remedy"], answer.text
    with desk.database.reading() as session:
        assert (session.query(Case).count(), session.query(Document).count()) == before
    assert sorted(path.name for part in ("files", "reports") for path in (desk.settings.folder / part).iterdir()) == kept


def test_random_bytes_changed_in_the_dossier_are_never_taken_in_as_another_case(sent, browser):
    whole, chooser = bytearray(sent[1].read_bytes()), random.Random(8)
    for _ in range(6):
        forged = bytearray(whole)
        at = chooser.randrange(len(forged))
        forged[at] ^= 1 << chooser.randrange(8)
        answer = hand_in(browser, "x.zip", bytes(forged))
        if answer.status_code == 201:  # a byte nobody reads, such as a date in the zip's own directory
            case = browser.get(f"/api/cases/{answer.json()['id']}").json()
            assert (case["verdict"], case["report_number"], case["area_m2"]) == tuple(sent[0][key] for key in ("verdict", "report_number", "area_m2"))
        else:
            assert answer.json()["reason"]


@pytest.mark.parametrize(("name", "data"), [("x.zip", b"PK"), ("x.geojson", b"{}"), ("../x.exe", b""), ("x.zip", b"")])
def test_what_is_no_dossier_is_refused(browser, name, data):
    answer = hand_in(browser, name, data)
    assert 400 <= answer.status_code < 500 and answer.json()["remedy"]


def test_pdf_is_part_of_the_final_report_or_the_journal_says_why_not(tmp_path, monkeypatch):
    app, _ = opened_desk(tmp_path / "w", pdf=True)
    browser = Browser(app)
    monkeypatch.setattr(booklet, "print_pdfs", lambda pages, **_: dict.fromkeys(pages, b"%PDF-1.4 /Type /Page"))
    found = finalised(browser)
    suffixes = {document["name"].rpartition(".")[2] for document in found["documents"]}
    assert "pdf" in suffixes and found["events"][-1]["detail"]["no_pdf"] == ""

    def none_there(*_args, **_kwargs):
        raise ReportError("这台电脑上没有 Chromium", remedy="请安装")

    monkeypatch.setattr(booklet, "print_pdfs", none_there)
    found = finalised(browser, BESIDE)
    suffixes = {document["name"].rpartition(".")[2] for document in found["documents"]}
    assert "pdf" not in suffixes and {"html", "docx", "zip"} <= suffixes and "Chromium" in found["events"][-1]["detail"]["no_pdf"]
    app.state.desk.close()


def test_history_is_kept_only_as_the_sender_told_it(sent):
    assert dossiers._decisive([]) == [] and dossiers._decisive([{"detail": {"decisive": "x"}}, 3]) == []
    assert dossiers._decisive(sent[0]["events"]) == sent[0]["events"][-1]["detail"]["decisive"] and ABOUT["name"]
