"""What was judged: parts 1 and 7 of the report (identity, areas, boundary points; industry, equipment, rail)."""

from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core import layer_ids
from cdgis.core.units import m2_to_ha, m2_to_mu
from cdgis.core.vocabulary import IntakeStatus
from cdgis.geometry import geodesy
from cdgis.report.screening.boundary import Boundary
from cdgis.report.screening.clauses import Subject
from cdgis.report.screening.content import Area, Basics, Clause, Fact, IndustryPart
from cdgis.report.screening.phrases import activity_title, fact_of, industry_name, split, wording

Row = Mapping[str, Any]

CRS_TITLE = "CGCS2000（EPSG:4490），经纬度，十进制度"
_RAIL_LAYER = layer_ids.RAILWAYS
_AREA_PREFIX = "area_"
_INDUSTRY_FACTS = (
    "two_high", "relocation_sector", "new_capacity", "capacity", "equipment", "blast_furnace_volume_m3",
    "sinter_machine_type", "pellet_equipment_type", "captive_coal_unit", "burns_high_pollution_fuel",
    "coal_t_per_yr", "bulk_freight_t_per_yr", "water_m3_per_yr", "discharges_pollutants", "protection_distance_m",
)  # fmt: skip


def basics_of(
    subject: Subject, shape: BaseGeometry | None, boundary: Boundary, attributes: Sequence[Row], intake: Sequence[Row]
) -> Basics:
    """Return part 1.

    Parameters
    ----------
    shape : the subject's geometry, EPSG:4490 lon/lat; None when it has none.
    boundary : its points as handed in.
    attributes, intake : its rows of those tables.
    """
    row = subject.row
    dimension = int(shapely.get_dimensions(shape)) if shape is not None else 0
    return Basics(
        subject_id=str(row["subject_id"]),
        name=str(row["name"]),
        kind=str(row["kind"]),
        geometry=wording()["geometry"][str(max(dimension, 0))],
        industry=str(row["industry"]),
        industry_name=industry_name(str(row["industry"])),
        project_type=str(row["project_type"]),
        activities=tuple(Fact(name=code, title=code, value=activity_title(code)) for code in subject.activities),
        county=str(row["county"]),
        basin=str(row["basin"]),
        units=split(row["unit_code"]),
        areas=_areas(row, attributes),
        length_m=float(row["length_m"]),
        lon_deg=float(row["lon"]),
        lat_deg=float(row["lat"]),
        crs=CRS_TITLE,
        accuracy_m=float(row["accuracy_m"]),
        source_file=str(row["source_file"]),
        source_row=str(row["source_row"]),
        notes=str(row["notes"]),
        repairs=_repairs(intake),
        declared=_declared(attributes),
        plane_title=boundary.plane_title,
        point_count=boundary.count,
        points=boundary.points,
        points_note=boundary.note,
    )


def _repairs(intake: Sequence[Row]) -> tuple[Fact, ...]:
    told = (note for note in intake if note["reason"] and note["status"] != IntakeStatus.QUARANTINED)
    return tuple(Fact(name=str(note["field"]), title=str(note["reason"]), value=str(note["remedy"])) for note in told)


def _declared(attributes: Sequence[Row]) -> tuple[Fact, ...]:
    given = (a for a in attributes if not str(a["attribute"]).startswith(_AREA_PREFIX))
    return tuple(fact_of(str(a["attribute"]), str(a["value"]), str(a["unit"])) for a in given)


def _areas(row: Row, attributes: Sequence[Row]) -> tuple[Area, ...]:
    if not row["area_m2"] > 0:
        return ()
    found = {"survey": float(row["area_m2"])}
    for method in geodesy.AREA_METHODS:
        given = [a["value"] for a in attributes if a["attribute"] == f"{_AREA_PREFIX}{method}_m2"]
        if given:
            found[method] = float(given[0])
    return tuple(
        Area(
            method=method, title=geodesy.AREA_METHOD_TITLES[method],
            area_m2=value, area_ha=m2_to_ha(value), area_mu=m2_to_mu(value),
        )
        for method, value in found.items()
    )  # fmt: skip


def industry_of(
    subject: Subject, distances_m: Mapping[str, tuple[str, float]], clauses: Sequence[Clause]
) -> IndustryPart:
    """Return part 7.

    Parameters
    ----------
    distances_m : layer -> name of the nearest zone and its distance, metres (0 when hit).
    clauses : the clauses that look at no zone, so at the industry and its equipment alone.
    """
    names = ["industry", "project_type", "two_high"]
    names += [name for name in _INDUSTRY_FACTS if name in subject.values and name != "two_high"]
    railway, distance_m = distances_m.get(_RAIL_LAYER, ("", float("nan")))
    return IndustryPart(
        facts=subject.told(names), railway=railway, railway_distance_m=distance_m, clauses=tuple(clauses)
    )
