"""Rasters: what they hold (reading), where their cells are (grid), and how much of each class a zone has (zonal),
and whether that is all of it (ledger)."""

from cdgis.raster.classes import NODATA_CODE
from cdgis.raster.grid import Grid
from cdgis.raster.ledger import account_areas
from cdgis.raster.means import zone_means
from cdgis.raster.reading import Raster, read_raster
from cdgis.raster.transitions import transition_areas
from cdgis.raster.zonal import Effort, class_areas

__all__ = [
    "NODATA_CODE", "Effort", "Grid", "Raster", "account_areas", "class_areas", "read_raster", "transition_areas",
    "zone_means",
]  # fmt: skip
