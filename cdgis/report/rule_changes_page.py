"""Page of what a change of law does: the rules that begin, end or change, and whose verdict changes by it."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from cdgis import __version__
from cdgis.report.drawing.palette import read_palette
from cdgis.report.files.inline_assets import content_policy, inline_code, template_text
from cdgis.report.templating import filled
from cdgis.rules.rule_changes import BEGINS, CHANGES, ENDS, PASSES


def render_rule_changes(
    tables: Mapping[str, pd.DataFrame], days: tuple[date, date], *, stamp: str, judged_count: int
) -> str:
    """Return the page for tables `changes_rules` and, where a workspace was judged, `changes_verdicts`."""
    rules, verdicts = tables["changes_rules"], tables.get("changes_verdicts")
    kinds = [(word, rules[rules["change"] == word].to_dict("records")) for word in (BEGINS, CHANGES, ENDS, PASSES)]
    return filled(
        "rule_changes.html",
        policy=content_policy(()), style=inline_code(template_text("style.css")), version=__version__,
        looks=dict(read_palette().verdicts), settings={"map_review_number": ""}, stamp=stamp, judged_count=judged_count,
        before=days[0].isoformat(), after=days[1].isoformat(), count=len(rules), kinds=kinds,
        verdicts=None if verdicts is None else verdicts.to_dict("records"),
    )  # fmt: skip
