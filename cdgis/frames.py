"""The two things every analysis works on: a layer of zones and a set of subjects, both in EPSG:4490."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from geopandas import GeoDataFrame

from cdgis.catalog import LayerSpec
from cdgis.model import InputRecord, IntakeNote

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One zone layer, read and repaired."""

    spec: LayerSpec
    zones: GeoDataFrame
    """zone_id, zone_name, zone_class (str), declared extras, valid geometry; EPSG:4490, x = longitude."""
    record: InputRecord
    notes: tuple[IntakeNote, ...] = ()
    """Repairs made while reading."""


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

    def attribute_map(self) -> dict[str, dict[str, str]]:
        """Return {subject_id: {attribute: value}}."""
        maps: dict[str, dict[str, str]] = {str(s): {} for s in self.frame["subject_id"]}
        for row in self.attributes.itertuples(index=False):
            maps[str(row.subject_id)][str(row.attribute)] = str(row.value)
        return maps


Layers = Mapping[str, Layer]
"""Layer id -> layer, in catalogue order."""
