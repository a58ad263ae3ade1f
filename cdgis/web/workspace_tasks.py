"""What the desk asks about the workspace itself: a layer proposed and taken in, a kind stated absent, rules read from a sheet and listed.

Each calls the function that the command of that name calls, in a process of its own (cdgis.web.worker).
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from geopandas import GeoDataFrame
from shapely.geometry import shape

from cdgis.core.calendar_days import parse_date
from cdgis.core.errors import DeskError, RuleError
from cdgis.core.progress import Silent
from cdgis.pipelines.absent_layer import state_absent
from cdgis.pipelines.propose_layer import Proposal, Wishes, accept, proposed_layer
from cdgis.pipelines.public_workspace import write_public_workspace
from cdgis.pipelines.rule_export import export_rules
from cdgis.pipelines.rule_import import import_rules
from cdgis.pipelines.session import Session, open_workspace
from cdgis.readers.loading import load_rules, load_workspace, read_rules
from cdgis.readers.place_extent import in_place
from cdgis.workspace.create import known_layers

_FIELDS = {
    "field": "字段对应", "class": "类别对应", "title": "名称", "theme": "主题", "version": "版本日期", "source": "来源", "licence": "许可",
    "crs": "坐标系", "coverage": "数据范围", "sublayer": "文件里的图层", "accuracy": "位置精度", "profile": "数据规范", "basis": "依据",
    "by": "声明人", "date": "声明日期", "official": "官方成果", "as": "登记为",
}  # fmt: skip
"""Option of the command line -> what the page calls it."""
_MOST_SHAPES = 400
_MOST_VERTICES = 60_000
_ROW = re.compile(r"第 (\d+) 行(?:（([^）]*)）)?[，：:]?\s*(.*)", re.DOTALL)


def in_page_words(text: str) -> str:
    """Return a remedy with the page's own fields where it names options of the command line."""
    text = re.sub(r"加 --official", "勾选“官方成果”", text)
    text = re.sub(r"用 --([a-z]+) 写明", lambda m: f"在“{_FIELDS.get(m[1], m[1])}”一栏写明", text)
    text = re.sub(r"用 --([a-z]+) (?=\S)", lambda m: f"在“{_FIELDS.get(m[1], m[1])}”一栏写 ", text)
    return re.sub(r"(?<![\w-]) ?--([a-z]+) ?", lambda m: f"“{_FIELDS.get(m[1], m[1])}”", text)


def propose(ws: Session, *, source: str, wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the catalogue entry proposed for a file, what speaks for it, what to look at, its shapes, and a digest to confirm."""
    with in_place(ws.workspace), proposed_layer(ws.workspace, source, Wishes(**wishes)) as found:
        return _shown(found)


def take_in(ws: Session, *, source: str, wishes: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """Write a proposed layer into the workspace, when it is still the one that was looked at.

    Raises
    ------
    DeskError : the proposal is another by now.
    CdgisError : as `accept`.
    """
    with in_place(ws.workspace), proposed_layer(ws.workspace, source, Wishes(**wishes)) as found:
        if _digest(found) != digest:
            raise DeskError("材料或目录已变，拟出的条目与您看到的不同", remedy="请重新拟条目，核对后再确认", status=409)
        accept(ws.workspace, found)
        return {"layer_id": found.layer_id, "entry": found.text}


def _shown(found: Proposal) -> dict[str, Any]:
    lines = {name: [in_page_words(line) for line in getattr(found, name)] for name in ("evidence", "questions", "obstacles")}
    return {"text": found.text, "digest": _digest(found), "preview": _preview(found), **lines}


def _digest(found: Proposal) -> str:
    whole = hashlib.sha256(found.text.encode())
    for made, target in sorted(found.staged.items()):
        whole.update(target.name.encode())
        if made.is_file() and made.suffix.lower() != ".json":  # the note of a snapshot holds its time
            whole.update(hashlib.sha256(made.read_bytes()).digest())
    return whole.hexdigest()


def _preview(found: Proposal) -> dict[str, Any] | None:
    """Return the layer as read, thinned to look at; None when it could not be read."""
    if found.layer is None:
        return None
    zones = found.layer.zones
    shapes = zones.geometry.to_numpy()[:_MOST_SHAPES]
    if shapely.get_num_coordinates(shapes).sum() > _MOST_VERTICES:
        west, south, east, north = zones.total_bounds
        shapes = shapely.simplify(shapes, max(east - west, north - south) / 2000)
    features = [
        {"type": "Feature", "geometry": json.loads(shapely.to_geojson(drawn)), "properties": {"id": str(i), "name": str(n), "class": str(c)}}
        for drawn, i, n, c in zip(shapes, zones["zone_id"], zones["zone_name"], zones["zone_class"], strict=False)
        if drawn is not None and not shapely.is_empty(drawn)
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features, "count": len(zones)}


def say_absent(
    ws: Session, *, layer_ids: Sequence[str], basis: str, by: str, on: str, official: bool, title: str
) -> dict[str, Any]:
    """Write the statement that the place has no zone of these kinds into the catalogue, and return how each reads."""
    day = parse_date(on or None)
    if day is None:
        raise DeskError("没有写声明日期", remedy="请在“声明日期”一栏写明")
    if title and len(layer_ids) > 1:
        raise DeskError("名称只用于一个图层", remedy="请逐个声明")
    said = {}
    for layer_id in layer_ids:
        current = open_workspace(ws.root).workspace  # with the catalogue as the statement before has left it
        spec = state_absent(current, layer_id, basis=basis, by=by, on=day, official=official, title=title)
        said[layer_id] = f"{spec.title}：{spec.statement}"
    return {"said": said}


def asked_layers(ws: Session) -> dict[str, Any]:
    """Return which layers the rules ask for, how many rules each, and what a layer that is not there is called."""
    with in_place(ws.workspace):
        rulebook, _ = read_rules(ws.workspace, ws.workspace.settings, [])
    counts = Counter(rule.layer for rule in rulebook.rules if rule.layer)
    known = known_layers()
    titles = {layer_id: known[layer_id].title if layer_id in known else layer_id for layer_id in counts}
    return {"asked": {layer_id: {"rules": counts[layer_id], "title": titles[layer_id]} for layer_id in sorted(counts)}}


def read_rules_sheet(ws: Session, *, file: str, write: bool) -> dict[str, Any]:
    """Return what each row of a rule sheet would change, or is wrong with; with `write` and no fault it is written."""
    path = Path(file)
    with in_place(ws.workspace):
        loaded = load_rules(ws.workspace)
        try:
            result = import_rules(loaded, path.read_bytes(), name=path.name, write=write)
        except RuleError as err:
            return {"good": False, "rows": [_fault_row(problem) for problem in err.problems[1:] or err.problems], "told": err.problems[0]}
    counts = f"新增 {len(result.added)} 条，修改 {len(result.changed)} 条，未变 {result.unchanged_count} 条"
    absent = f"；表中未列 {len(result.absent)} 条，仍按原样有效" if result.absent else ""
    rows = [{"row": row, "rule": rule_id, "what": what, "fault": False} for row, rule_id, what in result.rows]
    return {"good": True, "rows": rows, "told": counts + absent, "changed": [*result.added, *result.changed]}


def _fault_row(problem: str) -> dict[str, Any]:
    found = _ROW.match(problem)
    if found is None:
        return {"row": None, "rule": "", "what": problem, "fault": True}
    return {"row": int(found[1]), "rule": found[2] or "", "what": found[3], "fault": True}


def rule_book(ws: Session, *, suffix: str) -> dict[str, Any]:
    """Return the rule book as a page to read (.html) or a sheet to edit (.xlsx)."""
    with in_place(ws.workspace), load_workspace(ws.workspace, as_of=None, progress=Silent()) as loaded:
        return {"content": export_rules(loaded, Path(f"rules{suffix}"))}


def make_public(ws: Session, *, out: str) -> dict[str, Any]:
    """Write the workspace of what the public may see; return the titles of what it leaves out."""
    return {"withheld": list(write_public_workspace(ws.workspace, Path(out)))}


def inquire(ws: Session, *, geometry: Mapping[str, Any], facts: Mapping[str, str]) -> dict[str, Any]:
    """Return the verdict on a drawn place; nothing is kept of it."""
    from cdgis.web.tasks import drawn_file
    from cdgis.web.verdict_summary import summary_of

    drawn_file(geometry)
    frame = GeoDataFrame({}, geometry=[shape(dict(geometry))], crs=4490)
    industry, project_type, activity = (facts.get(name) or None for name in ("industry", "project_type", "activity"))
    found = ws.screen(frame, name="自助查询的地块", industry=industry, project_type=project_type, activity=activity)
    return summary_of(found.assessment)


WORKSPACE_TASKS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "propose": propose, "take_in": take_in, "say_absent": say_absent, "asked_layers": asked_layers, "rules_sheet": read_rules_sheet,
    "rule_book": rule_book, "make_public": make_public, "inquire": inquire,
}  # fmt: skip
"""What a worker can be asked about the workspace, by name."""
