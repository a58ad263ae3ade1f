"""What does a screening report say about one subject? (eleven parts of plain data; renderings are `cdgis.report`'s)"""

from cdgis.screening.compose import Composer, compose_report
from cdgis.screening.content import JournalExtract, Review, ScreeningReport
from cdgis.screening.record import SCHEMA, load_report, report_json
from cdgis.screening.reviews import with_journal

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
