"""A reviewer's opinion on one finding stands beside what the engine found and changes nothing of it; the report stays the command line's."""

import re
import zipfile

import pytest
from desk_client import OVER, Browser, confirmed_case, opened_desk
from test_desk_roles import PASSWORD, PEOPLE

from cdgis.web import accounts
from cdgis.web.case_states import Role
from cdgis.web.event_chain import journal_faults
from cdgis.web.models import CaseEvent


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("opinions") / "w"


@pytest.fixture(scope="module")
def people(root):
    app, _ = opened_desk(root, token="")
    desk, found = app.state.desk, {}
    for name in ("owner", "first", "second", "admin"):
        accounts.add_account(desk, login=name, name=name, roles=[Role(role) for role in PEOPLE[name]], password=PASSWORD, who="测试")
        accounts.sign_in(desk, name, PASSWORD, f"session-of-{name}-0123456789")
        found[name] = Browser(app, f"session-of-{name}-0123456789")
    yield found
    desk.close()


def version(browser, case):
    return browser.get(f"/api/cases/{case}").json()["version"]


def move(browser, case, action):
    answer = browser.post(f"/api/cases/{case}/moves", {"action": action, "reason": "看过", "version": version(browser, case)})
    assert answer.status_code == 200, answer.text


def say(browser, case, rule, opinion, reason="现场核实在区外<script>"):
    site = browser.get(f"/api/cases/{case}/verdict").json()["sites"][0]["subject_id"]
    asked = {"subject_id": site, "rule_id": rule, "opinion": opinion, "reason": reason, "version": version(browser, case)}
    return browser.post(f"/api/cases/{case}/opinions", asked)


@pytest.fixture(scope="module")
def reviewed(people):
    """A case in which the first reviewer contradicted the decisive finding, then decided; and the rule it was about."""
    case = confirmed_case(people["owner"], OVER)
    move(people["owner"], case, "提交")
    before = people["first"].get(f"/api/cases/{case}/verdict").json()
    rule = before["sites"][0]["decisive"][0]["rule_ids"][0]
    assert say(people["first"], case, rule, "不成立").status_code == 201
    assert people["first"].get(f"/api/cases/{case}/verdict").json() == before
    move(people["first"], case, "初审通过")
    move(people["second"], case, "复核通过")
    answer = people["admin"].post(f"/api/cases/{case}/final", {"version": version(people["admin"], case)})
    assert answer.status_code == 200, answer.text
    return case, rule


def test_verdict_is_the_engines_and_both_are_told(people, reviewed):
    case, rule = reviewed
    found = people["admin"].get(f"/api/cases/{case}").json()
    assert found["verdict"] == "不符合"
    [opinion] = found["opinions"]
    assert (opinion["engine"], opinion["opinion"], opinion["who"], opinion["last"]) == ("成立", "不成立", "first（first）", True)
    assert rule in opinion["rule_ids"] and opinion["reason"] == "现场核实在区外<script>"
    [event] = [event for event in found["events"] if event["action"] == "复核意见"]
    assert event["reason"] and event["detail"]["state"] == "applies"


def test_annex_prints_finding_and_opinion_side_by_side_and_is_in_the_dossier(people, reviewed, root):
    case, rule = reviewed
    folder = root / "desk" / "reports" / case / "1"
    page = (folder / "复核意见.html").read_text(encoding="utf-8")
    cells = re.findall(r"<td>(.*?)</td>", page, re.S)
    assert rule in cells[0] and cells[1].startswith("成立") and cells[2].startswith("不成立") and "<script>" not in page and "不改动结论" in page
    with zipfile.ZipFile(next(folder.glob("*.zip"))) as opened:
        assert opened.read("案卷/复核意见.html").decode() == page
    assert not list((folder / "report").rglob("复核意见*"))
    assert "复核意见.html" in [document["name"] for document in people["admin"].get(f"/api/cases/{case}").json()["documents"]]


def test_case_without_opinions_has_no_annex(people, root):
    case = confirmed_case(people["owner"], OVER)
    assert people["owner"].get(f"/api/cases/{case}").json()["opinions"] == []
    assert not (root / "desk" / "reports" / case).exists()


@pytest.mark.parametrize(("rule", "opinion", "reason", "status"), [
    ("XX-99", "不成立", "因为", 400), ("", "不成立", "因为", 400), (None, "成立", "因为", 400), (None, "不成立", " ", 400),
    (None, "随便", "因为", 400),
])  # fmt: skip
def test_opinion_on_nothing_without_a_reason_or_no_other_than_the_engines_is_refused(people, rule, opinion, reason, status):
    case = confirmed_case(people["owner"], OVER)
    move(people["owner"], case, "提交")
    decisive = people["first"].get(f"/api/cases/{case}/verdict").json()["sites"][0]["decisive"][0]["rule_ids"][0]
    answer = say(people["first"], case, decisive if rule is None else rule, opinion, reason)
    assert answer.status_code == status and answer.json()["reason"]
    assert people["first"].get(f"/api/cases/{case}").json()["opinions"] == []


def test_later_opinion_keeps_the_earlier_and_the_journal_stays_whole(people):
    case = confirmed_case(people["owner"], OVER)
    move(people["owner"], case, "提交")
    site = people["first"].get(f"/api/cases/{case}/verdict").json()["sites"][0]
    assert site["manual"]
    rule = site["manual"][0]["rule_ids"][0]
    assert say(people["first"], case, rule, "不成立").status_code == 201 and say(people["second"], case, rule, "成立").status_code == 201
    found = people["first"].get(f"/api/cases/{case}").json()["opinions"]
    assert [(row["opinion"], row["last"], row["engine"]) for row in found] == [("不成立", False, "需人工判定"), ("成立", True, "需人工判定")]
    move(people["first"], case, "退回")
    assert people["first"].get(f"/api/cases/{case}").json()["opinions"] == found  # kept, also when the case goes back
    desk = people["first"].client.app.state.desk
    with desk.database.reading() as session:
        assert journal_faults(session.query(CaseEvent).order_by(CaseEvent.number)) == []
