"""What the overlay measured: overlaps and distances as tables for the report and arrays for the judge."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import Relation, Scope
from cdgis.results.tables.validation import framed


class Nearest:
    """The nearest zone of one scope for every subject; NaN and "" where the scope has no zone.

    Measured when asked for: hundreds of scopes name one unit each, and of most of them all that matters is that they
    are far.
    """

    def __init__(
        self,
        at_least_m: Callable[[], FloatArray],
        find: Callable[[IntArray], tuple[FloatArray, TextArray]],
        *,
        at_least_of: Callable[[IntArray], FloatArray] | None = None,
        is_known: bool = False,
    ) -> None:
        """Take what can be told beforehand, and how to learn the rest.

        Parameters
        ----------
        at_least_m : says what no subject is nearer than, geodesic metres; NaN where the scope has no zone.
        find : positions of subjects -> distance in metres and zone id of each.
        at_least_of : says the same as `at_least_m` of some subjects alone, where that is cheaper.
        is_known : what is told beforehand are the distances themselves.
        """
        self._least, self._least_of = at_least_m, at_least_of
        self._find = find
        self.is_known = is_known

    @classmethod
    def known(cls, distance_m: FloatArray, zone_id: TextArray) -> "Nearest":
        """Return what has been measured already."""
        return cls(lambda: distance_m, lambda at: (distance_m[at], zone_id[at]), is_known=True)

    @classmethod
    def nowhere(cls, size: int) -> "Nearest":
        """Return what holds of a scope without any zone."""
        return cls.known(np.full(size, np.nan), np.full(size, "", dtype=object))

    @cached_property
    def at_least_m(self) -> FloatArray:
        """What no subject is nearer than; far cheaper to tell than the distance."""
        return self._least()

    def at_least_of(self, positions: IntArray) -> FloatArray:
        """Return what some subjects are no nearer than."""
        if self._least_of is None or "at_least_m" in self.__dict__:
            return self.at_least_m[positions]
        return self._least_of(positions)

    @cached_property
    def _whole(self) -> tuple[FloatArray, TextArray]:
        return self._find(np.arange(len(self.at_least_m)))

    @property
    def distance_m(self) -> FloatArray:
        """Geodesic, to the zone's outline; 0 where they touch, cross, or one holds the other."""
        return self._whole[0]

    @property
    def zone_id(self) -> TextArray:
        """Which zone it is."""
        return self._whole[1]

    def distance_of(self, positions: IntArray) -> FloatArray:
        """Return the distance of some subjects alone."""
        return self._find(positions)[0]

    def of(self, positions: IntArray) -> tuple[FloatArray, TextArray]:
        """Return distance and zone of some subjects alone."""
        return self._find(positions)

    def off(self, threshold_m: FloatArray) -> "Nearest":
        """Return the same with how far it is from lying just `threshold_m` away, nearer or farther, for a distance."""
        def find(at: IntArray) -> tuple[FloatArray, TextArray]:
            """Return distance from the threshold, and the zone."""
            distance, zone = self._find(at)
            return np.abs(distance - threshold_m[at]), zone

        return Nearest(
            lambda: np.maximum(0.0, self.at_least_m - threshold_m), find,
            at_least_of=lambda at: np.maximum(0.0, self.at_least_of(at) - threshold_m[at]),
        )  # fmt: skip

    def at(self, positions: IntArray) -> "Nearest":
        """Return the same for the subjects that lie where those at `positions` do."""
        return Nearest(
            lambda: self.at_least_m[positions], lambda at: self._find(positions[at]),
            at_least_of=lambda at: self.at_least_of(positions[at]), is_known=self.is_known,
        )  # fmt: skip


class _NearestAt(Mapping[Scope, Nearest]):
    """What is nearest to some of the subjects, made when somebody asks: a thousand rules name hundreds of scopes."""

    def __init__(self, whole: Mapping[Scope, Nearest], positions: IntArray) -> None:
        self._whole, self._positions, self._kept = whole, positions, dict[Scope, Nearest]()

    def __getitem__(self, scope: Scope) -> Nearest:
        if scope not in self._kept:
            self._kept[scope] = self._whole[scope].at(self._positions)
        return self._kept[scope]

    def __iter__(self) -> Iterator[Scope]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)


class Numbers:
    """One number a row, found when somebody asks for it and then known."""

    def __init__(
        self,
        count: int,
        find: Callable[[IntArray], FloatArray],
        beneath: "Callable[[IntArray], tuple[Numbers, IntArray]] | None" = None,
    ) -> None:
        """Take how many there are, and what finds those at some positions, none of them named twice.

        `beneath` says which numbers of which others those at some positions are found from.
        """
        self._number, self._known, self._find = np.zeros(count), np.zeros(count, dtype=bool), find
        self._beneath = beneath

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._number)

    def __getitem__(self, at: IntArray) -> FloatArray:
        """Return the numbers at these positions."""
        new = at[~self._known[at]]
        if len(new):
            new = new if (new[1:] > new[:-1]).all() else np.unique(new)
            self._number[new] = self._find(new)
            self._known[new] = True
        return np.asarray(self._number[at])

    @staticmethod
    def found_together(asked: "Iterable[tuple[FloatArray | Numbers, IntArray]]") -> None:
        """Find what the numbers at these positions rest on all at once; each then finds its own known."""
        beneath: dict[int, tuple[Numbers, list[IntArray]]] = {}
        for numbers, at in asked:
            if isinstance(numbers, Numbers) and numbers._beneath is not None:
                source, there = numbers._beneath(at[~numbers._known[at]])
                beneath.setdefault(id(source), (source, []))[1].append(there)
        for source, places in beneath.values():
            source[np.concatenate(places)]

    @classmethod
    def joined(cls, parts: "Sequence[Numbers]") -> "Numbers":
        """Return the numbers of all parts, one after the other."""
        ends = np.cumsum([len(part) for part in parts])

        def find(at: IntArray) -> FloatArray:
            """Return what each part says of its own; positions are in order."""
            by_part = np.split(at, np.searchsorted(at, ends))
            starts = np.r_[0, ends[:-1]]
            asked = [(part, own - start) for part, own, start in zip(parts, by_part, starts, strict=False) if len(own)]
            return np.concatenate([np.empty(0), *(part[own] for part, own in asked)])

        return cls(int(ends[-1]) if len(parts) else 0, find)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What the overlay found: tables for the report, and arrays (one value a subject) for the judge."""

    subject_ids: npt.NDArray[np.object_]
    overlaps: pd.DataFrame
    """Table `overlaps`."""
    clear: pd.DataFrame
    """Table `clear`."""
    ledger: pd.DataFrame
    """Table `ledger`."""
    hits_found: pd.DataFrame
    """subject (position), layer, zone (position there), zone_id, zone_class and number: the overlaps that count."""
    depths: Numbers
    """How deep each lies, metres, by its number; few verdicts rest on it."""
    nearest: Mapping[Scope, Nearest]
    uncovered: Mapping[str, npt.NDArray[np.bool_]]
    """Layer -> which subjects lie outside its coverage by more than the tolerance of DESIGN 4.5."""
    slivers: Mapping[str, npt.NDArray[np.bool_]]
    """Layer -> which subjects have a sliver overlap with it."""

    @property
    def hits(self) -> pd.DataFrame:
        """The overlaps that count, each with its depth_m."""
        found = self.hits_found
        return found.drop(columns=["number", "zone"], errors="ignore").assign(depth_m=self.depths[found["number"].to_numpy(dtype=np.int64)])

    def only(self, positions: IntArray) -> "Measurement":
        """Return what is hit and covered of some subjects, their positions in order, as if there were no others."""
        place = np.full(len(self.subject_ids), -1)
        place[positions] = np.arange(len(positions))
        subject = place[self.hits_found["subject"].to_numpy(dtype=np.int64)]
        rows = np.flatnonzero(subject >= 0)
        hits = {str(name): self.hits_found[name].to_numpy()[rows] for name in self.hits_found.columns}
        return replace(
            self, subject_ids=self.subject_ids[positions], overlaps=self.overlaps.iloc[:0], nearest={}, slivers={},
            hits_found=framed(hits | {"subject": subject[rows]}), uncovered={layer: flag[positions] for layer, flag in self.uncovered.items()},
        )  # fmt: skip

    def at(self, positions: npt.NDArray[np.int64], subject_ids: npt.NDArray[np.object_]) -> "Measurement":
        """Return what the judge needs of subjects named `subject_ids` that lie where those at `positions` do.

        Of the tables only the slivers among the overlaps, which it names.
        """
        copies = pd.DataFrame({"subject": positions, "copy": np.arange(len(positions))})
        hits = self.hits_found.merge(copies, on="subject").drop(columns="subject").rename(columns={"copy": "subject"})
        return Measurement(
            subject_ids=subject_ids,
            overlaps=self._slivers_at(copies, subject_ids), clear=self.clear.iloc[:0], ledger=self.ledger.iloc[:0],
            hits_found=hits.sort_values(["subject", "layer", "zone_id"], kind="stable", ignore_index=True), depths=self.depths,
            nearest=_NearestAt(self.nearest, positions),
            uncovered={layer: flag[positions] for layer, flag in self.uncovered.items()},
            slivers={layer: flag[positions] for layer, flag in self.slivers.items()},
        )  # fmt: skip

    def _slivers_at(self, copies: pd.DataFrame, subject_ids: npt.NDArray[np.object_]) -> pd.DataFrame:
        slivers = self.overlaps[self.overlaps["relation"] == str(Relation.SLIVER)]
        if not len(slivers):
            return slivers
        place = pd.Index(self.subject_ids).get_indexer(pd.Index(slivers["subject_id"]))
        there = slivers.assign(subject=place).merge(copies, on="subject")
        return there.assign(subject_id=subject_ids[there["copy"]]).drop(columns=["subject", "copy"])
