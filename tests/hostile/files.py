"""Files of every format with one or two seeded wounds, screened as the command does: bytes, numbers and words, headers, members.

A wound that leaves the structure of the outlines as it was and moves at most three vertices is a number changed: no reader
can know that (fate CHANGED). Any other land that is accepted without a word must be what another library reads.
"""

import io
import random
import re
import shutil
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import permutations
from pathlib import Path

import geopandas as gpd
import hypothesis  # noqa: F401  what checks the tables imports it: here once, not in every process
import numpy as np
import shapely
from small_workspace import small_workspace

from cdgis.core.errors import CdgisError
from cdgis.core.progress import Silent
from cdgis.core.written_files import file_digest
from cdgis.pipelines import assess_sites as pipeline
from cdgis.pipelines.assess_sites import assess_sites, require_a_site
from cdgis.readers.loading import load_workspace
from cdgis.results.assessment import Assessment
from cdgis.workspace.settings import Workspace, open_workspace

from .file_samples import PARCELS, declared_for, good_files
from .trials import Case, Fate, Outcome, prepared

_TOKENS = (
    b"1e999", b"-1", b"nan", b"\x00", b"\xff", b'"', b",", b"\n", b"{", b"]", b"null", b"9" * 400, b"\\ud800", b"<", b"\r", b"'", b"0",
    b"&#0;", b"\xe2\x80\xae", b"%s", b"../", b"=1+1", b"\t", b"0x1p", b"\xf0\x9f\x98\x80", b"\xd6\xd0", b"EPSG:4527", b"", b"X",
)  # fmt: skip
ENGLISH = re.compile(r"(?:[A-Za-z]{2,}[ ,'.]+){4,}[A-Za-z]{2,}")
"""Five English words in a row: no message of ours holds so many, names of layers and systems aside."""
_SAME_DEG, _MOST_MOVED = 3e-8, 3
_DRIVERS = (".geojson", ".gpkg", ".fgb", ".gml", ".shp.zip", ".gdb.zip", ".kml", ".ovkml", ".parquet")
"""What GDAL or geopandas read in another way than ours."""


def cases(count: int, seed: int, scratch: Path) -> Iterator[Case]:
    """Yield `count` wounded files, the formats in turn."""
    good, place = good_files(scratch), open_workspace(small_workspace(scratch / "w"))
    prepared(lambda: screened(place, scratch / "good" / "a.geojson"))
    read_once(place)
    for number in range(count):
        name = sorted(good)[number % len(good)]
        path = scratch / str(number) / name
        yield f"{name} {seed}/{number}", lambda path=path, name=name, number=number: tried(place, path, good[name], f"{seed}/{number}")


def read_once(place: Workspace) -> None:
    """Let the command's pipeline find the workspace read already: it is the same for every file."""
    loaded = load_workspace(place, as_of=None, tolerance_m=None, progress=Silent())
    pipeline.load_workspace = lambda *_, **__: nullcontext(loaded)


def tried(place: Workspace, path: Path, data: bytes, seed: str) -> Outcome:
    """Return what becomes of a file wounded by this seed; the folder is made, and taken away again."""
    draw = random.Random(seed)
    path.parent.mkdir()
    wounded = _wounded(data, draw, whole=not zipfile.is_zipfile(io.BytesIO(data)) or draw.random() < 0.3)
    path.write_bytes(wounded)
    before = file_digest(path)
    try:
        outcome = _judged(place, path)
    except CdgisError as err:
        outcome = (Fate.WRONG, f"English: {err}") if ENGLISH.search(str(err)) else (Fate.REFUSED, "")
    if file_digest(path) != before:
        outcome = (Fate.WRONG, "reading changed the file")
    shutil.rmtree(path.parent)
    return outcome


def screened(place: Workspace, path: Path) -> Assessment:
    """Return what the command makes of a file.

    Raises
    ------
    CdgisError : as the command.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assessment = assess_sites(place, [path], declared=declared_for(path.name))
    require_a_site(assessment.tables)
    return assessment


def _judged(place: Workspace, path: Path) -> Outcome:
    assessment = screened(place, path)
    notes, frame = assessment.tables["intake"], assessment.tables["subjects"]
    kept = notes[notes["status"] != "quarantined"]
    if len(kept) != len(frame) or notes.duplicated(["file", "row"]).any() or len(assessment.tables["verdicts"]) != len(frame):
        return Fate.SILENT, f"{len(frame)} subjects, {len(kept)} accepted lines of {len(notes)}"
    english = [text for text in (*notes["reason"], *notes["remedy"]) if ENGLISH.search(str(text))]
    if english:
        return Fate.WRONG, f"English: {english[0]}"
    if (notes["status"] == "quarantined").any():
        return Fate.REFUSED, ""
    if (notes["reason"].fillna("") != "").any():
        return Fate.REPAIRED, ""
    return _as_it_says(path, np.asarray(assessment.subjects.frame.geometry.array, dtype=object))


def _as_it_says(path: Path, shapes: np.ndarray) -> Outcome:
    """Compare what was read without a word with the good parcels, and where it differs with another library's reading."""
    if len(shapes) == len(PARCELS):
        # a spatial index writes them in an order of its own, and a number may move one beyond the other
        shapes = min((shapes[list(order)] for order in permutations(range(len(shapes)))), key=lambda those: sum(map(_moved, those, PARCELS)))
        moved = list(map(_moved, shapes, PARCELS))
        if not any(moved) and (shapely.hausdorff_distance(shapes, PARCELS) <= _SAME_DEG * 10).all():
            return Fate.RIGHT, ""
        # MapInfo keeps an origin for each outline: one number that moves it whole
        most = _MOST_MOVED if not path.name.endswith(".tab.zip") or min(moved) else max(moved)
        if all(map(_like, shapes, PARCELS)) and sum(moved) <= most:
            return Fate.CHANGED, ""
    there = _independently(path)
    if there is not None and len(there) == len(shapes) and (shapely.hausdorff_distance(there, _from_the_west(shapes)) <= _SAME_DEG * 100).all():
        return Fate.RIGHT, ""
    return Fate.WRONG, f"other land without a word: {shapes.tolist()}"[:600]


def _from_the_west(shapes: np.ndarray) -> np.ndarray:
    return shapes[np.argsort(shapely.bounds(shapes)[:, 0])]


def _like(found: shapely.Geometry, good: shapely.Geometry) -> bool:
    """Return whether two outlines have the same rings with equally many vertices."""
    counts = [shapely.get_num_coordinates(shapely.get_rings(shape)).tolist() for shape in (found, good)]
    return found.geom_type == good.geom_type and sorted(counts[0]) == sorted(counts[1])


def _moved(found: shapely.Geometry, good: shapely.Geometry) -> int:
    """Return how many vertices of an outline lie where the good one has none."""
    near = shapely.distance(shapely.points(np.unique(shapely.get_coordinates(found), axis=0)), shapely.multipoints(shapely.get_coordinates(good)))
    return int((near > _SAME_DEG * 10).sum())


def _independently(path: Path) -> np.ndarray | None:
    """Return the outlines another library reads, degrees; None where it reads none."""
    if not path.name.endswith(_DRIVERS):
        return None
    try:
        if path.suffix == ".ovkml":
            path = Path(shutil.copyfile(path, path.with_suffix(".kml")))
        frame = gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path, engine="pyogrio")
        return _from_the_west(np.asarray(shapely.force_2d((frame.to_crs(4490) if frame.crs else frame).geometry.to_numpy()), dtype=object))
    except Exception:  # the other library may fail as it likes: then it has no say
        return None


def _wounded(data: bytes, draw: random.Random, *, whole: bool) -> bytes:
    if whole:
        for _ in range(draw.choice((1, 1, 2))):
            data = _wound(data, draw)
        return data
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        hit = draw.randrange(len(old.namelist()))
        for number, name in enumerate(old.namelist()):
            content = old.read(name)
            new.writestr(name, _wounded(content, draw, whole=True) if number == hit else content)
    return out.getvalue()


def _wound(data: bytes, draw: random.Random) -> bytes:
    at, length = draw.randrange(len(data) + 1), draw.randint(1, 60)
    kind = draw.choice(("cut", "put", "flip", "flip", "swap", "end", "twice", "field", "field", "header", "digit"))
    if kind in ("field", "header", "digit"):
        pattern = rb"\d" if kind == "digit" else rb"[\w.]+"
        words = [match.span() for match in re.finditer(pattern, data[:300] if kind == "header" else data)]
        if not words:
            return data[:at]
        first, last = draw.choice(words)
        return data[:first] + (b"%d" % draw.randrange(10) if kind == "digit" else draw.choice(_TOKENS)) + data[last:]
    return {
        "cut": data[:at] + data[at + length :],
        "put": data[:at] + draw.choice(_TOKENS) + data[at + draw.randint(0, 2) :],
        "flip": data[:at] + bytes(byte ^ 1 << draw.randrange(8) for byte in data[at : at + 1]) + data[at + 1 :],
        "swap": data[:at] + data[at + length : at + 2 * length] + data[at : at + length] + data[at + 2 * length :],
        "twice": data[: at + length] + data[at:],
    }.get(kind, data[:at])
