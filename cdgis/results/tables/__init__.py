"""All published tables with columns, Chinese headers and domains (DESIGN 3; names are fixed)."""

from cdgis.results.tables.advice import ADVICE_TABLES
from cdgis.results.tables.area_balance import AREA_TABLES
from cdgis.results.tables.carbon import CARBON_TABLES
from cdgis.results.tables.carbon_basis import CARBON_BASIS_TABLES
from cdgis.results.tables.column import Column, Kind, Table
from cdgis.results.tables.comparison import COMPARISON_TABLES
from cdgis.results.tables.gap_table import GAP_TABLES
from cdgis.results.tables.judgement import JUDGEMENT_TABLES
from cdgis.results.tables.outfalls import OUTFALL_TABLES, WETLAND_TABLES
from cdgis.results.tables.relocation import RELOCATION_TABLES
from cdgis.results.tables.reuse import REUSE_TABLES
from cdgis.results.tables.rivers import DOWNSTREAM_TABLES, RIVER_TABLES
from cdgis.results.tables.synergy import SYNERGY_TABLES

__all__ = ["COMPARE_TABLES", "TABLES", "WATER_TABLES", "Column", "Kind", "Table", "table_named"]

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *JUDGEMENT_TABLES,
        *GAP_TABLES,
        *ADVICE_TABLES,
        *RELOCATION_TABLES,
        *CARBON_TABLES,
        *CARBON_BASIS_TABLES,
        *AREA_TABLES,
        *DOWNSTREAM_TABLES,
        *OUTFALL_TABLES,
    )
}
"""What a run writes, in the order of the workbook's sheets."""

COMPARE_TABLES: dict[str, Table] = {table.name: table for table in COMPARISON_TABLES}
"""What `cdgis compare` writes; no run has these."""


WATER_TABLES: dict[str, Table] = {
    table.name: table for table in (*RIVER_TABLES, *WETLAND_TABLES, *REUSE_TABLES, *SYNERGY_TABLES)
}
"""What the commands on rivers and further measures write; no run has these."""


_ALL = {**TABLES, **COMPARE_TABLES, **WATER_TABLES}


def table_named(name: str) -> Table:
    """Return the declaration of any table, of a run or of another command."""
    return _ALL[name]
