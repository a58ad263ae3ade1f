"""Sites of shapefiles and GeoPackages, record by record, through fiona (else pyogrio) with one allowed driver."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely.errors import ShapelyError
from shapely.geometry import shape

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.readers.coded_domains import geopackage_domains, in_domain_words
from cdgis.readers.cut_names import bytes_as_text, full_names
from cdgis.readers.geodatabase import GDB_DRIVER, GDB_SUFFIX, check_geodatabase
from cdgis.readers.geopackage import check_geopackage, unchanged
from cdgis.readers.intake import Remark, noted, rejected
from cdgis.readers.ogr_features import OGR_PROBLEMS, list_layers, open_layer
from cdgis.readers.records import SiteRecord, SiteSource, cell_text, crs_remedy
from cdgis.readers.reference import of_row, refer
from cdgis.readers.repair import settle
from cdgis.readers.ring_closure import closing_remarks, open_rings
from cdgis.readers.shapefile import check_shapefile
from cdgis.readers.text_encoding import shapefile_encoding, sibling

if TYPE_CHECKING:
    import fiona

DRIVERS = {".shp": "ESRI Shapefile", ".gpkg": "GPKG"}
"""File suffix -> the only GDAL driver allowed to open it; a VRT under another name is refused by its driver."""

DELETED = rejected("附表把这一行标为已删除，未读取", remedy="如仍需要，请在 GIS 软件中恢复该要素后重新导出")
_BYTES = "iso-8859-1"
_SHP_MAGIC = b"\x00\x00\x27\x0a"
# fiona stumbles over its own variables after a broken .prj
_PROBLEMS = (OSError, ValueError, ArithmeticError, NotImplementedError,
             TypeError, LookupError, NameError, SystemError)  # fmt: skip


def check_container(path: Path, *, label: str) -> str:
    """Return the driver allowed for `path` after checking that its bytes are what its suffix says.

    Raises
    ------
    ReaderError : unknown suffix, foreign content, a part is missing, or a GeoPackage that reaches outside itself.
    """
    suffix = path.suffix.lower()
    if suffix == GDB_SUFFIX:
        check_geodatabase(path, label=label)
        return GDB_DRIVER
    if suffix not in DRIVERS:
        raise ReaderError(f"不支持的格式 {suffix or '（无扩展名）'}", source=label)
    if path.as_posix().startswith("/vsi"):
        raise ReaderError("不接受虚拟文件路径", source=label)
    with path.open("rb") as stream:
        head = stream.read(16)
    if suffix == ".shp" and head[:4] != _SHP_MAGIC:
        raise ReaderError("不是 Shapefile（文件头不符）", source=label, remedy="请确认文件未损坏、扩展名正确")
    if suffix == ".shp":
        check_shapefile(path, label=label)
    if suffix == ".gpkg":
        check_geopackage(path, label=label)
    return DRIVERS[suffix]


def read_vector(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per feature of a shapefile or GeoPackage, all its layers in name order.

    Raises
    ------
    ReaderError : the file cannot be opened, or is not what its suffix says.
    CrsError : a layer has no CRS and none is declared, or it is not a known one.
    """
    encoding = shapefile_encoding(source.path) if source.path.suffix.lower() == ".shp" else None
    listing, opening, problems = _library()
    try:
        with unchanged(source.path, label=source.label) as still:
            driver = check_container(still.path, label=source.label)
            names = sorted(listing(still.path))
            domains = {} if encoding else geopackage_domains(still.path)
            records: list[SiteRecord] = []
            for name in names:
                # names cut in the middle of a character can be decoded by no strict codec, but by us, from their bytes
                with opening(still.path, driver=driver, layer=name, encoding=encoding and _BYTES) as collection:
                    prefix = f"{name}#" if len(names) > 1 else ""
                    words = domains.get(name.lower(), {})
                    records += _records(collection, source, prefix, still.remarks, encoding=encoding, domains=words)
    except problems as err:
        raise ReaderError(f"读取失败（{in_words(err)}）", source=source.label, remedy="请用 GIS 软件重新导出后重试") from err
    if driver == DRIVERS[".shp"]:
        gone = check_shapefile(source.path, label=source.label)
        records += (SiteRecord(row=f"{number}（附表已标删除）", geometry=None, remarks=(DELETED,)) for number in gone)
    return tuple(records)


def _library() -> tuple[Callable[..., Any], Callable[..., Any], tuple[type[BaseException], ...]]:
    """Return what lists and opens layers, and its errors: fiona, or pyogrio where there is no fiona."""
    try:
        import fiona  # beside pyogrio, which reads the layers, its own GDAL takes a tenth of a second to load
        from fiona._err import CPLE_BaseError  # fiona lets GDAL's own errors through
        from fiona.errors import FionaError
    except ImportError:
        return list_layers, open_layer, (*OGR_PROBLEMS, *_PROBLEMS)
    return fiona.listlayers, fiona.open, (FionaError, CPLE_BaseError, *_PROBLEMS)


def _texts(feature: "fiona.model.Feature", encoding: str | None, full: Mapping[str, str]) -> dict[str, str]:
    """Return header -> text of a feature; what was read byte by byte in the encoding it was written in."""
    texts = {str(key): cell_text(value) for key, value in feature.properties.items()}
    if encoding is None:
        return texts
    decoded = {bytes_as_text(key, encoding): _decoded(text, encoding) for key, text in texts.items()}
    return {full.get(header, header): text for header, text in decoded.items()}


def _decoded(text: str, encoding: str) -> str:
    return text.encode("latin-1").decode(encoding, errors="replace").strip()


def _records(
    collection: "fiona.Collection",
    source: SiteSource,
    prefix: str,
    about_file: tuple[Remark, ...],
    *,
    encoding: str | None,
    domains: Mapping[str, Mapping[str, str]],
) -> Iterator[SiteRecord]:
    """Yield the features of a layer.

    Parameters
    ----------
    encoding : of a shapefile's table, whose names and texts were read byte by byte; None where GDAL knows it.
    domains : field -> code -> words.
    """
    if collection.schema["geometry"] == "None":
        return
    bounds = collection.bounds if len(collection) else None
    reference = refer(source, stated=collection.crs_wkt, bounds=bounds)
    no_table = source.path.suffix.lower() == ".shp" and sibling(source.path, ".dbf") is None
    fields = [bytes_as_text(name, encoding) for name in collection.schema["properties"]] if encoding else []
    full, about_names = full_names(fields)
    for number, feature in enumerate(collection, start=1):
        texts, in_words_of = in_domain_words(_texts(feature, encoding, full), domains)
        try:
            with np.errstate(invalid="ignore"):
                geometry = shape(feature.geometry) if feature.geometry is not None else None
            closed = closing_remarks(open_rings(feature.geometry) if geometry is not None else 0)
        except (ShapelyError, ValueError, TypeError, LookupError, NotImplementedError) as err:
            bad = rejected(f"图形不合规（{in_words(err)}）", field="geometry", remedy="在 GIS 软件中修正后重新提交")
            yield SiteRecord(row=f"{prefix}{number}", geometry=None, texts=texts, remarks=(bad,))
            continue
        own, contradiction = of_row(reference, texts, source)
        settled = settle(
            geometry, own.epsg, source=source.label, remedy=crs_remedy(), home=source.home,
            repair_share=source.repair_share, datum=own.datum,
        )  # fmt: skip
        no_attributes = (noted("缺少 .dbf，没有属性"),) if no_table else ()
        yield SiteRecord(
            row=f"{prefix}{number}",
            geometry=settled.geometry,
            given=settled.given,
            keys=(str(number),),
            texts=texts,
            accuracy_m=own.accuracy_m,
            remarks=(
                *about_file, *contradiction, *own.remarks, *closed, *settled.remarks, *no_attributes, *in_words_of,
                *(about_names if number == 1 else ()),
            ),  # fmt: skip
        )
