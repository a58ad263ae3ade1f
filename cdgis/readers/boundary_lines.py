"""Lines of a boundary-point file (界址点 TXT), each read for what it says."""

import re
from dataclasses import dataclass, field

from cdgis.errors import ReaderError
from cdgis.readers.boundary_header import parcel_header
from cdgis.readers.coordinates import parse_angle
from cdgis.readers.intake import Remark, rejected
from cdgis.readers.rings import Vertex

_FIELD_BREAK = re.compile(r"[,，\t]")
_PROPERTY_KEYS = frozenset(
    {"格式版本号", "数据产生单位", "数据产生日期", "坐标系", "几度分带", "投影类型", "计量单位", "带号", "精度", "转换参数",
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
    in_coordinates = "[地块坐标]" not in text
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip().strip("\ufeff").rstrip(",，;； ")
        if line.startswith("["):
            in_coordinates = line.startswith("[地块坐标]")
        elif not line.endswith("@") and _is_property(line, in_coordinates=in_coordinates):
            key, _, value = line.partition("=")
            properties[key.strip()] = value.strip().strip(",")
        elif line.endswith("@"):
            header, odd = parcel_header(line)
            parcels.append(Parcel(header=header, remarks=odd))
        elif line and in_coordinates:
            _add_vertex(parcels, line, number)
    return properties, parcels


def _is_property(line: str, *, in_coordinates: bool) -> bool:
    """Return whether a line says key=value; among coordinates an equals sign may be a slip, which must be seen."""
    key, sign, _ = line.partition("=")
    if not sign or not in_coordinates or key.strip() in _PROPERTY_KEYS:
        return bool(sign)
    return not _FIELD_BREAK.search(line) and not any(char.isdigit() for char in key)


def _add_vertex(parcels: list[Parcel], line: str, number: int) -> None:
    fields = [part.strip() for part in _FIELD_BREAK.split(line)]
    if len(fields) == 1:
        fields = line.split()
    if len(fields) < 2:
        if parcels:
            parcels[-1].remarks.append(_bad_line(number, line))
        return
    if not parcels:
        parcels.append(Parcel())
    try:
        parcels[-1].vertices.append(_vertex(fields, number))
    except (ReaderError, ValueError, OverflowError):
        parcels[-1].remarks.append(_bad_line(number, line))


def _bad_line(number: int, line: str) -> Remark:
    return rejected(
        f"第 {number} 行不是坐标", field="坐标行", value=line, remedy="应为 点号,圈号,X(北),Y(东)；修正后重新提交"
    )


def _vertex(fields: list[str], number: int) -> Vertex:
    if any("=" in part for part in fields):
        raise ValueError("an equals sign where a separator belongs")
    label, ring = (fields[0], fields[1]) if len(fields) >= 4 else (fields[0] if len(fields) == 3 else "", "1")
    first, second = fields[2:4] if len(fields) >= 4 else fields[-2:]
    return Vertex(
        label=label,
        ring=int(float(ring)),
        first=parse_angle(first).degrees,
        second=parse_angle(second).degrees,
        line=number,
    )
