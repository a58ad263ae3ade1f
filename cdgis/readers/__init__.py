"""Readers: everybody's files in, zones and subjects in EPSG:4490 out, with every repair reported."""

from cdgis.readers.layer_files import read_layer, table_record, unread_record
from cdgis.readers.reading_ahead import offer_reading
from cdgis.readers.sites import read_sites, read_subjects
from cdgis.readers.table_layers import read_table_layer
from cdgis.readers.typed import TypedSites

__all__ = [
    "TypedSites",
    "offer_reading",
    "read_layer",
    "read_sites",
    "read_subjects",
    "read_table_layer",
    "table_record",
    "unread_record",
]
