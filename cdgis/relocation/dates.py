"""The latest day a written approval date can mean."""

import calendar
import re
from datetime import date

_DATE = re.compile(r"(\d{4})(?:\D?(\d{1,2}))?(?:\D?(\d{1,2}))?\D?")


def last_day(text: str) -> date | None:
    """Return the last day a written date can mean (2015 → 31 December), None when it is not a date.

    A coarse date counts as late as it can, so that 早于划定日期 is said only of what surely was.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month = int(match[1]), int(match[2] or 12)
    if not 1 <= month <= 12:
        return None
    length = calendar.monthrange(year, month)[1]
    day = int(match[3] or length)
    return date(year, month, day) if 1 <= day <= length else None
