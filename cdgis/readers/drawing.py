"""Closed curves of a DXF drawing in drawing units, and what else it held.

Model space only, visible layers only. Blocks are exploded to a bounded depth and number; nothing outside the file
(external references, images) is opened. Arcs and splines become chords that stray by at most `CHORD_M`.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ezdxf import recover
from ezdxf.document import Drawing
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.entities.hatch import Hatch
from ezdxf.entities.insert import Insert
from ezdxf.filemanagement import readfile
from ezdxf.lldxf.const import DXFError
from ezdxf.path import Path as Curve
from ezdxf.path import from_hatch, make_path

from cdgis.core.array_types import FloatArray
from cdgis.core.error_words import Worded, in_words
from cdgis.errors import ReaderError

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
    hidden = {layer.dxf.name for layer in document.layers if layer.is_off() or layer.is_frozen()}
    try:
        exploded = 0
        for layer, entity, depth in _exploded(document.modelspace(), "", 0):
            exploded += depth > 0
            if exploded > _MOST_EXPLODED:
                raise ReaderError(
                    f"DXF 图块展开后超过 {_MOST_EXPLODED} 个对象", source=label, remedy="请只导出用地边界所在图层"
                )
            if layer not in hidden:
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


def _exploded(entities: Iterable[DXFGraphic], inherited: str, depth: int) -> Iterator[tuple[str, DXFGraphic, int]]:
    """Yield (layer, entity, depth of blocks it came out of)."""
    for entity in entities:
        # what a block draws on layer 0 belongs to the layer the block is inserted on
        own = str(entity.dxf.get("layer", "0"))
        layer = inherited if own == "0" and inherited else own
        if not isinstance(entity, Insert):
            yield layer, entity, depth
        elif depth >= _DEEPEST_BLOCK:
            raise Worded(f"图块嵌套超过 {_DEEPEST_BLOCK} 层")
        else:
            for single in entity.multi_insert() if entity.mcount > 1 else (entity,):
                yield layer, single, depth + 1
                yield from _exploded(single.virtual_entities(), layer, depth + 1)


def _sort_in(entity: DXFGraphic, layer: str, content: DrawingContent) -> None:
    kind = entity.dxftype()
    try:
        curves = _curves(entity, kind)
    except _BROKEN:
        content.broken[layer, kind] += 1
        return
    for curve in curves:
        if kind in _SINGLE_LINES:
            content.open[layer, kind] += 1
        elif curve.is_closed or curve.start.isclose(curve.end, abs_tol=_closing(content.unit)):
            content.closed.append(ClosedCurve(layer=layer, kind=kind, curve=curve))
        else:
            content.open[layer, kind] += 1


def _curves(entity: DXFGraphic, kind: str) -> list[Curve]:
    if kind in _FILLS and isinstance(entity, Hatch):
        entity.paths.polyline_to_edge_paths(just_with_bulge=True)
        entity.paths.arc_edges_to_ellipse_edges()
        entity.paths.ellipse_edges_to_spline_edges(num=_SPLINE_POINTS)
        return [curve for curve in from_hatch(entity) if len(curve)]
    if kind not in _CURVES:
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
