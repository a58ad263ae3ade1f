"""What was not judged is not counted as nothing found."""

from dataclasses import replace

from report_fixtures import empty_assessment, make_assessment

from cdgis.cli.summary import _verdict_table
from cdgis.report.site.dashboard import draw_dashboard
from cdgis.report.site.overview import sum_up
from cdgis.report.site.place_content import gather_places, place_pages


def test_counts_are_absent_when_nobody_was_judged():
    assert sum_up(empty_assessment(), []).counts == ()
    assessment = make_assessment()
    pages = place_pages(assessment)
    assert all(place.counts == () for place in gather_places(assessment, [], pages=pages))
    words = [text for _, _, text in draw_dashboard(empty_assessment(), [], pages={}).headlines]
    assert "不符合" not in words and "判定对象" not in words


def test_summary_has_no_column_for_a_kind_that_was_not_judged():
    assessment = make_assessment()
    subjects = assessment.tables["subjects"]
    firms = subjects[subjects["kind"] == "enterprise"]
    verdicts = assessment.tables["verdicts"]
    tables = {**assessment.tables, "subjects": firms, "verdicts": verdicts[verdicts["subject_id"].isin(firms["subject_id"])]}
    heads = [str(column.header) for column in _verdict_table(replace(assessment, tables=tables)).columns]
    assert "企业" in heads and "项目" not in heads
