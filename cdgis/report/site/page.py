"""Renderings of the site's pages (index.html with the map, sites/<id>.html for each judged subject).

Templates escape everything that comes from data; scripts and styles are ours and stand inline.
"""

from collections.abc import Sequence

from markupsafe import Markup

from cdgis.carbon.stock import TOTAL
from cdgis.core.vocabulary import Verdict
from cdgis.report.drawing.bar_chart import BAR_PX, LABEL_PX, ROW_PX
from cdgis.report.drawing.bar_chart import WIDTH_PX as CHART_PX
from cdgis.report.drawing.paths import SIZE_PX
from cdgis.report.files.inline_assets import (
    content_policy,
    inline_code,
    leaflet_script,
    leaflet_style,
    static_text,
    template_text,
)
from cdgis.report.site.dashboard import Dashboard
from cdgis.report.site.overview import Overview
from cdgis.report.site.overview_map import MapView
from cdgis.report.site.place_content import Place
from cdgis.report.site.subject_list import Listed, filter_choices
from cdgis.report.templating import common_values, filled
from cdgis.results.assessment import Assessment

OUR_SCRIPTS = (
    "decode.js", "elements.js", "geodesy.js", "canvas.js", "map.js", "relief.js", "panels.js", "tools.js", "list.js",
    "card.js", "sheet.js", "export.js", "folder.js", "link.js",
)  # fmt: skip
EARLY_SCRIPT = "early.js"
OWN_FOLDER = ("file:", "'self'")
"""Where the small file lies that says, once a reader follows a link, whether the rest of the folder is beside the page."""
TILE_HOSTS = tuple(f"https://t{number}.tianditu.gov.cn" for number in range(8))
"""The only hosts a page may ask for pictures, and only once the reader has typed a key."""


def render_index(assessment: Assessment, listed: Sequence[Listed], *, overview: Overview, view: MapView) -> str:
    """Return index.html: one self-contained file with map, lists and the run's provenance."""
    scripts = [leaflet_script(), view.script, "\n".join(static_text(name) for name in OUR_SCRIPTS)]
    return filled(
        "index.html",
        **common_values(assessment),
        early=inline_code(static_text(EARLY_SCRIPT)),
        policy=content_policy([static_text(EARLY_SCRIPT), *scripts], image_hosts=(*OWN_FOLDER, *TILE_HOSTS)),
        style=inline_code(leaflet_style() + template_text("style.css") + template_text("index.css")),
        scripts=[inline_code(text) for text in scripts],
        map_html=Markup(view.html),
        view=view,
        overview=overview,
        listed=listed,
        choices=filter_choices(listed),
        tiles=True,
        leaflet_licence=template_text("leaflet_licence.txt"),
    )


def render_place(assessment: Assessment, place: Place) -> str:
    """Return the page of one county, unit, basin or restoration area; no script."""
    return filled(
        "place.html",
        **common_values(assessment),
        policy=content_policy(()),
        style=inline_code(template_text("style.css") + template_text("site.css") + template_text("place.css")),
        place=place,
        sketch_size=SIZE_PX,
        total_class=TOTAL,
    )


def render_place_list(assessment: Assessment, places: Sequence[Place]) -> str:
    """Return places.html: every place with its counts, by layer."""
    groups: dict[str, list[Place]] = {}
    for place in places:
        groups.setdefault(place.layer_title, []).append(place)
    return filled(
        "places.html",
        **common_values(assessment),
        policy=content_policy(()),
        style=inline_code(template_text("style.css") + template_text("site.css") + template_text("place.css")),
        groups=groups,
        verdicts=tuple(Verdict),
    )


def render_dashboard(assessment: Assessment, dashboard: Dashboard) -> str:
    """Return dashboard.html: headlines, charts with their tables, the plan's measures; no script."""
    return filled(
        "dashboard.html",
        **common_values(assessment),
        policy=content_policy(()),
        style=inline_code(template_text("style.css") + template_text("site.css") + template_text("dashboard.css")),
        dashboard=dashboard,
        chart_sizes=(CHART_PX, LABEL_PX, ROW_PX, BAR_PX),
    )
