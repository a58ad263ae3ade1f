"""Sites typed on the command line, as WKT or as coordinates."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cdgis.core.vocabulary import InputRecord
from cdgis.readers.crs_words import zone_example
from cdgis.readers.datum import CONVERSIONS
from cdgis.readers.inputs import InputFile
from cdgis.readers.intake import Remark, is_quarantined
from cdgis.readers.positions import Position, locate_pair, locate_wkt
from cdgis.readers.records import SiteRecord, SiteSource
from cdgis.readers.reference import converted_note, undeclared
from cdgis.readers.repair import settle

TYPED_LABEL = "命令行输入"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedSites:
    """What was typed: WKT geometries and coordinate pairs, in the order given."""

    wkt: tuple[str, ...] = ()
    lonlat: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wkt or self.lonlat)


def read_typed_sites(typed: TypedSites, source: SiteSource) -> Iterator[tuple[InputFile, tuple[SiteRecord, ...]]]:
    """Yield (where they were typed, records) of the typed sites, coordinate pairs first."""
    for option, texts, locate in (("lonlat", typed.lonlat, locate_pair), ("wkt", typed.wkt, locate_wkt)):
        file = InputFile(path=Path(option), label=TYPED_LABEL)
        positions = [locate(text, stated_crs=source.crs, source=TYPED_LABEL) for text in texts]
        yield file, tuple(
            _record(position, f"--{option} {number}", str(number), source)
            for number, position in enumerate(positions, start=1)
        )


def _record(position: Position, row: str, key: str, source: SiteSource) -> SiteRecord:
    shape = position.shape
    if shape is None or is_quarantined(position.remarks):
        return SiteRecord(row=row, geometry=None, keys=(key,), remarks=position.remarks)
    remedy = f"请核对次序（经度在前，或写明东经、北纬），平面坐标须用 --crs {zone_example()} 写明坐标系"
    accuracy_m, about_datum = _datum_remarks(position, source)
    settled = settle(
        shape, position.epsg, source=TYPED_LABEL, remedy=remedy, home=source.home,
        repair_share=source.repair_share, datum=position.datum,
    )  # fmt: skip
    return SiteRecord(
        row=row,
        geometry=settled.geometry,
        given=settled.given,
        keys=(key,),
        accuracy_m=max(accuracy_m, position.coarse_m),
        remarks=(*position.remarks, *about_datum, *settled.remarks),
    )


def _datum_remarks(position: Position, source: SiteSource) -> tuple[float, tuple[Remark, ...]]:
    if position.datum == "undeclared":
        nobody = undeclared(source)
        return nobody.accuracy_m, nobody.remarks
    return 0.0, (converted_note(position.datum),) if position.datum in CONVERSIONS else ()


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
