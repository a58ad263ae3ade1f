"""What this tool wrote into an output folder, and how many decisions each report's journal holds.

``.cdgis.json`` in the folder lists every file written there with its SHA-256, over all commands that wrote into it, and the
length and head hash of every review journal. A file that is not on the list, or has other bytes by now, is somebody's
own and never overwritten; a journal that is shorter than the list says, or gone, was cut.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REGISTER = ".cdgis.json"
LISTING = "data/files.json"
"""Names and hashes of one run's own files; the register of folders written by earlier versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What a review journal was when cdgis last wrote it."""

    length: int
    head: str
    """SHA-256 of its last line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Files and journals that cdgis wrote into one folder."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Name below the folder, with forward slashes -> SHA-256."""
    journals: Mapping[str, Anchor] = field(default_factory=dict)
    """Name of the journal's file -> its anchor; never forgotten, even when the file is gone."""

    def text(self) -> str:
        """Return the register as it stands in its file."""
        content = {
            "files": dict(sorted(self.files.items())),
            "journals": {
                name: {"length": one.length, "head": one.head} for name, one in sorted(self.journals.items())
            },
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read_register(folder: Path) -> Register:
    """Return the folder's register; a spoilt or missing one knows nothing, so that nothing is overwritten."""
    content = _json_object(folder / REGISTER)
    listed = {} if content else read_listing(folder)
    if listed:
        return Register(files={**listed, LISTING: file_digest(folder / LISTING)})
    journals = {
        name: Anchor(length=row["length"], head=row["head"])
        for name, row in _mapping(content.get("journals")).items()
        if isinstance(row, dict) and isinstance(row.get("length"), int) and isinstance(row.get("head"), str)
    }
    return Register(files=_texts(content.get("files")), journals=journals)


def read_listing(folder: Path) -> dict[str, str]:
    """Return name -> SHA-256 of the files that the last run of a whole folder listed as its own."""
    return _texts(_json_object(folder / LISTING))


def _texts(value: object) -> dict[str, str]:
    return {name: text for name, text in _mapping(value).items() if isinstance(text, str)}


def _json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_written(folder: Path, name: str, register: Register) -> bool:
    """Return whether the file `name` in `folder` has the bytes that cdgis gave it."""
    path, known = folder / name, register.files.get(name)
    return known is not None and path.is_file() and not path.is_symlink() and file_digest(path) == known


def add_to_register(folder: Path, files: Mapping[str, str], *, gone: Iterable[str] = ()) -> None:
    """Enter files that a command wrote one by one, name -> SHA-256, and strike out those it removed."""
    before = read_register(folder)
    removed = set(gone)
    kept = {name: digest for name, digest in before.files.items() if name not in removed}
    after = Register(files=kept | dict(files), journals=before.journals)
    fresh = folder / f"{REGISTER}.new"
    fresh.write_bytes(after.text().encode("utf-8"))
    fresh.replace(folder / REGISTER)


def foreign_files(folder: Path, fresh: Mapping[str, Path], *, own: Iterable[str] = ()) -> list[str]:
    """Return the names among `fresh` under which `folder` holds something that cdgis did not write.

    Parameters
    ----------
    fresh : name -> the file that is to take this place; one of equal bytes loses nothing and is no matter.
    own : names known to be cdgis's by other evidence than the register.
    """
    register, sure = read_register(folder), {REGISTER, *own}
    return [
        name
        for name, made in sorted(fresh.items())
        if name not in sure and _stands(folder / name) and not is_written(folder, name, register)
        and ((folder / name).is_symlink() or not _same(folder / name, made))
    ]  # fmt: skip


def _stands(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and file_digest(one) == file_digest(other)
