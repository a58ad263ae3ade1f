"""Content of the overview page: verdicts by county, relocation, carbon by county, data and gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cdgis.carbon.potential import ALL_MEASURES
from cdgis.carbon.stock import TOTAL
from cdgis.core import layer_ids
from cdgis.core.vocabulary import LIST_SEPARATOR, Evidence, IntakeStatus, SubjectKind, Verdict
from cdgis.report.relocation.content import count_dispositions
from cdgis.report.site.subject_list import Listed
from cdgis.report.table_rows import Row, records, table
from cdgis.results.assessment import Assessment

NO_COUNTY = "未落入县区"
_CITY_LAYER = layer_ids.CITY
_COUNTY_LAYER = layer_ids.COUNTIES
_FIGURES = (
    "area_m2", "covered_share", "vegetation_tc", "dead_tc", "soil_tc", "soil_share",
    "stock_tc_low", "stock_tc_mid", "stock_tc_high", "stock_tco2e_mid",
)  # fmt: skip
_MILESTONE_YEAR = 2030


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCount:
    """How many subjects got one verdict."""

    verdict: Verdict
    total: int
    projects: int
    enterprises: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The numbers and lists of the overview page."""

    counts: tuple[VerdictCount, ...]
    by_county: tuple[tuple[str, tuple[int, ...]], ...]
    """(county, number per verdict in the order of `counts`)."""
    critical_count: int
    manual_count: int
    relocation: tuple[Row, ...]
    """Rows of relocation.csv with ``page`` and ``titles`` of the reasons."""
    dispositions: tuple[tuple[str, int], ...]
    """Disposition (or 排除) -> number of listed enterprises."""
    carbon: tuple[Row, ...]
    """One row per county: area, vegetation, dead matter, soil, stock with range, mark, classes without soil."""
    carbon_total: Row | None
    carbon_methods: tuple[str, ...]
    carbon_page: bool
    """Whether carbon.html is written beside this page."""
    potential: tuple[Row, ...]
    """Restoration measures by year, then all of them (``whole``), with ranges combined as the method says."""
    intake: tuple[Row, ...]
    """One row per file: accepted, repaired, quarantined (numbers of input rows), read."""
    troubles: tuple[Row, ...]
    """Intake rows that were repaired or quarantined."""
    absent_layers: tuple[str, ...]
    unverified_rules: int
    """Rules in force whose text or article number nobody has checked."""


def sum_up(assessment: Assessment, listed: Sequence[Listed]) -> Overview:
    """Return what the overview page prints, each number taken from the assessment's tables."""
    carbon = _carbon_by_county(table(assessment, "carbon_zones"))
    intake = table(assessment, "intake")
    absent = [spec.title for spec in assessment.catalog if spec.is_vector and spec.id not in assessment.layers]
    return Overview(
        counts=_count(listed),
        by_county=_by_county(assessment, listed),
        critical_count=sum(row.critical for row in listed),
        manual_count=sum(row.case.conclusion.manual_count for row in listed),
        relocation=_relocation(assessment, listed),
        dispositions=count_dispositions(table(assessment, "relocation")),
        carbon=carbon,
        carbon_total=_total(table(assessment, "carbon_zones")),
        carbon_methods=tuple(sorted(set(table(assessment, "carbon_zones")["method"]))),
        carbon_page=bool(len(table(assessment, "carbon_growth"))),
        potential=_potential(table(assessment, "carbon_potential_totals")),
        intake=_intake_by_file(intake),
        troubles=tuple(records(intake[intake["status"] != IntakeStatus.ACCEPTED.value])),
        absent_layers=tuple(absent),
        unverified_rules=sum(not rule.mark.is_read and rule.mark is not Evidence.TOOL for rule in assessment.rulebook.in_force(assessment.as_of)),
    )


def _count(listed: Sequence[Listed]) -> tuple[VerdictCount, ...]:
    """Return the verdicts' counts, none when nobody was judged: a zero would read as nothing found."""
    counts = []
    for verdict in Verdict if listed else ():
        kinds = [row.subject["kind"] for row in listed if row.verdict == verdict]
        projects = kinds.count(SubjectKind.PROJECT)
        counts.append(
            VerdictCount(verdict=verdict, total=len(kinds), projects=projects, enterprises=len(kinds) - projects)
        )
    return tuple(counts)


def _by_county(assessment: Assessment, listed: Sequence[Listed]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return numbers by county in the order of county codes; subjects outside all counties come last."""
    zones = assessment.layers[_COUNTY_LAYER].zones if _COUNTY_LAYER in assessment.layers else pd.DataFrame()
    order = list(zones.sort_values("zone_id")["zone_name"]) if len(zones) else []
    found = {str(row.subject["county"]) for row in listed}
    counties = [*(name for name in order if name in found), *sorted(found - set(order) - {""})]
    counties += [""] if "" in found else []
    rows = []
    for county in counties:
        verdicts = [row.verdict for row in listed if row.subject["county"] == county]
        rows.append((county or NO_COUNTY, tuple(verdicts.count(v.value) for v in Verdict)))
    return tuple(rows)


def _relocation(assessment: Assessment, listed: Sequence[Listed]) -> tuple[Row, ...]:
    pages = {row.case.subject_id: row.page for row in listed}
    titles = {rule.id: rule.title for rule in assessment.rulebook.rules}
    return tuple(
        {
            **row,
            "page": pages.get(row["enterprise_id"], ""),
            "titles": tuple((reason, titles.get(reason, "")) for reason in row["reasons"].split(LIST_SEPARATOR)),
        }
        for row in records(table(assessment, "relocation"))
    )


def _carbon_by_county(zones: pd.DataFrame) -> tuple[Row, ...]:
    """Return each county's own total row; the row says how many land classes have no factor."""
    counties = zones[zones["zone_layer"] == _COUNTY_LAYER]
    rows = []
    for (zone_id, name), part in counties.groupby(["zone_id", "zone_name"], sort=True):
        rows.append({"zone_id": zone_id, "zone_name": name, **_account(part)})
    return tuple(rows)


def _account(part: pd.DataFrame) -> dict[str, Any]:
    """Return one zone's total with its range, which is of the joint distribution and never a sum of lows."""
    total, classes = part[part["land_class"] == TOTAL], part[part["land_class"] != TOTAL]
    figures = {name: float(total[name].sum(min_count=1)) for name in _FIGURES}
    bare = classes.loc[classes["soil_tc"].isna() & classes["stock_tc_mid"].notna(), "land_class"]
    known = classes["dead_tc"].notna()
    return {
        **figures,
        "dead_known_tc": float(classes.loc[known, "dead_tc"].sum()) if known.any() else float("nan"),
        "dead_classes": tuple(classes.loc[known, "land_class"]),
        "soilless": tuple(bare),
        "mark": str(total["mark"].min()) if len(total) else "",
        "without_factor": int(classes["stock_tc_mid"].isna().sum()),
    }


def _total(zones: pd.DataFrame) -> Row | None:
    city = zones[zones["zone_layer"] == _CITY_LAYER]
    return _account(city) if len(city) else None


def _potential(totals: pd.DataFrame) -> tuple[Row, ...]:
    """Return the totals of the years shown: the plan's milestone after the start, and the last year."""
    if totals.empty:
        return ()
    shown = totals[totals["year"].isin([_MILESTONE_YEAR, totals["year"].max()])]
    shown = shown.assign(whole=shown["measure"] == ALL_MEASURES)
    return tuple(records(shown.sort_values(["year", "whole", "measure"], kind="stable")))


def _intake_by_file(intake: pd.DataFrame) -> tuple[Row, ...]:
    """Return counts of input rows by file and fate; several notes on one row count once, the gravest wins."""
    grave: Mapping[str, int] = {status.value: number for number, status in enumerate(IntakeStatus)}
    fates: dict[str, dict[str, int]] = {}
    for row in records(intake):
        rows = fates.setdefault(str(row["file"]), {})
        rows[str(row["row"])] = max(rows.get(str(row["row"]), 0), grave[str(row["status"])])
    result = []
    for file in sorted(fates):
        numbers = list(fates[file].values())
        counts = {status.value: numbers.count(number) for number, status in enumerate(IntakeStatus)}
        result.append({"file": file, "read": len(numbers), **counts})
    return tuple(result)
