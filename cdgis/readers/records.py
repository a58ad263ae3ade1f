"""What every format reader delivers: one record per feature, parcel or table row, in EPSG:4490."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
from shapely.geometry.base import BaseGeometry

from cdgis.readers.attribute_columns import plain_decimal
from cdgis.readers.coordinates import Box
from cdgis.readers.crs_words import zone_example
from cdgis.readers.intake import Remark
from cdgis.readers.mending import LARGEST_REPAIR_SHARE
from cdgis.workspace.given_outline import GivenOutline


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSource:
    """A file to read sites from, and what was declared about it from outside."""

    path: Path
    label: str
    """Name shown to the user: relative to the workspace, archive members after ``!``."""
    crs: str = ""
    """Declared CRS or datum; what the file states must not contradict it."""
    dxf_unit: str = ""
    """Declared drawing unit (mm, cm, m); overrides what a DXF states."""
    shape_kind: str = ""
    """Declared kind of shape (面, 线, 点 or their like); overrides what the file's form suggests."""
    home: Box | None = None
    """Where the workspace's sites must lie, degrees; tells a wrong zone number."""
    undeclared_accuracy_m: float = 700.0
    """Positional accuracy of rows whose datum nobody declared, metres."""
    repair_share: float = LARGEST_REPAIR_SHARE
    """Share of a parcel's land that a repair may gain and lose together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRecord:
    """One input row."""

    row: str
    """How the user counts it: table row, feature number or parcel ordinal, with its sheet or sublayer."""
    geometry: BaseGeometry | None
    """EPSG:4490, x = longitude; None when the row is quarantined."""
    keys: tuple[str, ...] = ()
    """Names a sidecar table may call this parcel by."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Header -> cell text, as found in the file."""
    accuracy_m: float = 0.0
    epsg: int = 4490
    """The plane a point was given in: between vertices given there, edges are straight there."""
    remarks: tuple[Remark, ...] = ()
    given: GivenOutline | None = None
    """The outline as handed in; None for points."""


def crs_remedy() -> str:
    """Return what to do about a missing or contradicted coordinate system, with a code of the place's own zone."""
    return f"补上 .prj，或用 --crs {zone_example()}（附表则用“坐标系”列）写明坐标系"


def cell_text(value: object) -> str:
    """Return a cell's value as text: whole floats without ``.0``, dates as YYYY-MM-DD, None as empty."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float):
        return plain_decimal(Decimal(repr(float(value)))) if abs(value) != float("inf") else ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()
