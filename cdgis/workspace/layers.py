"""What analyses hand to each other: layers of zones, sets of subjects (EPSG:4490), and how they overlap."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.array_types import FloatArray, IntArray, TextArray
from cdgis.core.vocabulary import InputRecord, IntakeNote, IntakeStatus, Scope
from cdgis.workspace.catalog import LayerSpec

ZONE_COLUMNS = ("zone_id", "zone_name", "zone_class")

SUBJECT_COLUMNS = (
    "subject_id",
    "name",
    "kind",
    "industry",
    "project_type",
    "activity",
    "accuracy_m",
    "source_file",
    "source_row",
    "notes",
)
"""Columns readers deliver; text columns are str ("" when missing), accuracy_m is float. The rest of
subjects.csv (area, centre, county, basin, unit) is measured later."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One zone layer, read and repaired; two are equal only if they are one, so that what is derived can be kept."""

    spec: LayerSpec
    zones: GeoDataFrame
    """zone_id, zone_name, zone_class (str), declared extras, valid geometry; EPSG:4490, x = longitude."""
    record: InputRecord
    notes: tuple[IntakeNote, ...] = ()
    """Repairs made while reading."""
    unknown_classes: frozenset[str] = frozenset()
    """Classes of its zones that no rule can place: a subject in such a zone may fall under any rule of the layer."""

    @property
    def quarantined(self) -> int:
        """Zones of the file that could not be used and are not in `zones`; each has its line in `notes`.

        When there are any the layer is incomplete: it proves no absence, so its unhit rules are unknown (DESIGN 4.5).
        """
        return sum(note.status is IntakeStatus.QUARANTINED for note in self.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """Project sites and enterprises, read and repaired."""

    frame: GeoDataFrame
    """SUBJECT_COLUMNS + geometry (point, line, polygon or multi of one kind), EPSG:4490, x = longitude."""
    attributes: pd.DataFrame
    """Long table subject_id, attribute, value, unit; values are text: true/false, plain decimal numbers, or words.
    A missing value has no row."""
    intake: tuple[IntakeNote, ...] = ()
    records: tuple[InputRecord, ...] = ()

    @classmethod
    def none(cls) -> "Subjects":
        """Return no subjects."""
        columns = {name: pd.Series([], dtype=object) for name in SUBJECT_COLUMNS}
        columns["accuracy_m"] = pd.Series([], dtype=float)
        frame = GeoDataFrame(columns, geometry=[], crs="EPSG:4490")
        return cls(frame=frame, attributes=pd.DataFrame(columns=["subject_id", "attribute", "value", "unit"]))

    def attribute_map(self) -> dict[str, dict[str, str]]:
        """Return {subject_id: {attribute: value}}."""
        maps: dict[str, dict[str, str]] = {str(s): {} for s in self.frame["subject_id"]}
        for row in self.attributes.itertuples(index=False):
            maps[str(row.subject_id)][str(row.attribute)] = str(row.value)
        return maps


Layers = Mapping[str, Layer]
"""Layer id -> layer, in catalogue order."""


class Nearest:
    """The nearest zone of one scope for every subject; NaN and "" where the scope has no zone.

    Measured when asked for: hundreds of scopes name one unit each, and of most of them all that matters is that they
    are far.
    """

    def __init__(self, at_least_m: FloatArray, find: Callable[[IntArray], tuple[FloatArray, TextArray]]) -> None:
        """Take what is known beforehand, and how to learn the rest.

        Parameters
        ----------
        at_least_m : no subject is nearer than this, geodesic metres; NaN where the scope has no zone.
        find : positions of subjects -> distance in metres and zone id of each.
        """
        self.at_least_m = at_least_m
        self._find = find

    @classmethod
    def known(cls, distance_m: FloatArray, zone_id: TextArray) -> "Nearest":
        """Return what has been measured already."""
        return cls(distance_m, lambda at: (distance_m[at], zone_id[at]))

    @classmethod
    def nowhere(cls, size: int) -> "Nearest":
        """Return what holds of a scope without any zone."""
        return cls.known(np.full(size, np.nan), np.full(size, "", dtype=object))

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

    def at(self, positions: IntArray) -> "Nearest":
        """Return the same for the subjects that lie where those at `positions` do."""
        return Nearest(self.at_least_m[positions], lambda at: self._find(positions[at]))


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
    hits: pd.DataFrame
    """subject (position), layer, zone_id, zone_class, depth_m: the overlaps that count."""
    nearest: Mapping[Scope, Nearest]
    uncovered: Mapping[str, npt.NDArray[np.bool_]]
    """Layer -> which subjects lie outside its coverage by more than the tolerance of DESIGN 4.5."""
    slivers: Mapping[str, npt.NDArray[np.bool_]]
    """Layer -> which subjects have a sliver overlap with it."""

    def at(self, positions: npt.NDArray[np.int64], subject_ids: npt.NDArray[np.object_]) -> "Measurement":
        """Return what the judge needs of subjects named `subject_ids` that lie where those at `positions` do; no tables."""
        copies = pd.DataFrame({"subject": positions, "copy": np.arange(len(positions))})
        hits = self.hits.merge(copies, on="subject").drop(columns="subject").rename(columns={"copy": "subject"})
        return Measurement(
            subject_ids=subject_ids,
            overlaps=self.overlaps.iloc[:0], clear=self.clear.iloc[:0], ledger=self.ledger.iloc[:0],
            hits=hits.sort_values(["subject", "layer", "zone_id"], kind="stable", ignore_index=True),
            nearest={scope: near.at(positions) for scope, near in self.nearest.items()},
            uncovered={layer: flag[positions] for layer, flag in self.uncovered.items()},
            slivers={layer: flag[positions] for layer, flag in self.slivers.items()},
        )  # fmt: skip
