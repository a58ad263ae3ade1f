"""Features of a file geodatabase (.gdb folder), through GDAL's OpenFileGDB driver and no other.

The folder may hold nothing but a geodatabase's own files, so no other driver can find anything in it. Curves come
back as chords (GDAL's 4 degrees per step); tables without shapes and rasters are passed over.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyogrio
import pyogrio.errors
import shapely
from shapely.errors import ShapelyError

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.readers.coded_domains import geodatabase_domains, in_domain_words
from cdgis.readers.intake import noted
from cdgis.readers.records import SiteRecord, SiteSource, cell_text, crs_remedy
from cdgis.readers.reference import of_row, refer
from cdgis.readers.repair import settle
from cdgis.readers.ring_closure import closing_remarks, joined_ends

GDB_SUFFIX = ".gdb"
GDB_DRIVER = "OpenFileGDB"
GDB_CATALOG_TABLE = "a00000001.gdbtable"
"""The file every geodatabase has."""

_CATALOG_LAYER = "GDB_Items"
_OWN_FILES = re.compile(
    r"^(a[0-9a-f]{8}\..+|gdb|timestamps|.+\.lock|connections|desktop\.ini|thumbs\.db)$", re.IGNORECASE
)
PROBLEMS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError, ShapelyError, ValueError, OSError,
             TypeError, LookupError, ArithmeticError, NotImplementedError, NameError)  # fmt: skip


def check_geodatabase(folder: Path, *, label: str) -> None:
    """Check that `folder` is a file geodatabase and nothing else.

    Raises
    ------
    ReaderError : no folder, foreign files or links in it, or its catalogue table is missing.
    """
    if not folder.is_dir():
        raise ReaderError("FileGDB 是一个文件夹，这里却是文件", source=label, remedy="请提交整个 .gdb 文件夹或其 zip")
    foreign = sorted(
        part.name
        for part in folder.iterdir()
        if part.is_symlink() or not part.is_file() or not _OWN_FILES.match(part.name)
    )
    if foreign:
        raise ReaderError(
            f".gdb 文件夹里有不属于它的内容（{'、'.join(foreign[:5])}），已拒绝", source=label, remedy="请重新导出"
        )
    if not any(part.name.lower() == GDB_CATALOG_TABLE for part in folder.iterdir()):
        raise ReaderError(f"不是 FileGDB（缺少 {GDB_CATALOG_TABLE}）", source=label, remedy="请提交完整的 .gdb 文件夹")


def read_geodatabase(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per feature of all feature classes, in name order.

    Raises
    ------
    ReaderError : not a readable geodatabase, or no feature class in it.
    CrsError : a feature class has no CRS and none is declared, or it is not a known one.
    """
    check_geodatabase(source.path, label=source.label)
    try:
        layers = pyogrio.list_layers(source.path)
        names = sorted(str(name) for name, kind in layers if kind is not None)
        if not names:
            raise ReaderError(
                "FileGDB 里没有矢量要素类（只有表或栅格）", source=source.label, remedy="请导出含用地边界的要素类"
            )
        domains = geodatabase_domains(_definitions(source.path))
        records: list[SiteRecord] = []
        for name in names:
            if pyogrio.read_info(source.path, layer=name)["driver"] != GDB_DRIVER:
                raise ReaderError("内容不是 FileGDB，已拒绝", source=source.label)
            prefix = f"{name}#" if len(names) > 1 else ""
            records += layer_records(source.path, name, source, prefix, domains.get(name.lower(), {}))
    except PROBLEMS as err:
        raise ReaderError(f"读取失败（{in_words(err)}）", source=source.label, remedy="请用 GIS 软件重新导出后重试") from err
    return tuple(records)


def _definitions(path: Path) -> Iterator[str]:
    """Yield the XML definitions in a geodatabase's catalogue; none from one that has no such table (version 9)."""
    try:
        meta, _, _, columns = pyogrio.raw.read(path, layer=_CATALOG_LAYER, read_geometry=False, columns=["Definition"])
    except PROBLEMS:
        return
    for column in columns if len(meta["fields"]) else ():
        yield from (str(text) for text in column if text)


def layer_records(
    path: Path, name: str, source: SiteSource, prefix: str, domains: Mapping[str, Mapping[str, str]]
) -> Iterator[SiteRecord]:
    """Yield one record per feature of one layer of a file.

    Parameters
    ----------
    path : what is read in place of `source.path`: itself or a copy.
    domains : field -> code -> what the code means.
    prefix : before each row's number, where a file has several layers.

    Raises
    ------
    CrsError : the layer has no CRS and none is declared, or it is not a known one.
    """
    meta, _, wkb, columns = pyogrio.raw.read(path, layer=name)
    fields = [str(field) for field in meta["fields"]]
    with np.errstate(invalid="ignore"):
        shapes = shapely.from_wkb(wkb)
    x_min, y_min, x_max, y_max = (float(bound) for bound in shapely.total_bounds(shapes))
    bounds = (x_min, y_min, x_max, y_max) if np.isfinite(x_min) else None
    reference = refer(source, stated=meta["crs"] or "", bounds=bounds)
    rows = zip(*columns, strict=True) if columns else ((),) * len(shapes)
    for number, (shape, values) in enumerate(zip(shapes, rows, strict=True), start=1):
        cells = {field: cell_text(value) for field, value in zip(fields, values, strict=True)}
        texts, about_codes = in_domain_words(cells, domains)
        own, contradiction = of_row(reference, texts, source)
        settled = settle(shape, own.epsg, source=source.label, remedy=crs_remedy(), home=source.home, repair_share=source.repair_share,
                         datum=own.datum)  # fmt: skip
        remarks = (*((noted(f"要素类 {name}"),) if prefix else ()), *closing_remarks(joined_ends(shape), seems=True))
        yield SiteRecord(
            row=f"{prefix}{number}",
            geometry=settled.geometry,
            given=settled.given,
            keys=(f"{prefix}{number}",) if prefix else (str(number),),
            texts=texts,
            accuracy_m=own.accuracy_m,
            remarks=(*remarks, *contradiction, *own.remarks, *settled.remarks, *about_codes),
        )
