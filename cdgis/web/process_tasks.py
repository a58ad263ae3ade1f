"""What the OGC processes ask of the workspace: judge a shape, look for sites, follow the water. Each calls the door the command line calls."""

from collections.abc import Callable, Mapping
from typing import Any

from geopandas import GeoDataFrame
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from shapely.geometry import shape

from cdgis.core.errors import DeskError
from cdgis.pipelines.session import Session
from cdgis.web.job_kinds import Numbers, Texts
from cdgis.web.plain_values import plain_rows
from cdgis.web.tasks import alternatives, drawn_file
from cdgis.web.verdict_summary import summary_of


class _Inputs(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ScreenInputs(_Inputs):
    """A shape and what is declared of the project."""

    geometry: dict[str, Any] = Field(description="GeoJSON 图形，EPSG:4490 经纬度")
    name: str = Field(default="", max_length=300, description="项目名称")
    industry: str = Field(default="", max_length=40, description="行业代码（GB/T 4754）")
    project_type: str = Field(default="", max_length=40, description="建设性质")
    activity: str = Field(default="", max_length=100, description="活动类型")
    attributes: dict[str, str] = Field(default={}, description="属性")


class GuideInputs(_Inputs):
    """What kind of site is looked for."""

    size_ha: float = Field(gt=0, le=10_000, description="面积，公顷，按正方形试")
    industry: str = Field(default="", max_length=40, description="行业代码（GB/T 4754）")
    project_type: str = Field(default="新建", max_length=40, description="建设性质")
    activity: str = Field(default="开发性生产性建设", max_length=100, description="活动类型")
    within: str = Field(default="", max_length=60, description="县区；不写为全市")


class TraceInputs(_Inputs):
    """Where the water is followed from."""

    lon: float = Field(ge=-180, le=180, description="经度，EPSG:4490")
    lat: float = Field(ge=-90, le=90, description="纬度，EPSG:4490")
    up: bool = Field(default=False, description="向上游列风险源")
    velocity: str = Field(default="", max_length=20, description="流速范围，米每秒，如 0.3:1.5")


class RelocateInputs(_Inputs):
    """What a relocation plan is to assume; nothing: the plan as it stands."""

    as_of: str = Field(default="", max_length=40, description="判定日期；不写为设置的日期")
    close: Texts = Field(default=[], description="假设关闭的园区编号")
    cap_ha: Numbers = Field(default={}, description="园区编号 → 假设的余地，公顷")
    weights: dict[str, Numbers] = Field(default={}, max_length=2, description="priority、destinations → 指标编号 → 权重")
    free: Texts = Field(default=[], description="假设不搬的企业编号")


def screen(ws: Session, *, geometry: Mapping[str, Any], attributes: Mapping[str, str], **facts: str) -> dict[str, Any]:
    """Return the verdict on a shape, as the desk's own page gets it; a draft, decided by nobody."""
    drawn_file(geometry)  # refuses what is no shape in degrees
    frame = GeoDataFrame({}, geometry=[shape(dict(geometry))], crs=4490)
    told: dict[str, Any] = {key: value or None for key, value in facts.items()}
    return summary_of(ws.screen(frame, attributes=attributes, **told).assessment)


def guide(ws: Session, *, size_ha: float, within: str, **facts: str) -> dict[str, Any]:
    """Return places where such a project meets no conflict, as GeoJSON."""
    found = alternatives(ws, size_ha=size_ha, facts=facts, county=within)
    features = [
        {"type": "Feature", "geometry": row["geometry"], "properties": {key: value for key, value in row.items() if key != "geometry"}}
        for row in found["locations"]
    ]
    return {"type": "FeatureCollection", "features": features, "note": found["note"]}


def trace(ws: Session, *, lon: float, lat: float, up: bool, velocity: str) -> dict[str, Any]:
    """Return who lies downstream, or what lies upstream, in the order the water takes."""
    found = ws.trace(lon, lat, up=up, velocity=velocity)
    return {"direction": found.direction, "notes": list(found.notes), "rows": plain_rows(found.sources if up else found.receptors)}


PROCESSES: Mapping[str, tuple[str, type[_Inputs], Callable[..., dict[str, Any]] | None]] = {
    "screen": ("研判：一个图形压占哪些区、符合哪些条文（草算，不作决定）", ScreenInputs, screen),
    "guide": ("选址：这样的项目放在哪里没有冲突", GuideInputs, guide),
    "trace": ("追踪：水往下游流到哪里、上游有什么风险源", TraceInputs, trace),
    "relocate": ("搬迁：谁该搬、先后、去处；可假设关闭园区、改余地、改权重", RelocateInputs, None),
}
"""Id -> title, inputs, task of a worker; None: it takes too long for one and is a job of its own (`cdgis.web.job_kinds.QUEUED`)."""
PROCESS_TASKS = {f"process-{name}": task for name, (_, _, task) in PROCESSES.items() if task is not None}


def checked_inputs(name: str, given: Any) -> dict[str, Any]:
    """Return a process's inputs with what was left out filled in.

    Raises
    ------
    DeskError : they are not as described.
    """
    try:
        return PROCESSES[name][1].model_validate(given).model_dump()
    except ValidationError as err:
        named = "、".join(dict.fromkeys(".".join(map(str, fault["loc"])) or "inputs" for fault in err.errors()))
        raise DeskError(f"inputs 的这些项不合要求：{named[:200]}", remedy=f"请看 /ogc/processes/{name} 的说明") from err
