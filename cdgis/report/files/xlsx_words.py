"""Table values in a workbook: Chinese words for codes, number formats that never show 3E-07.

CSV and GeoPackage keep the codes, for programs; docs/glossary.md lists both.
"""

from collections.abc import Callable, Mapping
from functools import partial

from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.report.wording import attribute, read_wording
from cdgis.results.assessment import Assessment
from cdgis.results.tables.validation import Column

_GROUP_OF_COLUMN = {
    "status": "status", "kind": "kind", "relation": "relation", "state": "state", "mark": "mark", "unit": "unit",
    "ccer_state": "ccer_state",
}  # fmt: skip
"""Column -> group of codes in templates/wording.toml; words that are no codes stand as they are."""
_LAYER_COLUMNS = ("layer", "layers", "zone_layer", "critical_layer")
_ATTRIBUTE_COLUMNS = ("attribute", "missing_attribute", "missing")

_FLAGS = {"true": "是", "false": "否"}
"""What a flag attribute's value reads; attributes of all kinds share the column."""

_AREA = '[=0]0;[<0.01]"<0.01";#,##0.00'
_DISTANCE = '[=0]0.0;[<0.1]"<0.1";#,##0.0'
_SHARE = '[=0]0%;[<0.0001]"<0.01%";0.00%'
_MASS = '[=0]0;[<0.5]"<0.5";#,##0'
_SIGNED = "#,##0.00"
_FORMATS: tuple[tuple[str, str], ...] = (
    ("_m2", _AREA), ("share", _SHARE), ("lon", "0.000000"), ("lat", "0.000000"), ("_deg", "0.0"), ("_m", _DISTANCE),
    ("_tc", _MASS), ("_tc_low", _MASS), ("_tc_mid", _MASS), ("_tc_high", _MASS),
)  # fmt: skip
"""End of a column's name -> how Excel shows its numbers, first match wins; the stored number keeps all its digits."""


def number_format(column: Column) -> str:
    """Return Excel's number format for a column, "" for text."""
    if column.kind == "integer":
        return "0"
    if column.kind != "number":
        return ""
    found = next((shown for end, shown in _FORMATS if column.name.endswith(end)), _AREA)
    # a condition "below 0.01" would catch every negative number
    return found if column.low is not None or column.name in ("lon", "lat") else _SIGNED


def reader_for(column: Column, assessment: Assessment) -> Callable[[str], str] | None:
    """Return what turns a column's codes into words, None when its texts are words already."""
    if column.name in _GROUP_OF_COLUMN:
        return partial(_in_words, read_wording()[_GROUP_OF_COLUMN[column.name]])
    if column.name in _LAYER_COLUMNS:
        return partial(_in_words, {spec.id: spec.title for spec in assessment.catalog})
    if column.name == "value":
        return lambda text: _FLAGS.get(text, text)
    return partial(_each, attribute) if column.name in _ATTRIBUTE_COLUMNS else None


def _in_words(words: Mapping[str, str], text: str) -> str:
    return _each(lambda code: words.get(code, code), text)


def _each(read: Callable[[str], str], text: str) -> str:
    return LIST_SEPARATOR.join(read(item) if item else "" for item in text.split(LIST_SEPARATOR))
