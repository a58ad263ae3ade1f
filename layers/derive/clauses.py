"""Which access-list clauses does each management unit carry? (clauses.toml → zoning/access_list.csv)

The unit layer holds no clause text: a shapefile would cut it at 254 bytes.
"""

import csv
import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd

from layers.derive.writing import LAYERS

PREFIX = "【示例条款，非官方】"
COLUMNS = (
    "unit_code", "clause_no", "dimension", "text", "industry_prefixes", "project_types",
    "attribute", "op", "value", "effect", "plan_measure",
)  # fmt: skip
_WORDS = (
    ("自然保护区", "reserve"), ("公园", "nature"), ("饮用水水源", "source"), ("一般生态空间", "eco"),
    ("建成区", "built"), ("园区", "park"), ("河谷平原", "plain"), ("一般管控", "general"),
)  # fmt: skip


def group_of(name: str) -> str:
    """Return the clause group of a unit by its name; the rest are red-line units."""
    return next((group for word, group in _WORDS if word in name), "red")


def write_access_list() -> None:
    """Write zoning/access_list.csv for the units on disk."""
    templates: list[dict[str, Any]] = tomllib.loads(
        Path(__file__).with_name("clauses.toml").read_text(encoding="utf-8")
    )["clause"]
    units = gpd.read_file(LAYERS / "zoning" / "management_units.gpkg", ignore_geometry=True)
    rows = []
    for index, unit in enumerate(units.itertuples()):
        group = group_of(unit.HJZHGKDYMC)
        chosen = [
            clause for clause in templates
            if group in clause["groups"] and index % clause.get("every", 1) == clause.get("offset", 0)
        ]  # fmt: skip
        rows += [_row(unit.HJZHGKDYBM, number, clause) for number, clause in enumerate(chosen, start=1)]
    with (LAYERS / "zoning" / "access_list.csv").open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(unit_code: str, number: int, clause: dict[str, Any]) -> dict[str, str]:
    return {
        "unit_code": unit_code,
        "clause_no": str(number),
        "dimension": clause["dimension"],
        "text": PREFIX + clause["text"],
        "industry_prefixes": ";".join(clause.get("industry_prefixes", ())),
        "project_types": ";".join(clause.get("project_types", ())),
        "attribute": clause.get("attribute", ""),
        "op": clause.get("op", ""),
        "value": clause.get("value", ""),
        "effect": clause.get("effect", ""),
        "plan_measure": clause.get("plan_measure", ""),
    }
