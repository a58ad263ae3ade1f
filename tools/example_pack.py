"""A data pack for the fictitious city 示例市 (code 990100): carbon tables in the right form, evidently not real.

    python tools/example_pack.py 资料/数据包

The numbers are those of a shipped pack, so that the account runs; every source says 示例, every mark that nobody saw it.
"""

import csv
import sys
from pathlib import Path

import cdgis

_SHIPPED = Path(cdgis.__file__).parent / "data" / "packs"
TABLES = (
    "chengde/pools_chengde_100cm", "hebei/sink_rates", "hebei/stand_rates", "hebei/growth_richards", "hebei/growth_increment",
    "hebei/growth_power", "hebei/age_class_carbon", "hebei/age_class_range", "hebei/planting_rules",
)  # fmt: skip
_SOURCE, _MARK = "示例因子，非真实数据", "M"
_MANIFEST = """# 示例市的数据包：虚构，只为演示。
id = "示例市"
name = "示例市"
level = "市"
issuer = "示例市人民政府"
places = ["9901"]
version = "2026-01-01"
depends = ["national"]
"""


def write_pack(folder: Path) -> Path:
    """Write the pack into `folder` and return it."""
    (folder / "carbon").mkdir(parents=True, exist_ok=True)
    (folder / "pack.toml").write_text(_MANIFEST, encoding="utf-8")
    for name in TABLES:
        table = name.partition("/")[2]
        write_table(name, folder / "carbon" / f"{'pools_示例' if table.startswith('pools_') else table}.csv")
    return folder


def write_table(name: str, target: Path) -> None:
    """Write the shipped table `name` (pack/table) with every source, mark and note replaced."""
    pack, table = name.split("/")
    with (_SHIPPED / pack / "carbon" / f"{table}.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({column: _fictitious(column, text) for column, text in row.items()} for row in rows)


def _fictitious(column: str, text: str) -> str:
    """Return a cell with its source, mark and note replaced, numbers and names left."""
    kind = "" if column == "tree_group" else column.rsplit("_", 1)[-1]
    replaced = {"source": _SOURCE, "group": _SOURCE, "mark": _MARK, "basis": _SOURCE, "note": "", "why": _SOURCE}
    return replaced.get(kind, text) if text else text


if __name__ == "__main__":
    sys.stdout.write(f"已写入 {write_pack(Path(sys.argv[1] if len(sys.argv) > 1 else '资料/数据包'))}\n")
