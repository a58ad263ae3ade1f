"""Which enterprises should close, move or be looked at again, for which reasons, and what speaks against it?

A finding that applies, of a rule the written policy (cdgis/data/relocation/dispositions.toml) counts as a reason,
puts an enterprise on the list. Exclusions take reasons away but never the row: who is excluded stays listed
with why. Unknown rules put nobody on the list; for those listed, what is missing is named.
"""

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from cdgis.errors import RuleError
from cdgis.model import LIST_SEPARATOR, Relation, Stability, State, SubjectKind
from cdgis.policy import RelocationPolicy, Review
from cdgis.rulebook import Rule
from cdgis.schema import empty, validate

CANDIDATE = "候选"
REVIEW = "须人工核实"
EXCLUDED = "排除"

_DATE = re.compile(r"(\d{4})(?:\D?(\d{1,2}))?(?:\D?(\d{1,2}))?\D?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelocationInputs:
    """What is known about the enterprises, as tables of cdgis.schema."""

    subjects: pd.DataFrame
    findings: pd.DataFrame
    overlaps: pd.DataFrame
    verdicts: pd.DataFrame
    attributes: pd.DataFrame
    findings_without_exemptions: pd.DataFrame | None = None
    """Findings of `without_exemptions(rules)`: whoever only an exemption spares is listed as 排除 with its words."""
    zone_dates: Mapping[str, date] = field(default_factory=dict)
    """Layer id -> day its zones were drawn; where absent, `missing` says that it would be needed."""
    recognised_parks: frozenset[str] | None = None
    """Zone ids of the parks that count as recognised; None means every park of the layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the exclusions and reviews ask about one enterprise."""

    serves_city: bool
    in_park: bool
    approved: date | None
    critical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reason:
    """One rule that catches an enterprise, or would but for an exemption."""

    rule_id: str
    kind: str
    layer: str
    zone_id: str
    basis: str
    exempted: str
    """The exemption's words; "" when the rule applies."""


def without_exemptions(rules: Sequence[Rule], policy: RelocationPolicy) -> tuple[Rule, ...]:
    """Return the rules that give a reason, each without its `unless`."""
    return tuple(rule.model_copy(update={"unless": ()}) for rule in rules if policy.kind_of(rule))


def propose_relocations(
    inputs: RelocationInputs, *, rules: Sequence[Rule], policy: RelocationPolicy, as_of: date
) -> pd.DataFrame:
    """Return table relocation: one row per enterprise with at least one reason.

    Parameters
    ----------
    rules : the rules in force on `as_of`, those the findings come from.
    policy : what counts as a reason, what excludes, and which disposition follows.

    Returns
    -------
    reasons and zones list every rule and zone that caught the enterprise, excluded ones included; `missing`
    lists the attributes that unknown reason rules lack, and the approval date where its absence matters.

    Raises
    ------
    RuleError : a finding refers to a rule that is not among `rules`.
    """
    subjects = inputs.subjects[inputs.subjects["kind"] == SubjectKind.ENTERPRISE]
    findings = _reason_findings(inputs.findings, subjects, rules, policy)
    applying = _with_exempted(findings, inputs.findings_without_exemptions, subjects, rules, policy)
    if applying.empty:
        return empty("relocation")
    facts, missing = _facts(inputs, policy), _missing(findings)
    since = {rule.id: inputs.zone_dates.get(rule.layer) for rule in rules}
    rows = []
    for enterprise, reasons in sorted(_by_enterprise(applying).items()):
        fact = facts[enterprise]
        lacking = _lacking(reasons, fact, policy, since)
        row = _row(reasons, fact, policy, since)
        row["missing"] = _join([*lacking, *missing.get(enterprise, ())])
        rows.append({"enterprise_id": enterprise, **row})
    table = pd.DataFrame(rows)
    table["basis"] = table["basis"] + f"（截至{as_of.isoformat()}在效）"
    named = subjects.rename(columns={"subject_id": "enterprise_id"})[["enterprise_id", "name", "industry", "county"]]
    return validate("relocation", table.merge(named, on="enterprise_id", how="left"))


def _reason_findings(
    findings: pd.DataFrame, subjects: pd.DataFrame, rules: Sequence[Rule], policy: RelocationPolicy
) -> pd.DataFrame:
    """Return the enterprises' findings, applying or unknown, of rules that give a reason, with the column `kind`."""
    own = findings[findings["subject_id"].isin(subjects["subject_id"])]
    relevant = own[own["state"].isin([State.APPLIES, State.UNKNOWN])]
    kinds = {rule.id: policy.kind_of(rule) for rule in rules}
    strange = sorted(set(relevant["rule_id"]) - set(kinds))
    if strange:
        raise RuleError(tuple(f"判定结果引用了不在效的规则 {rule_id}" for rule_id in strange))
    marked = relevant.assign(kind=relevant["rule_id"].map(kinds), exempted="")
    return marked[marked["kind"] != ""]


def _with_exempted(
    findings: pd.DataFrame,
    bare: pd.DataFrame | None,
    subjects: pd.DataFrame,
    rules: Sequence[Rule],
    policy: RelocationPolicy,
) -> pd.DataFrame:
    """Return what applies, plus what would apply but for a rule's exemptions, with their words in `exempted`."""
    applying = findings[findings["state"] == State.APPLIES]
    if bare is None:
        return applying
    would = _reason_findings(bare, subjects, rules, policy)
    would = would[would["state"] == State.APPLIES]
    known = findings.set_index(["subject_id", "rule_id"]).index
    spared = would[~would.set_index(["subject_id", "rule_id"]).index.isin(known)]
    words = {rule.id: "、".join(item.reason for item in rule.unless if item.reason) for rule in rules}
    text = [f"{rule_id} 的例外情形：{words[rule_id]}" for rule_id in spared["rule_id"]]
    return pd.concat([applying, spared.assign(exempted=text)], ignore_index=True)


def _facts(inputs: RelocationInputs, policy: RelocationPolicy) -> Mapping[str, _Facts]:
    """Return {enterprise id: facts}."""
    declared = inputs.attributes.set_index(["subject_id", "attribute"])["value"].to_dict()
    inside = inputs.overlaps["relation"].isin([Relation.INSIDE, Relation.CROSSES])
    parks = inputs.overlaps[(inputs.overlaps["layer"] == policy.park_layer) & inside]
    if inputs.recognised_parks is not None:
        parks = parks[parks["zone_id"].isin(sorted(inputs.recognised_parks))]
    in_park = set(parks["subject_id"])
    critical = set(inputs.verdicts.loc[inputs.verdicts["stability"] == Stability.CRITICAL, "subject_id"])
    return {
        subject: _Facts(
            serves_city=declared.get((subject, policy.attribute_serves_city)) == "true",
            in_park=subject in in_park,
            approved=last_day(declared.get((subject, policy.attribute_approval), "")),
            critical=subject in critical,
        )
        for subject in inputs.subjects["subject_id"]
    }


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


def _lacking(
    reasons: Sequence[_Reason], fact: _Facts, policy: RelocationPolicy, since: Mapping[str, date | None]
) -> list[str]:
    """Return what would settle whether the approval came before the zone: the approval's or the zone's date."""
    kinds = {kind for review in policy.review if review.test == "approved_before" for kind in review.kinds}
    asked = [reason for reason in reasons if reason.layer and reason.kind in kinds]
    lacking = [policy.attribute_approval] if asked and fact.approved is None else []
    return lacking + (["划定日期"] if any(since[reason.rule_id] is None for reason in asked) else [])


def _missing(findings: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    unknown = findings[(findings["state"] == State.UNKNOWN) & (findings["missing_attribute"] != "")]
    return {str(subject): tuple(group) for subject, group in unknown.groupby("subject_id")["missing_attribute"]}


def _by_enterprise(applying: pd.DataFrame) -> dict[str, list[_Reason]]:
    names = ["rule_id", "kind", "layer", "zone_id", "basis", "exempted"]
    reasons: dict[str, list[_Reason]] = {}
    for subject, cells in zip(applying["subject_id"], applying[names].to_dict("records"), strict=True):
        reasons.setdefault(str(subject), []).append(_Reason(**{name: str(cells[name]) for name in names}))
    return reasons


def _row(
    reasons: Sequence[_Reason], fact: _Facts, policy: RelocationPolicy, since: Mapping[str, date | None]
) -> dict[str, str]:
    """Return what follows from one enterprise's reasons."""
    present = {reason.kind for reason in reasons}
    excluded = [item for item in policy.exclusion if getattr(fact, item.test) and present & set(item.drops)]
    dropped = {kind for item in excluded for kind in item.drops}
    left = [reason for reason in reasons if reason.kind not in dropped and not reason.exempted]
    reviews = [item.text for item in policy.review if _asks_review(item, left, fact, since)]
    decided = policy.dispose(frozenset(reason.kind for reason in left))
    return {
        "reasons": _join(reason.rule_id for reason in reasons),
        "zones": _join(reason.zone_id for reason in reasons),
        "exclusions": _join([*(r.exempted for r in reasons), *(item.text for item in excluded), *reviews]),
        "status": EXCLUDED if not left else REVIEW if reviews else CANDIDATE,
        "disposition": decided.gives,
        "basis": _join([*(r.basis for r in reasons), *(item.basis for item in excluded)]) + f"；处置：{decided.text}",
    }


def _asks_review(review: Review, left: Sequence[_Reason], fact: _Facts, since: Mapping[str, date | None]) -> bool:
    """Return whether `review` is called for by the reasons it concerns."""
    concerned = [reason for reason in left if reason.kind in review.kinds]
    if not concerned:
        return False
    if review.test == "critical":
        return fact.critical
    if review.test == "only_kinds":
        return len(concerned) == len(left)
    drawn = [since[reason.rule_id] for reason in concerned]
    return fact.approved is not None and any(day is not None and fact.approved < day for day in drawn)


def _join(cells: Iterable[str]) -> str:
    """Return the items of list cells once each, sorted, as one list cell."""
    items = {item for cell in cells for item in str(cell).split(LIST_SEPARATOR)}
    return LIST_SEPARATOR.join(sorted(items - {""}))
