"""Formats that are not read, and the menu item of the program at hand that exports one that is."""

_QGIS = "QGIS：图层右键 → 导出 → 要素另存为 → GeoPackage"
_ARCGIS = "ArcGIS Pro：图层右键 → 数据 → 导出要素；ArcMap：图层右键 → 数据 → 导出数据"
_CAD = "CAD：文件 → 另存为 → 文件类型选 DXF（2000 或更高版本）"
_WPS = "WPS 或 Excel：文件 → 另存为 → 类型选 Excel 工作簿（.xlsx）"
_PICTURE = "图片和文档里没有坐标，请向编制单位要界址点坐标（TXT、XLSX）或矢量文件（SHP、GeoPackage、DXF）"

EXPORTS = {
    ".dwg": _CAD, ".dgn": _CAD, ".dws": _CAD, ".dwt": _CAD,
    ".mdb": _ARCGIS, ".accdb": _ARCGIS, ".mxd": _ARCGIS, ".aprx": _ARCGIS, ".lyr": _ARCGIS, ".lyrx": _ARCGIS, ".lpk": _ARCGIS,
    ".lpkx": _ARCGIS, ".mpk": _ARCGIS, ".mpkx": _ARCGIS, ".e00": _ARCGIS, ".sde": _ARCGIS, ".gdbtable": _ARCGIS,
    ".qgs": _QGIS, ".qgz": _QGIS, ".qlr": _QGIS, ".sqlite": _QGIS, ".db": _QGIS, ".osm": _QGIS, ".pbf": _QGIS,
    ".wp": "MapGIS：文件转换 → 输出 → 输出 SHAPE 文件", ".wl": "MapGIS：文件转换 → 输出 → 输出 SHAPE 文件",
    ".wt": "MapGIS：文件转换 → 输出 → 输出 SHAPE 文件", ".hdf": "MapGIS：导出 → Shape 文件",
    ".et": _WPS, ".ett": _WPS, ".ods": _WPS, ".xlsb": _WPS, ".numbers": _WPS, ".wps": _PICTURE, ".doc": _PICTURE, ".docx": _PICTURE,
    ".pdf": _PICTURE, ".jpg": _PICTURE, ".jpeg": _PICTURE, ".png": _PICTURE, ".tif": _PICTURE, ".tiff": _PICTURE,
    ".rar": "请解压后重新压缩为 .zip，或直接提交里面的文件", ".7z": "请解压后重新压缩为 .zip，或直接提交里面的文件",
    ".gz": "请解压后重新压缩为 .zip，或直接提交里面的文件", ".tar": "请解压后重新压缩为 .zip，或直接提交里面的文件",
    ".ovobj": "奥维互动地图：对象导出 → 格式选 .ovkml 或 .kml", ".ovjsn": "奥维互动地图：对象导出 → 格式选 .ovkml 或 .kml",
    ".plt": "请用记录轨迹的程序导出 GPX 或 KML", ".fit": "请用记录轨迹的程序导出 GPX 或 KML",
}  # fmt: skip
"""File suffix -> what to do with such a file."""


def export_hint(suffix: str) -> str:
    """Return which menu item exports a readable format from what writes `suffix`."""
    return EXPORTS.get(suffix, f"请导出为支持的格式（{_QGIS}；{_CAD}）")
