"""Rasters: contents (geotiff), cells (grid), class areas by zone (zonal), and pictures for the map."""

from cdgis.raster.area_ledger import account_areas
from cdgis.raster.class_index import NODATA_CODE, value_of_unlisted
from cdgis.raster.colours import ColourScale, read_scale
from cdgis.raster.geotiff import PixelBands, Pixels, Raster, read_raster
from cdgis.raster.grid import Grid
from cdgis.raster.hillshade import relief_overlay
from cdgis.raster.map_overlay import Overlay, class_overlay, zone_overlay
from cdgis.raster.means import zone_means
from cdgis.raster.suspected_voids import aligned, is_usual_filler, true_heights
from cdgis.raster.transitions import transition_areas
from cdgis.raster.value_raster import ClassValues, ValueRaster, ZoneValues
from cdgis.raster.zonal import Effort, class_areas

__all__ = [
    "NODATA_CODE", "ClassValues", "ColourScale", "Effort", "Grid", "Overlay", "PixelBands", "Pixels", "Raster",
    "ValueRaster", "ZoneValues", "account_areas",
    "aligned", "class_areas", "class_overlay", "is_usual_filler", "read_raster", "read_scale", "relief_overlay",
    "transition_areas", "true_heights", "value_of_unlisted", "zone_means", "zone_overlay",
]  # fmt: skip
