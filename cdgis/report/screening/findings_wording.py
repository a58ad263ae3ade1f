"""Wording of parts 1 to 5: basics, conclusion, occupation, lists, hard lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from cdgis.core.number_format import plain
from cdgis.core.vocabulary import State
from cdgis.report.screening.blocks import Block, Cell, Grid, Heading, Pairs, Part, Picture, Text
from cdgis.report.screening.cells import (
    area_cell,
    clause_grid,
    columns,
    count_text,
    distance_cell,
    effect_cell,
    facts_text,
    missing_grid,
    open_grid,
    period_text,
    remarks_text,
    review_cell,
    share_cell,
    situation_text,
    stability_text,
    title_of,
    unit_grid,
    zone_text,
)
from cdgis.report.screening.content import Clause, HardLine, HardLineStatus, ScreeningReport
from cdgis.report.screening.phrases import wording
from cdgis.report.wording import DASH, metres, number, percent, word

_STATUS_TONES = {
    HardLineStatus.HIT: "stop", HardLineStatus.CRITICAL: "argue", HardLineStatus.CLEAR: "good",
    HardLineStatus.UNCOVERED: "open", HardLineStatus.ABSENT: "open",
    HardLineStatus.WITHHELD: "open",
}  # fmt: skip
MOST_POINTS = 200
"""Boundary points printed; the JSON holds more, the GeoPackage all."""


def basics_part(report: ScreeningReport, *, points: bool = True) -> Part:
    """Return part 1.

    Parameters
    ----------
    points : print the table of boundary points.
    """
    b = report.basics
    plain = [
        ("项目名称", b.name or "（未填）"), ("对象编号", b.subject_id), ("类别", word(b.kind, "kind")),
        ("建设性质", b.project_type or "未填"), ("行业", f"{b.industry} {b.industry_name}".strip() or "未填"),
        ("活动类型", "；".join(f.value for f in b.activities) or "未填"), ("县区", b.county or "未落入任何县区"),
        ("流域", b.basin or DASH), ("管控单元", "、".join(b.units) or "未落入任何管控单元（数据缺口）"),
        ("图形", b.geometry), ("坐标系", b.crs),
        ("中心坐标", f"东经 {b.lon_deg:.6f}°，北纬 {b.lat_deg:.6f}°"),
        ("位置精度", f"±{metres(b.accuracy_m)}" if b.accuracy_m > 0 else "按所给边界，未声明误差"),
        *([("来源", b.source_file + (f" 第 {b.source_row} 行/图斑" if b.source_row else ""))] if b.source_file else []),
    ]  # fmt: skip
    rows = [(label, Cell(text=text)) for label, text in plain]
    if b.length_m > 0:
        rows.append(("线路长度", Cell(text=metres(b.length_m), field="length_m", value=b.length_m)))
    if b.notes:
        rows.append(("备注", Cell(text=b.notes)))
    blocks: list[Block] = [Pairs(rows=tuple(rows))]
    if b.areas:
        heads = columns(("面积口径", 40), ("平方米", 20), ("公顷", 20), ("亩", 20))
        table = tuple(
            (
                Cell(text=a.title),
                area_cell(a.area_m2, f"{a.method}_m2"),
                Cell(text=number(a.area_ha, 4), kind="number", field=f"{a.method}_ha", value=a.area_ha),
                Cell(text=number(a.area_mu, 3), kind="number", field=f"{a.method}_mu", value=a.area_mu),
            )
            for a in b.areas
        )
        blocks += [Heading(text="用地面积"), Grid(id="areas", columns=heads, rows=table)]
    blocks += [Text(text=f"读入时：{f.title}{'（' + f.value + '）' if f.value else ''}", style="note") for f in b.repairs]
    blocks += [Picture(index=i) for i in range(len(report.figures))]
    blocks += _points(report) if points else []
    if b.declared:
        rest = "未列出的视为缺失。" if report.audience == "internal" else ""
        blocks += [Heading(text="申报与登记的信息"), Text(text=f"{facts_text(b.declared)}。{rest}", style="note")]
    return Part(number="一", id="basics", title="项目基本信息", blocks=tuple(blocks))


def _points(report: ScreeningReport) -> list[Block]:
    b = report.basics
    if b.geometry == wording()["geometry"]["0"] or not b.points:
        return []
    heads = columns(("点号", 10), ("地块-圈号", 12), ("经度（°）", 19), ("纬度（°）", 19), ("X 北（米）", 20), ("Y 东（米）", 20))
    rows = tuple(
        (
            Cell(text=p.label, kind="code"), Cell(text=f"{p.part}-{p.ring}", kind="code"),
            Cell(text=f"{p.lon_deg:.7f}", kind="number"), Cell(text=f"{p.lat_deg:.7f}", kind="number"),
            Cell(text=f"{p.north_m:.3f}", kind="number"), Cell(text=f"{p.east_m:.3f}", kind="number"),
        )
        for p in b.points[:MOST_POINTS]
    )  # fmt: skip
    more = f"　共 {b.point_count} 个，此处列前 {len(rows)} 个，其余见所交文件。" if b.point_count > len(rows) else ""
    note = f"X、Y 为 {b.plane_title}；{b.points_note}{more}"
    return [Heading(text="界址点坐标表"), Text(text=note, style="note"), Grid(id="points", columns=heads, rows=rows, dense=True)]


def conclusion_part(report: ScreeningReport) -> Part:
    """Return part 2: the answer first, then each decisive clause with article and text."""
    c = report.conclusion
    rows = [
        (c.heading, Cell(text=c.label, small="；".join(c.caveats), kind="strong", field="verdict")),
        ("稳定性", Cell(text=stability_text(report.conclusion), field="stability", value=c.critical_distance_m)),
        ("核对规则", Cell(text=count_text(report.conclusion), field="counts")),
    ]
    if c.at_least:
        rows.insert(1, ("至少", Cell(text=f"{c.at_least}（补齐信息后可能更严，不会更宽）", field="at_least")))
    blocks: list[Block] = [Text(text=c.sentence, style="lead"), Pairs(rows=tuple(rows))]
    if c.decisive:
        blocks += [Heading(text="决定结论的条款"), _decisive_grid("decisive", c.decisive)]
    else:
        blocks.append(Text(text="在所载图层和在效规则中，没有计入结论的条款适用于本项目。"))
    if c.open:
        blocks += [Heading(text="一旦适用将使结论更严、现因资料不足未能判定的条款"), missing_grid("open", c.open)]
    return Part(number="二", id="conclusion", title="结论与等级", blocks=tuple(blocks))


def _decisive_grid(name: str, clauses: Sequence[Clause]) -> Grid:
    heads = [("效力", 9), ("条款与依据", 30), ("条文", 34), ("本项目情况", 27)]
    reviewed = any(clause.reviews for clause in clauses)
    rows = [
        (
            effect_cell(c.effect),
            Cell(text="\n".join(c.bases), small=f"{title_of(c)}　{'、'.join(c.levels)}级　{period_text(c)}", field="basis"),
            Cell(text=c.text, small=remarks_text(c).strip(), field="clause"),
            Cell(text=situation_text(c)),
            *((review_cell(c),) if reviewed else ()),
        )
        for c in clauses
    ]
    return Grid(id=name, columns=columns(*heads, *([("人工复核", 16)] if reviewed else [])), rows=tuple(rows))


def occupation_part(report: ScreeningReport) -> Part:
    """Return part 3."""
    heads = columns(
        ("图层", 16), ("区（编码）", 26), ("类别", 14), ("关系", 10), ("面积（平方米）", 14), ("占比", 10), ("管控", 10)
    )
    lines = any(row.zone.length_m > 0 for row in report.occupation.rows)
    rows = tuple(
        (
            Cell(text=row.zone.layer_title),
            Cell(text=row.zone.zone_name or row.zone.zone_id, small=row.zone.zone_id, field="zone"),
            Cell(text=row.zone.zone_class or DASH),
            Cell(text=word(row.zone.relation, "relation"), small=metres(row.zone.length_m) if lines else ""),
            area_cell(row.zone.area_m2),
            share_cell(row.zone.share),
            effect_cell(row.control),
        )
        for row in report.occupation.rows
    )
    blocks: list[Block] = [Grid(id="occupation", columns=heads, rows=rows, dense=True)] if rows else [Text(text="未压占所载图层的任何区。")]
    blocks += [Heading(text="图层台账（区内 + 区外 + 未覆盖 = 合计）"), *_ledger(report)]
    return Part(number="三", id="occupation-part", title="压占总表", blocks=tuple(blocks))


def _ledger(report: ScreeningReport) -> list[Block]:
    """Return the ledger; layers with nothing inside and nothing uncovered share one line."""
    shown = [row for row in report.occupation.ledger if row.inside or row.uncovered]
    empty = [row.layer_title for row in report.occupation.ledger if not (row.inside or row.uncovered)]
    heads = columns(("图层", 28), ("计量", 10), ("区内", 16), ("区外", 16), ("未覆盖", 14), ("合计", 16))
    names = ("inside", "outside", "uncovered", "total")
    rows = tuple(
        (
            Cell(text=row.layer_title),
            Cell(text=word(row.unit, "unit")),
            *(_ledger_cell(name, getattr(row, name), row.unit) for name in names),
        )
        for row in shown
    )
    text = f"其余 {len(empty)} 个图层区内与未覆盖均为 0，区外等于合计：{'、'.join(empty)}。"
    return [Grid(id="ledger", columns=heads, rows=rows, dense=True), *([Text(text=text, style="note")] if empty else [])]


def _ledger_cell(name: str, value: float, unit: str) -> Cell:
    return Cell(text=number(value, 0 if unit == "count" else 2), kind="number", field=name, value=value)


def unit_part(report: ScreeningReport) -> Part:
    """Return part 4: each unit's list by dimension, then the upper levels, then what was set aside."""
    part = report.unit_part
    blocks: list[Block] = []
    if not part.units:
        blocks.append(Text(text="未落入任何已载入的环境管控单元：属数据缺口，不得视为通过。", style="warn"))
    for place, table in enumerate(part.units, start=1):
        zone = table.zone
        blocks.append(Heading(text=f"管控单元 {zone.zone_id} {zone.zone_name}（{zone.zone_class}）：{zone_text(zone)}"))
        if table.clauses:
            grid, shared = unit_grid(f"unit-{place}", zone, table.clauses)
            blocks += [*([Text(text=shared, style="note")] if shared else []), grid]
        if table.silent_dimensions:
            blocks.append(Text(text=f"清单中没有条文的维度：{'、'.join(table.silent_dimensions)}。", style="note"))
    decided = tuple(clause for clause in part.upper if clause.state != State.UNKNOWN)
    unclear = tuple(clause for clause in part.upper if clause.state == State.UNKNOWN)
    if decided:
        blocks += [Heading(text="国家、省、市级要求对照"), clause_grid("upper", decided)]
    if unclear:
        blocks += [Heading(text=f"资料不足、尚不能判定的要求（{len(unclear)} 条，符合性均为需核实）"), open_grid("unclear", unclear)]
    if part.set_aside:
        blocks += [Heading(text="位于其区内、经核对不适用于本项目的条款"), _set_aside(part.set_aside)]
    capped = [row for row in part.caps if row["cap"] is not None and row["cap"] == row["cap"]]
    if capped:
        blocks += [Heading(text="与上限的累计比较（本次全部对象）"), _caps(capped)]
    return Part(number="四", id="units", title="逐单元四维对照表", blocks=tuple(blocks))


def _set_aside(clauses: Sequence[Clause]) -> Grid:
    """Return clauses that do not apply, gathered by the reason; their texts are in the JSON and the rulebook."""
    by_reason: dict[str, list[Clause]] = {}
    for clause in clauses:
        by_reason.setdefault(clause.reason, []).append(clause)
    rows = tuple(
        (
            Cell(text=reason),
            Cell(text=str(len(part)), kind="number"),
            Cell(text="；".join(f"〔{c.effect}〕{title_of(c)}" for c in part)),
        )
        for reason, part in by_reason.items()
    )
    return Grid(id="set-aside", columns=columns(("不适用的理由", 27), ("条数", 8), ("条款", 65)), rows=rows, dense=True)


def _caps(capped: Sequence[Mapping[str, Any]]) -> Grid:
    heads = columns(("区", 28), ("资源或排放", 18), ("上限", 16), ("已申报合计", 16), ("占上限", 10), ("未申报个数", 12))

    def amount(value: object, unit: object) -> Cell:
        """Return a number with its unit, or a dash where it is not known."""
        known = isinstance(value, int | float) and value == value
        return Cell(text=f"{plain(float(str(value)))} {unit}" if known else DASH, kind="number")

    rows = tuple(
        (
            Cell(text=str(row["zone_name"]) or str(row["zone_id"]), small=str(row["zone_id"])),
            Cell(text=str(row["resource"])),
            amount(row["cap"], row["unit"]),
            amount(row["declared"], row["unit"]),
            Cell(text=percent(row["share"]) if row["share"] is not None and row["share"] == row["share"] else DASH, kind="number"),
            Cell(text=str(row.get("missing_count", "")), kind="number"),
        )
        for row in capped
    )
    return Grid(id="caps", columns=heads, rows=rows)


def hard_part(report: ScreeningReport) -> Part:
    """Return part 5: six hard constraints, hit or proven clear."""
    heads = columns(("红线类别", 16), ("判定", 10), ("说明", 54), ("最近距离", 20))
    rows = tuple(
        (
            Cell(text=line.title),
            Cell(text=line.status, kind="conformity", tone=_STATUS_TONES[line.status], field="status"),
            Cell(text=line.sentence, small=line.wording_note, field="sentence"),
            Cell(text="0（区内）", kind="number", field="distance_m", value=0.0) if line.status == HardLineStatus.HIT else _far(line),
        )
        for line in report.hard_lines
    )
    return Part(number="五", id="hard", title="刚性红线", blocks=(Grid(id="hard-lines", columns=heads, rows=rows),))


def _far(line: HardLine) -> Cell:
    return distance_cell(line.distance_m)
