"""Layers as picture tiles (PNG) on the grid of the vector tiles, for programs that draw no MVT: they are looked at, never judged."""

import math
from typing import Annotated

import numpy as np
import shapely
from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import Field

from cdgis.core.array_types import FloatArray, GeometryArray
from cdgis.report.drawing.palette import read_palette
from cdgis.report.drawing.zone_picture import zone_picture
from cdgis.web.case_states import Actor
from cdgis.web.map_layers import frame_of
from cdgis.web.running_desk import Desk, actor_of, desk_of
from cdgis.web.vector_tiles import KEPT, Place, clipped_to_tile, require_tile, tile_bounds

router = APIRouter(prefix="/ogc/tiles", include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
Ratio = Annotated[int, Field(ge=1, le=2)]
SIDE_PX = 256


@router.get("/{layer_id}/{z}/{x}/{y}.png")
def picture(desk: InDesk, _: Who, layer_id: str, z: Place, x: Place, y: Place, scale: Ratio = 1) -> Response:
    """Return one tile as a picture with a transparent ground; scale 2 has 512 pixels a side."""
    require_tile(z, x, y)
    frame_of(desk.workspace, layer_id)
    found, palette = clipped_to_tile(desk, layer_id, z, x, y), read_palette()
    colours = [palette.zone_colour(layer_id, str(kind)) for kind in found.zones["zone_class"]]
    drawn = zone_picture(_in_tile(found.outlines, (z, x, y)), colours, SIDE_PX * scale)
    return Response(drawn, media_type="image/png", headers=KEPT)


def _in_tile(outlines: GeometryArray, place: tuple[int, int, int]) -> GeometryArray:
    """Return outlines in shares of a tile's side: x to the right, y downwards, Web Mercator."""
    west, south, east, north = tile_bounds(*place)
    top, bottom = (math.asinh(math.tan(math.radians(lat))) for lat in (north, south))

    def put(xy: FloatArray) -> FloatArray:
        """Return the shares of degrees."""
        down = (top - np.arcsinh(np.tan(np.radians(xy[:, 1])))) / (top - bottom)
        return np.column_stack([(xy[:, 0] - west) / (east - west), down])

    return np.asarray(shapely.transform(outlines, put), dtype=object)
