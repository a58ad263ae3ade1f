"""Which rules take over the cases that an exemption lets go, found by family and by the zones they reach.

A successor counts only where its zones hold all zones of the rule it relieves: then it catches every subject that would
have been caught, wherever it lies.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from cdgis.rules.rule import Exemption, Rule

Succession = Mapping[str, tuple[Rule, ...]]
"""Family -> its rules among those considered (usually one: those in force on a day)."""


def succession(rules: Iterable[Rule]) -> Succession:
    """Return `rules` by family and by id."""
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for name in {rule.family, rule.id}:
            found[name].append(rule)
    return {name: tuple(members) for name, members in found.items()}


def successors_of(rule: Rule, exemption: Exemption, book: Succession) -> tuple[Rule, ...]:
    """Return the rules of `book` that may take over what `exemption` lets go from `rule`.

    One that no machine decides, that never counts in a verdict, that looks at fewer zones, or that would hand the case
    back in a circle takes nothing over.
    """
    return tuple(
        item for item in _named(exemption, book)
        if item.effect.rank and not item.manual and holds_zones_of(item, rule) and not _leads_to(rule, item, book)
    )  # fmt: skip


def _named(exemption: Exemption, book: Succession) -> list[Rule]:
    found = {member.id: member for name in exemption.successors for member in book.get(name, ())}
    return list(found.values())


def _leads_to(rule: Rule, start: Rule, book: Succession) -> bool:
    """Return whether `rule` is among the successors of `start`, theirs, and so on."""
    waiting, met = [start], {start.id}
    while waiting:
        item = waiting.pop()
        if item.id == rule.id:
            return True
        for heir in (heir for exemption in item.unless for heir in _named(exemption, book)):
            if heir.id not in met:
                met.add(heir.id)
                waiting.append(heir)
    return False


def holds_zones_of(successor: Rule, rule: Rule) -> bool:
    """Return whether `successor` catches by geometry whatever `rule` catches by geometry."""
    if successor.geometry == "none":
        return True
    if successor.layer != rule.layer or not _reaches_as_far(successor, rule):
        return False
    pairs = ((successor.zone_classes, rule.zone_classes), (successor.zone_ids, rule.zone_ids))
    return all(not wide or (bool(narrow) and set(narrow) <= set(wide)) for wide, narrow in pairs)


def _reaches_as_far(successor: Rule, rule: Rule) -> bool:
    """Return whether `successor` certainly applies at least as far from its zones as `rule` may."""
    if rule.geometry == successor.geometry == "hit":
        return True
    plain = successor.geometry == "within" and not successor.distance_attribute and not rule.distance_attribute
    farthest = {"hit": 0.0, "within": rule.distance_m}.get(rule.geometry)
    return plain and farthest is not None and (successor.reach_m or 0.0) >= farthest
