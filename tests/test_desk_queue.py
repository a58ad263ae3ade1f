"""The queue: filters, due days, whose turn it is, places on the map, initials; each against a plain reading of the same rows."""

import random
from datetime import datetime, timedelta

import pytest
from desk_client import OVER, Browser, confirmed_case, opened_desk
from sqlalchemy import select
from test_desk_roles import PASSWORD, PEOPLE

from cdgis.core.pinyin_initials import initials
from cdgis.rules import industry
from cdgis.web import accounts
from cdgis.web.case_states import Action, CaseState, Role, refusal
from cdgis.web.cases import industries
from cdgis.web.guards import ALONE
from cdgis.web.models import Case
from cdgis.web.outlines import point_inside

TODAY = datetime.fromisoformat("2026-11-29T08:00:00+08:00")
STEPS = (Action.SUBMIT, Action.PASS_FIRST, Action.PASS_SECOND, Action.FINALISE)


def filled(desk, owners, count=160):
    """Add cases of every state, owner and due day."""
    chooser = random.Random(5)
    with desk.database.writing() as session:
        for number in range(1000, 1000 + count):
            due = chooser.choice(["", *((TODAY + timedelta(days=days)).date().isoformat() for days in (-40, -1, 0, 1, 7, 8, 90))])
            owner = chooser.choice(owners)
            where = chooser.random() < 0.7
            session.add(Case(
                id=f"{number:032d}", number=number, name=f"项目{number}", state=chooser.choice(list(CaseState)), round=1, version=1,
                owner_id=owner, owner=str(owner), answers={}, facts={}, seen={}, confirmed="",
                reviewers=chooser.choice([{}, {"初审通过": chooser.choice(owners)}]), verdict=chooser.choice(["", "不符合", "资料不足;不符合"]),
                report_number="", due_on=due, search_text=f"{number} 项目{number} xm{number}", outline=None, area_m2=0.0,
                lon=117.5 + number / 1e4 if where else None, lat=41.0 if where else None, made_at="", changed_at=f"2026-{number}",
            ))  # fmt: skip


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    app, _ = opened_desk(tmp_path_factory.mktemp("queue") / "w", token="", clock=lambda: TODAY)
    desk, found, ids = app.state.desk, {}, []
    for name, roles in PEOPLE.items():
        ids.append(accounts.add_account(desk, login=name, name=name, roles=[Role(role) for role in roles], password=PASSWORD, who="测试"))
        found[name] = Browser(app, f"session-of-{name}-0123456789"), accounts.sign_in(desk, name, PASSWORD, f"session-of-{name}-0123456789")
    filled(desk, ids)
    yield found
    desk.close()


def everything(browser, **asked):
    rows, offset = [], 0
    while True:
        page = browser.get("/api/cases", params=asked | {"offset": offset}).json()
        rows += page["cases"]
        offset += page["page"]
        if offset >= page["total"]:
            assert len(rows) == page["total"] == len({row["id"] for row in rows})
            return rows


def cases(browser):
    with browser.client.app.state.desk.database.reading() as session:
        return list(session.scalars(select(Case)))


@pytest.mark.parametrize("person", PEOPLE)
def test_waiting_are_exactly_the_cases_whose_next_step_the_table_gives_to_the_person(people, person):
    browser, actor = people[person]
    mine = [case for case in cases(browser) if (actor.sees_all or case.owner_id == actor.account_id)]
    expected = {case.id for case in mine if any(refusal(actor, case, step) is None for step in STEPS)}
    assert {row["id"] for row in everything(browser, waiting="true")} == expected
    assert expected or person == "reader"


def test_due_filters_and_order_go_by_the_day_and_leave_decided_cases_out(people):
    browser, _ = people["reader"]
    open_ = [case for case in cases(browser) if case.state not in ("定稿", "作废") and case.due_on]
    today, week = "2026-11-29", "2026-12-06"
    late = {case.id for case in open_ if case.due_on < today}
    assert {row["id"] for row in everything(browser, due="已过期")} == late != set()
    assert {row["id"] for row in everything(browser, due="七天内到期")} == {case.id for case in open_ if case.due_on <= week} > late
    rows = everything(browser, sort="due")
    assert {row["id"] for row in rows if row["late"]} == late
    days = [row["due_on"] for row in rows]
    assert days == sorted(days, key=lambda day: (day == "", day))
    assert browser.get("/api/cases", params={"due": "明天"}).status_code == 400


def test_map_shows_the_cases_of_the_list_and_counts_those_without_a_place(people):
    browser, actor = people["other"]
    for asked in ({}, {"state": "复核"}, {"verdict": "不符合"}, {"q": "项目10"}, {"waiting": "true"}):
        for who in ("other", "reader"):
            rows = {row["id"] for row in everything(people[who][0], **asked)}
            found = people[who][0].get("/api/cases/places", params=asked).json()
            placed = {row["id"] for row in found["cases"]}
            assert placed <= rows and len(placed) + found["without"] == len(rows) and not found["cut"]
    assert browser.get("/api/cases/places").json()["cases"] and actor.account_id


def test_state_and_counts_belong_together(people):
    browser, _ = people["reader"]
    whole = browser.get("/api/cases").json()
    for state, count in whole["counts"].items():
        assert len(everything(browser, state=state)) == count
    assert browser.get("/api/cases", params={"state": "无"}).json()["total"] == 0


def test_confirmed_case_lies_inside_its_boundary_and_is_found_by_initials(tmp_path):
    app, _ = opened_desk(tmp_path / "w")
    browser = Browser(app)
    case = confirmed_case(browser, OVER)
    [place] = browser.get("/api/cases/places").json()["cases"]
    west, south, east, north = OVER.bounds
    assert place["id"] == case and west < place["lon"] < east and south < place["lat"] < north
    for word in ("slxm", "SLXM", "lxm"):
        assert [row["id"] for row in everything(browser, q=word)] == [case]
    assert everything(browser, q="zzz") == [] and everything(browser, waiting="true") and ALONE.alone
    app.state.desk.close()


def test_industry_is_found_by_name_code_and_initials_alike():
    chooser = random.Random(2)
    for code in chooser.sample(sorted(industry.codes()), 60):
        name = industry.name_of(code)
        letters = initials(name)
        for word in (code, name, letters.upper()) if len(letters) > 4 and letters.isalpha() else (code, name):
            found = industries(word)
            assert name in [title for _, title in found] or len(found) == 30, (word, code)
    assert industries("nthnzwjzzz") == [] and "4416" in [code for code, _ in industries("tynfd")]


@pytest.mark.parametrize("outline", [None, {}, {"type": "GeometryCollection", "geometries": []}])
def test_no_outline_has_no_place(outline):
    assert point_inside(outline) is None
