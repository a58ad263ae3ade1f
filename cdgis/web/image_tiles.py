"""Layers as picture tiles (PNG) on the grid of the vector tiles, for programs that draw no MVT: they are looked at, never judged."""

import io
import math
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Depends
from fastapi.responses import Response
from PIL import Image, ImageColor
from pydantic import Field
from rasterio.features import rasterize

from cdgis.report.drawing.palette import read_palette
from cdgis.web.case_states import Actor
from cdgis.web.map_layers import frame_of
from cdgis.web.running_desk import Desk, actor_of, desk_of
from cdgis.web.vector_tiles import KEPT, Clipped, Place, clipped_to_tile, require_tile, tile_bounds

router = APIRouter(prefix="/ogc/tiles", include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
Ratio = Annotated[int, Field(ge=1, le=2)]
SIDE_PX = 256
_FINER = 2
"""Pixels are drawn this many times finer and averaged, so that edges are smooth."""
_INSIDE, _OUTLINE = 90, 255
"""How opaque an area and its outline are, of 255."""
_HALF_LINE_PX, _POINT_PX = 0.75, 3.5


@router.get("/{layer_id}/{z}/{x}/{y}.png")
def picture(desk: InDesk, _: Who, layer_id: str, z: Place, x: Place, y: Place, scale: Ratio = 1) -> Response:
    """Return one tile as a picture with a transparent ground; scale 2 has 512 pixels a side."""
    require_tile(z, x, y)
    frame_of(desk.workspace, layer_id)
    return Response(picture_of(layer_id, clipped_to_tile(desk, layer_id, z, x, y), (z, x, y), SIDE_PX * scale), media_type="image/png", headers=KEPT)


def picture_of(layer_id: str, found: Clipped, place: tuple[int, int, int], side_px: int) -> bytes:
    """Return the PNG of zones clipped to a tile.

    Parameters
    ----------
    found : the zones and their outlines, degrees.
    place : level, column and row of the tile.
    side_px : pixels a side.
    """
    fine = side_px * _FINER
    drawn = _in_pixels(found.outlines, place, fine)
    colours = [read_palette().zone_colour(layer_id, str(kind)) for kind in found.zones["zone_class"]]
    area = shapely.get_dimensions(drawn) == 2
    thick = np.where(shapely.get_dimensions(drawn) == 0, _POINT_PX, _HALF_LINE_PX) * _FINER
    edges = shapely.buffer(np.where(area, shapely.boundary(drawn), drawn), thick, quad_segs=2)
    plain = np.zeros((fine, fine, 4), np.uint8)
    for shapes, opaque in ((drawn[area], _INSIDE), (edges, _OUTLINE)):
        _paint(plain, shapes, [c for c, a in zip(colours, area, strict=True) if a] if opaque == _INSIDE else colours, opaque)
    out = io.BytesIO()
    Image.fromarray(plain).reduce(_FINER).save(out, "PNG", optimize=False)
    return out.getvalue()


def _in_pixels(outlines: Any, place: tuple[int, int, int], side_px: int) -> Any:
    """Return outlines in the pixels of a tile: x to the right, y downwards, Web Mercator."""
    west, south, east, north = tile_bounds(*place)
    top, bottom = (math.asinh(math.tan(math.radians(lat))) for lat in (north, south))

    def put(xy: Any) -> Any:
        rows = (top - np.arcsinh(np.tan(np.radians(xy[:, 1])))) / (top - bottom)
        return np.column_stack([(xy[:, 0] - west) / (east - west), rows]) * side_px

    return shapely.transform(outlines, put)


def _paint(plain: Any, shapes: Any, colours: list[str], opaque: int) -> None:
    """Paint shapes over a picture (rows, columns, RGBA), later ones over earlier ones."""
    kinds = sorted(set(colours))
    burnt = [(shape, kinds.index(colour) + 1) for shape, colour in zip(shapes, colours, strict=True) if not shape.is_empty]
    if not burnt:
        return
    found = rasterize(burnt, out_shape=plain.shape[:2], fill=0, dtype="int32")
    table = np.array([(0, 0, 0, 0), *((*ImageColor.getrgb(colour)[:3], opaque) for colour in kinds)], np.uint8)
    plain[found > 0] = table[found[found > 0]]
