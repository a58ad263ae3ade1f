"""Screening report on one subject: eleven parts of plain data, and their renderings."""

from cdgis.report.screening.case import Case, Casebook
from cdgis.report.screening.compose import Composer, compose_report
from cdgis.report.screening.content import JournalExtract, Review, ScreeningReport
from cdgis.report.screening.record import SCHEMA, load_report, report_json
from cdgis.report.screening.reviews import with_journal

__all__ = [
    "SCHEMA",
    "Case",
    "Casebook",
    "Composer",
    "JournalExtract",
    "Review",
    "ScreeningReport",
    "compose_report",
    "load_report",
    "report_json",
    "with_journal",
]
