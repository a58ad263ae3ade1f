"""自助查询: off unless turned on; answers from the public version's data alone, never with a pass, not too often; keeps nothing."""

import json

import numpy as np
import pytest
import shapely
from desk_client import Browser, desk_settings
from desk_databases import database_for
from example_rules import example_rule
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import metres, write_layer
from small_workspace import small_workspace
from sqlalchemy import func, select

from cdgis.core.errors import DeskError
from cdgis.pipelines.public_workspace import near_m, write_public_workspace
from cdgis.pipelines.session import open_workspace
from cdgis.web.desk_app import make_app
from cdgis.web.desk_options import DeskOptions, Inquiry
from cdgis.web.inquiry import Rates, address_of
from cdgis.web.models import Base

RULE = example_rule("GS-01", "ancient_trees", "禁止", "古树群保护范围内禁止新建")
ENTRY = """
[layers.ancient_trees]
title = "古树群"
theme = "要素"
geometry = "polygon"
path = "trees.gpkg"
official = false
version = "2026"
source = "测试"
licence = "CC0"
coverage = "city"
fields = { zone_id = ["id"], zone_name = ["name"] }
"""
INSIDE, OUTSIDE = metres(-2800, -2800, -2600, -2600), metres(-6000, -6000, -5900, -5900)
FACTS = {"industry": "3031", "project_type": "新建", "activity": "开发性生产性建设"}


def public_place(root, *, red=None, small=False):
    """A small workspace with a public layer beside the withheld red line."""
    small_workspace(root)
    trees = [metres(-3000, -3000, -2000, -2000)] + ([metres(-5990, -5990, -5970, -5970)] if small else [])
    write_layer(root / "layers" / "trees.gpkg", trees, {"id": [f"T{i}" for i in range(len(trees))], "name": ["示例古树群"] * len(trees)})
    catalog = root / "layers" / "catalog.toml"
    catalog.write_text(catalog.read_text("utf-8") + ENTRY, "utf-8")
    (root / "rules").mkdir()
    (root / "rules" / "古树.toml").write_text(RULE, "utf-8")
    if red is not None:
        (root / "layers" / "redline.gpkg").unlink()
        write_layer(root / "layers" / "redline.gpkg", [red], {"id": ["H1"], "name": ["甲"], "kind": ["红线一般区域"]})
    return root


def opened(root, **options):
    return make_app(desk_settings(root, options=DeskOptions(database=database_for(root), inquiry=Inquiry(**{"per_minute": 100} | options))))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made = opened(public_place(tmp_path_factory.mktemp("public") / "w"))
    yield made
    made.state.desk.close()


@pytest.fixture(scope="module")
def stranger(app):
    return Browser(app, "no-session")


def geojson(drawn):
    return json.loads(shapely.to_geojson(drawn))


def ask(browser, drawn, **facts):
    return browser.client.post("/api/inquiry", json={"geometry": geojson(drawn), **(FACTS | facts)}, headers={"origin": browser.headers["origin"]})


def test_desk_that_did_not_turn_it_on_shows_nothing_of_it(tmp_path):
    off = make_app(desk_settings(small_workspace(tmp_path / "w")))
    stranger = Browser(off, "no-session")
    assert stranger.get("/inquiry").status_code == 303 and stranger.get("/api/inquiry/about").status_code == 401
    assert ask(stranger, INSIDE).status_code == 401
    owner = Browser(off)
    assert owner.get("/inquiry").status_code == 404 and owner.post("/api/inquiry", {"geometry": geojson(INSIDE)}).status_code == 404
    assert "自助查询" not in owner.get("/").text
    off.state.desk.close()


def test_anybody_is_told_a_conflict_with_a_public_layer_and_what_was_not_asked(stranger):
    found = ask(stranger, INSIDE).json()
    assert found["conflict"] and "不符合" in found["said"] and found["stamp"] == "自助预评估，不作审批依据"
    assert [clause["rule_ids"] for clause in found["decisive"]] == [["GS-01"]] and found["decisive"][0]["zones"] == ["古树群“示例古树群”"]
    assert "生态保护红线" in found["limits"][0] and "须由主管部门核对" in found["limits"][0]


def test_place_without_a_public_conflict_is_never_told_that_it_passes(stranger):
    found = ask(stranger, OUTSIDE).json()
    text = json.dumps(found, ensure_ascii=False)
    assert not found["conflict"] and found["open_count"] > 0
    assert "未发现冲突" not in found["said"] and "不公开的图层没有查" in found["said"] and '"verdict"' not in text


def test_withheld_layer_is_neither_drawn_nor_named_in_an_answer(stranger):
    listed = {layer["id"] for layer in stranger.get("/api/inquiry/layers").json()}
    assert listed == {"city", "ancient_trees"}
    assert stranger.get("/api/inquiry/layers/ecological_redline?bbox=110,35,125,45&px=0.01").status_code == 404
    over = ask(stranger, metres(900, 100, 1300, 200)).json()
    assert not over["conflict"] and "甲" not in json.dumps(over, ensure_ascii=False)


def test_answers_do_not_depend_on_what_is_withheld(tmp_path_factory):
    places = [metres(x, y, x + 150, y + 150) for x, y in np.random.default_rng(1).uniform(-8000, 8000, (12, 2))]
    answers = []
    for name, red in (("a", metres(100, 100, 4000, 5000)), ("b", metres(6100, 6100, 6200, 6200))):
        public = tmp_path_factory.mktemp(name)
        write_public_workspace(open_workspace(public_place(public / "w", red=red)).workspace, public / "out")
        session = open_workspace(public / "out")
        shown = session.screen([place.wkt for place in places], industry="3031", project_type="新建")
        answers.append(shown.findings.drop(columns=[c for c in shown.findings if "number" in c]).to_csv())
    assert answers[0] == answers[1] and len(answers[0]) > 1000


def test_zone_too_small_for_the_grid_is_counted_as_lost_and_clears_nobody(tmp_path):
    rows = {}
    for small in (False, True):
        root = public_place(tmp_path / f"w{small}", small=small)
        write_public_workspace(open_workspace(root).workspace, tmp_path / f"out{small}")
        found = open_workspace(tmp_path / f"out{small}").screen(OUTSIDE.wkt, **FACTS).findings
        rows[small] = set(found.loc[found["rule_id"] == "GS-01", "state"])
    assert "unknown" in rows[True] and "unknown" not in rows[False]


def test_outlines_are_on_the_public_grid_and_their_nearness_is_told(tmp_path):
    root = public_place(tmp_path / "w")
    workspace = open_workspace(root).workspace
    withheld = write_public_workspace(workspace, tmp_path / "out")
    zones = open_workspace(tmp_path / "out").layers["ancient_trees"]
    steps = shapely.get_coordinates(zones.geometry.to_numpy()) / workspace.settings.publish.grid_deg
    assert np.abs(steps - np.rint(steps)).max() < 1e-6 and "生态保护红线" in withheld
    spec = open_workspace(tmp_path / "out").workspace.catalog["ancient_trees"]
    assert spec.accuracy_m == near_m(workspace) == pytest.approx(167, abs=2)


def counts(app):
    with app.state.desk.database.reading() as session:
        return {table.name: session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables}


def test_nothing_is_kept_of_a_question(app, stranger):
    folder = app.state.desk.settings.folder
    ask(stranger, INSIDE)

    def kept():
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and "desk.sqlite" not in path.name)

    before = kept(), counts(app)
    assert ask(stranger, OUTSIDE).status_code == 200
    assert (kept(), counts(app)) == before


def test_layer_that_changed_is_answered_by_as_it_is_now(tmp_path):
    made = opened(public_place(tmp_path / "w"))
    stranger = Browser(made, "no-session")
    assert ask(stranger, INSIDE).json()["conflict"]
    (tmp_path / "w" / "layers" / "trees.gpkg").unlink()
    write_layer(tmp_path / "w" / "layers" / "trees.gpkg", [metres(4000, 4000, 5000, 5000)], {"id": ["T0"], "name": ["迁走"]})
    assert not ask(stranger, INSIDE).json()["conflict"]
    made.state.desk.close()


def test_public_data_that_cannot_be_made_are_tried_once_and_strangers_learn_nothing_of_it(tmp_path):
    made = opened(public_place(tmp_path / "w"))
    stranger, desk = Browser(made, "no-session"), made.state.desk
    (tmp_path / "w" / "rules" / "古树.toml").write_text("[[rule]]\nid = 1\n", "utf-8")
    asked, ask_judge = [], desk.judge.ask
    desk.judge.ask = lambda task, **given: asked.append(task) or ask_judge(task, **given)
    for _ in range(3):
        answer = ask(stranger, INSIDE)
        assert answer.status_code == 503 and "古树" not in answer.text
    assert asked == ["make_public"]
    (tmp_path / "w" / "rules" / "古树.toml").write_text(RULE, "utf-8")
    assert ask(stranger, INSIDE).json()["conflict"]
    desk.close()


def test_more_questions_at_once_than_there_are_seats_are_sent_away(app, stranger):
    seats = app.state.desk.public._seats
    taken = [seats.acquire(blocking=False) for _ in range(4)]
    assert all(taken) and ask(stranger, INSIDE).status_code == 503
    for _ in taken:
        seats.release()
    assert ask(stranger, INSIDE).status_code == 200


STRANGE = [{}, {"type": "GeometryCollection", "geometries": []}, {"type": "Polygon", "coordinates": []}, {"type": "Point", "coordinates": ["a", 1]},
           {"type": "LineString", "coordinates": [[117 + i / 1e4, 41] for i in range(501)]}, {"type": "Point", "coordinates": [1e9, 41]}]  # fmt: skip


@pytest.mark.parametrize("geometry", STRANGE)
def test_shape_that_is_none_is_refused(stranger, geometry):
    answer = stranger.client.post("/api/inquiry", json={"geometry": geometry}, headers={"origin": stranger.headers["origin"]})
    assert answer.status_code in (400, 422) and answer.json()["reason"]


def test_page_elsewhere_cannot_ask_and_the_rest_of_the_desk_stays_closed(stranger):
    body = {"geometry": geojson(INSIDE)}
    assert stranger.client.post("/api/inquiry", json=body, headers={"origin": "http://evil.example"}).status_code == 403
    assert stranger.client.post("/api/inquiry", json=body).status_code == 403
    assert stranger.get("/inquiry").status_code == 200
    for path in ("/api/cases", "/api/layers", "/api/workspace", "/api/jobs", "/api/inquiryx"):
        assert stranger.get(path).status_code in (401, 404), path


# ---- how often --------------------------------------------------------------------------------------------------


def test_too_many_questions_from_one_address_are_refused_for_a_while(tmp_path):
    made = opened(public_place(tmp_path / "w"), per_minute=2)
    stranger = Browser(made, "no-session")
    assert [ask(stranger, OUTSIDE).status_code for _ in range(3)] == [200, 200, 429]
    assert "一分钟" in ask(stranger, OUTSIDE).json()["reason"]
    made.state.desk.close()


@settings(max_examples=100, deadline=None)
@given(gaps=st.lists(st.floats(0, 40), min_size=1, max_size=60), most=st.integers(1, 5), day=st.integers(3, 12))
def test_no_minute_and_no_day_holds_more_than_was_allowed_and_no_question_is_refused_in_vain(gaps, most, day):
    rates, taken, now = Rates(most, day), [], 0.0
    for gap in gaps:
        now += gap
        fits = sum(now - then < 60 for then in taken) < most and sum(now - then < 86400 for then in taken) < day
        try:
            rates.check("a", now)
            taken.append(now)
            assert fits
        except DeskError as err:
            assert err.status == 429 and not fits
        rates.check(f"other {now} {gap}", now)


def test_only_a_named_proxy_is_believed_about_addresses():
    options = Inquiry(forwarded_by=("127.0.0.1",))
    assert address_of("127.0.0.1", "1.1.1.1, 2.2.2.2", options) == "2.2.2.2"
    assert address_of("9.9.9.9", "1.1.1.1", options) == "9.9.9.9"
    assert address_of("127.0.0.1", "1.1.1.1", Inquiry()) == "127.0.0.1"
