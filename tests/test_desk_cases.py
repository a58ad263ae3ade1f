"""The desk's cases: what must be confirmed first, whose bytes the reports are, what the journal holds."""

import json
import random
import zipfile
from pathlib import Path

import pytest
import shapely
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from desk_client import ABOUT, BESIDE, OVER, Browser, confirmed_case, new_case, opened_desk, upload, wkt_geojson
from desk_databases import ON_POSTGRES
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from cdgis.cli import main
from cdgis.core.errors import DeskError
from cdgis.web.case_files import checked_name
from cdgis.web.event_chain import journal_faults
from cdgis.web.models import Base, CaseEvent
from cdgis.web.pasted_coordinates import NOTATIONS, pasted_file


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("desk") / "工作区 一"


@pytest.fixture(scope="module")
def app(root):
    made, _ = opened_desk(root)
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def browser(app):
    return Browser(app)


@pytest.fixture(scope="module")
def final(browser):
    """A case decided on this computer, and what the desk says of it."""
    case = confirmed_case(browser)
    version = browser.get(f"/api/cases/{case}").json()["version"]
    answer = browser.post(f"/api/cases/{case}/final", {"version": version})
    assert answer.status_code == 200, answer.text
    return browser.get(f"/api/cases/{case}").json()


def contents(folder: Path):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def command(*args) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(arg) for arg in args])
    return int(left.value.code or 0)


def test_migrations_lead_to_the_tables_of_the_models(app):
    with app.state.desk.database.engine.connect() as link:
        assert compare_metadata(MigrationContext.configure(link), Base.metadata) == []
        assert ON_POSTGRES or link.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        link.rollback()
    with app.state.desk.database.engine.connect().execution_options(desk_writes=True) as link:
        link.exec_driver_sql("ALTER TABLE cases ADD COLUMN forgotten TEXT")
        assert compare_metadata(MigrationContext.configure(link), Base.metadata) != []
        link.rollback()


# ---- the boundary ----------------------------------------------------------------------------------------------


def test_no_verdict_before_somebody_confirmed_the_boundary(browser):
    case = new_case(browser)
    assert browser.get(f"/api/cases/{case}/verdict").status_code == 409
    upload(browser, case, "地块.geojson", wkt_geojson(BESIDE))
    refused = browser.get(f"/api/cases/{case}/verdict")
    assert refused.status_code == 409 and "确认" in refused.json()["reason"]
    version = browser.get(f"/api/cases/{case}").json()["version"]
    assert browser.post(f"/api/cases/{case}/final", {"version": version}).status_code == 409


@pytest.mark.parametrize("change", ["another file", "a file gone", "an answer", "drawn"])
def test_any_change_of_the_boundary_asks_for_confirmation_again(browser, change):
    case = confirmed_case(browser, BESIDE)
    assert browser.get(f"/api/cases/{case}").json()["confirmed"]
    {
        "another file": lambda: upload(browser, case, "乙.geojson", wkt_geojson(OVER)),
        "a file gone": lambda: browser.delete(f"/api/cases/{case}/files/地块.geojson"),
        "an answer": lambda: browser.put(f"/api/cases/{case}/answers", {"geometry_kind": "line"}),
        "drawn": lambda: browser.post(f"/api/cases/{case}/drawn", {"geometry": json.loads(shapely.to_geojson(OVER))}),
    }[change]()
    assert not browser.get(f"/api/cases/{case}").json()["confirmed"]
    assert browser.get(f"/api/cases/{case}/verdict").status_code == 409


def test_boundary_that_is_another_by_now_cannot_be_confirmed(browser):
    case = new_case(browser)
    upload(browser, case, "地块.geojson", wkt_geojson(BESIDE))
    seen = browser.get(f"/api/cases/{case}/boundary").json()
    upload(browser, case, "乙.geojson", wkt_geojson(OVER))
    assert browser.post(f"/api/cases/{case}/confirm", {"digest": seen["digest"]}).status_code == 409


def test_rows_that_were_not_read_stop_the_case_until_the_question_is_answered(browser):
    case = new_case(browser)
    lines = "X坐标\tY坐标\n4584000.1\t541000.2\n4584000.1\t541100.2\n4584100.1\t541100.2\n4584100.1\t541000.2"
    assert browser.post(f"/api/cases/{case}/pasted", {"text": lines, "notation": "table"}).status_code == 201
    found = browser.get(f"/api/cases/{case}/boundary").json()
    assert found["lost"] == 4 and found["sites"] == []
    assert all(row["reason"] and row["remedy"] and "--crs" not in row["remedy"] for row in found["rows"])
    assert browser.post(f"/api/cases/{case}/confirm", {"digest": found["digest"]}).status_code == 409
    browser.put(f"/api/cases/{case}/answers", {"crs": "EPSG:4548", "geometry_kind": "polygon"})
    found = browser.get(f"/api/cases/{case}/boundary").json()
    site = found["sites"][0]
    assert found["lost"] == 0 and site["kind"] == "面"
    assert site["area_ha"] == pytest.approx(1, rel=1e-3) and site["area_mu"] == pytest.approx(15, rel=1e-3)
    assert browser.post(f"/api/cases/{case}/confirm", {"digest": found["digest"]}).status_code == 200


def test_drawn_shape_with_a_hole_is_the_one_boundary_and_its_datum_is_stated(browser):


    case = new_case(browser)
    upload(browser, case, "旧.geojson", wkt_geojson(BESIDE))
    ring = shapely.difference(OVER, OVER.centroid.buffer(3e-4))
    answer = browser.post(f"/api/cases/{case}/drawn", {"geometry": json.loads(shapely.to_geojson(ring))})
    assert answer.status_code == 201
    found = browser.get(f"/api/cases/{case}/boundary").json()
    assert [site["rings"] for site in found["sites"]] == [1] and found["sites"][0]["accuracy_m"] == 0
    documents = browser.get(f"/api/cases/{case}").json()["documents"]
    assert [document["name"] for document in documents] == [answer.json()["name"]]


@pytest.mark.parametrize("geometry", [{}, {"type": "Polygon"}, {"type": "Point", "coordinates": [500, 40]}, {"type": "Point", "coordinates": []}])
def test_drawing_that_is_no_shape_is_refused(browser, geometry):
    case = new_case(browser)
    answer = browser.post(f"/api/cases/{case}/drawn", {"geometry": geometry})
    assert answer.status_code == 400 and "重新画" in answer.json()["remedy"]


@pytest.mark.parametrize("notation", [name for name, (_, header) in NOTATIONS.items() if header])
def test_pasted_lines_get_the_header_that_was_chosen_and_nothing_is_guessed(notation):
    name, content = pasted_file("J1, 117.5, 41.4\r\n2 117.6 41.5\n\n", notation)
    assert name == "粘贴坐标.csv" and content.decode().split("\n") == [NOTATIONS[notation][1], "117.5\t41.4", "117.6\t41.5"]
    with pytest.raises(DeskError, match="第 2 行"):
        pasted_file("117.5,41.4\n117.5,41.4,12.5,3", notation)


@given(st.text(max_size=60))
def test_kept_file_name_is_a_plain_name_on_every_system(text_):
    try:
        name = checked_name(text_ + ".geojson")
    except DeskError:
        return
    assert name == Path(name).name and not set(name) & set('<>:"/\\|?*\x00') and name[0] not in ". " and name[-1] not in ". "
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["../../x.geojson", "..\\x.geojson", "/etc/x.geojson", "C:\\x.geojson"])
def test_path_in_a_file_name_is_dropped(browser, root, name):
    case = new_case(browser)
    assert upload(browser, case, name, wkt_geojson(BESIDE)).json()["names"] == ["x.geojson"]
    assert (root / "desk" / "files" / case / "x.geojson").is_file()


@pytest.mark.parametrize("name", ["con.geojson", ".geojson", "x.exe", "x", "~$x.xlsx"])
def test_name_or_format_that_cannot_be_used_is_refused(browser, name):
    assert upload(browser, new_case(browser), name, b"x").status_code in (400, 415)


# ---- facts, questions, verdict ---------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [{"industry": "9999999"}, {"project_type": "随便"}, {"activity": "x"}, {"due_on": "明天"}])
def test_fact_that_is_none_of_those_allowed_is_refused(browser, facts):
    case = new_case(browser)
    version = browser.get(f"/api/cases/{case}").json()["version"]
    answer = browser.put(f"/api/cases/{case}/facts", ABOUT | facts | {"version": version})
    assert answer.status_code == 400 and "读到" in answer.json()["reason"] or "没有" in answer.json()["reason"]


def test_nobody_writes_over_what_he_has_not_seen(browser):
    case = new_case(browser)
    version = browser.get(f"/api/cases/{case}").json()["version"]
    assert browser.put(f"/api/cases/{case}/facts", ABOUT | {"version": version}).status_code == 200
    late = browser.put(f"/api/cases/{case}/facts", ABOUT | {"name": "别的", "version": version})
    assert late.status_code == 409 and browser.get(f"/api/cases/{case}").json()["name"] == ABOUT["name"]


def test_what_is_not_asked_changes_no_verdict_whatever_is_answered(browser):
    """The law of the facts step: a fact called idle leaves the word of the verdict as it is, one way and the other."""
    case = confirmed_case(browser, OVER, about=ABOUT | {"activity": ""})

    def site(**facts):
        version = browser.get(f"/api/cases/{case}").json()["version"]
        assert browser.put(f"/api/cases/{case}/facts", ABOUT | facts | {"version": version}).status_code == 200
        return browser.get(f"/api/cases/{case}/verdict").json()["sites"][0]

    decided = site(activity="")
    assert decided["verdict"] == "不符合" and [question["attribute"] for question in decided["questions"]] == ["activity"]
    assert decided["questions"][0]["clauses"][0]["text"]
    flags = [name for name, spec in browser.get("/api/vocabulary").json()["attributes"].items() if spec["type"] == "flag"]
    idle = [name for name in decided["idle_questions"] if name in flags]
    assert len(idle) > 4
    for answer in ("true", "false"):
        assert site(attributes=dict.fromkeys(idle, answer))["verdict"] == "不符合"


def test_questions_that_could_make_it_stricter_are_asked_with_their_clauses(browser):
    case = confirmed_case(browser, BESIDE)
    site = browser.get(f"/api/cases/{case}/verdict").json()["sites"][0]
    assert site["verdict"] == "资料不足" and len(site["questions"]) > 5
    assert all(question["clauses"] and question["clauses"][0]["text"] for question in site["questions"])
    ranks = [{"禁止": 0, "退出": 0, "须论证": 1, "限制": 2}[question["effect"]] for question in site["questions"]]
    assert ranks == sorted(ranks)


# ---- the final report ------------------------------------------------------------------------------------------


def test_final_files_are_those_of_the_command_line_byte_for_byte(final, root, tmp_path):
    case = final["id"]
    site = root / "desk" / "files" / case / "地块.geojson"
    asked = ["--name", ABOUT["name"], "--industry", "3031", "--project-type", "新建", "--activity", "开发性生产性建设"]
    formats = ["--format", "html,docx,json,xlsx,gpkg"]
    assert command("screen", site, *asked, *formats, "--workspace", root, "--out", tmp_path / "b", "--quiet") == 0
    ours = contents(root / "desk" / "reports" / case / "1" / "report")
    assert ours == contents(tmp_path / "b") != {}
    assert {Path(name).suffix for name in ours} >= {".html", ".docx", ".json", ".xlsx", ".gpkg"}


def dossier(root, final) -> Path:
    return next((root / "desk" / "reports" / final["id"] / "1").glob("*.zip"))


def test_dossier_is_whole_and_verify_accepts_it_also_where_the_case_is_not(final, root, tmp_path, capsys):
    archive = dossier(root, final)
    with zipfile.ZipFile(archive) as opened:
        names = set(opened.namelist())
        assert json.loads(opened.read("案卷/经过.json"))[-1]["action"] == "定稿"
    assert {f"desk/files/{final['id']}/地块.geojson", "案卷/案件.json", ".cdgis.json"} <= names
    elsewhere, _ = opened_desk(tmp_path / "另一处")
    elsewhere.state.desk.close()
    assert command("verify", archive, "--workspace", tmp_path / "另一处") == 0
    told = capsys.readouterr().out
    assert "一致" in told and "地块.geojson：" not in told


@pytest.mark.parametrize("changed", ["html", "geojson"])
def test_dossier_in_which_anything_was_changed_is_not_accepted(final, root, tmp_path, changed):
    opened_desk(tmp_path / "w")[0].state.desk.close()
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(dossier(root, final)) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            other = data.replace("不符合".encode(), "未发现冲突".encode()).replace(b"117.51", b"117.52")
            new.writestr(name, other if name.endswith(changed) else data)
    assert command("verify", forged, "--workspace", tmp_path / "w") == 2


def test_file_changed_behind_the_desk_is_not_decided_on(browser, root):
    case = confirmed_case(browser, BESIDE)
    version = browser.get(f"/api/cases/{case}").json()["version"]
    (root / "desk" / "files" / case / "地块.geojson").write_bytes(wkt_geojson(OVER))
    answer = browser.post(f"/api/cases/{case}/final", {"version": version})
    assert answer.status_code == 409 and "被改动" in answer.json()["reason"]
    assert browser.get(f"/api/cases/{case}").json()["state"] == "草稿"


def test_final_case_stays_as_it_is(browser, final):
    case = final["id"]
    assert final["state"] == "定稿" and final["report_number"].startswith("CDGIS-") and final["verdict"] == "不符合"
    assert upload(browser, case, "乙.geojson", wkt_geojson(BESIDE)).status_code == 409
    assert browser.put(f"/api/cases/{case}/facts", ABOUT | {"version": final["version"]}).status_code == 409
    assert browser.post(f"/api/cases/{case}/final", {"version": final["version"]}).status_code == 409


def test_report_opened_in_the_browser_runs_nothing_and_others_are_downloads(browser, final):
    pages = {document["name"].rpartition(".")[2]: document for document in final["documents"] if document["kind"] == "report"}
    assert set(pages) == {"zip", "html", "docx", "json", "xlsx", "gpkg"}
    for suffix, document in pages.items():
        path = f"/api/cases/{final['id']}/documents/{document['id']}"
        shown, kept = browser.get(f"{path}?open=1"), browser.get(path)
        assert kept.headers["content-disposition"].startswith("attachment") and len(kept.content) == document["size"]
        if suffix == "html":
            assert "sandbox" in shown.headers["content-security-policy"] and "script" not in shown.headers["content-security-policy"]
        else:
            assert shown.headers["content-disposition"].startswith("attachment")


def test_judging_anew_keeps_the_old_reports(browser):
    case = confirmed_case(browser, BESIDE)
    version = browser.get(f"/api/cases/{case}").json()["version"]
    assert browser.post(f"/api/cases/{case}/final", {"version": version}).status_code == 200
    before = browser.get(f"/api/cases/{case}").json()
    asked = {"action": "重判", "version": before["version"]}
    assert browser.post(f"/api/cases/{case}/moves", asked).status_code == 400  # no reason given
    assert browser.post(f"/api/cases/{case}/moves", asked | {"reason": "红线调整"}).status_code == 200
    after = browser.get(f"/api/cases/{case}").json()
    assert (after["state"], after["round"], after["confirmed"]) == ("草稿", 2, False)
    assert [d["sha256"] for d in after["documents"] if d["kind"] == "report"] == [d["sha256"] for d in before["documents"] if d["kind"] == "report"]
    assert after["events"][-1]["reason"] == "红线调整"


# ---- the journal -----------------------------------------------------------------------------------------------


def test_changed_lost_or_moved_line_of_the_journal_shows(app, final):
    with app.state.desk.database.reading() as session:
        events = [(e.number, e.case_id, e.line, e.sha256) for e in session.scalars(select(CaseEvent).order_by(CaseEvent.number))]

    def faults(rows):
        return journal_faults(CaseEvent(number=n, case_id=c, line=line, sha256=h) for n, c, line, h in rows)

    assert faults(events) == [] and len(events) > 10
    chooser = random.Random(4)
    for _ in range(40):
        rows = list(events)
        at = chooser.randrange(len(rows) - 1)
        kind = chooser.choice(("lost", "changed", "moved"))
        if kind == "lost":
            del rows[at]
        elif kind == "moved":
            rows[at], rows[at + 1] = rows[at + 1], rows[at]
        else:
            number, case, line, digest = rows[at]
            rows[at] = (number, case, line.replace("本机用户", "另一人"), digest)
        assert faults(rows), kind


def test_every_change_is_one_event_with_who_and_when(browser, final):
    events = final["events"]
    assert [event["action"] for event in events] == ["新建", "加入文件", "确认边界", "填写资料", "定稿"]
    assert all(event["who"] == "本机用户" and event["when"] for event in events)
    assert browser.get("/api/journal").json()["faults"] == []


# ---- the queue -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", ["' OR 1=1 --", "%", "_", "\\", "\"); DROP TABLE cases;--", "示例 '"])
def test_words_searched_for_are_words_and_nothing_else(browser, app, final, q):
    assert browser.get("/api/cases", params={"q": q}).json()["total"] == 0
    with app.state.desk.database.reading() as session:
        assert session.scalar(text("select count(*) from cases")) > 0


def test_cases_are_found_by_number_name_industry_verdict_and_state(browser, final):
    for asked in ({"q": f"{final['number']} 示例"}, {"q": "3031"}, {"state": "定稿"}, {"verdict": "不符合"}, {"mine": "true"}):
        found = browser.get("/api/cases", params=asked).json()
        assert final["id"] in [row["id"] for row in found["cases"]], asked
    assert browser.get("/api/cases", params={"state": "初审"}).json()["total"] == 0
