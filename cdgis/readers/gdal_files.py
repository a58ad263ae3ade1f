"""Sites of MapInfo, GML, FlatGeobuf and GPX files, through one allowed GDAL driver each, and of GeoParquet.

The files are copied into a folder of their own first: GDAL writes beside a GML, and nothing a file names can lie there.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyogrio

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.core.safe_text import visible
from cdgis.core.scratch_folder import scratch_folder
from cdgis.readers.geodatabase import PROBLEMS, layer_records
from cdgis.readers.records import SiteRecord, SiteSource
from cdgis.readers.text_encoding import sibling

GDAL_DRIVERS = {".tab": "MapInfo File", ".mif": "MapInfo File", ".gml": "GML", ".fgb": "FlatGeobuf", ".gpx": "GPX"}
"""File suffix -> the only GDAL driver allowed to open it."""
_PARTS = {".tab": (".dat", ".map", ".id", ".ind"), ".mif": (".mid",)}
"""Files that belong to one, beside it under the same name."""
_NEEDED = {".tab": (".dat", ".map", ".id")}
_FORBIDDEN = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_NATIVE = re.compile(rb"^\s*Type\s+NATIVE\b", re.IGNORECASE | re.MULTILINE)
_OPTIONS = {"GML_DOWNLOAD_SCHEMA": "NO", "GML_SKIP_RESOLVE_ELEMS": "ALL", "GML_READ_MODE": "STANDARD", "CPL_CURL_ENABLE_VSIMEM": "NO"}
_NUMBERS_BEGIN = re.compile(rb"\s*[-+]?\.?\d")
_NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBERS = re.compile(rb"\s*" + _NUMBER + rb"(?:\s+" + _NUMBER + rb")*\s*")
_TRACK_POINTS = ("route_points", "track_points")
"""GPX layers that repeat the points of the routes and tracks."""


def read_gdal_file(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per feature, all layers in name order.

    Raises
    ------
    ReaderError : a part is missing, the content is not what the suffix says, or it refers to other files.
    CrsError : a layer has no CRS and none is declared, or it is not a known one.
    """
    suffix = source.path.suffix.lower()
    with scratch_folder() as folder:
        path = _alone(source, suffix, folder)
        pyogrio.set_gdal_config_options(_OPTIONS)
        try:
            return tuple(_records(path, GDAL_DRIVERS[suffix], source))
        except PROBLEMS as err:
            raise ReaderError(f"读取失败（{in_words(err)}）", source=source.label, remedy="请用 GIS 软件重新导出后重试") from err


def _alone(source: SiteSource, suffix: str, folder: Path) -> Path:
    """Return a copy of the file and its parts in `folder`, checked."""
    head = source.path.read_bytes() if suffix in (".gml", ".gpx", ".tab") else b""
    if suffix in (".gml", ".gpx") and _FORBIDDEN.search(head.replace(b"\x00", b"")):
        raise ReaderError("含 DOCTYPE 或实体声明，已拒绝", source=source.label, remedy="请从 GIS 软件重新导出")
    if suffix == ".tab" and not _NATIVE.search(head):
        raise ReaderError(
            "这个 .tab 不是 MapInfo 自己的表（Type NATIVE），只指向别的文件，已拒绝", source=source.label,
            remedy="请在 MapInfo 中另存副本，或导出为 MIF",
        )  # fmt: skip
    if suffix == ".mif":
        _check_numbers(source)
    lacking = [part for part in _NEEDED.get(suffix, ()) if sibling(source.path, part) is None]
    if lacking:
        raise ReaderError(f"缺少同名的 {'、'.join(lacking)}", source=source.label, remedy="请把 .tab、.dat、.map、.id 一起提交")
    copy = folder / f"sites{suffix}"
    shutil.copyfile(source.path, copy)
    for part in _PARTS.get(suffix, ()):
        found = sibling(source.path, part)
        if found is not None:
            shutil.copyfile(found, copy.with_suffix(part))
    return copy


def _check_numbers(source: SiteSource) -> None:
    """Refuse a MIF in which a line of numbers holds anything else: GDAL reads each as far as it goes and says nothing."""
    for number, line in enumerate(source.path.read_bytes().splitlines(), start=1):
        if _NUMBERS_BEGIN.match(line) and not _NUMBERS.fullmatch(line):
            found = line.decode("utf-8", errors="replace").strip()[:60]
            raise ReaderError(
                f"第 {number} 行“{visible(found)}”不全是数", source=source.label, remedy="坐标应为 x y，小数点用英文句点；请改正，或重新导出"
            )


def _records(path: Path, driver: str, source: SiteSource) -> Iterator[SiteRecord]:
    names = sorted(str(name) for name, kind in pyogrio.list_layers(path) if kind is not None and name not in _TRACK_POINTS)
    for name in names:
        info = pyogrio.read_info(path, layer=name, force_feature_count=True)
        if info["driver"] != driver:
            raise ReaderError(f"内容是 {info['driver']} 而不是 {driver}，已拒绝", source=source.label)
        if info["features"]:
            yield from layer_records(path, name, source, f"{name}#" if len(names) > 1 else "", {})
