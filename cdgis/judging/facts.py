"""Known facts of each subject by column, and whether a rule's scope and conditions hold.

Every answer is a Kleene array with one value a subject. Geometry is not looked at here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import LIST_SEPARATOR, SubjectKind
from cdgis.judging import kleene
from cdgis.judging.kleene import Kleene
from cdgis.rules import Condition, Rule, industry
from cdgis.rules.attributes import SEEN, is_asked_of, is_document
from cdgis.rules.document_numbers import is_document_number

_FALSE_WORDS = ("", "false", "0", "无", "否")
MEASURES = ("area_m2", "length_m")
_WORDS = ("kind", "industry", "project_type", "activity")
FACT_COLUMNS = ("subject_id", *_WORDS, *MEASURES)
"""Of table `subjects`, what rules ask about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts on n subjects; text is "" and numbers NaN where unknown."""

    kind: TextArray
    industry: TextArray
    project_type: TextArray
    activity: TextArray
    """Declared activities separated by ';'."""
    attributes: Mapping[str, TextArray]
    """Attribute -> value per subject as text; attributes nobody declared are absent."""
    measures: Mapping[str, FloatArray]
    """area_m2 and length_m."""
    _answers: dict[object, Kleene] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, question: object, answer: Callable[[], Kleene]) -> Kleene:
        """Return the answer to a question about these facts, found when first asked: a thousand rules ask two hundred."""
        known = self._answers.get(question)
        if known is None:
            known = self._answers[question] = answer()
            known.flags.writeable = False
        return known

    @property
    def size(self) -> int:
        """Number of subjects."""
        return len(self.kind)

    def text(self, attribute: str) -> TextArray:
        """Return an attribute's values, "" where not declared."""
        return self.attributes.get(attribute, np.full(self.size, "", dtype=object))

    def number(self, attribute: str) -> FloatArray:
        """Return a numeric attribute or measure, NaN where missing or not a number."""
        if attribute in self.measures:
            return self.measures[attribute]
        if attribute not in self.attributes:
            return np.full(self.size, np.nan)
        return pd.to_numeric(pd.Series(self.text(attribute), dtype=object), errors="coerce").to_numpy(dtype=float)

    def at(self, positions: npt.NDArray[np.int64]) -> "Facts":
        """Return the facts on the subjects at `positions`, each as often as it is named."""
        return Facts(
            kind=self.kind[positions], industry=self.industry[positions], project_type=self.project_type[positions],
            activity=self.activity[positions],
            attributes={name: values[positions] for name, values in self.attributes.items()},
            measures={name: values[positions] for name, values in self.measures.items()},
        )  # fmt: skip

    def alike(self, asked: Collection[str]) -> "Alike":
        """Return of which subjects the same is said, of attributes those in `asked` alone; sizes are measured, not said."""
        names = sorted(name for name in self.attributes if name in asked)
        columns = (self.kind, self.industry, self.project_type, self.activity, *(self.attributes[name] for name in names))
        code = np.zeros(self.size, dtype=np.int64)
        for column in columns:
            own, distinct = pd.factorize(column)
            code = pd.factorize(code * (len(distinct) + 1) + own)[0]
        first = np.unique(code, return_index=True)[1]
        return Alike(keys=[(*names, tuple(column[at] for column in columns)) for at in first.tolist()], which=code, first=first)

    @classmethod
    def one(
        cls,
        *,
        kind: str,
        industry: str = "",
        project_type: str = "",
        activities: Sequence[str] = (),
        attributes: Mapping[str, str] | None = None,
        area_m2: float = 0.0,
        length_m: float = 0.0,
    ) -> "Facts":
        """Return the facts on a single subject."""
        cell = {"kind": kind, "industry": industry, "project_type": project_type}
        cell["activity"] = LIST_SEPARATOR.join(activities)
        return cls(
            **{name: np.array([value], dtype=object) for name, value in cell.items()},
            attributes={name: np.array([value], dtype=object) for name, value in (attributes or {}).items()},
            measures={"area_m2": np.array([area_m2]), "length_m": np.array([length_m])},
        )

    @classmethod
    def of(cls, subjects: Mapping[str, "pd.Series[Any]"] | pd.DataFrame, attributes: pd.DataFrame) -> "Facts":
        """Return the facts in a `subjects` table and its long `attributes` table."""
        ids = subjects["subject_id"].to_numpy(dtype=object)
        position = {subject_id: i for i, subject_id in enumerate(ids)}
        named, said, values = (attributes[name].to_numpy(dtype=object) for name in ("attribute", "subject_id", "value"))
        (name_of, names), (subject_of, known) = (pd.factorize(cells, use_na_sentinel=False) for cells in (named, said))
        place = np.array([position[subject_id] for subject_id in known], dtype=np.int64)[subject_of]
        columns = {name: np.full(len(ids), "", dtype=object) for name in sorted(names)}
        rows = np.split(np.argsort(name_of, kind="stable"), np.cumsum(np.bincount(name_of, minlength=len(names)))[:-1])
        for name, own in zip(names, rows if len(names) else (), strict=True):
            columns[name][place[own]] = values[own]  # of several rows the last counts
        text = {name: subjects[name].to_numpy(dtype=object) for name in _WORDS}
        measures = {name: subjects[name].to_numpy(dtype=float) for name in MEASURES}
        return cls(**text, attributes=columns, measures=measures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Subjects of whom the same is said, put together."""

    keys: list[object]
    """What is said."""
    which: IntArray
    """Which of it is said of each subject."""
    first: IntArray
    """The first subject of whom it is said."""


def scope_and_conditions(rule: Rule, facts: Facts, *, documents: bool = True) -> Kleene:
    """Return scope ∧ conditions of `rule` for every subject, its exemptions left out.

    Parameters
    ----------
    documents : False passes over conditions on an approval's number, as when asking whom a rule is made for.
    """
    kinds = rule.subject_kinds
    parts = [facts.once(("kind", kinds), lambda: kleene.of(np.isin(facts.kind, [str(k) for k in kinds])))]
    if rule.project_types:
        parts.append(_of_type(rule.project_types, facts))
    if rule.activities:
        parts.append(_declares(rule.activities, facts))
    parts.append(_industry(rule, facts))
    asked = [c for c in rule.conditions if documents or not is_document(c.attribute)]
    return kleene.all_of(*parts, *(condition_holds(condition, facts) for condition in asked))


def missing_information(rule: Rule, facts: Facts) -> list[tuple[str, Kleene]]:
    """Return (what would have to be supplied, where it is undecided) for every conjunct of `rule`."""
    asked: list[tuple[str, Kleene]] = []
    if rule.project_types:
        asked.append(("project_type", _of_type(rule.project_types, facts)))
    if rule.activities:
        asked.append(("activity", _declares(rule.activities, facts)))
    if rule.industry_prefixes or rule.industry_flag:
        name = rule.industry_flag or "industry"
        asked.append((name if rule.industry_flag == "two_high" else "industry", _by_industry(rule, facts)))
    if rule.or_declared is not None and rule.or_declared.attribute not in {c.attribute for c in rule.conditions}:
        asked.append((rule.or_declared.attribute, _industry(rule, facts)))
    asked += [(condition.attribute, condition_holds(condition, facts)) for condition in rule.conditions]
    return asked


def condition_holds(condition: Condition, facts: Facts) -> Kleene:
    """Return where a condition on one attribute holds, unknown where the attribute is missing."""
    return facts.once(condition, lambda: _holds(condition, facts))


def _holds(condition: Condition, facts: Facts) -> Kleene:
    values = facts.text(condition.attribute)
    if condition.op == "given":
        return kleene.of(values != "")
    if condition.op in ("declared", "not_declared"):
        declared = is_declared(condition.attribute, facts)
        if condition.op == "not_declared":
            return kleene.of(~declared)
        open_question = kleene.all_of(kleene.of(values == ""), _asked_of(condition.attribute, facts))
        return np.where(declared, kleene.TRUE, np.minimum(open_question, kleene.UNKNOWN)).astype(np.int8)
    if condition.op in _NUMERIC:
        numbers = facts.number(condition.attribute)
        known = ~np.isnan(numbers)
        with np.errstate(invalid="ignore"):
            return kleene.of(known & _NUMERIC[condition.op](numbers, _number(condition)), ~known)
    return kleene.of((values != "") & _textual(condition, values), values == "")


def is_declared(attribute: str, facts: Facts) -> npt.NDArray[np.bool_]:
    """Return who declares an attribute; an approval's number only in an issuer's form and registered as seen."""
    declared = ~np.isin(facts.text(attribute), _FALSE_WORDS)
    if not is_document(attribute):
        return np.asarray(declared)
    return np.asarray(declared & has_number(attribute, facts) & (facts.text(attribute + SEEN) != ""))


def has_number(attribute: str, facts: Facts) -> npt.NDArray[np.bool_]:
    """Return who gives a text that has the form of a document number."""
    texts = facts.text(attribute)
    found = np.zeros(facts.size, dtype=bool)
    given = np.flatnonzero(texts != "")
    found[given] = [is_document_number(str(text)) for text in texts[given]]
    return found


def _asked_of(attribute: str, facts: Facts) -> Kleene:
    """Return of whom a blank attribute is an open question: by industry, as the dictionary says."""
    return per_code(facts.industry, lambda code: is_asked_of(attribute, code))


_NUMERIC: dict[str, Callable[[FloatArray, float], npt.NDArray[np.bool_]]] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def _number(condition: Condition) -> float:
    return float(condition.value) if isinstance(condition.value, int | float | str) else float("nan")


def _textual(condition: Condition, values: TextArray) -> npt.NDArray[np.bool_]:
    wanted = condition.value if isinstance(condition.value, tuple) else (_plain(condition.value),)
    if condition.op in ("true", "false"):
        return np.asarray(values == condition.op)
    if condition.op == "has":
        return np.asarray(has_any(values, wanted) == kleene.TRUE)
    inside = np.isin(values, wanted)
    return ~inside if condition.op == "ne" else inside


def _plain(value: str | float | None) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value or "")


def _declares(activities: Sequence[str], facts: Facts) -> Kleene:
    """Return who declares any of some activities, unknown where nothing is declared.

    A roster of enterprises has no such column: a blank there means ordinary production (activities.toml says why).
    """

    def answer() -> Kleene:
        """Return the words' answer, but no of a roster's blank."""
        ordinary = (facts.activity == "") & (facts.kind == str(SubjectKind.ENTERPRISE))
        return np.where(ordinary, kleene.FALSE, has_any(facts.activity, activities)).astype(np.int8)

    return facts.once(("activity", activities), answer)


def _of_type(wanted: Sequence[str], facts: Facts) -> Kleene:
    values = facts.project_type
    return facts.once(("project_type", wanted), lambda: kleene.of(np.isin(values, [str(t) for t in wanted]), values == ""))


def has_any(values: TextArray, wanted: Sequence[str]) -> Kleene:
    """Return where a ';'-separated cell holds any wanted word; unknown where the cell is empty."""
    unique, inverse = np.unique(values.astype(str), return_inverse=True)
    found = [bool(set(cell.split(LIST_SEPARATOR)) & set(wanted)) for cell in unique]
    return kleene.of(np.array(found, dtype=bool)[inverse], values == "")


def _industry(rule: Rule, facts: Facts) -> Kleene:
    answer = _by_industry(rule, facts)
    return answer if rule.or_declared is None else kleene.any_of(answer, _widened(rule.or_declared, facts))


def _by_industry(rule: Rule, facts: Facts) -> Kleene:
    prefixes, flag = rule.industry_prefixes, rule.industry_flag

    def answer() -> Kleene:
        """Return where code and flag both fit."""
        parts = [kleene.constant(True, facts.size)]
        if prefixes:
            parts.append(per_code(facts.industry, lambda code: industry.matches_prefix(code, prefixes)))
        if flag is not None:
            parts.append(_flag(flag, facts))
        return kleene.all_of(*parts)

    return facts.once(("industry", prefixes, flag), answer)


def _widened(condition: Condition, facts: Facts) -> Kleene:
    """Return where what is declared brings a rule to bear whatever the industry; a blank is open where it is asked."""
    holds = condition_holds(condition, facts)
    return np.where(holds == kleene.UNKNOWN, np.minimum(_asked_of(condition.attribute, facts), kleene.UNKNOWN), holds)


def _flag(column: str, facts: Facts) -> Kleene:
    listed = per_code(facts.industry, lambda code: industry.flag(code, column))
    declared = facts.text(column)
    return np.where(declared == "true", kleene.TRUE, np.where(declared == "false", kleene.FALSE, listed)).astype(np.int8)


def per_code(codes: TextArray, answer: Callable[[str], bool | None]) -> Kleene:
    """Return the answer for each industry code, found once a code."""
    unique, inverse = np.unique(codes.astype(str), return_inverse=True)
    values = np.array([kleene.VALUES[answer(str(code))] for code in unique], dtype=np.int8)
    return values[inverse]
