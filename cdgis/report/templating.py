"""How is a template of ours filled in? (everything escaped, a name nobody gave is an error)"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from cdgis.report.wording import FILTERS


@cache
def page_template(name: str) -> Template:
    """Return templates/<name>."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cdgis.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(FILTERS)
    return environment
