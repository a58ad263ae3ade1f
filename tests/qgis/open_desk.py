"""Load collections and tiles of a running desk in QGIS and say what is found, as JSON: run by the system's Python, which has PyQGIS."""

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer, QgsVectorTileLayer

address, key, layer_id = sys.argv[1:]
app = QgsApplication([], False)
app.initQgis()


def loaded(name, srs):
    """Return what QGIS makes of a collection."""
    layer = QgsVectorLayer(f"url='{address}' typename='{name}' username='qgis' password='{key}' srsname='{srs}'", name, "OAPIF")
    box = layer.extent()
    rows = list(layer.getFeatures()) if layer.isValid() else []
    west = QgsFeatureRequest().setFilterRect(QgsRectangle(box.xMinimum(), box.yMinimum(), box.xMinimum() + box.width() / 4, box.yMaximum()))
    return {
        "valid": layer.isValid(), "crs": layer.crs().authid(), "rows": len(rows),
        "names": sorted(str(row["zone_name"]) for row in rows) if name == layer_id else [],
        "bounds": [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()],
        "west": len(list(layer.getFeatures(west))) if layer.isValid() else 0,
    }


tiles = QgsVectorTileLayer(f"type=xyz&url={address}/tiles/{layer_id}/{{z}}/{{x}}/{{y}}.pbf&zmin=0&zmax=18", "tiles")
told = {"zones": loaded(layer_id, "OGC:CRS84"), "cases": loaded("cases", "OGC:CRS84"), "tiles": tiles.isValid()}
sys.stdout.write(json.dumps(told) + "\n")
app.exitQgis()
