"""Consistency of the rule table with itself and with what the workspace knows.

Each fault is one Chinese line that begins with the rule's id; an empty list is a clean bill.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

from cdgis.core.vocabulary import ACTIVITIES, Effect, Evidence, Level, ProjectType, SubjectKind
from cdgis.rules.attributes import AttributeSpec
from cdgis.rules.book import Rulebook
from cdgis.rules.local_plan import read_plan
from cdgis.rules.proofs import ban_faults, date_faults, exemption_faults, wording_faults
from cdgis.rules.rule import NUMERIC_OPERATORS, Condition, Rule
from cdgis.rules.rule_text import condition_text, explain_rule

__all__ = ["check_rules", "explain_rule"]

MEASURES = {"area_m2": "m2", "length_m": "m"}
"""Measured by cdgis itself, so usable in conditions without being declared."""


def check_rules(
    rulebook: Rulebook,
    layer_classes: Mapping[str, Sequence[str]],
    attributes: Mapping[str, AttributeSpec],
    industry_codes: Collection[str],
    *,
    of: Collection[str] | None = None,
) -> list[str]:
    """Return every fault of the rule table, in rule order; the layer of a pack's rule need not be in the catalogue.

    Parameters
    ----------
    rulebook : the rules to check, those of the access lists included.
    layer_classes : zone layer id -> the classes it may hold; no classes means any.
    attributes : the attributes a condition may name.
    industry_codes : the codes and shorter groups of GB/T 4754-2017.
    of : ids of the rules whose faults are wanted, contradictions with others included; None for all.
    """
    problems: list[str] = []
    own = {*rulebook.added, *rulebook.replaced, *(of or ())}
    for rule in rulebook.rules:
        faults = [
            *(_layer_faults(rule, layer_classes) if rule.id in own else ()),
            *_scope_faults(rule, layer_classes, industry_codes),
            *_attribute_faults(rule, attributes),
            *_basis_faults(rule),
            *_mark_faults(rule),
            *_unreachable(rule),
            *exemption_faults(rule, rulebook.rules),
            *ban_faults(rule),
            *wording_faults(rule),
            *date_faults(rule),
        ]
        problems += [f"{rule.id}：{fault}" for fault in faults]
    problems += [*_duplicates(rulebook.rules), *_periods(rulebook.rules), *_contradictions(rulebook.rules)]
    return [text for text in problems if of is None or _names_one(text, of)]


def _names_one(problem: str, ids: Collection[str]) -> bool:
    """Return whether a fault is one of these rules, or names one of them."""
    return problem.partition("：")[0] in ids or any(word in ids for word in re.findall(r"[A-Z0-9][A-Za-z0-9.\-]*", problem))


def _layer_faults(rule: Rule, layers: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if rule.layer and rule.layer not in layers:
        yield f"图层 {rule.layer} 不在目录中"


def _scope_faults(rule: Rule, layers: Mapping[str, Sequence[str]], codes: Collection[str]) -> Iterator[str]:
    allowed = layers.get(rule.layer, ())
    wrong = [name for name in rule.zone_classes if allowed and name not in allowed]
    if wrong:
        never = "；所写类别无一可用，永不适用" if len(wrong) == len(rule.zone_classes) else ""
        yield f"图层 {rule.layer} 没有类别 {'、'.join(wrong)}；可用：{'、'.join(allowed)}{never}"
    unknown = [code for code in rule.industry_prefixes if code not in codes]
    if unknown:
        yield f"行业代码 {'、'.join(unknown)} 不在 GB/T 4754-2017 中"
    named = [*rule.activities, *(a for exemption in rule.unless for a in exemption.activities)]
    strange = sorted({activity for activity in named if activity not in ACTIVITIES})
    if strange:
        yield f"活动 {'、'.join(strange)} 不在词表中：{'、'.join(ACTIVITIES)}"
    if measures := [item for item in rule.plan_measure.split(";") if item]:
        known = [row["no"] for row in read_plan() if row["no"] != "0"]
        if not known:
            yield f"plan_measure 写了 {rule.plan_measure}，本地数据包没有方案（plan/measures.csv）"
        elif not set(measures) <= set(known):
            yield f"plan_measure 应为 {known[0]}–{known[-1]} 的序号，用分号隔开，读到 {rule.plan_measure!r}"


def _conditions(rule: Rule) -> Iterator[Condition]:
    yield from rule.conditions
    for exemption in rule.unless:
        yield from exemption.conditions
    if rule.or_declared is not None:
        yield rule.or_declared


def _attribute_faults(rule: Rule, attributes: Mapping[str, AttributeSpec]) -> Iterator[str]:
    if rule.distance_attribute and rule.distance_attribute not in attributes:
        yield f"属性 {rule.distance_attribute} 不在属性词典中"
    for condition in _conditions(rule):
        name = condition.attribute
        if name in MEASURES:
            kind, unit = "number", MEASURES[name]
        elif name in attributes:
            kind, unit = attributes[name].type, attributes[name].unit
        else:
            yield f"属性 {name} 不在属性词典中"
            continue
        if (condition.op in NUMERIC_OPERATORS) != (kind == "number") and condition.op not in (
            "declared",
            "not_declared",
            "given",
        ):
            yield f"属性 {name} 是 {kind}，不能用 {condition.op} 比较"
        if condition.op in ("true", "false") and kind != "flag":
            yield f"属性 {name} 是 {kind}，不能用 {condition.op} 判断"
        if condition.unit and condition.unit != unit:
            yield f"属性 {name} 的单位是 {unit or '无'}，条件写的是 {condition.unit}"


def _mark_faults(rule: Rule) -> Iterator[str]:
    """Yield where a rule claims to have been read more closely than any of its bases, or a tool rule is none."""
    order = (Evidence.ORIGINAL, Evidence.COPY, Evidence.EXCERPT)
    if rule.mark in order[:2] and not any(item.mark in order for item in rule.basis):
        yield f"出处标记为“{rule.mark}”，但没有一项依据见过条文"
    if rule.geometry == "engine" and rule.mark is not Evidence.TOOL:
        yield f"判定引擎的规则应标“{Evidence.TOOL}”，读到“{rule.mark}”"
    if rule.mark.is_read and any(word in rule.source for word in ("凭记忆，未见", "未见原文")):
        yield f"出处写明未见原文，标记却是“{rule.mark}”"


def _basis_faults(rule: Rule) -> Iterator[str]:
    if any(not item.document.strip() for item in rule.basis):
        yield "依据缺少文件名称"
    if not rule.clause.strip():
        yield "缺少条文"
    january_first = (rule.effective_from.month, rule.effective_from.day) == (1, 1)
    if rule.date_precision == "year" and not january_first:
        yield f"施行日期只知年份的从1月1日起计，读到 {rule.effective_from}"
    if rule.date_precision == "year" and not rule.needs_review and rule.level != Level.UNIT:
        yield "施行日期只知年份，须标 needs_review"


def _unreachable(rule: Rule) -> Iterator[str]:
    if not rule.subject_kinds:
        yield "subject_kinds 为空，永不适用"
    if rule.effect is Effect.EXIT and rule.project_types and ProjectType.EXISTING not in rule.project_types:
        yield f"退出只针对既有的项目和企业，建设性质却是 {'、'.join(rule.project_types)}，永不适用"
    if rule.subject_kinds == (SubjectKind.ENTERPRISE,) and rule.project_types == (ProjectType.NEW,):
        yield "对象只有企业（已建成），建设性质却只有新建，永不适用"
    if rule.geometry == "within" and rule.distance_m is not None and rule.distance_m < 0:
        yield f"距离 {rule.distance_m:g} 米小于 0，永不适用"
    if rule.geometry == "none" and (rule.zone_classes or rule.zone_ids):
        yield "不看位置的规则写了区类别或区编码，这些不起作用"
    for exemption in rule.unless:
        covered = set(rule.activities) <= set(exemption.activities) if exemption.activities else True
        if (
            covered
            and (rule.activities or not exemption.activities)
            and set(exemption.conditions) <= set(rule.conditions)
        ):
            yield f"例外“{exemption.reason}”总是成立，永不适用"
    for first, second in _same_attribute(rule.conditions):
        if _exclude_each_other(first, second):
            yield f"条件“{condition_text(first)}”与“{condition_text(second)}”不能同时成立，永不适用"


def _same_attribute(conditions: Sequence[Condition]) -> Iterator[tuple[Condition, Condition]]:
    for i, first in enumerate(conditions):
        for second in conditions[i + 1 :]:
            if first.attribute == second.attribute:
                yield first, second


def _exclude_each_other(first: Condition, second: Condition) -> bool:
    operators = {first.op: first, second.op: second}
    if operators.keys() in ({"true", "false"}, {"declared", "not_declared"}, {"true", "not_declared"}, {"declared", "false"}):
        return True
    lows = [c for c in (first, second) if c.op in ("gt", "ge")]
    highs = [c for c in (first, second) if c.op in ("lt", "le")]
    if len(lows) == len(highs) == 1 and isinstance(lows[0].value, float) and isinstance(highs[0].value, float):
        touching = lows[0].op == "ge" and highs[0].op == "le"
        return lows[0].value > highs[0].value or (lows[0].value == highs[0].value and not touching)
    if {first.op, second.op} == {"eq", "ne"}:
        return first.value == second.value
    sets = [_values(c) for c in (first, second) if c.op in ("eq", "in")]
    return len(sets) == 2 and not sets[0] & sets[1]


def _values(condition: Condition) -> frozenset[object]:
    """Return the values with which an eq or in condition holds."""
    return frozenset(condition.value if isinstance(condition.value, tuple) else (condition.value,))


def _duplicates(rules: Sequence[Rule]) -> list[str]:
    counts = Counter(rule.id for rule in rules)
    return [f"{rule_id}：编号重复 {count} 次" for rule_id, count in counts.items() if count > 1]


def _periods(rules: Sequence[Rule]) -> Iterator[str]:
    families: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        families[rule.family].append(rule)
    for members in families.values():
        members.sort(key=lambda rule: rule.effective_from)
        for earlier, later in pairwise(members):
            if earlier.effective_to is None or earlier.effective_to >= later.effective_from:
                yield f"{later.id}：施行期与 {earlier.id} 重叠"
            elif earlier.effective_to + timedelta(days=1) < later.effective_from:
                yield f"{later.id}：与 {earlier.id} 之间有空档（{earlier.effective_to} 之后）"


def _contradictions(rules: Sequence[Rule]) -> Iterator[str]:
    encouraged = [rule for rule in rules if rule.effect is Effect.ENCOURAGE]
    # A clause nobody but a person decides forbids nothing by itself.
    forbidden = [rule for rule in rules if rule.effect.rank == Effect.PROHIBIT.rank and not rule.manual]
    for praise in encouraged:
        for ban in forbidden:
            same_place = praise.layer == ban.layer and praise.geometry == ban.geometry
            # Without a place in common, only a praise that falls wholly under the ban is a contradiction.
            sure = praise.geometry != "none" or set(ban.conditions) <= set(praise.conditions)
            if same_place and sure and _can_meet(praise, ban):
                yield f"{praise.id}：与 {ban.id} 矛盾（同一对象既鼓励又{ban.effect}）"


def _can_meet(one: Rule, other: Rule) -> bool:
    """Whether some subject may fall under both rules on some day."""
    exempt = {activity for exemption in other.unless if not exemption.conditions for activity in exemption.activities}
    if one.activities and set(one.activities) <= exempt:
        return False
    lists: list[tuple[Sequence[str], Sequence[str]]] = [
        (one.zone_classes, other.zone_classes), (one.zone_ids, other.zone_ids),
        (one.project_types, other.project_types), (one.activities, other.activities),
        (one.subject_kinds, other.subject_kinds),
    ]  # fmt: skip
    if any(a and b and not set(a) & set(b) for a, b in lists):
        return False
    if one.industry_prefixes and other.industry_prefixes:
        pairs = ((a, b) for a in one.industry_prefixes for b in other.industry_prefixes)
        if not any(a.startswith(b) or b.startswith(a) for a, b in pairs):
            return False
    if any(_exclude_each_other(first, second) for first, second in _same_attribute((*one.conditions, *other.conditions))):
        return False
    starts_in_time = other.effective_to is None or one.effective_from <= other.effective_to
    return starts_in_time and (one.effective_to is None or other.effective_from <= one.effective_to)
