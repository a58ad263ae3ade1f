"""What the public must not find on any page: the withheld texts, each with where it comes from, and the places."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import pandas as pd

from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.report.map.generalise import Lonlat
from cdgis.results.assessment import Assessment

_LEAST_TEXT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One cell that holds a withheld text."""

    place: str
    """The cell in the reader's words: file, table or layer, row, column."""
    owner: tuple[str, ...] = ()
    """Ids, the public one first, and name of the subject or zone the cell belongs to; none where it belongs to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What must not be found on any public page."""

    texts: Mapping[str, tuple[Origin, ...]]
    """Texts of at least four characters that people supplied and the public version does not hold."""
    lonlat: Lonlat
    """Vertices, degrees, EPSG:4490."""


def withheld_texts(
    assessment: Assessment, public_ids: Sequence[str], public: Assessment
) -> dict[str, tuple[Origin, ...]]:
    """Return every text of the input data that the public version does not hold as a value of its own.

    Parameters
    ----------
    assessment : the whole one, as judged.
    public_ids : what each of its subjects is called in public, in the order of its frame.
    public : what passes.
    """
    shown = {text for text, _ in _input_texts(public, public.subjects.frame["subject_id"])}
    shown.update(public.settings.publish.public_texts)
    shown.update(text for frame in public.tables.values() for text in _values(frame))
    found: dict[str, dict[Origin, None]] = {}
    for text, origin in _input_texts(assessment, public_ids):
        if text not in shown:
            found.setdefault(text, {})[origin] = None
    return {text: tuple(origins) for text, origins in found.items()}


def _input_texts(assessment: Assessment, public_ids: Sequence[str]) -> Iterator[tuple[str, Origin]]:
    """Yield the texts people supplied: subjects, their attributes, zones of all layers, cells of the intake."""
    frame, attributes = assessment.subjects.frame, assessment.subjects.attributes
    rows = zip(public_ids, frame["subject_id"].astype(str), frame["name"].astype(str), strict=True)
    owners = {key: tuple(dict.fromkeys((public_id, key, name))) for public_id, key, name in rows}
    yield from _cells(frame, [f"对象 {key}" for key in owners], list(owners.values()))
    keys = attributes["subject_id"].astype(str)
    places = [f"对象 {key} 的属性 {name}" for key, name in zip(keys, attributes["attribute"], strict=True)]
    yield from _cells(attributes[["value"]], places, [owners.get(key, (key,)) for key in keys])
    if "intake" in assessment.tables:
        intake = assessment.tables["intake"]
        cells = intake[["file", "row", "field"]].itertuples(index=False, name=None)
        yield from _cells(intake[["value"]], [f"{file} 第 {row} 行的“{name}”" for file, row, name in cells])
    for layer in assessment.layers.values():
        if layer.spec.is_vector:
            zones = list(layer.zones[["zone_id", "zone_name"]].astype(str).itertuples(index=False, name=None))
            yield from _cells(layer.zones, [f"图层 {layer.spec.id} 的区 {key}" for key, _ in zones], zones)


def _cells(
    frame: pd.DataFrame, places: Sequence[str], owners: Sequence[tuple[str, ...]] = ()
) -> Iterator[tuple[str, Origin]]:
    """Yield the text cells of a frame, and the items of lists among them, with the row's place and owner."""
    for name in _text_columns(frame):
        column = "" if name == "value" else f"的 {name}"
        for value, place, owner in zip_longest(frame[name].astype(str), places, owners, fillvalue=()):
            origin = Origin(place=f"{place}{column}", owner=tuple(part for part in owner if part))
            yield from ((item, origin) for item in _items(str(value)))


def _values(frame: pd.DataFrame) -> Iterator[str]:
    for name in _text_columns(frame):
        for value in frame[name].unique():
            yield from _items(str(value))


def _text_columns(frame: pd.DataFrame) -> list[str]:
    return [
        str(name) for name in frame.columns if name != "geometry" and not pd.api.types.is_numeric_dtype(frame[name])
    ]


def _items(value: str) -> set[str]:
    """Return a cell's text and, of a list, its items, those long enough to be a secret."""
    items = {part.strip() for part in (value, *value.split(LIST_SEPARATOR))}
    return {item for item in items if len(item) >= _LEAST_TEXT}
