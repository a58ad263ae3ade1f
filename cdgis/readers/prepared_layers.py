"""Layers as read, kept beside their workspace: the next command takes them from there instead of reading them again.

A kept answer is used only under the very key it was kept under: the bytes of the layer's file, its catalogue entry, the
planes of the place, this code and the libraries that read. No time of change is trusted. What cannot be kept, read or
understood is passed over without a word, for the layer itself is always there; `cdgis verify` never looks here.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from os import getpid
from pathlib import Path
from threading import get_ident
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import shapely
from geopandas import GeoDataFrame
from geopandas.array import GeometryArray as ShapesArray
from shapely.errors import ShapelyError

from cdgis.core.array_types import FloatArray, IntArray
from cdgis.core.vocabulary import InputRecord, IntakeNote, IntakeStatus
from cdgis.geometry.geodesy import PROJ_VERSIONS
from cdgis.geometry.packed_shapes import PackedShapes
from cdgis.geometry.planes import current_planes
from cdgis.readers.coordinates import Box
from cdgis.readers.inputs import file_sha256, file_stamp
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import Layer

PREPARED_DIR = ".cdgis-cache"
LEAST_BYTES = 2_000_000
"""Layers of fewer bytes together are read as quickly as anything kept of them."""
_ROOMS = ("core", "geometry", "workspace", "readers", "rules", "judging")
"""What decides how a layer is read and laid out on the planes."""
_SUFFIXES = (".zones", ".planes", ".extent", ".tmp")
_BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, ShapelyError)
_WORD = 8
"""Bytes of every number in a file."""
_LEVELS = {0: 0, 1: 1, 3: 2, 4: 1, 5: 2, 6: 3}
"""How many arrays of offsets shapes of each GEOS type have."""
_LINE, _RING = 2, 4
"""Least vertices of a line and of a ring."""
_off: ContextVar[bool] = ContextVar("prepared layers off", default=False)

Shapes = tuple[PackedShapes, ...]


def declined() -> bool:
    """Return whether kept layers are neither used nor made now."""
    return _off.get()


@contextmanager
def without_prepared() -> Iterator[None]:
    """Read every layer itself until the block ends, and keep nothing."""
    token = _off.set(True)
    try:
        yield
    finally:
        _off.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedLayers:
    """The folder in which a workspace's layers are kept."""

    folder: Path
    names: frozenset[str]
    """What may lie there: one name a layer of the catalogue, without the suffix."""
    _made: list[bool] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, root: Path, layers_dir: Path, specs: Sequence[LayerSpec]) -> "PreparedLayers | None":
        """Return where the layers of a workspace are kept; None where that would not pay, or was declined."""
        if _off.get():
            return None
        sizes = 0
        for spec in specs:
            try:
                sizes += (layers_dir / spec.path).stat().st_size if spec.path else 0
            except OSError:
                continue  # told by whoever reads it
        if sizes < LEAST_BYTES:
            return None
        return cls(folder=root / PREPARED_DIR, names=frozenset(_name(spec) for spec in specs))

    def entry(self, spec: LayerSpec, record: InputRecord) -> "Entry":
        """Return where one layer is kept, given the record of the file it is read from now."""
        key = _hash(_fingerprint(), repr(current_planes()), spec.model_dump_json(), record.sha256)
        return Entry(home=self, path=self.folder / _name(spec), key=key)

    def extent(self, spec: LayerSpec, path: Path, read: Callable[[], Box | None]) -> Box | None:
        """Return the box around a layer that `read` finds in its file; it decides the planes, so they are no part of its key."""
        if not path.is_file():
            return read()
        try:
            stamp, key = file_stamp(path), _hash(_fingerprint(), spec.model_dump_json(), file_sha256(path))
        except OSError:
            return read()
        target = self.folder / f"{_name(spec)}.extent"
        found = read_kept(target, key)
        box = found[0].get("box") if found is not None else None
        if isinstance(box, list) and len(box) == 4 and all(type(bound) is float for bound in box):
            return box[0], box[1], box[2], box[3]
        made = read()
        if made is not None and file_stamp(path) == stamp:
            self.write(target, {"box": made, "key": key}, ())
        return made

    def make_room(self) -> None:
        """Make the folder once, and clear away what no layer of the catalogue is kept under.

        Raises
        ------
        OSError : the workspace cannot be written to.
        """
        if self._made:
            return
        self.folder.mkdir(exist_ok=True)
        (self.folder / ".gitignore").write_text("*\n", encoding="ascii", newline="\n")
        for path in self.folder.iterdir():
            if path.suffix in _SUFFIXES and path.stem not in self.names:
                path.unlink(missing_ok=True)
        self._made.append(True)

    def write(self, target: Path, head: Mapping[str, Any], shapes: Shapes) -> None:
        """Write one kept file, all of it or nothing; what cannot be written is read again by the next command."""
        part = target.with_suffix(f".{getpid()}-{get_ident()}.tmp")
        try:
            self.make_room()
            part.write_bytes(_packed(dict(head), shapes))
            part.replace(target)
        except (OSError, ValueError):  # no room, no permission, or another process holds the file
            try:
                part.unlink(missing_ok=True)
            except OSError:
                return


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """What is kept of one layer."""

    home: PreparedLayers
    path: Path
    """Without suffix."""
    key: str
    zones: GeoDataFrame | None = None
    """The very zones it stands for: a layer whose zones were exchanged has no use for it."""

    def layer(self, spec: LayerSpec, record: InputRecord) -> Layer | None:
        """Return the layer as it was read, None where it is not kept."""
        found = read_kept(self.path.with_suffix(".zones"), self.key)
        if found is None:
            return None
        head, (shapes,) = found
        try:
            notes = tuple(IntakeNote(**{**note, "status": IntakeStatus(note["status"])}) for note in head["notes"])
            zones = _zones_of(head["columns"], head["count"], shapes)
            said = replace(record, content_sha256=head["content"])
        except _BROKEN:
            return None
        return Layer(spec=spec, zones=zones, record=said, notes=notes, prepared=replace(self, zones=zones))

    def keep(self, layer: Layer) -> Layer:
        """Keep a layer just read, and return it knowing where."""
        columns = {str(name): layer.zones[name].tolist() for name in layer.zones.columns if name != "geometry"}
        if all(type(text) is str for texts in columns.values() for text in texts):
            notes = [asdict(note) for note in layer.notes]
            head = {"columns": columns, "count": len(layer.zones), "notes": notes, "content": layer.record.content_sha256}
            shapes = PackedShapes.of(np.asarray(layer.zones.geometry.array, dtype=object))
            self.home.write(self.path.with_suffix(".zones"), head | {"key": self.key}, (shapes,))
        return replace(layer, prepared=replace(self, zones=layer.zones))

    def planes(self, zones: GeoDataFrame, make: Callable[[], tuple[PackedShapes, PackedShapes]]) -> tuple[PackedShapes, PackedShapes]:
        """Return what `make` lays out on the measuring plane and in the distance plane for `zones`, kept if they are its own."""
        count = len(zones)
        if zones is not self.zones or _off.get():
            return make()
        found = read_kept(self.path.with_suffix(".planes"), self.key)
        if found is not None and [len(shapes) for shapes in found[1]] == [count] * 2:
            plane, local = found[1]
            return plane, local
        made = make()
        self.home.write(self.path.with_suffix(".planes"), {"key": self.key}, made)
        return made


def _zones_of(columns: Mapping[str, list[str]], count: int, shapes: PackedShapes) -> GeoDataFrame:
    """Return zones as they were kept, a thirteenth of the time the constructor takes, which asks five times for a CRS.

    Raises
    ------
    ValueError, AttributeError : columns or shapes are not as many as zones; this pandas makes frames in another way.
    """
    if {count, len(shapes), *map(len, columns.values())} != {count} or "geometry" in columns:
        raise ValueError("columns")
    cells: list[Any] = [np.array([*texts, None], dtype=object)[:-1] for texts in columns.values()]
    names, made = pd.Index([*columns, "geometry"]), [*cells, ShapesArray(shapes.all(), crs=_lonlat())]
    zones = GeoDataFrame._from_arrays(made, columns=names, index=pd.RangeIndex(count), verify_integrity=False)
    zones._geometry_column_name = "geometry"
    return zones


@cache
def _lonlat() -> Any:
    return ShapesArray(np.empty(0, dtype=object), crs=4490).crs


def _packed(head: dict[str, Any], shapes: Shapes) -> bytes:
    """Return a check sum, the length of the head, the head as JSON, and the shapes as arrays one after another.

    Shapes of each type stand together: their rows, coordinates, and the offsets of their parts.

    Raises
    ------
    ValueError : there are shapes of several parts of different kinds.
    """
    groups: list[list[list[int]]] = []
    arrays: list[IntArray | FloatArray] = []
    for one in shapes:
        if len(one.loose):
            raise ValueError("shapes of several kinds")
        groups.append([])
        for group in one.groups:
            xy = one.xy[group.start : group.start + group.vertices]
            arrays += [group.rows.astype("<i8"), xy.astype("<f8"), *(offset.astype("<i8") for offset in group.offsets)]
            groups[-1].append([group.kind, len(group.rows), len(xy), *map(len, group.offsets)])
    text = json.dumps({**head, "rows": [len(one) for one in shapes], "groups": groups}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    text += b" " * (-len(text) % _WORD)
    body = b"".join((len(text).to_bytes(_WORD, "little"), text, *(array.tobytes() for array in arrays)))
    return zlib.crc32(body).to_bytes(_WORD, "little") + body


def read_kept(path: Path, key: str) -> tuple[dict[str, Any], Shapes] | None:
    """Return head and shapes of a kept file; None where there is none, it is damaged, or it was kept under another key."""
    try:
        data = np.fromfile(path, np.uint8)
        at = 2 * _WORD + int.from_bytes(data[_WORD : 2 * _WORD].tobytes(), "little")
        if zlib.crc32(data[_WORD:].data) != int.from_bytes(data[:_WORD].tobytes(), "little"):
            return None
        head = json.loads(data[2 * _WORD : at].tobytes().decode("utf-8", "surrogatepass"))
        if head["key"] != key:
            return None
        shapes = []
        for count, groups in zip(head["rows"], head["groups"], strict=True):
            made = []
            for kind, *lengths in groups:
                parts = []
                for number, length in enumerate(lengths):
                    size = length * (2 if number == 1 else 1)
                    parts.append(np.frombuffer(data, "<f8" if number == 1 else "<i8", size, at))
                    at += size * _WORD
                rows, coordinates, *offsets = parts
                _check(kind, len(rows), coordinates.reshape(-1, 2), offsets)
                if ((rows < 0) | (rows >= count)).any():
                    raise ValueError("rows")
                made.append((kind, rows, coordinates.reshape(-1, 2), offsets))
            shapes.append(PackedShapes.joined(count, made))
    except _BROKEN:
        return None
    return head, tuple(shapes)


def _check(kind: int, rows: int, xy: FloatArray, offsets: Sequence[IntArray]) -> None:
    """Check that offsets lead through all vertices and to nothing else, and that lines and rings are such.

    A foreign file must not make GEOS read beyond them, nor refuse a shape when somebody looks at it.

    Raises
    ------
    ValueError : they do not.
    """
    if len(offsets) != _LEVELS[kind]:
        raise ValueError("kind")
    vertices = len(xy)
    for offset in offsets:
        if not len(offset) or offset[0] != 0 or offset[-1] != vertices or (np.diff(offset) < 0).any():
            raise ValueError("offsets")
        vertices = len(offset) - 1
    if vertices != rows:
        raise ValueError("rows")
    if offsets and kind != shapely.GeometryType.MULTIPOINT:
        first, last = offsets[0][:-1], offsets[0][1:]
        real = last > first
        rings = kind in (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
        if (last - first < (_RING if rings else _LINE))[real].any() or (rings and (xy[first[real]] != xy[last[real] - 1]).any()):
            raise ValueError("paths")


def _name(spec: LayerSpec) -> str:
    """Return the name a layer is kept under, whatever characters its id has; hidden, so that no pattern takes it for an input."""
    return f".{_hash(spec.id)[:32]}"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _fingerprint() -> str:
    """Return the hash of the code that reads layers and of the versions of what it reads with."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for room in _ROOMS for path in (package / room).rglob("*") if path.suffix in (".py", ".toml")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    versions = (np.__version__, pd.__version__, shapely.__version__, shapely.geos_version_string, geopandas.__version__,
                pyogrio.__version__, pyogrio.__gdal_version_string__, *PROJ_VERSIONS)  # fmt: skip
    return _hash(digest.hexdigest(), *versions)
