"""Layers as vector tiles (MVT) on the Web Mercator grid, by the plain template {z}/{x}/{y} and TileJSON: they draw, they never judge."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import geopandas
import numpy as np
import shapely
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from cdgis.core.errors import DeskError
from cdgis.report.drawing.palette import read_palette
from cdgis.web.case_states import Actor
from cdgis.web.map_layers import frame_of, thinned_layer
from cdgis.web.running_desk import Desk, actor_of, desk_of

router = APIRouter(prefix="/ogc/tiles", include_in_schema=False)
InDesk = Annotated[Desk, Depends(desk_of)]
Who = Annotated[Actor, Depends(actor_of)]
Place = Annotated[int, Field(ge=0, lt=1 << 22)]
MOST_ZOOM = 18
_MARGIN = 0.05
"""Of a tile's side, drawn beyond it, so that outlines meet at the edges."""
_MOST_BYTES = 16 << 20
"""GDAL thins a tile beyond its limit without a word: this one is never reached by a screen's worth of outlines."""
KEPT = {"cache-control": "private, max-age=60"}
_MVT = "application/vnd.mapbox-vector-tile"


@router.get("/{layer_id}.json")
def described(request: Request, desk: InDesk, _: Who, layer_id: str) -> JSONResponse:
    """Return the TileJSON of a layer."""
    zones = frame_of(desk.workspace, layer_id)
    spec = desk.workspace.workspace.catalog[layer_id]
    demo = "" if spec.official else "示范数据，不作审批依据。"
    tiles = f"{str(request.base_url).rstrip('/')}/ogc/tiles/{layer_id}/{{z}}/{{x}}/{{y}}"
    bounds = [float(edge) for edge in zones.total_bounds] if len(zones) else [-180.0, -85.0, 180.0, 85.0]
    return JSONResponse({
        "tilejson": "3.0.0", "name": spec.title, "version": "1.0.0", "description": f"{demo}已概化，只供看图。版本 {spec.version}", "scheme": "xyz",
        "attribution": spec.source, "tiles": [f"{tiles}.pbf"], "pictures": [f"{tiles}.png"],
        "minzoom": 0, "maxzoom": MOST_ZOOM, "bounds": bounds,
        "vector_layers": [{"id": layer_id, "fields": {"id": "编码", "name": "名称", "class": "类别", "colour": "颜色"}}],
    })  # fmt: skip


@router.get("/{layer_id}/{z}/{x}/{y}.pbf")
def tile(desk: InDesk, _: Who, layer_id: str, z: Place, x: Place, y: Place) -> Response:
    """Return one tile, 204 where nothing lies in it."""
    require_tile(z, x, y)
    frame_of(desk.workspace, layer_id)
    found = tile_of(desk, layer_id, z, x, y)
    return Response(found, media_type=_MVT, headers=KEPT) if found else Response(status_code=204, headers=KEPT)


def require_tile(z: int, x: int, y: int) -> None:
    """Refuse a place that is not on the grid.

    Raises
    ------
    DeskError : there is no such tile (404).
    """
    if z > MOST_ZOOM or max(x, y) >= 2**z:
        raise DeskError(f"没有瓦片 {z}/{x}/{y}", remedy=f"级别 0–{MOST_ZOOM}，行列号小于 2 的级别次方", status=404)


def tile_bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a Web Mercator tile, degrees; y counts from the north."""
    side = 360.0 / 2**z
    south, north = (math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * edge / 2**z)))) for edge in (y + 1, y))
    return x * side - 180, south, (x + 1) * side - 180, north


@dataclass(frozen=True)
class Clipped:
    """Zones of a layer within a tile, and their outlines clipped to it (n,), degrees."""

    zones: Any
    outlines: Any


def tile_of(desk: Desk, layer_id: str, z: int, x: int, y: int) -> bytes:
    """Return a tile of a layer as GDAL encodes it, b"" where nothing lies in it."""
    found = clipped_to_tile(desk, layer_id, z, x, y)
    return _encoded(layer_id, found, (z, x, y)) if len(found.zones) else b""


def clipped_to_tile(desk: Desk, layer_id: str, z: int, x: int, y: int) -> Clipped:
    """Return what lies in a tile and a little beyond, thinned to its scale."""
    west, south, east, north = tile_bounds(z, x, y)
    margin = (east - west) * _MARGIN, (north - south) * _MARGIN
    box = (west - margin[0], south - margin[1], east + margin[0], north + margin[1])
    zones, drawn, tree = thinned_layer(desk.workspace, layer_id, math.floor(math.log2((east - west) / 512)))
    index = np.sort(tree.query(shapely.box(*box), predicate="intersects"))
    clipped = shapely.clip_by_rect(drawn[index], *box)
    shown = ~shapely.is_empty(clipped)
    return Clipped(zones.iloc[index[shown]], clipped[shown])


def _encoded(layer_id: str, found: Clipped, place: tuple[int, int, int]) -> bytes:
    (z, x, y), zones = place, found.zones
    palette = read_palette()
    columns = {
        "id": zones["zone_id"].astype(str).to_numpy(), "name": zones["zone_name"].astype(str).to_numpy(),
        "class": zones["zone_class"].astype(str).to_numpy(), "colour": [palette.zone_colour(layer_id, str(kind)) for kind in zones["zone_class"]],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="cdgis-tile-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "t"
        geopandas.GeoDataFrame(columns, geometry=found.outlines, crs=4490).to_file(
            target, driver="MVT", engine="pyogrio", layer=layer_id, MINZOOM=z, MAXZOOM=z, FORMAT="DIRECTORY", COMPRESS="NO",
            MAX_SIZE=_MOST_BYTES, MAX_FEATURES=1_000_000, BUFFER=round(4096 * _MARGIN),
        )  # fmt: skip
        made = target / str(z) / str(x) / f"{y}.pbf"
        return made.read_bytes() if made.is_file() else b""
