"""Rule books for others to read: Excel to edit, JSON with its schema, DMN tables, a page for applicants."""

from collections.abc import Callable, Mapping
from pathlib import Path

from cdgis.core.errors import UsageError
from cdgis.pipelines.rule_import import editable
from cdgis.readers.loading import Loaded
from cdgis.report.rules_catalogue import render_rules_catalogue
from cdgis.rules.attributes import load_attributes
from cdgis.rules.decision_tables import write_dmn
from cdgis.rules.json_book import write_json_book
from cdgis.rules.sheet import write_sheet

WRITERS: Mapping[str, Callable[[Loaded], bytes]] = {
    ".xlsx": lambda loaded: write_sheet(editable(loaded.rulebook), load_attributes()),
    ".json": lambda loaded: write_json_book(editable(loaded.rulebook), as_of=loaded.as_of),
    ".dmn": lambda loaded: write_dmn(
        [rule for rule in editable(loaded.rulebook) if rule.in_force(loaded.as_of)], load_attributes(), as_of=loaded.as_of
    ),
    ".html": lambda loaded: render_rules_catalogue(loaded).encode("utf-8"),
}
"""File suffix -> what writes it."""


def export_rules(loaded: Loaded, path: Path) -> bytes:
    """Return the rule book in the format that the suffix of `path` names.

    Raises
    ------
    UsageError : no format has that suffix.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UsageError(f"不认得的规则文件格式 {path.suffix or path.name}。应为 {'、'.join(WRITERS)} 之一")
    return writer(loaded)
