"""Whether the data behind an assessment are official, and the stamp that is due when they are not."""

from cdgis.core.vocabulary import DEMO_STAMP
from cdgis.results.assessment import Assessment

OFFICIAL_STATUS = "正式数据"


def is_demonstration(assessment: Assessment) -> bool:
    """Whether any layer or input behind the assessment is not official, so that the stamp is due."""
    layers = any(not layer.spec.official for layer in assessment.layers.values())
    return layers or any(
        not record.official for record in assessment.inputs if record.kind in ("layer", "raster", "table")
    )


def stamp_of(assessment: Assessment) -> str:
    """Return the stamp every page and table of the assessment bears, or the empty text when none is due."""
    return DEMO_STAMP if is_demonstration(assessment) else ""


def status_of(assessment: Assessment) -> str:
    """Return what the last column of every table says about the data behind the assessment."""
    return stamp_of(assessment) or OFFICIAL_STATUS
