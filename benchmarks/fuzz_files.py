"""Mutated site files of every format: bytes, fields and headers; none ends in a traceback, none is accepted in silence.

    python -m benchmarks.fuzz_files --files 2000 --seed 1

Each file is one good file with one or two changes. Reading must end with intake lines or a Chinese error; the counts must
close (every subject has its line, no row has two); no message may hold a library's English; and a parcel that is accepted
without a word must be the land the good file describes, or lie where its changed numbers say (a changed coordinate makes
another parcel, which no reader can know: those are counted and listed, not called faults).
"""

import argparse
import collections
import re
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cdgis.core.errors import CdgisError
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import read_sites
from cdgis.workspace.settings import Workspace

TOKENS = (b"1e999", b"-1", b"nan", b"\x00", b"\xff", b'"', b",", b"\n", b"{", b"]", b"null", b"9" * 40, b"<", b"\xd6\xd0", b"EPSG:4527", b"0")
ENGLISH = re.compile(r"(?:[A-Za-z]{2,}[ ,'.]+){4,}[A-Za-z]{2,}")
"""Five English words in a row: no message of ours holds so many, names of layers and systems aside."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutated file."""

    name: str
    fate: str
    """refused, quarantined, told (accepted or repaired with a word), silent, moved (silent, other land), or fault."""
    detail: str = ""


def mutated(data: bytes, random: Random) -> bytes:
    """Return `data` with one or two changes of bytes, of a number or word, or of its first lines."""
    for _ in range(random.choice((1, 1, 2))):
        kind = random.choice(("cut", "put", "flip", "end", "field", "header", "swap"))
        at = random.randrange(max(len(data), 1))
        if kind == "cut":
            data = data[:at] + data[at + random.randrange(1, 40) :]
        elif kind == "put":
            data = data[:at] + random.choice(TOKENS) + data[at:]
        elif kind == "flip" and data:
            data = data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]
        elif kind == "end":
            data = data[:at]
        elif kind in ("field", "header"):
            words = [m.span() for m in re.finditer(rb"[\w.]+", data[:300] if kind == "header" else data)]
            if words:
                first, last = random.choice(words)
                data = data[:first] + random.choice((b"", b"X", *TOKENS)) + data[last:]
        else:
            half = random.randrange(max(len(data), 1))
            data = data[:at] + data[half : half + 20] + data[at + 20 :]
    return data


def outcomes(good: dict[str, bytes], workspace: Workspace, *, files: int, seed: int, area_m2: float) -> Iterator[Outcome]:
    """Yield what became of each of `files` mutations of the good files, which all describe one parcel of `area_m2`."""
    names = sorted(good)
    for number in range(files):
        name = names[number % len(names)]
        random = Random(f"{seed}-{number}")
        folder = Path(tempfile.mkdtemp(dir=workspace.root))
        path = folder / f"m{Path(name).suffix}"
        path.write_bytes(mutated(good[name], random))
        yield judged(path, f"{name} #{number}", workspace, area_m2)
        path.unlink()
        folder.rmdir()


def judged(path: Path, name: str, workspace: Workspace, area_m2: float) -> Outcome:
    """Return what became of one file."""
    before = path.read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            subjects = read_sites(workspace, (path,), declared={"crs": "EPSG:4548"} if path.suffix == ".dxf" else None)
    except CdgisError as err:
        return Outcome(name, "fault" if ENGLISH.search(str(err)) else "refused", str(err))
    except Exception:
        return Outcome(name, "fault", traceback.format_exc())
    notes = subjects.intake
    kept = [note for note in notes if note.status != "quarantined"]
    rows = [(note.file, note.row) for note in notes]
    if path.read_bytes() != before or len(kept) != len(subjects.frame) or len(set(rows)) != len(rows) or not notes:
        return Outcome(name, "fault", f"counts do not close: {len(kept)} {len(subjects.frame)} {rows}")
    english = [note.reason for note in notes if ENGLISH.search(note.reason + note.remedy)]
    if english:
        return Outcome(name, "fault", f"English: {english[0]}")
    if not kept:
        return Outcome(name, "quarantined")
    if any(note.reason for note in notes):
        return Outcome(name, "told")
    same = abs(float(survey_area_m2(subjects.frame.geometry.to_numpy()).sum()) - area_m2) <= 1.0
    return Outcome(name, "silent" if same else "moved", str(subjects.frame.geometry.iloc[0])[:200])


def main() -> None:
    """Run the number of mutations asked for and print what became of them."""
    from tests.mutation_samples import AREA_M2, samples, small_workspace

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        found = list(outcomes(samples(root), small_workspace(root), files=asked.files, seed=asked.seed, area_m2=AREA_M2))
    for outcome in found:
        if outcome.fate in ("fault", "moved"):
            print(outcome.fate, outcome.name, outcome.detail)
    print(dict(collections.Counter(outcome.fate for outcome in found)), f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
