"""Table `findings`, by numbers: what each rule says of each subject, every text made once however often it stands there.

A hundred findings a subject differ in few words: a column is the number of each row's text, and the texts. Of subjects of
whom all rules say the same, it is put in words once. The rows come in the table's order, because rules and subjects are put in
order before they are multiplied.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import BoolArray, IntArray, TextArray
from cdgis.core.errors import SchemaError
from cdgis.core.vocabulary import LIST_SEPARATOR, State
from cdgis.judging.kleene import FALSE, TRUE, UNKNOWN, Kleene
from cdgis.judging.rule_outcomes import STATES
from cdgis.judging.rule_plan import Rulings
from cdgis.results.packed_parquet import Alike
from cdgis.results.tables.validation import Cells, empty, validate
from cdgis.rules import Rule

Codes = npt.NDArray[np.int32]
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

    def __init__(self, first: Iterable[str] = ()) -> None:
        self._number: dict[str, int] = {}
        self.numbers(first)

    def numbers(self, texts: Iterable[str]) -> Codes:
        """Return the number of each text."""
        return np.array([self._number.setdefault(text, len(self._number)) for text in texts], dtype=np.int32)

    @property
    def all(self) -> list[str]:
        """The texts by their numbers."""
        return [*self._number]

    def cells(self, codes: Codes) -> pd.Categorical:
        """Return a column: what `codes` say; texts are numbered anew as they first occur."""
        used = pd.unique(codes)
        kind = next(kind for kind in (np.int8, np.int16, np.int32) if len(used) <= np.iinfo(kind).max)
        number: npt.NDArray[np.signedinteger[Any]] = np.zeros(len(self._number), dtype=kind)
        number[used] = np.arange(len(used), dtype=kind)
        return pd.Categorical.from_codes(number[codes], pd.Index(np.array(self.all, dtype=object)[used], dtype=object), validate=False)


class Findings:
    """The findings on subjects judged block by block; of each kind of subject they are said once."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self._texts = {name: _Texts() for name in (*_PER_RULE, *_PER_ROW)}
        self._texts |= {"state": _Texts(_WORDS), "zone_id": _Texts([""])}
        self._codes: dict[str, list[Codes]] = {name: [] for name in self._texts}
        self._flags: list[npt.NDArray[np.bool_]] = []
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
        first, which = _spoken_of_alike(found, order, subject_of)
        kind, place = np.nonzero(listed[np.ix_(order, first)].T)
        self._say(found, order, place, first[kind])
        self._codes["subject_id"].append(self._texts["subject_id"].numbers(ids[first])[kind])
        self._subjects.append(np.asarray(ids[subject_of], dtype=object))
        self._kinds.append(which + sum(map(len, self._sizes)))
        self._sizes.append(np.bincount(kind, minlength=len(first)))

    def _say(self, found: Rulings, order: IntArray, place: IntArray, subject: IntArray) -> None:
        """Put into words what rules, `place` in `order`, say of subjects."""
        row = order[place]
        for name, text_of in _PER_RULE.items():
            self._codes[name].append(self._texts[name].numbers(text_of(found.rules[number]) for number in order.tolist())[place])
        self._flags.append(np.array([found.rules[number].needs_review for number in order.tolist()], dtype=bool)[place])
        value, geometry = found.value[row, subject], found.geometry[row, subject]
        self._codes["state"].append(np.where(found.manual[row] & (value != FALSE), np.int32(len(STATES)), value.astype(np.int32)))
        self._codes["zone_id"].append(self._zones(found, row, subject, geometry))
        self._codes["missing_attribute"].append(self._missing(found, row, subject, (value, geometry)))

    def _zones(self, found: Rulings, row: IntArray, subject: IntArray, geometry: Kleene) -> Codes:
        """Return the zones each row names; a place names none where nothing is hit or near."""
        codes = np.zeros(len(row), dtype=np.int32)
        named = np.flatnonzero((found.columns["zoned"][row] & (geometry == TRUE)) | found.is_own(row))
        for number, at in _by_ruling(row, named):
            which, texts = pd.factorize(found.zones_of(number)[subject[at]])
            codes[at] = self._texts["zone_id"].numbers(texts)[which]
        return codes

    def _missing(self, found: Rulings, row: IntArray, subject: IntArray, said: tuple[Kleene, Kleene]) -> Codes:
        """Return what each undecided subject would have to supply, as a list cell."""
        value, geometry = said
        codes = np.full(len(row), self._texts["missing_attribute"].numbers([""])[0], dtype=np.int32)
        open_ = np.flatnonzero(value == UNKNOWN)
        facts, fact = _open_facts(found, row[open_], subject[open_])
        words, word = _lacking(found, row[open_], subject[open_], geometry[open_] == UNKNOWN)
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

    def alike(self) -> Alike:
        """Return all that was found as table findings, validated as the rows of one subject of each kind.

        Raises
        ------
        SchemaError : a value lies outside its domain, or subjects bear one number.
        """
        if not self._subjects:
            nobody = np.empty(0, dtype=np.int64)
            return Alike(rows=empty("findings"), sizes=nobody, subjects=nobody.astype(object), kinds=nobody)
        subjects = np.concatenate(self._subjects)
        if not (subjects[1:] > subjects[:-1]).all():
            raise SchemaError("findings", ("subject_id：编号应各不相同并依次排列",))
        rows = validate("findings", self._cells(), packed=True)
        return Alike(rows=rows, sizes=np.concatenate(self._sizes), subjects=subjects, kinds=np.concatenate(self._kinds))

    def _cells(self) -> Cells:
        """Return the rows of one subject of each kind."""
        cells: Cells = {name: texts.cells(np.concatenate(self._codes[name])) for name, texts in self._texts.items()}
        return {**cells, "needs_review": np.concatenate(self._flags)}


def _spoken_of_alike(found: Rulings, order: IntArray, subjects: IntArray) -> tuple[IntArray, IntArray]:
    """Return the first of the subjects of each kind of whom the rules in `order` say the same, and of which kind each is."""
    if not len(order):
        return subjects[:1], np.zeros(len(subjects), dtype=np.int64)
    parts = [found.value[order], found.geometry[order], *_words_by_number(found, order)]
    cells = [np.ascontiguousarray(np.atleast_2d(part)[:, subjects].T) for part in parts]
    text = np.hstack([cell.view(np.int8) for cell in cells]).tobytes()
    width = len(text) // len(subjects)
    kinds: dict[bytes, int] = {}
    which = np.array([kinds.setdefault(text[at : at + width], len(kinds)) for at in range(0, len(text), width)], dtype=np.int64)
    return subjects[np.unique(which, return_index=True)[1]], which


def _words_by_number(found: Rulings, order: IntArray) -> Iterator[npt.NDArray[Any]]:
    """Yield what else is said of each subject by its number: zones named, what is lacking, what is open."""
    seen: dict[int, object] = {}  # several rules share an array, which is looked at once; kept, so that no other takes its name

    def is_new(words: object) -> bool:
        """Return whether an array comes for the first time."""
        return id(words) not in seen and seen.setdefault(id(words), words) is words

    for number, own in zip(order.tolist(), found.is_own(order).tolist(), strict=True):
        named = own | ((found.geometry[number] == TRUE) & found.columns["zoned"][number])
        if named.any() and is_new(names := found.zones_of(number)):
            code = np.zeros(len(names), dtype=np.int32)
            code[named] = pd.factorize(names[named])[0] + 1  # of nobody else are they said
            yield code
        if (found.geometry[number] == UNKNOWN).any():
            lacking = found.lacking_of(number).code
            if is_new(lacking) and lacking.any():
                yield lacking
        if (found.value[number] == UNKNOWN).any():
            words, which = found.open_facts(number)
            if is_new(which):
                yield which.astype(np.int32) if len(words) < len(which) else pd.factorize(words[which])[0].astype(np.int32)


def _distinct(values: IntArray) -> tuple[IntArray, IntArray]:
    """Return distinct small numbers and which of them stands in each row."""
    there = np.zeros(int(values.max(initial=-1)) + 1, dtype=bool)
    there[values] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[values]


def _lacking(found: Rulings, row: IntArray, subject: IntArray, blind: BoolArray) -> tuple[list[str], IntArray]:
    """Return texts, and which of them says what is missing where geometry is unknown; the first is empty."""
    texts, which = _Texts([""]), np.zeros(len(row), dtype=np.int64)
    for number, at in _by_ruling(row, np.flatnonzero(blind)):
        lacking = found.lacking_of(number)
        which[at] = texts.numbers(lacking.texts)[lacking.code[subject[at]]]
    return texts.all, which


def _open_facts(found: Rulings, row: IntArray, subject: IntArray) -> tuple[list[str], IntArray]:
    """Return texts, and which of them says what is missing but for geometry."""
    texts, which = _Texts(), np.zeros(len(row), dtype=np.int64)
    for number, at in _by_ruling(row, np.arange(len(row))):
        words, said = found.open_facts(number)
        which[at] = texts.numbers(words.tolist())[said[subject[at]]]
    return texts.all, which


def _by_ruling(row: IntArray, at: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Yield each ruling with the positions among `at` where `row` names it."""
    few = row.max(initial=0) <= np.iinfo(np.uint16).max  # two bytes are sorted digit by digit
    order = at[np.argsort(row[at].astype(np.uint16) if few else row[at], kind="stable")]
    ruling, start = np.unique(row[order], return_index=True)
    for number, (first, end) in zip(ruling.tolist(), pairwise([*start.tolist(), len(order)]), strict=True):
        yield number, order[first:end]
