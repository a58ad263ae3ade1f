"""Rows and points that are the vertices of outlines, put together as the parcels they are.

A table of boundary points, a telephone's way points, a layer of corner points: each row alone would be judged as a
site at a point. Rows that differ in nothing but coordinates and a running number are one parcel when a header or their
labels call them vertices (said), or when somebody declares it; else a list of three or more is asked about.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from cdgis.core.array_types import FloatArray
from cdgis.geometry.geodesy import from_lonlat, survey_area_m2
from cdgis.readers.attribute_columns import column_aliases, match_attribute
from cdgis.readers.headers import subject_column
from cdgis.readers.intake import Remark, rejected, repaired
from cdgis.readers.mending import LARGEST_REPAIR_SHARE
from cdgis.readers.positions import COARSE_REMEDY
from cdgis.readers.records import SiteRecord
from cdgis.readers.repair import settle
from cdgis.readers.rings import Vertex, assemble_shape
from cdgis.readers.shape_kind import ShapeKind, are_vertices, heads, named_kind, only_counts
from cdgis.readers.subjects import Description

LEAST_VERTICES = 3
_LONLAT, _POINT = 4490, 0
_TELLING = ("industry", "project_type", "activity", "county", "township")
"""Columns that say what a site is, so that rows which differ in one are different sites."""
_COUNTING = ("subject_id", "name", "sequence", "parcel", None)
"""Columns that may hold the numbers of vertices; None: those nobody knows."""
AS_POINTS = "如各行是互不相干的点位，请加 --as points（或在“图形”一栏写 点）"
WHICH = "是一块地的边界请加 --as polygon，是互不相干的点位请加 --as points，是线请加 --as line（或加“图形”一栏写 面、点、线）"

Described = tuple[SiteRecord, Description]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Rows that may be the vertices of one parcel."""

    rows: tuple[Described, ...]
    repair_share: float

    @property
    def places(self) -> int:
        """How many different points there are."""
        return len({record.geometry.wkb for record, _ in self.rows if record.geometry is not None})


def put_together(
    records: Sequence[SiteRecord], describe: Callable[[SiteRecord], Description], *, listed: bool,
    repair_share: float = LARGEST_REPAIR_SHARE,
) -> list[Described]:  # fmt: skip
    """Return the sites that records make, each with its description: vertices as the parcel they go round.

    Parameters
    ----------
    listed : the file is a list of points (a table, way points), so that unnamed ones may as well be vertices.
    repair_share : a repair of a parcel that gains and loses more than this share of it is refused.
    """
    kinds = shapely.get_type_id(np.array([record.geometry for record in records], dtype=object))
    headers = {id(record.texts): record.texts for record in records}.values()
    if not (kinds <= _POINT).any() and not any(heads(header, "column") for texts in headers for header in texts):
        return [(record, describe(record)) for record in records]  # land and lines as they are
    rows = [(record, describe(record)) for record in _filled_down(records)]
    grouped: dict[object, list[Described]] = {}
    candidates = [may_be_vertex(record) for record, _ in rows]
    counters = _counters([row for row, candidate in zip(rows, candidates, strict=True) if candidate])
    for number, (row, candidate) in enumerate(zip(rows, candidates, strict=True)):
        grouped.setdefault(alike(row, counters) if candidate else number, []).append(row)
    found: list[Described] = []
    for key, group in grouped.items():
        if isinstance(key, int):
            found += group
            continue
        found += _parcel(_Group(rows=tuple(group), repair_share=repair_share), describe, listed=listed, number=len(found) + 1)
    return found


def _filled_down(records: Sequence[SiteRecord]) -> list[SiteRecord]:
    """Return the records with what stands only in the first row of a parcel repeated in its other vertices.

    A row that says nothing of its parcel belongs to the parcel above; one that names a parcel begins anew.
    """
    found: list[SiteRecord] = []
    for record in records:
        above = found[-1] if found else None
        if above is not None and _is_vertex(record) and _is_vertex(above) and sheet_of(record) == sheet_of(above):
            blank = [header for header, text in record.texts.items() if not text and above.texts.get(header)]
            if not any(text for header, text in record.texts.items() if _names_parcel(header)):
                record = replace(record, texts={**record.texts, **{header: above.texts[header] for header in blank}})
        found.append(record)
    return found


def _is_vertex(record: SiteRecord) -> bool:
    return any(heads(header, "column") and text for header, text in record.texts.items())


def _names_parcel(header: str) -> bool:
    return heads(header, "parcel") or subject_column(header) in ("name", "subject_id")


def sheet_of(record: SiteRecord) -> str:
    """Return the sheet or layer a row was counted in, "" when its file has but one."""
    return record.row.rpartition("!")[0] or record.row.rpartition("#")[0]


def may_be_vertex(record: SiteRecord) -> bool:
    """Return whether a record is a point, or a row meant to be one whose coordinates cannot be read: only such are put together."""
    shape = record.geometry
    return bool(record.texts) if shape is None else shape.geom_type == "Point"


def _counters(rows: Sequence[Described]) -> frozenset[str]:
    """Return the columns, of those that may, whose values only number the candidates and tell no parcels apart."""
    found = set()
    for role in ("subject_id", "name"):
        stated = [d.columns[role] for _, d in rows if d.columns.get(role)]
        # a number that some rows share is the parcel's; one that begins anew with each parcel is the vertex's
        shared = len(set(stated)) * LEAST_VERTICES <= len(stated)
        if stated and not shared and all(map(only_counts, stated)):
            found.add(role)
    return frozenset(found)


def alike(row: Described, counters: frozenset[str]) -> tuple[object, ...]:
    """Return what tells a row's parcel from others: all that it says but coordinates and the columns that only count."""
    record, described = row
    parcel = tuple(text for header, text in record.texts.items() if heads(header, "parcel"))
    named = tuple(described.columns.get(role, "") for role in ("subject_id", "name") if role not in counters)
    told = tuple(described.columns.get(role, "") for role in _TELLING)
    kind = described.columns.get("geometry_kind", "")
    return (sheet_of(record), parcel, named, told, kind, tuple(sorted(described.attributes.items())))


def _parcel(
    group: _Group, describe: Callable[[SiteRecord], Description], *, listed: bool, number: int
) -> list[Described]:
    """Return one group as its sites: the rows themselves, or the parcel they go round."""
    record, described = group.rows[0]
    stated = described.columns.get("geometry_kind", "")
    kind = named_kind(stated)
    evident = _are_evident(group)
    if kind is ShapeKind.POINTS or (stated and kind is None) or not any(r.geometry is not None for r, _ in group.rows):
        return list(group.rows)
    if kind is None and not evident and not (listed and group.places >= LEAST_VERTICES):
        return list(group.rows)
    whole = merged(group.rows, number)
    if kind is None and not evident:
        reason = f"{len(group.rows)} 行只有编号和坐标，可能是一块地的拐点，也可能是 {len(group.rows)} 个点位"
        whole = replace(whole, remarks=(*whole.remarks, rejected(reason, field="图形", remedy=WHICH)))
    else:
        whole = _joined(whole, group, kind or ShapeKind.POLYGON, stated)
    return [(whole, describe(whole))]


def _are_evident(group: _Group) -> bool:
    """Return whether a header or the labels call the rows vertices."""
    records = [record for record, _ in group.rows]
    headers = records[0].texts
    if any(heads(header, "column") and records[0].texts[header] for header in headers):
        return True
    counting = [h for h in headers if subject_column(h) in _COUNTING and match_attribute(h) is None]
    return any(are_vertices([record.texts.get(header, "") for record in records]) for header in counting)


def merged(rows: Sequence[Described], number: int = 0) -> SiteRecord:
    """Return rows as one record without a shape: what all of them say, and their rows as one; `number` is a key of it."""
    records = [record for record, _ in rows]
    first, last = records[0], records[-1]
    common = {
        header: text
        for header, text in first.texts.items()
        if all(record.texts.get(header, "") == text for record in records) and not heads(header, "column")
    }
    parcel = next((text for header, text in common.items() if heads(header, "parcel") and text), "")
    if parcel and not any(subject_column(header) == "name" and text for header, text in common.items()):
        common[column_aliases("subject")["name"][0]] = parcel
    tail = last.row.rpartition("!")[2].rpartition("#")[2]
    accuracy_m = min(record.accuracy_m for record in records)
    remarks = dict.fromkeys(
        remark
        for record in records
        for remark in record.remarks
        # a row whose last zeros a spreadsheet dropped is as fine as the finest
        if remark.remedy != COARSE_REMEDY or record.accuracy_m == accuracy_m
    )
    return SiteRecord(
        row=first.row if len(records) == 1 else f"{first.row}-{tail}",
        geometry=None,
        keys=tuple(key for key in (parcel, str(number) if number else "") if key),
        texts=common,
        accuracy_m=accuracy_m,
        remarks=tuple(remarks),
    )


def _joined(whole: SiteRecord, group: _Group, kind: ShapeKind, stated: str) -> SiteRecord:
    records = [record for record, _ in group.rows]
    broken = [record.row for record in records if record.geometry is None]
    if broken:
        bad = rejected(f"第 {'、'.join(broken)} 行的拐点读不出坐标，整块不读", field="坐标", remedy="改正该行后重新提交")
        return replace(whole, remarks=(*whole.remarks, bad))
    planes = {record.epsg for record in records}
    epsg = planes.pop() if len(planes) == 1 else _LONLAT
    points = shapely.get_coordinates(from_lonlat(np.array([record.geometry for record in records], dtype=object), epsg))
    vertices = [_vertex(record, at, xy) for at, (record, xy) in enumerate(zip(records, points, strict=True), start=1)]
    shape, remarks = assemble_shape(vertices, kind)
    if shape is None:
        return replace(whole, remarks=(*whole.remarks, *remarks))
    settled = settle(shape, epsg, source="", remedy=WHICH, vertices=vertices)
    why = f"按所写的“{stated}”" if stated else "按拐点表"
    said: tuple[Remark, ...] = ()
    if settled.geometry is not None:
        area_ha = float(survey_area_m2(np.array([settled.geometry], dtype=object))[0]) / 1e4
        size = f"（{area_ha:.4f} 公顷）" if kind is ShapeKind.POLYGON else ""
        said = (repaired(f"{len(records)} 行{why}依次连成一个{kind.word}{size}", field="图形", remedy=AS_POINTS),)
    return replace(
        whole, geometry=settled.geometry, given=settled.given, remarks=(*whole.remarks, *said, *remarks, *settled.remarks)
    )  # fmt: skip


def _vertex(record: SiteRecord, ordinal: int, point: FloatArray) -> Vertex:
    ring = next((text for header, text in record.texts.items() if heads(header, "ring")), "")
    line = record.row.rpartition("!")[2].rpartition("#")[2]
    return Vertex(
        label=next((text for header, text in record.texts.items() if heads(header, "column")), str(ordinal)),
        ring=int(float(ring)) if ring.replace(".", "", 1).isdigit() else 1,
        first=float(point[1]),
        second=float(point[0]),
        line=int(line) if line.isdigit() else ordinal,
    )
