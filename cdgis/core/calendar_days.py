"""Days written as YYYY-MM-DD, read and refused in one place."""

from datetime import date, datetime

from cdgis.core.errors import UsageError
from cdgis.core.vocabulary import EARLIEST_DAY, LATEST_DAY


def parse_date(day: date | str | None) -> date | None:
    """Return a day given as such or written as YYYY-MM-DD; None for none.

    Raises
    ------
    UsageError : anything else, or a day out of all reason.
    """
    if day is None:
        return None
    try:
        read = day if type(day) is date else datetime.strptime(str(day), "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(f"日期读到“{day}”，应为 YYYY-MM-DD，例如 2026-11-01") from None
    if not EARLIEST_DAY <= read <= LATEST_DAY:
        raise UsageError(f"日期读到“{day}”，应在 {EARLIEST_DAY} 至 {LATEST_DAY} 之间")
    return read
