"""Content of the relocation pages; every number out of the assessment's tables."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cdgis.core import layer_ids
from cdgis.core.vocabulary import LIST_SEPARATOR, Disposition, Effect, ListingStatus
from cdgis.report.table_rows import Row, page_names, records, table
from cdgis.results.assessment import Assessment

EXCLUDED, REVIEW = ListingStatus.EXCLUDED.value, ListingStatus.REVIEW.value
GROUPS = (*(item.value for item in Disposition), EXCLUDED)
"""What the listed are grouped by: their disposition, or that they are excluded."""
GROUP_TITLES = {layer_ids.COUNTIES: "县区", layer_ids.BASINS: "流域", layer_ids.MANAGEMENT_UNITS: "管控单元"}
_FIGURES = (
    "enterprises", "to_move", "people_near", "so2_t_per_yr", "nox_t_per_yr", "cod_t_per_yr", "co2_t_per_yr",
)  # fmt: skip
_MOST_UNITS = 40
_TONNES_A_YEAR = "吨/年"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One listed enterprise with everything its card and its row in the list need."""

    row: Row
    """Its row of relocation.csv."""
    group: str
    """Disposition, or 排除."""
    page: str
    """File name of its card."""
    why: tuple[str, ...]
    """Reasons that count, in words, the rule's title with the zone's name."""
    reasons: tuple[Row, ...]
    criteria: tuple[Row, ...]
    facts: tuple[Row, ...]
    destinations: tuple[Row, ...]
    """Feasible and fitting parks first, the best first."""

    @property
    def assigned(self) -> Row | None:
        """The park the plan gives it."""
        return next((row for row in self.destinations if row["assigned"]), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One bar of what the plan would achieve."""

    title: str
    unit: str
    before: float
    after: float

    @property
    def left_share(self) -> float:
        """What remains of it, 0 to 1."""
        return min(self.after / self.before, 1.0) if self.before else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RelocationView:
    """The content of the city page."""

    candidates: tuple[Candidate, ...]
    """By group, most urgent first."""
    counts: Mapping[str, int]
    """Group -> number; the groups in the order they are shown."""
    review_count: int
    placed: int
    to_relocate: int
    first: tuple[Candidate, ...]
    changes: tuple[Change, ...]
    rises: tuple[tuple[str, tuple[Row, ...]], ...]
    """(county, its figures that rise when enterprises move in), largest rise first."""
    acting: Mapping[str, int]
    """Status -> number of enterprises that all of the plan counts: those to move or to close."""
    effects: Mapping[str, tuple[tuple[Row, Mapping[str, tuple[float, float]]], ...]]
    """Layer -> zones with figure -> (before, after); only zones where something changes."""
    figures: tuple[tuple[str, str, str], ...]
    """(figure, title, unit) of the columns."""
    use: tuple[tuple[str, tuple[Row, ...]], ...]
    """(park name, rows of park_use.csv)."""
    plan: tuple[Row, ...]
    radius_m: float
    """Within which people are counted, metres."""


def view_relocation(assessment: Assessment, *, radius_m: float) -> RelocationView:
    """Return the content of the relocation pages."""
    candidates = gather_candidates(assessment)
    groups = [candidate.group for candidate in candidates]
    effects = table(assessment, "relocation_effects")
    to_relocate = [candidate for candidate in candidates if candidate.group == Disposition.RELOCATE]
    use: dict[str, list[Row]] = {}
    for row in records(table(assessment, "park_use")):
        use.setdefault(row["park_name"], []).append(row)
    return RelocationView(
        candidates=candidates,
        counts={name: groups.count(name) for name in GROUPS},
        review_count=sum(candidate.row["status"] == REVIEW for candidate in candidates),
        placed=sum(candidate.assigned is not None for candidate in to_relocate),
        to_relocate=len(to_relocate),
        first=tuple(candidate for candidate in candidates if candidate.row["rank"] == candidate.row["rank"])[:5],
        changes=_changes(effects),
        rises=_rises(effects),
        acting=Counter(str(candidate.row["status"]) for candidate in candidates if candidate.group in (Disposition.RELOCATE, Disposition.CLOSE)),
        effects={layer: _changed(effects, layer) for layer in GROUP_TITLES},
        figures=_figures(effects),
        use=tuple((park, tuple(rows)) for park, rows in use.items()),
        plan=tuple(records(table(assessment, "relocation_plan"))),
        radius_m=radius_m,
    )


def gather_candidates(assessment: Assessment) -> tuple[Candidate, ...]:
    """Return the listed enterprises, those that call for action first and the most urgent of them before the others."""
    listed = records(table(assessment, "relocation"))
    names = page_names([row["enterprise_id"] for row in listed])
    parts = {
        name: _by_enterprise(table(assessment, name))
        for name in ("relocation_reasons", "relocation_criteria", "destinations")
    }
    candidates = [_candidate(row, names[row["enterprise_id"]], parts) for row in listed]
    ranked = {candidate.row["enterprise_id"]: candidate.row["rank"] for candidate in candidates}
    return tuple(
        sorted(
            candidates,
            key=lambda c: (
                ranked[c.row["enterprise_id"]] if c.row["rank"] == c.row["rank"] else 1e9,
                GROUPS.index(c.group), c.row["enterprise_id"],
            ),
        )
    )  # fmt: skip


def _by_enterprise(frame: pd.DataFrame) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in records(frame):
        found.setdefault(row["enterprise_id"], []).append(row)
    return found


def _candidate(row: Row, page: str, parts: Mapping[str, Mapping[str, list[Row]]]) -> Candidate:
    name = row["enterprise_id"]
    reasons = tuple(parts["relocation_reasons"].get(name, ()))
    criteria = parts["relocation_criteria"].get(name, ())
    destinations = sorted(
        parts["destinations"].get(name, ()),
        key=lambda d: (not d["assigned"], not d["feasible"], not d["fits"], -d["score"], d["park_id"]),
    )
    strictest = sorted(reasons, key=lambda reason: (-Effect(reason["effect"]).rank, reason["rule_id"]))
    counting = [reason for reason in strictest if reason["counts"]] or strictest
    return Candidate(
        row=row,
        group=EXCLUDED if row["status"] == EXCLUDED else row["disposition"],
        page=page,
        why=tuple(dict.fromkeys(_in_words(reason) for reason in counting)),
        reasons=tuple(strictest),
        criteria=tuple(sorted((c for c in criteria if c["weight"] > 0), key=lambda c: (-c["points"], c["criterion"]))),
        facts=tuple(c for c in criteria if c["weight"] == 0),
        destinations=tuple(destinations),
    )


def _in_words(reason: Row) -> str:
    return f"{reason['title']}（{reason['zone_name']}）" if reason["zone_name"] else str(reason["title"])


def _total(effects: pd.DataFrame, layer: str, figure: str) -> tuple[float, float]:
    rows = effects[(effects["zone_layer"] == layer) & (effects["figure"] == figure)]
    return float(rows["before"].sum()), float(rows["after"].sum())


def _changes(effects: pd.DataFrame) -> tuple[Change, ...]:
    """Return the headline changes; those nothing stands behind are left out."""
    sensitive = effects[effects["zone_name"].str.contains("受体敏感", regex=False)]
    wanted = (
        ("须迁建或关停的企业仍在原址", "家", _total(effects, layer_ids.CITY, "to_move")),
        ("其中在城市建成区内", "家", _total(effects, layer_ids.BUILT_UP, "to_move")),
        ("其中在饮用水水源保护区内", "家", _total(effects, layer_ids.WATER_SOURCE_ZONES, "to_move")),
        ("这些企业周边的居住人数", "人", _total(effects, layer_ids.CITY, "people_near")),
        ("受体敏感大气区内氮氧化物排放", _TONNES_A_YEAR, _total(sensitive, layer_ids.AIR_ZONES, "nox_t_per_yr")),
        ("受体敏感大气区内二氧化硫排放", _TONNES_A_YEAR, _total(sensitive, layer_ids.AIR_ZONES, "so2_t_per_yr")),
        ("全市二氧化碳排放（只计关停）", _TONNES_A_YEAR, _total(effects, layer_ids.CITY, "co2_t_per_yr")),
    )
    return tuple(
        Change(title=title, unit=unit, before=before, after=after)
        for title, unit, (before, after) in wanted
        if before > 0
    )


def _rises(effects: pd.DataFrame) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    """Return the emissions that rise, by county; a summary of falls alone would hide where the load goes."""
    risen = effects[(effects["zone_layer"] == layer_ids.COUNTIES) & (effects["after"] > effects["before"])]
    risen = risen[(risen["unit"] == _TONNES_A_YEAR)]
    largest = (risen["after"] - risen["before"]).groupby(risen["zone_name"]).max()
    order = sorted(largest.index, key=lambda name: (-float(largest[name]), str(name)))
    return tuple((str(name), tuple(records(risen[risen["zone_name"] == name]))) for name in order)


def _figures(effects: pd.DataFrame) -> tuple[tuple[str, str, str], ...]:
    known = effects.drop_duplicates("figure").set_index("figure")
    return tuple(
        (figure, str(known.at[figure, "title"]), str(known.at[figure, "unit"])) for figure in _FIGURES if figure in known.index
    )


def _changed(effects: pd.DataFrame, layer: str) -> tuple[tuple[Row, Mapping[str, tuple[float, float]]], ...]:
    """Return the zones of a layer whose figures change, largest change in people first."""
    rows = effects[effects["zone_layer"] == layer]
    moved = set(rows.loc[rows["before"] != rows["after"], "zone_id"])
    zones: dict[str, tuple[Row, dict[str, tuple[float, float]]]] = {}
    for row in records(rows[rows["zone_id"].isin(sorted(moved))]):
        zones.setdefault(row["zone_id"], (row, {}))[1][row["figure"]] = (row["before"], row["after"])

    def weight(item: tuple[Row, Mapping[str, tuple[float, float]]]) -> tuple[float, float, str]:
        """Return what zones are sorted by: people relieved, enterprises moved, id."""
        before, after = item[1].get("people_near", (0.0, 0.0))
        enterprises = item[1].get("enterprises", (0.0, 0.0))
        return after - before, -abs(enterprises[0] - enterprises[1]), item[0]["zone_id"]

    return tuple(sorted(zones.values(), key=weight)[:_MOST_UNITS])


def count_dispositions(relocation: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    """Return (disposition, number) of a relocation table, the excluded under their own word; none that is zero."""
    groups = relocation["disposition"].where(relocation["status"] != EXCLUDED, EXCLUDED)
    counts = groups.value_counts()
    return tuple((name, int(counts[name])) for name in GROUPS if name in counts)


def listed_words(cell: str) -> tuple[str, ...]:
    """Return the items of a list cell."""
    return tuple(filter(None, cell.split(LIST_SEPARATOR)))
