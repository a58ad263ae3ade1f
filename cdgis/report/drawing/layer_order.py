"""Order of the layers on every map: themes from bottom to top, what is shown at first and what bears its names."""

from cdgis.core import layer_ids

THEMES = ("主体功能", "流域", "一单", "三线", "碳汇", "修复", "要素", "基础")
"""Drawing order, bottom first; lists of layers read the other way round."""
SHOWN_AT_FIRST = (
    layer_ids.NEIGHBOURS, layer_ids.COUNTIES, layer_ids.MANAGEMENT_UNITS, layer_ids.ECOLOGICAL_REDLINE,
    layer_ids.MAIN_RIVERS, layer_ids.RESERVOIRS, layer_ids.PLACES,
)  # fmt: skip
LABELLED = (layer_ids.COUNTIES, layer_ids.PLACES)
