"""What the desk can be asked to do besides cases: one row a kind of job, each made by the pipeline of the command of that name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from cdgis.core import layer_ids
from cdgis.core.calendar_days import parse_date
from cdgis.core.errors import NetworkError, UsageError
from cdgis.core.progress import Progress
from cdgis.web.case_states import Role
from cdgis.web.current_workspace import files_digest
from cdgis.web.job_results import comparison_answer, outfall_answer, page_links, plan_answer, run_answer, trace_answer
from cdgis.web.plain_values import plain_rows
from cdgis.workspace.settings import Workspace

QUEUED = {"relocate": "ogc-relocate"}
"""Process of the OGC interface that is a job of its own -> kind of that job."""
PLAN_TABLES = {"enterprises": "relocation", layer_ids.PARKS: "park_use"}
"""What programs call the tables of a plan -> their names."""
_JOBS = 2
"""Threads of one job; the answer does not depend on it."""
Text = Annotated[str, Field(max_length=300)]
Texts = Annotated[list[Text], Field(max_length=200)]
Numbers = Annotated[dict[Text, Annotated[float, Field(ge=0, allow_inf_nan=False)]], Field(max_length=200)]
Answer = dict[str, Any]
Make = Callable[[Workspace, Any, Path, Progress], Answer]


class Dated(BaseModel):
    """A job that needs no more than its day of judgement; "" for that of the settings."""

    model_config = ConfigDict(extra="forbid")
    as_of: Text = ""

    @property
    def day(self) -> date | None:
        """The day as a date."""
        return parse_date(self.as_of or None)


class Changes(Dated):
    """What a relocation plan is to assume."""

    close: Texts = []
    cap_ha: Numbers = {}
    weights: Annotated[dict[str, Numbers], Field(max_length=2)] = {}
    free: Texts = []


class Start(BaseModel):
    """Where a trace begins, and which way."""

    model_config = ConfigDict(extra="forbid")
    start: Annotated[str, Field(min_length=1, max_length=300)]
    at: Text = ""
    up: bool = False
    velocity: Text = ""
    to: Text = ""


class Points(BaseModel):
    """Planned outfalls, each ``经度,纬度``."""

    model_config = ConfigDict(extra="forbid")
    points: Texts = []


class NewVersion(BaseModel):
    """Another version of a layer, handed in."""

    model_config = ConfigDict(extra="forbid")
    layer: Annotated[str, Field(min_length=1, max_length=64)]
    file: Text
    """Path of what was handed in, put there by the desk."""


class Nothing(BaseModel):
    """A job that needs nothing."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """One kind of job."""

    title: str
    about: str
    asked: type[BaseModel]
    make: Make
    folder: str = "reports"
    """Name of the folder it is written into, as the command calls it."""
    listed: bool = True
    """Offered on the page of jobs; otherwise asked for by programs alone."""
    quick: bool = False
    """Done in seconds: not kept waiting behind the long ones."""
    roles: frozenset[Role] = frozenset({Role.FIRST_REVIEWER, Role.SECOND_REVIEWER, Role.ADMIN})


def _whole_run(workspace: Workspace, asked: Dated, out: Path, progress: Progress) -> Answer:
    return _run(workspace, asked, out, progress, zipped=False)


def _internal(workspace: Workspace, asked: Dated, out: Path, progress: Progress) -> Answer:
    return _run(workspace, asked, out, progress, zipped=True)


def _run(workspace: Workspace, asked: Dated, out: Path, progress: Progress, *, zipped: bool) -> Answer:
    from cdgis.pipelines.assess_city import assess_workspace
    from cdgis.pipelines.save_assessment import save_assessment
    from cdgis.pipelines.save_measures import zip_site

    found = assess_workspace(workspace, as_of=asked.day, jobs=_JOBS, progress=progress)
    save_assessment(found, out, jobs=_JOBS, progress=progress)
    if zipped:
        zip_site(found, out)
    return run_answer(found, out)


def _public(workspace: Workspace, asked: Dated, out: Path, progress: Progress) -> Answer:
    from cdgis.pipelines.assess_city import assess_workspace
    from cdgis.pipelines.save_measures import save_public, zip_site

    found = assess_workspace(workspace, as_of=asked.day, jobs=_JOBS, progress=progress)
    shown, _ = save_public(found, out, jobs=_JOBS, progress=progress)
    zip_site(shown, out)
    number = workspace.settings.map_review_number
    mark = f"审图号：{number}" if number else "未填审图号：页面印有“未经审图，不得公开”，取得审图号并填入 cdgis.toml 后方可公开"
    answer = run_answer(shown, out)
    return answer | {"lines": ["泄漏检查通过。", mark, *answer["lines"]]}


def _relocation(workspace: Workspace, asked: Changes, out: Path, progress: Progress) -> Answer:
    return _plan(workspace, asked, out, progress)[0]


def _relocation_told(workspace: Workspace, asked: Changes, out: Path, progress: Progress) -> Answer:
    answer, tables = _plan(workspace, asked, out, progress)
    return answer | {name: plain_rows(tables[table]) for name, table in PLAN_TABLES.items()}


def _plan(workspace: Workspace, asked: Changes, out: Path, progress: Progress) -> tuple[Answer, Mapping[str, pd.DataFrame]]:
    """Return a plan's answer and its tables; its files are written."""
    from cdgis.pipelines.assess_relocation import assess_relocation
    from cdgis.pipelines.save_assessment import save_assessment
    from cdgis.relocation.plan import WhatIf

    if set(asked.weights) - {"priority", "destinations"}:
        raise UsageError(f"权重读到 {'、'.join(sorted(asked.weights))}，应为 priority、destinations")
    wanted = WhatIf(closed=tuple(asked.close), spare_ha=asked.cap_ha, weights=asked.weights, free=tuple(asked.free))
    found = assess_relocation(workspace, what_if=wanted, as_of=asked.day, jobs=_JOBS, progress=progress)
    before = assess_relocation(workspace, as_of=asked.day, jobs=_JOBS, progress=progress) if wanted.row() else None
    save_assessment(found, out, jobs=_JOBS, progress=progress)
    return plan_answer(found, before, out, assumed=wanted.words()), found.tables


def _carbon(workspace: Workspace, asked: Dated, out: Path, progress: Progress) -> Answer:
    from cdgis.pipelines.assess_carbon import assess_carbon
    from cdgis.pipelines.save_assessment import save_assessment

    found = assess_carbon(workspace, as_of=asked.day, progress=progress)
    save_assessment(found, out, jobs=_JOBS, progress=progress)
    return run_answer(found, out)


def _trace(workspace: Workspace, asked: Start, out: Path, progress: Progress) -> Answer:
    from cdgis.pipelines.assess_trace import assess_trace
    from cdgis.report.files.plain_tables import write_water

    if asked.up and asked.to:
        raise UsageError("上溯列风险源，不能同时指定要追到的受体", remedy="请去掉其一")
    try:
        found = assess_trace(workspace, asked.start, at=asked.at, up=asked.up, velocity=asked.velocity, target=asked.to, progress=progress)
    except NetworkError as err:  # the places it offers are chosen by a click
        raise NetworkError(err.reason, source=err.source, remedy=err.remedy.replace("或用 --at 从", "或从")) from err
    write_water(found.tables, out, stamp=found.stamp)
    return trace_answer(found, out)


def _outfalls(workspace: Workspace, asked: Points, out: Path, progress: Progress) -> Answer:
    from cdgis.pipelines.save_measures import planned_places, save_outfalls

    system, tables, _ = save_outfalls(workspace, out, planned=planned_places(asked.points), progress=progress)
    return outfall_answer(tables, out, notes=(system.method, system.gaps, system.stamp))


def _reuse(workspace: Workspace, asked: Dated, out: Path, progress: Progress) -> Answer:
    from cdgis.pipelines.save_measures import save_reuse

    table, _ = save_reuse(workspace, out, as_of=asked.day, jobs=_JOBS, progress=progress)
    lines = []
    for option, rows in table.groupby("option", sort=False):
        counts = rows["admissible"].value_counts()
        lines.append(f"{option}：" + "，".join(f"{word} {count} 处" for word, count in counts.items()))
    return page_links(out) | {"lines": lines}


def _compare(workspace: Workspace, asked: NewVersion, out: Path, progress: Progress) -> Answer:
    from cdgis.judging.compare_versions import compare_versions
    from cdgis.report.site.comparison_page import write_comparison

    old = workspace.layers_dir / workspace.catalog[asked.layer].path
    found = compare_versions(old, Path(asked.file), workspace=workspace, layer=asked.layer, jobs=_JOBS, progress=progress)
    write_comparison(found, out)
    return comparison_answer(found, out)


def _check(workspace: Workspace, _: Nothing, out: Path, progress: Progress) -> Answer:
    from cdgis.pipelines.check_workspace import check_workspace

    progress.stage("检查全部图层")
    stamp, checked = files_digest(workspace), check_workspace(workspace)
    rows = [{"layer": f.layer, "zone": f.zone_id, "problem": f.problem, "remedy": f.remedy, "grave": f.grave} for f in checked.faults]
    return page_links(out) | {"stamp": stamp, "faults": rows, "lines": [f"{checked.summary}，{f'发现 {len(rows)} 处问题' if rows else '未发现问题'}"]}


_FOR_ADMIN = frozenset({Role.ADMIN})
KINDS: dict[str, JobKind] = {
    "run": JobKind(title="全市研判", about="判定全部项目与企业，生成地图、搬迁清单、碳账与数据表", asked=Dated, make=_whole_run, folder="maps"),
    "relocation": JobKind(
        title="搬迁方案与推演", about="谁该搬、先后、去处；可假设关闭园区、改余地、改权重，列出与原方案的不同", asked=Changes, make=_relocation
    ),
    QUEUED["relocate"]: JobKind(title="搬迁方案（接口调用）", about="程序经 /ogc 要的方案", asked=Changes, make=_relocation_told, listed=False),
    "carbon": JobKind(title="碳汇核算", about="碳储量和修复增汇潜力，按县区、单元、流域、红线", asked=Dated, make=_carbon),
    "trace": JobKind(
        title="沿河追踪", about="在图上点一处，看下游先后到谁、几公里、几小时，或上游有哪些风险源", asked=Start, make=_trace, quick=True
    ),
    "outfalls": JobKind(title="入河排污口", about="现有和拟设排口：禁限区、下游断面和水源地、控制单元负荷", asked=Points, make=_outfalls, quick=True),
    "reuse": JobKind(title="受损土地再利用", about="废弃矿山、沉陷区、填埋场等可作什么用，排序并给出地图", asked=Dated, make=_reuse),
    "compare": JobKind(title="区划新旧对照", about="交一份图层的新版本，看哪些区变了、哪些结论因此改变", asked=NewVersion, make=_compare),
    "publish_internal": JobKind(
        title="发布内部版", about="可离线打开的网页，另打成一个压缩包", asked=Dated, make=_internal, folder="maps", roles=_FOR_ADMIN
    ),
    "publish_public": JobKind(
        title="发布公开版", about="概化、脱密并经泄漏检查的网页，另打成一个压缩包", asked=Dated, make=_public, folder="maps_public", roles=_FOR_ADMIN
    ),
    "check": JobKind(title="检查图层", about="逐个图层检查内容，列出问题和处理办法", asked=Nothing, make=_check),
}
"""By the name under which a job is asked for."""
