"""Tables of effluents entering rivers, and of wetlands below treatment plants."""

from cdgis.core.vocabulary import OutfallKind
from cdgis.results.tables.column import Table, integer, note, number, text

_HOW = (note("method", "方法"), note("source", "来源"), number("accuracy_m", "位置精度（米）"))

OUTFALL_TABLES: tuple[Table, ...] = (
    Table(
        name="outfalls",
        title="入河排污口",
        sort_by=("outfall_id",),
        columns=(
            text("outfall_id", "编号"),
            note("name", "名称"),
            text("kind", "类别", *OutfallKind),
            text("zone_class", "设置管控", "禁止设置区域", "限制设置区域", "未压占", "资料不足"),
            note("zone_name", "管控区"),
            note("river", "河流"),
            number("offset_m", "离河距离（米）"),
            number("lon", "河上经度", low=-180, high=180, required=False),
            number("lat", "河上纬度", low=-90, high=90, required=False),
            note("control_unit", "控制单元"),
            note("next_source_zone", "下游水源保护区"),
            number("source_zone_km", "到水源保护区（公里）", required=False),
            note("next_intake", "下游取水口"),
            number("intake_km", "到取水口（公里）", required=False),
            note("next_section", "下游断面"),
            number("section_km", "到断面（公里）", required=False),
            number("cod_t_per_yr", "申报化学需氧量（吨/年）", required=False),
            note("note", "说明"),
            *_HOW,
        ),
    ),
    Table(
        name="outfall_loads",
        title="控制单元负荷",
        sort_by=("control_unit",),
        columns=(
            text("control_unit", "控制单元"),
            note("name", "名称"),
            integer("outfall_count", "排口与排水企业数"),
            number("declared_t_per_yr", "申报化学需氧量（吨/年）", required=False),
            number("cap_t_per_yr", "上限（吨/年）", required=False),
            number("share", "占上限", required=False),
            number("left_t_per_yr", "余量（吨/年）", low=None, required=False),
            integer("missing_count", "未申报家数"),
            note("missing_ids", "未申报"),
        ),
    ),
)
"""What a run and `cdgis outfalls` write."""

WETLAND_TABLES: tuple[Table, ...] = (
    Table(
        name="wetland_candidates",
        title="尾水湿地备选",
        sort_by=("plant_id", "rank"),
        columns=(
            text("plant_id", "污水处理厂"),
            note("plant_name", "名称"),
            integer("rank", "次序"),
            number("lon", "经度", low=-180, high=180),
            number("lat", "纬度", low=-90, high=90),
            number("river_km", "在入河点下游（公里）"),
            number("straight_m", "距入河点（米）"),
            number("offset_m", "距河道（米）"),
            number("above_stream_m", "高出河道（米）", low=None),
            number("slope_deg", "坡度（度）"),
            note("conflicts", "压占"),
            text("mark", "标记", "S", "M"),
            *_HOW,
        ),
    ),
)
"""What `cdgis outfalls` writes besides."""
