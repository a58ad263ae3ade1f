"""Measures made and written into a folder in one: re-use of land, outfalls, the public version of a run."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from cdgis.core.errors import UsageError
from cdgis.core.progress import Progress
from cdgis.core.written_files import read_register
from cdgis.readers import read_subjects
from cdgis.readers.loading import load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.report.files.folder_zip import zip_folder
from cdgis.report.files.plain_tables import write_water
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_for
from cdgis.rivers.outfall_assessment import assess_outfalls
from cdgis.rivers.spill_trace import parse_place
from cdgis.rivers.system import RiverSystem, load_rivers
from cdgis.workspace.settings import Workspace


@in_its_place
def save_reuse(
    workspace: Workspace, out: Path, *, as_of: date | None, jobs: int, progress: Progress
) -> tuple[pd.DataFrame, list[Path]]:
    """Write what derelict land may be used for into `out`; return table `reuse` and the paths, the page first."""
    from cdgis.report.site.reuse_page import render_reuse
    from cdgis.siting.reuse_assessment import assess_reuse, elevation_of

    with load_workspace(workspace, as_of=as_of, progress=progress) as loaded:
        table = assess_reuse(loaded, jobs=jobs, progress=progress)
        stamp = stamp_for(loaded.records, elevation_of(loaded))
    page = render_reuse(loaded, table, stamp=stamp).encode()
    return table, write_water({"reuse": table}, out, stamp=stamp, files={"reuse.html": page})


def planned_places(texts: Sequence[str]) -> tuple[tuple[float, float], ...]:
    """Return the places of planned outfalls, degrees.

    Raises
    ------
    UsageError : one is not written ``经度,纬度``.
    """
    planned = [(text, parse_place(text)) for text in texts]
    broken = [text for text, place in planned if place is None]
    if broken:
        raise UsageError(f"--point 读到“{'、'.join(broken)}”，应为 经度,纬度（度），例如 117.94,40.97")
    return tuple(place for _, place in planned if place)


@in_its_place
def save_outfalls(
    workspace: Workspace, out: Path, *, planned: Sequence[tuple[float, float]], progress: Progress
) -> tuple[RiverSystem, dict[str, pd.DataFrame], list[Path]]:
    """Write the tables on outfalls, those planned at `planned` (degrees) among them, into `out`."""
    system, subjects = load_rivers(workspace, progress=progress), read_subjects(workspace)
    tables = assess_outfalls(system, subjects, planned=tuple(planned))
    return system, tables, write_water(tables, out, stamp=system.stamp)


def save_public(assessment: Assessment, out: Path, *, jobs: int, progress: Progress) -> tuple[Assessment, list[Path]]:
    """Write the public version of a run into `out`; return the assessment as the public sees it, and the paths.

    Raises
    ------
    ReportError : something withheld was found on a finished page; nothing is written then.
    """
    from cdgis.report.public.reduction import public_assessment
    from cdgis.report.public.site import write_public

    progress.stage("概化、写出公开版并检查泄漏")
    public, withheld = public_assessment(assessment)
    return public, write_public(public, withheld, out, jobs=jobs, progress=progress.step)


def zip_site(shown: Assessment, folder: Path) -> tuple[Path, int]:
    """Pack the files of a written site into one archive beside it; return its path and how many files it holds."""
    names = [name for name in read_register(folder).files if (folder / name).is_file()]
    return zip_folder(folder, names, title=f"{shown.settings.city}生态环境准入研判（判定基准日 {shown.as_of}）"), len(names)
