"""What analyses hand to each other: layers of zones, sets of subjects (EPSG:4490)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.data_gaps import Gap
from cdgis.core.errors import CrsError
from cdgis.core.vocabulary import InputRecord, IntakeNote, IntakeStatus
from cdgis.geometry.packed_shapes import PackedShapes
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.given_outline import GivenOutline

Derived = TypeVar("Derived")

ZONE_COLUMNS = ("zone_id", "zone_name", "zone_class")
UNCODED = "无编码-"
"""Before the row of a zone that has no code, in place of one."""

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


_LONLAT, _EXPECTED = 4490, "EPSG:4490（CGCS2000，经度在前）"


def _require_lonlat(frame: GeoDataFrame, source: str) -> None:
    crs = frame.crs
    if crs is None:
        found = "没有写明坐标系"
    elif crs.srs.upper() == f"EPSG:{_LONLAT}" or crs.to_epsg() == _LONLAT:
        return
    else:
        found = f"EPSG:{crs.to_epsg()}（{crs.name}）" if crs.to_epsg() else crs.name
    raise CrsError(source, found=found, expected=_EXPECTED, remedy="请先用 to_crs(4490) 转换，没有坐标系的先用 set_crs 写明")


class Prepared(Protocol):
    """What was kept of a layer when it was read before."""

    @property
    def zones(self) -> GeoDataFrame | None:
        """The zones it stands for, in EPSG:4490; they were checked when it was made."""

    def planes(self, zones: GeoDataFrame, make: Callable[[], tuple[PackedShapes, PackedShapes]]) -> tuple[PackedShapes, PackedShapes]:
        """Return the zones on both planes: as kept, or as `make` lays them out."""


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
    prepared: Prepared | None = field(default=None, repr=False)
    """Where the zones, and what is made of them, are kept on disk; stays in this process."""
    _derived: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse zones that are not in EPSG:4490."""
        if self.prepared is None or self.prepared.zones is not self.zones:
            _require_lonlat(self.zones, f"图层 {self.spec.id}")

    def __getstate__(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in _LAYER_FIELDS)

    def __setstate__(self, state: tuple[object, ...]) -> None:
        for name, value in zip((*_LAYER_FIELDS, "prepared", "_derived"), (*state, None, {}), strict=True):
            object.__setattr__(self, name, value)

    def derived(self, name: str, make: "Callable[[Layer], Derived]") -> Derived:
        """Return what `make` derives from the layer, kept under `name` until `close`.

        Threads that ask at once may each make it; all are given one.
        """
        kept: Derived | None = self._derived.get(name)
        return kept if kept is not None else self._derived.setdefault(name, make(self))

    def close(self) -> None:
        """Let go of all that was derived."""
        self._derived.clear()

    @property
    def quarantined(self) -> int:
        """Zones of the file that could not be used and are not in `zones`; each has its line in `notes`.

        When there are any the layer is incomplete: it proves no absence, so its unhit rules are unknown (DESIGN 4.5).
        """
        return sum(note.status is IntakeStatus.QUARANTINED for note in self.notes)


_LAYER_FIELDS = ("spec", "zones", "record", "notes", "unknown_classes")
"""What travels to other processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """Project sites and enterprises, read and repaired."""

    frame: GeoDataFrame
    """SUBJECT_COLUMNS + geometry (point, line, polygon or multi of one kind), EPSG:4490, x = longitude; texts of batches may be categoricals."""
    attributes: pd.DataFrame
    """Long table subject_id, attribute, value, unit; values are text: true/false, plain decimal numbers, or words.
    A missing value has no row."""
    intake: Sequence[IntakeNote] = ()
    records: tuple[InputRecord, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """What could not be read beside the files of the subjects."""
    given: Mapping[str, GivenOutline] = field(default_factory=dict)
    """subject_id -> its outline as handed in; what was made, not read, or read as one of a batch, has none."""

    def __post_init__(self) -> None:
        """Refuse places that are not in EPSG:4490."""
        _require_lonlat(self.frame, "项目与企业")

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
