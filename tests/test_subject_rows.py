"""What the reports of many subjects share is what each would find for itself."""

import gc
import random
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest
from report_fixtures import make_assessment

from cdgis.report.screening import Composer
from cdgis.report.screening.bases import Known, bases_of
from cdgis.report.screening.html import render_screening
from cdgis.report.screening.record import SubjectRows
from cdgis.report.site.subject_page import SubjectPages
from cdgis.report.table_rows import records
from cdgis.rules import load_rulebook


@pytest.mark.parametrize("seed", range(8))
def test_rows_of_a_subject_are_its_rows_in_their_order_wherever_they_stand(seed):
    draw = random.Random(seed)
    count = draw.randint(0, 40)
    frame = pd.DataFrame({
        "n": range(count), "subject_id": [draw.choice(("甲", "乙", 3, None)) for _ in range(count)], "x": [draw.random() for _ in range(count)],
        "flag": [draw.random() < 0.5 for _ in range(count)],
    })  # fmt: skip
    plain: dict[str, list[object]] = {}
    for row in records(frame):
        plain.setdefault(str(row["subject_id"]), []).append(row)
    found = SubjectRows(frame)
    assert [(key, found[key]) for key in found] == list(plain.items()) and len(found) == len(plain)
    assert found.get("没有", ()) == () and all(found[key] is found[key] for key in plain)
    assert {type(value) for rows in found.values() for row in rows for value in row.values()} <= {int, float, bool, str, type(None)}


@pytest.mark.parametrize("seed", range(4))
def test_bases_of_one_report_do_not_depend_on_those_before(seed):
    draw, book, known = random.Random(seed), load_rulebook(), Known()
    ids = [rule.id for rule in book.rules]
    for _ in range(12):
        clauses = [SimpleNamespace(rule_ids=(name,)) for name in draw.sample(ids, draw.choice((0, 1, 5, 60)))]
        days = {"as_of": date(2026, 11, 1), "declared_on": draw.choice((None, date(2026, 1, 1)))}
        assert bases_of(clauses, book, **days, known=known) == bases_of(clauses, book, **days)
    assert known


@pytest.mark.parametrize("page", ["site", "report"])
def test_a_page_lets_go_of_what_it_was_made_of(page):
    composer = Composer(make_assessment())
    case, subjects = composer.book.case("P000"), SubjectPages(composer, {})
    make = {"site": lambda: subjects.render(case), "report": lambda: render_screening(composer.report_on(case))}[page]
    make()
    gc.collect()
    gc.disable()
    try:
        assert "P000" in str(make())
        assert gc.collect() < 50  # objects that only refer to each other; a page is made of hundreds
    finally:
        gc.enable()
