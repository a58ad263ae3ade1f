"""Sites and enterprises of XLSX, XLS and CSV tables and of CASS .dat files, and where each row lies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from cdgis.core.errors import ReaderError
from cdgis.readers.attribute_columns import plain
from cdgis.readers.coordinates import DATUM_TITLES, Datum, datum_named
from cdgis.readers.crs_words import ONE_STATEMENT, disagreement, meant, names_modern_datum
from cdgis.readers.datum import CONVERSIONS, Evidence, evident_datum, places_named, to_cgcs2000_shapes
from cdgis.readers.headers import Columns, Header, find_header, subject_column
from cdgis.readers.intake import Remark, is_quarantined, noted, rejected, repaired
from cdgis.readers.packed_angles import could_be_packed, packed_point, question
from cdgis.readers.positions import DATUM_REMEDY, Position, cell_under, locate_row, whole_angles
from cdgis.readers.records import SiteRecord, SiteSource, crs_remedy
from cdgis.readers.reference import converted_note
from cdgis.readers.repair import settle
from cdgis.readers.repeated_columns import settled
from cdgis.readers.sheets import UNCACHED_REMEDY, Sheet, cell_name, read_sheets, uncached_reason
from cdgis.readers.survey_points import SURVEY_SUFFIX, survey_header

_TOTAL_WORDS = ("合计", "总计", "小计", "共计", "总数", "汇总")
_NOTE_WORDS = ("注:", "注1", "说明", "备注:", "填表", "制表", "数据来源", "审核")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One data row on its way to a record."""

    label: str
    ordinal: str
    """Running number among the sheet's subjects, as sidecar tables count; "" for rows that are none."""
    texts: Mapping[str, str]
    position: Position
    claims: tuple[str, ...] = ()
    """County and park the row says it lies in."""


def read_site_table(source: SiteSource, *, places: GeoDataFrame | None = None) -> tuple[SiteRecord, ...]:
    """Return one record per row below each sheet's header; blank tails are no rows.

    Parameters
    ----------
    places : zone_name and polygons (EPSG:4490) against which a shifted datum may become evident.

    Raises
    ------
    ReaderError : the file cannot be read, or no sheet has a header with name or coordinate columns.
    """
    sheets = read_sheets(source.path, label=source.label, asks_uncached=True)
    if source.path.suffix.lower() == SURVEY_SUFFIX:
        headers: list[Header | None] = [survey_header(sheet, label=source.label) for sheet in sheets]
    else:
        headers = [None if sheet.is_hidden else find_header(sheet) for sheet in sheets]
    if not any(headers):
        raise ReaderError("没有可识别的表头", source=source.label, remedy="应有企业名称、经度、纬度、行业代码等列")
    records: list[SiteRecord] = []
    for sheet, header in zip(sheets, headers, strict=True):
        prefix = f"{sheet.name}!" if len(sheets) > 1 else ""
        if sheet.is_hidden:
            bad = rejected(f"隐藏的工作表，{len(sheet.rows)} 行均未读取", remedy="如有对象数据，请取消隐藏；否则删去")
            records.append(SiteRecord(row=f"{prefix}隐藏", geometry=None, remarks=(bad,)))
        elif header is None:
            bad = rejected("工作表没有可识别的表头，未读取", remedy="如有对象数据，请补上表头")
            records.append(SiteRecord(row=f"{prefix}表头", geometry=None, remarks=(bad,)))
        else:
            records += _records(_rows(sheet, header, prefix, source, places), source, places)
    return tuple(records)


def _rows(sheet: Sheet, header: Header, prefix: str, source: SiteSource, places: GeoDataFrame | None) -> list[_Row]:
    columns = header.columns
    sheet_crs = _sheet_crs(header, source)
    titled = _titled(header, columns)
    rows: list[_Row] = []
    ordinal = 0
    for number, written in enumerate(sheet.rows[header.first_data_row :], start=header.first_data_row + 1):
        cells, unsettled = settled(written, columns)
        row = _Row(
            label=f"{prefix}{number}",
            ordinal="",
            texts={},
            position=Position(shape=None, remarks=_not_a_subject(cells, columns)),
        )
        if not row.position.remarks:
            ordinal += 1
            position = _position(cells, columns, sheet_crs, source)
            odd = _odd_row(written, columns, is_csv=sheet.fills_headers, is_hidden=number in sheet.hidden_rows)
            lacking = _uncached(sheet, number, columns)
            if is_quarantined(lacking):
                position = Position(shape=None)  # what it lacks is not for the user to fill in
            odd += (*lacking, *unsettled)
            row = replace(
                row,
                ordinal=str(ordinal),
                texts=titled | {label: cell for label, cell in zip(columns.labels, cells, strict=False) if label},
                position=replace(position, remarks=(*odd, *position.remarks)),
                claims=_claims(cells, columns),
            )
        rows.append(row)
    return _with_packed_question(rows, sheet, header, places)


def _with_packed_question(rows: list[_Row], sheet: Sheet, header: Header, places: GeoDataFrame | None) -> list[_Row]:
    """Return the rows with what is to be said when all their decimal degrees could be degrees, minutes and seconds."""
    located = [row for row in rows if row.position.is_angle]
    cells = {str(number): row for number, row in enumerate(sheet.rows, start=1)}
    pairs = [whole_angles(cells[row.label.rpartition("!")[2]], header.columns) for row in located]
    texts = [text for pair in pairs if pair for text in pair]
    if len(texts) != 2 * len(located) or not could_be_packed(texts):
        return rows
    asked = question(len(located), texts[0], settled=places is not None and _lie_as_decimals(located, pairs, places))
    return [
        replace(row, position=replace(row.position, remarks=(*row.position.remarks, asked))) if row in located else row
        for row in rows
    ]


def _lie_as_decimals(rows: Sequence[_Row], pairs: Sequence[tuple[str, str] | None], places: GeoDataFrame) -> bool:
    """Return whether the places that rows state settle it: all fit the decimal degrees, and one fits no other reading."""
    names = [str(name) for name in places["zone_name"]]
    told = False
    for row, pair in zip(rows, pairs, strict=True):
        there = [places.geometry.iloc[at] for claim in row.claims for at in places_named((claim,), names)]
        if not there:
            continue
        packed = packed_point(pair) if pair else None
        if not all(place.intersects(row.position.shape) for place in there):
            return False
        told |= packed is None or not all(place.intersects(packed) for place in there)
    return told


def _titled(header: Header, columns: Columns) -> dict[str, str]:
    """Return what lines above the header say as ``名称：文字``, for every row, where no column says it."""
    found: dict[str, str] = {}
    for title in header.titles:
        name, sign, text = title.replace(":", "：").partition("：")
        role = subject_column(name)
        if sign and text.strip() and role is not None and role not in columns.roles:
            found[name.strip()] = text.strip()
    return found


def _odd_row(cells: Sequence[str], columns: Columns, *, is_csv: bool, is_hidden: bool) -> tuple[Remark, ...]:
    """Return what is unusual about a row as such: cells beyond the header, cells missing at its end, not shown."""
    width = len(columns.labels)
    if any(cells[width:]):
        value = " ".join(cell for cell in cells[width:] if cell)
        remedy = "多半是某一格里的逗号没有加引号，请改正该行"
        return (rejected(f"这一行有 {len(cells)} 列，表头只有 {width} 列", value=value, remedy=remedy),)
    remarks: list[Remark] = []
    if is_csv and len(cells) < width:
        remarks.append(noted(f"这一行只有 {len(cells)} 列，表头有 {width} 列，其余按空格处理"))
    if is_hidden:
        remarks.append(noted("这一行在原表中是隐藏的，照样读取"))
    return tuple(remarks)


def _uncached(sheet: Sheet, number: int, columns: Columns) -> tuple[Remark, ...]:
    """Return a quarantine for a row in which a column that means something holds a formula without a value."""
    places = sorted(column for row, column in sheet.uncached if row == number)
    if not places:
        return ()
    reason = uncached_reason([cell_name(number, column) for column in places])
    known = {index + 1 for index in (*columns.roles.values(), *columns.angles.values(), *columns.attributes)}
    if known.intersection(places):
        return (rejected(reason, field="公式", remedy=UNCACHED_REMEDY),)
    return (noted(f"{reason}，按空格处理", field="公式", remedy=UNCACHED_REMEDY),)


def _position(cells: Sequence[str], columns: Columns, sheet_crs: str, source: SiteSource) -> Position:
    own = cell_under(cells, columns.roles.get("datum")) or sheet_crs
    said = disagreement(source.crs, own) if source.crs and own else ""
    if said:
        return Position(shape=None, remarks=(rejected(said, field="坐标系", value=own, remedy=ONE_STATEMENT),))
    # the mere name of a datum leaves the zone to whoever states one
    is_name = names_modern_datum(source.crs) and meant(own)[1] is not None
    return locate_row(cells, columns, stated_crs=own if is_name or not source.crs else source.crs, source=source.label)


def _sheet_crs(header: Header, source: SiteSource) -> str:
    """Return what the whole sheet says about its datum: in the coordinate headers, or in a title above them."""
    if header.columns.datum not in ("undeclared", "unknown"):
        return DATUM_TITLES[header.columns.datum]
    named = (datum_named(title) for title in header.titles if "坐标" in title)
    return next((DATUM_TITLES[datum] for datum in named if datum != "unknown"), "")


def _not_a_subject(cells: Sequence[str], columns: Columns) -> tuple[Remark, ...]:
    """Return why a row is no subject: blank, a total, a note or a repeated header; () when it is one."""
    filled = [cell for cell in cells if cell]
    words = [plain(cell) for cell in filled]
    if not filled:
        reason = "空行"
    elif any(word.startswith(_TOTAL_WORDS) for word in words[:2]):
        reason = "合计行，不是对象"
    elif len(set(words)) == 1 and words[0].startswith(_NOTE_WORDS):
        reason = "说明行，不是对象"
    elif set(words) <= {plain(label) for label in columns.labels}:
        reason = "重复的表头"
    else:
        return ()
    value = " ".join(dict.fromkeys(filled))
    return (rejected(reason, value=value, remedy="无需处理；如确为对象请改正该行"),)


def _claims(cells: Sequence[str], columns: Columns) -> tuple[str, ...]:
    park = next((i for i, column in columns.attributes.items() if column.attribute.name == "park_name"), None)
    claims = (cell_under(cells, columns.roles.get("county")), cell_under(cells, park))
    return tuple(claim for claim in claims if claim)


def _records(rows: list[_Row], source: SiteSource, places: GeoDataFrame | None) -> list[SiteRecord]:
    evidence = _evidence([row for row in rows if _is_open(row.position)], places)
    datums = [_datum(row.position, evidence) for row in rows]
    shapes = _converted([row.position.shape for row in rows], datums)
    return [
        _record(replace(row, position=replace(row.position, shape=shape)), evidence, source)
        for row, shape in zip(rows, shapes, strict=True)
    ]


def _is_open(position: Position) -> bool:
    return position.is_angle and position.datum == "undeclared"


def _evidence(rows: list[_Row], places: GeoDataFrame | None) -> Evidence | None:
    points = np.array([row.position.shape for row in rows], dtype=object)
    return evident_datum(shapely.get_x(points), shapely.get_y(points), [row.claims for row in rows], places)


def _datum(position: Position, evidence: Evidence | None) -> Datum:
    return evidence.datum if evidence is not None and _is_open(position) else position.datum


def _converted(shapes: Sequence[BaseGeometry | None], datums: Sequence[Datum]) -> npt.NDArray[np.object_]:
    """Return the shapes on a shifted datum moved to CGCS2000, all rows of one datum at once."""
    moved = np.array(shapes, dtype=object)
    for datum in CONVERSIONS:
        chosen = np.array([found == datum and shape is not None for found, shape in zip(datums, shapes, strict=True)])
        if chosen.any():
            moved[chosen] = to_cgcs2000_shapes(moved[chosen], datum)
    return moved


def _record(row: _Row, evidence: Evidence | None, source: SiteSource) -> SiteRecord:
    position = row.position
    keys = (row.ordinal,) if row.ordinal else ()
    if position.shape is None or is_quarantined(position.remarks):
        return SiteRecord(row=row.label, geometry=None, keys=keys, texts=row.texts, remarks=position.remarks)
    accuracy_m, about_datum = _datum_remarks(position, evidence, source)
    settled = settle(position.shape, position.epsg, source=source.label, remedy=crs_remedy(), home=source.home, repair_share=source.repair_share)
    return SiteRecord(
        row=row.label,
        geometry=settled.geometry,
        given=settled.given,
        keys=keys,
        texts=row.texts,
        accuracy_m=max(accuracy_m, position.coarse_m),
        epsg=position.epsg,
        remarks=(*position.remarks, *about_datum, *settled.remarks),
    )


def _datum_remarks(
    position: Position, evidence: Evidence | None, source: SiteSource
) -> tuple[float, tuple[Remark, ...]]:
    title = DATUM_TITLES[_datum(position, evidence)]
    if _is_open(position) and evidence is not None:
        reason = (
            f"坐标基准未声明，{evidence.gained} 行只有按 {title} 转换后才落入所述县区或园区，已按 {title} 转为 CGCS2000"
        )
        return 0.0, (repaired(reason, field="坐标系", remedy=DATUM_REMEDY),)
    if position.datum == "undeclared":
        accuracy_m = source.undeclared_accuracy_m
        return accuracy_m, (noted(f"坐标基准未声明，位置精度按 {accuracy_m:g} 米计", field="坐标系"),)
    if position.datum in CONVERSIONS:
        return 0.0, (converted_note(position.datum),)
    return 0.0, ()
