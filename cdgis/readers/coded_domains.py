"""Coded value domains of GeoPackages and file geodatabases: the words that codes in a field stand for.

GeoPackage: tables gpkg_data_columns and gpkg_data_column_constraints (OGC 12-128, extension Schema). FileGDB: the XML
definitions of its catalogue table GDB_Items. A code alone ("1") is no 建设性质; what it stands for is.
"""

import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from cdgis.readers.headers import subject_column
from cdgis.readers.intake import Remark, noted

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Domains = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Layer -> field -> code -> words, names in lower case."""
_GPKG = (
    "select c.table_name, c.column_name, e.value, e.description from gpkg_data_columns as c "
    "join gpkg_data_column_constraints as e on e.constraint_name = c.constraint_name "
    "where e.constraint_type = 'enum' and e.description is not null"
)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_FORBIDDEN = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def geopackage_domains(path: Path) -> Domains:
    """Return the coded domains of a GeoPackage, opened so that it cannot change; none when it has none."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            for table, column, code, words in connection.execute(_GPKG):
                fields = found.setdefault(str(table).lower(), {})
                fields.setdefault(str(column).lower(), {})[str(code).strip()] = str(words).strip()
    except sqlite3.Error:
        # the extension's tables are not there
        return {}
    return found


def geodatabase_domains(definitions: Iterable[str]) -> Domains:
    """Return the coded domains that the XML definitions in a geodatabase's catalogue describe."""
    domains: dict[str, dict[str, str]] = {}
    uses: list[tuple[str, str, str]] = []
    for text in definitions:
        root = _parsed(text)
        if root is None:
            continue
        if _tag(root).startswith("GPCodedValueDomain"):
            values = (element for element in root.iter() if _tag(element) == "CodedValue")
            domains[_child(root, "DomainName")] = {_child(v, "Code"): _child(v, "Name") for v in values}
        else:
            layer = _child(root, "Name")
            fields = (element for element in root.iter() if _tag(element) in ("GPFieldInfoEx", "Field"))
            uses += [(layer, _child(f, "Name"), _child(f, "DomainName")) for f in fields]
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for layer, field, domain in uses:
        if domain in domains:
            found.setdefault(layer.lower(), {})[field.lower()] = domains[domain]
    return found


def in_domain_words(
    texts: Mapping[str, str], fields: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, str], tuple[Remark, ...]]:
    """Return header -> text with codes in the words of their domains, and a remark for each code so read."""
    found = dict(texts)
    remarks: list[Remark] = []
    for header, code in texts.items():
        words = fields.get(header.lower(), {}).get(code, "")
        if words and words != code:
            # an industry's code says more than its name
            found[header] = f"{code} {words}" if subject_column(header) == "industry" else words
            remarks.append(noted(f"{header} 的代码 {code} 按值域读作“{words}”", field=header, value=code))
    return found, tuple(remarks)


def _parsed(text: str) -> "Element | None":
    from xml.etree import ElementTree

    if not text or _FORBIDDEN.search(text):
        return None
    try:
        return ElementTree.fromstring(_DECLARATION.sub("", text))
    except ElementTree.ParseError:
        return None


def _tag(element: "Element") -> str:
    return element.tag.rpartition("}")[2]


def _child(element: "Element", name: str) -> str:
    return next(((child.text or "").strip() for child in element if _tag(child) == name), "")
