"""QGIS project beside the GeoPackage: the page's groups, colours and first view, in a file that opens by double click.

The project names its data by a relative path and knows no clock, user or machine. It is shown in the 3-degree zone of
CGCS2000 nearest to the middle of the place, so that shapes look as on a survey sheet.
"""

import io
from collections.abc import Sequence
from xml.etree.ElementTree import Element, indent, tostring

import geopandas as gpd
import numpy as np

from cdgis.core.fixed_zip import write_members
from cdgis.core.safe_text import legal_text
from cdgis.geometry.gauss_kruger import GEOGRAPHIC_EPSG, ZONES
from cdgis.geometry.projections import forward
from cdgis.report.drawing.layer_order import THEMES
from cdgis.report.files.geopackage_file import add_metadata
from cdgis.report.files.gis_layers import SUBJECTS, TABLE_GROUP, GisLayer
from cdgis.report.files.qgis_style import QGIS_VERSION, add_aliases, add_style, child

_GROUPS = (SUBJECTS, *reversed(THEMES), TABLE_GROUP)
_MARGIN = 0.03
_GEOMETRY = {"marker": "Point", "line": "Line", "fill": "Polygon"}

Extent = tuple[float, float, float, float]
"""West, south, east, north."""


def project_file(layers: Sequence[GisLayer], *, source: str, title: str, about: str) -> bytes:
    """Return a .qgz that shows `layers`, which stand in the GeoPackage `source` beside it.

    Parameters
    ----------
    layers : what is drawn on top first.
    """
    root = Element("qgis", {"version": QGIS_VERSION, "projectname": legal_text(title)})
    child(root, "homePath", path="")
    child(root, "title", title)
    extent = _whole_extent(layers)
    code = _sheet_zone(extent)
    _add_crs(child(root, "projectCrs"), code)
    # QGIS takes no id of ten characters or fewer
    ids = {layer.name: f"cdgis_layer_{number:03d}" for number, layer in enumerate(layers, start=1)}
    _add_tree(root, layers, ids, source)
    canvas = child(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    child(canvas, "units", "meters" if code != GEOGRAPHIC_EPSG else "degrees")
    _add_extent(child(canvas, "extent"), _on_sheet(extent, code))
    _add_crs(child(canvas, "destinationsrs"), code)
    listed = child(root, "projectlayers")
    for layer in layers:
        _add_layer(listed, layer, ids[layer.name], source)
    order = child(root, "layerorder")
    for name in ids.values():
        child(order, "layer", id=name)
    view = child(child(root, "ProjectViewSettings"), "DefaultViewExtent")
    for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), _on_sheet(extent, code), strict=True):
        view.set(tag, f"{value:.6f}")
    _add_crs(view, code)
    _add_properties(root, title, about)
    indent(root, " ")
    return _archive("cdgis.qgs", "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + tostring(root, encoding="unicode") + "\n")


def _add_crs(parent: Element, code: int) -> None:
    """Put a coordinate system below `parent`; QGIS reads the code only where some number of its own stands beside it."""
    system = child(parent, "spatialrefsys")
    child(system, "srsid", "1")
    child(system, "authid", f"EPSG:{code}")


def _whole_extent(layers: Sequence[GisLayer]) -> Extent:
    """Return the extent of the place, else of the subjects, a little wider; China's where there is neither."""
    places = [layer for layer in layers if layer.is_place] or [layer for layer in layers if layer.group == SUBJECTS]
    boxes = np.array([layer.frame.total_bounds for layer in places if isinstance(layer.frame, gpd.GeoDataFrame)])
    if not len(boxes) or not np.isfinite(boxes).any():
        return 73.0, 18.0, 135.0, 54.0
    west, south = np.nanmin(boxes[:, :2], axis=0).tolist()
    east, north = np.nanmax(boxes[:, 2:], axis=0).tolist()
    aside = max(east - west, north - south, 0.01) * _MARGIN
    return west - aside, south - aside, east + aside, north + aside


def _sheet_zone(extent: Extent) -> int:
    """Return the 3-degree zone without prefix whose meridian is nearest to the extent's middle, else longitude and latitude."""
    middle = (extent[0] + extent[2]) / 2
    near = [zone for zone in ZONES.values() if zone.width_deg == 3 and not zone.with_prefix and abs(zone.meridian_deg - middle) <= 1.5]
    return near[0].epsg if near and extent[2] - extent[0] < 9 else GEOGRAPHIC_EPSG


def _on_sheet(extent: Extent, code: int) -> Extent:
    if code == GEOGRAPHIC_EPSG:
        return extent
    lon, lat = np.meshgrid(np.linspace(extent[0], extent[2], 9), np.linspace(extent[1], extent[3], 9))
    x, y = forward(lon.ravel(), lat.ravel(), f"EPSG:{code}")
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _add_extent(parent: Element, extent: Extent) -> None:
    for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True):
        child(parent, tag, f"{value:.6f}")


def _add_tree(root: Element, layers: Sequence[GisLayer], ids: dict[str, str], source: str) -> None:
    tree = child(root, "layer-tree-group")
    for group in _GROUPS:
        inside = [layer for layer in layers if layer.group == group]
        if not inside:
            continue
        shown = any(layer.shown for layer in inside)
        branch = child(tree, "layer-tree-group", name=group, checked="Qt::Checked", expanded=str(int(shown)))
        for layer in inside:
            child(branch, "layer-tree-layer", name=layer.title, id=ids[layer.name], providerKey="ogr", expanded="0",
                  checked="Qt::Checked" if layer.shown else "Qt::Unchecked", source=f"{source}|layername={layer.name}")  # fmt: skip


def _add_layer(parent: Element, layer: GisLayer, name: str, source: str) -> None:
    kind = _GEOMETRY[layer.look.symbols[0][2].kind] if layer.look else "No geometry"
    node = child(parent, "maplayer", type="vector", geometry=kind, styleCategories="AllStyleCategories", readOnly="1",
                 labelsEnabled=str(int(bool(layer.look and layer.look.label))))  # fmt: skip
    if isinstance(layer.frame, gpd.GeoDataFrame):
        _add_extent(child(node, "extent"), tuple(map(float, layer.frame.total_bounds)))  # type: ignore[arg-type]
    child(node, "id", name)
    child(node, "datasource", f"./{source}|layername={layer.name}")
    child(node, "layername", layer.title)
    if layer.look:
        _add_crs(child(node, "srs"), GEOGRAPHIC_EPSG)
    child(node, "provider", "ogr", encoding="UTF-8")
    add_metadata(child(node, "resourceMetadata"), layer)
    if layer.look:
        add_style(node, layer.look, layer.aliases)
    else:
        add_aliases(node, layer.aliases)
    child(node, "previewExpression", '"name"' if "name" in layer.aliases else '"zone_name"' if "zone_name" in layer.aliases else "")


def _add_properties(root: Element, title: str, about: str) -> None:
    properties = child(root, "properties")
    child(child(properties, "SpatialRefSys"), "ProjectionsEnabled", "1", type="int")
    child(child(properties, "Paths"), "Absolute", "false", type="bool")
    child(child(properties, "Measurement"), "AreaUnits", "m2", type="QString")
    child(child(properties, "Measure"), "Ellipsoid", "EPSG:1024", type="QString")
    metadata = child(root, "projectMetadata")
    for tag, text in (("language", "zh-CN"), ("type", "dataset"), ("title", title), ("abstract", about)):
        child(metadata, tag, text)


def _archive(name: str, text: str) -> bytes:
    stream = io.BytesIO()
    write_members(stream, [(name, text.encode("utf-8"))])
    return stream.getvalue()
