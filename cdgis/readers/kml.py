"""Sites of a KML or KMZ file, parsed as XML without entities or links; GDAL never sees it."""

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

import numpy as np
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from cdgis.core.error_words import in_words
from cdgis.core.errors import CrsError, ReaderError
from cdgis.core.safe_text import visible
from cdgis.core.scratch_folder import scratch_folder
from cdgis.readers.archives import ArchiveLimits, unpack
from cdgis.readers.coordinates import datum_named
from cdgis.readers.intake import Remark, noted, rejected, repaired
from cdgis.readers.kml_attributes import FOLDER, display_names, placemark_texts
from cdgis.readers.kml_shapes import children, left_open, placemark_shape, tag
from cdgis.readers.records import SiteRecord, SiteSource
from cdgis.readers.reference import Reference, of_row, refer
from cdgis.readers.repair import settle
from cdgis.readers.ring_closure import closing_remarks
from cdgis.readers.text_encoding import decode_text
from cdgis.workspace.given_outline import GivenOutline

_FORBIDDEN = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ROOT = re.compile(r"<(?![?!])[^\s/>]+")
_PREFIX = re.compile(r"[<\s/]([A-Za-z_][\w.-]*):[\w.-]+\s*(?:=|/?>|\s)")
_KMZ_LIMITS = ArchiveLimits(total_bytes=1 << 28, members=500)
_DATUM_TAG = "OvCoordType"
"""Where the program 奥维 states on which datum its coordinates are."""
_UNREADABLE = ("Model",)
_DEGREES_ONLY = "KML 只能是经纬度坐标，请重新导出"


def read_kml(source: SiteSource) -> tuple[SiteRecord, ...]:
    """Return one record per Placemark of a KML or KMZ file, altitudes dropped.

    Raises
    ------
    ReaderError : an unsafe KMZ, or one without exactly one KML; not XML, not KML, or it declares entities or links to other files.
    CrsError : what is declared or stated of its datum is unknown, or needs local parameters.
    """
    data = _packed(source) if source.path.suffix.lower() == ".kmz" else source.path.read_bytes()
    root = _root(decode_text(data, source=source.label), source.label)
    if tag(root) != "kml":
        raise ReaderError(f"不是 KML（根元素为 {tag(root)}）", source=source.label)
    if any(tag(element) == "NetworkLink" for element in root.iter()):
        raise ReaderError(
            "KML 含 NetworkLink，指向其他文件或网址，已拒绝", source=source.label, remedy="请导出实际图形"
        )
    placemarks = list(_placemarks(root, (), ""))
    # an unknown word about the datum is an error of the file wherever it stands
    references = {stated: _reference(stated, source) for stated in dict.fromkeys(("", *(p[2] for p in placemarks)))}
    shown = display_names(root)
    return tuple(
        _record(element, number, placemark_texts(element, folders, shown), references[stated], source)
        for number, (element, folders, stated) in enumerate(placemarks, start=1)
    )


def _root(text: str, label: str) -> ElementTree.Element:
    """Return the document; prefixes that programs use and forget to declare are taken as declared."""
    if _FORBIDDEN.search(text):
        raise ReaderError("KML 含 DOCTYPE 或实体声明，已拒绝", source=label, remedy="请从 GIS 软件重新导出")
    # the text is already decoded, so the declaration's encoding no longer holds
    body = _DECLARATION.sub("", text.lstrip("\ufeff"))
    try:
        return ElementTree.fromstring(body)
    except ElementTree.ParseError as err:
        try:
            return ElementTree.fromstring(_with_prefixes(body))
        except ElementTree.ParseError:
            raise ReaderError(f"不是合法的 KML（{in_words(err)}）", source=label, remedy="请重新导出") from err


def _with_prefixes(body: str) -> str:
    missing = sorted({p for p in _PREFIX.findall(body) if p not in ("xml", "xmlns") and f"xmlns:{p}" not in body})
    declared = "".join(f' xmlns:{prefix}="urn:undeclared:{prefix}"' for prefix in missing)
    return _ROOT.sub(lambda match: match.group() + declared, body, count=1)


def _packed(source: SiteSource) -> bytes:
    """Return the one KML inside a KMZ; its pictures and models are left alone."""
    with scratch_folder() as folder:
        members = unpack(source.path, folder, limits=_KMZ_LIMITS)
        found = [path for name, path in sorted(members.items()) if name.lower().endswith(".kml")]
        if len(found) != 1:
            raise ReaderError(
                f"KMZ 内应有且只有一个 KML，实有 {len(found)} 个", source=source.label, remedy="请另存为单个 KML"
            )
        return found[0].read_bytes()


def _placemarks(
    element: ElementTree.Element, folders: tuple[str, ...], stated: str
) -> Iterator[tuple[ElementTree.Element, tuple[str, ...], str]]:
    """Yield each placemark with the names of the folders it lies in and the datum stated for it."""
    own = next((child.text or "" for child in children(element, _DATUM_TAG)), "").strip() or stated
    if tag(element) == "Placemark":
        inner = (part.text or "" for part in element.iter() if tag(part) == _DATUM_TAG)
        yield element, folders, next(inner, "").strip() or own
        return
    name = next((child.text or "" for child in children(element, "name")), "").strip()
    below = (*folders, name) if tag(element) == "Folder" and name else folders
    for child in element:
        yield from _placemarks(child, below, own)


def _reference(stated: str, source: SiteSource) -> Reference:
    if stated and not source.crs and datum_named(stated) == "unknown":
        raise CrsError(
            source.label, found=f"{_DATUM_TAG} 写“{visible(stated)}”，不认识", expected="CGCS2000、WGS84、GCJ-02 或 BD-09",
            remedy="请用 --crs 写明坐标基准",
        )  # fmt: skip
    return refer(source, stated=stated, assumed=True)


def _said_together(shapes: int) -> tuple[Remark, ...]:
    if shapes <= 1:
        return ()
    return (repaired(f"一个地标里并列 {shapes} 个图形，合为一个地块", field="geometry", remedy="请核对；是几个地块的请各作一个地标"),)


def _record(
    placemark: ElementTree.Element, number: int, texts: Mapping[str, str], reference: Reference, source: SiteSource
) -> SiteRecord:
    own, contradiction = of_row(reference, texts, source)
    geometry: BaseGeometry | None = None
    given: GivenOutline | None = None
    closed: tuple[Remark, ...] = ()
    together = 0
    remarks: tuple[Remark, ...] = ()
    try:
        with np.errstate(invalid="ignore"):
            geometry, together = placemark_shape(placemark)
            closed = closing_remarks(left_open(placemark) if geometry is not None else 0)
    except (ShapelyError, ValueError, RecursionError) as err:
        remedy = "坐标应为 经度,纬度[,高程]，以空格分隔"
        remarks = (rejected(f"坐标不合规（{in_words(err)}）", field="coordinates", remedy=remedy),)
    strange = next((tag(child) for child in children(placemark, *_UNREADABLE)), "")
    if geometry is None and strange:
        remarks = (rejected(f"图形是 {strange}，不读取", field="geometry", remedy="请另存为面、线或点"),)
    if not remarks:
        settled = settle(geometry, own.epsg, source=source.label, remedy=_DEGREES_ONLY, repair_share=source.repair_share, datum=own.datum)
        geometry, given = settled.geometry, settled.given
        remarks = (*contradiction, *own.remarks, *_said_together(together), *closed, *settled.remarks)
    if texts.get(FOLDER):
        remarks = (*remarks, noted(f"文件夹 {texts[FOLDER]}"))
    keys = tuple(key for key in (placemark.get("id", ""), texts.get("name", ""), str(number)) if key)
    return SiteRecord(
        row=str(number), geometry=geometry, keys=keys, texts=texts, accuracy_m=own.accuracy_m, remarks=remarks, given=given
    )
