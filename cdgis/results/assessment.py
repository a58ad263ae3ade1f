"""A finished assessment: the only thing reports may see."""

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from cdgis.core.data_gaps import Gap
from cdgis.core.packs import Pack, current_packs, on_packs
from cdgis.core.vocabulary import InputRecord
from cdgis.geometry.planes import Planes, on_planes
from cdgis.results.request import Request
from cdgis.rules import Rulebook
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layers, Subjects
from cdgis.workspace.settings import Settings

if TYPE_CHECKING:
    from cdgis.raster import Overlay, ValueRaster

Audience = Literal["internal", "public"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one analysis adds to an assessment: its tables, the inputs they rest on, and what must be said of them."""

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    records: tuple[InputRecord, ...] = ()
    notes: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """What a bad input left open."""
    pictures: "Mapping[str, Overlay]" = field(default_factory=dict)
    """Rasters as pictures for the map, by name: stock_density, potential_density, relief."""
    rasters: "Mapping[str, ValueRaster]" = field(default_factory=dict)
    """Values of cells to be written as GeoTIFF, by the file's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Everything a report may see, and nothing it could change."""

    version: str
    as_of: date
    settings: Settings
    """Effective settings, options already applied."""
    inputs: tuple[InputRecord, ...]
    tables: Mapping[str, pd.DataFrame]
    """Validated tables of cdgis.results.tables.validation by name."""
    subjects: Subjects
    layers: Layers
    catalog: tuple[LayerSpec, ...]
    """All catalogue entries, including those not overlaid."""
    rulebook: Rulebook
    report_numbers: Mapping[str, str]
    """subject_id -> report number (hash over inputs and that subject's results); "" -> the whole run's number."""
    request: Request = Request()
    """What was asked for on the command line, so that a report can be asked for again."""
    audience: Audience = "internal"
    """Whom the pages are for; `public` holds nothing but what cdgis.report.public.reduction lets through."""
    pictures: "Mapping[str, Overlay]" = field(default_factory=dict)
    """Rasters as pictures for the map, by name: stock_density, potential_density, relief."""
    rasters: "Mapping[str, ValueRaster]" = field(default_factory=dict)
    """Values of cells to be written as GeoTIFF, by the file's name."""
    notes: tuple[str, ...] = ()
    """Statements that belong on the overview page (missing layers, switched-off rules, law read from a copy...)."""
    packs: tuple[Pack, ...] = field(default_factory=current_packs)
    """Those everything was judged with; a report takes its words and local data from them."""
    planes: Planes | None = None
    """Those everything was measured in; a report that measures, measures in them too."""
    verdict_notes: tuple[str, ...] = ()
    """Those of `notes` that every verdict rests on; the others are about other analyses."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel with what is much as one piece: a million texts that the pickler of `beside` need not be asked about."""
        rest = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _MUCH}
        return _arrived, (pickle.dumps([getattr(self, name) for name in _MUCH], protocol=5), rest)


_MUCH = ("tables", "rulebook", "subjects")


def _arrived(piece: bytes, rest: Mapping[str, Any]) -> Assessment:
    return Assessment(**dict(zip(_MUCH, pickle.loads(piece), strict=True)), **rest)


@contextmanager
def in_planes_of(assessment: Assessment) -> Iterator[None]:
    """Measure in the planes of `assessment` until the block ends; one made by hand leaves them as they are."""
    planes = assessment.planes
    with nullcontext() if planes is None else on_planes(lambda: planes), on_packs(assessment.packs):
        yield
