"""What Python users hand over as sites: frames, files and WKT, told apart and made readable like any file."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from geopandas import GeoDataFrame, GeoSeries

from cdgis.errors import UsageError
from cdgis.readers.frame_sites import frame_file_name, frame_geojson

Sites: TypeAlias = GeoDataFrame | GeoSeries | Path | str | Sequence[Path | str]
"""What `Session.screen` takes: a frame, a file, WKT text, or several files and texts."""

_WKT = re.compile(
    r"\s*(SRID=\d+;)?\s*(POINT|LINESTRING|LINEARRING|POLYGON|TRIANGLE|TIN|MULTI\w+|GEOMETRYCOLLECTION|CIRCULARSTRING"
    r"|COMPOUNDCURVE|CURVEPOLYGON|POLYHEDRALSURFACE)\s*(ZM|Z|M)?\s*(\(.*\)|EMPTY)\s*",
    re.IGNORECASE | re.DOTALL,
)


@contextmanager
def readable_sites(sites: Sites, crs: str) -> Iterator[tuple[list[Path], list[str], dict[str, bytes]]]:
    """Give the files, the WKT texts and what lies in no file; a frame stands as a file while it is read."""
    if isinstance(sites, GeoDataFrame | GeoSeries):
        content = frame_geojson(sites, crs=crs)
        name = frame_file_name(content)
        with tempfile.TemporaryDirectory(prefix="cdgis-") as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            yield [path], [], {name: content}
        return
    given = [sites] if isinstance(sites, str | Path) else list(sites) if isinstance(sites, list | tuple) else None
    if not given or not all(isinstance(item, str | Path) for item in given):
        raise UsageError(
            f"项目位置读到 {type(sites).__name__}，应为 GeoDataFrame、文件路径、WKT 文字，或路径和文字的列表",
            remedy="单个图形请放进 geopandas.GeoSeries([图形], crs='EPSG:4490')",
        )
    wkt = [item for item in given if isinstance(item, str) and _WKT.fullmatch(item)]
    yield [Path(item) for item in given if item not in wkt], wkt, {}
