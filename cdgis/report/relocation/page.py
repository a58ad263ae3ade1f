"""Pages of the relocation plan and of each enterprise's card (relocation.html, relocations/<id>.html)."""

from collections.abc import Iterator

from cdgis.relocation.policy import read_priority_policy
from cdgis.report.drawing.palette import read_palette
from cdgis.report.drawing.paths import SIZE_PX
from cdgis.report.files.inline_assets import content_policy, inline_code, static_text, template_text
from cdgis.report.relocation.content import GROUP_TITLES, REVIEW, Candidate, listed_words, view_relocation
from cdgis.report.relocation.flow_map import FlowMap, draw_flows, draw_one, positions
from cdgis.report.templating import common_values, filled
from cdgis.results.assessment import Assessment

CITY_PAGE, FOLDER = "relocation.html", "relocations"


def render_relocation(assessment: Assessment, *, word: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (path, HTML) of the city page and of one card per listed enterprise; nothing when nobody is listed.

    Parameters
    ----------
    word : the cards link their Word twins.
    """
    view = view_relocation(assessment, radius_m=read_priority_policy().receptor_radius_m)
    if not view.candidates:
        return
    script = static_text("relocation.js")
    yield CITY_PAGE, filled(
        "relocation.html", **common_values(assessment), **_shared(), policy=content_policy((script,)), script=inline_code(script),
        style=_style(), v=view, flow=draw_flows(assessment, view.candidates), group_titles=GROUP_TITLES,
        counties=sorted({candidate.row["county"] for candidate in view.candidates if candidate.row["county"]}),
        park_names=sorted({candidate.assigned["park_name"] for candidate in view.candidates if candidate.assigned}),
    )  # fmt: skip
    where = positions(assessment)
    for candidate in view.candidates:
        yield f"{FOLDER}/{candidate.page}", _card(assessment, candidate, draw_one(assessment, candidate, where), word=word)


def _card(assessment: Assessment, candidate: Candidate, flow: FlowMap | None, *, word: bool) -> str:
    return filled(
        "relocation_card.html",
        **common_values(assessment), **_shared(), policy=content_policy(()), style=_style(), c=candidate, r=candidate.row,
        flow=flow, colour=read_palette().kinds["disposition"][candidate.group], docx=docx_name(candidate) if word else "",
    )  # fmt: skip


def docx_name(candidate: Candidate) -> str:
    """Return the file name of the card as a Word document, "" for those who keep as they are."""
    return candidate.page.removesuffix(".html") + ".docx" if candidate.row["rank"] == candidate.row["rank"] else ""


def _style() -> object:
    return inline_code(template_text("style.css") + template_text("site.css") + template_text("relocation.css"))


def _shared() -> dict[str, object]:
    return {"sketch_size": SIZE_PX, "group_colours": read_palette().kinds["disposition"], "listed": listed_words, "review_word": REVIEW}
