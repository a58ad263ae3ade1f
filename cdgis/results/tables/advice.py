"""Tables of missing facts, cumulative demand and remedies."""

from cdgis.core.vocabulary import Effect, Stability, Verdict
from cdgis.results.tables.column import SUBJECT, Column, Table, integer, note, number, text

ADVICE_TABLES: tuple[Table, ...] = (
    Table(
        name="questions",
        title="待补充信息",
        sort_by=("subject_id", "attribute"),
        columns=(
            SUBJECT,
            text("attribute", "信息"),
            text("title", "名称"),
            text("option", "补充办法"),
            text("rule_ids", "涉及规则"),
            text("effect", "最严效力", *Effect),
        ),
    ),
    Table(
        name="cumulative",
        title="累积与上限",
        sort_by=("zone_layer", "zone_id", "resource"),
        columns=(
            text("zone_layer", "分区图层"),
            text("zone_id", "区编码"),
            note("zone_name", "区名称"),
            text("resource", "资源或排放"),
            number("cap", "上限", required=False),
            text("unit", "单位"),
            number("declared", "已申报合计", required=False),
            number("share", "占上限比例", required=False),
            note("subject_ids", "计入的对象"),
            integer("missing_count", "未申报个数"),
            note("missing_ids", "未申报的对象"),
        ),
    ),
    Table(
        name="remedies",
        title="怎样才能通过",
        sort_by=("subject_id", "target", "kind"),
        columns=(
            SUBJECT,
            text("kind", "办法", "裁剪", "平移"),
            text("target", "目的", "避开禁止", "避开须论证"),
            Column(name="feasible", title="可行", kind="flag"),
            note("reason", "说明"),
            number("distance_m", "平移距离（米）", required=False),
            number("bearing_deg", "平移方位角（度）", 0, 360, required=False),
            number("area_m2", "之后面积（平方米）", required=False),
            number("share", "保留比例", 0, 1, required=False),
            text("verdict", "重新判定", *Verdict, required=False),
            text("verdict_at_least", "至少", *Verdict, required=False),
            note("caveats", "结论附注"),
            note("wkt", "之后图形（EPSG:4490 WKT）"),
        ),
    ),
    Table(
        name="locations",
        title="选址引导",
        sort_by=("rank",),
        columns=(
            integer("rank", "名次"),
            SUBJECT,
            text("verdict", "判定", *Verdict),
            text("at_least", "至少", *Verdict, required=False),
            note("caveats", "结论附注"),
            text("stability", "稳定性", *Stability),
            number("critical_distance_m", "临界距离（米）", required=False),
            number("receptor_distance_m", "距最近环境敏感点（米）", required=False),
            number("railway_distance_m", "距最近铁路（米）", required=False),
            number("area_m2", "面积（平方米）"),
            number("lon", "经度", -180, 180),
            number("lat", "纬度", -90, 90),
            text("wkt", "图形（EPSG:4490 WKT）"),
        ),
    ),
)
