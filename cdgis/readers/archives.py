"""Files of a zip archive, checked before it is unpacked.

Members are read as streams and counted as they grow: what the archive's directory says about sizes is not
believed. Nothing is written outside the target folder, no link is followed, no archive inside is opened.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError

_CHUNK_BYTES = 1 << 20
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1
_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, EOFError, RuntimeError, ValueError, struct.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """How much an archive may unpack to."""

    total_bytes: int = 1 << 30
    members: int = 2000
    ratio: float = 200.0
    """Unpacked over packed size of one member."""
    ratio_floor_bytes: int = 1 << 26
    """Members below this size are not held to the ratio: blank-padded DBF files shrink a thousandfold."""


DEFAULT_LIMITS = ArchiveLimits()


def unpack(archive: Path, into: Path, *, limits: ArchiveLimits = DEFAULT_LIMITS) -> dict[str, Path]:
    """Return {member name: unpacked file} after unpacking `archive` into the folder `into`.

    Member names come back with forward slashes, decoded as UTF-8 or GB18030.

    Raises
    ------
    ReaderError : not a zip, damaged, encrypted, a path that leaves the folder, a link, or a limit exceeded.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _checked_members(opened, archive.name, limits)
            return _extract(opened, members, into, limits=limits)
    except _DAMAGED as err:
        raise ReaderError(
            f"压缩包损坏或格式不支持（{in_words(err)}）", source=archive.name, remedy="请重新压缩为 zip"
        ) from err


def check_archive(archive: Path, *, limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
    """Check a zip-based file (XLSX) without writing anything.

    Raises
    ------
    ReaderError : as `unpack`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            budget = limits.total_bytes
            for info in _checked_members(opened, archive.name, limits).values():
                budget -= sum(len(chunk) for chunk in _chunks(opened, info, limits=limits, budget=budget))
    except _DAMAGED as err:
        raise ReaderError(
            f"文件损坏或不是 xlsx/zip 格式（{in_words(err)}）", source=archive.name, remedy="请另存后重试"
        ) from err


def _checked_members(opened: zipfile.ZipFile, source: str, limits: ArchiveLimits) -> dict[str, zipfile.ZipInfo]:
    infos = [info for info in opened.infolist() if not info.filename.endswith("/")]
    if len(infos) > limits.members:
        raise ReaderError(
            f"压缩包内有 {len(infos)} 个文件，超过上限 {limits.members}", source=source, remedy="请拆分后重试"
        )
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = _safe_name(info, source)
        if name in members:
            raise ReaderError(f"压缩包内有两个同名文件 {name}", source=source, remedy="请删去一个后重新压缩")
        members[name] = info
    folders = {parent.as_posix() for name in members for parent in PurePosixPath(name).parents}
    clash = sorted(name for name in members if name.rstrip("/") in folders or name != PurePosixPath(name).as_posix())
    if clash:
        raise ReaderError(
            f"压缩包内名称 {clash[0]!r} 不合规（与文件夹同名，或含多余的“/”“.”）", source=source, remedy="请重新压缩"
        )
    return members


def _safe_name(info: zipfile.ZipInfo, source: str) -> str:
    name = info.filename if info.flag_bits & _UTF8_FLAG else _redecoded(info.filename)
    name = name.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or ":" in name or "\x00" in name:
        raise ReaderError(f"压缩包内路径 {name!r} 指向目标文件夹之外，已拒绝", source=source, remedy="请重新压缩")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ReaderError(f"压缩包内 {name!r} 是链接，已拒绝", source=source, remedy="请压缩文件本身")
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise ReaderError("压缩包已加密", source=source, remedy="请解密后重试")
    return name


def _redecoded(name: str) -> str:
    """Undo zipfile's cp437 reading of names that Chinese Windows wrote in GBK (or UTF-8 without the flag)."""
    raw = name.encode("cp437", errors="replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name


def _extract(
    opened: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], into: Path, *, limits: ArchiveLimits
) -> dict[str, Path]:
    files: dict[str, Path] = {}
    budget = limits.total_bytes
    for name, info in sorted(members.items()):
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            for chunk in _chunks(opened, info, limits=limits, budget=budget):
                budget -= len(chunk)
                out.write(chunk)
        files[name] = target
    return files


def _chunks(opened: zipfile.ZipFile, info: zipfile.ZipInfo, *, limits: ArchiveLimits, budget: int) -> Iterator[bytes]:
    allowed = max(info.compress_size * limits.ratio, limits.ratio_floor_bytes)
    seen = 0
    with opened.open(info) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            seen += len(chunk)
            if seen > allowed:
                raise ReaderError(
                    f"{Path(str(opened.filename)).name}：{info.filename} 解压比超过 {limits.ratio:g} 倍，疑为压缩炸弹，已拒绝"
                )
            if seen > budget:
                raise ReaderError(
                    f"{Path(str(opened.filename)).name}：解压后超过 {limits.total_bytes / 2**20:.0f} MB 上限，已拒绝"
                )
            yield chunk
