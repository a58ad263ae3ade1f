"""Layers and tables put into one GeoPackage 1.2 that QGIS opens named, described and styled.

Beside the rows stand Chinese field names (extension Schema, ``gpkg_data_columns``), a record of each layer (extension
Metadata, in QGIS's own form) and its style (QGIS's ``layer_styles``). Nothing in it depends on the clock.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import geopandas as gpd
import pyogrio

from cdgis.report.files.geopackage_rows import add_layer, can_add
from cdgis.report.files.gis_layers import GisLayer
from cdgis.report.files.qgis_style import child, style_text

_SPECIFICATION = "http://www.geopackage.org/spec121/#extension_"
_QMD = "http://mrcc.com/qgis.dtd"
_SCHEMA = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC,
  max_is_inclusive BOOLEAN, description TEXT, CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
  mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '');
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER, timestamp DATETIME NOT NULL,
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id));
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30), update_time DATETIME);
CREATE TABLE IF NOT EXISTS gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
"""
_EXTENSIONS = (
    ("gpkg_data_columns", "gpkg_schema", "schema"), ("gpkg_data_column_constraints", "gpkg_schema", "schema"),
    ("gpkg_metadata", "gpkg_metadata", "metadata"), ("gpkg_metadata_reference", "gpkg_metadata", "metadata"),
)  # fmt: skip
_GEOMETRY = "geom"
_CACHE_KB = 65_536
"""Pages held until the file is whole; written when others push them out, each would be written many times."""


def write_geopackage(layers: Sequence[GisLayer], path: Path, *, day: str, about: str) -> Path:
    """Write all layers into the new GeoPackage `path` and return it.

    Parameters
    ----------
    day : ISO date that stands for every time of change.
    about : description of the whole file.
    """
    path.unlink(missing_ok=True)
    moment = f"{day}T00:00:00.000Z"
    model = next((layer for layer in layers if isinstance(layer.frame, gpd.GeoDataFrame)), None)
    ours = [layer for layer in layers[1:] if layer is not model and can_add(layer.frame, None if model is None else model.frame)]
    # GDAL reads the whole file's structure again for each layer: it writes the first with shapes, and what is out of the common
    with _gdal_date(moment):
        for number, layer in enumerate(layer for layer in layers if not any(layer is one for one in ours)):
            shaped = isinstance(layer.frame, gpd.GeoDataFrame)
            options = {"IDENTIFIER": layer.title, "DESCRIPTION": layer.about} | ({"GEOMETRY_NAME": _GEOMETRY} if shaped else {})
            pyogrio.write_dataframe(
                layer.frame, path, layer=layer.name, driver="GPKG", layer_options=options, append=False,
                dataset_options={"VERSION": "1.2"} if number == 0 else None, **({"promote_to_multi": True} if shaped else {}),
            )  # fmt: skip
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("PRAGMA synchronous = OFF")
        base.execute("PRAGMA journal_mode = OFF")
        base.execute(f"PRAGMA cache_size = {-_CACHE_KB}")
        for layer in ours:
            add_layer(base, layer, moment)
        _add_words(base, layers, moment, about)
    return path


@contextmanager
def _gdal_date(moment: str) -> Iterator[None]:
    """GDAL stamps GeoPackages with the clock unless given a date; the assessment's own is the honest one."""
    # the file is staged: a power cut loses the stage, so waiting for the disk after each layer gains nothing
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": moment, "OGR_SQLITE_SYNCHRONOUS": "OFF"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None, "OGR_SQLITE_SYNCHRONOUS": None})


def _add_words(base: sqlite3.Connection, layers: Sequence[GisLayer], moment: str, about: str) -> None:
    for statement in _SCHEMA.split(";"):
        base.execute(statement)
    base.executemany("INSERT INTO gpkg_extensions VALUES (?, NULL, ?, ?, 'read-write')", [
        (table, name, f"{_SPECIFICATION}{part}") for table, name, part in _EXTENSIONS
    ])  # fmt: skip
    for layer in layers:
        base.executemany("INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, NULL, NULL, NULL)", [
            (layer.name, field, title, title) for field, title in _told_apart(layer)
        ])  # fmt: skip
    records = [("geopackage", None, about)] + [("table", layer.name, metadata_text(layer)) for layer in layers]
    for number, (scope, table, text) in enumerate(records, start=1):
        mime, standard = ("text/xml", _QMD) if table else ("text/plain", "http://gdal.org")
        base.execute("INSERT INTO gpkg_metadata VALUES (?, 'dataset', ?, ?, ?)", (number, standard, mime, text))
        base.execute("INSERT INTO gpkg_metadata_reference VALUES (?, ?, NULL, NULL, ?, ?, NULL)", (scope, table, moment, number))
    base.executemany("INSERT INTO layer_styles VALUES (NULL, '', '', ?, ?, ?, ?, '', 1, ?, '', NULL, ?)", [
        (layer.name, _GEOMETRY, "cdgis", style_text(layer.look, layer.aliases), layer.title, moment)
        for layer in layers if layer.look
    ])  # fmt: skip
    base.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)", (moment,)
    )  # fmt: skip


def _told_apart(layer: GisLayer) -> Iterator[tuple[str, str]]:
    """Yield fields with their Chinese names; a name twice in a table, which the standard forbids, has the field's own added."""
    taken: set[str] = set()
    for field, title in layer.aliases.items():
        name = title if title not in taken else f"{title}（{field}）"
        taken.add(name)
        yield field, name


def metadata_text(layer: GisLayer) -> str:
    """Return what is known of a layer as QGIS keeps it (QMD)."""
    root = Element("qgis", {"version": "3.22.0"})
    add_metadata(root, layer)
    return tostring(root, encoding="unicode")


def add_metadata(parent: Element, layer: GisLayer) -> None:
    """Put what is known of a layer below `parent`: name, kind, title, description, keywords and licence."""
    texts = {"identifier": layer.name, "language": "zh-CN", "type": "dataset", "title": layer.title, "abstract": layer.about}
    for tag, text in texts.items():
        child(parent, tag, text)
    if layer.keywords:
        words = child(parent, "keywords", vocabulary="cdgis")
        for word in layer.keywords:
            child(words, "keyword", word)
    if layer.licence:
        child(parent, "license", layer.licence)
