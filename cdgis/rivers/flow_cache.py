"""Flow of a workspace's elevation grid, kept beside it or derived anew.

Deriving costs a second on a small grid and minutes on a fine one, so `cdgis layers prepare` keeps the answer in a
file beside the grid. The file bears the fingerprint of the heights, the cell edges and the method it was derived
with; where any of them differs it is passed over and the flow derived anew. Both ways give the same bits, which
`cdgis layers check` proves by deriving again.
"""

import hashlib
import zipfile
from pathlib import Path

import numpy as np

from cdgis.rivers.flow import FlowGrid, flow_from_elevation
from cdgis.rivers.lines import Elevation

METHOD = "2"
"""To be raised with every change of rivers.flow that changes a direction or an area."""
_SUFFIX = ".flow.npz"
_ARRAYS = ("receiver", "filled_m", "upstream_km2")


def flow_of(elevation: Elevation, path: Path) -> FlowGrid:
    """Return the flow on the heights read from `path`, without deriving it where it is kept beside that file.

    Raises
    ------
    NetworkError : no cell has an elevation.
    """
    return kept_flow(elevation, path) or derived_flow(elevation)


def derived_flow(elevation: Elevation) -> FlowGrid:
    """Return the flow on these heights, derived anew."""
    return flow_from_elevation(
        elevation.values_m, lon_edges_deg=elevation.lon_edges_deg, lat_edges_deg=elevation.lat_edges_deg
    )


def kept_flow(elevation: Elevation, path: Path) -> FlowGrid | None:
    """Return the flow kept beside `path`, None where there is none or it was derived from other heights."""
    try:
        with flow_file(path).open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            if str(held["fingerprint"]) != _fingerprint(elevation):
                return None
            steps, filled_m, upstream_km2 = (held[name] for name in ("steps", "filled_m", "upstream_km2"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if not steps.shape == filled_m.shape == upstream_km2.shape == elevation.values_m.shape:
        return None
    cells = np.arange(steps.size, dtype=np.int32)
    receiver = np.where(np.isnan(filled_m).ravel(), np.int32(-1), cells + steps.ravel())
    return FlowGrid(
        lon_edges_deg=elevation.lon_edges_deg, lat_edges_deg=elevation.lat_edges_deg, receiver=receiver,
        filled_m=filled_m, upstream_km2=upstream_km2,
    )  # fmt: skip


def keep_flow(elevation: Elevation, path: Path) -> Path:
    """Derive the flow on the heights read from `path`, keep it beside that file, and return where.

    Raises
    ------
    NetworkError : no cell has an elevation.
    OSError : the folder cannot be written to.
    """
    flow = derived_flow(elevation)
    # The way to the receiver has nine values, its index has one a cell: the file is a third of the size.
    steps = np.where(flow.receiver < 0, 0, flow.receiver - np.arange(flow.receiver.size)).astype(np.int32)
    np.savez_compressed(
        flow_file(path), fingerprint=np.array(_fingerprint(elevation)), steps=steps.reshape(flow.shape),
        filled_m=flow.filled_m, upstream_km2=flow.upstream_km2,
    )  # fmt: skip
    return flow_file(path)


def flow_file(path: Path) -> Path:
    """Return where the flow of an elevation file is kept."""
    return path.with_name(path.stem + _SUFFIX)


def same_flow(one: FlowGrid, two: FlowGrid) -> bool:
    """Return whether two grids drain alike, bit by bit."""
    return all(np.array_equal(getattr(one, name), getattr(two, name), equal_nan=name != "receiver") for name in _ARRAYS)


def _fingerprint(elevation: Elevation) -> str:
    digest = hashlib.sha256(f"cdgis flow {METHOD}; shape {elevation.values_m.shape}".encode())
    for array in (elevation.values_m, elevation.lon_edges_deg, elevation.lat_edges_deg):
        digest.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()
