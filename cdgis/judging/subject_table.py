"""Place and size of each subject, measured from its overlaps (table `subjects`)."""

import numpy as np
import pandas as pd
import shapely

from cdgis.core import layer_ids
from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.core.vocabulary import LIST_SEPARATOR, Relation
from cdgis.geometry import geodesy
from cdgis.geometry.plane_validity import areas_on_plane, valid_on_plane
from cdgis.judging.measurement import Measurement
from cdgis.results.tables.validation import validate
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects

COUNTY_LAYER, BASIN_LAYER, UNIT_LAYER = layer_ids.COUNTIES, layer_ids.BASINS, layer_ids.MANAGEMENT_UNITS
_HITS = [str(Relation.INSIDE), str(Relation.CROSSES)]


def describe_subjects(subjects: Subjects, measurement: Measurement) -> pd.DataFrame:
    """Return table subjects: size, centre, county, basin and units of every subject.

    area_m2 is 国土调查椭球面积, length_m geodesic; lon and lat are degrees of a point inside the subject.
    """
    geoms = np.asarray(subjects.frame.geometry.array, dtype=object)
    centre = shapely.point_on_surface(geoms)
    texts = ((name, subjects.frame[name].array) for name in SUBJECT_COLUMNS)
    given = {name: cells if isinstance(cells, pd.Categorical) else np.asarray(cells) for name, cells in texts}
    (_, counties), (_, basins), (units, _) = (_hits(measurement.overlaps, layer) for layer in (COUNTY_LAYER, BASIN_LAYER, UNIT_LAYER))
    ids = given["subject_id"].tolist()

    def named(words: dict[str, str]) -> list[str]:
        """Return what each subject is told, "" where there is nothing."""
        return [words.get(name, "") for name in ids] if words else [""] * len(ids)

    measured = {
        "area_m2": _survey_area_m2(geoms),
        "length_m": geodesy.geodesic_length_m(geoms),
        "lon": shapely.get_x(centre).round(7),
        "lat": shapely.get_y(centre).round(7),
        "county": named(counties),
        "basin": named(basins),
        "unit_code": named(units),
    }
    return validate("subjects", {**given, **{name: np.asarray(values) for name, values in measured.items()}})


def _survey_area_m2(geoms: GeometryArray) -> FloatArray:
    """Return `geodesy.survey_area_m2`, of shapes as they are, not as they were mended for measuring."""
    _, mended = valid_on_plane(geoms)
    area = areas_on_plane(geoms)
    area[mended] = geodesy.survey_area_m2(geoms[mended])
    return area


def other_areas(subjects: Subjects, method: str) -> pd.DataFrame:
    """Return the subjects' areas by another method as rows of table attributes (m2); empty for `survey`."""
    geoms = np.asarray(subjects.frame.geometry.array, dtype=object)
    areal = np.zeros(len(geoms), dtype=bool) if method == "survey" else shapely.get_dimensions(geoms) == 2
    if not areal.any():
        return pd.DataFrame(columns=["subject_id", "attribute", "value", "unit"])
    area = geodesy.AREA_METHODS[method](geoms[areal])
    rows = {"subject_id": subjects.frame["subject_id"].to_numpy(dtype=object)[areal], "attribute": f"area_{method}_m2"}
    return pd.DataFrame({**rows, "value": [f"{a:.4f}" for a in area], "unit": "m2"})


def _hits(overlaps: pd.DataFrame, layer: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return subject_id -> ids of the zones hit, the largest share first, and name of the first; `overlaps` is the table, so in its order."""
    here = np.flatnonzero((overlaps["layer"].to_numpy() == layer) & np.isin(overlaps["relation"].to_numpy(), _HITS))
    subject, share, zone, title = (overlaps[name].to_numpy()[here] for name in ("subject_id", "share", "zone_id", "zone_name"))
    is_first = np.r_[True, subject[1:] != subject[:-1]][: len(subject)]
    order = np.lexsort((-share, np.cumsum(is_first)))  # each subject's rows stay where they are
    subject, zone, title = subject[order], zone[order], title[order]
    ids = dict(zip(subject[is_first].tolist(), zone[is_first].tolist(), strict=True))
    for row in np.flatnonzero(~is_first).tolist():  # few subjects hit several zones
        ids[subject[row]] += f"{LIST_SEPARATOR}{zone[row]}"
    return ids, dict(zip(subject[is_first].tolist(), title[is_first].tolist(), strict=True))
