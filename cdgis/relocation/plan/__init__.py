"""The relocation plan: candidates listed, ranked, placed in parks, planned jointly, with effects.

listing → circumstances → priority → places → joint plan → effects
"""

from cdgis.relocation.plan.free_search import search_freely
from cdgis.relocation.plan.plan_relocation import Downstream, plan_relocation
from cdgis.relocation.plan.what_if import WhatIf

__all__ = ["Downstream", "WhatIf", "plan_relocation", "search_freely"]
