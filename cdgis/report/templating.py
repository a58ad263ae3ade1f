"""Templates filled in: everything escaped, a name nobody gave is an error."""

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context

from cdgis.report.drawing.palette import VerdictStyle, read_palette
from cdgis.report.wording import FILTERS, in_force, read_wording
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_of


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
    environment.filters.update({name: _asked_each_time(function) for name, function in FILTERS.items()})
    return environment


def _asked_each_time(function: Callable[..., str | float]) -> Callable[..., str | float]:
    """Return a filter that is not settled when the template is compiled: words are those of the packs at hand."""

    @pass_context
    def asked(_: Context, *values: Any, **named: Any) -> str | float:
        """Ask the function; the context keeps the compiler from doing so."""
        return function(*values, **named)

    return asked


def common_values(assessment: Assessment) -> dict[str, Any]:
    """Return what every page needs: the assessment, its titles, stamps and standing words."""
    titles = {spec.id: spec.title for spec in assessment.catalog}
    looks: dict[str, VerdictStyle] = dict(read_palette().verdicts)
    return {
        "a": assessment,
        "settings": assessment.settings,
        "as_of": assessment.as_of.isoformat(),
        "stamp": stamp_of(assessment),
        "run_number": assessment.report_numbers.get("", ""),
        "layer_titles": titles,
        "looks": looks,
        "declaration": read_wording()["declaration"]["text"],
        "how_to_verify": read_wording()["verify"]["text"],
        "in_force": in_force,
    }
