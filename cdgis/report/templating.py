"""Templates filled in: everything escaped, a name nobody gave is an error."""

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import cache_from_source
from os import getpid
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined, Template, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context

from cdgis.report.drawing.palette import VerdictStyle, read_palette
from cdgis.report.wording import FILTERS, in_force, read_wording
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_of

_DIGEST = hashlib.sha256().digest_size


class _BesideModules(BytecodeCache):
    """Compiled templates in the folder where Python keeps its compiled modules, and as much to be trusted as those.

    The file's name holds the template's name and the hash of its text; where nothing can be written nothing is kept.
    """

    def _file(self, bucket: Bucket) -> Path:
        return Path(cache_from_source(__file__)).with_suffix(f".{bucket.key}-{bucket.checksum}.jinja")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code kept for a template's text, if there is some."""
        try:
            kept = self._file(bucket).read_bytes()
        except OSError:
            return
        if hashlib.sha256(kept[_DIGEST:]).digest() == kept[:_DIGEST]:  # what is damaged must not be run
            bucket.bytecode_from_string(kept[_DIGEST:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template for the next process."""
        if sys.dont_write_bytecode:
            return
        target, code = self._file(bucket), bucket.bytecode_to_string()
        part = target.with_name(f"{target.name}.{getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(hashlib.sha256(code).digest() + code)
            part.replace(target)
        except OSError:
            return


@cache
def page_template(name: str) -> Template:
    """Return templates/<name>."""
    return _environment().get_template(name)


def filled(name: str, /, **values: Any) -> str:
    """Return templates/<name> filled in, and let go of the values.

    A template's macros and its context refer to each other, so the values of each page, a thousand objects, would stay until
    somebody looks for circular garbage.
    """
    template = page_template(name)
    context = template.new_context(values)
    try:
        return "".join(template.root_render_func(context))
    finally:
        context.vars.clear()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cdgis.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_BesideModules(),
        auto_reload=False,
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
