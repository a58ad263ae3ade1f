"""Shapes of a layer's zones: mended, put into EPSG:4490, or left out with a word."""

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from cdgis.core.array_types import BoolArray, GeometryArray
from cdgis.core.vocabulary import WHOLE_FILE, IntakeNote
from cdgis.geometry.plane_validity import valid_on_plane
from cdgis.geometry.validity_words import validity_words
from cdgis.readers.intake import Remark, intake_note, noted, rejected, repaired
from cdgis.readers.mending import LARGEST_REPAIR_SHARE, mend
from cdgis.readers.repair import (
    DENSIFIED,
    ON_PLANE,
    STRAY_HOLE,
    densified_lonlat,
    dimension_of,
    has_stray_holes,
    repaired_geometries,
    usable,
)
from cdgis.readers.ring_loops import untied
from cdgis.readers.shape_kind import KIND_WORDS
from cdgis.workspace.catalog import LayerSpec


def sound_zones(
    spec: LayerSpec, raw: GeometryArray, epsg: int, notes: list[IntakeNote]
) -> tuple[GeometryArray, BoolArray]:
    """Return a layer's zones valid and in EPSG:4490, and which of them can be used; `notes` tells what became of the others.

    Parameters
    ----------
    raw : as the file has them, x = easting or longitude in `epsg`; None where there is no shape.
    """
    dimension = dimension_of(spec.geometry)  # type: ignore[arg-type]
    empty = ~usable(raw)
    flat = np.asarray(shapely.force_2d(raw), dtype=object)
    flat[empty] = None
    bad = ~empty & ~shapely.is_valid(flat)
    astray = np.zeros(len(flat), dtype=bool)
    astray[bad] = has_stray_holes(np.array([untied(geometry) for geometry in flat[bad]], dtype=object))
    flat[astray] = None
    bad &= ~astray
    _mend(spec, flat, bad, epsg, notes)
    whole = ~(empty | astray)
    flat[whole] = repaired_geometries(flat[whole], dimension)
    lost = whole & shapely.is_empty(flat)
    lonlat, cut = densified_lonlat(flat, epsg)
    plane, crossed = valid_on_plane(lonlat)
    lost |= whole & shapely.is_empty(plane)
    notes += [row_note(spec, i, repaired(f"{ON_PLANE}，已修复", field="geometry")) for i in np.flatnonzero(crossed & ~lost)]
    if cut.any():
        reason = f"{int(cut.sum())} 个图斑的{DENSIFIED}"
        notes.append(intake_note(spec.path, WHOLE_FILE, (noted(reason, field="geometry"),)))
    faults = (
        (lost, f"图形不是{KIND_WORDS[dimension]}，或退化而没有面积、长度，已略去"),
        (astray, f"{STRAY_HOLE}，已略去"),
        (empty, "没有几何图形或坐标无效，已略去"),
    )
    notes += [row_note(spec, i, rejected(reason, field="geometry", remedy="在源文件中修正后重新载入"))
              for which, reason in faults for i in np.flatnonzero(which)]  # fmt: skip
    return lonlat, whole & ~lost


def _mend(spec: LayerSpec, flat: GeometryArray, bad: BoolArray, epsg: int, notes: list[IntakeNote]) -> None:
    """Mend the `bad` zones in place, with a note on the land each gained and lost.

    A zone of which too much changes is kept, unlike a parcel: mending keeps all land that any reading of the outline
    encloses, and without the zone every site would lack its answer.
    """
    for index, words in zip(np.flatnonzero(bad), validity_words(flat[bad]), strict=True):
        remark = repaired(f"{words}，已修复", field="geometry")
        if isinstance(flat[index], Polygon | MultiPolygon):
            mending = mend(flat[index], epsg)
            flat[index] = mending.geometry
            remedy = "多出的地可能不属于这个区，请在源文件中修正" if mending.share > LARGEST_REPAIR_SHARE else ""
            remark = repaired(f"{words}，已修复，{mending.told}", field="geometry", remedy=remedy)
        notes.append(row_note(spec, index, remark))


def row_note(spec: LayerSpec, index: np.intp, remark: Remark) -> IntakeNote:
    """Return the intake line of one row of a layer's file, `index` counted from 0."""
    return intake_note(spec.path, str(int(index) + 1), (remark,))
