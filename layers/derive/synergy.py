"""What might a before-and-after table of the demonstration enterprises look like? (layers/synergy/; all made up)

Emissions before are those of the demonstration roster; changes are seeded draws around a cut of a tenth, some
upward, a few cells left empty on purpose.
"""

import csv

import geopandas as gpd
import numpy as np

from cdgis.core.vocabulary import SubjectKind
from cdgis.readers import read_subjects
from cdgis.workspace.settings import open_workspace
from layers.derive.terrain import rng
from layers.derive.writing import LAYERS

SUBSTANCES = {"so2_t_per_yr": "SO2", "nox_t_per_yr": "NOx", "pm_t_per_yr": "颗粒物", "co2_t_per_yr": "CO2"}
COUNT = 48


def write_synergy() -> None:
    """Write synergy/before_after.csv."""
    subjects = read_subjects(open_workspace(LAYERS.parent))
    attributes = subjects.attribute_map()
    frame = subjects.frame[subjects.frame["kind"] == SubjectKind.ENTERPRISE].drop_duplicates("subject_id")
    names = dict(zip(frame["subject_id"], frame["name"], strict=True))
    full = [i for i in sorted(names) if all(float(attributes[i].get(key, "0") or 0) > 0 for key in SUBSTANCES)]
    full.sort(key=lambda i: ("park_name" not in attributes[i], i))
    areas = gpd.read_file(LAYERS / "base" / "counties.gpkg")[["name", "geometry"]].rename(columns={"name": "county"})
    joined = gpd.sjoin(frame[["subject_id", "geometry"]], areas, predicate="within")
    counties = dict(zip(joined["subject_id"], joined["county"], strict=True))
    generator = rng("synergy")
    target = LAYERS / "synergy" / "before_after.csv"
    target.parent.mkdir(exist_ok=True)
    with target.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("企业编号", "企业名称", "园区", "县区", "物质", "基期排放（吨/年）", "末期排放（吨/年）"))
        for subject in full[:COUNT]:
            kept = np.clip(generator.normal(0.9, 0.12, len(SUBSTANCES)), 0.3, 1.25)
            for (key, substance), share in zip(SUBSTANCES.items(), kept, strict=True):
                before = float(attributes[subject][key])
                after = "" if generator.random() < 0.01 else _plain(before * share)
                park = attributes[subject].get("park_name", "")
                county = counties.get(subject, "")
                writer.writerow((subject, names[subject], park, county, substance, _plain(before), after))


def _plain(value: float) -> str:
    return str(np.format_float_positional(value, precision=4, fractional=False, trim="-"))


if __name__ == "__main__":
    write_synergy()
