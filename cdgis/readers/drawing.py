"""Closed curves of a DXF drawing in drawing units, and what else it held.

Model space only, visible layers only. Blocks are exploded to a bounded depth and number; nothing outside the file
(external references, images) is opened. Whatever could bound land and is not read is counted by layer and kind.
Arcs and splines become chords that stray by at most `CHORD_M`.
"""

import logging
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ezdxf import recover
from ezdxf.document import Drawing
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.entities.hatch import Hatch
from ezdxf.entities.insert import Insert
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.entities.polyline import Polyline
from ezdxf.filemanagement import readfile
from ezdxf.lldxf.const import DXFError
from ezdxf.path import Path as Curve
from ezdxf.path import from_hatch, make_path

from cdgis.core.array_types import FloatArray
from cdgis.core.error_words import Worded, in_words
from cdgis.core.errors import ReaderError

CHORD_M = 0.01
"""Largest distance between an arc and the chords that replace it, metres on the ground."""
CLOSING_M = 0.01
"""Ends nearer than this are one point."""
UNIT_M = {"mm": 0.001, "cm": 0.01, "m": 1.0}
"""Drawing unit -> metres."""

_INSUNITS = {4: "mm", 5: "cm", 6: "m"}
_MOST_BYTES = 256 << 20
_MOST_EXPLODED = 100_000
_ARC_SEGMENTS = 16
_SPLINE_POINTS = 128
"""Bezier pieces per arc: with one, as ezdxf does unasked, an arc of 1 km radius strays by 27 cm; so by 2 mm."""
_DEEPEST_BLOCK = 8
_CURVES = ("LWPOLYLINE", "POLYLINE", "SPLINE", "CIRCLE", "ELLIPSE", "LINE", "ARC")
_SINGLE_LINES = ("LINE", "ARC")
_FILLS = ("HATCH", "MPOLYGON")
AREA_KINDS = {
    "REGION": "面域", "3DFACE": "三维面", "SOLID": "实面", "TRACE": "宽线", "MESH": "网格", "BODY": "实体", "3DSOLID": "三维实体",
    "SURFACE": "曲面", "EXTRUDEDSURFACE": "拉伸曲面", "REVOLVEDSURFACE": "旋转曲面", "SWEPTSURFACE": "扫掠曲面",
    "LOFTEDSURFACE": "放样曲面", "PLANESURFACE": "平面曲面", "MLINE": "多线", "WIPEOUT": "区域覆盖",
    "ACAD_PROXY_ENTITY": "代理对象", "HATCH": "没有边界的填充", "MPOLYGON": "没有边界的多边形", "POLYLINE": "多面网格",
}  # fmt: skip
"""DXF entity type -> what a kind that bounds land, but whose outline is not read, is called."""
_BLOCK = "INSERT"
_CASS, _CASS_PARCEL = "SOUTH", "300000"
"""Application name and object code under which CASS keeps a parcel's number in extended data (code 1000)."""
_TEXT_CODE = 1000
_BROKEN = (
    DXFError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError,
    StopIteration, EOFError,
)  # fmt: skip
"""What ezdxf raises on damaged files and degenerate entities."""

_FIRST_HAN, _LAST_HAN = "\u4e00", "\u9fff"

# what ezdxf logs about damaged files is reported as a remark instead
logging.getLogger("ezdxf").addHandler(logging.NullHandler())



@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedCurve:
    """One closed curve of the drawing."""

    layer: str
    kind: str
    """DXF entity type."""
    curve: Curve
    number: str = ""
    """The parcel's number (宗地号) that CASS wrote into the entity, "" when there is none."""
    drawn: FloatArray | None = None
    """Vertices as drawn, without the chords of arcs; None where the curve has no arc, or no vertices of its own (a circle)."""
    arcs: int = 0
    """Edges drawn as arcs between those vertices."""

    @property
    def is_fill(self) -> bool:
        """Whether it bounds a hatch rather than being drawn as a line."""
        return self.kind in _FILLS

    def corners(self) -> FloatArray:
        """Return the x, y of its control points, drawing units: enough to tell unit and zone."""
        return _flat(self.curve.control_vertices())

    def points(self, unit_m: float) -> FloatArray:
        """Return the x, y of its chords, drawing units of `unit_m` metres."""
        return _flat(self.curve.flattening(CHORD_M / unit_m, segments=2))


@dataclass(slots=True)
class DrawingContent:
    """What was found in a drawing."""

    unit: str
    """mm, cm or m by its header; "" when the header says nothing usable."""
    was_damaged: bool = False
    """Whether it broke the format and could only be read with corrections."""
    closed: list[ClosedCurve] = field(default_factory=list)
    open: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(layer, entity type) -> number of curves that do not close."""
    broken: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(layer, entity type) -> number of entities that could not be made sense of."""
    gaps: dict[tuple[str, str], float] = field(default_factory=dict)
    """(layer, entity type) -> least distance between the ends of curves that do not close, drawing units."""
    unread: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(layer, entity type) -> number of entities that bound land in a way that is not read."""
    hidden: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(layer, entity type) -> number of entities that could bound land, on layers that are off or frozen, or invisible."""
    on_paper: int = 0
    """Curves and areas in the layouts, which have no place on the ground."""
    references: tuple[str, ...] = ()
    """Drawings referred to and not opened."""
    sorted_in: int = 0
    """Entities that became curves, closed or open."""
    passed: int = 0
    """Texts, points, blocks as such and whatever else bounds nothing."""
    seen: int = 0
    """Entities met, those out of blocks included."""


def open_drawing(path: Path, *, label: str) -> DrawingContent:
    """Return the closed curves of a DXF file in file order, and counts of what did not close.

    Raises
    ------
    ReaderError : not a DXF, damaged, too large, or its blocks explode without end.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise ReaderError(f"DXF 超过 {_MOST_BYTES >> 20} MB", source=label, remedy="请只导出用地边界所在图层")
    document, was_damaged = _document(path, label)
    content = DrawingContent(
        unit=_INSUNITS.get(int(document.header.get("$INSUNITS", 0) or 0), ""), was_damaged=was_damaged
    )
    states = {str(layer.dxf.name).lower(): (layer.is_off(), layer.is_frozen()) for layer in document.layers}
    frozen = {name for name, (_, is_frozen) in states.items() if is_frozen}
    hidden = {name for name, (is_off, _) in states.items() if is_off} | frozen
    content.references = tuple(_references(document))
    content.on_paper = sum(_could_bound(entity.dxftype()) for sheet in document.layouts if not sheet.is_modelspace for entity in sheet)
    try:
        exploded = 0
        for layer, entity, depth, is_frozen in _exploded(document.modelspace(), "", 0, frozen, False):
            exploded += depth > 0
            if exploded > _MOST_EXPLODED:
                raise ReaderError(
                    f"DXF 图块展开后超过 {_MOST_EXPLODED} 个对象", source=label, remedy="请只导出用地边界所在图层"
                )
            content.seen += 1
            if layer.lower() in hidden or is_frozen or entity.dxf.get("invisible", 0):
                _count_hidden(entity.dxftype(), readable(layer), content)
            else:
                _sort_in(entity, readable(layer), content)
    except _BROKEN as err:
        raise ReaderError(f"DXF 图块无法展开（{in_words(err)}）", source=label, remedy="请在 CAD 中炸开图块后重新导出") from err
    return content


def _document(path: Path, label: str) -> tuple[Drawing, bool]:
    """Return the drawing and whether it had to be recovered."""
    with path.open("rb") as stream:
        if stream.read(4) == b"AC10":
            raise ReaderError("这是 DWG，不是 DXF", source=label, remedy="请在 CAD 中另存为 DXF（2000 或更高版本）")
    try:
        return readfile(path), False
    except OSError as err:
        raise ReaderError("不是 DXF 文件", source=label, remedy="请确认文件未损坏、扩展名正确") from err
    except _BROKEN:
        try:
            return recover.readfile(path)[0], True
        except (*_BROKEN, OSError) as err:
            raise ReaderError(
                f"DXF 损坏，无法读取（{in_words(err)}）", source=label, remedy="请在 CAD 中核查（AUDIT）后另存"
            ) from err


def _references(document: Drawing) -> Iterator[str]:
    for block in document.blocks:
        if block.block is not None and (block.block.is_xref or block.block.is_xref_overlay):
            path = str(block.block.dxf.get("xref_path", "")) or block.name
            yield readable(path.replace("\\", "/").rpartition("/")[2])


def _could_bound(kind: str) -> bool:
    return kind in _CURVES or kind in AREA_KINDS


def _count_hidden(kind: str, layer: str, content: DrawingContent) -> None:
    if _could_bound(kind):
        content.hidden[layer, kind] += 1
    else:
        content.passed += 1


def _exploded(
    entities: Iterable[DXFGraphic], inherited: str, depth: int, frozen: Container[str], is_frozen: bool
) -> Iterator[tuple[str, DXFGraphic, int, bool]]:
    """Yield (layer, entity, depth of blocks it came out of, whether a block around it is frozen)."""
    for entity in entities:
        # what a block draws on layer 0 belongs to the layer the block is inserted on
        own = str(entity.dxf.get("layer", "0"))
        layer = inherited if own == "0" and inherited else own
        if not isinstance(entity, Insert):
            yield layer, entity, depth, is_frozen
        elif depth >= _DEEPEST_BLOCK:
            raise Worded(f"图块嵌套超过 {_DEEPEST_BLOCK} 层")
        else:
            for single in entity.multi_insert() if entity.mcount > 1 else (entity,):
                yield layer, single, depth + 1, is_frozen
                under = is_frozen or layer.lower() in frozen
                yield from _exploded(single.virtual_entities(), layer, depth + 1, frozen, under)


def _sort_in(entity: DXFGraphic, layer: str, content: DrawingContent) -> None:
    kind = entity.dxftype()
    try:
        curves = _curves(entity, kind)
    except _BROKEN:
        content.broken[layer, kind] += 1
        return
    if not curves:
        if kind in AREA_KINDS:
            content.unread[layer, kind] += 1
        else:
            content.passed += 1
        return
    content.sorted_in += 1
    number = _parcel_number(entity)
    for curve in curves:
        if kind in _SINGLE_LINES:
            content.open[layer, kind] += 1
        elif curve.is_closed or curve.start.isclose(curve.end, abs_tol=_closing(content.unit)):
            drawn, arcs = _drawn(entity) if len(curves) == 1 else (None, 0)
            content.closed.append(ClosedCurve(layer=layer, kind=kind, curve=curve, number=number, drawn=drawn, arcs=arcs))
        else:
            content.open[layer, kind] += 1
            gap = float(curve.start.distance(curve.end))
            content.gaps[layer, kind] = min(gap, content.gaps.get((layer, kind), gap))


def _drawn(entity: DXFGraphic) -> tuple[FloatArray | None, int]:
    """Return the vertices of a polyline with arcs, in model space, and how many of its edges are arcs."""
    if isinstance(entity, LWPolyline):
        bulges, vertices = [point[4] for point in entity.get_points()], list(entity.vertices_in_wcs())
    elif isinstance(entity, Polyline) and entity.is_2d_polyline:
        bulges, vertices = [vertex.dxf.get("bulge", 0) for vertex in entity.vertices], list(entity.points_in_wcs())
    else:
        return None, 0
    arcs = sum(bool(bulge) for bulge in bulges)
    return (_flat(vertices), arcs) if arcs else (None, 0)


def _parcel_number(entity: DXFGraphic) -> str:
    """Return the number CASS keeps in a parcel's extended data: the text after the code of parcels."""
    if not entity.has_xdata(_CASS):
        return ""
    texts = [str(tag.value).strip() for tag in entity.get_xdata(_CASS) if tag.code == _TEXT_CODE]
    return readable(texts[1]) if len(texts) > 1 and texts[0] == _CASS_PARCEL else ""


def _curves(entity: DXFGraphic, kind: str) -> list[Curve]:
    if kind in _FILLS and isinstance(entity, Hatch):
        entity.paths.polyline_to_edge_paths(just_with_bulge=True)
        entity.paths.arc_edges_to_ellipse_edges()
        entity.paths.ellipse_edges_to_spline_edges(num=_SPLINE_POINTS)
        return [curve for curve in from_hatch(entity) if len(curve)]
    if kind not in _CURVES or (isinstance(entity, Polyline) and (entity.is_poly_face_mesh or entity.is_polygon_mesh)):
        return []
    curve = make_path(entity, segments=_ARC_SEGMENTS)
    return [part for part in (curve.sub_paths() if curve.has_sub_paths else (curve,)) if len(part)]


def _closing(unit: str) -> float:
    return CLOSING_M / UNIT_M.get(unit, 1.0)


def _flat(vertices: Iterable[object]) -> FloatArray:
    points = np.array([(vertex[0], vertex[1]) for vertex in vertices], dtype=np.float64)  # type: ignore[index]
    return points.reshape(-1, 2)


def readable(text: str) -> str:
    """Return a layer name as text: bytes that the file's stated code page does not explain are read as GB18030."""
    for encoding in ("utf-8", "cp1252", "latin-1"):
        try:
            raw = text.encode(encoding, errors="surrogateescape")
            found = raw.decode("gb18030")
        except UnicodeError:
            continue
        misread = not text.isprintable() or (encoding != "utf-8" and not text.isascii())
        if misread and any(_FIRST_HAN <= char <= _LAST_HAN for char in found):
            return found
    return text.encode("utf-8", errors="replace").decode("utf-8")
