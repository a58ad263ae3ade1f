"""Page of a river's dossier (一河一策一图): plan, strip, register, sources, who must be notified, contacts."""


from cdgis.report.drawing.palette import read_palette
from cdgis.report.rivers.strip_map import PLAN_PX, STRIP_WIDTH_PX, draw_plan, draw_strip
from cdgis.report.rivers.xlsx import CONTACT_FIELDS
from cdgis.report.standalone_page import render_page
from cdgis.report.table_rows import records
from cdgis.rivers.dossier import RiverDossier
from cdgis.rivers.risk import risk_tiers

MOST_SOURCES = 40


def render_river(dossier: RiverDossier) -> str:
    """Return the page of one river, for internal use."""
    settings = dossier.system.workspace.settings
    return render_page(
        "river.html", review_number=settings.map_review_number, d=dossier, stamp=dossier.system.stamp,
        as_of=settings.as_of.isoformat(), plan=draw_plan(dossier), plan_size=PLAN_PX, strip=draw_strip(dossier),
        strip_width=STRIP_WIDTH_PX, colours=read_palette().kinds["river_role"], register=records(dossier.structures),
        interceptions=records(dossier.interceptions), sources=records(dossier.sources.head(MOST_SOURCES)),
        more_sources=max(len(dossier.sources) - MOST_SOURCES, 0), tiers=tier_counts(dossier), contacts=CONTACT_FIELDS,
        layer_titles={spec.id: spec.title for spec in dossier.system.workspace.catalog.layers.values()},
    )  # fmt: skip


def tier_counts(dossier: RiverDossier) -> list[tuple[str, int]]:
    """Return how many enterprises above the mouth are in each tier."""
    return [(tier.title, int((dossier.sources["tier"] == number).sum())) for number, tier in enumerate(risk_tiers(), 1)]

