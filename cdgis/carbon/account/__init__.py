"""The carbon account: land-class rasters, stands and restoration areas become the carbon tables."""

from cdgis.carbon.account.account import account_carbon

__all__ = ["account_carbon"]
