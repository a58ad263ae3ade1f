"""Place and size of each subject, measured from its overlaps (table `subjects`)."""

import numpy as np
import pandas as pd
import shapely

from cdgis.core import layer_ids
from cdgis.core.vocabulary import LIST_SEPARATOR, Relation
from cdgis.geometry import geodesy
from cdgis.judging.measurement import Measurement
from cdgis.results.tables.validation import validate
from cdgis.workspace.layers import Subjects

COUNTY_LAYER, BASIN_LAYER, UNIT_LAYER = layer_ids.COUNTIES, layer_ids.BASINS, layer_ids.MANAGEMENT_UNITS
_HITS = (Relation.INSIDE, Relation.CROSSES)


def describe_subjects(subjects: Subjects, measurement: Measurement) -> pd.DataFrame:
    """Return table subjects: size, centre, county, basin and units of every subject.

    area_m2 is 国土调查椭球面积, length_m geodesic; lon and lat are degrees of a point inside the subject.
    """
    geoms = np.asarray(subjects.frame.geometry.array, dtype=object)
    centre = shapely.point_on_surface(geoms)
    ids = subjects.frame["subject_id"]
    frame = pd.DataFrame(subjects.frame.drop(columns="geometry")).assign(
        area_m2=geodesy.survey_area_m2(geoms),
        length_m=geodesy.geodesic_length_m(geoms),
        lon=shapely.get_x(centre).round(7),
        lat=shapely.get_y(centre).round(7),
        county=ids.map(_main_zone(measurement.overlaps, COUNTY_LAYER, "zone_name")),
        basin=ids.map(_main_zone(measurement.overlaps, BASIN_LAYER, "zone_name")),
        unit_code=ids.map(_all_zones(measurement.overlaps, UNIT_LAYER)),
    )
    return validate("subjects", frame)


def other_areas(subjects: Subjects, method: str) -> pd.DataFrame:
    """Return the subjects' areas by another method as rows of table attributes (m2); empty for `survey`."""
    geoms = np.asarray(subjects.frame.geometry.array, dtype=object)
    areal = shapely.get_dimensions(geoms) == 2
    if method == "survey" or not areal.any():
        return pd.DataFrame(columns=["subject_id", "attribute", "value", "unit"])
    area = geodesy.AREA_METHODS[method](geoms[areal])
    rows = {"subject_id": subjects.frame["subject_id"].to_numpy(dtype=object)[areal], "attribute": f"area_{method}_m2"}
    return pd.DataFrame({**rows, "value": [f"{a:.4f}" for a in area], "unit": "m2"})


def _hits(overlaps: pd.DataFrame, layer: str) -> pd.DataFrame:
    rows = overlaps[(overlaps["layer"] == layer) & overlaps["relation"].isin(_HITS)]
    return rows.sort_values(["subject_id", "share", "zone_id"], ascending=[True, False, True], kind="stable")


def _main_zone(overlaps: pd.DataFrame, layer: str, column: str) -> dict[str, str]:
    """Return subject_id -> `column` of the zone holding the largest share."""
    rows = _hits(overlaps, layer).drop_duplicates("subject_id")
    return dict(zip(rows["subject_id"], rows[column], strict=True))


def _all_zones(overlaps: pd.DataFrame, layer: str) -> dict[str, str]:
    """Return subject_id -> ids of all zones hit, the largest share first."""
    joined = _hits(overlaps, layer).groupby("subject_id", sort=True)["zone_id"].agg(LIST_SEPARATOR.join)
    return {str(subject): str(zones) for subject, zones in joined.items()}
