"""What was judged: parts 1 and 7 of the report (identity, areas, boundary points; industry, equipment, rail)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core import layer_ids
from cdgis.core.units import m2_to_ha, m2_to_mu
from cdgis.core.vocabulary import IntakeStatus
from cdgis.geometry import geodesy
from cdgis.geometry.gauss_kruger import KNOWN_EPSG, gauss_kruger_epsg
from cdgis.report.screening.clauses import Subject
from cdgis.report.screening.content import Area, Basics, BoundaryPoint, Clause, Fact, IndustryPart
from cdgis.report.screening.phrases import activity_title, fact_of, industry_name, split, wording

Row = Mapping[str, Any]

CRS_TITLE = "CGCS2000（EPSG:4490），经纬度，十进制度"
MOST_POINTS = 2000
"""A report lists at most this many boundary points; the GeoPackage holds all of them."""
_RAIL_LAYER = layer_ids.RAILWAYS
_AREA_PREFIX = "area_"
_INDUSTRY_FACTS = (
    "two_high", "relocation_sector", "new_capacity", "capacity", "equipment", "blast_furnace_volume_m3",
    "sinter_machine_type", "pellet_equipment_type", "captive_coal_unit", "burns_high_pollution_fuel",
    "coal_t_per_yr", "bulk_freight_t_per_yr", "water_m3_per_yr", "discharges_pollutants", "protection_distance_m",
)  # fmt: skip


def basics_of(subject: Subject, shape: BaseGeometry | None, attributes: Sequence[Row], intake: Sequence[Row]) -> Basics:
    """Return part 1.

    Parameters
    ----------
    shape : the subject's geometry, EPSG:4490 lon/lat; None when it has none.
    attributes, intake : its rows of those tables.
    """
    row = subject.row
    points, count, plane = boundary_points(shape)
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
        repairs=tuple(
            Fact(name=str(note["field"]), title=str(note["reason"]), value=str(note["remedy"]))
            for note in intake
            if note["reason"] and note["status"] != IntakeStatus.QUARANTINED
        ),
        declared=tuple(
            fact_of(str(a["attribute"]), str(a["value"]), str(a["unit"]))
            for a in attributes
            if not str(a["attribute"]).startswith(_AREA_PREFIX)
        ),
        plane_title=plane,
        point_count=count,
        points=points,
    )


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


def boundary_points(shape: BaseGeometry | None) -> tuple[tuple[BoundaryPoint, ...], int, str]:
    """Return labelled boundary points, how many there are in all, and the title of their plane.

    Labels run J1, J2, … through all parcels and rings; the closing repetition of a ring's first point is left out.
    Northing and easting are 3° Gauss-Krüger of CGCS2000 with zone prefix, in the zone of the shape's centre.
    """
    if shape is None or shape.is_empty:
        return (), 0, ""
    west, _, east, _ = shape.bounds
    zone = min(max(round((west + east) / 2 / 3), 25), 45)
    epsg = gauss_kruger_epsg(zone_width_deg=3, central_meridian_deg=zone * 3.0, with_prefix=True)
    lonlat, places = _points_of(shape)
    kept = slice(0, MOST_POINTS)
    plane = shapely.get_coordinates(geodesy.from_lonlat(np.asarray(shapely.points(lonlat[kept])), epsg))
    points = tuple(
        BoundaryPoint(
            label=f"J{number}", part=part, ring=ring, lon_deg=round(float(lon), 9), lat_deg=round(float(lat), 9),
            north_m=round(float(north), 4), east_m=round(float(easting), 4),
        )
        for number, ((part, ring), (lon, lat), (easting, north)) in enumerate(
            zip(places[kept], lonlat[kept], plane, strict=True), start=1
        )
    )  # fmt: skip
    return points, len(lonlat), KNOWN_EPSG[epsg]


def _points_of(shape: BaseGeometry) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Return lon/lat of every boundary point with its parcel and ring number."""
    blocks, places = [], []
    for part_number, part in enumerate(shapely.get_parts(shape), start=1):
        areal = shapely.get_dimensions(part) == 2
        for ring_number, line in enumerate(shapely.get_rings(part) if areal else [part], start=1):
            xy = shapely.get_coordinates(line)
            blocks.append(xy[:-1] if areal else xy)
            places += [(part_number, ring_number)] * len(blocks[-1])
    return np.concatenate(blocks), places


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
