"""Enterprises that should close, move or be reviewed, with the reasons and what speaks against them.

A finding that applies, of a rule the written policy (cdgis/data/relocation/dispositions.toml) counts as a reason,
puts an enterprise on the list. Exclusions take reasons away but never the row: who is excluded stays listed
with why. Unknown rules put nobody on the list; for those listed, what is missing is named.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from cdgis.core.errors import RuleError
from cdgis.core.vocabulary import LIST_SEPARATOR, ListingStatus, Relation, Stability, State, SubjectKind
from cdgis.relocation.dates import last_day
from cdgis.relocation.policy import DispositionRule, RelocationPolicy, Review
from cdgis.results.tables.validation import empty, validate
from cdgis.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RelocationInputs:
    """What is known about the enterprises, as tables of cdgis.results.tables.validation."""

    subjects: pd.DataFrame
    findings: pd.DataFrame
    overlaps: pd.DataFrame
    verdicts: pd.DataFrame
    attributes: pd.DataFrame
    findings_without_exemptions: pd.DataFrame | None = None
    """Findings of `without_exemptions(rules)` (others add nothing): whoever only an exemption spares is listed as 排除 with its words."""
    exemptions_held: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(enterprise id, rule id) -> words of the exemptions that do hold, where a rule has several."""
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
    equipment: frozenset[str]
    industry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Who is listed, and each single reason."""

    listed: pd.DataFrame
    """One row per enterprise: name, industry, county, reasons, zones, exclusions, status, disposition, action, basis,
    missing, and `kinds` (kinds of reasons left, ';')."""
    reasons: pd.DataFrame
    """Table relocation_reasons."""


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
    """Return the rules with exemptions that give a reason, each without its `unless`; what the others say is known."""
    return tuple(rule.model_copy(update={"unless": ()}) for rule in rules if rule.unless and policy.kind_of(rule))


def propose_relocations(
    inputs: RelocationInputs, *, rules: Sequence[Rule], policy: RelocationPolicy, as_of: date
) -> Candidates:
    """Return every enterprise with at least one reason, and the reasons one by one.

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
    applying = _with_exempted(findings, inputs, subjects, rules, policy)
    if applying.empty:
        return Candidates(listed=_nobody(), reasons=empty("relocation_reasons"))
    written = _WrittenRules(policy=policy, rules={rule.id: rule for rule in rules}, zone_dates=inputs.zone_dates)
    caught, missing = _by_enterprise(applying), _missing(findings)
    facts, known = _facts(inputs, policy, caught), dict[object, dict[str, str]]()
    rows, single = [], []
    for enterprise, reasons in sorted(caught.items()):
        fact = facts[enterprise]
        alike = (fact, *((r.rule_id, r.kind, r.layer, r.basis, r.exempted) for r in reasons))  # zones decide nothing
        row = known.get(alike) or known.setdefault(alike, _row(reasons, fact, written))
        rows.append({
            "enterprise_id": enterprise, **row, "zones": _join(reason.zone_id for reason in reasons),
            "missing": _join([row["missing"], *missing.get(enterprise, ())]),
        })  # fmt: skip
        single += [{"enterprise_id": enterprise, **cells} for cells in _single(reasons, fact, written)]
    table = pd.DataFrame(rows)
    table["basis"] = table["basis"] + f"（截至{as_of.isoformat()}在效）"
    named = subjects.rename(columns={"subject_id": "enterprise_id"})[["enterprise_id", "name", "industry", "county"]]
    listed = table.merge(named, on="enterprise_id", how="left")
    return Candidates(listed=listed, reasons=_located(pd.DataFrame(single), inputs.overlaps))


def _nobody() -> pd.DataFrame:
    columns = ["name", "industry", "county", "reasons", "zones", "exclusions", "status", "disposition", "action"]
    return pd.DataFrame({name: [] for name in ("enterprise_id", *columns, "basis", "missing", "kinds")}, dtype=object)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WrittenRules:
    """The written rules an enterprise is held against."""

    policy: RelocationPolicy
    rules: Mapping[str, Rule]
    zone_dates: Mapping[str, date]

    def drawn(self, reason: _Reason) -> date | None:
        """Return the day the zones of the reason's layer were drawn, where it is known."""
        return self.zone_dates.get(reason.layer)

    def to_be_retired(self, reasons: Sequence[_Reason]) -> frozenset[str]:
        """Return the kinds of equipment that the rules among `reasons` want gone."""
        conditions = [c for reason in reasons for c in self.rules[reason.rule_id].conditions if c.op == "has"]
        values = [c.value for c in conditions if c.attribute == self.policy.attribute_equipment]
        return frozenset(str(v) for value in values for v in (value if isinstance(value, tuple) else (value,)))


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
    inputs: RelocationInputs,
    subjects: pd.DataFrame,
    rules: Sequence[Rule],
    policy: RelocationPolicy,
) -> pd.DataFrame:
    """Return what applies, plus what would apply but for a rule's exemptions, with their words in `exempted`."""
    applying = findings[findings["state"] == State.APPLIES]
    bare = inputs.findings_without_exemptions
    if bare is None:
        return applying
    would = _reason_findings(bare, subjects, rules, policy)
    would = would[would["state"] == State.APPLIES]
    known = findings.set_index(["subject_id", "rule_id"]).index
    spared = would[~would.set_index(["subject_id", "rule_id"]).index.isin(known)]
    words = {rule.id: "、".join(item.reason for item in rule.unless if item.reason) for rule in rules}
    pairs = zip(spared["subject_id"], spared["rule_id"], strict=True)
    text = [f"{pair[1]} 的例外情形：{inputs.exemptions_held.get(pair, words[pair[1]])}" for pair in pairs]
    return pd.concat([applying, spared.assign(exempted=text)], ignore_index=True)


def _facts(inputs: RelocationInputs, policy: RelocationPolicy, listed: Container[str]) -> Mapping[str, _Facts]:
    """Return {enterprise id: facts} of those listed."""
    asked = (policy.attribute_serves_city, policy.attribute_approval, policy.attribute_equipment)
    said = inputs.attributes[inputs.attributes["attribute"].isin(asked)]
    declared = dict(zip(zip(said["subject_id"], said["attribute"], strict=True), said["value"], strict=True))
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
            equipment=frozenset(filter(None, declared.get((subject, policy.attribute_equipment), "").split(LIST_SEPARATOR))),
            industry=str(industry),
        )
        for subject, industry in zip(inputs.subjects["subject_id"], inputs.subjects["industry"], strict=True)
        if subject in listed
    }


def _lacking(reasons: Sequence[_Reason], fact: _Facts, written: _WrittenRules) -> list[str]:
    """Return what would settle whether the approval came before the zone: the approval's or the zone's date."""
    kinds = {kind for review in written.policy.review if review.test == "approved_before" for kind in review.kinds}
    asked = [reason for reason in reasons if reason.layer and reason.kind in kinds]
    lacking = [written.policy.attribute_approval] if asked and fact.approved is None else []
    return lacking + (["划定日期"] if any(written.drawn(reason) is None for reason in asked) else [])


def _missing(findings: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    unknown = findings[(findings["state"] == State.UNKNOWN) & (findings["missing_attribute"] != "")]
    return {str(subject): tuple(group) for subject, group in unknown.groupby("subject_id")["missing_attribute"]}


def _by_enterprise(applying: pd.DataFrame) -> dict[str, list[_Reason]]:
    names = ["rule_id", "kind", "layer", "zone_id", "basis", "exempted"]
    reasons: dict[str, list[_Reason]] = {}
    for subject, cells in zip(applying["subject_id"], applying[names].to_dict("records"), strict=True):
        reasons.setdefault(str(subject), []).append(_Reason(**{name: str(cells[name]) for name in names}))
    return {subject: sorted(found, key=lambda reason: reason.rule_id) for subject, found in reasons.items()}


def _why_not(reason: _Reason, fact: _Facts, policy: RelocationPolicy) -> str:
    """Return why a reason does not count, "" when it does."""
    held = [item.text for item in policy.exclusion if reason.kind in item.drops and getattr(fact, item.test)]
    return _join([reason.exempted, *held])


def _row(reasons: Sequence[_Reason], fact: _Facts, written: _WrittenRules) -> dict[str, str]:
    """Return what follows from one enterprise's reasons, whichever zones they name."""
    policy, present = written.policy, {reason.kind for reason in reasons}
    excluded = [item for item in policy.exclusion if getattr(fact, item.test) and present & set(item.drops)]
    left = [reason for reason in reasons if not _why_not(reason, fact, policy)]
    reviews = [item.text for item in policy.review if _asks_review(item, left, fact, written)]
    decided, action = _disposed(left, fact, written)
    return {
        "reasons": _join(reason.rule_id for reason in reasons),
        "zones": "",
        "kinds": _join(reason.kind for reason in left),
        "exclusions": _join([*(_why_not(reason, fact, policy) for reason in reasons), *reviews]),
        "status": _status(left, reviews).value,
        "disposition": decided.gives.value,
        "action": action,
        "basis": _join([*(r.basis for r in reasons), *(item.basis for item in excluded)]) + f"；处置：{action}",
        "missing": _join(_lacking(reasons, fact, written)),
    }


def _status(left: Sequence[_Reason], reviews: Sequence[str]) -> ListingStatus:
    if not left:
        return ListingStatus.EXCLUDED
    return ListingStatus.REVIEW if reviews else ListingStatus.CANDIDATE


def _disposed(left: Sequence[_Reason], fact: _Facts, written: _WrittenRules) -> tuple[DispositionRule, str]:
    """Return the rule that decides, and its words with the equipment concerned put in."""
    retired = written.to_be_retired(left)
    pieces = sorted(retired & fact.equipment)
    decided = written.policy.dispose(
        frozenset(reason.kind for reason in left),
        industry=fact.industry,
        nothing_left=bool(fact.equipment) and fact.equipment <= retired,
    )
    return decided, decided.text.replace("{equipment}", "、".join(pieces) or "该装备")


def _single(reasons: Sequence[_Reason], fact: _Facts, written: _WrittenRules) -> list[dict[str, object]]:
    """Return one row per reason and zone."""
    rows: list[dict[str, object]] = []
    for reason in reasons:
        rule, why_not = written.rules[reason.rule_id], _why_not(reason, fact, written.policy)
        for zone in reason.zone_id.split(LIST_SEPARATOR):
            rows.append(
                {
                    "rule_id": rule.id, "title": rule.title, "kind": reason.kind, "layer": reason.layer, "zone_id": zone,
                    "effect": str(rule.effect), "counts": not why_not, "why_not": why_not, "clause": rule.clause,
                    "basis": reason.basis, "plan_measure": rule.plan_measure, "mark": str(rule.mark),
                }
            )  # fmt: skip
    return rows


def _located(reasons: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Return table relocation_reasons: each reason with its zone's name, relation and distance out of `overlaps`."""
    names = ["zone_name", "zone_class", "relation", "share", "distance_m"]
    known = overlaps.rename(columns={"subject_id": "enterprise_id"})
    known = known.reindex(columns=["enterprise_id", "layer", "zone_id", *names])
    known = known.drop_duplicates(["enterprise_id", "layer", "zone_id"])
    return validate("relocation_reasons", reasons.merge(known, on=["enterprise_id", "layer", "zone_id"], how="left"))


def _asks_review(review: Review, left: Sequence[_Reason], fact: _Facts, written: _WrittenRules) -> bool:
    """Return whether `review` is called for by the reasons it concerns."""
    concerned = [reason for reason in left if reason.kind in review.kinds]
    if not concerned:
        return False
    if review.test == "critical":
        return fact.critical
    if review.test == "only_kinds":
        return len(concerned) == len(left)
    drawn = [written.drawn(reason) for reason in concerned]
    return fact.approved is not None and any(day is not None and fact.approved < day for day in drawn)


def _join(cells: Iterable[str]) -> str:
    """Return the items of list cells once each, sorted, as one list cell."""
    items = {item for cell in cells for item in str(cell).split(LIST_SEPARATOR)}
    return LIST_SEPARATOR.join(sorted(items - {""}))
