"""Table that shows the raster count loses no area."""

from cdgis.results.tables.column import Table, note, number, text

AREA_TABLES: tuple[Table, ...] = (
    Table(
        name="carbon_areas",
        title="碳核算面积台账",
        sort_by=("zone_layer", "zone_id"),
        columns=(
            text("zone_layer", "分区图层"),
            text("zone_id", "区编码"),
            note("zone_name", "区名称"),
            number("counted_m2", "逐像元统计（平方米）"),
            number("nodata_m2", "其中无数据（平方米）"),
            number("outside_m2", "栅格未覆盖（平方米）"),
            number("edge_m2", "区界取直方式之差（平方米）", None),
            number("residual_m2", "余差（平方米）", None),
            number("survey_m2", "国土调查椭球面积（平方米）"),
        ),
    ),
)
