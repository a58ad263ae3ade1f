"""Pages on rivers and synergy: one file, no script, everything escaped."""



from cdgis import __version__
from cdgis.report.files.inline_assets import content_policy, inline_code, template_text
from cdgis.report.templating import filled


def render_page(template: str, *, review_number: str = "", **values: object) -> str:
    """Return a page of templates/<template> with the house style and water.css.

    Parameters
    ----------
    review_number : 审图号; empty prints that the map has not been reviewed.
    """
    return filled(
        template,
        policy=content_policy(()), style=inline_code(template_text("style.css") + template_text("water.css")),
        settings={"map_review_number": review_number}, version=__version__, looks={}, **values,
    )  # fmt: skip
