"""Factor tables of a workspace's own: <workspace>/factors/*.csv takes the place of the shipped table of its name.

A table is replaced whole, so that no row of the one is mixed with rows of the other unseen. Each row states its source and its
mark, as the shipped ones do. Which workspace's factors count is a matter of the calling context, never of the process.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.resources import files
from math import inf, isfinite
from pathlib import Path

from cdgis.core.errors import CarbonError
from cdgis.core.packs import shipped_packs
from cdgis.core.regular_files import read_regular
from cdgis.core.vocabulary import InputRecord
from cdgis.core.written_files import file_digest

FACTORS_DIR = "factors"
_POOLS = "pools_"
_REPLACEABLE = (
    "age_class_carbon", "age_class_range", "bcef", "growth_increment", "growth_power", "growth_richards", "planting_rules",
    "potential_measures", "root_shoot_ipcc", "sink_rates", "stand_rates", "trees",
)  # fmt: skip
_POOL_COLUMNS = (
    "class_code", "land_class", "above_tc_per_ha", "below_tc_per_ha", "soil_depth_cm", "note",
    *(f"{pool}{end}" for pool in ("vegetation", "dead", "soil")
      for end in ("_tc_per_ha", "_low_tc_per_ha", "_high_tc_per_ha", "_source", "_group", "_mark")),
)  # fmt: skip
_STATED = ("source", "basis", "mark")
"""Columns that no row may leave blank, as far as the table has them."""
_MARKS = ("S", "M")
_AMOUNTS = ("_per_ha", "_share", "_per_m3", "_cm", "bef", "root_shoot", "carbon_fraction")
_NUMBERS = (*_AMOUNTS, "_yr", "_m", "_mm")
"""Ends of columns that hold numbers, and of those that cannot be below zero."""

_own: ContextVar[Mapping[str, Path]] = ContextVar("own_factors", default={})  # noqa: B039 (never written to)


def own_files() -> Mapping[str, Path]:
    """Return the own factor tables of the workspace at hand: file name -> file."""
    return _own.get()


OwnState = tuple[tuple[str, int, int], ...]
"""File, time of change and size of each own table."""


def own_state() -> OwnState:
    """Return what tells one state of the own tables from another: what is derived from factors is kept under it."""
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in own_files().values())


@contextmanager
def with_own_factors(root: Path) -> Iterator[tuple[InputRecord, ...]]:
    """Reckon with the factor tables in `root`/factors until the block ends; give their records.

    Raises
    ------
    CarbonError : a table nobody asks for, or one that is not laid out as the shipped one; all faults at once.
    """
    found = {path.name: path for path in sorted((root / FACTORS_DIR).glob("*.csv"))}
    problems = [fault for name, path in found.items() for fault in _faults(name, path)]
    if problems:
        raise CarbonError(
            "工作区自己的因子表有误：" + "；".join(problems),
            remedy=f"请照程序自带的同名表（cdgis/data/carbon、cdgis/data/packs）改 {FACTORS_DIR}/ 里的文件，或移走它",
        )
    token = _own.set(found)
    try:
        yield tuple(_record(name, path) for name, path in found.items())
    finally:
        _own.reset(token)


def _record(name: str, path: Path) -> InputRecord:
    return InputRecord(
        layer="own_factors", kind="rules", path=f"{FACTORS_DIR}/{name}", sublayer="", sha256=file_digest(path), version="", official=False
    )


def _columns(name: str) -> tuple[str, ...]:
    """Return the columns of a table: those of the shipped one, of whichever place; densities of any name are laid out alike."""
    if name.startswith(_POOLS):
        return _POOL_COLUMNS
    general = Path(str(files("cdgis").joinpath("data", "carbon", name)))
    places = (general, *(pack.file(f"carbon/{name}") for pack in shipped_packs().values()))
    shipped = next(path for path in places if path.is_file())
    return tuple(shipped.read_text(encoding="utf-8-sig").splitlines()[0].split(","))


def _faults(name: str, path: Path) -> Iterator[str]:
    """Yield what is wrong with one table, with the line it stands in."""
    shown = f"{FACTORS_DIR}/{name}"
    if not name.startswith(_POOLS) and name.removesuffix(".csv") not in _REPLACEABLE:
        yield f"{shown} 不是能换的表，能换的有 {'、'.join(_REPLACEABLE)} 和 {_POOLS}名称"
        return
    try:
        text = read_regular(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        yield f"{shown} 读不出来，应为 UTF-8 的 CSV"
        return
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header, expected = (rows[0] if rows else []), _columns(name)
    missing, strange = [c for c in expected if c not in header], [c for c in header if c not in expected]
    if missing or strange or len(set(header)) < len(header):
        said = [f"缺列 {'、'.join(missing)}"] if missing else []
        said += [f"多出列 {'、'.join(strange)}"] if strange else []
        yield f"{shown} {'，'.join(said) or '列名重复'}"
    elif len(rows) < 2:
        yield f"{shown} 没有一行数据"
    else:
        for number, row in enumerate(rows[1:], start=2):
            yield from (f"{shown} 第 {number} 行{fault}" for fault in _row_faults(header, row))


def _row_faults(header: list[str], row: list[str]) -> Iterator[str]:
    if len(row) != len(header):
        yield f"有 {len(row)} 格，应为 {len(header)} 格"
        return
    cells = dict(zip(header, row, strict=True))
    yield from (f"没有写 {name}（出处）" for name in _STATED if name in cells and not cells[name].strip())
    marks = {name: value for name, value in cells.items() if name == "mark" or name.endswith("_mark")}
    yield from (f"的 {name} 读到“{value}”，应为 {'、'.join(_MARKS)} 之一" for name, value in marks.items() if value and value not in _MARKS)
    for name, value in cells.items():
        least = 0.0 if name.endswith(_AMOUNTS) else -inf
        if name.endswith(_NUMBERS) and value and not _is_number(value, least):
            yield f"的 {name} 读到“{value}”，应为{'不小于零的' if not least else ''}数字"


def _is_number(text: str, least: float) -> bool:
    try:
        return isfinite(float(text)) and float(text) >= least
    except ValueError:
        return False
