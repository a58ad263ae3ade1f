"""What reviewers hold of single findings: kept and shown beside what the engine found, never in its place (decision 0070)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy.orm import Session

from cdgis.core.errors import DeskError
from cdgis.core.vocabulary import State
from cdgis.web.case_states import Action
from cdgis.web.event_chain import events_of
from cdgis.web.models import Case

ANNEX = "复核意见.html"
"""File beside a report that prints both; the report itself stays the command line's."""


class Opinion(StrEnum):
    """What a reviewer says of a finding."""

    HOLDS = "成立"
    NOT = "不成立"


ENGINE = {State.APPLIES: "成立", State.UNKNOWN: "资料不足", State.MANUAL: "需人工判定"}
"""What the engine said of a finding, in words."""


def findings_of(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the findings of a draft verdict that an opinion can be about, with the site each is of."""
    return [
        {"subject_id": site["subject_id"], "verdict": site["verdict"], **clause}
        for site in summary["sites"] for clause in (*site["decisive"], *site["open"], *site["manual"])
    ]  # fmt: skip


def checked_opinion(summary: Mapping[str, Any], subject_id: str, rule_id: str, opinion: Opinion) -> dict[str, Any]:
    """Return what the journal is to hold of an opinion: it, and what the engine found at the time.

    Raises
    ------
    DeskError : there is no such finding, or the engine says the same.
    """
    found = next((row for row in findings_of(summary) if row["subject_id"] == subject_id and rule_id in row["rule_ids"]), None)
    if found is None:
        raise DeskError(f"现在的结论里没有规则 {rule_id[:40]}", remedy="请从“结论”一步列出的条款中选")
    if found["state"] == State.APPLIES and opinion is Opinion.HOLDS:
        raise DeskError("机器已判“成立”，意见与它相同，不用另记")
    kept = {key: found[key] for key in ("subject_id", "rule_ids", "title", "effect", "state", "zones", "bases", "mark", "verdict")}
    return kept | {"opinion": str(opinion), "engine": ENGINE[State(found["state"])]}


def opinions_of(events: Iterable[Mapping[str, Any]], round_: int, now: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the opinions of one round, oldest first, each beside the engine's finding it is about.

    Parameters
    ----------
    now : the verdict as it stands; an opinion on what the engine finds otherwise by now is marked.
    """
    rows = [
        event["detail"] | {"who": event["who"], "when": event["when"], "reason": event["reason"], "line": event["number"]}
        for event in events if event["action"] == Action.OPINION and event["detail"]["round"] == round_
    ]  # fmt: skip
    last = {(row["subject_id"], row["rule_ids"][0]): row["line"] for row in rows}
    states = None if now is None else {(row["subject_id"], row["rule_ids"][0]): row["state"] for row in findings_of(now)}
    for row in rows:
        key = (row["subject_id"], row["rule_ids"][0])
        row["last"] = last[key] == row["line"]
        row["changed_since"] = states is not None and states.get(key) != row["state"]
    return rows


def annex(session: Session, case: Case, summary: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the file that prints opinions and findings side by side; {} when nobody gave one in this round."""
    rows = opinions_of(events_of(session, case.id), case.round, summary)
    if not rows:
        return {}
    loader = PackageLoader("cdgis.web", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return {ANNEX: made.get_template("opinions.html").render(rows=rows, case=case).encode()}
