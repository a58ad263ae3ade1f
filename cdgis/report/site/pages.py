"""All pages of the published site in order: path relative to the folder -> page text."""

from collections.abc import Iterable, Iterator, Sequence

from cdgis.core.beside import NOBODY, Other
from cdgis.core.freed_memory import give_back
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
from cdgis.report.site.place_content import begin_places, place_pages
from cdgis.report.site.subject_list import Listed, list_subjects
from cdgis.report.site.subject_page import SubjectPages
from cdgis.results.assessment import Assessment, in_planes_of

INDEX, DASHBOARD, PLACES, CARBON = "index.html", "dashboard.html", "places.html", "carbon.html"
SITE_FOLDER = "sites"
_THEIRS = 9
"""Every how many'th subject's page the other process renders: with tables, relocation and carbon it is busy as long as this one."""


def render_pages(
    assessment: Assessment, *, word: bool = False, other: Other = NOBODY, alone: bool = True
) -> Iterator[tuple[str, str]]:
    """Yield (path, HTML) of every page of the site; the texts do not depend on who is `other`.

    Parameters
    ----------
    word : relocation cards link their Word twins.
    other : draws the places meanwhile.
    alone : with those of `pages_apart`, which nobody else renders.
    """
    composer, pages = Composer(assessment), place_pages(assessment)
    listed = list_subjects(composer.book)
    gathered = begin_places(assessment, listed, pages=pages, other=other)
    view = build_map(assessment, listed, pages=pages)
    give_back()  # outlines of the map, as large as all layers
    yield INDEX, render_index(assessment, listed, overview=sum_up(assessment, listed), view=view)
    yield DASHBOARD, render_dashboard(assessment, draw_dashboard(assessment, listed, pages=pages))
    if alone:
        yield from pages_apart(assessment, word=word)
    paged, subjects = [row for row in listed if row.page], SubjectPages(composer, pages)
    theirs = other.begin(subject_pages, assessment, paged[::_THEIRS], here=lambda: list(_rendered(subjects, paged[::_THEIRS])))
    yield from _rendered(subjects, [row for number, row in enumerate(paged) if number % _THEIRS])
    places = gathered()
    yield PLACES, render_place_list(assessment, places)
    for place in places:
        yield place.page, render_place(assessment, place)
    yield from theirs()


def subject_pages(assessment: Assessment, rows: Sequence[Listed]) -> list[tuple[str, str]]:
    """Return (path, HTML) of the pages of some subjects; may be done in a process that has entered no planes."""
    with in_planes_of(assessment):
        return list(_rendered(SubjectPages(Composer(assessment), place_pages(assessment)), rows))


def _rendered(subjects: SubjectPages, rows: Iterable[Listed]) -> Iterator[tuple[str, str]]:
    for row in rows:
        yield f"{SITE_FOLDER}/{row.page}", subjects.render(row)


def pages_apart(assessment: Assessment, *, word: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (path, HTML) of the pages that share nothing with the others: relocation with its cards, carbon."""
    yield from render_relocation(assessment, word=word)
    carbon = gather_carbon(assessment, pages=place_pages(assessment))
    if carbon is not None:
        yield CARBON, render_carbon(assessment, carbon)
