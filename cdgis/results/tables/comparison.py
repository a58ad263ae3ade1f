"""Tables that `cdgis compare` and `cdgis rules diff` write."""

from cdgis.core.vocabulary import SubjectKind, Verdict
from cdgis.results.tables.column import SUBJECT, Table, note, number, text

COMPARISON_TABLES: tuple[Table, ...] = (
    Table(
        name="changes_zones",
        title="区划变更",
        sort_by=("layer", "zone_id"),
        columns=(
            text("layer", "图层"),
            text("zone_id", "区编码"),
            note("zone_name", "区名称"),
            text("change", "变更"),
            note("old_ids", "原编码"),
            note("new_ids", "新编码"),
            note("old_class", "原类别"),
            note("new_class", "新类别"),
            text("unit", "计量", "m2", "m", "count"),
            number("old_size", "原面积（或长度、个数）"),
            number("new_size", "新面积（或长度、个数）"),
            number("gained", "增加"),
            number("lost", "减少"),
        ),
    ),
    Table(
        name="changes_crosswalk",
        title="新旧编码对照",
        sort_by=("layer", "old_id", "new_id"),
        columns=(
            text("layer", "图层"),
            text("old_id", "原编码"),
            text("new_id", "新编码"),
            text("relation", "关系", "不变", "改码", "拆分", "合并", "同码", "界线变动"),
            number("shared_m2", "共有面积（平方米）"),
            number("old_share", "占原区", 0.0, 1.0),
            number("new_share", "占新区", 0.0, 1.0),
        ),
    ),
    Table(
        name="changes_rules",
        title="规则变更",
        sort_by=("day", "rule_id"),
        columns=(
            text("change", "变更", "新施行", "失效", "变更", "期间施行又失效"),
            text("day", "日期"),
            text("rule_id", "规则编号"),
            note("old_rule_id", "原规则编号"),
            text("title", "标题"),
            note("old_effect", "原效力"),
            note("new_effect", "新效力"),
            note("what", "变了什么"),
            text("clause", "条文"),
            text("basis", "依据"),
            text("mark", "出处"),
        ),
    ),
    Table(
        name="changes_verdicts",
        title="结论变更",
        sort_by=("subject_id",),
        columns=(
            SUBJECT,
            note("name", "名称"),
            text("kind", "类别", *SubjectKind),
            text("old_verdict", "原结论", *Verdict),
            note("old_caveats", "原结论附注"),
            text("new_verdict", "新结论", *Verdict),
            note("new_caveats", "新结论附注"),
            text("direction", "方向", "变严", "变宽", "待定"),
            note("rule_ids", "起作用的规则"),
            note("layers", "图层"),
            note("zone_ids", "起作用的区"),
            note("zone_changes", "区的变更"),
        ),
    ),
)
"""What `cdgis compare` and `cdgis rules diff` write; no run has these."""
