"""Layers of a result for desktop GIS: subjects by verdict, zones by class, tables; named, described and drawn as on the page.

Of a whole run every zone is there; of a screening those that its sites lie on.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cdgis.core.safe_text import cleaned, legal_text
from cdgis.report.drawing.layer_order import LABELLED, SHOWN_AT_FIRST, THEMES
from cdgis.report.drawing.palette import read_palette
from cdgis.report.files.qgis_style import Look, Symbol, fill, line, marker
from cdgis.report.wording import read_wording
from cdgis.results.assessment import Assessment
from cdgis.results.tables.column import Column
from cdgis.results.tables.validation import TABLES
from cdgis.rules.attributes import load_attributes
from cdgis.workspace.layers import Layer

SUBJECTS, TABLE_GROUP = "研判对象", "数据表"
_FAMILIES = (("点", "marker"), ("线", "line"), ("面", "fill"))
_SIGNS = re.compile(r"[\x00-\x1f`~!@#$%^&*()+={}|\[\]\\:\";'<>?,./]+")
_LONGEST_NAME = 60
_TAKEN = ("gpkg", "sqlite", "rtree", "layer_styles", SUBJECTS)
_NO_CLASS = "（未写类别）"
_SUBJECT_LABELS_BELOW = 100_000
_SMALLEST_RADIUS_PX = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class GisLayer:
    """One layer or table as a GeoPackage and a QGIS project hold it."""

    name: str
    """Of the table in the GeoPackage."""
    title: str
    group: str
    frame: pd.DataFrame
    """A GeoDataFrame in EPSG:4490 where there are shapes."""
    aliases: Mapping[str, str]
    """Field -> Chinese name, in the order of the fields."""
    about: str
    """One sentence or two: whose data, of when, and whether it may serve as a basis."""
    licence: str = ""
    look: Look | None = None
    """None: a table without shapes."""
    shown: bool = False
    is_place: bool = False
    """Whether it is the area that other layers speak of: the first view shows it whole."""
    keywords: tuple[str, ...] = field(default=())


def gis_layers(
    assessment: Assessment, tables: Mapping[str, pd.DataFrame], titles: Mapping[str, tuple[Column, ...]], *, stamp: str
) -> tuple[GisLayer, ...]:
    """Return all layers and tables, what is drawn on top first.

    Parameters
    ----------
    tables : the tables as they are written; `titles` has their columns.
    stamp : what every description says of the data.
    """
    zones = sorted(_zone_layers(assessment, tables, stamp), key=lambda row: row[0])
    named = _distinct(layer for _, layer in zones)
    return (*_subject_layers(assessment, tables, titles, stamp), *named, *_plain_tables(tables, titles, stamp))


def _subject_layers(
    assessment: Assessment, tables: Mapping[str, pd.DataFrame], titles: Mapping[str, tuple[Column, ...]], stamp: str
) -> Iterator[GisLayer]:
    """Yield subjects joined with verdicts, as multi-geometries by family (points, lines, areas), sorted by id."""
    frame, status = assessment.subjects.frame[["subject_id", "geometry"]], titles["verdicts"][-1]
    judged = tables["verdicts"].drop(columns=status.name)
    joined = frame.merge(tables["subjects"], on="subject_id").merge(judged, on="subject_id", how="left")
    joined = joined.sort_values("subject_id", kind="stable", ignore_index=True)
    texts = [name for name in joined.columns if joined[name].dtype == object]
    joined[texts] = joined[texts].fillna("").astype("string")
    known = {column.name: column.title for name in ("subjects", "verdicts") for column in titles[name]}
    multi = shapely.multipoints, shapely.multilinestrings, shapely.multipolygons
    for number, (word, kind) in enumerate(_FAMILIES):
        part = joined[shapely.get_dimensions(joined.geometry.to_numpy()) == number]
        if len(part):
            shapes = [multi[number](shapely.get_parts(shape)) for shape in part.geometry]
            bare = part.drop(columns="geometry")
            yield GisLayer(
                name=f"{SUBJECTS}_{word}", title=f"{SUBJECTS}（{word}）", group=SUBJECTS, shown=True,
                frame=gpd.GeoDataFrame(bare, geometry=shapes, crs=frame.crs), aliases={name: known[name] for name in bare.columns},
                about=f"项目与企业及其结论，判定基准日 {assessment.as_of.isoformat()}。{stamp}", look=_verdict_look(kind),
            )  # fmt: skip


def _verdict_look(kind: str) -> Look:
    def symbol(fill_colour: str, ink: str, shape: str) -> Symbol:
        """Return the symbol of one verdict for shapes of this kind."""
        if kind == "marker":
            return marker(fill_colour, shape=shape, radius_px=5)
        return line(fill_colour, width_px=3) if kind == "line" else fill(fill_colour, opacity=0.55, outline=ink, width_px=1.6)

    symbols = tuple((word, word, symbol(style.fill, style.ink, style.shape)) for word, style in read_palette().verdicts.items())
    return Look(attribute="verdict", symbols=symbols, label="name", label_below=_SUBJECT_LABELS_BELOW)


def _zone_layers(
    assessment: Assessment, tables: Mapping[str, pd.DataFrame], stamp: str
) -> Iterator[tuple[tuple[object, ...], GisLayer]]:
    """Yield zone layers, each with its place from the top: by theme, points over lines over areas, what hides others last."""
    places = {layer.spec.coverage for layer in assessment.layers.values()}
    touched = tables["overlaps"] if assessment.request.command == "screen" else None
    for number, layer in enumerate(assessment.layers.values()):
        spec, zones = layer.spec, layer.zones
        if touched is not None:
            zones = zones[zones["zone_id"].isin(touched.loc[touched["layer"] == spec.id, "zone_id"])]
        if not spec.is_vector or not len(zones):
            continue
        look = _zone_look(layer)
        place = (-THEMES.index(spec.theme), _covers(look), ("point", "line", "polygon").index(spec.geometry), number)
        about = f"{spec.source}，版本 {spec.version}{f'，{spec.note}' if spec.note else ''}。{'官方图层' if spec.official else '非官方图层'}。{stamp}"
        yield place, GisLayer(
            name=spec.title, title=spec.title, group=spec.theme, frame=_plain(zones), aliases=_zone_aliases(layer),
            about=about, licence=spec.licence, look=look, shown=spec.id in SHOWN_AT_FIRST,
            is_place=touched is None and spec.id in places, keywords=(spec.id, spec.theme),
        )  # fmt: skip


def _covers(look: Look) -> bool:
    return look.symbols[0][2].options.get("color", "").endswith(",255") and look.symbols[0][2].kind == "fill"


def _zone_look(layer: Layer) -> Look:
    spec, palette = layer.spec, read_palette()
    style = {**palette.styles["default"], **palette.styles.get(spec.geometry, {}), **palette.styles.get(spec.id, {})}
    present = set(layer.zones["zone_class"])
    classes = [name for name in dict.fromkeys([*spec.allowed_classes, *sorted(present)]) if name in present]
    label = "zone_name" if spec.id in LABELLED else ""
    drawn = [(name, name or _NO_CLASS, _zone_symbol(spec.geometry, palette.zone_colour(spec.id, name), style)) for name in classes]
    if len(drawn) == 1:
        return Look(symbols=((drawn[0][0], spec.title, drawn[0][2]),), label=label)
    return Look(attribute="zone_class", symbols=tuple(drawn), label=label)


def _zone_symbol(geometry: str, colour: str, style: Mapping[str, object]) -> Symbol:
    weight, opacity, dash = float(str(style["weight"])), float(str(style["fill"])), style.get("dash", ())
    dashes = [float(part) for part in dash] if isinstance(dash, list) else []
    if geometry == "point":
        return marker(colour, shape="circle", radius_px=max(float(str(style["radius"])), _SMALLEST_RADIUS_PX), opacity=opacity)
    if geometry == "line":
        return line(colour, width_px=weight, opacity=float(str(style.get("opacity", 1))), dash=dashes)
    return fill(colour, opacity=opacity, outline=str(style.get("outline", colour)), width_px=weight, dash=dashes)


def _zone_aliases(layer: Layer) -> dict[str, str]:
    facts = load_attributes()
    own = {name: facts[name].title for name in layer.zones.columns if name in facts}
    from_file = {name: next((c for c in candidates if not c.isascii()), name) for name, candidates in layer.spec.fields.items()}
    known = from_file | own | read_wording()["zone_field"]
    return {str(name): known.get(str(name), str(name)) for name in layer.zones.columns if name != layer.zones.geometry.name}


def _plain(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return zones as a file can hold them: texts as texts, the geometry last."""
    bare = zones.drop(columns=zones.geometry.name)
    texts = {name: _texts(bare[name]) for name in bare.columns if bare[name].dtype.kind not in "ifb"}
    return gpd.GeoDataFrame(bare.assign(**texts), geometry=zones.geometry.to_numpy(), crs=zones.crs)


def _texts(column: pd.Series) -> pd.Series:
    """Return a column's values as texts that a file may hold, "" where there is none."""
    places, words = pd.factorize(column, use_na_sentinel=True)
    known = np.array([*(legal_text(str(word)) for word in words), ""], dtype=object)
    return pd.Series(known[places], index=column.index, dtype="string")  # no value is at -1, the last


def _distinct(layers: Iterator[GisLayer]) -> list[GisLayer]:
    """Return layers under names that differ whatever their case; two of one title are told apart by their ids."""
    taken, named = set(TABLES), []
    for layer in layers:
        title, name = cleaned(layer.title), _table_name(cleaned(layer.title))
        if name.casefold() in taken:
            title, name = f"{title}（{layer.keywords[0]}）", _table_name(f"{layer.keywords[0]}_{title}")
        taken.add(name.casefold())
        named.append(replace(layer, name=name, title=title))
    return named


def _table_name(title: str) -> str:
    """Return what a GeoPackage takes as a table's name: no sign that SQL or a data source reads, no name of its own."""
    name = _SIGNS.sub("_", title)[:_LONGEST_NAME].strip("_ ")
    return f"图层_{name}" if not name or name.casefold().startswith(_TAKEN) else name


def _plain_tables(tables: Mapping[str, pd.DataFrame], titles: Mapping[str, tuple[Column, ...]], stamp: str) -> Iterator[GisLayer]:
    for name, table in tables.items():
        yield GisLayer(
            name=name, title=TABLES[name].title, group=TABLE_GROUP, frame=table, about=f"{TABLES[name].title}，同 {name}.csv。{stamp}",
            aliases={column.name: column.title for column in titles[name]},
        )  # fmt: skip
