"""Sites of one part of a large GeoParquet file (provincial batches), read by the law of single sites.

Rows are numbered from 1 in the file; every row is accepted, repaired or quarantined, whichever part it falls into. What
would need rows of other parts (vertices of one outline) is asked about, and a number given twice is left to the end.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import shapely

from cdgis.readers.ids import IdRegister
from cdgis.readers.inputs import InputFile
from cdgis.readers.intake import rejected
from cdgis.readers.parquet_sites import read_rows
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.records import SiteRecord
from cdgis.readers.roster import Roster
from cdgis.readers.shape_kind import ShapeKind, named_kind
from cdgis.readers.site_batch import project_batch, sites_of
from cdgis.readers.stated_places import StatedPlaces, said_of_place
from cdgis.readers.subjects import Description, describe_site
from cdgis.readers.vertices import Described
from cdgis.workspace.layers import Layer, Subjects
from cdgis.workspace.settings import Workspace

_JOIN_FIRST = "请先在 GIS 软件里把点连成面（点转线、线转面）后提交；确是点位的加 --as points"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfFile:
    """Rows first..last-1 of one row group of a GeoParquet file."""

    number: int
    path: Path
    label: str
    """Name shown to the user."""
    row_group: int
    first: int
    last: int
    before: int
    """Rows of the file before this part."""


def parts_of_files(files: Sequence[tuple[Path, str]], *, rows: int) -> tuple[PartOfFile, ...]:
    """Return parts of at most `rows` rows that together hold every row of the files once, in order."""
    parts: list[PartOfFile] = []
    for path, label in files:
        before = 0
        groups = pq.ParquetFile(path).metadata
        for group in range(groups.num_row_groups):
            count = groups.row_group(group).num_rows
            for first in range(0, count, rows):
                last = min(first + rows, count)
                parts.append(
                    PartOfFile(
                        number=len(parts),
                        path=path,
                        label=label,
                        row_group=group,
                        first=first,
                        last=last,
                        before=before,
                    )
                )
                before += last - first
    return tuple(parts)


@in_its_place
def read_parcels(
    workspace: Workspace, part: PartOfFile, *, declared: Mapping[str, str], layers: Mapping[str, Layer] | None = None
) -> Subjects:
    """Return the sites in one part of a file, EPSG:4490, with an intake line for every row that earned a word.

    Parameters
    ----------
    declared : column or attribute name -> text for every site, over what the file says.
    layers : of the workspace, as far as they are read already.

    Raises
    ------
    ReaderError : the file is no GeoParquet, or damaged.
    CrsError : its coordinate system is not one that needs no local parameters.
    """
    places = StatedPlaces(workspace, layers)
    batch = replace(project_batch(workspace, places=places), declared=declared)
    file = InputFile(path=part.path, label=part.label)
    records = read_rows(part.row_group, slice(part.first, part.last), batch.source(file), before=part.before)

    describe = _describer(declared)
    rows = {record.row for record in records}
    # said once a file, whatever its parts: by the names of its columns
    columns = [dict.fromkeys(record.texts, "…") for record in records[:1] if part.before == 0]
    sites = sites_of(records, describe, listed=False, repair_share=batch.repair_share, columns=columns)
    roster = Roster(default_accuracy_m=workspace.settings.default_accuracy_m, ids=IdRegister(renames=False))
    undoubted = [r.row in rows and simple for (r, _), simple in zip(sites, _undoubted(sites, places), strict=True)]
    for run in _runs(sites, undoubted):
        record, described = sites[run[0]]
        if undoubted[run[0]]:
            roster.add_alike([sites[at][0] for at in run], described, file, batch.kind)
            continue
        if record.row not in rows:
            bad = rejected("这些行像是一块地的拐点，分块研判不把各行连成面", field="图形", remedy=_JOIN_FIRST)
            record = replace(record, geometry=None, remarks=(*record.remarks, bad))
        batch.enter(record, described, file, roster)
    subjects = roster.to_subjects()
    return replace(subjects, intake=tuple(note for note in subjects.intake if note.reason))


def _describer(declared: Mapping[str, str]) -> Callable[[SiteRecord], Description]:
    """Return what describes records by declaration and row, in this order; rows that say the same once."""

    known: dict[int, tuple[Mapping[str, str], Description]] = {}

    @cache
    def described(headers: tuple[str, ...], cells: tuple[str, ...]) -> Description:
        """Return what these cells say."""
        return describe_site(declared, dict(zip(headers, cells, strict=True)))

    def describe(record: SiteRecord) -> Description:
        """Return what is said of a record."""
        texts, found = known.get(id(record.texts), (None, None))
        if found is None or texts is not record.texts:  # rows that say the same have one mapping, which is kept with the answer
            found = described(tuple(record.texts), tuple(record.texts.values()))
            known[id(record.texts)] = (record.texts, found)
        return found

    return describe


def _undoubted(sites: Sequence[Described], places: StatedPlaces) -> list[bool]:
    """Return which sites are land as they stand, polygons that nobody calls otherwise, where they are said to lie."""
    shapes = np.array([record.geometry for record, _ in sites], dtype=object)
    land = np.asarray(shapely.get_dimensions(shapes) == ShapeKind.POLYGON.dimension)
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    said: dict[int, tuple[str, ...]] = {}
    for at in np.flatnonzero(land).tolist():
        described = sites[at][1]
        if id(described) not in said:
            said[id(described)] = (described.columns.get("geometry_kind", ""), *said_of_place(described))
        alike[said[id(described)]].append(at)
    for (kind, *_), same in alike.items():
        meant = not kind or named_kind(kind) is ShapeKind.POLYGON
        land[same] = places.undoubted(shapes[same], sites[same[0]][1]) if meant else False
    return list(land.tolist())


def _runs(sites: Sequence[Described], undoubted: Sequence[bool]) -> Iterator[list[int]]:
    """Yield the sites' numbers in order: undoubted ones in sequence of which the same is said together, every other alone."""

    def said(at: int) -> tuple[object, ...]:
        """Return what is said of an undoubted site, else its number."""
        record, described = sites[at]
        return (id(described), record.accuracy_m, record.remarks) if undoubted[at] else (at,)

    for _, run in groupby(range(len(sites)), said):
        yield list(run)
