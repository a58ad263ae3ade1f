"""What is made of layers alone, kept beside them as plain values: the next command takes it from there (decision 0085)."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import pydantic
from pydantic import TypeAdapter

from cdgis.readers.prepared_layers import Entry, PreparedLayers, declined, read_kept
from cdgis.workspace.layers import Layers

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswers:
    """Where answers about one set of layers are kept; travels to other processes, where layers know nothing of it."""

    home: PreparedLayers
    key: str

    @classmethod
    def of(cls, layers: Layers) -> "KeptAnswers | None":
        """Return where answers about these layers are kept; None where one of them is not as it was read, or it was declined."""
        homes: list[PreparedLayers] = []
        keys: list[str] = []
        for name, layer in layers.items():
            entry = layer.prepared
            if isinstance(entry, Entry) and entry.zones is layer.zones:
                homes.append(entry.home)
                keys += name, entry.key
            elif len(layer.zones):
                return None
            else:
                keys += name, layer.spec.model_dump_json()
        return cls(home=homes[0], key=_hash(keys)) if homes and not declined() else None

    def answer(self, name: str, kind: TypeAdapter[Answer], make: Callable[[], Answer], *, code: Sequence[str], more: Sequence[str]) -> Answer:
        """Return what `make` makes of the layers, as it was kept.

        Parameters
        ----------
        name : of the answer; one is kept under it, whatever it rested on.
        kind : what an answer looks like; what looks otherwise is made anew.
        code : rooms and modules of cdgis that make it, beyond those that read layers.
        more : all else that it rests on, as text.
        """
        target, key = self.home.folder / f".{name}.made", _hash([self.key, code_hash(tuple(code)), pydantic.VERSION, *more])
        found = read_kept(target, key)
        if found is not None:
            with suppress(ValueError):
                return kind.validate_python(found[0].get("answer"))
        made = make()
        with suppress(ValueError):  # a text that is none: whoever shows it says so
            self.home.write(target, {"answer": kind.dump_python(made, mode="json"), "key": key}, ())
        return made


@cache
def code_hash(parts: tuple[str, ...]) -> str:
    """Return the hash of modules of cdgis, or of all modules and tables in its rooms."""
    package = Path(__file__).parents[1]
    files = [file for part in parts for file in ([package / part] if part.endswith(".py") else sorted((package / part).rglob("*")))]
    return _hash([hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.suffix in (".py", ".toml")])


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
