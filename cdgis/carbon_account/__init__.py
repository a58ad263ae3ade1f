"""How do land-class rasters, stands and restoration areas become the carbon tables? (pipeline stage)"""

from cdgis.carbon_account.account import CarbonTables, account_carbon

__all__ = ["CarbonTables", "account_carbon"]
