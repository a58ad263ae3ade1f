"""Zone classes that no rule knows; each may fall under any rule of its layer.

A class is known when a rule of the layer names it, or when the catalogue allows it and its list is evidently the
standard one: at least one of its classes is named by a rule. A layer whose rules name no class has none to know.
"""

from collections.abc import Iterable, Sequence

from cdgis.rules.rule import Rule


def classes_named(layer: str, rules: Iterable[Rule]) -> tuple[str, ...]:
    """Return the classes that rules on `layer` name, sorted."""
    return tuple(sorted({name for rule in rules if rule.layer == layer for name in rule.zone_classes}))


def unknown_classes(found: Iterable[str], named: Sequence[str], allowed: Sequence[str]) -> frozenset[str]:
    """Return the classes among `found` that no rule can place.

    Parameters
    ----------
    found : classes of the layer's zones.
    named : classes that rules on the layer name.
    allowed : classes the catalogue entry allows; empty means any.
    """
    if not named:
        return frozenset()
    known = set(named) | (set(allowed) if set(allowed) & set(named) else set())
    return frozenset(found) - known
