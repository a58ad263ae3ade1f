"""One batch of site files: what is declared for all of them, and how each row becomes a subject or an intake line."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cdgis.core.errors import CrsError
from cdgis.core.vocabulary import SubjectKind
from cdgis.readers.coordinates import Box
from cdgis.readers.crs_words import ONE_STATEMENT, disagreement
from cdgis.readers.cut_names import not_understood
from cdgis.readers.headers import subject_column
from cdgis.readers.inputs import InputFile, Stamp
from cdgis.readers.kml_attributes import FOLDER
from cdgis.readers.line_pieces import joined_pieces
from cdgis.readers.place_extent import home_box, place_extent
from cdgis.readers.records import SiteRecord, SiteSource
from cdgis.readers.roster import Roster
from cdgis.readers.shape_form import in_kind
from cdgis.readers.sidecar import Sidecar
from cdgis.readers.stated_places import CONFLICT, StatedPlaces
from cdgis.readers.subjects import Description
from cdgis.readers.vertices import Described, put_together, sheet_of
from cdgis.workspace.settings import Workspace

Known = tuple[Stamp, Mapping[SiteSource, tuple[SiteRecord, ...]]]
"""The state a file was in, and by all that its reading rested on but its place, the rows of it or of each of its members."""
Ahead = Mapping[tuple[SubjectKind, Path], Callable[[], Known | None]]
"""By kind of subject and file: asks what another process read of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBatch:
    """Files of one kind and what is known about them from outside."""

    kind: SubjectKind
    undeclared_accuracy_m: float
    repair_share: float
    paths: tuple[Path, ...] = ()
    labels: Mapping[Path, str] = field(default_factory=dict)
    """File or sidecar -> name shown to the user, no two alike."""
    sidecar: Path | None = None
    declared: Mapping[str, str] = field(default_factory=dict)
    """Column or attribute name -> text that applies to every site."""
    places: StatedPlaces | None = None
    home: Box | None = None
    whole: bool = False
    """Whether these are all the files the sidecar can speak of, so that every row of it must meet one."""
    of_workspace: bool = False
    """Whether they are the workspace's own: an unreadable sidecar is then a gap, else an error."""
    ahead: Ahead = field(default_factory=dict)
    """What another process may have read of the same files."""

    def stated(self, role: str) -> str:
        """Return what is declared for all files under a standard column, empty when nothing is."""
        return next((text for name, text in self.declared.items() if subject_column(name) == role), "")

    def source(self, file: InputFile, sidecar: Sidecar = Sidecar()) -> SiteSource:
        """Return a file with what was declared about it from outside.

        Raises
        ------
        CrsError : the declaration for all files and the sidecar contradict each other about this one.
        """
        declared, listed = self.stated("datum"), sidecar.stated_for(file, "datum")
        said = disagreement(declared, listed) if declared and listed else ""
        if said:
            raise CrsError(file.label, found=said, expected="声明与附表“坐标系”列一致", remedy=ONE_STATEMENT)
        return SiteSource(
            path=file.path,
            label=file.label,
            crs=declared or listed,
            dxf_unit=self.stated("dxf_unit") or sidecar.stated_for(file, "dxf_unit"),
            shape_kind=self.stated("geometry_kind") or sidecar.stated_for(file, "geometry_kind"),
            undeclared_accuracy_m=self.undeclared_accuracy_m,
            repair_share=self.repair_share,
            home=self.home,
        )

    def enter(self, record: SiteRecord, described: Description, file: InputFile, roster: Roster) -> None:
        """Enter one site, in the kind of shape stated for it or shown by its form, compared with the place it states."""
        called = (described.columns.get("name", ""), record.texts.get(FOLDER, ""), sheet_of(record), file.path.stem)
        record = in_kind(record, described.columns.get("geometry_kind", ""), self.repair_share, called=called)
        if record.geometry is not None and self.places is not None:
            conflict, remarks = self.places.checked(record.geometry, record.accuracy_m, described)
            attributes = {**described.attributes, **({CONFLICT: conflict} if conflict else {})}
            described = replace(described, attributes=attributes, remarks=(*described.remarks, *remarks))
        roster.add(record, described, file, self.kind)


def project_batch(
    workspace: Workspace, paths: tuple[Path, ...] = (), labels: Mapping[Path, str] | None = None, sidecar: Path | None = None,
    *, places: StatedPlaces | None = None,
) -> SiteBatch:  # fmt: skip
    """Return files of project sites under the settings of a workspace."""
    settings = workspace.settings
    return SiteBatch(
        paths=paths, labels=labels or {}, kind=SubjectKind.PROJECT, sidecar=sidecar, places=places or StatedPlaces(workspace),
        undeclared_accuracy_m=settings.undeclared_datum_accuracy_m, repair_share=settings.largest_repair_share,
        home=home_box(place_extent(workspace)),
    )  # fmt: skip


def sites_of(
    records: Sequence[SiteRecord], describe: Callable[[SiteRecord], Description], *, listed: bool, repair_share: float,
    columns: Iterable[Mapping[str, str]] | None = None,
) -> list[Described]:  # fmt: skip
    """Return the sites that a file's records make, each with its description; columns nobody knows are said at the first.

    Parameters
    ----------
    listed : the file is a list of points, so that unnamed ones may as well be vertices.
    columns : header -> text of the rows whose columns are to be spoken of, when these are not the records themselves.
    """
    strange = not_understood((record.texts for record in records) if columns is None else columns)
    if records and strange:
        records = (replace(records[0], remarks=(*records[0].remarks, *strange)), *records[1:])
    return joined_pieces(put_together(records, describe, listed=listed, repair_share=repair_share), describe)
