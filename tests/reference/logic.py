"""Does a rule apply to one subject? True, False, or None where that cannot be known (Kleene), in plain Python."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from .statute import Rule, classes_under, data_file, industry_flags, industry_names

Truth = bool | None
Subject = dict[str, Any]
"""kind, industry, project_type, activity (words), attributes (name -> text), area_m2, length_m."""

_NOT_DECLARED = {"", "false", "0", "无", "否"}


def both(*parts: Truth) -> Truth:
    """Return the conjunction: one False settles it, else one None leaves it open."""
    if any(part is False for part in parts):
        return False
    return None if any(part is None for part in parts) else True


def either(first: Truth, second: Truth) -> Truth:
    """Return the disjunction."""
    if first is True or second is True:
        return True
    return None if first is None or second is None else False


def everything_but_place(rule: Rule, subject: Subject, rules: Sequence[Rule]) -> Truth:
    """Return everything a rule asks for but geometry; `rules` are those in force that day."""
    asked = scope_and_conditions(rule, subject, rule["conditions"])
    if asked is False:
        return False
    return both(asked, *(_not(_exempts(rule, way, subject, rules)) for way in rule["unless"]))


def scope_and_conditions(rule: Rule, subject: Subject, conditions: Iterable[dict[str, Any]]) -> Truth:
    """Return whether a rule is made for a subject, and whether some conditions hold."""
    if subject["kind"] not in rule["subject_kinds"]:
        return False
    parts: list[Truth] = []
    if rule["project_types"]:
        parts.append(_one_of(subject["project_type"], rule["project_types"]))
    if rule["activities"]:
        parts.append(_does_any(subject, rule["activities"]))
    if False in parts:
        return False
    parts.append(_industry(rule, subject))
    return both(*parts, *(holds(condition, subject) for condition in conditions))


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def _does_any(subject: Subject, wanted: Iterable[str]) -> Truth:
    """Return whether a subject declares an activity; an enterprise that says nothing just produces."""
    if not subject["activity"]:
        return False if subject["kind"] == "enterprise" else None
    return any(word in wanted for word in subject["activity"])


def _one_of(word: str, wanted: Iterable[str]) -> Truth:
    return None if word == "" else word in wanted


def _exempts(rule: Rule, way: dict[str, Any], subject: Subject, rules: Sequence[Rule]) -> Truth:
    """Return whether an exemption is declared, credible, and in the hands of another rule (or let go by an article)."""
    claim = _claimed(way, subject)
    if claim is False or (way.get("article") and not way.get("successors")):
        return claim
    heirs = [r for r in rules if {r["id"], r["family"]} & set(way.get("successors", [])) and _may_inherit(r, rule, rules)]
    taken: Truth = False
    for heir in heirs:
        others = [c for c in heir["conditions"] if not _is_document(c["attribute"])]
        taken = either(taken, scope_and_conditions(heir, subject, others))
    return both(claim, taken)


def _may_inherit(heir: Rule, rule: Rule, rules: Sequence[Rule]) -> bool:
    """Return whether a rule decides by machine, counts, reaches wherever the other one reaches, and does not pass back."""
    if heir["manual"] or not heir["rank"] or rule["id"] in _descent(heir, rules):
        return False
    if heir["geometry"] == "none":
        return True
    if heir["layer"] != rule["layer"] or not _as_far(heir, rule):
        return False
    return all(
        not heir[key] or (rule[key] and all(name in heir[key] for name in rule[key])) for key in ("zone_classes", "zone_ids")
    )


def _as_far(heir: Rule, rule: Rule) -> bool:
    """Return whether the heir surely holds at every distance at which the other rule may hold."""
    if (heir["geometry"], rule["geometry"]) == ("hit", "hit"):
        return True
    if heir["geometry"] != "within" or heir["distance_attribute"] or rule["distance_attribute"]:
        return False
    sure = heir["certain_m"] if heir["certain_m"] is not None else heir["distance_m"]
    if rule["geometry"] == "hit":
        return (sure or 0.0) >= 0.0
    return rule["geometry"] == "within" and rule["distance_m"] is not None and (sure or 0.0) >= rule["distance_m"]


def _descent(start: Rule, rules: Sequence[Rule]) -> set[str]:
    """Return the ids of a rule, its successors, theirs, and so on."""
    met: set[str] = set()
    waiting = [start]
    while waiting:
        rule = waiting.pop()
        if rule["id"] not in met:
            met.add(rule["id"])
            names = {name for way in rule["unless"] for name in way.get("successors", [])}
            waiting += [r for r in rules if {r["id"], r["family"]} & names]
    return met


def _claimed(way: dict[str, Any], subject: Subject) -> Truth:
    """Return whether an exemption is declared by somebody it was written for; silence exempts nobody."""
    conditions = way.get("conditions", [])
    if not all(holds(condition, subject) is True for condition in conditions):
        return False
    parts: list[Truth] = [True]
    registered = {name for name, text in subject["attributes"].items() if name.endswith("_seen") and text}
    if way.get("activities"):
        credible: Truth = False
        for word in subject["activity"]:
            if word in way["activities"]:
                credible = either(credible, True if "activity_seen" in registered else _credible(word, subject["industry"]))
        parts.append(credible)
    if way.get("industry_prefixes"):
        vouched = [f"{c['attribute']}_seen" for c in conditions] + ["activity_seen"] * bool(way.get("activities"))
        seen = any(name in registered for name in vouched)
        parts.append(True if seen else under_prefix(subject["industry"], way["industry_prefixes"]))
    return both(*parts)


def _credible(activity: str, code: str) -> Truth:
    meant = data_file("activities.toml")[activity]
    return True if meant.get("any_industry") else under_prefix(code, meant["industry_prefixes"])


def implausible(subject: Subject) -> Truth:
    """Return whether an activity is declared that the industry was not meant by."""
    if not subject["activity"] or subject["attributes"].get("activity_seen"):
        return False
    beliefs = [_credible(word, subject["industry"]) for word in subject["activity"]]
    return True if False in beliefs else None if None in beliefs else False


def _is_document(name: str) -> bool:
    return data_file("attributes.toml").get(name, {}).get("type") == "document"


def is_number(text: str) -> bool:
    """Return whether a text reads like the number of an official document."""
    form = data_file("document_numbers.toml")
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    found = re.fullmatch(r"([\u3400-\u9fff]+)[\[(〔【〖](\d{4})[\])〕】〗]第?(\d{1,6})号", plain)
    if not found or len(found[1]) < form["shortest_issuer"] or any(word in found[1] for word in form["refused_words"]):
        return False
    return form["first_year"] <= int(found[2]) <= form["last_year"] and int(found[3]) > 0


def _asked(name: str, code: str) -> Truth:
    """Return whether a blank is an open question for an industry."""
    entry = data_file("attributes.toml").get(name, {})
    if entry.get("when_blank") == "no":
        return False
    return under_prefix(code, entry["asked_of"]) if entry.get("asked_of") else True


def holds(condition: dict[str, Any], subject: Subject) -> Truth:
    """Return whether a condition on one attribute holds."""
    name, op, value = condition["attribute"], condition["op"], condition.get("value")
    text = str(subject[name]) if name in ("area_m2", "length_m") else subject["attributes"].get(name, "")
    if op == "given":
        return text != ""
    if op in ("declared", "not_declared"):
        said = text not in _NOT_DECLARED
        if _is_document(name):
            said = said and is_number(text) and bool(subject["attributes"].get(f"{name}_seen"))
        if op == "declared" and not said and text == "" and _asked(name, subject["industry"]) is not False:
            return None
        return said is (op == "declared")
    if text == "":
        return None
    if op in ("lt", "le", "gt", "ge"):
        return _compare(text, op, float(value))
    if op in ("true", "false"):
        return text == op
    wanted = value if isinstance(value, list) else [value]
    if op == "has":
        return any(word in wanted for word in text.split(";"))
    return text not in wanted if op == "ne" else text in wanted


def _compare(text: str, op: str, limit: float) -> Truth:
    try:
        number = float(text)
    except ValueError:
        return None
    return {"lt": number < limit, "le": number <= limit, "gt": number > limit, "ge": number >= limit}[op]


def _industry(rule: Rule, subject: Subject) -> Truth:
    if not rule["industry_prefixes"] and rule["industry_flag"] is None:
        return True
    answer: Truth = True
    if rule["industry_prefixes"]:
        answer = under_prefix(subject["industry"], rule["industry_prefixes"])
    if rule["industry_flag"]:
        answer = both(answer, bears_flag(subject, rule["industry_flag"]))
    if rule["or_declared"] is None:
        return answer
    widened = holds(rule["or_declared"], subject)
    if widened is None and _asked(rule["or_declared"]["attribute"], subject["industry"]) is False:
        widened = False
    return either(answer, widened)


def plain_code(code: str) -> str:
    """Return a code without the section letter some write before it: C3011 is 3011."""
    return code[1:] if len(code) > 1 and code[0].isalpha() else code


def under_prefix(code: str, prefixes: Iterable[str]) -> Truth:
    """Return whether a code lies under any prefix; a shorter code that agrees with one leaves it open."""
    return _under_prefix(plain_code(code), tuple(prefixes))


@lru_cache(maxsize=100_000)
def _under_prefix(code: str, prefixes: tuple[str, ...]) -> Truth:
    if code == "":
        return None
    if code in industry_names().values():
        return None if any(c.startswith(p) for c in classes_under(code) for p in prefixes) else False
    if any(code.startswith(prefix) for prefix in prefixes):
        return True
    return None if any(prefix.startswith(code) for prefix in prefixes) else False


def bears_flag(subject: Subject, flag: str) -> Truth:
    """Return whether the subject's industry bears a flag: declared, else from the table, None if classes differ."""
    declared = subject["attributes"].get(flag, "")
    if declared in ("true", "false"):
        return declared == "true"
    table = industry_flags()
    found = {table[c][flag] if c in table else "0" for c in classes_under(plain_code(subject["industry"]))}
    return {"1": True, "0": False}.get(found.pop()) if len(found) == 1 else None
