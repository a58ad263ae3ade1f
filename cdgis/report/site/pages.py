"""All pages of the published site in order: path relative to the folder -> page text."""

from collections.abc import Iterator

from cdgis.geometry.planes import PlaneThreads
from cdgis.report.carbon.page import gather_carbon, render_carbon
from cdgis.report.relocation.page import render_relocation
from cdgis.report.screening import Composer
from cdgis.report.site.dashboard import draw_dashboard
from cdgis.report.site.overview import sum_up
from cdgis.report.site.overview_map import build_map
from cdgis.report.site.page import (
    render_dashboard,
    render_index,
    render_place,
    render_place_list,
)
from cdgis.report.site.place_content import gather_places, place_pages
from cdgis.report.site.subject_list import list_subjects
from cdgis.report.site.subject_page import SubjectPages
from cdgis.results.assessment import Assessment

INDEX, DASHBOARD, PLACES, CARBON = "index.html", "dashboard.html", "places.html", "carbon.html"
SITE_FOLDER = "sites"


def render_pages(assessment: Assessment, *, jobs: int = 1, word: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (path, HTML) of every page of the site; the texts do not depend on `jobs`.

    Parameters
    ----------
    word : relocation cards link their Word twins.
    """
    composer, pages = Composer(assessment), place_pages(assessment)
    listed = list_subjects(composer.book)
    view = build_map(assessment, listed, pages=pages)
    yield INDEX, render_index(assessment, listed, overview=sum_up(assessment, listed), view=view)
    yield DASHBOARD, render_dashboard(assessment, draw_dashboard(assessment, listed, pages=pages))
    yield from render_relocation(assessment, word=word)
    places = gather_places(assessment, listed, pages=pages)
    yield PLACES, render_place_list(assessment, places)
    carbon = gather_carbon(assessment, pages=pages)
    if carbon is not None:
        yield CARBON, render_carbon(assessment, carbon)
    subjects, paged = SubjectPages(composer, pages), [row for row in listed if row.page]
    with PlaneThreads(max_workers=max(jobs, 1)) as pool:
        for row, text in zip(paged, pool.map(subjects.render, paged), strict=True):
            yield f"{SITE_FOLDER}/{row.page}", text
        for place, text in zip(places, pool.map(lambda p: render_place(assessment, p), places), strict=True):
            yield place.page, text
