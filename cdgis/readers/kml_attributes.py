"""Attributes of KML placemarks, wherever programs put them: ExtendedData, tables in the description, folder names."""

from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from xml.etree import ElementTree

from cdgis.readers.attribute_columns import is_missing
from cdgis.readers.headers import is_understood, subject_column
from cdgis.readers.kml_shapes import children, tag

FOLDER = "文件夹"
DESCRIPTION = "description"
SEVERAL = " / "
_PATH = "/"
_PAIR = 2


class _Tables(HTMLParser):
    """The cells of the innermost table rows of a piece of HTML, and the text outside of tables."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.outside: list[str] = []
        self._cell: list[str] | None = None
        self._silent = 0

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row or a cell; a table within a cell begins anew."""
        if name == "tr":
            self.rows.append([])
            self._cell = None
        elif name in ("td", "th"):
            self._cell = []
        elif name in ("style", "script", "title"):
            self._silent += 1

    def handle_endtag(self, name: str) -> None:
        """End a cell."""
        if name in ("td", "th") and self._cell is not None:
            if self.rows:
                self.rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif name in ("style", "script", "title"):
            self._silent = max(self._silent - 1, 0)

    def handle_data(self, data: str) -> None:
        """Take text into the cell that is open."""
        if self._cell is not None:
            self._cell.append(data)
        elif data.strip() and not self._silent:
            self.outside.append(data.strip())


def described_texts(html: str) -> tuple[dict[str, str], str]:
    """Return {first cell: second cell} of the two-cell rows in a description, and the text that is in no such row."""
    tables = _Tables()
    tables.feed(html)
    tables.close()
    pairs = _merged((row[0].rstrip(":："), row[1]) for row in tables.rows if len(row) == _PAIR)
    # a table of one header row and one row of values
    wide = [row for row in tables.rows if len(row) > _PAIR]
    if len(wide) == _PAIR and len(wide[0]) == len(wide[1]):
        pairs = _merged([*pairs.items(), *zip(wide[0], wide[1], strict=True)])
    rest = list(tables.outside)
    for line in [line for text in tables.outside for line in text.splitlines()]:
        name, sign, value = line.replace(":", "：", 1).partition("：")
        if sign and is_understood(name) and value.strip():
            pairs = _merged([*pairs.items(), (name.strip(), value.strip())])
            rest = [text for text in rest if text != line]
    return {name: value for name, value in pairs.items() if name and not is_missing(value)}, " ".join(rest)


def _merged(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return {name: text}; what is said of one name twice and differently stands there together, for the reader to ask about."""
    found: dict[str, list[str]] = {}
    for name, text in pairs:
        said = found.setdefault(name, [])
        if name and not is_missing(text) and text.strip() not in said:
            said.append(text.strip())
    return {name: SEVERAL.join(said) for name, said in found.items() if name}


def display_names(root: ElementTree.Element) -> dict[str, str]:
    """Return {field name: the name a schema shows it under}."""
    return {
        field.get("name", ""): next((child.text or "" for child in children(field, "displayName")), "").strip()
        for field in root.iter()
        if tag(field) == "SimpleField"
    }


def placemark_texts(placemark: ElementTree.Element, folders: tuple[str, ...], shown: Mapping[str, str]) -> dict[str, str]:
    """Return header -> text of one placemark: its own data first, then its description, then its folders."""
    own = _merged(_own_texts(placemark, shown))
    html = next((child.text or "" for child in children(placemark, "description")), "")
    told, rest = described_texts(html) if html.strip() else ({}, "")
    both = _merged((name, text) for source in (own, told) for name, text in source.items())
    found = {name: both[name] for name in told if name not in own}
    found |= {name: own[name] if subject_column(name) == "name" else both[name] for name in own}
    if folders:
        found.setdefault(FOLDER, _PATH.join(folders))
    if folders and not any(subject_column(header) == "name" and text for header, text in found.items()):
        found["name"] = "".join(folders)
    if rest:
        found.setdefault(DESCRIPTION, rest)
    return found


def _own_texts(placemark: ElementTree.Element, shown: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for child in children(placemark, "name"):
        if (child.text or "").strip():
            yield "name", (child.text or "").strip()
    for element in placemark.iter():
        if tag(element) == "SimpleData":
            name = element.get("name", "")
            yield _readable(name, shown.get(name, "")), (element.text or "").strip()
        elif tag(element) == "Data":
            value = next((v.text or "" for v in children(element, "value")), "")
            display = next((d.text or "" for d in children(element, "displayName")), "").strip()
            yield _readable(element.get("name", ""), display), value.strip()


def _readable(name: str, display: str) -> str:
    """Return the name of a field that says what it is: its own, else the one it is shown under."""
    return display if display and not is_understood(name) else name
