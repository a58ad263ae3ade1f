"""Table of pollutant and carbon synergy."""

from cdgis.results.tables.column import Table, note, number, text

SYNERGY_TABLES: tuple[Table, ...] = (
    Table(
        name="synergy",
        title="减污降碳协同",
        sort_by=("level", "unit_id", "pollutant"),
        columns=(
            text("level", "层级", "企业", "园区", "县区", "全部"),
            text("unit_id", "编号"),
            note("name", "名称"),
            text("pollutant", "污染物"),
            number("q_pollutant_t", "污染物基期排放（吨或吨当量）", low=None, required=False),
            number("er_pollutant_t", "污染物减排（吨或吨当量）", low=None, required=False),
            number("q_co2_t", "二氧化碳基期排放（吨）", low=None, required=False),
            number("er_co2_t", "二氧化碳减排（吨）", low=None, required=False),
            number("rate_pollutant", "污染物减排率", low=None, high=1.0, required=False),
            number("rate_co2", "二氧化碳减排率", low=None, high=1.0, required=False),
            text("sign_class", "方向"),
            note("quadrant", "象限"),
            number("elasticity", "弹性系数", low=None, required=False),
            number("u_pollutant", "减污得分", high=1.0, required=False),
            number("u_co2", "降碳得分", high=1.0, required=False),
            number("coupling_c", "耦合度 C", high=1.0, required=False),
            number("coordination_t", "综合水平 T", high=1.0, required=False),
            number("coordination_d", "耦合协调度 D", high=1.0, required=False),
            note("note", "说明"),
            note("weight_set", "权重集"),
            note("mark", "标记"),
            note("method", "方法"),
            note("source", "来源"),
        ),
    ),
)
"""What `cdgis synergy` writes."""
