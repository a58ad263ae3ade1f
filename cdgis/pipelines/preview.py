"""How given sites stand, at once: an assessment a page can be drawn from, that has no number and makes no report."""

from collections.abc import Mapping
from datetime import date

from cdgis.core.calendar_days import parse_date
from cdgis.pipelines.assess_sites import Asked, preview_sites
from cdgis.pipelines.given_sites import Sites, declared_texts, readable_sites
from cdgis.readers.kept_workspace import KeptWorkspace
from cdgis.results.assessment import Assessment


def previewed(
    kept: KeptWorkspace, sites: Sites, *, attributes: Mapping[str, object] | None, seen: Mapping[str, str] | None,
    tolerance_m: float | None = None, as_of: date | str | None = None, **facts: str | None,
) -> Assessment:  # fmt: skip
    """Return what `Session.preview` gives the tables of.

    Raises
    ------
    CrsError, ReaderError, UsageError : as `Session.screen`.
    """
    with readable_sites(sites, facts.get("crs") or "") as given:
        said = declared_texts(attributes, **facts)
        asked = Asked.of(given.files, declared=said, seen=seen, sidecar=None, wkt=given.wkt, lonlat=given.lonlat)
        return preview_sites(kept, asked, as_of=parse_date(as_of), tolerance_m=tolerance_m)
