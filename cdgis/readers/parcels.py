"""Sites of one part of a large GeoParquet file (provincial batches), read by the law of single sites.

Rows are numbered from 1 in the file; every row is accepted, repaired or quarantined, whichever part it falls into. What
would need rows of other parts (vertices of one outline) is asked about, and a number given twice is left to the end.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import shapely

from cdgis.core.array_types import BoolArray, IntArray
from cdgis.readers.ids import IdRegister
from cdgis.readers.inputs import InputFile
from cdgis.readers.intake import rejected
from cdgis.readers.parquet_sites import RowsInColumns, read_rows
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.records import SiteRecord
from cdgis.readers.roster import Roster
from cdgis.readers.shape_kind import ShapeKind, heads, named_kind
from cdgis.readers.site_batch import project_batch, sites_of
from cdgis.readers.stated_places import StatedPlaces, said_of_place
from cdgis.readers.subjects import Description, describe_site
from cdgis.readers.vertices import Described, may_be_vertex
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
    rows = read_rows(part.row_group, slice(part.first, part.last), batch.source(file), before=part.before)

    told = [describe_site(declared, texts) for texts in rows.texts]

    @cache
    def description(cells: tuple[tuple[str, str], ...]) -> Description:
        """Return what the cells of a row say."""
        return describe_site(declared, dict(cells))

    alike = _undoubted(rows, told, places)
    # said once a file, whatever its parts, at its first row: by the names of its columns
    columns = [dict.fromkeys(rows.columns, "…")] if part.before == 0 else []
    alike[:1] &= not columns
    sites = sites_of(
        _records(rows, alike), lambda record: description(tuple(record.texts.items())), listed=False,
        repair_share=batch.repair_share, columns=columns,
    )  # fmt: skip
    roster = Roster(default_accuracy_m=workspace.settings.default_accuracy_m, ids=IdRegister(renames=False))
    for said, run in _runs(rows, alike, sites):
        if said >= 0:
            numbers = [str(part.before + at + 1) for at in run.tolist()]
            accuracy_m = rows.reference.accuracy_m
            roster.add_alike(numbers, rows.shapes[run].tolist(), told[said], file, remarks=rows.remarks, accuracy_m=accuracy_m)
            continue
        record, described = sites[-1 - said]
        if not record.row.isdecimal():
            bad = rejected("这些行像是一块地的拐点，分块研判不把各行连成面", field="图形", remedy=_JOIN_FIRST)
            record = replace(record, geometry=None, remarks=(*record.remarks, bad))
        batch.enter(record, described, file, roster)
    return replace(roster.to_subjects(packed=True), intake=roster.intake.with_words(), given={})


def _undoubted(rows: RowsInColumns, told: Sequence[Description], places: StatedPlaces) -> BoolArray:
    """Return which rows are plain land, polygons that nobody calls otherwise or takes for vertices, where they are said to lie."""
    if any(heads(header, "column") for header in rows.columns):
        return np.zeros(len(rows.raw), dtype=bool)
    land: BoolArray = rows.plain & (shapely.get_dimensions(rows.shapes) == ShapeKind.POLYGON.dimension)
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, described in enumerate(told):
        alike[(described.columns.get("geometry_kind", ""), *said_of_place(described))].append(number)
    for (kind, *_), same in alike.items():
        at = np.flatnonzero(land & np.isin(rows.said, same)) if len(alike) > 1 else np.flatnonzero(land)
        meant = not kind or named_kind(kind) is ShapeKind.POLYGON
        land[at] = places.undoubted(rows.shapes[at], told[same[0]]) if meant else False
    return land


def _records(rows: RowsInColumns, alike: BoolArray) -> list[SiteRecord]:
    """Return the rows to be looked at one by one, all when two may be put together: such stand where the first of them does."""
    found = {at: rows.record(at) for at in np.flatnonzero(~alike).tolist()}
    if sum(map(may_be_vertex, found.values())) <= 1:
        return list(found.values())
    return [found[at] if at in found else rows.record(at) for at in range(len(alike))]


def _runs(rows: RowsInColumns, alike: BoolArray, sites: Sequence[Described]) -> Iterator[tuple[int, IntArray]]:
    """Yield what to enter in order: the text that alike rows say and their places, or -1 less a site's place in `sites`."""
    at = np.array([int(record.row.partition("-")[0]) for record, _ in sites], dtype=np.int64) - rows.before - 1
    lone, key = np.flatnonzero(alike), -1 - np.arange(len(at))
    if alike[at].any():  # every row is among the sites
        key = np.where(alike[at], rows.said[at], key)
    elif len(lone):
        at, key = np.concatenate([at, lone]), np.concatenate([key, rows.said[lone]])
        order = np.argsort(at, kind="stable")
        at, key = at[order], key[order]
    starts = np.flatnonzero(np.diff(key, prepend=np.iinfo(np.int64).min))
    for start, end in pairwise((*starts.tolist(), len(key))):
        yield int(key[start]), at[start:end]
