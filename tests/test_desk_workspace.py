"""Layers and rules on the desk: what is loaded, a layer taken in as it was looked at, absence stated, rules imported; nothing needs a restart."""

import io
import re
import tomllib
from types import SimpleNamespace

import openpyxl
import pytest
from desk_client import OVER, Browser, confirmed_case, ended, opened_desk
from shapes import metres, write_layer
from small_workspace import new_redline

from cdgis.core.errors import DeskError
from cdgis.web.desk_options import DeskOptions
from cdgis.web.guards import ALONE
from cdgis.web.workspace_routes import changer
from cdgis.web.workspace_tasks import in_page_words

RED = {"HXBM": ["N1"], "HXMC": ["丙"], "LX": ["红线一般区域"]}
SAID = {"fields": {"zone_id": "HXBM", "zone_name": "HXMC", "zone_class": "LX"}, "version": "2026-10-01", "source": "测试局", "licence": "CC0"}


@pytest.fixture
def desk(tmp_path):
    app, _ = opened_desk(tmp_path / "w", options=DeskOptions())  # alone on its workspace, whatever the other tests run on
    yield Browser(app), tmp_path / "w"
    app.state.desk.close()


def hand_in(browser, path, route="uploads"):
    parts = sorted(path.parent.glob(f"{path.stem}.*"))
    files = [("files", (part.name, part.read_bytes())) for part in parts]
    return browser.client.post(f"/api/workspace/{route}", files=files, headers=browser.headers)


def wanted(browser, path, layer_id="ecological_redline", **more):
    return hand_in(browser, path).json() | {"layer_id": layer_id} | SAID | more


def test_page_lists_every_layer_with_origin_and_what_rules_miss(desk):
    browser, _ = desk
    found = browser.get("/api/workspace").json()
    red = next(layer for layer in found["layers"] if layer["id"] == "ecological_redline")
    assert (red["version"], red["source"], red["coverage"], red["official"], red["there"]) == ("2026", "测试", "市域", False, True)
    asked = browser.get("/api/workspace/asked").json()
    assert asked["rules"]["ecological_redline"] > 0 and found["check"] is None
    missing = {layer["id"]: layer for layer in asked["missing"]}
    assert "wetlands" in missing and missing["wetlands"]["rules"] > 0 and "ecological_redline" not in missing
    assert browser.get("/workspace").status_code == 200


def test_layer_is_taken_in_as_it_was_looked_at_and_judges_at_once(desk, tmp_path):
    browser, root = desk
    case = confirmed_case(browser, OVER)
    assert browser.get(f"/api/cases/{case}/verdict").json()["verdict"] == "不符合"
    away = write_layer(tmp_path / "in" / "新红线.shp", [metres(5000, 0, 5500, 500)], RED, encoding="UTF-8")
    asked = wanted(browser, away)
    proposal = browser.post("/api/workspace/proposals", asked).json()
    assert proposal["obstacles"] == [] and proposal["preview"]["count"] == 1 and "HXBM" in proposal["text"]
    assert not any("--" in line for name in ("evidence", "questions") for line in proposal[name])
    before = (root / "layers" / "catalog.toml").read_text("utf-8")
    taken = browser.post("/api/workspace/layers", asked | {"digest": proposal["digest"]})
    assert taken.status_code == 201, taken.text
    after = tomllib.loads((root / "layers" / "catalog.toml").read_text("utf-8"))["layers"]
    assert after["ecological_redline"]["version"] == "2026-10-01" and before != (root / "layers" / "catalog.toml").read_text("utf-8")
    assert browser.get(f"/api/cases/{case}/verdict").json()["verdict"] == "资料不足"  # no restart in between
    drawn = browser.get("/api/layers/ecological_redline?bbox=110,35,125,45&px=0.001").json()["features"]
    assert [feature["properties"]["name"] for feature in drawn] == ["丙"]
    [item] = browser.get("/ogc/collections/ecological_redline/items").json()["features"]
    assert item["properties"]["zone_name"] == "丙"


def test_what_was_not_looked_at_is_not_taken_in(desk, tmp_path):
    browser, root = desk
    asked = wanted(browser, write_layer(tmp_path / "in" / "a.gpkg", [metres(0, 0, 500, 500)], RED))
    digest = browser.post("/api/workspace/proposals", asked).json()["digest"]
    before = (root / "layers" / "catalog.toml").read_bytes()
    for changed in ({"digest": "0" * 64}, {"digest": digest, "official": True}, {"digest": digest, "version": "2026-10-02"}):
        refused = browser.post("/api/workspace/layers", asked | changed)
        assert refused.status_code == 409 and refused.json()["remedy"]
    assert (root / "layers" / "catalog.toml").read_bytes() == before


def test_layer_with_an_obstacle_says_so_and_is_not_written(desk, tmp_path):
    browser, root = desk
    odd = write_layer(tmp_path / "in" / "b.gpkg", [metres(0, 0, 500, 500)], RED | {"LX": ["没有这一类"]})
    asked = wanted(browser, odd)
    proposal = browser.post("/api/workspace/proposals", asked).json()
    assert any("没有这一类" in line and "类别对应" in line for line in proposal["obstacles"])
    before = (root / "layers" / "catalog.toml").read_bytes()
    assert browser.post("/api/workspace/layers", asked | {"digest": proposal["digest"]}).status_code == 422
    assert (root / "layers" / "catalog.toml").read_bytes() == before


STRANGE = [{"folder": "0" * 32}, {"folder": "../../x"}, {"name": "../../cdgis.toml"}, {"layer_id": "A b"}, {"accuracy_m": -1}]


@pytest.mark.parametrize("changed", STRANGE)
def test_file_is_one_that_was_handed_in(desk, tmp_path, changed):
    browser, _ = desk
    asked = wanted(browser, write_layer(tmp_path / "in" / "c.gpkg", [metres(0, 0, 500, 500)], RED))
    assert browser.post("/api/workspace/proposals", asked | changed).status_code in (400, 404)


def test_layer_file_replaced_from_outside_is_drawn_and_listed_anew(desk):
    browser, root = desk
    path = "/api/layers/ecological_redline?bbox=110,35,125,45&px=0.001"
    first = browser.get(path).json()["features"][0]["geometry"]
    served = browser.get("/ogc/collections/ecological_redline/items").json()["features"][0]["geometry"]
    (root / "layers" / "redline.gpkg").unlink()
    new_redline(root / "layers" / "redline.gpkg")
    assert browser.get(path).json()["features"][0]["geometry"] != first
    assert browser.get("/ogc/collections/ecological_redline/items").json()["features"][0]["geometry"] != served


def test_settings_are_read_anew_and_spoilt_ones_are_told_instead_of_the_old_ones_used(desk):
    browser, root = desk
    settings = (root / "cdgis.toml").read_text("utf-8")
    (root / "cdgis.toml").write_text(settings.replace("2026-11-01", "2026-11-05"), "utf-8")
    assert browser.get("/api/workspace").json()["as_of"] == "2026-11-05"
    (root / "cdgis.toml").write_text(settings + "broken = [", "utf-8")
    told = browser.get("/api/layers")
    assert told.status_code == 422 and "cdgis.toml" in told.json()["reason"]
    (root / "cdgis.toml").write_text(settings, "utf-8")
    assert browser.get("/api/workspace").json()["as_of"] == "2026-11-01"


def test_absence_is_stated_with_basis_author_and_day(desk):
    browser, root = desk
    asked = {"layer_ids": ["wetlands", "permanent_farmland"], "basis": "名录（2025）", "by": "市林业局", "on": "2026-03-01"}
    found = browser.post("/api/workspace/absent", asked)
    assert found.status_code == 200, found.text
    listed = {layer["id"]: layer for layer in browser.get("/api/workspace").json()["layers"]}
    assert "市林业局" in listed["wetlands"]["statement"] and "名录（2025）" in listed["permanent_farmland"]["statement"]
    for wrong in ({"basis": " "}, {"on": ""}, {"on": "2030-01-01"}, {"layer_ids": ["no_such_layer"]}, {"layer_ids": []}, {"title": "二者"}):
        assert browser.post("/api/workspace/absent", asked | wrong).status_code in (400, 422), wrong


def test_check_is_shown_until_the_files_change(desk):
    browser, root = desk
    ended(browser, browser.post("/api/jobs", {"kind": "check"}).json()["id"])
    check = browser.get("/api/workspace").json()["check"]
    assert check["current"] and "检查了" in check["lines"][0]
    (root / "layers" / "redline.gpkg").touch()
    assert not browser.get("/api/workspace").json()["check"]["current"]


def test_one_of_several_servers_changes_no_layer_for_itself():
    shared = SimpleNamespace(settings=SimpleNamespace(shared=True))
    with pytest.raises(DeskError, match="几台服务器") as refused:
        changer(shared, ALONE)
    assert refused.value.status == 409 and changer(SimpleNamespace(settings=SimpleNamespace(shared=False)), ALONE) is ALONE


# ---- rules ------------------------------------------------------------------------------------------------------


def sheet_of(browser, change):
    book = openpyxl.load_workbook(io.BytesIO(browser.get("/api/workspace/rules.xlsx").content))
    pages = [page for page in book if page.max_row > 20]
    heads = {str(cell.value): cell.column for cell in pages[0][1]}
    change(pages[0], heads)
    kept = io.BytesIO()
    book.save(kept)
    return browser.client.post("/api/workspace/rule-sheets", files=[("files", ("规则.xlsx", kept.getvalue()))], headers=browser.headers)


def test_sheet_is_looked_at_row_by_row_before_it_is_written(desk):
    browser, root = desk

    def retitle(page, heads):
        row = next(cells[0].row for cells in page.iter_rows(min_row=2) if cells[0].value == "WD-01A")
        page.cell(row, heads["规则"]).value = "改过的标题"

    found = sheet_of(browser, retitle).json()
    assert found["good"] and [row["what"] for row in found["rows"]].count("修改") == 1 and len(found["rows"]) > 20
    assert not (root / "rules" / "workspace.toml").exists()
    written = browser.post("/api/workspace/rules", {"folder": found["folder"], "name": found["name"]}).json()
    assert written["good"] and len(written["changed"]) == 1
    assert "改过的标题" in (root / "rules" / "workspace.toml").read_text("utf-8")
    page = browser.get("/rules")
    assert "改过的标题" in page.text and page.headers["content-security-policy"].startswith("sandbox")


def test_faulty_row_is_named_with_its_number_and_nothing_is_written(desk):
    browser, root = desk

    def spoil(page, heads):
        page.cell(4, heads["效力"]).value = "随便"

    found = sheet_of(browser, spoil).json()
    assert not found["good"] and found["rows"][0]["row"] == 4 and "随便" in found["rows"][0]["what"]
    again = browser.post("/api/workspace/rules", {"folder": found["folder"], "name": found["name"]}).json()
    assert not again["good"] and not (root / "rules" / "workspace.toml").exists()


def test_no_remedy_of_the_command_line_is_left_in_the_page_s_words():
    import inspect

    from cdgis.pipelines import absent_layer, propose_layer

    texts = [line for module in (propose_layer, absent_layer) for line in inspect.getsource(module).splitlines() if re.search("--[a-z]", line)]
    assert len(texts) > 8 and not any(re.search("--[a-z]", in_page_words(line)) for line in texts)
    assert in_page_words("请用 --version 写明") == "请在“版本日期”一栏写明"
