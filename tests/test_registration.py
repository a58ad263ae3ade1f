"""Registering what somebody has seen: who may, what it changes, and that a report carries and repeats it."""

import json
from pathlib import Path

import pytest
from shapes import metres, sites
from test_cli_screen import REPO, SITE, run

from cdgis.core.errors import UsageError
from cdgis.pipelines.registration import registered_names, with_registered
from cdgis.readers.attribute_columns import match_attribute
from cdgis.results.request import Request
from cdgis.rules.attributes import load_attributes

pytestmark = pytest.mark.usefixtures("reads_once")


@pytest.mark.parametrize("name", ["opinion_document", "意见文号", "认定意见"])
def test_document_is_registered_under_its_name_title_or_alias(name):
    assert registered_names({name: " 张三 "}) == {"opinion_document_seen": "张三"}
    assert registered_names({"activity": "张三", "活动类型": "张三"}) == {"activity_seen": "张三"}


@pytest.mark.parametrize(
    ("seen", "told"),
    [({"two_high": "张三"}, "可登记核验的是 opinion_document、activity"), ({"没有的": "张三"}, "--seen 读到“没有的”"),
     ({"opinion_document": " "}, "须写明由谁核验")],
)  # fmt: skip
def test_what_cannot_be_registered_is_refused(seen, told):
    with pytest.raises(UsageError, match=told):
        registered_names(seen)


def test_no_table_and_no_attr_option_can_register():
    registered = [name for name, spec in load_attributes().items() if spec.registered]
    assert registered and all(match_attribute(name) is None for name in registered)
    assert all(match_attribute(load_attributes()[name].title) is None for name in registered)


def test_every_subject_bears_who_registered_it():
    subjects = with_registered(sites([metres(0, 0, 10, 10), metres(20, 0, 30, 10)]), {"opinion_document": "张三"})
    assert subjects.attribute_map() == {name: {"opinion_document_seen": "张三"} for name in ("S000", "S001")}


def test_request_carries_the_registration_and_older_reports_have_none():
    asked = Request(command="screen", seen={"activity": "张三"})
    assert Request.of(asked.row()) == asked
    assert "seen" not in Request(command="screen").row() and Request.of(Request().row()).seen == {}


def test_registered_number_lets_the_successor_go_and_the_report_verifies(tmp_path: Path):
    states = {}
    for name, seen in (("typed", ()), ("seen", ("--seen", "opinion_document=某经办人"))):
        out = tmp_path / name
        assert run("screen", SITE, "--workspace", REPO, "--out", out, "--format", "json", "--quiet", *seen) == 0
        record = json.loads((out / "P025.json").read_text(encoding="utf-8"))["record"]
        states[name] = {row["rule_id"]: row["state"] for row in record["findings"]}
        told = record["verdicts"][0]["caveats"]
        assert ("凭申报文号，未核验" in told) is (name == "typed")
    assert run("verify", tmp_path / "seen" / "P025.json", "--workspace", REPO) == 0
    assert (states["typed"]["ECO-03"], states["seen"]["ECO-03"]) == ("applies", "not_applicable")
