"""The page: the numbers read back from it, nothing in it runs, and its seal holds."""

import json
import re
from dataclasses import replace
from functools import cache
from hashlib import sha256

import pytest
from bs4 import BeautifulSoup
from report_fixtures import ATTACKS, make_assessment

from cdgis.core.vocabulary import DEMO_STAMP
from cdgis.report.screening import JournalExtract, Review, compose_report, report_json, with_journal
from cdgis.report.screening.html import render_screening

_FETCH = re.compile(r"""(?:src|href|action|data)\s*=\s*["']?\s*(?:https?:)?//|@import|url\(\s*["']?(?!data:)""", re.I)
PARTS = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一"]


@cache
def _report(subject_id="P000"):
    return compose_report(make_assessment(), subject_id)


@cache
def _page(subject_id="P000"):
    return render_screening(_report(subject_id))


def _soup(subject_id="P000"):
    return BeautifulSoup(_page(subject_id), "html.parser")


def _values(soup, table, field):
    return [float(tag["data-value"]) for tag in soup.select(f"#{table} [data-field={field}]")]


def test_eleven_parts_stand_in_order_with_the_conclusion_before_all():
    soup = _soup()
    assert [h.text.split("、")[0] for h in soup.select("section.part > h2")] == PARTS
    summary = soup.select_one("section.summary")
    assert "不符合" in summary.text and "第六十七条" in summary.text and "平方米" in summary.text
    assert summary.find_next("section")["id"] == "basics"


def test_areas_and_shares_read_back_equal_the_table():
    overlaps = make_assessment().tables["overlaps"]
    rows = overlaps[(overlaps["subject_id"] == "P000") & (overlaps["relation"] != "near")]
    assert sorted(_values(_soup(), "occupation", "area_m2")) == sorted(rows["area_m2"])
    assert sorted(_values(_soup(), "occupation", "share")) == sorted(rows["share"])
    shown = [tag.text for tag in _soup().select("#occupation [data-field=area_m2]")]
    assert [float(text.replace(",", "")) for text in shown] == pytest.approx(
        _values(_soup(), "occupation", "area_m2"), abs=0.005
    )


def test_ledger_and_distances_read_back_equal_the_tables():
    tables = make_assessment().tables
    ledger = tables["ledger"][tables["ledger"]["subject_id"] == "P000"]
    assert sorted(_values(_soup(), "ledger", "inside")) == sorted(ledger["inside"])
    assert sorted(_values(_soup(), "ledger", "total")) == sorted(ledger["total"])
    clear = tables["clear"][tables["clear"]["subject_id"] == "P000"]["distance_m"]
    assert set(clear) <= set(_values(_soup(), "near", "distance_m"))


def test_area_stands_in_three_units():
    soup = _soup()
    (m2,), (ha,), (mu,) = (_values(soup, "areas", f"survey_{unit}") for unit in ("m2", "ha", "mu"))
    assert (ha, mu) == pytest.approx((m2 / 10_000, m2 / 10_000 * 15))
    assert soup.select_one("#areas [data-field=survey_mu]").text == f"{mu:,.3f}"


def test_embedded_copy_is_the_json_file_and_its_hash_is_printed():
    soup = _soup()
    content = report_json(_report())
    assert json.loads(soup.select_one("#cdgis-report").text) == json.loads(content)
    assert soup.select_one("[data-field=json_sha256]").text == sha256(content).hexdigest()


def test_content_hash_holds_and_one_changed_digit_breaks_it():
    def holds(page):
        found = re.search(rb'<meta name="cdgis-content-sha256" content="([0-9a-f]{64})">', page)
        return sha256(page.replace(found[1], b"", 1)).hexdigest().encode() == found[1]

    assert holds(_page())
    assert not holds(_page().replace(b"12.3", b"12.4", 1))


def test_same_report_gives_the_same_bytes():
    assert render_screening(compose_report(make_assessment(), "P000")) == _page()


def test_stamp_number_and_validity_are_on_the_page():
    text = _page().decode()
    assert text.count(DEMO_STAMP) > 3 and "CD-20261101-P000" in text and "2027-04-30" in text
    assert [td.b.text for td in _soup().select(".sign td")] == ["编制", "校核", "批准"]


@pytest.mark.parametrize("subject_id", ["P000", "P004", "E010"])
def test_text_from_data_is_escaped_everywhere(subject_id):
    attacked = compose_report(make_assessment(text=" ".join(ATTACKS)), subject_id)
    # The number stands in the running header, which is CSS.
    page = render_screening(replace(attacked, report_number='"}</style><script>alert(9)</script>'))
    soup = BeautifulSoup(page, "html.parser")
    assert [tag.get("type") for tag in soup.find_all("script")] == ["application/json"]
    assert not soup.find_all(["img", "iframe", "object"]) and not soup.select("[onload],[onerror],[onclick]")
    assert len(soup.find_all("style")) == 1 and "</style" not in soup.find("style").text
    assert "<img src=x onerror=alert(1)>" in soup.select_one("main").text


def test_page_fetches_nothing_and_forbids_scripts():
    text = _page().decode()
    assert not _FETCH.search(re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.S))
    policy = _soup().select_one("meta[http-equiv=Content-Security-Policy]")["content"]
    assert "default-src 'none'" in policy and "script-src 'none'" in policy


def test_every_table_has_a_header_row_that_repeats():
    for table in _soup().select("section.part table:not(.sign)"):
        assert table.select_one("thead th"), table.get("id")


def test_officers_decision_stands_in_its_own_column():
    review = Review(
        rule_id="ECO-02", zone_id="", original="禁止 适用", decision="不同意", reason="现场核实<b>", officer="张三",
        recorded_at="2026-11-02",
    )  # fmt: skip
    extract = JournalExtract(length=3, head_sha256="ab" * 32, reviews=(review,))
    soup = BeautifulSoup(render_screening(with_journal(_report(), extract)), "html.parser")
    assert "人工复核" in [th.text for th in soup.select("#decisive th")]
    assert soup.select_one("#decisive [data-field=review]").text == "不同意（张三，2026-11-02）：现场核实<b>"
    assert "ab" * 32 in soup.select_one("[data-field=journal]").text
    assert "人工复核" not in [th.text for th in _soup().select("#decisive th")]


def test_straddled_application_shows_the_transition_note():
    assert "一千零五十七条" in _soup().select_one("#bases-part").text
    assert "一千零五十七条" not in _soup("P001").select_one("#bases-part").text


def test_map_has_scale_bar_north_labels_and_critical_key():
    surroundings, detail = (svg.text for svg in _soup().select("figure > svg"))
    assert all("北" in text and "米" in text for text in (surroundings, detail))
    assert "J1" in detail and "J1" not in surroundings


def test_a_drawing_read_from_a_forged_file_stays_text():
    report = _report()
    figure = report.figures[0]
    forged = replace(figure, outlines=(replace(figure.outlines[0], path='"/><script>x</script>'),))
    page = render_screening(replace(report, figures=(forged, *report.figures[1:]))).decode()
    assert "<script>x" not in page and page.count("&#34;/&gt;&lt;script&gt;x") == 1
