"""The empty map of a place, that the page's own script draws on: folium's element and script."""

from importlib.metadata import version
from typing import NamedTuple

from pydantic import TypeAdapter

from cdgis.core.beside import Other
from cdgis.readers.kept_answers import KeptAnswers
from cdgis.report.map.budget import shown_outlines
from cdgis.report.map.layer_styles import Bounds, map_bounds
from cdgis.workspace.layers import Layers, Subjects


class BaseMap(NamedTuple):
    """A map of nothing yet."""

    bounds: Bounds
    """What it shows: west, south, east, north in degrees."""
    name: str
    """folium's variable that holds it."""
    html: str
    """The map's element."""
    script: str
    """folium's script: makes the map."""


def bounds_shown(layers: Layers, subjects: Subjects) -> Bounds:
    """Return what a map of layers and subjects shows: west, south, east, north in degrees."""
    west, south, east, north = map(float, subjects.frame.total_bounds)
    return map_bounds({key: layers[key] for key in shown_outlines(layers)}, (west, south, east, north))


def begin_base(other: Other, layers: Layers, subjects: Subjects) -> None:
    """Let `other` make the empty map of these layers and subjects: the library is loaded there alone."""
    other.begin_once(base_map, layers, bounds_shown(layers, subjects), KeptAnswers.of(layers))


def base_map(layers: Layers, bounds: Bounds, kept: KeptAnswers | None = None) -> BaseMap:
    """Return the empty map of `bounds`; the layers, which tell the bounds, are only where it may be kept."""

    def made() -> BaseMap:
        """Have folium make it."""
        from cdgis.report.map.offline_map import offline_map, rendered  # with the library, a seventh of a second's work

        # an animation under way would swallow the view the address asks for
        canvas = offline_map(bounds, zoomAnimation=False)
        canvas.fit_bounds([[bounds[1], bounds[0]], [bounds[3], bounds[2]]])
        html, script = rendered(canvas)
        return BaseMap(bounds, canvas.get_name(), html, script)

    if kept is None:
        return made()
    versions = [version(name) for name in ("folium", "branca", "jinja2")]
    return kept.answer("map", TypeAdapter(BaseMap), made, code=("report/map",), more=(repr(bounds), *versions))
