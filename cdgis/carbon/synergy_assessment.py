"""Synergy of pollutants and carbon in a before-and-after table (`cdgis synergy TABLE`).

read_emissions → measure_synergy → page and table
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import tomli as tomllib

from cdgis.carbon.synergy_indices import GHG, WeightSet, measure_synergy, weight_set
from cdgis.core.errors import ReaderError
from cdgis.core.regular_files import read_regular
from cdgis.readers.sheets import read_sheets

_MOST_FAULTS = 12
_NOISE = re.compile(r"[（(].*?[)）]|\s|吨|t/a|/年")


@dataclass(frozen=True, slots=True, kw_only=True)
class Synergy:
    """The answer for one table."""

    source: str
    sha256: str
    weights: WeightSet
    rows_read: int
    table: pd.DataFrame
    """Table `synergy`."""


@cache
def _words() -> Mapping[str, Any]:
    return tomllib.loads(files("cdgis").joinpath("data/synergy/columns.toml").read_text(encoding="utf-8"))


def assess_synergy(path: Path, *, weights: str) -> Synergy:
    """Return the synergy of every enterprise, park and county of a CSV or XLSX table.

    Raises
    ------
    UsageError : no such weight set.
    ReaderError : the table cannot be read, lacks a column, or holds values that cannot be used; all at once.
    """
    chosen = weight_set(weights)
    emissions = read_emissions(path)
    digest = hashlib.sha256(read_regular(path)).hexdigest()
    table = measure_synergy(emissions, chosen)
    return Synergy(source=path.name, sha256=digest, weights=chosen, rows_read=len(emissions), table=table)


def read_emissions(path: Path) -> pd.DataFrame:
    """Return unit_id, name, park, county, substance, before_t, after_t (NaN where the cell is empty).

    Raises
    ------
    ReaderError : as `assess_synergy`.
    """
    if not path.is_file():
        raise ReaderError("文件不存在", source=str(path))
    sheet = read_sheets(path, label=path.name)[0]
    columns = _columns(sheet.rows[0], path.name)
    rows: list[dict[str, object]] = []
    faults: list[str] = []
    for number, cells in enumerate(sheet.rows[1:], start=2):
        texts = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
        if any(texts.values()):
            rows.append(_row(texts, number, faults))
    keys = Counter((row["unit_id"], row["substance"]) for row in rows)
    faults += [
        f"{unit} 的 {substance} 有 {count} 行，应只有一行" for (unit, substance), count in keys.items() if count > 1
    ]
    units = dict.fromkeys(row["unit_id"] for row in rows)
    faults += [f"{unit} 没有 {GHG} 一行；协同须有二氧化碳，缺值也要列出" for unit in units if (unit, GHG) not in keys]
    if faults or not rows:
        shown = faults[:_MOST_FAULTS] or ["没有一行数据"]
        more = f"\n  · 另有 {len(faults) - len(shown)} 处" if len(faults) > len(shown) else ""
        raise ReaderError(f"{path.name} 不能用于协同评估：\n" + "\n".join(f"  · {text}" for text in shown) + more)
    return pd.DataFrame(rows)


def _columns(header: tuple[str, ...], label: str) -> dict[str, int]:
    plain = [_NOISE.sub("", cell) for cell in header]
    found = {
        name: next(at for at, cell in enumerate(plain) if cell in aliases or cell == name)
        for name, aliases in _words()["columns"].items()
        if any(cell in aliases or cell == name for cell in plain)
    }
    missing = [name for name in _words()["required"]["names"] if name not in found]
    if missing:
        wanted = "；".join("/".join(_words()["columns"][name][:3]) for name in missing)
        raise ReaderError(f"{label} 缺少列：{wanted}", remedy=f"读到的表头：{'、'.join(header)}")
    return found


def _row(texts: Mapping[str, str], number: int, faults: list[str]) -> dict[str, object]:
    values = {name: _number(texts[name], number, name, faults) for name in ("before_t", "after_t")}
    if not texts["unit_id"]:
        faults.append(f"第 {number} 行没有编号")
    substance = _substance(texts["substance"])
    if not substance:
        faults.append(f"第 {number} 行的物质“{texts['substance']}”不认识；可用 {'、'.join(_words()['substances'])}")
    named = {name: texts.get(name, "") for name in ("park", "county")}
    return {
        "unit_id": texts["unit_id"], "name": texts.get("name") or texts["unit_id"], "substance": substance, **named, **values,
    }  # fmt: skip


def _number(text: str, number: int, name: str, faults: list[str]) -> float:
    if not text:
        return float("nan")
    try:
        value = float(text.replace(",", "").replace("，", ""))
    except ValueError:
        value = float("inf")
    if not 0 <= value < float("inf"):
        title = _words()["columns"][name][0]
        faults.append(f"第 {number} 行的{title}读到“{text}”，应为不小于零的数（吨）；没有数据请留空")
    return value


def _substance(text: str) -> str:
    plain = _NOISE.sub("", text)
    for name, aliases in _words()["substances"].items():
        if plain.casefold() in {name.casefold(), *(alias.casefold() for alias in aliases)}:
            return str(name)
    return ""
