"""Which sites or enterprises does an XLSX or CSV table hold, and where does each row lie?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from geopandas import GeoDataFrame
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from cdgis.errors import CrsError, ReaderError
from cdgis.readers.attributes import is_missing, plain
from cdgis.readers.coordinates import (
    CHINA_BOX,
    DATUM_TITLES,
    Angle,
    Datum,
    datum_named,
    join_dms,
    looks_swapped,
    parse_angle,
    split_pair,
    within,
)
from cdgis.readers.crs import LOCAL_PARAMETERS, plane_axes, resolve_crs, zone_epsg
from cdgis.readers.datum import evident_datum, to_cgcs2000
from cdgis.readers.headers import Columns, Header, find_header
from cdgis.readers.intake import Remark, is_quarantined, noted, rejected, repaired
from cdgis.readers.records import CRS_REMEDY, SiteRecord, SiteSource
from cdgis.readers.repair import settle
from cdgis.readers.sheets import Sheet, read_sheets

_TOTAL_WORDS = ("合计", "总计", "小计", "共计", "总数", "汇总")
_NOTE_WORDS = ("注:", "注1", "说明", "备注:", "填表", "制表", "数据来源", "审核")
_DATUM_REMEDY = "在表中加“坐标系”列，写 CGCS2000、WGS84、GCJ-02 或 BD-09"
_POSITION_REMEDY = "补上经度、纬度（如 117.9430、40.9750 或 117°56′34.8″）"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One data row on its way to a record."""

    label: str
    texts: Mapping[str, str]
    shape: BaseGeometry | None
    """Shape as written, x = longitude or easting."""
    epsg: int
    datum: Datum
    claims: tuple[str, ...]
    remarks: tuple[Remark, ...]


def read_site_table(source: SiteSource, *, places: GeoDataFrame | None = None) -> tuple[SiteRecord, ...]:
    """Return one record per row below each sheet's header; blank tails are no rows.

    Parameters
    ----------
    places : zone_name and polygons (EPSG:4490) against which a shifted datum may become evident.

    Raises
    ------
    ReaderError : the file cannot be read, or no sheet has a header with name or coordinate columns.
    """
    sheets = read_sheets(source.path, label=source.label)
    records: list[SiteRecord] = []
    understood = 0
    for sheet in sheets:
        prefix = f"{sheet.name}!" if len(sheets) > 1 else ""
        header = find_header(sheet)
        if header is None:
            reason = "工作表没有可识别的表头（应有企业名称、经度、纬度等列）"
            records.append(SiteRecord(row=f"{prefix}表头", geometry=None, remarks=(rejected(reason),)))
            continue
        understood += 1
        rows = _rows(sheet, header, prefix, source)
        records += _records(rows, source, places)
    if not understood:
        raise ReaderError(f"{source.label}：没有可识别的表头。应有企业名称、经度、纬度、行业代码等列，见 docs")
    return tuple(records)


def _rows(sheet: Sheet, header: Header, prefix: str, source: SiteSource) -> list[_Row]:
    columns = header.columns
    fallback = _file_datum(header, source)
    rows: list[_Row] = []
    for number, cells in enumerate(sheet.rows[header.first_data_row :], start=header.first_data_row + 1):
        texts = {label: cell for label, cell in zip(columns.labels, cells, strict=False) if label}
        unwanted = _not_a_subject(cells, columns)
        located = unwanted or _located(cells, columns, fallback, source)
        rows.append(replace(located, label=f"{prefix}{number}", texts=texts))
    return rows


def _file_datum(header: Header, source: SiteSource) -> str:
    """Return what the whole sheet says about its datum: an outside declaration, the headers, or the titles."""
    if source.crs:
        return source.crs
    if header.columns.datum not in ("undeclared", "unknown"):
        return DATUM_TITLES[header.columns.datum]
    named = (datum_named(title) for title in header.titles if "坐标" in title)
    return next((DATUM_TITLES[datum] for datum in named if datum != "unknown"), "")


def _not_a_subject(cells: Sequence[str], columns: Columns) -> _Row | None:
    """Return a quarantined row for blank rows, totals, notes and repeated headers, or None for a subject."""
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
        return None
    value = " ".join(dict.fromkeys(filled))
    return _quarantined((rejected(reason, value=value, remedy="无需处理；如确为对象请改正该行"),))


def _quarantined(remarks: tuple[Remark, ...]) -> _Row:
    return _Row(label="", texts={}, shape=None, epsg=0, datum="undeclared", claims=(), remarks=remarks)


def _cell(cells: Sequence[str], columns: Columns, role: str) -> str:
    index = columns.roles.get(role)
    text = cells[index] if index is not None and index < len(cells) else ""
    return "" if is_missing(text) else text


def _located(cells: Sequence[str], columns: Columns, fallback: str, source: SiteSource) -> _Row:
    stated = _cell(cells, columns, "datum") or fallback
    park = next((cells[i] for i, c in columns.attributes.items() if c.attribute.id == "park_name" and i < len(cells)), "")
    claims = tuple(text for text in (_cell(cells, columns, "county"), park) if text)
    try:
        shape, remarks = _shape(cells, columns)
    except (ReaderError, ShapelyError) as err:
        value = " ".join(_position_cells(cells, columns))
        return _quarantined((rejected(str(err), field="坐标", value=value, remedy=_POSITION_REMEDY),))
    if shape.geom_type == "Point" and max(abs(shape.x), abs(shape.y)) > 1000:
        return _plane_row(shape, stated, claims, source)
    datum, more = _row_datum(stated)
    epsg = 4490
    if shape.geom_type != "Point" and stated and datum == "unknown":
        epsg, more = _declared_epsg(stated, source)
    return _Row(label="", texts={}, shape=shape, epsg=epsg, datum=datum, claims=claims, remarks=(*remarks, *more))


def _position_cells(cells: Sequence[str], columns: Columns) -> list[str]:
    indices = [*columns.angles.values(), *(columns.roles[r] for r in ("pair", "wkt", "east", "north") if r in columns.roles)]
    return [cells[index] for index in sorted(indices) if index < len(cells) and cells[index]]


def _shape(cells: Sequence[str], columns: Columns) -> tuple[BaseGeometry, tuple[Remark, ...]]:
    wkt = _cell(cells, columns, "wkt")
    if wkt:
        return shapely.from_wkt(wkt), ()
    pair = _cell(cells, columns, "pair")
    east, north = _cell(cells, columns, "east"), _cell(cells, columns, "north")
    lon, lat = _angle(cells, columns, "lon"), _angle(cells, columns, "lat")
    if (lon is None or lat is None) and pair:
        first, second = split_pair(pair)
        lon, lat = parse_angle(first), parse_angle(second)
    if (lon is None or lat is None) and east and north:
        lon, lat = parse_angle(east), parse_angle(north)
    if lon is None or lat is None:
        raise ReaderError("缺少坐标")
    return _point(lon, lat)


def _angle(cells: Sequence[str], columns: Columns, axis: str) -> Angle | None:
    def text(part: str) -> str:
        index = columns.angles.get((axis, part))
        found = cells[index] if index is not None and index < len(cells) else ""
        return "" if is_missing(found) else found

    if text(""):
        return parse_angle(text(""))
    if not text("d"):
        return None
    degrees, minutes, seconds = (parse_angle(text(part) or "0").degrees for part in ("d", "m", "s"))
    return Angle(degrees=join_dms(degrees, minutes, seconds), axis="")


def _point(lon: Angle, lat: Angle) -> tuple[BaseGeometry, tuple[Remark, ...]]:
    swapped = lon.axis == "lat" or lat.axis == "lon" or looks_swapped(lon.degrees, lat.degrees)
    if not swapped:
        return shapely.Point(lon.degrees, lat.degrees), ()
    value = f"{lon.degrees:.6f},{lat.degrees:.6f}"
    remark = repaired("经纬度颠倒，已对调", field="坐标", value=value, remedy="请核对原表的列次序")
    return shapely.Point(lat.degrees, lon.degrees), (remark,)


def _plane_row(point: BaseGeometry, stated: str, claims: tuple[str, ...], source: SiteSource) -> _Row:
    """Place a row of plane coordinates: a zone prefix or a declared EPSG code must tell the zone."""
    axes = plane_axes(np.array([point.y]), np.array([point.x]))
    remarks: tuple[Remark, ...] = ()
    datum = datum_named(stated)
    epsg = zone_epsg(axes.zone, with_prefix=True) if axes and axes.zone else None
    if datum in ("xian80", "beijing54") or (axes and epsg is None) or (stated and datum == "unknown"):
        declared, remarks = _declared_epsg(stated, source)
        epsg = declared or None
    if axes is None or epsg is None:
        reason = "平面坐标没有带号，无法定位" if axes else "坐标数值不像经纬度，也不像高斯-克吕格坐标"
        remedy = "改填经纬度，或在“坐标系”列写 EPSG 代码（如 EPSG:4548）"
        bad = rejected(reason, field="坐标", value=f"{point.x:g},{point.y:g}", remedy=remedy)
        return _quarantined(remarks if is_quarantined(remarks) else (bad,))
    if not axes.first_is_north:
        point = shapely.Point(point.y, point.x)
        remarks = (*remarks, repaired("横纵坐标颠倒，已对调", field="坐标"))
    known: Datum = "cgcs2000" if stated else "undeclared"
    return _Row(label="", texts={}, shape=point, epsg=epsg, datum=known, claims=claims, remarks=remarks)


def _declared_epsg(stated: str, source: SiteSource) -> tuple[int, tuple[Remark, ...]]:
    try:
        return resolve_crs(source.label, declared=stated, stated="", remedy=CRS_REMEDY), ()
    except CrsError as err:
        return 0, (rejected(f"坐标系不能用：{err.found}", field="坐标系", value=stated, remedy=err.remedy),)


def _row_datum(stated: str) -> tuple[Datum, tuple[Remark, ...]]:
    datum = datum_named(stated)
    if datum in ("xian80", "beijing54"):
        reason = f"坐标系为{DATUM_TITLES[datum]}，不能直接叠加"
        return datum, (rejected(reason, field="坐标系", value=stated, remedy=LOCAL_PARAMETERS),)
    if datum == "unknown":
        return "undeclared", (repaired("坐标系名称不认识，按未声明处理", field="坐标系", value=stated, remedy=_DATUM_REMEDY),)
    return datum, ()


def _records(rows: list[_Row], source: SiteSource, places: GeoDataFrame | None) -> list[SiteRecord]:
    open_rows = [row for row in rows if row.datum == "undeclared" and row.shape is not None and row.epsg == 4490
                 and row.shape.geom_type == "Point"]  # fmt: skip
    lon = np.array([row.shape.x for row in open_rows if row.shape is not None])
    lat = np.array([row.shape.y for row in open_rows if row.shape is not None])
    evidence = evident_datum(lon, lat, [row.claims for row in open_rows], places)
    records: list[SiteRecord] = []
    for row in rows:
        datum, remarks, accuracy_m = row.datum, row.remarks, 0.0
        if row.datum == "undeclared" and row.shape is not None:
            if evidence is not None and row.epsg == 4490:
                datum = evidence.datum
                reason = (f"坐标未声明基准，{evidence.gained} 行只有按 {DATUM_TITLES[datum]} 转换后才落入所述县区或园区，"
                          f"已按 {DATUM_TITLES[datum]} 转为 CGCS2000")  # fmt: skip
                remarks = (*remarks, repaired(reason, field="坐标系", remedy=_DATUM_REMEDY))
            else:
                accuracy_m = source.undeclared_accuracy_m
                reason = f"坐标基准未声明，位置精度按 {accuracy_m:g} 米计"
                remarks = (*remarks, noted(reason, field="坐标系"))
        elif datum in ("gcj02", "bd09"):
            remarks = (*remarks, noted(f"按声明的 {DATUM_TITLES[datum]} 转为 CGCS2000", field="坐标系"))
        records.append(_record(row, datum, remarks, accuracy_m, source))
    return records


def _record(
    row: _Row, datum: Datum, remarks: tuple[Remark, ...], accuracy_m: float, source: SiteSource
) -> SiteRecord:
    shape = row.shape
    if shape is None or is_quarantined(remarks):
        return SiteRecord(row=row.label, geometry=None, texts=row.texts, remarks=remarks)
    if row.epsg == 4490 and not within(CHINA_BOX, *shape.bounds) and shape.geom_type == "Point":
        bad = rejected("坐标不在中国范围内", field="坐标", value=f"{shape.x:g},{shape.y:g}", remedy=_POSITION_REMEDY)
        return SiteRecord(row=row.label, geometry=None, texts=row.texts, remarks=(*remarks, bad))
    shifted = shapely.transform(shape, lambda x, y: to_cgcs2000(x, y, datum), interleaved=False)
    settled = settle(shifted, row.epsg, source=source.label, remedy=CRS_REMEDY)
    return SiteRecord(
        row=row.label,
        geometry=settled.geometry,
        texts=row.texts,
        accuracy_m=accuracy_m,
        remarks=(*remarks, *settled.remarks),
    )
