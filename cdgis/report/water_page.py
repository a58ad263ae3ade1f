"""How is a page on rivers or on synergy put together? (one file, no script, everything escaped)"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from cdgis import __version__
from cdgis.report.offline import content_policy, inline_code, template_text
from cdgis.report.wording import FILTERS


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cdgis.report", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters.update(FILTERS)
    return environment


def render_page(template: str, *, review_number: str = "", **values: object) -> str:
    """Return a page of templates/<template> with the house style and water.css.

    Parameters
    ----------
    review_number : 审图号; empty prints that the map has not been reviewed.
    """
    return _environment().get_template(template).render(
        policy=content_policy(()), style=inline_code(template_text("style.css") + template_text("water.css")),
        settings={"map_review_number": review_number}, version=__version__, looks={}, **values,
    )  # fmt: skip
