"""The screening pipeline: given sites judged, with remedies for those that fail."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from cdgis.core.errors import ReaderError
from cdgis.core.progress import Progress, Silent
from cdgis.core.regular_files import real_path
from cdgis.core.safe_text import cleaned
from cdgis.core.vocabulary import IntakeStatus
from cdgis.judging.evaluation import Judged, judge_subjects
from cdgis.pipelines.assemble import assemble, assemble_draft, intake_table, questions_of
from cdgis.pipelines.registration import registered_names, with_registered
from cdgis.readers import TypedSites, read_sites
from cdgis.readers.frame_sites import site_labels
from cdgis.readers.kept_workspace import KeptWorkspace
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.results.assessment import Assessment, Part
from cdgis.results.request import MOST_SITES, Request
from cdgis.rivers.dischargers import dischargers
from cdgis.siting.guidance import remedies_for
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Workspace

_MOST_SHOWN = 8
"""Rows an error names; table `intake` holds all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Sites and what is said of them, as `assess_sites` takes both; what acts instead of being read is left out."""

    files: tuple[Path, ...]
    typed: TypedSites
    declared: Mapping[str, str]
    seen: Mapping[str, str]
    sidecar: Path | None

    @classmethod
    def of(
        cls, files: Sequence[Path], *, declared: Mapping[str, str] | None, seen: Mapping[str, str] | None, sidecar: Path | None,
        wkt: Sequence[str], lonlat: Sequence[str],
    ) -> "Asked":  # fmt: skip
        """Return the question, its texts cleaned: asking again gives the same answer."""
        seen = {cleaned(name): cleaned(who) for name, who in (seen or {}).items()}
        registered_names(seen)
        return cls(
            files=tuple(files), typed=TypedSites(wkt=tuple(map(cleaned, wkt)), lonlat=tuple(map(cleaned, lonlat))),
            declared={cleaned(name): cleaned(text) for name, text in (declared or {}).items()}, seen=seen, sidecar=sidecar,
        )  # fmt: skip

    def subjects(self, loaded: Loaded, progress: Progress, labels: Mapping[Path, str] | None = None) -> Subjects:
        """Return the sites as read in a workspace; `labels` are names of files over those that follow from where they lie."""
        own = None if self.sidecar else _own_sidecar(loaded.workspace, self.files)
        found = read_sites(
            loaded.workspace, self.files, declared=self.declared, sidecar=self.sidecar or own,
            sidecar_is_shared=self.sidecar is None, typed=self.typed, labels=labels,
            layers=loaded.layers, progress=progress.step,
        )  # fmt: skip
        return with_registered(found, self.seen)


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
    kept: KeptWorkspace | None = None,
) -> Assessment:
    """Return the judgement of the sites in `files` and those typed, with what would make the failing ones pass.

    Parameters
    ----------
    declared : column or attribute name -> text given on the command line, for every site.
    seen : what an officer registers as seen, for every site: attribute -> who (`pipelines.registration`).
    sidecar : table or TOML that describes the parcels.
    labels : names by which files are to be told, over those that follow from where they lie.
    wkt, lonlat : sites typed as WKT or as ``经度,纬度``, EPSG:4490.
    kept : the same workspace, read already.
    """
    asked = Asked.of(files, declared=declared, seen=seen, sidecar=sidecar, wkt=wkt, lonlat=lonlat)
    progress = progress or Silent()
    with _opened(workspace, kept, as_of=as_of, tolerance_m=tolerance_m, progress=progress) as loaded:
        progress.stage("读取项目边界")
        subjects = asked.subjects(loaded, progress, labels)
        judged = judge_subjects(loaded, subjects, jobs=jobs, progress=progress)
        parts = [_remedies(loaded, judged, progress)]
        labels = site_labels(workspace, (*files, *((sidecar,) if sidecar else ()))) | dict(labels or {})
        request = Request(
            command="screen", files=tuple(dict.fromkeys(labels[path] for path in files)), declared=asked.declared,
            seen=asked.seen, sidecar=labels[sidecar] if sidecar else "", wkt=asked.typed.wkt, lonlat=asked.typed.lonlat,
            tolerance_m=tolerance_m,
        )  # fmt: skip
        if any(dischargers(subjects)):
            from cdgis.pipelines.waters import (  # rivers load rasters: not for a site that drains nowhere
                river_part,
                rivers_of,
            )

            parts.append(river_part(rivers_of(loaded), loaded, subjects))
        return assemble(loaded, judged, parts, request=request)


@in_its_place
def preview_sites(
    kept: KeptWorkspace, asked: Asked, *, as_of: date | None = None, tolerance_m: float | None = None
) -> Assessment:
    """Return how sites stand at once: what `assess_sites` finds, but for remedies, rivers, sums over caps and report numbers.

    Raises
    ------
    ReaderError : not one site could be read; the others are in table `intake`.
    """
    loaded = kept.loaded(as_of=as_of, tolerance_m=tolerance_m, progress=Silent())
    judged = judge_subjects(loaded, asked.subjects(loaded, Silent()))
    tables = {**judged.tables, "intake": intake_table(judged.subjects.intake)}
    require_a_site(tables)
    return assemble_draft(loaded, judged, tables | {"questions": questions_of(loaded, tables)})


def _opened(
    workspace: Workspace, kept: KeptWorkspace | None, *, as_of: date | None, tolerance_m: float | None, progress: Progress
) -> AbstractContextManager[Loaded]:
    """Return the workspace read, let go of at the end unless it is kept."""
    if kept is None:
        return load_workspace(workspace, as_of=as_of, tolerance_m=tolerance_m, progress=progress)
    return nullcontext(kept.loaded(as_of=as_of, tolerance_m=tolerance_m, progress=progress))


def require_a_site(tables: Mapping[str, pd.DataFrame]) -> None:
    """Check that a site was judged.

    Raises
    ------
    ReaderError : none was; it says of each file or row why.
    """
    if not tables["subjects"].empty:
        return
    intake = tables["intake"]
    lost = intake[intake["status"] == IntakeStatus.QUARANTINED]
    lines = [f"  · {row['file']}（{row['row']}）：{row['reason']}。{row['remedy']}" for row in lost.to_dict("records")]
    more = [f"  · 另有 {len(lines) - _MOST_SHOWN} 行"] if len(lines) > _MOST_SHOWN else []
    listed = "\n".join((*lines[:_MOST_SHOWN], *more)) or "  · 文件里没有地块"
    remedy = "请按各行的办法改正后重试；全部行见结果表 intake（写出后为 data/intake.csv）"
    raise ReaderError(f"没有读到可研判的地块：\n{listed}", remedy=remedy)


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
