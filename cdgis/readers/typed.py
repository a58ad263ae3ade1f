"""Sites typed on the command line, as WKT or as coordinates."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from cdgis.core.vocabulary import InputRecord
from cdgis.readers.coordinates import DATUM_TITLES, Datum
from cdgis.readers.datum import CONVERSIONS, to_cgcs2000
from cdgis.readers.inputs import InputFile
from cdgis.readers.intake import Remark, is_quarantined, noted
from cdgis.readers.positions import Position, locate_pair, locate_wkt
from cdgis.readers.records import SiteRecord, SiteSource
from cdgis.readers.repair import settle

TYPED_LABEL = "命令行输入"
TYPED_CRS_REMEDY = "请核对次序（经度在前，或写明东经、北纬），平面坐标须用 --crs EPSG:4548 写明坐标系"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedSites:
    """What was typed: WKT geometries and coordinate pairs, in the order given."""

    wkt: tuple[str, ...] = ()
    lonlat: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wkt or self.lonlat)


def read_typed_sites(typed: TypedSites, source: SiteSource) -> Iterator[tuple[InputFile, SiteRecord]]:
    """Yield (where it was typed, record) for every typed site, coordinate pairs first."""
    for option, texts, locate in (("lonlat", typed.lonlat, locate_pair), ("wkt", typed.wkt, locate_wkt)):
        file = InputFile(path=Path(option), label=TYPED_LABEL)
        for number, text in enumerate(texts, start=1):
            position = locate(text, stated_crs=source.crs, source=TYPED_LABEL)
            yield file, _record(position, f"--{option} {number}", str(number), source)


def _record(position: Position, row: str, key: str, source: SiteSource) -> SiteRecord:
    shape = position.shape
    if shape is None or is_quarantined(position.remarks):
        return SiteRecord(row=row, geometry=None, keys=(key,), remarks=position.remarks)
    if position.is_angle and position.datum in CONVERSIONS:
        shape = _shifted(shape, position.datum)
    accuracy_m, about_datum = _datum_remarks(position, source)
    settled = settle(shape, position.epsg, source=TYPED_LABEL, remedy=TYPED_CRS_REMEDY, home=source.home, repair_share=source.repair_share)
    return SiteRecord(
        row=row,
        geometry=settled.geometry,
        keys=(key,),
        accuracy_m=max(accuracy_m, position.coarse_m),
        remarks=(*position.remarks, *about_datum, *settled.remarks),
    )


def _shifted(point: BaseGeometry, datum: Datum) -> BaseGeometry:
    lon, lat = to_cgcs2000(shapely.get_x([point]), shapely.get_y([point]), datum)
    return shapely.Point(lon[0], lat[0])


def _datum_remarks(position: Position, source: SiteSource) -> tuple[float, tuple[Remark, ...]]:
    if position.datum == "undeclared":
        accuracy_m = source.undeclared_accuracy_m
        reason = f"坐标基准未声明，位置精度按 {accuracy_m:g} 米计；确知为 CGCS2000 时加 --crs CGCS2000"
        return accuracy_m, (noted(reason, field="坐标系"),)
    if position.datum in CONVERSIONS:
        return 0.0, (noted(f"按声明的 {DATUM_TITLES[position.datum]} 转为 CGCS2000", field="坐标系"),)
    return 0.0, ()


def typed_record(typed: TypedSites) -> InputRecord:
    """Return the input record of what was typed; its SHA-256 is that of the texts, one a line."""
    text = "\n".join((*(f"lonlat {pair}" for pair in typed.lonlat), *(f"wkt {shape}" for shape in typed.wkt)))
    return InputRecord(
        layer="projects",
        kind="subjects",
        path=TYPED_LABEL,
        sublayer="",
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        version="",
        official=False,
    )
