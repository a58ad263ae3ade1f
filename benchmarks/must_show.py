"""Which of the issue's demands does a run meet? (must_show.toml: the demands; the numbers come from the run)"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import Measured

DEMANDS = Path(__file__).with_suffix(".toml")
WORKERS = 2
"""Processes of the Dask row."""
Row = Mapping[str, Any]
Verdict = tuple[list[str], list[str], list[bool]]
"""What was measured, ratios, and whether each condition of a demand holds."""


def exponent(seconds: Mapping[float, float], *, least: float = 1e4) -> float:
    """Return the slope of the least-squares line through (log n, log seconds), over n from `least`; nothing subtracted."""
    known = [(n, s) for n, s in seconds.items() if n >= least and math.isfinite(s)]
    if len(known) < 2:
        return math.nan
    n, s = np.log10(np.array(known)).T
    return float(np.polyfit(n, s, 1)[0])


def last_slope(seconds: Mapping[float, float]) -> float:
    """Return the slope between the two largest n, where fixed costs weigh least."""
    known = sorted((n, s) for n, s in seconds.items() if math.isfinite(s))
    if len(known) < 2:
        return math.nan
    (n0, s0), (n1, s1) = known[-2:]
    return math.log(s1 / s0) / math.log(n1 / n0)


def judged(rows: Sequence[Measured]) -> str:
    """Return the demands as a Markdown table: demand, measured, peer, ratio, met or not."""
    lines = ["| 要求 | 本工具 | 对照 | 倍数 | 结果 |", "|---|---|---|---|---|"]
    for demand in tomllib.loads(DEMANDS.read_text(encoding="utf-8"))["row"]:
        ours = _found(rows, demand["job"], demand.get("ours", "cdgis")) or _found(
            rows, demand.get("instead", ""), demand.get("ours", "cdgis")
        )
        if ours is None:
            lines.append(f"| {demand['demand']} | 没有量 | — | — | 没有量 |")
            continue
        measured, peer, ratio, holds = _judge(demand, ours, rows)
        result = "没有量" if not holds else "达到" if all(holds) else "**未达到**"
        if ours.job != demand["job"]:
            result += f"（按 {ours.job}）"
        lines.append(f"| {demand['demand']} | {measured} | {peer} | {ratio} | {result} |")
    return "\n".join(lines)


def _judge(demand: Row, ours: Measured, rows: Sequence[Measured]) -> tuple[str, str, str, list[bool]]:
    measured = f"{_times(ours)}，{ours.peak_mb:.0f} MB"
    holds = [
        value <= demand[key]
        for key, value in (("at_most_s", ours.seconds), ("at_most_cpu_s", ours.cpu_s), ("at_most_mb", ours.peak_mb))
        if key in demand
    ]
    peer, ratio = "—", "—"
    if "growth" in demand:
        seconds = {float(n): _seconds(rows, job, demand) for n, job in demand["growth"].items()}
        slope = exponent(seconds)
        ratio = f"指数 {slope:.2f}（末一段 {last_slope(seconds):.2f}）"
        holds += [slope <= demand["at_most_exponent"]] if math.isfinite(slope) else []
    other = _found(rows, demand.get("against", ours.job), demand.get("peer", "cdgis"))
    if other is None or other == ours:
        return measured, peer, ratio, holds if not _compares(demand) else []
    peer = f"{other.peer if 'peer' in demand else other.job} {_times(other)}"
    if "overhead" in demand:
        by_cpu = ours.cpu_s / other.cpu_s - 1
        by_clock = WORKERS * ours.seconds / other.cpu_s - 1
        ratio = f"处理器 {by_cpu:+.0%}；钟表 {by_clock:+.0%}（对单进程处理器秒的一半）"
        holds += [by_cpu <= demand["overhead"], by_clock <= demand["overhead"], ours.checksum == other.checksum]
    elif "at_least" in demand:
        ratio = f"{other.seconds / ours.seconds:.1f}"
        if math.isfinite(other.cpu_s):
            ratio += f"（处理器 {other.cpu_s / ours.cpu_s:.1f}）"
        holds.append(other.seconds >= demand["at_least"] * ours.seconds)
    elif "at_most" in demand:
        ratio = f"{ours.seconds / other.seconds:.2f} 倍用时"
        holds.append(ours.seconds <= demand["at_most"] * other.seconds)
    return measured, peer, ratio, holds


def _times(row: Measured) -> str:
    processor = f"（处理器 {row.cpu_s:.2f}）" if math.isfinite(row.cpu_s) else ""
    return f"{row.seconds:.2f} 秒{processor}"


def _compares(demand: Row) -> bool:
    return "peer" in demand or "against" in demand


def _found(rows: Sequence[Measured], job: str, peer: str) -> Measured | None:
    """Return the fastest of the rows of a job whose peer's name begins so."""
    known = [r for r in rows if r.job == job and r.peer.startswith(peer) and math.isfinite(r.seconds)]
    return min(known, key=lambda row: row.seconds) if known else None


def _seconds(rows: Sequence[Measured], job: str, demand: Row) -> float:
    row = _found(rows, job, demand.get("ours", "cdgis"))
    return math.nan if row is None else row.cpu_s if demand.get("by_cpu") else row.seconds
