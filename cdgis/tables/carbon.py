"""Which tables tell how much carbon there is and how much more there could be?"""

from cdgis.model import Mark
from cdgis.tables.column import Table, integer, note, number, text

CARBON_TABLES: tuple[Table, ...] = (
    Table(
        name="carbon_zones",
        title="分区碳储量",
        sort_by=("zone_layer", "zone_id", "land_class"),
        columns=(
            text("zone_layer", "分区图层"),
            text("zone_id", "区编码"),
            note("zone_name", "区名称"),
            text("land_class", "土地类别"),
            number("area_m2", "面积（平方米）"),
            number("above_tc", "地上（吨碳）", required=False),
            number("below_tc", "地下（吨碳）", required=False),
            number("dead_tc", "死有机质（吨碳）", required=False),
            number("vegetation_tc", "植被合计（吨碳）", required=False),
            number("soil_tc", "土壤（吨碳）", required=False),
            number("stock_tc_low", "储量低值（吨碳）", required=False),
            number("stock_tc_mid", "储量中值（吨碳）", required=False),
            number("stock_tc_high", "储量高值（吨碳）", required=False),
            note("soil_depth_cm", "土壤深度（厘米）"),
            text("method", "方法"),
            text("mark", "出处标记", *Mark),
        ),
    ),
    Table(
        name="carbon_potential",
        title="修复增汇潜力（初算）",
        sort_by=("area_id", "measure", "year"),
        columns=(
            text("area_id", "修复区编码"),
            note("area_name", "修复区名称"),
            text("measure", "措施"),
            integer("year", "年份"),
            number("gross_m2", "总面积（平方米）"),
            number("eligible_m2", "可实施面积（平方米）"),
            number("flux_tco2e_low", "年增汇低值（吨CO2e）", None, required=False),
            number("flux_tco2e_mid", "年增汇中值（吨CO2e）", None, required=False),
            number("flux_tco2e_high", "年增汇高值（吨CO2e）", None, required=False),
            number("cumulative_tco2e_low", "累计低值（吨CO2e）", None, required=False),
            number("cumulative_tco2e_mid", "累计中值（吨CO2e）", None, required=False),
            number("cumulative_tco2e_high", "累计高值（吨CO2e）", None, required=False),
            text("mark", "出处标记", *Mark),
        ),
    ),
)
