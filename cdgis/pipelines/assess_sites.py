"""The screening pipeline: given sites judged, with remedies for those that fail."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from cdgis.core.errors import ReaderError
from cdgis.core.progress import Progress, Silent
from cdgis.core.regular_files import real_path
from cdgis.core.safe_text import cleaned
from cdgis.core.vocabulary import IntakeStatus
from cdgis.judging.evaluation import Judged, judge_subjects
from cdgis.pipelines.assemble import assemble
from cdgis.pipelines.registration import registered_names, with_registered
from cdgis.pipelines.waters import river_part, rivers_of
from cdgis.readers import TypedSites, read_sites
from cdgis.readers.frame_sites import site_labels
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.results.assessment import Assessment, Part
from cdgis.results.request import MOST_SITES, Request
from cdgis.rivers.entry_points import dischargers
from cdgis.siting.guidance import remedies_for
from cdgis.workspace.settings import Workspace

_MOST_SHOWN = 8
"""Rows an error names; table `intake` holds all."""


@in_its_place
def assess_sites(
    workspace: Workspace,
    files: Sequence[Path],
    *,
    declared: Mapping[str, str] | None = None,
    seen: Mapping[str, str] | None = None,
    sidecar: Path | None = None,
    wkt: Sequence[str] = (),
    lonlat: Sequence[str] = (),
    labels: Mapping[Path, str] | None = None,
    tolerance_m: float | None = None,
    as_of: date | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Assessment:
    """Return the judgement of the sites in `files` and those typed, with what would make the failing ones pass.

    Parameters
    ----------
    declared : column or attribute name -> text given on the command line, for every site.
    seen : what an officer registers as seen, for every site: attribute -> who (`pipelines.registration`).
    sidecar : table or TOML that describes the parcels.
    labels : names by which files are to be told, over those that follow from where they lie.
    wkt, lonlat : sites typed as WKT or as ``经度,纬度``, EPSG:4490.
    """
    # what acts instead of being read is left out here already, so that asking again gives the same answer
    declared = {cleaned(name): cleaned(text) for name, text in (declared or {}).items()}
    seen = {cleaned(name): cleaned(who) for name, who in (seen or {}).items()}
    registered_names(seen)
    progress = progress or Silent()
    with load_workspace(workspace, as_of=as_of, tolerance_m=tolerance_m, progress=progress) as loaded:
        progress.stage("读取项目边界")
        own = None if sidecar else _own_sidecar(workspace, files)
        typed = TypedSites(wkt=tuple(map(cleaned, wkt)), lonlat=tuple(map(cleaned, lonlat)))
        subjects = read_sites(
            workspace, files, declared=declared, sidecar=sidecar or own, sidecar_is_shared=sidecar is None, typed=typed,
            labels=labels, progress=progress.step,
        )  # fmt: skip
        judged = judge_subjects(loaded, with_registered(subjects, seen), jobs=jobs, progress=progress)
        parts = [_remedies(loaded, judged, progress)]
        labels = site_labels(workspace, (*files, *((sidecar,) if sidecar else ()))) | dict(labels or {})
        request = Request(
            command="screen", files=tuple(dict.fromkeys(labels[path] for path in files)), declared=declared, seen=seen,
            sidecar=labels[sidecar] if sidecar else "", wkt=typed.wkt, lonlat=typed.lonlat,
            tolerance_m=tolerance_m,
        )  # fmt: skip
        if any(dischargers(subjects)):
            parts.append(river_part(rivers_of(loaded), loaded, subjects))
        return assemble(loaded, judged, parts, request=request)


def nothing_read(assessment: Assessment) -> ReaderError | None:
    """Return the error that says of each file or row why it could not be judged; None when a site was judged."""
    if not assessment.tables["subjects"].empty:
        return None
    intake = assessment.tables["intake"]
    lost = intake[intake["status"] == IntakeStatus.QUARANTINED]
    lines = [f"  · {row['file']}（{row['row']}）：{row['reason']}。{row['remedy']}" for row in lost.to_dict("records")]
    more = [f"  · 另有 {len(lines) - _MOST_SHOWN} 行"] if len(lines) > _MOST_SHOWN else []
    listed = "\n".join((*lines[:_MOST_SHOWN], *more)) or "  · 文件里没有地块"
    remedy = "请按各行的办法改正后重试；全部行见结果表 intake（写出后为 data/intake.csv）"
    return ReaderError(f"没有读到可研判的地块：\n{listed}", remedy=remedy)


def _remedies(loaded: Loaded, judged: Judged, progress: Progress) -> Part:
    """Return what would make failing sites pass; for a batch, the note that this was left out."""
    count = len(judged.subjects.frame)
    if count > MOST_SITES:
        return Part(notes=(_batch_note(count),))
    progress.stage("整改办法", 1)
    part = Part(tables=remedies_for(loaded, judged, judge_subjects))
    progress.step("裁剪与平移")
    return part


def _batch_note(count: int) -> str:
    return (
        f"共 {count} 个地块，超过 {MOST_SITES} 个，按批量办理：逐个研判、写数据表（data/），不算整改办法，不逐个写研判报告；"
        "要某几个的报告，请把它们单独成文件再研判；地块数以万计的请用 GeoParquet"
    )


def _own_sidecar(workspace: Workspace, files: Sequence[Path]) -> Path | None:
    """Return the workspace's own sidecar when all files lie beside it: they are described there already."""
    named = workspace.settings.sources.project_attributes
    own = real_path(workspace.root / named)
    if not named or not files or not own.is_file():
        return None
    return own if all(real_path(path).parent == own.parent for path in files) else None
