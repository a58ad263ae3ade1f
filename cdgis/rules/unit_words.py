"""Rules from the words that a management-unit layer carries in its own feature table.

Real unit layers hold the 生态环境准入清单 as free text in four fields, one a dimension. Nobody has said there what a clause
does, so each is for a person to decide (manual); the table of the access list, where there is one, says it and wins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from cdgis.core.vocabulary import Dimension, Evidence
from cdgis.rules.access_list import clause_rules
from cdgis.rules.access_sheet import COLUMNS, NO_REQUIREMENT, clauses_of
from cdgis.rules.rule import Rule

WORD_COLUMNS: Mapping[str, Dimension] = {
    "list_space": Dimension.SPACE, "list_emission": Dimension.EMISSION,
    "list_risk": Dimension.RISK, "list_resource": Dimension.RESOURCE,
}  # fmt: skip
"""Zone column (readers/columns.toml) -> the dimension its text is about."""
ELEMENT_COLUMN = "list_element"
CUT_WORDS = "……【原文件此格已满 254 字节，后文可能被截断，请核对清单原文】"
"""Put by the reader at the end of a text that fills its cell."""
_MOST_LISTED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitWords:
    """What the units' own words became."""

    rules: tuple[Rule, ...] = ()
    has_table: bool = False
    units: tuple[str, ...] = ()
    """Units whose words were read, sorted."""
    cut: tuple[str, ...] = ()
    """Units with a text that may have been cut off."""
    outranked: tuple[str, ...] = ()
    """Units of which the table speaks about a dimension that their words speak about too: the table holds."""
    differing: tuple[str, ...] = ()
    """Of those the ones whose words are not found in the table's."""

    def with_table(self, table: pd.DataFrame | None) -> pd.DataFrame | None:
        """Return unit_code and dimension of every clause, in a table or in the words; None where there is neither."""
        rows = [(unit, str(rule.dimension)) for rule in self.rules for unit in rule.zone_ids]
        mine = pd.DataFrame(rows, columns=["unit_code", "dimension"])
        if table is None:
            return mine if rows else None
        return pd.concat([table[["unit_code", "dimension"]], mine], ignore_index=True)

    @property
    def told(self) -> str:
        """What was done with the words, in one sentence for the reader; "" where the layer has none."""
        parts = []
        if self.units:
            where = "准入清单表没有写到的" if self.has_table else "没有准入清单表"
            parts.append(f"{where}，取图层自带的四维管控要求：{len(self.units)} 个单元 {len(self.rules)} 条，逐条由人判定")
        if self.cut:
            parts.append(f"其中可能被截断的：{_shown(self.cut)}")
        if self.outranked:
            parts.append(f"{len(self.outranked)} 个单元两处都有，以准入清单表为准")
        if self.differing:
            parts.append(f"图层文字在表中找不到的，请核对：{_shown(self.differing)}")
        return "；".join(parts)


def unit_words(zones: pd.DataFrame, table: pd.DataFrame | None, *, official: bool, source: str) -> UnitWords:
    """Return the rules in the words of `zones`, but for what `table` (columns of the access list) already says.

    Parameters
    ----------
    zones : zone_id and the columns of WORD_COLUMNS the layer has; a missing one says nothing.
    official : whether the catalogue calls the layer official; the clauses of one that is not are examples.
    source : the layer's file as shown to readers.
    """
    listed = _listed(table)
    rows: list[dict[str, str]] = []
    outranked, differing, cut = set(), set(), set()
    for unit, dimension, clause in _said(zones):
        known = listed.get((unit, dimension))
        if clause.endswith(CUT_WORDS):
            cut.add(unit)
        if known is None:
            rows.append({"unit_code": unit, "dimension": dimension, "text": clause})
            continue
        outranked.add(unit)
        if _bare(clause) not in known:
            differing.add(unit)
    mark = Evidence.ORIGINAL if official else Evidence.EXAMPLE
    rules = [rule for cells in _numbered(rows) for rule in clause_rules(cells, mark, source=source)]
    units = tuple(sorted({row["unit_code"] for row in rows}))
    return UnitWords(
        rules=tuple(rules), has_table=table is not None, units=units, cut=tuple(sorted(cut)), outranked=tuple(sorted(outranked)),
        differing=tuple(sorted(differing)),
    )  # fmt: skip


def _said(zones: pd.DataFrame) -> Iterable[tuple[str, str, str]]:
    """Yield unit, dimension and clause, each once, in file order; what a unit says of its element goes with its clauses."""
    columns = [name for name in WORD_COLUMNS if name in zones]
    told: dict[tuple[str, str, str], None] = {}
    for row in zones.to_dict("records"):
        element = str(row.get(ELEMENT_COLUMN, "")).strip()
        about = "" if element in NO_REQUIREMENT else f"（环境要素：{element}）"
        for name in columns:
            text = str(row[name]).strip()
            if text not in NO_REQUIREMENT and str(row["zone_id"]).strip():
                for clause in clauses_of(text):
                    told[str(row["zone_id"]), str(WORD_COLUMNS[name]), f"{about}{clause}"] = None
    return tuple(told)


def _shown(units: Sequence[str]) -> str:
    return "、".join(units[:_MOST_LISTED]) + (f" 等 {len(units)} 个单元" if len(units) > _MOST_LISTED else "")


def _listed(table: pd.DataFrame | None) -> dict[tuple[str, str], str]:
    """Return all that a table says of each unit and dimension, without blanks."""
    found: dict[tuple[str, str], str] = {}
    if table is not None and {"unit_code", "dimension", "text"} <= set(table.columns):
        for unit, dimension, text in table[["unit_code", "dimension", "text"]].astype(str).itertuples(index=False):
            key = (unit.strip(), dimension.strip())
            found[key] = found.get(key, "") + _bare(text)
    return found


def _bare(text: str) -> str:
    return "".join(text.removesuffix(CUT_WORDS).split())


def _numbered(rows: Sequence[Mapping[str, str]]) -> Iterable[dict[str, str]]:
    """Yield the rows with every column of the access list, clauses numbered within unit and dimension."""
    counts: dict[tuple[str, str], int] = {}
    short = {str(dimension): letter for dimension, letter in zip(WORD_COLUMNS.values(), "KWFZ", strict=True)}
    for row in rows:
        key = (row["unit_code"], row["dimension"])
        counts[key] = counts.get(key, 0) + 1
        yield {**dict.fromkeys(COLUMNS, ""), **row, "clause_no": f"{short[row['dimension']]}{counts[key]}"}
