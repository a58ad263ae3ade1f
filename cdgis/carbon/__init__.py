"""Carbon stock, its changes, and what restoration could add: values in, values out."""

from cdgis.carbon.change import account_change
from cdgis.carbon.inventory import account_stands, fang_stock_tc, sum_species, volume_stock_tc
from cdgis.carbon.potential import estimate_potential, total_potential
from cdgis.carbon.sink import account_sink
from cdgis.carbon.stock import account_stock, merge_zones
from cdgis.carbon.uncertainty import Factor, Interval, propagate, sample
from cdgis.carbon.valuation import Valuation

__all__ = [
    "Factor",
    "Interval",
    "Valuation",
    "account_change",
    "account_sink",
    "account_stands",
    "account_stock",
    "estimate_potential",
    "fang_stock_tc",
    "merge_zones",
    "propagate",
    "sample",
    "sum_species",
    "total_potential",
    "volume_stock_tc",
]
