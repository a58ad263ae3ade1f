"""Table `findings`, by numbers: what each rule says of each subject, every text made once however often it stands there.

A hundred findings a subject differ in few words: a column is the number of each row's text, and the texts. What is said of a
kind of subjects is put in words once, what stands beside a rule is looked up by the rule's number. The rows come in the
table's order, because rules and subjects are put in order before they are multiplied.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import BoolArray, IntArray, TextArray
from cdgis.core.errors import SchemaError
from cdgis.core.vocabulary import LIST_SEPARATOR, State
from cdgis.judging.hits import in_order
from cdgis.judging.kleene import FALSE, UNKNOWN, Kleene
from cdgis.judging.rule_outcomes import STATES
from cdgis.judging.rule_plan import RulePlan
from cdgis.judging.rulings import Rulings
from cdgis.results.packed_parquet import RowsByKind
from cdgis.results.tables.validation import Cells, empty, validate
from cdgis.rules import Rule

Codes = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.signedinteger[Any]]
_PER_RULE: dict[str, Callable[[Rule], str]] = {
    "rule_id": lambda rule: rule.id,
    "level": lambda rule: str(rule.level),
    "layer": lambda rule: rule.layer,
    "effect": lambda rule: str(rule.effect),
    "dimension": lambda rule: str(rule.dimension),
    "clause": lambda rule: rule.clause,
    "basis": lambda rule: rule.basis_text,
    "effective_from": lambda rule: rule.start_text,
    "effective_to": lambda rule: rule.effective_to.isoformat() if rule.effective_to else "",
    "plan_measure": lambda rule: rule.plan_measure,
    "mark": lambda rule: str(rule.mark),
}
"""Columns of a finding that say the same for every subject."""
_PER_ROW = ("subject_id", "zone_id", "state", "missing_attribute")
_WORDS = (*map(str, STATES), str(State.MANUAL))
"""State by Kleene value; last, of what only a person can decide."""


class _Texts:
    """The distinct texts of a column, numbered as they came."""

    def __init__(self, first: Mapping[str, int] | None = None) -> None:
        self._number = dict(first or {})

    def numbers(self, texts: Iterable[str]) -> Codes:
        """Return the number of each text."""
        return np.array([self._number.setdefault(text, len(self._number)) for text in texts], dtype=np.int32)

    @property
    def all(self) -> list[str]:
        """The texts by their numbers."""
        return [*self._number]

    def cells(self, codes: Codes, rows: tuple[Codes, Codes] | None = None) -> pd.Categorical:
        """Return a column: what `codes` say, or of each of some rows, those that differ as they first stand beside them.

        Texts are numbered anew as they first occur.
        """
        used = pd.unique(codes if rows is None else codes[rows[1]])
        kind = next(kind for kind in (np.int8, np.int16, np.int32) if len(used) <= np.iinfo(kind).max)
        number: Numbers = np.zeros(len(self._number), dtype=kind)
        number[used] = np.arange(len(used), dtype=kind)
        cells, texts = number[codes], np.array(self.all, dtype=object)[used]
        return pd.Categorical.from_codes(cells if rows is None else cells[rows[0]], pd.Index(texts, dtype=object), validate=False)


class _Rules:
    """The rules found to say something, each by its number: in the plan, the judge's own after those."""

    def __init__(self, plan: RulePlan) -> None:
        self._plan = plan
        self._own: dict[tuple[str, str], Rule] = {}

    def numbers(self, found: Rulings, rows: IntArray) -> Codes:
        """Return the number of each rule, given its row; the judge's own are the same where they name the same layer."""
        count = len(self._plan.rules)
        own = [found.rules[row] for row in rows[rows >= count].tolist()]
        for rule in own:
            self._own.setdefault((rule.id, rule.layer), rule)
        place = {key: count + at for at, key in enumerate(self._own)}
        numbers = rows.astype(np.int32)
        numbers[rows >= count] = [place[rule.id, rule.layer] for rule in own]
        return numbers

    def columns(self, row: Codes) -> dict[str, Any]:
        """Return what stands beside the rule of each row."""
        rules, used = (*self._plan.rules, *self._own.values()), pd.unique(row)
        found: dict[str, Any] = {"needs_review": np.array([rule.needs_review for rule in rules], dtype=bool)[row]}
        for name, text_of in _PER_RULE.items():
            said, codes = self._plan.told(name, text_of)
            texts = _Texts(said)
            found[name] = texts.cells(np.concatenate([codes, texts.numbers(map(text_of, self._own.values()))]), (row, used))
        return found


class Findings:
    """The findings on subjects judged block by block; of each kind of subject they are said once."""

    def __init__(self, plan: RulePlan) -> None:
        """Begin with nothing found by the rules of a plan."""
        self._rules, words = _Rules(plan), {word: number for number, word in enumerate(_WORDS)}
        self._texts = {name: _Texts() for name in _PER_ROW} | {"state": _Texts(words)}
        self._codes: dict[str, list[Codes]] = {name: [] for name in (*_PER_ROW, "rule")}
        self._subjects: list[TextArray] = []
        self._kinds: list[IntArray] = []
        self._sizes: list[IntArray] = []

    def add(self, found: Rulings, ids: TextArray) -> None:
        """Take what all rules say of a block of subjects named `ids`."""
        listed = found.listed()
        used = np.flatnonzero(listed.any(axis=1))
        # the part of a rule that a person decides stands before it: that one names no zone
        rule_of = [(found.rules[number].id, found.rules[number].layer, not found.manual[number]) for number in used.tolist()]
        order = used[sorted(range(len(used)), key=rule_of.__getitem__)]
        subject_of = np.argsort(ids, kind="stable")
        kinds, which = _as_they_come(found.kinds.which[subject_of])
        first = subject_of[np.unique(which, return_index=True)[1]]
        kind, place = np.nonzero(listed[np.ix_(order, kinds)].T)
        self._say(found, order, place, kinds[kind])
        self._codes["subject_id"].append(self._texts["subject_id"].numbers(ids[first])[kind])
        self._subjects.append(np.asarray(ids[subject_of], dtype=object))
        self._kinds.append(which + sum(map(len, self._sizes)))
        self._sizes.append(np.bincount(kind, minlength=len(kinds)))

    def _say(self, found: Rulings, order: IntArray, place: IntArray, kind: IntArray) -> None:
        """Put into words what rules, `place` in `order`, say of kinds of subjects."""
        row = order[place]
        self._codes["rule"].append(self._rules.numbers(found, order)[place])
        value, geometry = found.value[row, kind], found.geometry[row, kind]
        self._codes["state"].append(np.where(found.manual[row] & (value != FALSE), np.int32(len(STATES)), value.astype(np.int32)))
        self._codes["zone_id"].append(self._texts["zone_id"].numbers(found.zones.texts)[found.zones.codes[found.looking[row], kind]])
        self._codes["missing_attribute"].append(self._missing(found, row, kind, (value, geometry)))

    def _missing(self, found: Rulings, row: IntArray, kind: IntArray, said: tuple[Kleene, Kleene]) -> Codes:
        """Return what each undecided kind would have to supply, as a list cell."""
        value, geometry = said
        codes = np.full(len(row), self._texts["missing_attribute"].numbers([""])[0], dtype=np.int32)
        open_ = np.flatnonzero(value == UNKNOWN)
        facts, fact = _open_facts(found, row[open_], kind[open_])
        words, word = _lacking(found, row[open_], kind[open_], geometry[open_] == UNKNOWN)
        pairs, which = _distinct(fact * len(words) + word)
        texts = [f"{facts[one // len(words)]} {words[one % len(words)]}".strip() for one in pairs.tolist()]
        numbers = self._texts["missing_attribute"].numbers(text.replace(" ", LIST_SEPARATOR) for text in texts)
        codes[open_] = numbers[which]
        return codes

    def table(self) -> pd.DataFrame:
        """Return all that was found as table findings."""
        if not self._subjects:
            return empty("findings")
        size, kinds = np.concatenate(self._sizes), np.concatenate(self._kinds)
        start, size = (np.cumsum(size) - size)[kinds], size[kinds]
        rows = np.arange(size.sum()) + np.repeat(start - np.cumsum(size) + size, size)
        whole = {name: cells[rows] for name, cells in self._cells().items()}
        return validate("findings", {**whole, "subject_id": np.repeat(np.concatenate(self._subjects), size)})

    def alike(self) -> RowsByKind:
        """Return all that was found as table findings, validated as the rows of one subject of each kind.

        Raises
        ------
        SchemaError : a value lies outside its domain, or subjects bear one number.
        """
        if not self._subjects:
            nobody = np.empty(0, dtype=np.int64)
            return RowsByKind(rows=empty("findings"), sizes=nobody, subjects=nobody.astype(object), kinds=nobody)
        subjects = np.concatenate(self._subjects)
        if not (subjects[1:] > subjects[:-1]).all():
            raise SchemaError("findings", ("subject_id：编号应各不相同并依次排列",))
        rows = validate("findings", self._cells(), packed=True)
        return RowsByKind(rows=rows, sizes=np.concatenate(self._sizes), subjects=subjects, kinds=np.concatenate(self._kinds))

    def _cells(self) -> Cells:
        """Return the rows of one subject of each kind."""
        cells: Cells = {name: texts.cells(np.concatenate(self._codes[name])) for name, texts in self._texts.items()}
        return {**cells, **self._rules.columns(np.concatenate(self._codes["rule"]))}


def _as_they_come(values: IntArray) -> tuple[IntArray, IntArray]:
    """Return distinct numbers from 0 up in the order in which they come, and which of them stands in each row."""
    distinct = pd.unique(values)
    place = np.zeros(int(values.max(initial=-1)) + 1, dtype=np.int64)
    place[distinct] = np.arange(len(distinct))
    return distinct, place[values]


def _distinct(values: IntArray) -> tuple[IntArray, IntArray]:
    """Return distinct small numbers and which of them stands in each row."""
    there = np.zeros(int(values.max(initial=-1)) + 1, dtype=bool)
    there[values] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[values]


def _lacking(found: Rulings, row: IntArray, kind: IntArray, blind: BoolArray) -> tuple[list[str], IntArray]:
    """Return texts, and which of them says what is missing where geometry is unknown; the first is empty."""
    texts, which = _Texts({"": 0}), np.zeros(len(row), dtype=np.int64)
    for place, at in _by_number(found.looking[row], np.flatnonzero(blind)):
        lacking = found.lacking_at(place)
        which[at] = texts.numbers(lacking.texts)[lacking.code[kind[at]]]
    return texts.all, which


def _open_facts(found: Rulings, row: IntArray, kind: IntArray) -> tuple[list[str], IntArray]:
    """Return texts, and which of them says what is missing but for geometry."""
    texts, which = _Texts(), np.zeros(len(row), dtype=np.int64)
    for bearer, at in _by_number(found.bearing[row], np.arange(len(row))):
        words, said = found.open_facts(bearer)
        which[at] = texts.numbers(words.tolist())[said[kind[at]]]
    return texts.all, which


def _by_number(values: IntArray, at: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Yield each number with the positions among `at` where `values` holds it."""
    order = at[in_order(values[at])]
    number, start = np.unique(values[order], return_index=True)
    for one, (first, end) in zip(number.tolist(), pairwise([*start.tolist(), len(order)]), strict=True):
        yield one, order[first:end]
