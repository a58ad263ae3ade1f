"""The demonstration stamp: due on whatever rests on any data that the catalogue does not call official.

Layers, rasters and tables of the catalogue count; subjects, rules and settings are nobody's official data. Every
page, table, document and batch asks here (DESIGN 4.8).
"""

from collections.abc import Iterable

from cdgis.core.vocabulary import DEMO_STAMP, InputRecord
from cdgis.results.assessment import Assessment
from cdgis.workspace.catalog import LayerSpec

OFFICIAL_STATUS = "正式数据"
_DATA_KINDS = frozenset({"layer", "raster", "table"})
_MADE_UP = "示例"


def stamp_for(records: Iterable[InputRecord], specs: Iterable[LayerSpec] = ()) -> str:
    """Return the stamp due on a result that rests on these inputs and catalogue entries, the empty text when none is."""
    unofficial = any(not record.official for record in records if record.kind in _DATA_KINDS)
    return DEMO_STAMP if unofficial or any(not spec.official for spec in specs) else ""


def stamp_of(assessment: Assessment) -> str:
    """Return the stamp every page and table of the assessment bears, or the empty text when none is due."""
    return stamp_for(assessment.inputs, (layer.spec for layer in assessment.layers.values()))


def stamp_of_names(names: Iterable[str]) -> str:
    """Return the stamp due on a table without a catalogue entry: evidently made-up names mark demonstration data."""
    return DEMO_STAMP if any(name.startswith(_MADE_UP) for name in names) else ""


def status_text(stamp: str) -> str:
    """Return what the last column of every table says of the data behind it."""
    return stamp or OFFICIAL_STATUS
