"""Which subjects discharge; by itself, so that asking it of a site loads no river network."""

from collections.abc import Iterator

from cdgis.workspace.layers import Subjects

DISCHARGES, OUTFALL_ACTIVITY = "discharges_pollutants", "入河排污口"


def dischargers(subjects: Subjects) -> Iterator[str]:
    """Yield the ids of subjects that declare discharge, and of outfalls."""
    attributes = subjects.attribute_map()
    for subject_id, activity in zip(subjects.frame["subject_id"], subjects.frame["activity"], strict=True):
        if attributes[str(subject_id)].get(DISCHARGES) == "true" or activity == OUTFALL_ACTIVITY:
            yield str(subject_id)
