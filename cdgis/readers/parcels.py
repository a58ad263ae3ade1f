"""Sites of one part of a large GeoParquet file (provincial batches), read by the law of single sites.

Rows are numbered from 1 in the file; every row is accepted, repaired or quarantined, whichever part it falls into. What
would need rows of other parts (vertices of one outline) is asked about, and a number given twice is left to the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from cdgis.readers.ids import IdRegister
from cdgis.readers.inputs import InputFile
from cdgis.readers.intake import rejected
from cdgis.readers.parquet_sites import read_rows
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.records import SiteRecord
from cdgis.readers.roster import Roster
from cdgis.readers.site_batch import project_batch, sites_of
from cdgis.readers.stated_places import StatedPlaces
from cdgis.readers.subjects import Description, describe_site
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
    batch = replace(project_batch(workspace, places=StatedPlaces(workspace, layers)), declared=declared)
    file = InputFile(path=part.path, label=part.label)
    records = read_rows(
        pq.ParquetFile(part.path), (part.row_group,), batch.source(file), rows=slice(part.first, part.last), before=part.before
    )

    def describe(record: SiteRecord) -> Description:
        """Return what declaration and row say of a record, in this order."""
        return describe_site(declared, record.texts)

    roster = Roster(default_accuracy_m=workspace.settings.default_accuracy_m, ids=IdRegister(renames=False))
    rows = {record.row for record in records}
    # said once a file, whatever its parts: by the names of its columns
    columns = [dict.fromkeys(record.texts, "…") for record in records[:1] if part.before == 0]
    for record, described in sites_of(records, describe, listed=False, repair_share=batch.repair_share, columns=columns):
        if record.row not in rows:
            bad = rejected("这些行像是一块地的拐点，分块研判不把各行连成面", field="图形", remedy=_JOIN_FIRST)
            record = replace(record, geometry=None, remarks=(*record.remarks, bad))
        batch.enter(record, described, file, roster)
    subjects = roster.to_subjects()
    return replace(subjects, intake=tuple(note for note in subjects.intake if note.reason))
