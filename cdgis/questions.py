"""What is not known of each subject, would matter, and how is it supplied? (table `questions`)

A question comes from findings in state unknown: the strictest effect at stake is the strictest of their rules.
"""

from collections.abc import Mapping

import pandas as pd

from cdgis.attributes import AttributeSpec
from cdgis.model import LIST_SEPARATOR, Effect, State
from cdgis.schema import empty, validate

_FACTS = {
    "industry": ("行业代码", "--industry 代码"),
    "project_type": ("建设性质", "--project-type 性质"),
    "activity": ("活动类型", "--activity 类型"),
}
"""Facts that have options of their own: title, option."""
_VALUES = {"flag": "是|否", "number": "数值", "text": "文字", "list": "甲;乙"}


def list_questions(findings: pd.DataFrame, attributes: Mapping[str, AttributeSpec]) -> pd.DataFrame:
    """Return table `questions`: one row per subject and missing fact that could make its verdict stricter or clearer.

    Parameters
    ----------
    findings : table `findings`; only unknown rows of rules whose effect counts in a verdict are read.
    attributes : the dictionary of attributes, for titles, units and options.

    Notes
    -----
    A layer that does not cover the subject is no question: no option supplies it, and the report lists it as a gap.
    """
    ranks = findings["effect"].map({str(effect): effect.rank for effect in Effect})
    asked = findings[(findings["state"] == str(State.UNKNOWN)) & (ranks > 0)]
    rows = asked[["subject_id", "rule_id", "effect"]].assign(
        rank=ranks[asked.index], attribute=asked["missing_attribute"].str.split(LIST_SEPARATOR)
    )
    rows = rows.explode("attribute")
    rows = rows[rows["attribute"].isin({*_FACTS, *attributes})]
    if rows.empty:
        return empty("questions")
    rows = rows.sort_values(["subject_id", "attribute", "rank", "rule_id"], ascending=[True, True, False, True])
    grouped = rows.groupby(["subject_id", "attribute"], sort=True)
    table = grouped.agg(rule_ids=("rule_id", _joined), effect=("effect", "first")).reset_index()
    words = {name: question_words(name, attributes) for name in table["attribute"].unique()}
    table["title"] = table["attribute"].map({name: title for name, (title, _) in words.items()})
    table["option"] = table["attribute"].map({name: option for name, (_, option) in words.items()})
    return validate("questions", table)


def _joined(rule_ids: "pd.Series[str]") -> str:
    return LIST_SEPARATOR.join(sorted(set(rule_ids)))


def question_words(name: str, attributes: Mapping[str, AttributeSpec]) -> tuple[str, str]:
    """Return the Chinese title of a missing fact and the option that supplies it.

    Raises
    ------
    KeyError : neither a fact of its own nor in the dictionary.
    """
    if name in _FACTS:
        return _FACTS[name]
    spec = attributes[name]
    unit = f"（{spec.unit}）" if spec.unit else ""
    return spec.title + unit, f"--attr {name}={_VALUES[spec.type]}"
