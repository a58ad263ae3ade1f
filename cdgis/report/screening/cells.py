"""Numbers, zones and clauses of a report as cells and sentences."""

from collections.abc import Iterable, Sequence

from cdgis.core.number_format import area_digits
from cdgis.core.vocabulary import Relation, Stability, State
from cdgis.report.screening.blocks import Cell, Column, Grid
from cdgis.report.screening.content import Clause, Conclusion, Fact, ZoneHit
from cdgis.report.wording import DASH, in_force, metres, percent, stability_word, word

EFFECT_TONES = {"禁止": "stop", "退出": "stop", "须论证": "argue", "限制": "limit", "鼓励": "good"}
_CONFORMITY_TONES = {"符合": "good", "不符合": "stop", "需核实": "open"}


def columns(*pairs: tuple[str, int]) -> tuple[Column, ...]:
    """Return table columns from (title, width) pairs."""
    return tuple(Column(title=title, width=width) for title, width in pairs)


def area_cell(area_m2: float, field: str = "area_m2") -> Cell:
    """Return a cell with an area in square metres; a dash for none."""
    return Cell(text=area_digits(area_m2) if area_m2 > 0 else DASH, kind="number", field=field, value=area_m2)


def share_cell(share: float) -> Cell:
    """Return a cell with a share as a percentage; a dash for none."""
    return Cell(text=percent(share) if share > 0 else DASH, kind="number", field="share", value=share)


def distance_cell(distance_m: float) -> Cell:
    """Return a cell with a distance."""
    return Cell(text=metres(distance_m), kind="number", field="distance_m", value=distance_m)


def effect_cell(effect: str) -> Cell:
    """Return a cell with an effect in its tone."""
    return Cell(text=effect or "无触发条款", kind="effect" if effect else "", tone=EFFECT_TONES.get(effect, "open"))


def title_of(clause: Clause) -> str:
    """Return the clause's title with its rule ids."""
    return f"{clause.title or '单元准入清单条款'}（{'、'.join(clause.rule_ids)}）"


def basis_text(clause: Clause) -> str:
    """Return levels, bases, period and source of a clause in one line."""
    period = in_force(clause.effective_from, clause.effective_to)
    bases = f"{'、'.join(clause.levels)}级　依据：{'；'.join(clause.bases)}　在效：{period}{_measure(clause, '；')}"
    return f"{bases}　出处：{clause.mark}{remarks_text(clause)}"


def _measure(clause: Clause, before: str) -> str:
    return f"{before}方案措施第 {clause.plan_measure.replace(';', '、')} 项" if clause.plan_measure else ""


def _standing(clause: Clause) -> str:
    """Return what the clauses of one unit's list mostly have in common: level, period in force, source."""
    return f"{'、'.join(clause.levels)}级　在效：{in_force(clause.effective_from, clause.effective_to)}　出处：{clause.mark}"


def remarks_text(clause: Clause) -> str:
    """Return the penalty and the note of a clause that may apply; one set aside needs neither."""
    if clause.state == State.NOT_APPLICABLE:
        return ""
    remarks = (("罚则", clause.penalty), ("说明", clause.note))
    return "".join(f"　{label}：{text}" for label, text in remarks if text)


def verdict_text(label: str, at_least: str, caveats: Sequence[str]) -> str:
    """Return a verdict with all that must stand beside it."""
    least = f"（至少：{at_least}）" if at_least else ""
    return label + least + (f"〔{'；'.join(caveats)}〕" if caveats else "")


def zone_text(zone: ZoneHit) -> str:
    """Return where the subject lies to a zone, with the number that says how much."""
    name = f"{zone.layer_title}“{zone.zone_name or zone.zone_id}”" + (f"（{zone.zone_class}）" if zone.zone_class else "")
    if zone.relation == Relation.NEAR:
        return f"距{name} {metres(zone.distance_m)}"
    if zone.relation == Relation.SLIVER:
        size = f"{area_cell(zone.area_m2).text} 平方米" if zone.area_m2 > 0 else metres(zone.length_m)
        return f"与{name}只有边界碎片重叠（{size}，不计为压占），相距 {metres(zone.distance_m)}"
    if zone.area_m2 > 0:
        return f"压占{name} {area_cell(zone.area_m2).text} 平方米，占 {percent(zone.share)}"
    if zone.length_m > 0:
        return f"穿越{name} {metres(zone.length_m)}"
    return f"{word(zone.relation, 'relation')}：{name}" if zone.relation else name


def zone_name(zone: ZoneHit) -> str:
    """Return a zone by name and id; a sliver says how it lies, for it is no hit."""
    if zone.relation == Relation.SLIVER:
        return zone_text(zone)
    return f"{zone.zone_name}（{zone.zone_id}）" if zone.zone_name else zone.zone_id


def facts_text(facts: Iterable[Fact]) -> str:
    """Return facts as 名称：值, missing ones as 未填."""
    return "；".join(f"{f.title}：{f.value or '未填'}{' ' + f.unit if f.value and f.unit else ''}" for f in facts)


def situation_text(clause: Clause, *, known: str = "") -> str:
    """Return the project's side of a clause: where it lies and what was declared.

    `known` is the zone whose place the reader has read in the heading.
    """
    zones = [zone for zone in clause.zones if zone.zone_id != known]
    lines = [zone_text(zone) for zone in zones[:4]]
    if len(zones) > 4:
        lines.append(f"……共 {len(zones)} 处")
    facts = facts_text(clause.situation)
    otherwise = "位于本单元内" if known and len(zones) < len(clause.zones) else DASH
    return "\n".join([*lines, *([facts] if facts else [])]) or otherwise


def conformity_cell(clause: Clause) -> Cell:
    """Return 符合, 不符合 or 需核实 with effect and reason."""
    missing = f"；还缺：{'、'.join(f.title for f in clause.missing)}" if clause.missing else ""
    missing += "；须人工复核" if clause.needs_review and clause.state != State.MANUAL else ""
    effect = "" if clause.state in (State.NOT_APPLICABLE, State.MANUAL) else f"〔{clause.effect}〕"
    return Cell(
        text=clause.conformity, small=f"{effect}{clause.reason}{missing}", kind="conformity",
        tone=_CONFORMITY_TONES[clause.conformity], field="conformity",
    )  # fmt: skip


def clause_grid(name: str, clauses: Sequence[Clause]) -> Grid:
    """Return clauses as 维度 | 管控要求 | 本项目情况 | 符合性, and officers' decisions where there are any."""
    rows = [
        (
            Cell(text=f"{'、'.join(clause.levels)}级\n{clause.dimension}"),
            Cell(text=clause.text, small=f"{title_of(clause)}　{basis_text(clause)}", field="clause"),
            Cell(text=situation_text(clause)),
            conformity_cell(clause),
        )
        for clause in clauses
    ]
    return _clauses(name, clauses, rows, first="层级、维度")


def unit_grid(name: str, zone: ZoneHit, clauses: Sequence[Clause]) -> tuple[Grid, str]:
    """Return the list of one unit as 维度 | 管控要求 | 本项目情况 | 符合性, and what holds for all its clauses.

    Where the project lies in the unit stands in the heading above, and level, period and source that all clauses
    share are said once: the sentence to print under the heading, "" where they have nothing in common.
    """
    common = {_standing(clause) for clause in clauses}
    shared = len(common) == 1
    rows = [
        (
            Cell(text=clause.dimension),
            Cell(text=clause.text, small=_in_short(clause) if shared else f"{title_of(clause)}　{basis_text(clause)}", field="clause"),
            Cell(text=situation_text(clause, known=zone.zone_id)),
            conformity_cell(clause),
        )
        for clause in clauses
    ]
    documents = "、".join(dict.fromkeys(basis.split("》")[0] + "》" for clause in clauses for basis in clause.bases if "》" in basis))
    shared_basis = f"以下各条：依据 {documents or '该单元准入清单'}　{common.pop()}。" if shared else ""
    return _clauses(name, clauses, rows, first="维度"), shared_basis


def _in_short(clause: Clause) -> str:
    """Return what tells a clause of a unit's list from the others: its article, number and measure."""
    return f"{title_of(clause)}{_measure(clause, '　')}{remarks_text(clause)}"


def _clauses(name: str, clauses: Sequence[Clause], rows: Sequence[tuple[Cell, ...]], *, first: str) -> Grid:
    """Return a table of clauses, with a column for officers' decisions where there are any."""
    heads = [(first, 10), ("管控要求（条文照录）", 42), ("本项目情况", 28), ("符合性", 14)]
    if not any(clause.reviews for clause in clauses):
        return Grid(id=name, columns=columns(*heads), rows=tuple(rows))
    reviewed = tuple((*row, review_cell(clause)) for row, clause in zip(rows, clauses, strict=True))
    return Grid(id=name, columns=columns(*heads, ("人工复核", 16)), rows=reviewed)


def open_grid(name: str, clauses: Sequence[Clause]) -> Grid:
    """Return undecided clauses with their text and what is missing; there is nothing of the project to set beside them."""
    reviewed = any(clause.reviews for clause in clauses)
    heads = [("层级、维度", 13), ("管控要求（条文照录）", 62), ("缺什么、可能的效力", 25)]
    rows = [
        (
            Cell(text=f"{'、'.join(clause.levels)}级\n{clause.dimension}"),
            Cell(text=clause.text, small=f"{title_of(clause)}　{basis_text(clause)}", field="clause"),
            Cell(text=f"〔{clause.effect}〕缺 {'、'.join(f.title for f in clause.missing) or '位置资料'}", field="missing"),
            *((review_cell(clause),) if reviewed else ()),
        )
        for clause in clauses
    ]
    return Grid(
        id=name, columns=columns(*heads, *([("人工复核", 16)] if reviewed else [])), rows=tuple(rows), dense=True
    )  # fmt: skip


def listed_grid(name: str, clauses: Sequence[Clause]) -> Grid:
    """Return clauses by title and outcome only, for parts that repeat what part 4 prints in full."""
    rows = tuple(
        (
            effect_cell(clause.effect),
            Cell(text=title_of(clause), small="；".join(clause.bases)),
            conformity_cell(clause),
        )
        for clause in clauses
    )
    heads = columns(("效力", 10), ("条款（全文见第四部分）", 55), ("符合性", 35))
    return Grid(id=name, columns=heads, rows=rows, dense=True)


def missing_grid(name: str, clauses: Sequence[Clause]) -> Grid:
    """Return undecided clauses gathered by what is missing, strictest effect first; their texts are in part 4."""
    groups: dict[tuple[str, str], list[Clause]] = {}
    for clause in clauses:
        groups.setdefault(("、".join(f.title for f in clause.missing) or "位置资料", clause.effect), []).append(clause)
    rows = tuple(
        (
            Cell(text=missing),
            effect_cell(effect),
            Cell(text="；".join(title_of(clause) for clause in part), field="open"),
        )
        for (missing, effect), part in groups.items()
    )
    heads = columns(("缺什么", 26), ("可能的效力", 12), ("条款（条文与依据见第四部分）", 62))
    return Grid(id=name, columns=heads, rows=rows, dense=True)


def review_cell(clause: Clause) -> Cell:
    """Return officers' decisions on a clause beside the machine's."""
    lines = [f"{r.decision}（{r.officer}，{r.recorded_at}）：{r.reason}" for r in clause.reviews]
    return Cell(text="\n".join(lines) or "—", field="review")


def period_text(clause: Clause) -> str:
    """Return when a clause is in force, and what is uncertain about that."""
    risk = f"；{clause.validity_risk}" if clause.validity_risk else ""
    return f"在效：{in_force(clause.effective_from, clause.effective_to)}　出处：{clause.mark}{risk}"


def stability_text(c: Conclusion) -> str:
    """Return whether a small shift would change the verdict, and which layer says so."""
    if c.stability == Stability.UNKNOWN:
        return f"{c.stability}：项目所在处图层不全，可能适用的更严条款无从定位"
    state = stability_word(c.verdict, c.stability)
    if c.critical_distance_m != c.critical_distance_m and c.critical_layer:
        return f"{state}：决定图层不公开"
    if c.critical_distance_m != c.critical_distance_m:
        return f"{state}：没有可因边界移动而改变结论的图层"
    layer = f"（决定图层：{c.critical_layer_title}）" if c.critical_layer else ""
    changed = "结论" if state == c.stability else "已知部分"
    return f"{state}：边界移动 {metres(c.critical_distance_m)} 即可能改变{changed}{layer}；容差 {c.tolerance_m:g} 米"


def count_text(c: Conclusion) -> str:
    """Return how many rules were looked at and with what outcome."""
    elsewhere = c.in_force_count - c.rule_count
    return (
        f"核对在效规则 {c.in_force_count} 条。与本项目有关 {c.rule_count} 条：计入结论 {c.applies_count} 条，提示 {c.hint_count} 条，"
        f"资料不足 {c.unknown_count} 条，需人工判定 {c.manual_count} 条，在其区内但不适用 {c.not_applicable_count} 条；"
        f"其余 {elsewhere} 条不适用（不在其区内，或不针对此类对象）"
    )
