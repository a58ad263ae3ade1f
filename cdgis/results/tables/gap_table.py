"""Table of the parts that a bad input left open."""

from cdgis.results.tables.column import Table, note, text

GAP_TABLES: tuple[Table, ...] = (
    Table(
        name="gaps",
        title="资料不足的部分",
        sort_by=("file", "row", "part"),
        columns=(
            text("part", "哪一部分资料不足"),
            note("layer", "输入"),
            note("file", "文件"),
            note("row", "行或要素"),
            text("problem", "问题"),
            note("remedy", "办法"),
        ),
    ),
)
