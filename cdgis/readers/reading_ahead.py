"""Files of subjects that a second process reads while this one reads the layers (decision 0086).

What it read is taken where a file's bytes and all that its rows rest on are what they are when its turn comes.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from geopandas import GeoDataFrame

from cdgis.core.beside import Other
from cdgis.core.errors import CdgisError, CrsError, ReaderError
from cdgis.core.scratch_folder import scratch_folder
from cdgis.core.vocabulary import SubjectKind
from cdgis.readers.formats import read_records
from cdgis.readers.inputs import ARCHIVE_SUFFIX, InputFile, Stamp, check_regular, expand_globs, file_stamp, open_archive
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.records import SiteRecord, SiteSource
from cdgis.readers.sheets import WORKBOOK_SUFFIXES
from cdgis.readers.site_batch import Ahead, Known, SiteBatch, project_batch
from cdgis.readers.vector import DRIVERS
from cdgis.workspace.settings import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class _SubjectFiles:
    """A workspace's files of subjects, for a process that reads some of them."""

    workspace: Workspace
    batches: Mapping[SubjectKind, SiteBatch]


def offer_reading(other: Other, workspace: Workspace) -> Ahead:
    """Offer `other` the workspace's files; what it has read by the time `read_subjects` comes to them is taken from it."""
    try:
        batches = {batch.kind: batch for batch in subject_batches(workspace)}
    except (CdgisError, OSError):  # told where the subjects are read
        return {}
    files = [(kind, path) for kind, batch in batches.items() for path in batch.paths]
    about = _SubjectFiles(workspace=workspace, batches=batches)
    # libraries shall be the other's alone: it reads what takes one in the order in which the rows are wanted, the rest last first
    bound = [file for file in files if _takes_a_library(file)]
    rows: Ahead = {file: other.begin(_read_ahead, about, file, here=_unread, keep=about) for file in bound}
    free = [file for file in reversed(files) if file not in rows]
    return {**rows, **dict(zip(free, other.offer(_read_ahead, about, free, here=_unread), strict=True))}


def _takes_a_library(file: tuple[SubjectKind, Path]) -> bool:
    return file[1].suffix.lower() in (*WORKBOOK_SUFFIXES, *DRIVERS, ARCHIVE_SUFFIX)


def _unread(*file: object) -> None:
    """Leave a file to be read where its rows are wanted."""


@in_its_place
def _read_ahead(files: _SubjectFiles, file: tuple[SubjectKind, Path]) -> Known | None:
    """Return the state a file is in and its rows; None of one that cannot be read whole, which is told where it is wanted."""
    batch, path = files.batches[file[0]], file[1]
    with suppress(ReaderError, CrsError, OSError), folder_for(path) as folder:
        check_regular(path, batch.labels[path])
        stamp = file_stamp(path)
        sources = [batch.source(part) for part in parts_of(path, batch.labels[path], folder)]
        return stamp, {_apart(source): read_records(source, places_of(batch)) for source in sources}
    return None


def _apart(source: SiteSource) -> SiteSource:
    """Return all that a file's rows rest on but where it lies: members of archives lie elsewhere each time they are unpacked."""
    return replace(source, path=Path())


def subject_batches(workspace: Workspace) -> tuple[SiteBatch, SiteBatch]:
    """Return the workspace's projects and enterprises, neither looked into yet."""
    sources = workspace.settings.sources
    sidecar = workspace.root / sources.project_attributes if sources.project_attributes else None
    sites = tuple(path for path in expand_globs(workspace.root, sources.projects) if path != sidecar)
    tables = expand_globs(workspace.root, sources.enterprises)
    labels = workspace.labels((*sites, *tables, *((sidecar,) if sidecar else ())))
    projects = replace(project_batch(workspace, sites, labels, sidecar), whole=True, of_workspace=True)
    return projects, replace(projects, paths=tables, kind=SubjectKind.ENTERPRISE, sidecar=None)


def rows_of(source: SiteSource, batch: SiteBatch, taken: tuple[Path, Stamp]) -> tuple[SiteRecord, ...]:
    """Return a file's rows as it is now: read ahead from the same bytes under the same declarations, or read here."""
    stamp, known = batch.ahead.get((batch.kind, taken[0]), _unread)() or ((), {})
    found = known.get(_apart(source)) if stamp == taken[1] else None
    return read_records(source, places_of(batch)) if found is None else found


def places_of(batch: SiteBatch) -> GeoDataFrame | None:
    """Return the places against which the shifted datum of enterprises may become evident."""
    return batch.places.frame if batch.places and batch.kind is SubjectKind.ENTERPRISE else None


def folder_for(path: Path) -> AbstractContextManager[Path]:
    """Return where a file's members are unpacked to, if it has any."""
    return scratch_folder() if path.suffix.lower() == ARCHIVE_SUFFIX else nullcontext(Path())


def parts_of(path: Path, label: str, folder: Path) -> Sequence[InputFile]:
    """Return a file, or the members of an archive, unpacked into `folder`.

    Raises
    ------
    ReaderError : the archive cannot be unpacked.
    """
    return open_archive(path, label, folder) if path.suffix.lower() == ARCHIVE_SUFFIX else (InputFile(path=path, label=label),)
