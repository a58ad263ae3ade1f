"""Files that hold sites, and the bytes each answer rests on: globs, archives, shapefile parts, hashes."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError, os_reason
from cdgis.core.safe_text import visible
from cdgis.core.written_files import Register, is_written, read_register
from cdgis.readers.archives import unpack
from cdgis.readers.geodatabase import GDB_CATALOG_TABLE, GDB_SUFFIX
from cdgis.readers.geopackage import pending
from cdgis.readers.sheets import TABLE_SUFFIXES
from cdgis.readers.text_encoding import sibling

SITE_SUFFIXES = (
    ".shp", ".gpkg", ".gdb", ".geojson", ".json", ".geojsonl", ".kml", ".kmz", ".ovkml", ".dxf", ".txt", ".gpx", ".tab", ".mif", ".gml",
    ".fgb", ".parquet", *TABLE_SUFFIXES,
)  # fmt: skip
ARCHIVE_SUFFIX = ".zip"
_SHAPEFILE_PARTS = (".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".fix", ".xml", ".cst")
_MAPINFO_PARTS = (".dat", ".map", ".id", ".ind", ".mid")
_HASHED_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_DATABASE_PARTS = (".gpkg-wal", ".gpkg-shm", ".gpkg-journal")
_MOST_INNER = 20
_IGNORED_SUFFIXES = (".md",)
SNAPSHOT_NOTE = ".snapshot.json"
"""What the note beside a fetched file adds to the file's name."""


Stamp = tuple[tuple[str, int, int], ...]
"""Names, sizes and times of change of the files that make up an input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One readable file: on disk, or a member of an archive unpacked for the time of reading."""

    path: Path
    label: str
    archive: Path | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What a sidecar table may call this file: its label, its name, its archive's name."""
        outer = (self.archive.name,) if self.archive else ()
        return (self.label, self.path.name, *outer)


def expand_globs(root: Path, patterns: Sequence[str]) -> tuple[Path, ...]:
    """Return the files under `root` that any pattern matches, each once, in name order.

    Parts of a shapefile, hidden files, notes in Markdown and files that cdgis itself wrote are no inputs of their own.

    Raises
    ------
    ReaderError : a pattern is empty, absolute or malformed.
    """
    found = {path for pattern in patterns for path in _matches(root, pattern) if _could_be_input(path)}
    written = _Written(root)
    return tuple(path for path in sorted(found) if _is_input(path, found) and path not in written)


class _Written:
    """The files below a folder that cdgis itself wrote and nobody changed since, by the registers beside them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._registers: dict[Path, Register] = {}

    def __contains__(self, path: Path) -> bool:
        folders = [folder for folder in path.parents if folder.is_relative_to(self._root)]
        return any(is_written(folder, path.relative_to(folder).as_posix(), self._known(folder)) for folder in folders)

    def _known(self, folder: Path) -> Register:
        if folder not in self._registers:
            self._registers[folder] = read_register(folder)
        return self._registers[folder]


def _matches(root: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from root.glob(pattern)
    except (ValueError, NotImplementedError, IndexError, OSError) as err:
        raise ReaderError(
            f"cdgis.toml [sources] 的通配“{pattern}”写法不对（{in_words(err)}）", remedy="应相对于工作区，如 layers/projects/*"
        ) from err


def _could_be_input(path: Path) -> bool:
    """Return whether something found is a file, a geodatabase, or what only looks like one and must be reported."""
    if any(parent.suffix.lower() == GDB_SUFFIX for parent in path.parents):
        return False
    looks_like_one = path.suffix.lower() in (*SITE_SUFFIXES, ARCHIVE_SUFFIX)
    return path.is_file() or ((path.is_dir() or path.is_symlink()) and looks_like_one)


def _is_input(path: Path, beside: set[Path]) -> bool:
    if path.name.startswith((".", "~$")) or path.suffix.lower() in _IGNORED_SUFFIXES or path.name.endswith(SNAPSHOT_NOTE):
        return False
    beside_a_database = path.name.lower().endswith(_DATABASE_PARTS)
    if beside_a_database and path.with_name(path.name.rpartition("-")[0]) in beside:
        return False
    if path.suffix.lower() in _MAPINFO_PARTS:
        return not any(path.with_suffix(suffix) in beside for suffix in (".tab", ".TAB", ".mif", ".MIF"))
    if path.suffix.lower() not in _SHAPEFILE_PARTS:
        return True
    stem = path.name.split(".")[0] if path.name.lower().endswith(".shp.xml") else path.stem
    return not any((path.with_name(stem + suffix)) in beside for suffix in (".shp", ".SHP"))


def check_regular(path: Path, label: str) -> None:
    """Check that `path` is a file that can be read, or a geodatabase's folder.

    Raises
    ------
    ReaderError : a folder, a broken link, a device, or no permission to read.
    """
    if path.is_dir() and path.suffix.lower() == GDB_SUFFIX:
        return
    if not path.is_file():
        found = "是文件夹而不是文件" if path.is_dir() else "不是普通文件，或链接的目标不存在"
        raise ReaderError(f"{found}", source=label, remedy="请提交文件本身")
    try:
        with path.open("rb"):
            pass
    except OSError as err:
        raise ReaderError(
            f"无法读取（{os_reason(err)}）", source=label, remedy="请检查权限，并关闭正打开它的程序"
        ) from err


def open_archive(archive: Path, label: str, into: Path, *, depth: int = 0) -> tuple[InputFile, ...]:
    """Return the site files inside a zip, unpacked into the folder `into`; a zip in it is opened, one in that is not.

    Raises
    ------
    ReaderError : the archive is unsafe, damaged, or holds no site file.
    """
    members = unpack(archive, into)
    members = _with_geodatabases(members, into, archive.stem)
    files = set(members.values())
    named = [
        (f"{label}!{visible(name)}", path)
        for name, path in sorted(members.items())
        if _is_input(path, files) and not name.startswith("__MACOSX/")
    ]
    inner = [(inside, path) for inside, path in named if path.suffix.lower() == ARCHIVE_SUFFIX]
    if len(inner) > _MOST_INNER or (inner and depth):
        found = f"压缩包套了 {len(inner)} 个压缩包" if len(inner) > _MOST_INNER else "压缩包里的压缩包又含压缩包"
        raise ReaderError(f"{found}，不再打开", source=label, remedy="请解压后只压缩一层")
    inputs = tuple(InputFile(path=path, label=inside, archive=archive) for inside, path in named if (inside, path) not in inner)
    for number, (inside, path) in enumerate(inner):
        folder = into / f"{number}.unpacked"
        folder.mkdir()
        inputs += open_archive(path, inside, folder, depth=depth + 1)
    if not inputs:
        raise ReaderError(f"压缩包里没有可读的文件（支持 {'、'.join(SITE_SUFFIXES)}）", source=label)
    return inputs


def _with_geodatabases(members: Mapping[str, Path], into: Path, stem: str) -> dict[str, Path]:
    """Return the members with the files of each .gdb folder replaced by the folder itself."""
    if any(name.lower() == GDB_CATALOG_TABLE for name in members):
        # somebody zipped what is in the folder instead of the folder
        folder = into / f"{stem.removesuffix(GDB_SUFFIX)}{GDB_SUFFIX}"
        folder.mkdir(exist_ok=True)
        for path in members.values():
            if path.parent == into:
                path.rename(folder / path.name)
        return {folder.name: folder}
    found: dict[str, Path] = {}
    for name, path in members.items():
        inside = into.joinpath(*Path(name).parts)
        owner = next((parent for parent in inside.parents if parent.suffix.lower() == GDB_SUFFIX), None)
        if owner is not None and owner.is_relative_to(into):
            found[owner.relative_to(into).as_posix()] = owner
        else:
            found[name] = path
    return found


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file; of a shapefile, a folder, or a GeoPackage with changes beside it, of its parts' names
    and bytes in a fixed order.
    """
    parts = _named_parts(path)
    return _joint_digest(parts) if len(parts) > 1 or path.is_dir() or path.suffix.lower() == ".shp" else _digest(path).hexdigest()


def file_stamp(path: Path) -> Stamp:
    """Return name, size and time of change of all that `file_sha256` looks at: another stamp means other bytes."""
    states = ((name, part.stat()) for name, part in _named_parts(path).items())
    return tuple((name, state.st_size, state.st_mtime_ns) for name, state in states)


def _named_parts(path: Path) -> dict[str, Path]:
    if path.is_dir():
        return {part.name: part for part in sorted(path.iterdir()) if part.is_file() and part.suffix.lower() != ".lock"}
    if path.suffix.lower() == ".shp":
        return {part.suffix.lower(): part for part in _parts(path)}
    if path.suffix.lower() in (".tab", ".mif"):
        beside = (sibling(path, suffix) for suffix in _MAPINFO_PARTS)
        return {part.suffix.lower(): part for part in (path, *beside) if part is not None}
    return {part.name.removeprefix(path.stem): part for part in (path, *pending(path))}


def _joint_digest(parts: Mapping[str, Path]) -> str:
    whole = hashlib.sha256()
    for name, part in parts.items():
        whole.update(name.encode() + b"\x00" + _digest(part).digest())
    return whole.hexdigest()


def _digest(path: Path) -> "hashlib._Hash":
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256")


def _parts(shp: Path) -> Iterator[Path]:
    for suffix in _HASHED_PARTS:
        for candidate in (shp.with_suffix(suffix), shp.with_suffix(suffix.upper())):
            if candidate.is_file():
                yield candidate
                break
