"""Lines of a boundary-point file (界址点 TXT), each read for what it says."""

import re
from dataclasses import dataclass, field

from cdgis.core.errors import ReaderError
from cdgis.readers.boundary_header import parcel_header
from cdgis.readers.coordinates import parse_angle
from cdgis.readers.intake import Remark, noted, rejected
from cdgis.readers.rings import Vertex

_FIELD_BREAK = re.compile(r"[,，\t]")
_SECTION = re.compile(r"\[[^\[\],，\d]*\]?$")
_MEASURED = re.compile(r"\d{2,}\.\d{2,}")
"""A number as only coordinates are written."""
_REMEDY = "应为 点号,圈号,X(北),Y(东)；修正后重新提交"
_SHIFTS = "转换参数"
_PROPERTY_KEYS = frozenset(
    {"格式版本号", "数据产生单位", "数据产生日期", "坐标系", "几度分带", "投影类型", "计量单位", "带号", "精度", _SHIFTS,
     "中央子午线", "中央经线"}
)  # fmt: skip


@dataclass(slots=True)
class Parcel:
    """One parcel as its lines say it: nothing is placed or closed yet."""

    header: dict[str, str] = field(default_factory=dict)
    vertices: list[Vertex] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def parse_boundary_text(text: str) -> tuple[dict[str, str], list[Parcel]]:
    """Return the file's key=value properties and its parcels; bad coordinate lines become remarks of their parcel."""
    properties: dict[str, str] = {}
    parcels: list[Parcel] = []
    astray: list[Remark] = []
    in_coordinates = "[地块坐标]" not in text
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip().strip("\ufeff").rstrip(",，;； ")
        is_header = line.endswith("@") and not _is_point(line.rstrip("@"))
        if _SECTION.match(line):
            in_coordinates = line.startswith("[地块坐标]")
        elif not is_header and _is_property(line, in_coordinates=in_coordinates):
            key, _, value = line.partition("=")
            properties[key.strip()] = value.strip().strip(",")
        elif is_header:
            header, odd = parcel_header(line)
            parcels.append(Parcel(header=header, remarks=odd))
        elif line and in_coordinates:
            astray += _add_vertex(parcels, line, number)
        else:
            astray += _astray(line, number)
    if parcels:
        parcels[0].remarks[:0] = astray
    return properties, parcels


def _is_property(line: str, *, in_coordinates: bool) -> bool:
    """Return whether a line says key=value; among coordinates an equals sign may be a slip, which must be seen."""
    key, sign, _ = line.partition("=")
    if not sign or not in_coordinates:
        return bool(sign)
    if key.strip() in _PROPERTY_KEYS:
        return key.strip() == _SHIFTS or len(_MEASURED.findall(line)) < 2
    return not _FIELD_BREAK.search(line) and not any(char.isdigit() for char in key)


def _is_point(line: str) -> bool:
    """Return whether a line that ends as a header is a coordinate line: it would cut its parcel in two."""
    fields = [part.strip() for part in _FIELD_BREAK.split(line)]
    return len(fields) >= 3 and all(_MEASURED.fullmatch(part) for part in fields[-2:])


def _add_vertex(parcels: list[Parcel], line: str, number: int) -> list[Remark]:
    """Add a line's point, or what is wrong with it, to the last parcel; return what is wrong when there is none yet."""
    fields = [part.strip() for part in _FIELD_BREAK.split(line)]
    if len(fields) == 1:
        fields = line.split()
    if len(fields) < 2 and not parcels:
        return _astray(line, number)
    if not parcels:
        parcels.append(Parcel())
    try:
        parcels[-1].vertices.append(_vertex(fields, number))
    except (ReaderError, ValueError, OverflowError):
        parcels[-1].remarks.append(_bad_line(number, line))
    return []


def _astray(line: str, number: int) -> list[Remark]:
    """Return what a line among no parcel's coordinates leaves unread: two measured numbers are a point, one may be."""
    measured = len(_MEASURED.findall(line))
    if measured >= 2:
        return [_bad_line(number, line)]
    return [noted(f"第 {number} 行没有读作坐标", field="坐标行", value=line, remedy=_REMEDY)] if measured else []


def _bad_line(number: int, line: str) -> Remark:
    return rejected(f"第 {number} 行不是坐标", field="坐标行", value=line, remedy=_REMEDY)


def _vertex(fields: list[str], number: int) -> Vertex:
    if len(fields) < 2 or any("=" in part for part in fields):
        raise ValueError("no two fields, or an equals sign where a separator belongs")
    label, ring = (fields[0], fields[1]) if len(fields) >= 4 else (fields[0] if len(fields) == 3 else "", "1")
    if float(ring) != int(float(ring)):
        raise ValueError("a ring number is whole")
    first, second = fields[2:4] if len(fields) >= 4 else fields[-2:]
    return Vertex(
        label=label,
        ring=int(float(ring)),
        first=parse_angle(first).degrees,
        second=parse_angle(second).degrees,
        line=number,
    )
