"""folium maps that open offline: Leaflet inlined, ids that never change, nothing run that the page did not bring."""

from typing import Any, cast

import folium
from branca.element import Element, Figure
from markupsafe import escape

from cdgis.report.files.inline_assets import content_policy
from cdgis.report.map.layer_styles import Bounds


def offline_map(bounds: Bounds, **options: Any) -> folium.Map:
    """Return an empty map of west, south, east, north in degrees that links nothing outside itself.

    Parameters
    ----------
    options : for folium and Leaflet, beside or instead of ours.
    """
    west, south, east, north = bounds
    settings = {"prefer_canvas": True, "attributionControl": False, "zoomSnap": 0.25, "minZoom": 6, "maxZoom": 18} | options
    canvas = folium.Map(location=[(south + north) / 2, (west + east) / 2], tiles=None, **settings)
    canvas.default_js, canvas.default_css = [], []
    return canvas


def rendered(canvas: folium.Map) -> tuple[str, str]:
    """Return the map's element and the script that makes it, for a page that brings Leaflet itself."""
    number_elements(canvas)
    figure = cast(Figure, canvas.get_root())
    figure.render()
    return figure.html.render().strip(), figure.script.render().strip() + "\n"


class OfflineFigure(Figure):
    """A page that brings its scripts along and lets nothing else run."""

    def render(self, **kwargs: Any) -> str:
        """Return the page with the policy that names its scripts."""
        for child in self._children.values():
            child.render(**kwargs)
        head, body, script = (part.render(**kwargs) for part in (self.header, self.html, self.script))
        head = head.replace("\r\n", "\n")
        scripts = [text.split("</script>")[0] for text in head.split("<script>")[1:]] + [f"\n{script}\n"]
        return (
            '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(content_policy(scripts))}">\n'
            f"<title>{escape(self.title)}</title>\n{head}\n</head>\n<body>\n{body}\n"
            f"<script>\n{script}\n</script>\n</body>\n</html>\n"
        )


class Verbatim(Element):
    """Markup that stands as it is: what folium takes for a template would be filled in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **kwargs: Any) -> str:
        """Return the markup."""
        return self._text


def inert(markup: str) -> str:
    """Return escaped markup in which no template can begin."""
    return markup.replace("{", "&#123;")


def number_elements(root: Element) -> None:
    """Replace folium's random ids by a running number, in drawing order."""
    waiting, number = [root], 0
    while waiting:
        element = waiting.pop(0)
        number += 1
        element._id = str(number)
        waiting.extend(element._children.values())
