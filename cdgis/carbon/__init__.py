"""How much carbon is stored where, and what could restoration add? (values in, values out)"""

from cdgis.carbon.inventory import fang_stock_tc, volume_stock_tc
from cdgis.carbon.potential import estimate_potential, total_potential
from cdgis.carbon.stock import account_stock, merge_zones

__all__ = [
    "account_stock",
    "estimate_potential",
    "fang_stock_tc",
    "merge_zones",
    "total_potential",
    "volume_stock_tc",
]
