"""Features of a shapefile or GeoPackage layer through pyogrio, in the manner of fiona, where there is no fiona.

fiona has no wheel for Linux on ARM. Which of the two reads makes no difference to any record (tests/test_offline.py).
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.errors
import shapely

_ONE_TO_ONE = "CP437"
"""A code page in which every byte is a character: pyogrio, unlike fiona, has trouble with latin-1."""
OGR_PROBLEMS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature: GeoJSON-like geometry or None, and attributes by field."""

    geometry: Any
    properties: Mapping[str, object]


class Collection:
    """One layer, read whole."""

    def __init__(self, path: Path, *, layer: str, as_bytes: bool) -> None:
        encoding = _ONE_TO_ONE if as_bytes else None
        self._meta, _, self._wkb, self._columns = pyogrio.raw.read(path, layer=layer, encoding=encoding)
        self._as_bytes = as_bytes
        self.crs_wkt = str(self._meta["crs"] or "")
        kind = self._meta["geometry_type"]
        self.schema = {"geometry": "None" if kind is None else kind, "properties": [str(self._bytes(name)) for name in self._meta["fields"]]}

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in the layer's own CRS."""
        shapes = shapely.from_wkb(self._wkb) if self._wkb is not None else np.empty(0, dtype=object)
        west, south, east, north = map(float, shapely.total_bounds(shapes))
        return west, south, east, north

    def __len__(self) -> int:
        return len(self._columns[0]) if len(self._columns) else len(self._wkb) if self._wkb is not None else 0

    def __iter__(self) -> Iterator[Feature]:
        names = self.schema["properties"]
        for number in range(len(self)):
            raw = self._wkb[number] if self._wkb is not None else None
            values = {name: self._bytes(_value(column[number])) for name, column in zip(names, self._columns, strict=True)}
            yield Feature(geometry=shapely.geometry.mapping(shapely.from_wkb(raw)) if raw is not None else None, properties=values)


    def _bytes(self, value: object) -> object:
        """Return a text of a shapefile's table as its bytes, each a character, which is how fiona is asked to read it."""
        if not self._as_bytes or not isinstance(value, str):
            return value
        return value.encode(_ONE_TO_ONE, errors="replace").decode("latin-1")


def list_layers(path: Path) -> list[str]:
    """Return the names of the layers in a file."""
    return [str(name) for name in pyogrio.list_layers(path)[:, 0]]


def open_layer(path: Path, *, driver: str, layer: str, encoding: str | None) -> AbstractContextManager[Collection]:
    """Return one layer; GDAL opens the file with the one driver its bytes were checked for.

    Parameters
    ----------
    encoding : what fiona is told to hand over bytes; here it only says whether bytes are wanted.

    Raises
    ------
    ValueError : another driver would open it.
    """
    # of a shapefile the magic number was checked, and its names may be such that the description cannot be read
    if encoding is None and pyogrio.read_info(path, layer=layer)["driver"] != driver:
        raise ValueError(f"不是 {driver}")
    return nullcontext(Collection(path, layer=layer, as_bytes=encoding is not None))


def _value(value: object) -> object:
    """Return a cell as Python's own value: whole numbers without a fraction, days as YYYY-MM-DD, nothing as None."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else value.astype("datetime64[us]").astype(object)
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and np.isnan(plain) else plain
