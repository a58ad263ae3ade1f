"""What does a screening report say about one subject? (eleven parts of plain data; renderings are `cdgis.report`'s)"""

from cdgis.report.screening.compose import Composer, compose_report
from cdgis.report.screening.content import JournalExtract, Review, ScreeningReport
from cdgis.report.screening.record import SCHEMA, load_report, report_json
from cdgis.report.screening.reviews import with_journal

__all__ = [
    "SCHEMA",
    "Composer",
    "JournalExtract",
    "Review",
    "ScreeningReport",
    "compose_report",
    "load_report",
    "report_json",
    "with_journal",
]
