"""Which tables are there, with which columns, Chinese headers and domains? (DESIGN 3; names are fixed)"""

from dataclasses import dataclass
from typing import Literal

from cdgis.model import (
    Dimension,
    Effect,
    IntakeStatus,
    Level,
    Mark,
    Relation,
    Stability,
    State,
    SubjectKind,
    Verdict,
)

Kind = Literal["text", "number", "integer", "flag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an output table."""

    name: str
    title: str
    """Chinese header used in XLSX and on pages."""
    kind: Kind = "text"
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    required: bool = True
    """Whether the cell must be filled; optional text is the empty string, optional numbers are NaN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One output table: its name, Chinese title, columns and sort key."""

    name: str
    title: str
    columns: tuple[Column, ...]
    sort_by: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]


def _text(name: str, title: str, *allowed: str, required: bool = True) -> Column:
    return Column(name=name, title=title, allowed=allowed, required=required)


def _note(name: str, title: str) -> Column:
    return Column(name=name, title=title, required=False)


def _num(name: str, title: str, low: float | None = 0.0, high: float | None = None, *, required: bool = True) -> Column:
    return Column(name=name, title=title, kind="number", low=low, high=high, required=required)


def _int(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind="integer", low=0)


_SUBJECT = _text("subject_id", "对象编号")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            name="intake",
            title="数据接收记录",
            sort_by=("file", "row", "field", "reason"),
            columns=(
                _text("file", "文件"),
                _text("row", "行/图斑"),
                _text("status", "处理", *IntakeStatus),
                _note("field", "字段"),
                _note("value", "原值"),
                _note("reason", "原因"),
                _note("remedy", "处理办法"),
            ),
        ),
        Table(
            name="subjects",
            title="对象清单",
            sort_by=("subject_id",),
            columns=(
                _SUBJECT,
                _note("name", "名称"),
                _text("kind", "类别", *SubjectKind),
                _note("industry", "行业代码"),
                _note("project_type", "建设性质"),
                _note("activity", "活动类型"),
                _num("area_m2", "面积（平方米）"),
                _num("length_m", "长度（米）"),
                _num("lon", "经度", -180, 180),
                _num("lat", "纬度", -90, 90),
                _note("county", "县区"),
                _note("basin", "流域"),
                _note("unit_code", "管控单元编码"),
                _num("accuracy_m", "位置精度（米）"),
                _text("source_file", "来源文件"),
                _note("source_row", "来源行"),
                _note("notes", "备注"),
            ),
        ),
        Table(
            name="attributes",
            title="对象属性",
            sort_by=("subject_id", "attribute"),
            columns=(_SUBJECT, _text("attribute", "属性"), _text("value", "值"), _note("unit", "单位")),
        ),
        Table(
            name="overlaps",
            title="压占与邻近",
            sort_by=("subject_id", "layer", "zone_id", "relation"),
            columns=(
                _SUBJECT,
                _text("layer", "图层"),
                _text("zone_id", "区编码"),
                _note("zone_name", "区名称"),
                _note("zone_class", "区类别"),
                _text("relation", "关系", *Relation),
                _num("area_m2", "压占面积（平方米）"),
                _num("share", "占比", 0, 1),
                _num("length_m", "压占长度（米）"),
                _num("distance_m", "距离（米）"),
            ),
        ),
        Table(
            name="clear",
            title="未压占图层（反证）",
            sort_by=("subject_id", "layer"),
            columns=(
                _SUBJECT,
                _text("layer", "图层"),
                _note("nearest_zone_id", "最近区编码"),
                _num("distance_m", "距离（米）", required=False),
            ),
        ),
        Table(
            name="findings",
            title="规则逐条结果",
            sort_by=("subject_id", "rule_id", "zone_id"),
            columns=(
                _SUBJECT,
                _text("rule_id", "规则编号"),
                _text("level", "层级", *Level),
                _note("layer", "图层"),
                _note("zone_id", "区编码"),
                _text("effect", "效力", *Effect),
                _text("state", "状态", *State),
                _text("dimension", "维度", *Dimension),
                _text("clause", "条文"),
                _text("basis", "依据"),
                _note("effective_from", "施行日期"),
                _note("effective_to", "失效日期"),
                _note("plan_measure", "方案措施"),
                _note("missing_attribute", "缺失信息"),
                _text("mark", "出处标记", *Mark),
                Column(name="needs_review", title="需人工复核", kind="flag"),
            ),
        ),
        Table(
            name="verdicts",
            title="判定结论",
            sort_by=("subject_id",),
            columns=(
                _SUBJECT,
                _text("verdict", "结论", *Verdict),
                _text("at_least", "至少", *Verdict, required=False),
                _note("decisive_rule_ids", "决定性规则"),
                _text("stability", "稳定性", *Stability),
                _num("critical_distance_m", "临界距离（米）", required=False),
                _note("critical_layer", "决定临界距离的图层"),
                _note("unknown_rule_ids", "资料不足的规则"),
                _int("manual_count", "需人工判定条数"),
            ),
        ),
        Table(
            name="ledger",
            title="面积台账",
            sort_by=("subject_id", "layer"),
            columns=(
                _SUBJECT,
                _text("layer", "图层"),
                _text("unit", "计量", "m2", "m", "count"),
                _num("inside", "区内"),
                _num("outside", "区外"),
                _num("uncovered", "图层未覆盖"),
                _num("total", "合计"),
            ),
        ),
        Table(
            name="questions",
            title="待补充信息",
            sort_by=("subject_id", "attribute"),
            columns=(
                _SUBJECT,
                _text("attribute", "信息"),
                _text("title", "名称"),
                _text("option", "补充办法"),
                _text("rule_ids", "涉及规则"),
                _text("effect", "最严效力", *Effect),
            ),
        ),
        Table(
            name="cumulative",
            title="累积与上限",
            sort_by=("zone_layer", "zone_id", "resource"),
            columns=(
                _text("zone_layer", "分区图层"),
                _text("zone_id", "区编码"),
                _note("zone_name", "区名称"),
                _text("resource", "资源或排放"),
                _num("cap", "上限", required=False),
                _text("unit", "单位"),
                _num("declared", "已申报合计", required=False),
                _num("share", "占上限比例", required=False),
                _note("subject_ids", "计入的对象"),
                _int("missing_count", "未申报个数"),
                _note("missing_ids", "未申报的对象"),
            ),
        ),
        Table(
            name="remedies",
            title="怎样才能通过",
            sort_by=("subject_id", "target", "kind"),
            columns=(
                _SUBJECT,
                _text("kind", "办法", "裁剪", "平移"),
                _text("target", "目的", "避开禁止", "避开须论证"),
                Column(name="feasible", title="可行", kind="flag"),
                _note("reason", "说明"),
                _num("distance_m", "平移距离（米）", required=False),
                _num("bearing_deg", "平移方位角（度）", 0, 360, required=False),
                _num("area_m2", "之后面积（平方米）", required=False),
                _num("share", "保留比例", 0, 1, required=False),
                _text("verdict", "重新判定", *Verdict, required=False),
                _text("verdict_at_least", "至少", *Verdict, required=False),
                _note("wkt", "之后图形（EPSG:4490 WKT）"),
            ),
        ),
        Table(
            name="locations",
            title="选址引导",
            sort_by=("rank",),
            columns=(
                _int("rank", "名次"),
                _SUBJECT,
                _text("verdict", "判定", *Verdict),
                _text("at_least", "至少", *Verdict, required=False),
                _text("stability", "稳定性", *Stability),
                _num("critical_distance_m", "临界距离（米）", required=False),
                _num("receptor_distance_m", "距最近环境敏感点（米）", required=False),
                _num("railway_distance_m", "距最近铁路（米）", required=False),
                _num("area_m2", "面积（平方米）"),
                _num("lon", "经度", -180, 180),
                _num("lat", "纬度", -90, 90),
                _text("wkt", "图形（EPSG:4490 WKT）"),
            ),
        ),
        Table(
            name="relocation",
            title="搬迁与整治清单",
            sort_by=("enterprise_id",),
            columns=(
                _text("enterprise_id", "企业编号"),
                _note("name", "企业名称"),
                _note("industry", "行业代码"),
                _note("county", "县区"),
                _text("reasons", "原因（规则）"),
                _note("zones", "涉及区"),
                _note("exclusions", "排除或暂缓理由"),
                _text("status", "处置状态", "候选", "须人工核实", "排除"),
                _text("disposition", "处置方向", "关停退出", "异地迁建", "就地改造", "保留观察"),
                _note("basis", "依据"),
                _note("missing", "缺失信息"),
            ),
        ),
        Table(
            name="destinations",
            title="承接园区初筛",
            sort_by=("enterprise_id", "park_id"),
            columns=(
                _text("enterprise_id", "企业编号"),
                _text("park_id", "园区编码"),
                _note("park_name", "园区名称"),
                Column(name="feasible", title="可承接", kind="flag"),
                _text("verdict", "迁入判定", *Verdict),
                _note("failing_rule", "否决规则"),
                _num("distance_m", "距离（米）"),
            ),
        ),
        Table(
            name="carbon_zones",
            title="分区碳储量",
            sort_by=("zone_layer", "zone_id", "land_class"),
            columns=(
                _text("zone_layer", "分区图层"),
                _text("zone_id", "区编码"),
                _note("zone_name", "区名称"),
                _text("land_class", "土地类别"),
                _num("area_m2", "面积（平方米）"),
                _num("above_tc", "地上（吨碳）", required=False),
                _num("below_tc", "地下（吨碳）", required=False),
                _num("dead_tc", "死有机质（吨碳）", required=False),
                _num("vegetation_tc", "植被合计（吨碳）", required=False),
                _num("soil_tc", "土壤（吨碳）", required=False),
                _num("stock_tc_low", "储量低值（吨碳）", required=False),
                _num("stock_tc_mid", "储量中值（吨碳）", required=False),
                _num("stock_tc_high", "储量高值（吨碳）", required=False),
                _note("soil_depth_cm", "土壤深度（厘米）"),
                _text("method", "方法"),
                _text("mark", "出处标记", *Mark),
            ),
        ),
        Table(
            name="carbon_potential",
            title="修复增汇潜力（初算）",
            sort_by=("area_id", "measure", "year"),
            columns=(
                _text("area_id", "修复区编码"),
                _note("area_name", "修复区名称"),
                _text("measure", "措施"),
                _int("year", "年份"),
                _num("gross_m2", "总面积（平方米）"),
                _num("eligible_m2", "可实施面积（平方米）"),
                _num("flux_tco2e_low", "年增汇低值（吨CO2e）", None, required=False),
                _num("flux_tco2e_mid", "年增汇中值（吨CO2e）", None, required=False),
                _num("flux_tco2e_high", "年增汇高值（吨CO2e）", None, required=False),
                _num("cumulative_tco2e_low", "累计低值（吨CO2e）", None, required=False),
                _num("cumulative_tco2e_mid", "累计中值（吨CO2e）", None, required=False),
                _num("cumulative_tco2e_high", "累计高值（吨CO2e）", None, required=False),
                _text("mark", "出处标记", *Mark),
            ),
        ),
    )
}

COMPARE_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            name="changes_zones",
            title="区划变更",
            sort_by=("layer", "zone_id"),
            columns=(
                _text("layer", "图层"),
                _text("zone_id", "区编码"),
                _note("zone_name", "区名称"),
                _text("change", "变更"),
                _note("old_class", "原类别"),
                _note("new_class", "新类别"),
                _text("unit", "计量", "m2", "m", "count"),
                _num("old_size", "原面积（或长度、个数）"),
                _num("new_size", "新面积（或长度、个数）"),
                _num("gained", "增加"),
                _num("lost", "减少"),
            ),
        ),
        Table(
            name="changes_verdicts",
            title="结论变更",
            sort_by=("subject_id",),
            columns=(
                _SUBJECT,
                _note("name", "名称"),
                _text("kind", "类别", *SubjectKind),
                _text("old_verdict", "原结论", *Verdict),
                _text("new_verdict", "新结论", *Verdict),
                _text("direction", "方向", "变严", "变宽", "待定"),
                _note("rule_ids", "起作用的规则"),
                _note("layers", "图层"),
                _note("zone_ids", "起作用的区"),
                _note("zone_changes", "区的变更"),
            ),
        ),
    )
}
"""What `cdgis compare` writes; no run has these."""


def table_named(name: str) -> Table:
    """Return the declaration of a table of a run or of a comparison."""
    return TABLES[name] if name in TABLES else COMPARE_TABLES[name]
