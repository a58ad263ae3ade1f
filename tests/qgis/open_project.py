"""Open a project in QGIS itself and say what is found, as JSON: run by the system's Python, which has PyQGIS."""

import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize


def picture(project, layers, extent):
    """Return the layers drawn as an image."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(project.crs())
    settings.setTransformContext(project.transformContext())
    settings.setOutputSize(QSize(900, 700))
    turn = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4490"), project.crs(), project)
    settings.setExtent(turn.transformBoundingBox(extent))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def different(one, other):
    """Return how many pixels differ."""
    return sum(one.pixel(x, y) != other.pixel(x, y) for x in range(one.width()) for y in range(one.height()))


def label_pixels(project, layer):
    """Return how many pixels of the labels change when each character becomes another: boxes for missing glyphs do not."""
    drawn = []
    for expression in ("'承德县'", "'滦平市'", "''"):
        labels = layer.labeling().clone()
        settings = labels.settings()
        settings.fieldName, settings.isExpression = expression, True
        labels.setSettings(settings)
        layer.setLabeling(labels)
        drawn.append(picture(project, [layer], layer.extent()))
    return [different(drawn[0], drawn[1]), different(drawn[0], drawn[2])]


def report(folder, out):
    """Return what QGIS makes of the project and of the GeoPackage's own styles."""
    project = QgsProject.instance()
    opened = project.read(str(folder / "cdgis.qgz"))
    layers = {layer.name(): layer for layer in project.mapLayers().values()}
    root = project.layerTreeRoot()
    shown = [layer for layer in root.layerOrder() if layer.isSpatial() and root.findLayer(layer.id()).isVisible()]
    corners = [layer.extent() for layer in layers.values() if layer.name() == "市域"][0]
    picture(project, shown, QgsRectangle(corners).buffered(0.05)).save(str(out))
    alone = QgsVectorLayer(f"{folder}/cdgis.gpkg|layername=环境管控单元", "alone", "ogr")
    return {
        "opened": opened, "title": project.title(), "crs": project.crs().authid(),
        "invalid": [name for name, layer in layers.items() if not layer.isValid()],
        "groups": [group.name() for group in root.children()], "shown": [layer.name() for layer in shown],
        "rows": {name: layer.featureCount() for name, layer in layers.items()},
        "extents": {name: [e.xMinimum(), e.yMinimum(), e.xMaximum(), e.yMaximum()] for name, layer in layers.items()
                    if layer.isSpatial() for e in [layer.extent()]},
        "aliases": {name: [field.alias() for field in layer.fields() if field.name() != "fid"] for name, layer in layers.items()},
        "verdicts": [[c.value(), c.symbol().color().name()] for c in layers["研判对象（面）"].renderer().categories()],
        "alone": [[c.value(), c.symbol().color().name()] for c in alone.renderer().categories()],
        "alone_aliases": [field.alias() for field in alone.fields() if field.name() != "fid"],
        "labels": label_pixels(project, layers["县级行政区"]),
    }  # fmt: skip


application = QgsApplication([], False)
application.initQgis()
sys.stdout.write(json.dumps(report(Path(sys.argv[1]), Path(sys.argv[2])), ensure_ascii=False))
sys.stdout.flush()
os._exit(0)  # QGIS's own teardown crashes without a display now and then
