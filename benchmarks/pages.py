"""How do measured numbers get onto docs/performance.md and docs/scale.md? Between markers, never typed."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bench_batch
import must_show
import plots
import side_by_side
import vectors
from side_by_side import Measured

PACKAGES = ("numpy", "shapely", "geopandas", "numba", "rasterio", "exactextract", "rasterstats", "dask", "typer", "duckdb", "sedonadb")
HEADINGS = {
    "vectors": "矢量：点、地块与距离", "zonal": "栅格：各类土地在各区的面积", "judging": "研判：同样的规则", "batch": "成批研判",
    "national": "一省与全国", "verdict": "一次研判与整次运行", "relocation": "企业搬迁", "start": "启动",
}  # fmt: skip
GROWTH = {
    "parcels": ("{n} 块地 × 4 图层面积", vectors.PARCELS, "地块 × 4 图层面积：用时随地块数", "地块数"),
    "points": ("{n} 个点 × 5 图层", vectors.POINTS, "点 × 5 图层：用时随点数", "点数"),
}
NATIONAL = ((100_000, "10⁵ 个地块"), (1_000_000, "10⁶ 个地块"), (100_000_000, "10⁸ 个地块"))
UNITS_NATIONAL, UNITS_MEASURED, UNITS_VERTICES = 40_737, 2_000, 7_070_000


def write(results: Mapping[str, Any], rows: Sequence[Measured], *, docs: Path) -> None:
    """Write the marked parts of both pages and the plots under `docs`."""
    growth = {name: _growth(name, rows) for name in GROWTH}
    for name, series in growth.items():
        if any(math.isfinite(s) for points in series.values() for s in points.values()):
            (docs / "img" / f"cost-{name}.svg").write_text(
                plots.log_log(series, title=GROWTH[name][2], axis=GROWTH[name][3]), encoding="utf-8"
            )
    parts = results["parts"]
    _fill(docs / "performance.md", {
        "must-show": f"{must_show.judged(rows)}\n\n{_conditions(parts)}",
        "growth": _exponents(growth),
        "tables": "\n\n".join(_part(name, parts[name]) for name in HEADINGS if name in parts),
        "also": _also(results["also"]),
    })  # fmt: skip
    _fill(docs / "scale.md", {"batch": _extrapolated(parts, rows, growth["parcels"])})


def _fill(page: Path, content: Mapping[str, str]) -> None:
    text = page.read_text(encoding="utf-8")
    for name, body in content.items():
        marked = re.compile(rf"(<!-- begin:{name} -->\n).*?(<!-- end:{name} -->)", re.DOTALL)
        if not marked.search(text):
            raise SystemExit(f"{page}：没有标记 begin:{name}")
        text = marked.sub(lambda found, body=body: f"{found[1]}\n{body}\n\n{found[2]}", text)
    page.write_text(text, encoding="utf-8")


def _conditions(parts: Mapping[str, Any]) -> str:
    """Return the machine, and day and load of each part."""
    when = "；".join(
        f"{HEADINGS[name]} {part['day']}，负载 {part['load'][0]:.1f}" for name, part in parts.items() if name in HEADINGS
    )
    newest = max(parts.values(), key=lambda part: part["day"], default={"machine": ""})
    return f"{newest['machine']}\n\n各部分开始时（日期，一分钟平均负载）：{when}。负载明显大于 0 时，钟表秒偏大，请看处理器秒。"


def _part(name: str, part: Mapping[str, Any]) -> str:
    return f"### {HEADINGS[name]}\n\n{side_by_side.table([Measured(**row) for row in part['rows']])}"


def _growth(name: str, rows: Sequence[Measured]) -> plots.Series:
    """Return seconds by n of each peer measured at two sizes or more, ours first."""
    pattern, sizes, *_ = GROWTH[name]
    found: dict[str, dict[float, float]] = {"cdgis": {}}
    for n in sizes:
        for row in rows:
            if row.job == pattern.format(n=n) and math.isfinite(row.seconds):
                found.setdefault(row.peer, {})[float(n)] = row.seconds
    return {peer: points for peer, points in found.items() if len(points) > 1 or peer == "cdgis"}


def _exponents(growth: Mapping[str, plots.Series]) -> str:
    lines = []
    for name, series in growth.items():
        words = "；".join(
            f"{peer} {must_show.exponent(points):.2f}，末一段 {must_show.last_slope(points):.2f}"
            for peer, points in series.items()
        ).replace("nan", "—")
        lines.append(f"![{GROWTH[name][2]}](img/cost-{name}.svg)\n\n代价指数（{GROWTH[name][3]}）：{words}。")
    return "\n\n".join(lines)


def _also(also: Mapping[str, Any]) -> str:
    if not also:
        return "（还没有用 `--also` 量过；较早的数见 [benchmarks/README.md](../benchmarks/README.md)。）"
    return "\n\n".join(f"### {name}（{one['day']}）\n\n```text\n{one['text']}\n```" for name, one in also.items())


def _extrapolated(parts: Mapping[str, Any], rows: Sequence[Measured], growth: plots.Series) -> str:
    """Return what was measured on the batch and what it says of a country."""
    slope = must_show.exponent(growth["cdgis"])
    jobs = {bench_batch.job_name(count) for count in bench_batch.SIZES}
    found = [row for row in rows if row.job in jobs and row.peer.startswith("cdgis，单") and row.runs]
    if not found:
        return "（还没有量。）"
    one = max(found, key=lambda row: _count(row.job))
    count, day = _count(one.job), parts["batch"]["day"]
    lines = [
        f"{day} 实测：{one.job}，单进程处理器 {one.cpu_s:.0f} 秒（钟表 {one.seconds:.0f} 秒），每块 {one.cpu_s / count * 1e3:.2f} 毫秒。"
        f"叠加内核的代价指数 {slope:.2f}；研判按固定大小的块进行，块与块无关，外推用 max(1, 指数)。",
        "",
        "| 规模 | 一个核 | 两个核 | 100 核 |",
        "|---|---|---|---|",
    ]
    for n, words in NATIONAL:
        seconds = one.cpu_s * (n / count) ** max(1.0, slope)
        lines.append(f"| {words}{'（实测）' if n == count else ''} | {_time(seconds)} | {_time(seconds / 2)} | {_time(seconds / 100)} |")
    return "\n".join([*lines, "", _units(rows)]).replace("nan", "—")


def _units(rows: Sequence[Measured]) -> str:
    """Return how the kernels would fare on the nation's units, from 2 000 units of 7 million vertices."""
    points = next((row for row in rows if row.job == "1000000 个点 × 5 图层" and row.peer == "cdgis" and row.runs), None)
    if points is None:
        return ""
    times = UNITS_NATIONAL / UNITS_MEASURED
    return (
        f"全国 {UNITS_NATIONAL} 个单元是所量 {UNITS_MEASURED} 单元图层的 {times:.0f} 倍，"
        f"同样的顶点密度下约 {UNITS_VERTICES * times / 1e8:.1f} 亿个顶点。"
        f"100 万个点对 5 个图层（共 1 200 万顶点）实测 {points.seconds:.1f} 秒、{points.peak_mb / 1024:.1f} GB，其中读入与建索引随顶点数线性增长；"
        f"全部按 {times:.0f} 倍外推到全国单元，不超过 {points.seconds * times:.0f} 秒、{points.peak_mb * times / 1024:.0f} GB："
        "时间不成问题，内存成问题，全国图层应按省切开，一省一份工作区。"
    )


def _count(job: str) -> int:
    return next(count for count in bench_batch.SIZES if bench_batch.job_name(count) == job)


def _time(seconds: float) -> str:
    for unit, size in (("天", 86_400), ("小时", 3_600), ("分钟", 60)):
        if seconds >= 2 * size:
            return f"约 {seconds / size:.0f} {unit}"
    return f"约 {seconds:.0f} 秒"
