"""Relief picture of the map, small enough for a page."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdgis.raster.map_overlay import Overlay

RELIEF, TITLE = "relief", "地形晕渲"
MOST_BYTES = 150_000
"""Bytes of page a relief may cost, as base64."""


def relief_record(pictures: "Mapping[str, Overlay]") -> dict[str, Any] | None:
    """Return the relief as the page's script reads it; None where there is none, or one too large for a page.

    Returns
    -------
    picture : data URI, needs no network; bounds : [[south, west], [north, east]], degrees; title.
    """
    overlay = pictures.get(RELIEF)
    if overlay is None or len(overlay.data_uri) > MOST_BYTES:
        return None
    return {"picture": overlay.data_uri, "bounds": overlay.leaflet_bounds, "title": TITLE}


def relief_notes(pictures: "Mapping[str, Overlay]") -> tuple[str, ...]:
    """Return what the reader must know when the relief is left out for its size."""
    overlay = pictures.get(RELIEF)
    if overlay is None or len(overlay.data_uri) <= MOST_BYTES:
        return ()
    return (f"{TITLE}图有 {len(overlay.data_uri) / 1e3:.0f} kB，超过每页 {MOST_BYTES / 1e3:g} kB 的限额，未放入页面",)


def public_pictures(pictures: "Mapping[str, Overlay]", grid_deg: float) -> "dict[str, Overlay]":
    """Return the pictures that may pass to the public: a relief whose pixels are no finer than the public grid."""
    overlay = pictures.get(RELIEF)
    if overlay is None or overlay.pixel_deg < grid_deg:
        return {}
    return {RELIEF: overlay}
