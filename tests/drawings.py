"""Builders of DXF drawings, file geodatabases and archives of folders for tests."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import ezdxf
import geopandas as gpd
import numpy as np
from ezdxf.layouts import BaseLayout
from shapely.geometry.base import BaseGeometry
from shapes import in_crs, zip_files

INSUNITS = {"mm": 4, "cm": 5, "m": 6, "": 0}
PER_METRE = {"mm": 1000.0, "cm": 100.0, "m": 1.0, "": 1.0}


def write_dxf(
    path: Path,
    layers: Mapping[str, Sequence[BaseGeometry]],
    *,
    unit: str = "m",
    stated: str | None = None,
    epsg: int = 4548,
    swapped: bool = False,
    draw: str = "line",
    in_block: bool = False,
    version: str = "R2018",
) -> Path:
    """Write lon/lat polygons as closed curves, one DXF layer each.

    Parameters
    ----------
    unit : of the numbers; `stated` is what the header says instead, "" for no unit.
    draw : line, polyline (old style), hatch, or both (line and hatch).
    """
    document = ezdxf.new(version)
    document.encoding = "gbk"
    document.header["$INSUNITS"] = INSUNITS[unit if stated is None else stated]
    space: BaseLayout = document.modelspace()
    if in_block:
        # the block is drawn from its own origin, on layer 0, and inserted where it belongs
        space = document.blocks.new("块", base_point=(0, 0))
    for layer, geometries in layers.items():
        if layer not in document.layers:
            document.layers.add(layer)
        for geometry in geometries:
            moved = geometry if epsg == 4490 else in_crs(geometry, epsg)
            rings = [np.array(ring.coords)[:-1, :2] * PER_METRE[unit] for ring in (moved.exterior, *moved.interiors)]
            shift = rings[0][0] if in_block else np.zeros(2)
            turned = [(ring - shift)[:, ::-1] if swapped else ring - shift for ring in rings]
            _draw(space, turned, "0" if in_block else layer, draw)
            if in_block:
                document.modelspace().add_blockref("块", shift, dxfattribs={"layer": layer})
    document.saveas(path)
    return path


def _draw(space: BaseLayout, rings: Sequence[np.ndarray], layer: str, draw: str) -> None:
    attributes = {"layer": layer}
    if draw in ("line", "both"):
        for ring in rings:
            space.add_lwpolyline(ring.tolist(), close=True, dxfattribs=attributes)
    if draw == "polyline":
        for ring in rings:
            space.add_polyline2d(ring.tolist(), close=True, dxfattribs=attributes)
    if draw in ("hatch", "both"):
        hatch = space.add_hatch(dxfattribs=attributes)
        for ring in rings:
            hatch.paths.add_polyline_path(ring.tolist(), is_closed=True)


def write_gdb(
    path: Path,
    classes: Mapping[str, Sequence[BaseGeometry]],
    fields: Mapping[str, Sequence[object]] | None = None,
    *,
    epsg: int = 4527,
) -> Path:
    """Write lon/lat geometries as feature classes of a file geodatabase."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for name, geometries in classes.items():
        columns = dict(fields or {"name": [name] * len(geometries)})
        frame = gpd.GeoDataFrame(columns, geometry=[in_crs(g, epsg) for g in geometries], crs=epsg)
        frame.to_file(path, layer=name, driver="OpenFileGDB", engine="pyogrio")
    return path


def zip_folder(archive: Path, folder: Path, *, inside: str = "") -> Path:
    """Zip the files of a folder under the name `inside`."""
    return zip_files(archive, {inside + part.name: part for part in sorted(folder.iterdir())})
