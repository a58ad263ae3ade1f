"""Legal bases of a report, each once, and changes of law between application and judgement (part 10)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from cdgis.core.vocabulary import Evidence, Level
from cdgis.report.screening.content import BasisPair, BasisPart, BasisRow, Clause, Straddle
from cdgis.report.screening.phrases import wording
from cdgis.rules import Basis, Rule, Rulebook
from cdgis.rules.law import read_law

DATE_ATTRIBUTES = ("approval_date", "application_date")
"""Attributes that date the act; a change of law after the earliest is reported."""


Known = dict[tuple[str, ...], BasisRow]
"""Document and ids of rules of one rule book -> the row that says so."""


def bases_of(
    clauses: Iterable[Clause], rulebook: Rulebook, *, as_of: date, declared_on: date | None, known: Known | None = None
) -> BasisPart:
    """Return part 10 for the clauses printed in the report.

    Parameters
    ----------
    declared_on : day of the approval or application, None when nobody declared it.
    known : rows made for other subjects from the same rule book; those made now are added.
    """
    used = rulebook.named(rule_id for clause in clauses for rule_id in clause.rule_ids)
    terms, code_day = wording()["terms"], read_law().code.in_force
    return BasisPart(
        rows=_rows(used, {} if known is None else known),
        straddles=_straddles(used, rulebook, as_of=as_of, declared_on=declared_on),
        terms=(terms["after"] if as_of >= code_day else terms["before"].format(in_force=code_day),),
    )


def _rows(rules: Sequence[Rule], known: Known) -> tuple[BasisRow, ...]:
    found: dict[str, list[tuple[Rule, Basis]]] = {}
    for rule in rules:
        for basis in rule.basis:
            found.setdefault(basis.document, []).append((rule, basis))
    rows = []
    for document, pairs in found.items():
        key = (document, *(rule.id for rule, _ in pairs))
        if key not in known:
            known[key] = _row(document, pairs)
        rows.append(known[key])
    order = [level.value for level in Level]
    return tuple(sorted(rows, key=lambda r: (order.index(r.levels[0]), r.effective_from, r.document)))


def _row(document: str, pairs: Sequence[tuple[Rule, Basis]]) -> BasisRow:
    rules = [rule for rule, _ in pairs]
    ends = [rule.effective_to for rule in rules]
    last = max((end for end in ends if end is not None), default=None) if None not in ends else None
    levels = {rule.level for rule in rules}
    marks = [mark for mark in Evidence if mark in {basis.mark for _, basis in pairs}]
    return BasisRow(
        document=document,
        articles=tuple(sorted({_article(basis) for _, basis in pairs if basis.article}, key=_article_order)),
        issuer=next((basis.issuer for _, basis in pairs if basis.issuer), ""),
        mark="；".join(marks),
        levels=tuple(level.value for level in Level if level in levels),
        effective_from=min(rules, key=lambda rule: rule.effective_from).start_text,
        effective_to=last.isoformat() if last else "",
        rule_ids=tuple(sorted({rule.id for rule in rules})),
    )


def _article(basis: Basis) -> str:
    return basis.article + ("（条号未核实）" if basis.mark is Evidence.UNVERIFIED else "")


def _article_order(article: str) -> tuple[tuple[int, ...], str]:
    return tuple(int(number) for number in re.findall(r"\d+", article)), article


def declared_date(values: Mapping[str, str]) -> date | None:
    """Return the earliest of the days of application and approval that are declared and can be read, None without one."""
    days = [day for name in DATE_ATTRIBUTES if (day := _day(values.get(name, ""))) is not None]
    return min(days, default=None)


def _day(text: str) -> date | None:
    digits = "".join(c if c.isdigit() else " " for c in text).split()
    parts = [int(part) for part in digits[:3]] + [1, 1]
    try:
        return date(*parts[:3])
    except (ValueError, TypeError):
        return None


def _straddles(
    used: Sequence[Rule], rulebook: Rulebook, *, as_of: date, declared_on: date | None
) -> tuple[Straddle, ...]:
    """Return each change of law between the declared day and the day of judgement, with both bases of each rule."""
    if declared_on is None:
        return ()
    straddles = []
    for change in wording()["law_change"]:
        if declared_on < change["date"] <= as_of:
            changed = [rule for rule in used if rule.effective_from == change["date"]]
            pairs = tuple(
                _pair(before, rule)
                for rule in changed
                for before in rulebook.of_family(rule.family)
                if before.in_force(declared_on) and before.id != rule.id
            )
            straddles.append(_straddle(change, pairs, declared_on))
    return tuple(straddles)


def _straddle(change: Mapping[str, Any], pairs: tuple[BasisPair, ...], declared_on: date) -> Straddle:
    return Straddle(
        changed_on=change["date"].isoformat(), title=change["title"], note=change["note"],
        declared_date=declared_on.isoformat(), pairs=pairs,
    )  # fmt: skip


def _pair(before: Rule, after: Rule) -> BasisPair:
    return BasisPair(
        title=after.title,
        before_id=before.id, before_effect=before.effect.value, before_basis=before.basis_text, before_period=_period(before),
        after_id=after.id, after_effect=after.effect.value, after_basis=after.basis_text, after_period=_period(after),
    )  # fmt: skip


def _period(rule: Rule) -> str:
    end = f"，至 {rule.effective_to.isoformat()} 止" if rule.effective_to else ""
    return f"{rule.start_text}{' 年' if rule.date_precision == 'year' else ''} 起{end}"
