"""Proofs over a rule book: exemptions have successors, bans say whom they mean, effects match the clause's words, dates fit.

Each fault is one Chinese sentence without the rule's id; `cdgis.rules.check` puts it in front.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import product

import tomli as tomllib

from cdgis.core.packs import Pack, current_packs
from cdgis.core.vocabulary import Effect, Level, ProjectType, SubjectKind
from cdgis.rules.attributes import is_document
from cdgis.rules.rule import Exemption, Rule
from cdgis.rules.rule_span import read_span
from cdgis.rules.succession import succession, successors_of

_BAN = 3
_KINDS = {SubjectKind.PROJECT: "项目", SubjectKind.ENTERPRISE: "企业"}
_WORDS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"(?<!原则上)(?:不得|禁止|严禁)"), _BAN),
    (re.compile(r"原则上(?:不得|禁止)|(?:须|应当?|必须)(?:经|报|由|征得)[^，。；]{0,24}(?:批准|同意|审批|审查|审核|论证)"), 2),
)
"""Words of a clause, and the rank of the mildest effect that answers them."""
_BANNED_WORKS = re.compile(r"(?:不得|禁止|严禁)(?:设置|新建|新设|扩大)[^，。；]{0,6}排污口")
"""In a unit's clause: a ban of one work of a project, not of the project; outfalls are judged by rules of their own."""


def exemption_faults(rule: Rule, rules: Sequence[Rule]) -> Iterator[str]:
    """Yield the exemptions of a rule that let a case go without an article, an industry or a successor."""
    for exemption in rule.unless if rule.effect.rank else ():
        name = f"例外“{exemption.reason or '、'.join(exemption.activities)}”"
        if not exemption.article:
            yield f"{name}没有写明是哪一条文作的例外（article）"
        if not exemption.activities and not (exemption.industry_prefixes or exemption.any_industry):
            yield f"{name}没有写明适用的行业（industry_prefixes），或不限行业的理由（any_industry）"
        if exemption.successors:
            yield from (f"{name}{gap}" for gap in _unsucceeded(rule, exemption, rules))


def _unsucceeded(rule: Rule, exemption: Exemption, rules: Sequence[Rule]) -> Iterator[str]:
    """Yield for which days, kinds, project types and activities no successor in force takes the case over."""
    known = {name for item in rules for name in (item.id, item.family)}
    missing = [name for name in exemption.successors if name not in known]
    if missing:
        yield f"写明由 {'、'.join(missing)} 接手，规则库没有这些规则"
    for day in _first_days(rule, exemption, rules):
        book = succession(item for item in rules if item.in_force(day))
        heirs = successors_of(rule, exemption, book)
        lost = [
            f"{_KINDS[kind]}、{kind_of_work}" + (f"、{activity}" if activity else "")
            for kind, kind_of_work, activity in _cases(rule, exemption)
            if not any(_catches(heir, rule, exemption, kind, kind_of_work, activity) for heir in heirs)
        ]
        if lost:
            yield f"自 {day} 起没有接手的规则：{'；'.join(lost[:3])}{f' 等 {len(lost)} 种情形' if len(lost) > 3 else ''}"


def _first_days(rule: Rule, exemption: Exemption, rules: Sequence[Rule]) -> list[date]:
    """Return the first days of the segments of a rule's period between which its successors do not change, within the span the book speaks for."""
    heirs = [item for item in rules if {item.id, item.family} & set(exemption.successors)]
    days = {rule.effective_from, *(item.effective_from for item in heirs)}
    days |= {item.effective_to + timedelta(days=1) for item in heirs if item.effective_to}
    first = max(rule.effective_from, read_span().first)
    return sorted({max(day, first) for day in days if rule.in_force(max(day, first))})


def _cases(rule: Rule, exemption: Exemption) -> Iterator[tuple[SubjectKind, ProjectType, str]]:
    activities = exemption.activities or rule.activities or ("",)
    yield from product(rule.subject_kinds, rule.project_types or tuple(ProjectType), activities)


def _catches(
    heir: Rule, rule: Rule, exemption: Exemption, kind: SubjectKind, kind_of_work: ProjectType, activity: str
) -> bool:
    """Return whether a successor catches every subject of a kind, project type and activity that the exemption lets go."""
    if kind not in heir.subject_kinds or (heir.project_types and kind_of_work not in heir.project_types):
        return False
    if heir.activities and activity not in heir.activities:
        return False
    given = {*rule.conditions, *exemption.conditions}
    if any(condition not in given and not is_document(condition.attribute) for condition in heir.conditions):
        return False
    return _industries_hold(heir, rule, exemption)


def _industries_hold(heir: Rule, rule: Rule, exemption: Exemption) -> bool:
    if not heir.industry_prefixes and heir.industry_flag is None:
        return True
    same = ("industry_prefixes", "industry_flag", "or_declared")
    if all(getattr(heir, name) == getattr(rule, name) for name in same):
        return True
    meant = exemption.industry_prefixes or (() if rule.or_declared else rule.industry_prefixes)
    return heir.industry_flag is None and bool(meant) and all(code.startswith(heir.industry_prefixes) for code in meant)


def ban_faults(rule: Rule) -> Iterator[str]:
    """Yield what a ban or an exit fails to say: which project types it means, and why."""
    if rule.effect.rank < _BAN or rule.geometry == "engine":
        return
    if not rule.project_types:
        yield f"效力为{rule.effect}，没有写明针对哪些建设性质（project_types）"
    if not rule.types_reason:
        yield f"效力为{rule.effect}，没有写明建设性质的理由（types_reason：条文怎样说）"


def wording_faults(rule: Rule) -> Iterator[str]:
    """Yield where the words of a clause are stricter than its effect and nothing says why, or a reason is idle."""
    if rule.manual or rule.effect is Effect.ENCOURAGE or rule.geometry == "engine":
        return
    of_unit = rule.level is Level.UNIT
    clause = _BANNED_WORKS.sub("", rule.clause) if of_unit else rule.clause
    wanted = [(match[0], rank) for pattern, rank in _WORDS for match in pattern.finditer(clause)]
    milder = [word for word, rank in wanted if rank > rule.effect.rank]
    if milder and not rule.effect_reason:
        way = "请按条文改清单的 effect 一栏" if of_unit else "改效力，或在 effect_reason 写明理由"
        yield f"条文写“{milder[0]}”，效力只是“{rule.effect}”：{way}"
    if rule.effect_reason and not milder and not of_unit:
        yield f"effect_reason 多余：条文没有比“{rule.effect}”更严的用语"


def date_faults(rule: Rule) -> Iterator[str]:
    """Yield where a rule begins before the earliest of its documents, as far as documents.toml knows their dates."""
    known = document_dates()
    if any(item.document not in known for item in rule.basis):
        return
    earliest = min(known[item.document] for item in rule.basis)
    if rule.effective_from < earliest:
        yield f"施行日期 {rule.effective_from} 早于所据文件的 {earliest}"


def document_dates() -> Mapping[str, date]:
    """Return document -> the day from which it, or the version that holds the cited article, is in force."""
    return _dates_of(current_packs())


@cache
def _dates_of(packs: tuple[Pack, ...]) -> Mapping[str, date]:
    paths = (pack.file("documents.toml") for pack in packs)
    rows = [row for path in paths if path.is_file() for row in tomllib.loads(path.read_text(encoding="utf-8-sig"))["document"]]
    return {row["name"]: row["from"] for row in rows}
