"""Sites outlined in a DXF drawing, and where they lie.

A drawing has no coordinate system of its own: it must be declared. The unit comes from the declaration, else from
$INSUNITS; when the numbers can be Gauss-Krüger coordinates in one other unit only, that one is used and reported.
Closed curves on one layer nest: one inside another is its hole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from cdgis.core.array_types import FloatArray
from cdgis.core.errors import CrsError, ReaderError
from cdgis.readers.coordinates import CHINA_BOX, within
from cdgis.readers.crs import GEOGRAPHIC, check_coordinates, plane_axes, resolve_crs
from cdgis.readers.crs_words import zone_epsg, zone_example
from cdgis.readers.drawing import AREA_KINDS, CHORD_M, UNIT_M, ClosedCurve, DrawingContent, open_drawing
from cdgis.readers.intake import Remark, noted, rejected, repaired
from cdgis.readers.nested_outlines import Outline, Placement, nested, without_twins
from cdgis.readers.records import SiteRecord, SiteSource
from cdgis.readers.repair import settle
from cdgis.readers.rings import Vertex
from cdgis.readers.shape_kind import ShapeKind, may_be_a_route, named_kind

MOST_CLOSED = 5_000
"""Closed curves read from one drawing: each costs milliseconds, and no application draws so many parcels."""
_UNUSABLE_REMEDY = "如是用地边界，请核对 --crs、--dxf-unit 和图形；如是图框、图例，可不理会"
_DAMAGE = repaired(
    "DXF 文件不合规，已尽量恢复后读取", field="文件", remedy="请核对图形；最好在 CAD 中核查（AUDIT）后另存"
)
_UNIT_WORDS = {"mm": "mm", "毫米": "mm", "cm": "cm", "厘米": "cm", "m": "m", "米": "m"}
_UNIT_TITLES = {"mm": "毫米", "cm": "厘米", "m": "米", "": "未写"}
_NAMELESS_LAYERS = ("0", "Defpoints")


def read_dxf(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per closed outline, and one per layer and kind of thing that could not be used.

    Raises
    ------
    ReaderError : not a readable DXF, an unknown declared unit, or nothing closed in it.
    CrsError : no CRS declared, or one that cannot be used.
    """
    epsg = _declared_epsg(source)
    declared_unit = _declared_unit(source)
    content = open_drawing(source.path, label=source.label)
    if len(content.closed) > MOST_CLOSED:
        raise ReaderError(
            f"DXF 里有 {len(content.closed)} 条闭合线，超过 {MOST_CLOSED} 条，多半是整张底图而不是用地边界", source=source.label,
            remedy="请只导出用地边界所在图层；地块确有这么多的，请改用 GeoPackage、SHP 或 GeoParquet",
        )  # fmt: skip
    outlines: list[Outline] = []
    unusable: dict[tuple[str, str, str], list[str]] = {}
    for closed in content.closed:
        found = _outline(closed, epsg, declared_unit, content.unit)
        if isinstance(found, Outline):
            outlines.append(found)
        else:
            x, y = closed.corners()[0]
            unusable.setdefault((closed.layer, closed.kind, found), []).append(f"{x:.3f},{y:.3f}")
    damage = (_DAMAGE,) if content.was_damaged else ()
    records = [*_site_records(outlines, source, damage), *_faults(unusable, content), *_unread(content)]
    if not records:
        raise ReaderError(
            "DXF 模型空间里没有闭合线", source=source.label, remedy="请把用地边界画成闭合多段线后重新导出"
        )
    return tuple(records)


def _crs_remedy() -> str:
    return f"DXF 不带坐标系，请用 --crs {zone_example()}（或附表“坐标系”列）写明；单位用 --dxf-unit mm、cm 或 m 写明"


def _declared_epsg(source: SiteSource) -> int:
    return resolve_crs(source.label, declared=source.crs, stated="", remedy=_crs_remedy())


def _declared_unit(source: SiteSource) -> str:
    word = source.dxf_unit.strip().lower()
    if word and word not in _UNIT_WORDS:
        raise ReaderError(
            f"图形单位“{source.dxf_unit}”不认识", source=source.label, remedy="--dxf-unit 应为 mm、cm 或 m"
        )
    return _UNIT_WORDS.get(word, "")


def _outline(closed: ClosedCurve, epsg: int, declared: str, stated: str) -> Outline | str:
    """Return the placed outline of a closed curve, or in Chinese why there is none."""
    corners = closed.corners()
    if len(corners) < 3 or not np.isfinite(corners).all():
        return "闭合线不足三个点"
    placement = _placement(corners, epsg, declared, stated)
    if isinstance(placement, str):
        return placement
    scale = 1.0 if placement.epsg in GEOGRAPHIC else UNIT_M[placement.unit]
    points = closed.points(scale if placement.epsg not in GEOGRAPHIC else 111_000.0) * scale
    if len(np.unique(points, axis=0)) < 3:
        return "闭合线不足三个点"
    order = slice(None, None, -1 if placement.swap else 1)
    return Outline(
        layer=closed.layer,
        polygon=Polygon(points[:, order]),
        placement=placement,
        is_curved=closed.curve.has_curves,
        is_fill=closed.is_fill,
        number=closed.number,
        drawn=closed.drawn[:, order] * scale if closed.drawn is not None else None,
        arcs=closed.arcs,
    )


def _placement(corners: FloatArray, epsg: int, declared: str, stated: str) -> Placement | str:
    if epsg in GEOGRAPHIC and (within(CHINA_BOX, *_bounds(corners)) or within(CHINA_BOX, *_bounds(corners[:, ::-1]))):
        # the other way round is said and put right where all formats are
        return Placement(epsg=epsg, unit="m", swap=False, remarks=())
    wanted = declared or stated
    fitting = [fit for unit in UNIT_M if (fit := _in_unit(corners, unit, epsg)) is not None]
    chosen = [fit for fit in fitting if fit.unit == wanted]
    if chosen:
        return chosen[0]
    read_as = f"按{_UNIT_TITLES[wanted]}读" if wanted else "按毫米、厘米、米读都"
    units = "、".join(_UNIT_TITLES[fit.unit] for fit in fitting)
    if not fitting and epsg in GEOGRAPHIC and _is_plane(corners):
        return f"坐标不带带号，只写坐标系名称不能定位，请用 --crs {zone_example()} 这样的代码写明中央子午线"
    if not fitting:
        return f"{read_as}不是声明的坐标系（EPSG:{epsg}）下的坐标"
    if declared or len(fitting) > 1:
        return f"{read_as}不是声明的坐标系下的坐标，按{units}才是，请核对 --dxf-unit"
    fit = fitting[0]
    said = f"图形单位写{_UNIT_TITLES[stated]}" if stated else "没有写图形单位"
    remark = repaired(f"{said}，坐标只有按{units}才合理，已按{units}读取", field="图形单位", value=stated or "未写",
                      remedy=f"请核对，或用 --dxf-unit {fit.unit} 写明")  # fmt: skip
    return Placement(epsg=fit.epsg, unit=fit.unit, swap=fit.swap, remarks=(remark, *fit.remarks))


def _is_plane(corners: FloatArray) -> bool:
    return any(plane_axes(corners[:, 1] * metres, corners[:, 0] * metres) is not None for metres in UNIT_M.values())


def _in_unit(corners: FloatArray, unit: str, epsg: int) -> Placement | None:
    """Return how the numbers read as Gauss-Krüger coordinates in one unit, None when they cannot be any."""
    metres = corners * UNIT_M[unit]
    axes = plane_axes(metres[:, 1], metres[:, 0])
    if axes is None:
        return None
    if epsg in GEOGRAPHIC:
        # only the datum was declared: the zone prefix of the numbers tells the zone
        zone = zone_epsg(axes.zone, with_prefix=True) if axes.zone is not None else None
        if zone is None:
            return None
        epsg = zone
    elif axes.zone is not None and epsg == zone_epsg(axes.zone, with_prefix=False):
        # the same meridian, written with its zone number
        epsg = zone_epsg(axes.zone, with_prefix=True) or epsg
    east_north = metres if axes.first_is_north else metres[:, ::-1]
    try:
        check_coordinates("", _bounds(east_north), epsg, remedy="")
    except CrsError:
        return None
    value = f"{corners[0][0]:.3f},{corners[0][1]:.3f}"
    turned = repaired("横纵坐标颠倒（北坐标在前），已对调", field="坐标", value=value)
    remarks = () if axes.first_is_north else (turned,)
    return Placement(epsg=epsg, unit=unit, swap=not axes.first_is_north, remarks=remarks)


def _bounds(points: FloatArray) -> tuple[float, float, float, float]:
    (x_min, y_min), (x_max, y_max) = points.min(axis=0), points.max(axis=0)
    return float(x_min), float(y_min), float(x_max), float(y_max)


def _site_records(outlines: Sequence[Outline], source: SiteSource, damage: tuple[Remark, ...]) -> Iterator[SiteRecord]:
    by_layer: dict[str, list[Outline]] = {}
    for outline in without_twins(outlines):
        by_layer.setdefault(outline.layer, []).append(outline)
    row = 0
    for layer, group in by_layer.items():
        # a closed line on a layer of roads or pipes is a line as drawn, and asked about; what is declared a line is one
        as_drawn = bool(may_be_a_route((layer,))) or named_kind(source.shape_kind) is ShapeKind.LINE
        sites: list[tuple[Outline, list[Outline]]] = [(outline, []) for outline in group] if as_drawn else nested(group)
        for number, (outline, holes) in enumerate(sites, start=1):
            row += 1
            shape: BaseGeometry = Polygon(outline.polygon.exterior, [hole.polygon.exterior for hole in holes])
            if as_drawn and not outline.is_fill:
                shape = LineString(outline.polygon.exterior)
            epsg = outline.placement.epsg
            settled = settle(shape, epsg, source=source.label, remedy=_crs_remedy(), home=source.home, repair_share=source.repair_share,
                             vertices=_drawn_vertices(outline, holes))  # fmt: skip
            arcs = sum(part.arcs for part in (outline, *holes))
            name = layer if len(sites) == 1 else f"{layer}-{number}"
            named = layer not in _NAMELESS_LAYERS
            yield SiteRecord(
                row=f"{layer}#{number}",
                geometry=settled.geometry,
                given=replace(settled.given, arcs=arcs) if settled.given is not None else None,
                keys=(*((outline.number,) if outline.number else ()), *((name,) if named else ()), str(row)),
                texts=({"name": name} if named else {}) | ({"subject_id": outline.number} if outline.number else {}),
                remarks=(*damage, *_remarks(outline, holes), *settled.remarks),
            )


def _drawn_vertices(outline: Outline, holes: Sequence[Outline]) -> list[Vertex]:
    """Return the points that were drawn, where arcs put chords between them; [] where the shape has no others."""
    rings = (outline, *holes)
    if not any(part.arcs for part in rings):
        return []
    points = [part.drawn if part.drawn is not None else np.array(part.polygon.exterior.coords)[:-1] for part in rings]
    return [Vertex(label="", ring=ring, first=float(y), second=float(x), line=0) for ring, xy in enumerate(points, start=1) for x, y in xy]


def _remarks(outline: Outline, holes: Sequence[Outline]) -> Iterator[Remark]:
    yield from outline.placement.remarks
    if holes:
        reason = f"同一图层内部的 {len(holes)} 条闭合线按孔洞扣除；如是另一地块，请画在另一图层"
        yield noted(reason, field="geometry")
    if outline.twins:
        yield noted(f"另有 {outline.twins} 个重合的图形（线与填充重复），只计一次", field="geometry")
    if any(part.is_curved for part in (outline, *holes)):
        yield noted(f"圆弧和曲线化为折线，弦高不超过 {CHORD_M * 100:g} 厘米", field="geometry")


def _faults(
    unusable: Mapping[tuple[str, str, str], Sequence[str]], content: DrawingContent
) -> Iterator[SiteRecord]:
    for (layer, kind, reason), samples in unusable.items():
        yield _fault(f"{layer}#{kind}", f"{len(samples)} 个闭合图形不能用：{reason}", _UNUSABLE_REMEDY, samples[0])
    for (layer, kind), count in content.open.items():
        gap = content.gaps.get((layer, kind))
        apart = f"（首尾最近相距 {gap:.3g} {_UNIT_TITLES[content.unit] if content.unit else '图形单位'}）" if gap is not None else ""
        yield _fault(
            f"{layer}#{kind}",
            f"{count} 条线没有闭合{apart}，未读取",
            "在 CAD 中用 PEDIT 合并并闭合后重新导出；如不是用地边界可不理会",
        )
    for (layer, kind), count in content.broken.items():
        yield _fault(f"{layer}#{kind}", f"{count} 个图形不合规，未读取", "在 CAD 中核查（AUDIT）后重新导出")


def _unread(content: DrawingContent) -> Iterator[SiteRecord]:
    """Yield one record per layer and kind of what could bound land and was not read, and one per reference."""
    for (layer, kind), count in content.unread.items():
        remedy = "如是用地边界，请在 CAD 中用 BOUNDARY 生成闭合多段线（面域可先用 EXPLODE 炸开再合并）后重新导出；否则可不理会"
        yield _fault(f"{layer}#{kind}", f"{count} 个{AREA_KINDS[kind]}（{kind}）不能读出边界，未读取", remedy)
    for (layer, kind), count in content.hidden.items():
        remedy = "如是用地边界，请打开、解冻该图层（或设为可见）后重新导出；否则可不理会"
        yield _fault(f"{layer}#{kind}（隐藏）", f"{count} 个图形（{kind}）所在图层已关闭或冻结，或自身不可见，未读取", remedy)
    for name in dict.fromkeys(content.references):
        remedy = "如用地边界在其中，请在 CAD 中绑定外部参照（XREF 管理器，右键“绑定”）后重新导出；否则可不理会"
        yield _fault(f"外部参照 {name}", f"图内含外部参照 {name}，未读取", remedy)
    if content.on_paper:
        remedy = "如是用地边界，请放到模型空间后重新导出；图框、图例可不理会"
        yield _fault("图纸空间", f"图纸空间（布局）里有 {content.on_paper} 个图形，未读取", remedy)


def _fault(row: str, reason: str, remedy: str, value: str = "") -> SiteRecord:
    bad = rejected(reason, field="geometry", value=value, remedy=remedy)
    return SiteRecord(row=row, geometry=None, remarks=(bad,))
