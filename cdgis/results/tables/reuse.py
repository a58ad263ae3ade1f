"""Table of what derelict and polluted land could become."""

from cdgis.core.vocabulary import Admissibility, Verdict
from cdgis.results.tables.column import Table, integer, note, number, text

REUSE_TABLES: tuple[Table, ...] = (
    Table(
        name="reuse",
        title="受损土地再利用",
        sort_by=("option", "rank"),
        columns=(
            text("option", "用途"),
            integer("rank", "次序"),
            text("admissible", "初筛", *Admissibility),
            text("patch_id", "地块"),
            note("name", "名称"),
            text("layer", "图层"),
            note("zone_class", "类别"),
            note("county", "县区"),
            number("area_ha", "面积（公顷）"),
            number("height_m", "高程（米）", low=None, required=False),
            number("slope_deg", "坡度（度）", required=False),
            number("aspect_off_south_deg", "坡向偏离正南（度）", high=180.0, required=False),
            number("line_m", "到输电线（米）", required=False),
            text("verdict", "研判", *Verdict),
            note("decisive_rule_ids", "决定性规则"),
            note("unmet", "不满足"),
            note("unknown", "资料缺"),
            number("lon", "经度", low=-180, high=180),
            number("lat", "纬度", low=-90, high=90),
            text("mark", "标记", "S", "M"),
            note("method", "方法"),
            note("source", "来源"),
            number("accuracy_m", "位置精度（米）"),
        ),
    ),
)
"""What `cdgis reuse` writes."""
