"""Tables of the curves, milestones and factors the carbon account rests on."""

from cdgis.core.vocabulary import CheckState, CurveRole, Mark
from cdgis.results.tables.carbon import span
from cdgis.results.tables.column import Table, integer, note, number, text

_MARK = text("mark", "出处标记", *Mark)

CARBON_BASIS_TABLES: tuple[Table, ...] = (
    Table(
        name="carbon_growth",
        title="生长曲线",
        sort_by=("forest_type", "method", "age_yr"),
        columns=(
            text("forest_type", "林型"),
            text("method", "方法"),
            text("role", "用途", *CurveRole),
            integer("age_yr", "林龄（年）"),
            number("volume_m3_per_ha", "蓄积（立方米/公顷）", required=False),
            *span("carbon_tc_per_ha", "植被碳", "吨碳/公顷"),
            text("source", "来源"),
            _MARK,
        ),
    ),
    Table(
        name="carbon_milestones",
        title="规划节点对照",
        sort_by=("item", "year"),
        columns=(
            text("item", "指标"),
            integer("year", "年份"),
            text("unit", "单位"),
            number("plan_value", "规划值", required=False),
            number("found_value", "测算值", required=False),
            text("method", "测算方法"),
            text("source", "来源"),
            _MARK,
        ),
    ),
    Table(
        name="carbon_uncertainty",
        title="碳核算不确定性",
        sort_by=("quantity", "correlation", "approach"),
        columns=(
            text("quantity", "数量"),
            text("unit", "单位"),
            text("approach", "方法", "解析", "蒙特卡洛"),
            text("correlation", "误差相关", "同源相关", "全部独立", "全部相关"),
            *span("value", "", "见单位", low=None, required=True),
            integer("samples", "抽样次数"),
            integer("seed", "随机种子"),
            note("dominant", "主导因子"),
            number("dominant_share", "主导因子占方差", 0.0, 1.0),
            _MARK,
        ),
    ),
    Table(
        name="carbon_factors",
        title="碳因子与出处",
        sort_by=("kind", "item", "factor"),
        columns=(
            text("kind", "用途"),
            text("item", "对象"),
            text("factor", "因子"),
            text("unit", "单位"),
            *span("value", "", "见单位", low=None),
            text("source", "来源"),
            _MARK,
            note("note", "说明"),
        ),
    ),
    Table(
        name="carbon_checks",
        title="碳核算输入检查",
        sort_by=("check",),
        columns=(
            text("check", "检查"),
            text("state", "结果", *CheckState),
            number("expected", "应为", None),
            number("found", "读到", None),
            number("difference_share", "相差", None),
            text("unit", "单位"),
            text("note", "说明"),
            text("source", "来源"),
        ),
    ),
)
