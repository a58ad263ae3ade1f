"""Zones as a picture with a transparent ground: areas see-through, outlines firm, edges smooth."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from PIL import Image, ImageColor

from cdgis.core.array_types import GeometryArray
from cdgis.raster.burnt_shapes import burnt

_FINER = 2
"""Pixels are drawn this many times finer and averaged, so that edges are smooth."""
_INSIDE, _OUTLINE = 90, 255
"""How opaque an area and its outline are, of 255."""
_HALF_LINE_PX, _POINT_PX = 0.75, 3.5


def zone_picture(shapes: GeometryArray, colours: Sequence[str], side_px: int) -> bytes:
    """Return a square PNG of shapes.

    Parameters
    ----------
    shapes : in shares of a side, x to the right and y downwards from the upper left corner.
    colours : one a shape, as CSS writes them.
    side_px : pixels a side.
    """
    fine = side_px * _FINER
    drawn = np.asarray(shapely.transform(shapes, lambda xy: xy * fine), dtype=object)
    area = shapely.get_dimensions(drawn) == 2
    thick = np.where(shapely.get_dimensions(drawn) == 0, _POINT_PX, _HALF_LINE_PX) * _FINER
    edges = shapely.buffer(np.where(area, shapely.boundary(drawn), drawn), thick, quad_segs=2)
    plain = np.zeros((fine, fine, 4), np.uint8)
    inside = [colour for colour, is_area in zip(colours, area, strict=True) if is_area]
    for layer, named, opaque in ((drawn[area], inside, _INSIDE), (edges, colours, _OUTLINE)):
        _paint(plain, layer, named, opaque)
    out = io.BytesIO()
    Image.fromarray(plain).reduce(_FINER).save(out, "PNG")
    return out.getvalue()


def _paint(plain: npt.NDArray[np.uint8], shapes: GeometryArray, colours: Sequence[str], opaque: int) -> None:
    """Paint shapes over a picture (rows, columns, RGBA), later ones over earlier ones."""
    kinds = sorted(set(colours))
    found = burnt(shapes, [kinds.index(colour) + 1 for colour in colours], (len(plain), len(plain)))
    table = np.array([(0, 0, 0, 0), *((*ImageColor.getrgb(colour)[:3], opaque) for colour in kinds)], np.uint8)
    plain[found > 0] = table[found[found > 0]]
