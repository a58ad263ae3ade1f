"""The carbon page: totals with ranges, ledger, curves, factors, transitions, a card per restoration area.

Each figure is a cell of a table in data/; the page says which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cdgis.carbon.account.totals import WITH_AREA_ERROR
from cdgis.carbon.factors import read_conditions
from cdgis.carbon.potential import ALL_MEASURES
from cdgis.carbon.stock import TOTAL
from cdgis.core import layer_ids
from cdgis.report.carbon.figures import (
    CURVE_PX,
    MAP_PX,
    DensityMap,
    GrowthChart,
    Outline,
    density_map,
    growth_charts,
    picture_outline,
    zone_paths,
)
from cdgis.report.files.inline_assets import content_policy, inline_code, template_text
from cdgis.report.table_rows import Row, records, table
from cdgis.report.templating import common_values, filled
from cdgis.report.wording import read_wording
from cdgis.results.assessment import Assessment

CITY, COUNTIES, UNITS, RESTORATION = layer_ids.CITY, layer_ids.COUNTIES, layer_ids.MANAGEMENT_UNITS, layer_ids.RESTORATION_AREAS
RELIEF = "relief"
SHOWN_YEARS = (2030, 2040, 2050, 2060)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One restoration area."""

    area: Row
    href: str
    ledger: tuple[Row, ...]
    potential: tuple[Row, ...]
    """Years SHOWN_YEARS and the last."""
    conditions: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarbonView:
    """The content of carbon.html."""

    city: Row | None
    city_classes: tuple[Row, ...]
    soilless: tuple[str, ...]
    dead_classes: tuple[str, ...]
    counties: tuple[Row, ...]
    """Totals by county, with their yearly sink."""
    city_sink: Row | None
    maps: tuple[DensityMap, ...]
    potential_maps: tuple[DensityMap, ...]
    outlines: Mapping[str, Outline]
    """County borders over each picture, by the picture's name."""
    potential_counties: tuple[Row, ...]
    uncertainty: tuple[dict[str, Any], ...]
    """Analytic and Monte Carlo row of each quantity."""
    milestones: tuple[Row, ...]
    change: Row | None
    transitions: tuple[tuple[str, ...], tuple[tuple[str, tuple[Row | None, ...]], ...]]
    """Later classes, and per earlier class the cells."""
    gains: tuple[Row, ...]
    """The pairs of unlike classes with the most area."""
    value: tuple[Row, ...]
    species: tuple[Row, ...]
    charts: tuple[GrowthChart, ...]
    totals: tuple[Row, ...]
    """Potential by measure in the years shown."""
    headline: Mapping[int, Row]
    """Year -> potential of all measures."""
    soil: tuple[Row, ...]
    """Top 30 cm of soil by measure, and below its areas in the last year shown."""
    soil_areas: tuple[Row, ...]
    measure_ledgers: tuple[tuple[str, tuple[Row, ...]], ...]
    cards: tuple[tuple[str, tuple[Card, ...]], ...]
    conditions: tuple[Row, ...]
    """Each condition with the number of parcels that pass, fail or are unknown."""
    states: Mapping[str, int]
    methodology: tuple[str, str]
    factors: tuple[tuple[str, tuple[Row, ...]], ...]
    checks: tuple[Row, ...]
    closing: tuple[Row, ...]
    """Per zone layer its number of zones and the zone that closes worst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A column of a zone table to be drawn."""

    rows: pd.DataFrame
    column: str
    by: float
    """What the column is divided by for the reader."""
    title: str
    unit: str


def gather_carbon(assessment: Assessment, *, pages: Mapping[str, Mapping[str, str]]) -> CarbonView | None:
    """Return what the carbon page prints, or None when this run made no carbon account."""
    if table(assessment, "carbon_growth").empty:
        return None
    zones = table(assessment, "carbon_zones")
    city = zones[zones["zone_layer"] == CITY]
    totals = table(assessment, "carbon_potential_totals")
    shown = totals[totals["year"].isin([*SHOWN_YEARS, totals["year"].max() if len(totals) else 0])]
    eligibility = table(assessment, "carbon_eligibility")
    name, source, _ = read_conditions()
    density = _Shown(
        rows=zones[zones["land_class"] == TOTAL], column="density_tc_per_ha_mid", by=1.0, title="碳密度", unit="吨碳/公顷"
    )
    by_zone = table(assessment, "carbon_potential_zones")
    potential = _Shown(rows=by_zone, column="cumulative_tco2e_mid", by=1e4, title="修复累计增汇", unit="万 tCO₂e")
    paths = zone_paths(assessment.layers, COUNTIES, UNITS)
    return CarbonView(
        city=_first(city[city["land_class"] == TOTAL]),
        **_city_classes(city[city["land_class"] != TOTAL]),
        counties=_counties(assessment),
        city_sink=_first(table(assessment, "carbon_sink").query("zone_layer == @CITY")),
        maps=_maps(assessment, pages, paths, density),
        potential_maps=_maps(assessment, pages, paths, potential),
        outlines=_outlines(assessment),
        potential_counties=tuple(records(by_zone[by_zone["zone_layer"] == COUNTIES])),
        uncertainty=_ranges(table(assessment, "carbon_uncertainty")),
        milestones=tuple(records(table(assessment, "carbon_milestones"))),
        **_change(table(assessment, "carbon_change")),
        value=tuple(records(table(assessment, "carbon_value"))),
        species=_species(table(assessment, "carbon_species")),
        charts=growth_charts(table(assessment, "carbon_growth")),
        totals=_ordered_totals(shown),
        headline={int(row["year"]): row for row in records(shown[shown["measure"] == ALL_MEASURES])},
        **_soil(table(assessment, "carbon_soil")),
        measure_ledgers=_measure_ledgers(table(assessment, "carbon_ledger")),
        cards=_cards(assessment, pages.get(RESTORATION, {})),
        conditions=_condition_counts(eligibility),
        states=_counted(table(assessment, "carbon_restoration")["ccer_state"]),
        methodology=(name, source),
        factors=_grouped(table(assessment, "carbon_factors"), "kind"),
        checks=tuple(records(table(assessment, "carbon_checks"))),
        closing=_closing(assessment),
    )


def _city_classes(classes: pd.DataFrame) -> dict[str, Any]:
    counted = classes["stock_tc_mid"].notna()
    return {
        "city_classes": tuple(records(classes.sort_values("area_m2", ascending=False, kind="stable"))),
        "soilless": tuple(classes.loc[classes["soil_tc"].isna() & counted, "land_class"]),
        "dead_classes": tuple(classes.loc[classes["dead_tc"].notna(), "land_class"]),
    }


def _soil(soil: pd.DataFrame) -> dict[str, Any]:
    last = soil["years_after"] == soil["years_after"].max()
    return {
        "soil": tuple(records(soil[soil["land_class"] == TOTAL])),
        "soil_areas": tuple(records(soil[(soil["land_class"] != TOTAL) & last])),
    }


def render_carbon(assessment: Assessment, view: CarbonView) -> str:
    """Return the carbon page; no script."""
    return filled(
        "carbon.html",
        **common_values(assessment),
        policy=content_policy(()),
        style=inline_code(template_text("style.css") + template_text("dashboard.css") + template_text("carbon.css")),
        v=view,
        curve_px=CURVE_PX,
        map_px=MAP_PX,
        total_class=TOTAL,
        method_words=read_wording()["growth_method"],
    )


def _first(frame: pd.DataFrame) -> Row | None:
    return records(frame)[0] if len(frame) else None


def _counties(assessment: Assessment) -> tuple[Row, ...]:
    zones, sink = table(assessment, "carbon_zones"), table(assessment, "carbon_sink")
    totals = zones[(zones["zone_layer"] == COUNTIES) & (zones["land_class"] == TOTAL)]
    sink = sink[sink["zone_layer"] == COUNTIES].drop(columns=["zone_layer", "zone_name", "covered_share", "method", "mark"])
    return tuple(records(totals.merge(sink, on="zone_id", how="left")))


def _maps(
    assessment: Assessment, pages: Mapping[str, Mapping[str, str]], paths: Mapping[str, Sequence[str]], wanted: _Shown
) -> tuple[DensityMap, ...]:
    """Return maps of one column by county and by unit."""
    drawn = []
    for layer, title in ((COUNTIES, "各县区"), (UNITS, "各管控单元")):
        rows = wanted.rows[wanted.rows["zone_layer"] == layer]
        if layer in paths and len(rows):
            shapes = assessment.layers[layer].zones
            values = rows.set_index("zone_id")[wanted.column] / wanted.by
            drawn.append(
                density_map(
                    shapes, values, title=f"{title}{wanted.title}", unit=wanted.unit, paths=paths[layer], links=pages.get(layer, {})
                )
            )
    return tuple(drawn)


def _outlines(assessment: Assessment) -> dict[str, Outline]:
    if COUNTIES not in assessment.layers:
        return {}
    counties = assessment.layers[COUNTIES].zones
    return {name: picture_outline(counties, picture) for name, picture in assessment.pictures.items() if name != RELIEF}


def _ranges(uncertainty: pd.DataFrame) -> tuple[dict[str, Any], ...]:
    """Return by quantity the rows that are printed: analytic, drawn, and the two ends of the correlation model."""
    found: list[dict[str, Any]] = []
    for name, part in uncertainty.groupby("quantity", sort=True):
        rows = {(row["correlation"], row["approach"]): row for row in records(part)}
        found.append({
            "known": rows["同源相关", "解析"], "drawn": rows["同源相关", "蒙特卡洛"],
            "apart": rows["全部独立", "解析"], "together": rows["全部相关", "解析"], "name": name,
        })  # fmt: skip
    return tuple(sorted(found, key=lambda row: (WITH_AREA_ERROR in row["name"], row["name"])))


def _change(change: pd.DataFrame) -> dict[str, Any]:
    city = change[change["zone_layer"] == CITY]
    pairs = city[city["from_class"] != TOTAL]
    size = pairs.groupby("from_class")["area_m2"].sum().add(pairs.groupby("to_class")["area_m2"].sum(), fill_value=0.0)
    names = tuple(size.sort_values(ascending=False, kind="stable").index)
    cells = {(row["from_class"], row["to_class"]): row for row in records(pairs)}
    moved = pairs[pairs["from_class"] != pairs["to_class"]].sort_values("area_m2", ascending=False, kind="stable")
    rows = tuple((earlier, tuple(cells.get((earlier, later)) for later in names)) for earlier in names)
    return {
        "change": _first(city[city["from_class"] == TOTAL]),
        "transitions": (names, rows),
        "gains": tuple(records(moved.head(12))),
    }


def _species(species: pd.DataFrame) -> tuple[Row, ...]:
    whole = species["species_group"] == TOTAL
    return tuple(records(pd.concat([species[~whole].sort_values("volume_tc", ascending=False, kind="stable"), species[whole]])))


def _ordered_totals(shown: pd.DataFrame) -> tuple[Row, ...]:
    ordered = shown.assign(whole=shown["measure"] == ALL_MEASURES)
    return tuple(records(ordered.sort_values(["year", "whole", "measure"], kind="stable")))


def _measure_ledgers(ledger: pd.DataFrame) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    sums = ledger[ledger["area_id"].str.startswith(f"{TOTAL}·")]
    return tuple((str(name), tuple(records(part))) for name, part in sums.groupby("measure", sort=True))


def _cards(assessment: Assessment, pages: Mapping[str, str]) -> tuple[tuple[str, tuple[Card, ...]], ...]:
    potential = table(assessment, "carbon_potential")
    shown = potential[potential["year"].isin([*SHOWN_YEARS, potential["year"].max() if len(potential) else 0])]
    ledgers = dict(_grouped(table(assessment, "carbon_ledger"), "area_id"))
    futures = dict(_grouped(shown, "area_id"))
    conditions = dict(_grouped(table(assessment, "carbon_eligibility"), "area_id"))
    areas = table(assessment, "carbon_restoration").sort_values(["measure", "area_id"], kind="stable")
    return tuple(
        (
            str(measure),
            tuple(
                Card(
                    area=row, href=pages.get(row["area_id"], ""), ledger=ledgers.get(row["area_id"], ()),
                    potential=futures.get(row["area_id"], ()), conditions=conditions.get(row["area_id"], ()),
                )
                for row in records(part)
            ),
        )
        for measure, part in areas.groupby("measure", sort=True)
    )  # fmt: skip


def _condition_counts(eligibility: pd.DataFrame) -> tuple[Row, ...]:
    if eligibility.empty:
        return ()
    counts = eligibility.groupby(["condition", "state"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["pass", "fail", "unknown"], fill_value=0)
    words = eligibility.drop_duplicates("condition").set_index("condition")[["title", "text", "mark"]]
    return tuple(records(words.join(counts).reset_index()))


def _counted(values: "pd.Series[str]") -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().items()}


def _grouped(frame: pd.DataFrame, column: str) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    """Return the rows of each value of a column, in the order in which the values first stand there."""
    groups: dict[str, list[Row]] = {}
    for row in records(frame[frame[column].notna()]):
        groups.setdefault(str(row[column]), []).append(row)
    return tuple((name, tuple(rows)) for name, rows in groups.items())


def _closing(assessment: Assessment) -> tuple[Row, ...]:
    rows = []
    for layer, part in table(assessment, "carbon_areas").groupby("zone_layer", sort=False):
        worst = part.iloc[int(np.argmax(part["residual_m2"].abs().to_numpy()))]
        title = assessment.layers[str(layer)].spec.title if str(layer) in assessment.layers else str(layer)
        rows.append({"title": title, "zones": len(part), **{str(k): v for k, v in worst.items()}})
    return tuple(rows)
