"""All pages of the published site in order: path relative to the folder -> page text."""

from collections.abc import Iterator, Sequence

from cdgis.core.beside import NOBODY, Other
from cdgis.core.freed_memory import give_back
from cdgis.report.carbon.page import gather_carbon, render_carbon
from cdgis.report.map.base_map import base_map
from cdgis.report.map.budget import pack_whole
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
from cdgis.report.site.place_content import begin_places, place_pages
from cdgis.report.site.subject_list import Listed, list_subjects
from cdgis.report.site.subject_page import SubjectPages
from cdgis.results.assessment import Assessment

INDEX, DASHBOARD, PLACES, CARBON = "index.html", "dashboard.html", "places.html", "carbon.html"
SITE_FOLDER = "sites"
_TOGETHER = 8
"""Subjects' pages that one process or the other renders at a time, a tenth of a second's work."""


def render_pages(
    assessment: Assessment, *, word: bool = False, other: Other = NOBODY, alone: bool = True
) -> Iterator[tuple[str, str]]:
    """Yield (path, HTML) of every page of the site; the texts do not depend on who is `other`.

    Parameters
    ----------
    word : relocation cards link their Word twins.
    other : draws the places meanwhile, then shares the subjects' pages.
    alone : with those of `pages_apart`, which nobody else renders.
    """
    composer, pages = Composer(assessment), place_pages(assessment)
    listed = list_subjects(composer.book)
    gathered = begin_places(assessment, listed, pages=pages, other=other)
    layers = assessment.layers
    view = build_map(assessment, listed, pages=pages, whole=other.begun(pack_whole, layers), base=other.begun(base_map, layers))
    give_back()  # outlines of the map, as large as all layers
    yield INDEX, render_index(assessment, listed, overview=sum_up(assessment, listed), view=view)
    yield DASHBOARD, render_dashboard(assessment, draw_dashboard(assessment, listed, pages=pages))
    if alone:
        yield from pages_apart(assessment, word=word)
    places = gathered()
    yield PLACES, render_place_list(assessment, places)
    for place in places:
        yield place.page, render_place(assessment, place)
    yield from _subject_pages(SubjectPages(composer, pages, {row.case.subject_id: row.case for row in listed}), listed, other)


def _subject_pages(subjects: SubjectPages, listed: Sequence[Listed], other: Other) -> Iterator[tuple[str, str]]:
    page_of = {row.case.subject_id: f"{SITE_FOLDER}/{row.page}" for row in listed if row.page}
    ids = list(page_of)
    parts = [ids[start : start + _TOGETHER] for start in range(0, len(ids), _TOGETHER)]
    for rendered in other.share(SubjectPages.render_some, subjects, parts):
        yield from ((page_of[key], text) for key, text in rendered)


def pages_apart(assessment: Assessment, *, word: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (path, HTML) of the pages that share nothing with the others: relocation with its cards, carbon."""
    yield from render_relocation(assessment, word=word)
    carbon = gather_carbon(assessment, pages=place_pages(assessment))
    if carbon is not None:
        yield CARBON, render_carbon(assessment, carbon)
