"""Content of the page of one county, unit, basin or restoration area."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar

from geopandas import GeoDataFrame
from pydantic import TypeAdapter

from cdgis.carbon.stock import TOTAL
from cdgis.core import layer_ids
from cdgis.core.beside import NOBODY, Other
from cdgis.core.packs import Pack, on_packs
from cdgis.core.vocabulary import Level, Verdict
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.geometry.planes import Planes, on_planes
from cdgis.readers.kept_answers import KeptAnswers
from cdgis.report.drawing.palette import read_palette
from cdgis.report.drawing.paths import Sketch
from cdgis.report.drawing.place_map import PlaceMaps, with_spots
from cdgis.report.site.subject_list import UNIT_LAYER, Listed
from cdgis.report.table_rows import Row, page_names, records, table
from cdgis.results.assessment import Assessment
from cdgis.workspace.layers import Layer, Layers

FOLDERS = {
    layer_ids.COUNTIES: "counties", layer_ids.MANAGEMENT_UNITS: "units",
    layer_ids.BASINS: "basins", layer_ids.RESTORATION_AREAS: "restoration",
}  # fmt: skip
"""Layer id -> folder of its zones' pages."""
_SUBJECT_COLUMN = {layer_ids.COUNTIES: "county", layer_ids.MANAGEMENT_UNITS: "unit_code", layer_ids.BASINS: "basin"}
_BY_NAME = (layer_ids.COUNTIES, layer_ids.BASINS)
RESTORATION_LAYER = layer_ids.RESTORATION_AREAS
_CROWDED = 200
"""Beyond so many subjects a page lists those with something to look at, and counts the others."""
_CODE = "report/site/place_content.py"
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Everything one place's page says."""

    layer: str
    layer_title: str
    zone_id: str
    name: str
    zone_class: str
    area_m2: float
    page: str
    """Path relative to the index."""
    counts: tuple[tuple[Verdict, int], ...]
    subjects: tuple[Listed, ...]
    listed: tuple[Listed, ...]
    """The subjects the page lists: all, or in a crowded place those with something to look at."""
    clauses: tuple[Row, ...]
    """Rules of the unit's own access list in force."""
    carbon: tuple[Row, ...]
    """Rows of carbon_zones.csv, the total last."""
    potential: tuple[Row, ...]
    """Rows of carbon_potential.csv by year."""
    sketch: Sketch | None


def place_pages(assessment: Assessment) -> dict[str, dict[str, str]]:
    """Return layer id -> zone id -> path of its page relative to the index; zones that share an id share a page."""
    pages = {}
    for layer, folder in FOLDERS.items():
        if layer in assessment.layers:
            ids = list(dict.fromkeys(str(key) for key in assessment.layers[layer].zones["zone_id"]))
            pages[layer] = {key: f"{folder}/{name}" for key, name in page_names(ids).items()}
    return pages


def gather_places(
    assessment: Assessment, listed: Sequence[Listed], *, pages: Mapping[str, Mapping[str, str]]
) -> list[Place]:
    """Return every place with a page, layer by layer, in the order of their ids."""
    return begin_places(assessment, listed, pages=pages)()


def begin_places(
    assessment: Assessment, listed: Sequence[Listed], *, pages: Mapping[str, Mapping[str, str]], other: Other = NOBODY
) -> Callable[[], list[Place]]:
    """Return what `gather_places` does; meanwhile `other` draws the places, if it was not told to before."""
    sketches = begin_drawing(other, assessment.layers, assessment.planes, assessment.packs)

    def gathered() -> list[Place]:
        """Return the places with what was drawn of them."""
        sources, drawn = _Sources(assessment, listed), sketches()
        verdicts = assessment.tables["verdicts"]
        verdict_of = dict(zip(verdicts["subject_id"], verdicts["verdict"], strict=True))
        return [
            _place(layer, rows, page=pages[layer.spec.id][key], sources=sources, ground=drawn[layer.spec.id, key], verdict_of=verdict_of)
            for layer, key, rows in _zones(assessment.layers)
        ]

    return gathered


def begin_drawing(
    other: Other, layers: Layers, planes: Planes | None, packs: tuple[Pack, ...]
) -> Callable[[], dict[tuple[str, str], Sketch | None]]:
    """Let `other` draw the places of `layers`, once for all who want them."""
    return other.begin_once(draw_places, layers, planes, packs, KeptAnswers.of(layers))


def draw_places(
    layers: Layers, planes: Planes | None, packs: tuple[Pack, ...], kept: KeptAnswers | None = None
) -> dict[tuple[str, str], Sketch | None]:
    """Return (layer, zone id) -> drawing without the subjects in it, with the colours and words of `packs`."""

    def made() -> list[tuple[str, str, Sketch | None]]:
        """Draw them."""
        maps = PlaceMaps(layers)
        return [(layer.spec.id, key, maps.draw(rows)) for layer, key, rows in _zones(layers)]

    with nullcontext() if planes is None else on_planes(lambda: planes), on_packs(packs):
        kind = TypeAdapter(list[tuple[str, str, Sketch | None]])
        colours = repr(read_palette())
        drawn = made() if kept is None else kept.answer("places", kind, made, code=("report/drawing", _CODE), more=(colours,))
        return {(layer, key): sketch for layer, key, sketch in drawn}


def _zones(layers: Layers) -> Iterator[tuple[Layer, str, GeoDataFrame]]:
    """Yield layer, id and zones of each place, layer by layer, in the order of their ids."""
    for layer in FOLDERS:
        if layer in layers:
            for key, rows in layers[layer].zones.groupby("zone_id", sort=True):
                yield layers[layer], str(key), rows


def _place(
    layer: Layer, rows: GeoDataFrame, *, page: str, sources: "_Sources", ground: Sketch | None, verdict_of: Mapping[str, str]
) -> Place:
    key, name = str(rows["zone_id"].iloc[0]), str(rows["zone_name"].iloc[0])
    subjects = sources.subjects(layer.spec.id, key, name)
    verdicts = [row.verdict for row in subjects]
    return Place(
        layer=layer.spec.id,
        layer_title=layer.spec.title,
        zone_id=key,
        name=name,
        zone_class=str(rows["zone_class"].iloc[0]),
        area_m2=float(survey_area_m2(rows.geometry.to_numpy()).sum()),
        page=page,
        counts=tuple((verdict, verdicts.count(verdict.value)) for verdict in Verdict if sources.judged),
        subjects=subjects,
        listed=tuple(row for row in subjects if len(subjects) <= _CROWDED or row.verdict != Verdict.CLEAR),
        clauses=sources.clauses.get(key, ()) if layer.spec.id == UNIT_LAYER else (),
        carbon=sources.carbon.get((layer.spec.id, key), ()),
        potential=sources.potential.get(key, ()) if layer.spec.id == RESTORATION_LAYER else (),
        sketch=ground and with_spots(ground, rows, [row.subject for row in subjects], verdict_of),
    )


class _Sources:
    """The rows of each place, looked up once for all."""

    def __init__(self, assessment: Assessment, listed: Sequence[Listed]) -> None:
        self.judged = bool(listed)
        self._by_column = {
            layer: _grouped((str(row.subject[column]), row) for row in listed)
            for layer, column in _SUBJECT_COLUMN.items()
        }
        rows = {row.subject["subject_id"]: row for row in listed}
        overlaps = table(assessment, "overlaps")
        hit = overlaps[(overlaps["layer"] == RESTORATION_LAYER) & overlaps["relation"].isin(("inside", "crosses"))]
        pairs = hit[["zone_id", "subject_id"]].drop_duplicates().itertuples(index=False, name=None)
        self._by_column[RESTORATION_LAYER] = _grouped((zone, rows[key]) for zone, key in pairs if key in rows)
        self.clauses = _clauses(assessment)
        carbon = sorted(records(table(assessment, "carbon_zones")), key=_carbon_order)
        self.carbon = _grouped(((row["zone_layer"], row["zone_id"]), row) for row in carbon)
        shown = table(assessment, "carbon_potential")
        shown = shown[shown["year"] % 10 == 0]
        self.potential = _grouped((row["area_id"], row) for row in records(shown))

    def subjects(self, layer: str, key: str, name: str) -> tuple[Listed, ...]:
        """Return the subjects in a place, in the order of the overview's list."""
        return self._by_column[layer].get(name if layer in _BY_NAME else key, ())


def _clauses(assessment: Assessment) -> dict[str, tuple[Row, ...]]:
    """Return unit code -> clauses of its access list in force, as rows a page prints."""
    in_force = assessment.rulebook.in_force(assessment.as_of)
    own = [rule for rule in in_force if rule.level is Level.UNIT]
    return _grouped(
        (
            zone,
            {"rule_id": rule.id, "effect": rule.effect.value, "dimension": rule.dimension.value, "clause": rule.clause},
        )
        for rule in own
        for zone in rule.zone_ids
    )


def _carbon_order(row: Row) -> tuple[bool, float, str]:
    """Place totals last, larger classes first."""
    return row["land_class"] == TOTAL, -float(row["area_m2"]), str(row["land_class"])


def _grouped(pairs: Iterable[tuple[_Key, _Value]]) -> dict[_Key, tuple[_Value, ...]]:
    groups: dict[_Key, list[_Value]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
