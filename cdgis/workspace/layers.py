"""What analyses hand to each other: layers of zones, sets of subjects (EPSG:4490)."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from geopandas import GeoDataFrame

from cdgis.core.vocabulary import InputRecord, IntakeNote, IntakeStatus
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
