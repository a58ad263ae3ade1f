"""The coordinate system and datum a file or row is read in: declared from outside, stated by itself, or nobody's word.

One rule for every format: a declaration fills what the file leaves open and never contradicts it; an unknown statement is
an error; degrees whose datum nobody states (KML, GeoJSON, WKT, tables: what a telephone or a web map writes) may be
shifted like a web map, so their accuracy is `SiteSource.undeclared_accuracy_m`. GCJ-02 and BD-09 fit any degrees.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cdgis.core.errors import CrsError
from cdgis.geometry.gauss_kruger import KNOWN_EPSG, identify_crs
from cdgis.readers.attribute_columns import is_missing
from cdgis.readers.coordinates import DATUM_TITLES, Box, Datum, datum_named, within
from cdgis.readers.crs import GEOGRAPHIC, resolve_crs
from cdgis.readers.crs_words import ONE_STATEMENT, disagreement, names_modern_datum
from cdgis.readers.datum import CONVERSIONS
from cdgis.readers.headers import subject_column
from cdgis.readers.intake import Remark, noted, rejected
from cdgis.readers.records import SiteSource, crs_remedy

LONLAT = GEOGRAPHIC[0]
_ANGLES = (-360.0, -360.0, 360.0, 360.0)
NO_SHIFTED_PLANE = "GCJ-02、BD-09 是经纬度的偏移，不用于平面坐标"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What coordinates are to be read with."""

    epsg: int
    datum: Datum = "cgcs2000"
    """gcj02 or bd09: degrees to be moved to CGCS2000; undeclared: nobody said."""
    accuracy_m: float = 0.0
    remarks: tuple[Remark, ...] = ()


def refer(
    source: SiteSource, *, stated: str = "", assumed: bool = False, remedy: str = "", bounds: Box | None = None
) -> Reference:
    """Return what to read a file's coordinates with.

    Parameters
    ----------
    stated : the file's own words: EPSG code, CRS definition or the name of a datum.
    assumed : the format holds degrees by its standard, so nothing need be stated to read it.
    bounds : of the numbers, x = easting or longitude; looked at when a mere datum name is declared.

    Raises
    ------
    CrsError : nothing is declared or stated, or it is none that needs no local parameters.
    """
    said = source.crs or stated
    if not said and assumed:
        return undeclared(source)
    datum = datum_named(said)
    if datum_named(stated) in CONVERSIONS and datum != datum_named(stated):
        raise CrsError(
            source.label, found=f"文件写 {DATUM_TITLES[datum_named(stated)]}，另处写明 {source.crs}，互相矛盾",
            expected="声明与文件自己的说法一致", remedy="请核对 --crs 或“坐标系”一栏",
        )  # fmt: skip
    if datum in CONVERSIONS:
        own = identify_crs(stated) if stated and source.crs else None
        if own in KNOWN_EPSG and own not in GEOGRAPHIC:
            raise CrsError(
                source.label, found=f"写明 {DATUM_TITLES[datum]}，文件却是 {KNOWN_EPSG[int(own)]}", expected=NO_SHIFTED_PLANE,
                remedy="请核对 --crs 或“坐标系”一栏",
            )  # fmt: skip
        return Reference(epsg=LONLAT, datum=datum, remarks=(converted_note(datum),))
    declared, own_words = source.crs, stated
    if not declared and names_modern_datum(stated):
        declared, own_words = stated, ""
    epsg = resolve_crs(source.label, declared=declared, stated=own_words, remedy=remedy or crs_remedy(), bounds=bounds)
    if assumed and epsg not in GEOGRAPHIC and source.crs and (bounds is None or within(_ANGLES, *bounds)):
        # the format holds degrees by its standard: a declared plane still says on which datum they are
        return Reference(epsg=LONLAT)
    return Reference(epsg=epsg)


def undeclared(source: SiteSource) -> Reference:
    """Return the reference of degrees whose datum nobody states."""
    reason = f"坐标基准未声明，位置精度按 {source.undeclared_accuracy_m:g} 米计；确知为 CGCS2000 时加 --crs CGCS2000"
    return Reference(
        epsg=LONLAT, datum="undeclared", accuracy_m=source.undeclared_accuracy_m, remarks=(noted(reason, field="坐标系"),)
    )


def converted_note(datum: Datum) -> Remark:
    """Return the remark that degrees on a shifted datum were moved."""
    return noted(f"按声明的 {DATUM_TITLES[datum]} 转为 CGCS2000", field="坐标系")


def of_row(reference: Reference, texts: Mapping[str, str], source: SiteSource) -> tuple[Reference, tuple[Remark, ...]]:
    """Return what to read one row with when its own texts may name a datum, and a quarantine when they contradict.

    A declaration from outside holds for all rows that do not contradict it; a row's own word fills what its file leaves open.
    """
    words = (text for header, text in texts.items() if subject_column(header) == "datum" and not is_missing(text))
    stated = next(words, "")
    if not stated:
        return reference, ()
    if source.crs:
        said = disagreement(source.crs, stated)
        return reference, (rejected(said, field="坐标系", value=stated, remedy=ONE_STATEMENT),) if said else ()
    if reference.datum == "undeclared":
        try:
            return refer(source, stated=stated), ()
        except CrsError as err:
            return reference, (rejected(f"坐标系不符：{err.found}", field="坐标系", value=stated, remedy=err.remedy),)
    if datum_named(stated) in (reference.datum, "cgcs2000", "wgs84", "unknown"):
        return reference, ()
    reason = f"这一行写坐标系为 {stated}，文件却是 {KNOWN_EPSG[reference.epsg]}，两者不符"
    return reference, (rejected(reason, field="坐标系", value=stated, remedy="请核对后用 --crs 写明以哪个为准"),)
