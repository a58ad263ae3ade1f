"""The public version as written, and what keeps it from saying too much.

The pages are rendered from the reduced assessment, then read back as finished bytes and searched; only a version
in which nothing withheld is found reaches its folder.
"""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from cdgis.core.beside import MANY, beside
from cdgis.report.files.atomic_output import staged
from cdgis.report.files.inline_assets import leaflet_script, leaflet_style
from cdgis.report.public.leak_check import check_pages
from cdgis.report.public.personal_data import check_outgoing, check_written
from cdgis.report.public.withheld import Withheld
from cdgis.report.site.pages import render_pages
from cdgis.results.assessment import Assessment
from cdgis.rules.attributes import load_attributes
from cdgis.rules.industry import name_of
from cdgis.rules.local_plan import read_plan

FOLDER = "maps_public"
Progress = Callable[[str], None]


def write_public(
    public: Assessment, withheld: Withheld, out: Path, *, jobs: int = 1, progress: Progress | None = None
) -> list[Path]:
    """Write the public pages into `out` and return their paths, sorted. No tables are written.

    Parameters
    ----------
    public, withheld : what `cdgis.report.public.reduction.public_assessment` made of the whole assessment.

    Raises
    ------
    ReportError : something withheld, personal data or a coordinate stands in a text, or the folder cannot be written.
    """
    check_outgoing(public)
    pages = []
    with beside(wanted=jobs > 1 and len(public.subjects.frame) >= MANY) as other:
        for path, text in render_pages(public, other=other):
            pages.append((path, text))
            if progress:
                progress(path)
    check_pages(pages, withheld, trusted=trusted_texts(public))
    check_written(pages, public)
    with staged(out) as stage:
        for path, text in pages:
            target = stage.folder / path
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(text.encode("utf-8", "replace"))
    return stage.written


def trusted_texts(public: Assessment) -> list[str]:
    """Return texts that are public by nature: our own pages, the law, the catalogue, the names shown."""
    texts = [leaflet_script(), leaflet_style()]
    for folder in ("templates", "static"):
        texts += [item.read_text(encoding="utf-8") for item in files("cdgis.report").joinpath(folder).iterdir()]
    texts += [rule.model_dump_json() for rule in public.rulebook.rules]
    texts += [spec.model_dump_json() for spec in public.catalog]
    texts.append(public.settings.model_dump_json())
    texts += public.settings.publish.public_texts
    texts += [attribute.title for attribute in load_attributes().values()]
    texts += [" ".join(row.values()) for row in read_plan()]
    for layer in public.layers.values():
        texts += [*layer.zones["zone_id"], *layer.zones["zone_name"], *layer.zones["zone_class"]]
    texts += list(public.tables["subjects"]["name"])
    texts += [name_of(code) for code in sorted(set(public.tables["subjects"]["industry"]))]
    return [str(text) for text in texts]
