"""All project sites and enterprises to be judged, and what became of every input row."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from cdgis.core.data_gaps import gap_of
from cdgis.core.errors import CrsError, ReaderError, UsageError
from cdgis.core.regular_files import real_path
from cdgis.core.vocabulary import WHOLE_FILE, InputRecord, SubjectKind
from cdgis.readers.attribute_columns import match_attribute
from cdgis.readers.crs import NO_CRS
from cdgis.readers.formats import POINT_LISTS
from cdgis.readers.frame_sites import site_labels
from cdgis.readers.headers import subject_column
from cdgis.readers.inputs import InputFile, Stamp, check_regular, expand_globs, file_sha256, file_stamp
from cdgis.readers.intake import intake_note, rejected
from cdgis.readers.place_extent import in_its_place
from cdgis.readers.reading_ahead import folder_for, parts_of, rows_of, subject_batches
from cdgis.readers.records import SiteRecord
from cdgis.readers.roster import Roster
from cdgis.readers.seen_register import with_register
from cdgis.readers.sidecar import UNMATCHED, UNNAMED, Sidecar, read_sidecar, without
from cdgis.readers.site_batch import Ahead, SiteBatch, project_batch, sites_of
from cdgis.readers.stated_places import StatedPlaces
from cdgis.readers.subjects import Description, describe_site
from cdgis.readers.typed import TypedSites, read_typed_sites, typed_record
from cdgis.workspace.layers import Layer, Subjects
from cdgis.workspace.settings import Workspace, absolute_path

Progress = Callable[[str], None]
"""Called with each file's label before it is read."""

NO_MATCH = rejected(
    "没有一个文件与这个通配相符", field="sources", remedy="核对 cdgis.toml [sources] 里的写法与文件位置"
)
NO_ROWS = rejected("文件里没有图斑或数据行", field="文件", remedy="核对导出时是否选中了用地边界")


@in_its_place
def read_subjects(workspace: Workspace, *, progress: Progress | None = None, ahead: Ahead = MappingProxyType({})) -> Subjects:
    """Return all projects and enterprises of a workspace, with one intake line per input row.

    Parameters
    ----------
    ahead : from `offer_reading`; a file that has changed since is read here.

    Raises
    ------
    OSError : a folder cannot be looked into; faults of files, and of the table beside them, go to the intake.
    """
    settings, sources = workspace.settings, workspace.settings.sources
    roster = Roster(default_accuracy_m=settings.default_accuracy_m)
    for batch in subject_batches(workspace):
        _gather(replace(batch, ahead=ahead), roster, progress)
    roster.intake.extend(
        intake_note(pattern, WHOLE_FILE, (NO_MATCH,))
        for pattern in (*sources.projects, *sources.enterprises)
        if not expand_globs(workspace.root, (pattern,))
    )
    return with_register(roster.to_subjects(), workspace, whole=True)


@in_its_place
def read_sites(
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    declared: Mapping[str, str] | None = None,
    sidecar: Path | None = None,
    sidecar_is_shared: bool = False,
    typed: TypedSites = TypedSites(),
    labels: Mapping[Path, str] | None = None,
    layers: Mapping[str, Layer] | None = None,
    progress: Progress | None = None,
) -> Subjects:
    """Return the project sites in single files, as `cdgis screen FILE…` reads them.

    Parameters
    ----------
    declared : column or attribute name -> text for every site read, over what files and sidecar say;
        ``crs`` (EPSG:4548, 2000国家大地坐标系 …) declares the coordinate system of the files,
        ``dxf_unit`` (mm, cm, m) the drawing unit of DXF files.
    sidecar : table (CSV, XLSX) with one row per parcel, or TOML.
    sidecar_is_shared : the sidecar also describes files not asked for, whose rows are then no concern here.
    typed : sites typed as WKT or coordinates, judged together with the files.
    labels : names by which files are to be told, over those that follow from where they lie.
    layers : those of the workspace that are read already.

    Raises
    ------
    ReaderError : a file does not exist, or the sidecar cannot be read; other faults go to the intake.
    UsageError : `declared` names an unknown attribute.
    """
    named = (*paths, *((sidecar,) if sidecar else ()))
    _refuse_unknown(named, declared or {})
    distinct = {absolute_path(path): path for path in reversed(paths)}
    once = tuple(path for path in paths if distinct[absolute_path(path)] is path)
    told = site_labels(workspace, named) | dict(labels or {})
    batch = replace(
        project_batch(workspace, once, told, sidecar, places=StatedPlaces(workspace, layers)),
        declared=declared or {}, whole=not sidecar_is_shared,
    )  # fmt: skip
    roster = Roster(default_accuracy_m=workspace.settings.default_accuracy_m)
    _gather(batch, roster, progress)
    if typed:
        _enter_typed(typed, batch, roster)
    return with_register(roster.to_subjects(), workspace, whole=False)


def _refuse_unknown(named: Sequence[Path], declared: Mapping[str, str]) -> None:
    missing = [str(path) for path in named if not path.exists()]
    if missing:
        raise ReaderError(f"找不到文件：{'、'.join(missing)}", remedy="请核对路径")
    unknown = [name for name in declared if subject_column(name) is None and match_attribute(name) is None]
    if unknown:
        raise UsageError(f"没有名为 {'、'.join(unknown)} 的属性", remedy="可用的名称见 docs/usage.md 的“属性”一节")


def _enter_typed(typed: TypedSites, batch: SiteBatch, roster: Roster) -> None:
    roster.records.append(typed_record(typed))
    source = batch.source(InputFile(path=Path(), label=""))
    for file, records in read_typed_sites(typed, source):
        found = sites_of(records, lambda _: describe_site(batch.declared), listed=False, repair_share=batch.repair_share)
        for record, described in found:
            batch.enter(record, described, file, roster)


def _gather(batch: SiteBatch, roster: Roster, progress: Progress | None) -> None:
    sidecar = _sidecar_of(batch, roster)
    for path in batch.paths:
        if progress is not None:
            progress(batch.labels[path])
        try:
            check_regular(path, batch.labels[path])
        except ReaderError as err:
            _reject_file(batch.labels[path], err, roster)
            continue
        stamp = file_stamp(path)
        roster.records.append(_input_record(path, batch))
        with folder_for(path) as folder:
            for file in _files(path, batch.labels[path], folder, roster):
                _gather_file(file, batch, sidecar, roster, (path, stamp))
    for row in sidecar.rows if batch.whole else sidecar.asked():
        remarks = () if row.row in sidecar.used else (UNMATCHED if row.file else UNNAMED,)
        roster.intake.append(intake_note(sidecar.label, row.row, remarks))


def _sidecar_of(batch: SiteBatch, roster: Roster) -> Sidecar:
    """Return the table beside the files; for a whole workspace one that cannot be read is a gap and the sites are read on."""
    if batch.sidecar is None:
        return Sidecar()
    label = batch.labels[batch.sidecar]
    try:
        if batch.of_workspace and not batch.sidecar.exists():
            raise ReaderError(f"找不到 cdgis.toml 中 project_attributes 所指的附表 {label}", remedy="请放到该位置，或删去这一项设置")
        check_regular(batch.sidecar, label)
        sidecar = read_sidecar(batch.sidecar, label=label)
    except ReaderError as err:
        if not batch.of_workspace:
            raise
        _reject_file(label, err, roster)
        roster.gaps.append(gap_of(err, "项目附表：名称、行业和各项填报都未读入，涉及它们的条款", file=label))
        sidecar = Sidecar()
    roster.records += [_input_record(batch.sidecar, batch)] if batch.sidecar.is_file() else []
    return sidecar


def _input_record(path: Path, batch: SiteBatch) -> InputRecord:
    return InputRecord(
        layer="projects" if batch.kind is SubjectKind.PROJECT else "enterprises",
        kind="subjects",
        path=batch.labels[path], sublayer="", sha256=file_sha256(path), version="", official=False,
    )


def _files(path: Path, label: str, folder: Path, roster: Roster) -> Sequence[InputFile]:
    try:
        return parts_of(path, label, folder)
    except ReaderError as err:
        _reject_file(label, err, roster)
        return ()


def _reject_file(label: str, err: ReaderError | CrsError, roster: Roster, *, folder: Path | None = None) -> None:
    """Enter a file that could not be read; where its `folder` lies is no part of the answer and is left out."""
    if isinstance(err, CrsError):
        reason = err.found if err.found == NO_CRS else f"坐标系不符：{err.found}"
        remark = rejected(reason, field="坐标系", remedy=err.remedy)
    else:
        remark = rejected(err.reason, field="文件", remedy=err.remedy)
    for place in (folder, real_path(folder)) if folder is not None else ():
        remark = replace(remark, reason=remark.reason.replace(f"{place}{os.sep}", ""))
    roster.intake.append(intake_note(label, WHOLE_FILE, (remark,)))


def _gather_file(
    file: InputFile, batch: SiteBatch, sidecar: Sidecar, roster: Roster, taken: tuple[Path, Stamp]
) -> None:
    try:
        records = rows_of(batch.source(file, sidecar), batch, taken)
        if file_stamp(taken[0]) != taken[1]:
            raise ReaderError("读取期间文件被别的程序改动，读到的与散列对不上", remedy="请关闭正在编辑它的程序后重试")
    except (ReaderError, CrsError) as err:
        _reject_file(file.label, err, roster, folder=file.path.parent)
        sidecar.mark_used(file)
        return
    if not records:
        roster.intake.append(intake_note(file.label, WHOLE_FILE, (NO_ROWS,)))

    def describe(record: SiteRecord) -> Description:
        """Return what declaration, sidecar and row say of a record, in this order."""
        stated, contradictions = sidecar.texts_for(file, _keys(record))
        described = describe_site(batch.declared, stated, without(record.texts, contradictions))
        return replace(described, remarks=(*described.remarks, *contradictions))

    listed = file.path.suffix.lower() in POINT_LISTS
    for record, described in sites_of(records, describe, listed=listed, repair_share=batch.repair_share):
        batch.enter(record, described, file, roster)


def _keys(record: SiteRecord) -> tuple[str, ...]:
    own = (text for header, text in record.texts.items() if subject_column(header) in ("subject_id", "name"))
    return (*record.keys, *(text for text in own if text))
