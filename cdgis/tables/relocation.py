"""Which tables tell which enterprises should move, and where to?"""

from cdgis.model import Verdict
from cdgis.tables.column import Column, Table, note, number, text

RELOCATION_TABLES: tuple[Table, ...] = (
    Table(
        name="relocation",
        title="搬迁与整治清单",
        sort_by=("enterprise_id",),
        columns=(
            text("enterprise_id", "企业编号"),
            note("name", "企业名称"),
            note("industry", "行业代码"),
            note("county", "县区"),
            text("reasons", "原因（规则）"),
            note("zones", "涉及区"),
            note("exclusions", "排除或暂缓理由"),
            text("status", "处置状态", "候选", "须人工核实", "排除"),
            text("disposition", "处置方向", "关停退出", "异地迁建", "就地改造", "保留观察"),
            note("basis", "依据"),
            note("missing", "缺失信息"),
        ),
    ),
    Table(
        name="destinations",
        title="承接园区初筛",
        sort_by=("enterprise_id", "park_id"),
        columns=(
            text("enterprise_id", "企业编号"),
            text("park_id", "园区编码"),
            note("park_name", "园区名称"),
            Column(name="feasible", title="可承接", kind="flag"),
            text("verdict", "迁入判定", *Verdict),
            note("failing_rule", "否决规则"),
            number("distance_m", "距离（米）"),
        ),
    ),
)
