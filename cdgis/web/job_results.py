"""What a job's page shows of its outcome, as plain values: pages and files to open, counts, what changed, a trace to draw."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from cdgis.core.vocabulary import FlowDirection
from cdgis.judging.compare_versions import Comparison
from cdgis.results.assessment import Assessment
from cdgis.results.data_status import stamp_of
from cdgis.rivers.spill_trace import Trace

_MOST_FILES = 60
_MOST_ROWS = 400
_FIRST = {
    "index.html": "总览", "relocation.html": "搬迁", "carbon.html": "碳汇", "dashboard.html": "驾驶舱", "reuse.html": "再利用",
    "compare.html": "新旧对照",
}  # fmt: skip
"""Pages named before the other files, with the words they are offered under."""
_PLAN_COLUMNS = {"status": "状态", "disposition": "去向", "assigned": "承接园区", "grade": "等级", "rank": "名次"}
_MOST_VERTICES = 20_000


def page_links(out: Path) -> dict[str, Any]:
    """Return the pages of a job to open, its other files and how many there are; paths are relative to the job's folder."""
    files = sorted(path.relative_to(out.parent).as_posix() for path in out.parent.rglob("*") if path.is_file())
    pages = [{"path": f"{out.name}/{name}", "title": title} for name, title in _FIRST.items() if f"{out.name}/{name}" in files]
    shown = {page["path"] for page in pages}
    archives = [name for name in files if "/" not in name]
    rest = [name for name in files if name not in shown and "/" in name and not name.rpartition("/")[2].startswith(".")]
    return {"pages": pages, "archives": archives, "files": rest[:_MOST_FILES], "file_count": len(rest), "lines": []}


def run_answer(found: Assessment, out: Path) -> dict[str, Any]:
    """Return the counts of verdicts of a run, and where it was written."""
    table = found.tables["verdicts"]
    counts = table["verdict"].value_counts()
    lines = [f"报告编号 {found.report_numbers['']}", stamp_of(found)]
    lines += [f"研判 {len(table)} 个对象：" + "，".join(f"{word} {n}" for word, n in counts.items())] if len(table) else []
    gaps = found.tables.get("gaps")
    lines += [f"数据缺口 {len(gaps)} 处，见 data/gaps.csv"] if gaps is not None and len(gaps) else []
    return page_links(out) | {"lines": [line for line in lines if line]}


def plan_answer(found: Assessment, before: Assessment | None, out: Path, *, assumed: str) -> dict[str, Any]:
    """Return a relocation plan, and how it differs from the one without the assumptions (`before`)."""
    plan = found.tables["relocation"]
    counts = plan["disposition"].value_counts()
    answer = run_answer(found, out)
    lines = [f"假设：{assumed}" if assumed else "没有假设：现行方案", *answer["lines"]]
    lines += ["清单 " + "，".join(f"{word or '（未定）'} {n} 家" for word, n in counts.items())] if len(plan) else ["清单上没有企业"]
    changes = plan_changes(before.tables["relocation"], plan, _parks(found)) if before is not None else []
    return answer | {"lines": lines, "changes": changes[:_MOST_ROWS], "change_count": len(changes), "assumed": assumed}


def _parks(found: Assessment) -> dict[str, str]:
    use = found.tables["park_use"]
    return {str(park): str(name) for park, name in zip(use["park_id"], use["park_name"], strict=True)}


def plan_changes(before: pd.DataFrame, after: pd.DataFrame, parks: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row an enterprise whose place in the plan is another: what it was and what it becomes, in words.

    Parameters
    ----------
    before, after : tables `relocation`.
    parks : id -> name.
    """
    old, new = (table.set_index("enterprise_id") for table in (before, after))
    rows = []
    for key in sorted(set(old.index) | set(new.index)):
        then, now = (_plan_row(table, key, parks) for table in (old, new))
        changed = [name for name in _PLAN_COLUMNS if then[name] != now[name]]
        if changed:
            named = str((new if key in new.index else old).loc[key, "name"])
            items = [{"what": _PLAN_COLUMNS[name], "before": then[name], "after": now[name]} for name in changed]
            rows.append({"id": str(key), "name": named, "only_rank": changed == ["rank"], "items": items})
    return sorted(rows, key=lambda row: (row["only_rank"], row["id"]))


def _plan_row(table: pd.DataFrame, key: str, parks: Mapping[str, str]) -> dict[str, str]:
    if key not in table.index:
        return dict.fromkeys(_PLAN_COLUMNS, "（不在清单）")
    row = table.loc[key]
    texts = {name: "" if text == "nan" else text.removesuffix(".0") for name, text in ((name, str(row[name])) for name in _PLAN_COLUMNS)}
    texts["assigned"] = parks.get(texts["assigned"], texts["assigned"])
    return {name: text or "—" for name, text in texts.items()}


def comparison_answer(found: Comparison, out: Path) -> dict[str, Any]:
    """Return how two versions of a layer differ, and whose verdicts change."""
    lines = [f"变更的区 {len(found.zones)} 个；重新判定 {found.judged_count} 个对象，结论变更 {len(found.verdicts)} 个", found.stamp]
    rows = [
        {"id": row["subject_id"], "name": row["name"], "only_rank": False,
         "items": [{"what": "结论", "before": row["old_verdict"], "after": row["new_verdict"]}]}
        for row in found.verdicts.head(_MOST_ROWS).to_dict("records")
    ]  # fmt: skip
    return page_links(out) | {"lines": [line for line in lines if line], "changes": rows, "change_count": len(found.verdicts)}


def outfall_answer(tables: Mapping[str, pd.DataFrame], out: Path, *, notes: Iterable[str]) -> dict[str, Any]:
    """Return what was found of outfalls."""
    found, loads = tables["outfalls"], tables["outfall_loads"]
    counts = found["zone_class"].value_counts()
    full = loads.loc[loads["share"] > 1, "control_unit"]
    lines = [
        f"排口与排水企业 {len(found)} 个：" + "，".join(f"{word or '不在禁限区'} {n}" for word, n in counts.items()),
        f"申报化学需氧量超过上限的控制单元：{'、'.join(full) or '没有'}；未申报 {loads['missing_count'].sum()} 家",
        *notes,
    ]
    planned = found[found["name"].str.match(r"\d")]
    rows = [
        {"id": row["outfall_id"], "name": row["name"], "only_rank": False, "items": [
            {"what": "设置区域", "before": "", "after": f"{row['zone_class']} {row['zone_name']}".strip() or "不在禁限区"},
            {"what": "下游断面", "before": "", "after": str(row["next_section"]) or "—"}]}
        for row in planned.to_dict("records")
    ]  # fmt: skip
    return page_links(out) | {"lines": [line for line in lines if line], "changes": rows, "change_count": len(rows)}


def trace_answer(found: Trace, out: Path) -> dict[str, Any]:
    """Return a trace to draw: its course in degrees, and each stop with its name and kilometres along the river."""
    down = found.direction == FlowDirection.DOWN
    rows = found.tables["trace" if down else "trace_sources"].to_dict("records")
    stops = [
        {
            "order": int(row["order"] if down else row["rank"]), "kind": str(row["kind"]) if down else f"第 {row['tier']} 档",
            "name": str(row["name"]), "where": str(row["jurisdiction"] if down else row["county"]), "km": float(row["river_km"]),
            "hours": [float(row["time_low_h"]), float(row["time_high_h"])], "at": [float(lon), float(lat)],
        }
        for row, (lon, lat) in zip(rows, found.stops, strict=True)
    ]  # fmt: skip
    origin = found.origin
    notify = found.tables["trace_notify"].to_dict("records") if down else []
    return page_links(out) | {
        "lines": [line for line in (f"{origin.name}，入河：{found.river}，离河 {origin.offset_m:.0f} 米，{found.direction}", found.stamp) if line],
        "notes": list(found.notes), "course": _course(found), "stops": stops[:_MOST_ROWS], "stop_count": len(stops),
        "origin": [origin.lon_deg, origin.lat_deg], "entry": [origin.river_lon_deg, origin.river_lat_deg], "river": found.river,
        "notify": [f"{row['jurisdiction']}（{row['river_km']:.0f} 公里）" for row in notify],
    }  # fmt: skip


def _course(found: Trace) -> dict[str, Any]:
    line = found.course
    if shapely.get_num_coordinates(line) > _MOST_VERTICES:
        west, south, east, north = shapely.bounds(line)
        line = shapely.simplify(line, max(east - west, north - south) / _MOST_VERTICES)
    return dict(shapely.geometry.mapping(line))


def faults_of(rows: Sequence[Mapping[str, Any]], layer_id: str) -> list[Mapping[str, Any]]:
    """Return the faults a check found in one layer."""
    return [row for row in rows if row["layer"] == layer_id]
