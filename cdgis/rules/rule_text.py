"""A rule in words: one readable Chinese sentence, then its text, bases and dates."""

from collections.abc import Iterable, Mapping

from cdgis.core.vocabulary import Evidence, ProjectType, SubjectKind
from cdgis.rules.attributes import AttributeSpec, is_document
from cdgis.rules.rule import Condition, Exemption, Rule

_WORDS = {
    "lt": "小于", "le": "不大于", "gt": "大于", "ge": "不小于",
    "eq": "为", "ne": "不为", "in": "为下列之一：", "has": "含",
}  # fmt: skip
_UNITS = {"m": "米", "m2": "平方米", "m3": "立方米", "m3/a": "立方米/年", "t/a": "吨/年", "yr": "年"}
_MEASURES = {"area_m2": "面积", "length_m": "长度"}
_KINDS = {SubjectKind.PROJECT: "项目", SubjectKind.ENTERPRISE: "企业"}
_FLAG_TITLES = {
    "two_high": "“两高”行业", "relocation_sector": "退城搬迁行业",
    "water_sensitive": "涉水重点行业", "air_sensitive": "涉气重点行业",
}  # fmt: skip


def explain_rule(
    rule: Rule,
    *,
    layer_titles: Mapping[str, str] | None = None,
    attributes: Mapping[str, AttributeSpec] | None = None,
) -> str:
    """Return one Chinese sentence saying who and where a rule catches, then its text, bases and dates, a line each.

    Titles of layers and attributes are used where given, else their ids.
    """
    titles = {name: spec.title for name, spec in (attributes or {}).items()}
    manual = "（须人工判定）" if rule.manual else ""
    lines = [f"{rule.id} {rule.title}", f"{_scope_text(rule, layer_titles or {}, titles)}的，{rule.effect}{manual}。"]
    lines += [f"除外：{_exemption_text(exemption, titles)}。" for exemption in rule.unless]
    lines += [f"条文：{rule.clause}", f"依据：{rule.basis_text}", f"施行：{_period_text(rule)}"]
    lines.append(f"层级：{rule.level}；维度：{rule.dimension}；方案措施：{rule.plan_measure or '无'}")
    lines.append(f"出处（{rule.mark}）：{rule.source}")
    optional = {
        "建设性质": rule.types_reason, "效力": rule.effect_reason, "罚则": rule.penalty,
        "时效风险": rule.validity_risk, "查找过": rule.searched, "说明": rule.note,
    }  # fmt: skip
    lines += [f"{name}：{text}" for name, text in optional.items() if text]
    return "\n".join([*lines, *(["须人工复核"] if rule.needs_review else [])])


def explain_activity(activity: str, meaning: str, rules: Iterable[Rule]) -> str:
    """Return what declaring an activity does: the rules made for it, and those it exempts from, a line each.

    Parameters
    ----------
    meaning : the activity in words, "" when its name says it.
    rules : those in force on the day asked about.
    """
    aimed, spared = [], []
    for rule in rules:
        if activity in rule.activities:
            aimed.append(f"  {rule.id} 〔{rule.effect}〕{rule.title}　出处：{rule.mark}")
        reasons = [exemption.reason for exemption in rule.unless if activity in exemption.activities]
        spared += [f"  {rule.id} 〔{rule.effect}〕{rule.title}　理由：{reason or '—'}" for reason in reasons]
    lines = [f"活动 {activity}{'：' + meaning if meaning else ''}（用 --activity {activity} 申报）"]
    lines += [f"针对此活动的规则 {len(aimed)} 条：", *aimed] if aimed else ["没有专门针对此活动的规则。"]
    lines += [f"申报此活动即不适用的规则 {len(spared)} 条：", *spared] if spared else ["没有因申报此活动而不适用的规则。"]
    return "\n".join(lines)


def _scope_text(rule: Rule, layer_titles: Mapping[str, str], titles: Mapping[str, str]) -> str:
    parts = ["、".join(rule.project_types) + "或".join(_KINDS[kind] for kind in rule.subject_kinds)]
    if rule.project_types == (ProjectType.EXISTING,):
        parts = ["既有" + "和".join(_KINDS[kind] for kind in rule.subject_kinds)]
    if rule.activities:
        parts.append(f"申报活动为 {'、'.join(rule.activities)}")
    parts += _industry_text(rule, titles)
    parts += _place_text(rule, layer_titles, titles)
    parts += [condition_text(condition, titles) for condition in rule.conditions]
    return "，".join(parts)


def _industry_text(rule: Rule, titles: Mapping[str, str]) -> list[str]:
    words = []
    if rule.industry_prefixes:
        words.append(f"行业代码属 {'、'.join(rule.industry_prefixes)}")
    if rule.industry_flag is not None:
        words.append(f"属{_FLAG_TITLES[rule.industry_flag]}")
    if words and rule.or_declared is not None:
        words[-1] += f"（或申报{condition_text(rule.or_declared, titles)}）"
    return words


def _place_text(rule: Rule, layer_titles: Mapping[str, str], titles: Mapping[str, str]) -> list[str]:
    if rule.geometry == "none":
        return []
    zones = [*rule.zone_classes, *rule.zone_ids]
    place = f"“{layer_titles.get(rule.layer, rule.layer)}”{'、'.join(zones)}"
    if rule.geometry == "engine":
        return [f"判定引擎对照{place}发现"]
    if rule.geometry == "hit":
        return [f"压占{place}"]
    attribute = titles.get(rule.distance_attribute, rule.distance_attribute)
    reach = f"申报的{attribute}" if rule.distance_attribute else f"{rule.distance_m or 0:g} 米"
    if rule.certain_m is not None:
        return [f"与{place}的距离不超过 {rule.certain_m:g} 米（更远而仍可能属“周边”的由人判定）"]
    return [f"与{place}的距离不超过{reach}"]


def condition_text(condition: Condition, titles: Mapping[str, str] | None = None) -> str:
    """Return one condition in Chinese, with the attribute's title where `titles` has it."""
    name = {**_MEASURES, **(titles or {})}.get(condition.attribute, condition.attribute)
    if condition.op in ("true", "false"):
        return f"{name}：{'是' if condition.op == 'true' else '否'}"
    if condition.op in ("declared", "not_declared"):
        if is_document(condition.attribute):
            name = f"经登记核验的{name}"
        said = f"申报为{name.removeprefix('是否').removeprefix('为')}" if name.startswith("是否") else f"填有{name}"
        return said if condition.op == "declared" else f"未{said}"
    if condition.op == "given":
        return f"填有{name}"
    value = "、".join(condition.value) if isinstance(condition.value, tuple) else condition.value
    if isinstance(value, float):
        value = f"{value:.10g}"
    unit = _UNITS.get(condition.unit, condition.unit)
    return f"{name}{_WORDS[condition.op]} {value} {unit}".rstrip() if unit else f"{name}{_WORDS[condition.op]}{value}"


def _exemption_text(exemption: Exemption, titles: Mapping[str, str]) -> str:
    needs = [f"申报活动为 {'、'.join(exemption.activities)}"] if exemption.activities else []
    needs += [condition_text(condition, titles) for condition in exemption.conditions]
    needs += [f"行业代码属 {'、'.join(exemption.industry_prefixes)}"] if exemption.industry_prefixes else []
    told = [exemption.reason, exemption.article and f"条款：{exemption.article}"]
    told += [f"由 {'、'.join(exemption.successors)} 接手"] if exemption.successors else []
    words = "；".join(filter(None, told))
    return "且".join(needs) + (f"（{words}）" if words else "")


def _period_text(rule: Rule) -> str:
    if not rule.start_text:
        return "不设期限（本工具的规则）"
    start = {
        "year": f"{rule.effective_from.year}年（只知年份，按1月1日计）",
        "month": f"{rule.start_text}（只知年月，按1日计）",
    }.get(rule.date_precision, rule.start_text)
    return f"{start}起" + (f"，至 {rule.effective_to} 止" if rule.effective_to else "，现行有效")


def unread_table(rules: Iterable[Rule]) -> str:
    """Return the rules that rest on memory as a Markdown table: what was searched for their text, and what came of it."""
    rows = ["| 编号 | 规则 | 效力 | 凭什么写 | 查找过什么 |", "|---|---|---|---|---|"]
    unread = [rule for rule in rules if rule.mark is Evidence.UNVERIFIED and rule.searched]
    rows += [f"| {rule.id} | {rule.title} | {rule.effect} | {rule.source} | {rule.searched} |" for rule in unread]
    return "\n".join(rows)


def overview_table(rules: Iterable[Rule]) -> str:
    """Return the rules as a Markdown table, one a row, in the order given."""
    rows = ["| 编号 | 规则 | 图层 | 效力 | 施行 | 依据 | 出处 |", "|---|---|---|---|---|---|---|"]
    for rule in rules:
        period = f"{rule.start_text} — {rule.effective_to or ''}".strip()
        effect = f"{rule.effect}（人工）" if rule.manual else str(rule.effect)
        mark = f"{rule.mark}{'，须复核' if rule.needs_review else ''}"
        cells = (rule.id, rule.title, rule.layer or "—", effect, period, rule.basis_text, mark)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"
