"""What Python users hand over as sites: frames, files and WKT, told apart and made readable like any file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from geopandas import GeoDataFrame, GeoSeries

from cdgis.core.errors import ReaderError, UsageError
from cdgis.core.scratch_folder import scratch_folder
from cdgis.readers.coordinates import parse_angle, split_pair
from cdgis.readers.frame_sites import frame_file_name, frame_geojson
from cdgis.readers.records import cell_text

Sites: TypeAlias = GeoDataFrame | GeoSeries | Path | str | Sequence[Path | str]
"""What `Session.screen` takes: a frame, a file, WKT or coordinates as text, or several files and texts."""

_WKT = re.compile(
    r"\s*(SRID=\d+;)?\s*(POINT|LINESTRING|LINEARRING|POLYGON|TRIANGLE|TIN|MULTI\w+|GEOMETRYCOLLECTION|CIRCULARSTRING"
    r"|COMPOUNDCURVE|CURVEPOLYGON|POLYHEDRALSURFACE)\s*(ZM|Z|M)?\s*(\(.*\)|EMPTY)\s*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSites:
    """Sites as the screening pipeline takes them."""

    files: tuple[Path, ...] = ()
    wkt: tuple[str, ...] = ()
    lonlat: tuple[str, ...] = ()
    """Texts ``经度,纬度``."""
    in_memory: Mapping[str, bytes] = field(default_factory=dict)
    """File name -> bytes of what lies in no file."""


@contextmanager
def readable_sites(sites: Sites, crs: str) -> Iterator[GivenSites]:
    """Give the sites told apart; a frame stands as a file while it is read.

    Raises
    ------
    CrsError : a frame has no CRS, or one that cannot be overlaid.
    UsageError : it is nothing that holds sites.
    """
    if isinstance(sites, GeoDataFrame | GeoSeries):
        content = frame_geojson(sites, crs=crs)
        name = frame_file_name(content)
        with scratch_folder() as folder:
            path = folder / name
            path.write_bytes(content)
            yield GivenSites(files=(path,), in_memory={name: content})
        return
    given = [sites] if isinstance(sites, str | Path) else list(sites) if isinstance(sites, list | tuple) else None
    if not given or not all(isinstance(item, str | Path) for item in given):
        raise UsageError(
            f"项目位置读到 {type(sites).__name__}，应为 GeoDataFrame、文件路径、WKT 或“经度,纬度”文字，或路径和文字的列表",
            remedy="单个图形请放进 geopandas.GeoSeries([图形], crs='EPSG:4490')",
        )
    wkt = [item for item in given if isinstance(item, str) and _WKT.fullmatch(item)]
    pairs = [item for item in given if isinstance(item, str) and _is_pair(item)]
    files = [Path(item) for item in given if item not in wkt and item not in pairs]
    yield GivenSites(files=tuple(files), wkt=tuple(wkt), lonlat=tuple(pairs))


def _is_pair(text: str) -> bool:
    try:
        first, second = split_pair(text)
        parse_angle(first), parse_angle(second)
    except ReaderError:
        return False
    return True


def declared_texts(attributes: Mapping[str, object] | None, **facts: str | None) -> dict[str, str]:
    """Return the facts that were given at all, and attribute values as the command line would get them."""
    given = {name: text for name, text in facts.items() if text is not None}
    return given | {str(name): cell_text(value) for name, value in (attributes or {}).items()}
