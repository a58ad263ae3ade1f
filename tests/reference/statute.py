"""What do the rule files, access lists and industry tables say? Read as plain dictionaries, nothing interpreted."""

import csv
import re
import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "cdgis" / "data"
PACKS = tuple(DATA / "packs" / name for name in ("national", "hebei", "chengde"))
INDUSTRY = ROOT / "cdgis" / "data" / "industry"
ACCESS_LIST = ROOT / "layers" / "zoning" / "access_list.csv"

Rule = dict[str, Any]

RANK = {"禁止": 3, "退出": 3, "须论证": 2, "限制": 1, "提示": 0, "鼓励": 0}
CODE_DAY = date(2026, 8, 15)
_DAY_BEFORE = date(2026, 8, 14)
_NEW = ["新建", "改建", "扩建", "迁建"]


@cache
def rules_in_force(as_of: date) -> tuple[Rule, ...]:
    """Return national, provincial, city and unit rules in force on a day, in id order."""
    rules = [_defaults(rule) for rule in _rule_files()] + [_defaults(rule) for rule in _clauses()]
    rules = [rule for rule in rules if rule["effective_from"] <= as_of <= rule["effective_to"]]
    return tuple(sorted(rules, key=lambda rule: rule["id"]))


def _defaults(rule: Rule) -> Rule:
    blank: Rule = {
        "layer": "", "zone_classes": [], "zone_ids": [], "geometry": "hit", "distance_m": None,
        "distance_attribute": "", "subject_kinds": ["project", "enterprise"], "project_types": [], "activities": [],
        "industry_prefixes": [], "industry_flag": None, "or_declared": None, "conditions": [], "unless": [],
        "effective_to": date.max, "manual": False, "certain_m": None,
    }  # fmt: skip
    return {**blank, **rule, "rank": RANK[rule["effect"]], "family": re.sub(r"-\d{4}[A-Z]?$", "", rule["id"])}


def _rule_files() -> list[Rule]:
    """Return the rules of the three packs; what a narrower one amends takes the place of the field."""
    read = [tomllib.loads(path.read_text("utf-8")) for pack in PACKS for path in sorted((pack / "rules").glob("*.toml"))]
    rules = {rule["id"]: rule for file in read for rule in file.get("rule", [])}
    for change in (change for file in read for change in file.get("amend", [])):
        rules[change["id"]] = {**rules[change["id"]], **change}
    return list(rules.values())


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _clauses() -> list[Rule]:
    """Return the units' access lists: a clause without effect is for people; 禁止 binds from the Code's first day."""
    rules: list[Rule] = []
    for row in _rows(ACCESS_LIST):
        effect = row["effect"]
        clause: Rule = {
            "id": f"{row['unit_code']}-{row['clause_no']}", "level": "单元", "layer": "management_units",
            "zone_ids": [row["unit_code"]], "project_types": _built(row), "industry_prefixes": _words(row["industry_prefixes"]),
            "conditions": _asked(row), "effect": effect or "提示", "manual": not effect,
            "effective_from": date(2021, 1, 1),
        }  # fmt: skip
        if effect != "禁止":
            rules.append(clause)
            continue
        policy = {"id": clause["id"] + "-2021", "effect": "限制", "effective_to": _DAY_BEFORE}
        rules += [{**clause, **policy}, {**clause, "id": clause["id"] + "-2026", "effective_from": CODE_DAY}]
    return rules


def _words(cell: str) -> list[str]:
    return [word for word in cell.split(";") if word]


def _built(row: dict[str, str]) -> list[str]:
    """Return the project types a clause speaks of; silent ones forbid building, not what exists."""
    if row["project_types"]:
        return _words(row["project_types"])
    return {"退出": ["既有"], "限制": _NEW, "须论证": _NEW, "禁止": _NEW}.get(row["effect"], [])


def _asked(row: dict[str, str]) -> list[dict[str, Any]]:
    if not row["attribute"]:
        return []
    value: Any = _words(row["value"]) if row["op"] in ("in", "has") else row["value"]
    return [{"attribute": row["attribute"], "op": row["op"], "value": value}]


@cache
def data_file(name: str) -> dict[str, Any]:
    """Return one of the package's data files as it stands."""
    return tomllib.loads((DATA / name).read_text("utf-8"))


@cache
def industry_names() -> dict[str, str]:
    """Return GB/T 4754-2017 code -> section letter."""
    return {row["code"]: row["section"] for row in _rows(INDUSTRY / "gbt4754_2017.csv")}


@cache
def industry_flags() -> dict[str, dict[str, str]]:
    """Return 4-digit code -> its row of industries.csv."""
    return {row["code"]: row for row in _rows(INDUSTRY / "industries.csv")}


@cache
def classes_under(code: str) -> tuple[str, ...]:
    """Return the 4-digit classes a code or section letter stands for."""
    known = industry_names()
    if code not in known and code not in known.values():
        return ()
    return tuple(c for c, section in known.items() if len(c) == 4 and (c.startswith(code) or section == code))
