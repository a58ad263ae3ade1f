"""Values that lie exactly on a limit of the law: a metre, a square metre, a day more or less is another answer."""

import math
from datetime import date, timedelta

import pandas as pd
import pytest
from shapes import layer_set, metres, rule, sites
from test_access_list import UNIT
from test_judge import BESIDE, NO_RED, REDLINE, finding, judged, verdict

from cdgis.judging.overlay import measure_overlaps
from cdgis.report.screening.bases import bases_of
from cdgis.rules import load_rulebook
from cdgis.rules.access_list import access_list_rules
from cdgis.rules.access_sheet import COLUMNS
from cdgis.rules.law import read_law

CODE_DAY = date(2026, 8, 15)
"""生态环境法典 comes into force; written here by hand, not read from the data that the code reads."""


def buffer(distance_m):
    return rule("RV-01", "redline", geometry="within", distance_m=distance_m)


def test_zone_exactly_as_far_as_the_buffer_reaches_is_within_it():
    clear = measure_overlaps(sites([BESIDE]), layer_set(REDLINE)).clear
    gap = float(clear["distance_m"].iloc[0])
    assert 90 < gap < 110
    assert finding(judged([BESIDE], [buffer(gap)], REDLINE), "RV-01")["state"] == "applies"
    assert verdict(judged([BESIDE], [buffer(gap)], REDLINE))["verdict"] == "不符合"
    less = finding(judged([BESIDE], [buffer(math.nextafter(gap, 0.0))], REDLINE), "RV-01")
    assert less is None or less["state"] == "not_applicable"


@pytest.mark.parametrize(("outside_m2", "word"), [(0.5, "未发现冲突"), (0.9, "未发现冲突"), (1.1, "资料不足"), (1.5, "资料不足"), (1.9, "资料不足")])
def test_more_than_one_square_metre_outside_the_coverage_is_not_proved_clear(outside_m2, word):
    city = metres(-5000, -5000, 5000, 5000)
    site = metres(4900, 0, 5000 + outside_m2 / 100, 100)
    assert verdict(judged([site], [NO_RED], REDLINE, city=city))["verdict"] == word


def clause_rules():
    cells = dict.fromkeys(COLUMNS, "") | {"unit_code": UNIT, "clause_no": "1", "dimension": "空间布局约束", "text": "禁止", "effect": "禁止"}
    return access_list_rules(pd.DataFrame([cells]))[0]


@pytest.mark.parametrize(("days", "effects"), [(-1, ["限制"]), (0, ["禁止"]), (1, ["禁止"])])
def test_prohibition_of_a_list_binds_from_the_day_of_the_code(days, effects):
    day = CODE_DAY + timedelta(days=days)
    assert [r.effect.value for r in clause_rules() if r.in_force(day)] == effects


def test_words_of_the_code_are_used_from_its_day():
    assert read_law().code.in_force == CODE_DAY
    book = load_rulebook()
    eve, day = (bases_of([], book, as_of=on, declared_on=None).terms[0] for on in (CODE_DAY - timedelta(days=1), CODE_DAY))
    assert eve.startswith(f"自{CODE_DAY}《生态环境法典》施行起") and day.startswith("本报告所称“生态环境影响评价”")
