"""Does a rule apply to one subject? True, False, or None where that cannot be known (Kleene), in plain Python."""

from collections.abc import Iterable
from typing import Any

from .statute import Rule, classes_under, industry_flags, industry_names

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


def scope_and_conditions(rule: Rule, subject: Subject) -> Truth:
    """Return everything a rule asks for but geometry."""
    if subject["kind"] not in rule["subject_kinds"]:
        return False
    parts: list[Truth] = []
    if rule["project_types"]:
        parts.append(_one_of(subject["project_type"], rule["project_types"]))
    if rule["activities"]:
        parts.append(_any_of(subject["activity"], rule["activities"]))
    if False in parts:
        return False
    parts.append(_industry(rule, subject))
    parts += [holds(condition, subject) for condition in rule["conditions"]]
    return False if any(_exempts(way, subject) for way in rule["unless"]) else both(*parts)


def _one_of(word: str, wanted: Iterable[str]) -> Truth:
    return None if word == "" else word in wanted


def _any_of(words: list[str], wanted: Iterable[str]) -> Truth:
    return None if not words else any(word in wanted for word in words)


def _exempts(way: dict[str, Any], subject: Subject) -> bool:
    """Return whether an exemption has been declared; silence exempts nobody."""
    if way.get("activities") and _any_of(subject["activity"], way["activities"]) is not True:
        return False
    return all(holds(condition, subject) is True for condition in way.get("conditions", []))


def holds(condition: dict[str, Any], subject: Subject) -> Truth:
    """Return whether a condition on one attribute holds."""
    name, op, value = condition["attribute"], condition["op"], condition.get("value")
    text = str(subject[name]) if name in ("area_m2", "length_m") else subject["attributes"].get(name, "")
    if op in ("declared", "not_declared"):
        return (text not in _NOT_DECLARED) is (op == "declared")
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
    widened = rule["or_declared"] is not None and holds(rule["or_declared"], subject) is True
    return True if widened else answer


def plain_code(code: str) -> str:
    """Return a code without the section letter some write before it: C3011 is 3011."""
    return code[1:] if len(code) > 1 and code[0].isalpha() else code


def under_prefix(code: str, prefixes: list[str]) -> Truth:
    """Return whether a code lies under any prefix; a shorter code that agrees with one leaves it open."""
    code = plain_code(code)
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
