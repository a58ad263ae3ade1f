"""The commands for sites: `cdgis screen` judges given ones, `cdgis guide` looks for good ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cdgis.cli.options import (
    AsOfOption,
    DebugOption,
    JobsOption,
    NoCacheOption,
    OutOption,
    QuietOption,
    StrictOption,
    WorkspaceOption,
    err_console,
    finite,
    leave_strictly,
    named_values,
    open_here,
    out_console,
    output_folder,
)
from cdgis.cli.screen_batch import is_batch, screen_batch
from cdgis.cli.words import ChineseCommand
from cdgis.core.calendar_days import parse_date
from cdgis.core.errors import UsageError

ENGINES = ("auto", "dask")
FORMATS = ("html", "docx", "official", "pdf", "xlsx", "gpkg", "json", "map")
EACH = ("html", "docx", "official", "json", "pdf")
"""Formats of which every subject has a file."""

FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="文件", help="项目边界：SHP/ZIP、GPKG、GDB、GeoJSON、KML/KMZ、DXF、界址点 TXT、XLSX/CSV"),
]
NameOption = Annotated[str | None, typer.Option("--name", metavar="文字", help="项目名称")]
IndustryOption = Annotated[str | None, typer.Option("--industry", metavar="代码或名称", help="GB/T 4754-2017 行业，如 3011 或 水泥制造")]
ProjectTypeOption = Annotated[str | None, typer.Option("--project-type", metavar="性质", help="新建/改建/扩建/迁建/既有")]
ActivityOption = Annotated[
    str | None, typer.Option("--activity", metavar="类型", help="活动类型，如 开发性生产性建设、A06、国家重大项目")
]
AttrOption = Annotated[list[str] | None, typer.Option("--attr", metavar="名称=值", help="对象属性，可多次给出")]
SeenOption = Annotated[
    list[str] | None,
    typer.Option("--seen", metavar="名称=核验人", help="登记已核验的文号或活动（opinion_document、activity），可多次给出"),
]
SidecarOption = Annotated[Path | None, typer.Option("--attributes", metavar="文件", help="属性侧表（CSV/XLSX/TOML）")]
ToleranceOption = Annotated[float | None, typer.Option("--tolerance", metavar="数值", min=0, max=10_000, callback=finite, help="临界容差（米）")]
WktOption = Annotated[list[str] | None, typer.Option("--wkt", metavar="WKT", help="直接给出图形（经纬度 WKT），可多次")]
LonLatOption = Annotated[list[str] | None, typer.Option("--lonlat", metavar="经度,纬度", help="直接给出点位，可用度分秒，可多次")]
CrsOption = Annotated[str | None, typer.Option("--crs", metavar="坐标系", help="声明文件坐标系，如 EPSG:4490、CGCS2000 或所在带的代码")]
KindOption = Annotated[str | None, typer.Option("--as", metavar="图形", help="声明坐标围成什么：polygon 面、points 点、line 线")]
UnitOption = Annotated[str | None, typer.Option("--dxf-unit", metavar="单位", help="声明 DXF 图形单位：mm/cm/m")]
SizeOption = Annotated[
    float,
    typer.Option(
        "--size-ha", metavar="公顷", min=0.0001, max=1_000_000, callback=finite, help="用地面积（公顷），按正方形试放"
    ),
]
EngineOption = Annotated[
    str,
    typer.Option("--engine", metavar="引擎", help="auto 本进程；dask 分块、多进程或集群（读 GeoParquet），结果相同"),
]
SchedulerOption = Annotated[str | None, typer.Option("--scheduler", metavar="地址", help="现有 Dask 调度器地址（缺省在本机起进程）")]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format", metavar="清单",
        help="输出格式，逗号分隔：html,docx,official（公文）,pdf,xlsx,gpkg,json,map（互动地图）；pdf 要有 Chromium、Chrome 或 Edge，多宗时另有合订本",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command("screen", cls=ChineseCommand)(screen)
    app.command("guide", cls=ChineseCommand)(guide)


def screen(
    files: FilesArgument = None,
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    name: NameOption = None,
    industry: IndustryOption = None,
    project_type: ProjectTypeOption = None,
    activity: ActivityOption = None,
    attr: AttrOption = None,
    seen: SeenOption = None,
    attributes: SidecarOption = None,
    wkt: WktOption = None,
    lonlat: LonLatOption = None,
    crs: CrsOption = None,
    dxf_unit: UnitOption = None,
    geometry_kind: KindOption = None,
    tolerance: ToleranceOption = None,
    formats: FormatOption = "html,json",
    engine: EngineOption = "auto",
    scheduler: SchedulerOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    quiet: QuietOption = False,
    strict: StrictOption = False,
    no_cache: NoCacheOption = False,
    debug: DebugOption = False,
) -> None:
    """对一个或多个项目边界做准入研判，写出可签字的研判报告：结论、依据条文、反证、整改办法。

    示例：cdgis screen 地块.txt --industry 3011 --project-type 新建 --activity 开发性生产性建设
    """
    if not (files or wkt or lonlat):
        raise UsageError("没有给出项目位置", remedy="请给出边界文件，或用 --wkt、--lonlat 直接给出图形")
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.assess_sites import assess_sites, require_a_site
    from cdgis.pipelines.save_assessment import save_assessment

    wanted = wanted_formats(formats)
    opened = open_here(workspace)
    given = {
        "name": name, "industry": industry, "project_type": project_type, "activity": activity,
        "crs": crs, "dxf_unit": dxf_unit, "geometry_kind": checked_kind(geometry_kind),
    }  # fmt: skip
    declared = {key: value for key, value in given.items() if value is not None} | named_values(attr or [])
    target = output_folder(out, "reports", opened, files=(*(files or ()), *((attributes,) if attributes else ())))
    if engine not in ENGINES:
        raise UsageError(f"--engine 读到“{engine}”，应为 {'、'.join(ENGINES)} 中的一个")
    witnessed = named_values(seen or [], option="--seen", example="opinion_document=张三")
    if is_batch(files or (), engine):
        if witnessed:
            raise UsageError(
                "--seen 只用于逐宗研判：成批研判不能一次登记全部地块的文号", remedy="请逐宗研判须登记的地块"
            )
        screen_batch(
            opened, tuple(files or ()), declared, target, scheduler=scheduler, distributed=engine == "dask", jobs=jobs,
            as_of=parse_date(as_of), tolerance_m=tolerance, quiet=quiet,
        )  # fmt: skip
        return
    with progress_bars(err_console, quiet=quiet) as progress:
        assessment = assess_sites(
            opened, tuple(files or ()), declared=declared, seen=witnessed, sidecar=attributes, wkt=tuple(wkt or ()),
            lonlat=tuple(lonlat or ()), tolerance_m=tolerance, as_of=parse_date(as_of), jobs=jobs, progress=progress,
        )  # fmt: skip
        written = save_assessment(assessment, target, formats=wanted, jobs=jobs, progress=progress)
    if not quiet:
        from cdgis.cli.summary import print_summary

        print_summary(out_console, assessment, target, written)
    require_a_site(assessment.tables)
    leave_strictly(assessment, strict=strict)


def checked_kind(text: str | None) -> str | None:
    """Return the kind of shape given with --as.

    Raises
    ------
    UsageError : it is no kind of shape.
    """
    if text is None:
        return None
    from cdgis.readers.shape_kind import named_kind

    kind = named_kind(text)
    if kind is None:
        raise UsageError(f"--as 读到“{text}”，应为 polygon（面）、points（点）或 line（线）")
    return kind.value


def wanted_formats(text: str, *, option: str = "--format", known: Sequence[str] = FORMATS) -> tuple[str, ...]:
    """Return the output formats in a comma-separated list.

    Raises
    ------
    UsageError : a format is not known.
    ReportError : pdf is wanted and there is no browser to print with.
    """
    wanted = tuple(dict.fromkeys(item.strip().lower() for item in text.replace("，", ",").split(",") if item.strip()))
    unknown = [item for item in wanted if item not in known]
    if unknown or not wanted:
        raise UsageError(f"{option} 读到“{text}”，应为 {','.join(known)} 中的一种或几种，用逗号分隔")
    if "pdf" in wanted:
        from cdgis.report.files.pdf import required_browser

        required_browser()  # before the work, not after it
    return wanted


def guide(
    size_ha: SizeOption,
    industry: IndustryOption = None,
    project_type: Annotated[str, typer.Option("--project-type", metavar="性质", help="新建/改建/扩建/迁建")] = "新建",
    activity: Annotated[str, typer.Option("--activity", metavar="类型", help="活动类型")] = "开发性生产性建设",
    attr: AttrOption = None,
    within: Annotated[str, typer.Option("--within", metavar="县区", help="只在该县区内找（默认全市）")] = "",
    count: Annotated[int, typer.Option("--count", metavar="整数", min=1, max=1000, help="最多给出几处")] = 10,
    spacing: Annotated[float, typer.Option("--spacing", metavar="米", min=50, max=100_000, callback=finite, help="候选点间距")] = 500.0,
    workspace: WorkspaceOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """选址引导：按行业和面积在县区或全市找出不冲突的位置，按结论与稳定性排序。

    示例：cdgis guide --industry 4416 --size-ha 20 --within 丰宁满族自治县
    """
    from cdgis.cli.options import write_all
    from cdgis.cli.terminal import progress_bars
    from cdgis.pipelines.assess_siting import assess_siting, siting_request

    opened = open_here(workspace)
    target = output_folder(out, "reports", opened)
    declared = {"industry": industry or "", "project_type": project_type, "activity": activity} | named_values(attr or [])
    wanted = siting_request(declared, size_ha=size_ha, count=count, spacing_m=spacing)
    with progress_bars(err_console, quiet=quiet) as progress:
        assessment = assess_siting(opened, wanted, within=within, as_of=parse_date(as_of), progress=progress)
    write_all(assessment, target, jobs=1, quiet=quiet, strict=False)
