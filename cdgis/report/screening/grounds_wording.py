"""Wording of parts 6 to 11, and all eleven in order."""

from collections.abc import Sequence

from cdgis.core.number_format import square_metres
from cdgis.core.vocabulary import UNEXPLAINED, Verdict
from cdgis.report.screening.blocks import Block, Cell, Grid, Heading, Pairs, Part, Signatures, Text
from cdgis.report.screening.cells import (
    EFFECT_TONES,
    area_cell,
    columns,
    distance_cell,
    listed_grid,
    stability_text,
    zone_text,
)
from cdgis.report.screening.content import Clause, HardLineStatus, LayerRow, LayerUse, ScreeningReport
from cdgis.report.screening.findings_wording import basics_part, conclusion_part, hard_part, occupation_part, unit_part
from cdgis.report.wording import DASH, in_force, metres

_MOST_DECISIVE = 3
_MOST_NEAR = 12
"""Nearest zones listed; in part 5 the hard lines have their distances anyhow."""


def parts_of(report: ScreeningReport, *, digest: str = "", more: Sequence[Block] = ()) -> tuple[Part, ...]:
    """Return the eleven parts in order.

    Parameters
    ----------
    digest : SHA-256 of the report's JSON, printed so that the paper names the file it was made from. Without it the
        parts are those of a page: no table of boundary points, no layers that were not met, nothing to sign.
    more : blocks that end part 8: what becomes of an enterprise.
    """
    paper = bool(digest)
    return (
        basics_part(report, points=paper),
        conclusion_part(report),
        occupation_part(report),
        unit_part(report),
        hard_part(report),
        _nearby(report),
        _industry(report),
        _alternatives(report, more),
        _data(report, every_layer=paper),
        _bases(report),
        _declaration(report, digest),
    )


def summary_of(report: ScreeningReport) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the first page's summary: size, what decides it under which article, what is missing, the margin."""
    c, b = report.conclusion, report.basics
    size = square_metres(b.areas[0].area_m2) if b.areas else ""
    length = f"长度 {metres(b.length_m)}" if b.length_m > 0 else "点位，不计面积"
    where = "，".join(text for text in (b.county, "、".join(b.units) or "未落入任何管控单元") if text)
    lines: list[tuple[str, tuple[str, ...]]] = [("规模与位置", (f"{size or length}；{where}",))]
    shown = c.decisive[:_MOST_DECISIVE]
    if shown:
        more = (f"另有 {len(c.decisive) - len(shown)} 条，见第二部分",) if len(c.decisive) > len(shown) else ()
        lines.append(("决定性条款", (*(_decisive(clause) for clause in shown), *more)))
    if c.open:
        wanted = dict.fromkeys(fact.title for clause in c.open for fact in clause.missing)
        lines.append(("尚缺资料", ("、".join(wanted) or "见第九部分",)))
    lines.append(("稳定性", (stability_text(report.conclusion),)))
    unseen = [line.title for line in report.hard_lines if line.status == HardLineStatus.UNCOVERED]
    hit = [line for line in report.hard_lines if line.status not in (HardLineStatus.CLEAR, HardLineStatus.UNCOVERED)]
    clear = [f"{line.title} {metres(line.distance_m)}" for line in report.hard_lines if line.status == HardLineStatus.CLEAR]
    gap = (f"项目有一部分在图层覆盖范围以外，不能证明不涉及：{'、'.join(unseen)}",) if unseen else ()
    proof = (f"不涉及（最近距离）：{'；'.join(clear)}",) if clear else ()
    lines.append(("刚性红线", (*(line.sentence for line in hit), *gap, *proof)))
    lines.append(("需人工", (f"需人工判定 {c.manual_count} 条，资料不足 {c.unknown_count} 条；逐条见第四部分",)))
    return tuple(lines)


def _decisive(clause: Clause) -> str:
    """Return one decisive clause in a line: effect, title, how much, article."""
    where = "；".join(zone_text(zone) for zone in clause.zones[:2])
    return f"〔{clause.effect}〕{clause.title or '单元准入清单条款'}{'：' + where if where else ''}。依据 {'；'.join(clause.bases)}"


def _nearby(report: ScreeningReport) -> Part:
    """Return part 6: zones that a buffer rule concerns and the nearest others in full, those farther away in a line."""
    shown = [row for place, row in enumerate(report.nearby) if place < _MOST_NEAR or row.rule_ids]
    far = [row for place, row in enumerate(report.nearby) if place >= _MOST_NEAR and not row.rule_ids]
    heads = columns(("图层", 24), ("最近的区（编码）", 36), ("类别", 18), ("距离", 12), ("说明", 14))
    rows = tuple(
        (
            Cell(text=row.layer_title),
            Cell(text=row.zone_name or row.zone_id or "覆盖范围内没有该类区", small=row.zone_id),
            Cell(text=row.zone_class or DASH),
            distance_cell(row.distance_m),
            Cell(text=LayerUse.CLEAR if row.proof else LayerUse.NEAR, small=f"缓冲规则 {'、'.join(row.rule_ids)}" if row.rule_ids else ""),
        )
        for row in shown
    )
    text = f"临界分析：{stability_text(report.conclusion)}。距离为项目边界至区边界的椭球面最短距离；临界线见位置图。"
    told = "；".join(f"{row.layer_title} {metres(row.distance_m) if row.zone_id else '（覆盖范围内没有该类区）'}" for row in far)
    left = f"更远、没有缓冲规则涉及的 {len(far)} 处：{told}。"
    blocks = (
        Text(text=text), Grid(id="near", columns=heads, rows=rows, dense=True),
        *((Text(text=left, style="note"),) if far else ()), *_downstream(report),
    )  # fmt: skip
    return Part(number="六", id="nearby", title="邻近分析", blocks=blocks)


def _downstream(report: ScreeningReport) -> tuple[Block, ...]:
    """Return what the effluent runs into, for subjects that discharge."""
    found = report.record.get("downstream", ())
    if not found:
        return ()
    heads = columns(("次序", 8), ("类别", 22), ("名称（编号）", 40), ("辖区", 18), ("沿河距离", 14))
    rows = tuple(
        (
            Cell(text=str(row["order"])),
            Cell(text=str(row["kind"])),
            Cell(text=str(row["name"]), small=str(row["receptor_id"])),
            Cell(text=str(row["jurisdiction"]) or DASH),
            Cell(text=DASH if row["kind"] == UNEXPLAINED else f"{row['river_km']:.1f} 公里", kind="number"),
        )
        for row in found
    )
    first = found[0]
    text = (
        f"排水下游：离所汇入河道 {first['entry_m']:.0f} 米；每类受体只列沿河最先到达的一处，全部受体用 cdgis trace 查。"
        f"河网来源：{first['source'].split('；')[0]}，位置精度约 {first['accuracy_m']:.0f} 米。"
    )
    return (Heading(text="排水下游受体"), Text(text=text, style="note"), Grid(id="downstream", columns=heads, rows=rows, dense=True))


def _industry(report: ScreeningReport) -> Part:
    part = report.industry
    rows = [(fact.title, Cell(text=f"{fact.value or '未填'} {fact.unit}".strip())) for fact in part.facts]
    distance_m = part.railway_distance_m
    known = distance_m == distance_m
    rows.append(("最近铁路", Cell(text=f"{part.railway}，{metres(distance_m)}" if known else "未查到", field="railway_m", value=distance_m)))
    blocks: list[Block] = [Pairs(rows=tuple(rows))]
    if part.clauses:
        blocks.append(listed_grid("industry-clauses", part.clauses))
    return Part(number="七", id="industry", title="行业与两高、装备、铁路", blocks=tuple(blocks))


def _alternatives(report: ScreeningReport, more: Sequence[Block]) -> Part:
    part = report.alternatives
    blocks: list[Block] = [Text(text=remedy.sentence) for remedy in part.remedies]
    if not part.remedies:
        needed = report.conclusion.verdict in (Verdict.FAIL, Verdict.JUSTIFY)
        blocks.append(Text(text="本次未做避让与平移分析。" if needed else "现有结论下无需避让或平移。"))
    if part.peers:
        heads = columns(("备选址", 34), ("县区", 14), ("面积（平方米）", 18), ("结论", 14), ("稳定性", 20))
        rows = tuple(
            (
                Cell(text=peer.name or peer.subject_id, small=peer.subject_id),
                Cell(text=peer.county or DASH),
                area_cell(peer.area_m2),
                Cell(text=peer.verdict, small="；".join(peer.caveats), kind="strong"),
                Cell(text=f"{peer.stability}，{metres(peer.critical_distance_m)}"),
            )
            for peer in part.peers
        )
        blocks += [Heading(text="本次一并研判的选址"), Grid(id="peers", columns=heads, rows=rows)]
    return Part(number="八", id="alternatives", title="备选与整改", blocks=(*blocks, *more))


def _data(report: ScreeningReport, *, every_layer: bool) -> Part:
    part = report.data
    blocks: list[Block] = []
    if part.questions:
        heads = columns(("缺什么", 28), ("影响的规则", 30), ("可能的效力", 12), ("如何补充", 30))
        rows = tuple(
            (
                Cell(text=q.title, small=q.attribute),
                Cell(text="、".join(q.rule_ids), kind="code"),
                Cell(text=q.effect, kind="effect", tone=EFFECT_TONES.get(q.effect, "open")),
                Cell(text=q.option, kind="code"),
            )
            for q in part.questions
        )
        blocks += [Heading(text="待补充的信息"), Grid(id="questions", columns=heads, rows=rows)]
    gaps = [*part.gaps, *part.notes, *(f"未纳入的规则 {off.name}：{off.value}" for off in part.switched_off)]
    if gaps:
        blocks += [Heading(text="数据缺口与说明"), *(Text(text=f"· {gap}", style="note") for gap in gaps)]
    return Part(number="九", id="data", title="数据版本与缺口", blocks=(*blocks, Heading(text="图层版本"), *_layers(report, every_layer=every_layer)))


def _layers(report: ScreeningReport, *, every_layer: bool) -> list[Block]:
    """Return the layers with their versions: those of one version, status and plan in one row, sources stated once below.

    Parameters
    ----------
    every_layer : list those the subject does not meet as well.
    """
    listed = [layer for layer in report.data.layers if every_layer or layer.used != LayerUse.CLEAR]
    head = "图层（未注明压占、邻近、未覆盖的未压占；精度；SHA-256 前 12 位；来源）"
    heads = columns(("版本与性质", 15), ("批准机关 / 备案 / 公布", 21), (head, 64))
    sources = list(dict.fromkeys((layer.source, layer.licence) for layer in listed))
    groups: dict[tuple[str, bool, str, str], list[LayerRow]] = {}
    for layer in listed:
        groups.setdefault((layer.version, layer.official, _plan_text(layer), layer.plan_document), []).append(layer)
    rows = tuple(
        (
            Cell(text=f"{version}　{'官方' if official else '非官方'}"),
            Cell(text=plan, small=document),
            Cell(text="；".join(_layer_text(layer, sources.index((layer.source, layer.licence)) + 1) for layer in part)),
        )
        for (version, official, plan, document), part in groups.items()
    )
    notes = [Text(text=f"[{n}] {source}；许可：{licence}", style="note") for n, (source, licence) in enumerate(sources, start=1)]
    return [Grid(id="layers", columns=heads, rows=rows, dense=True), *notes]


def _layer_text(layer: LayerRow, source: int) -> str:
    used = "" if layer.used == LayerUse.CLEAR else f"{layer.used}；"
    accuracy = f"±{layer.accuracy_m:g} 米；" if layer.accuracy_m else ""
    return f"{layer.title}（{used}{accuracy}{layer.sha256[:12]}；[{source}]）"


def _plan_text(layer: LayerRow) -> str:
    dates = (layer.approved_by, layer.filed_on, layer.published_on)
    return " / ".join(text or "未载" for text in dates) if layer.plan_document or layer.approved_by else DASH


def _bases(report: ScreeningReport) -> Part:
    part = report.bases
    heads = columns(("层级", 8), ("文件与条款", 46), ("发布机关", 16), ("在效期间（按规则）", 18), ("核实情况", 12))
    rows = tuple(
        (
            Cell(text="、".join(row.levels)),
            Cell(text=f"《{row.document}》{'、'.join(row.articles)}", small=f"规则 {'、'.join(row.rule_ids)}", field="basis"),
            Cell(text=row.issuer or DASH),
            Cell(text=in_force(row.effective_from, row.effective_to)),
            Cell(text=row.mark),
        )
        for row in part.rows
    )
    blocks: list[Block] = [Grid(id="bases", columns=heads, rows=rows, dense=True)]
    for straddle in part.straddles:
        blocks.append(Heading(text=f"新旧衔接：{straddle.changed_on} {straddle.title}"))
        blocks.append(Text(text=f"申请（批准）日期 {straddle.declared_date}。{straddle.note}", style="warn"))
        pairs = columns(("要求", 20), ("申请（批准）时依据", 40), ("判定基准日依据", 40))
        body = tuple(
            (
                Cell(text=p.title),
                Cell(text=p.before_basis, small=f"〔{p.before_effect}〕{p.before_id}　{p.before_period}"),
                Cell(text=p.after_basis, small=f"〔{p.after_effect}〕{p.after_id}　{p.after_period}"),
            )
            for p in straddle.pairs
        )
        table = Grid(id=f"straddle-{straddle.changed_on}", columns=pairs, rows=body)
        blocks.append(table if body else Text(text="本报告所列条款没有因此次变更而有新旧两版的。", style="note"))
    blocks += [Text(text=f"术语：{term}", style="note") for term in part.terms]
    return Part(number="十", id="bases-part", title="依据清单", blocks=tuple(blocks))


def _declaration(report: ScreeningReport, digest: str) -> Part:
    d = report.declaration
    rows = [
        ("报告编号", Cell(text=report.report_number or DASH, kind="code", field="report_number")),
        ("有效期", Cell(text=f"{d.valid_from} 至 {d.valid_until}（期内条文、图层更新的，须重新研判）")),
        ("程序版本", Cell(text=f"cdgis {report.version}，判定基准日 {report.as_of}")),
        ("图件", Cell(text=d.map_mark)),
    ]
    if digest:
        rows.append(("数据副本校验值", Cell(text=digest, kind="code", field="json_sha256")))
    if d.journal is not None:
        journal = f"复核记录 {d.journal.length} 条，链首指纹 {d.journal.head_sha256}"
        rows.append(("人工复核", Cell(text=journal, kind="code", field="journal")))
        rows += [("复核记录有缺失", Cell(text=fault)) for fault in d.journal.faults]
    blocks: list[Block] = [Text(text=d.text)]
    if d.stamp:
        blocks.append(Text(text=d.stamp, style="warn"))
    blocks += [Pairs(rows=tuple(rows)), *((Signatures(roles=d.signatures),) if digest else ())]
    return Part(number="十一", id="declaration", title="声明", blocks=tuple(blocks))
