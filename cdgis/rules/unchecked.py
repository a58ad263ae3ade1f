"""Which laws a workspace cannot check for want of a layer, grouped so that one line says it."""

from collections.abc import Collection, Iterable, Mapping

from cdgis.core.vocabulary import Level
from cdgis.rules.rule import Rule


def unchecked_laws(rules: Iterable[Rule], present: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return document -> the layers that are not there, of every law with a rule on such a layer.

    A unit's own clause lies on the layer of units, and what the engine finds rests on no law: neither counts.
    """
    found: dict[str, set[str]] = {}
    for rule in rules:
        if rule.layer and rule.layer not in present and rule.level is not Level.UNIT and rule.geometry != "engine":
            for item in rule.basis:
                found.setdefault(item.document, set()).add(rule.layer)
    return {document: tuple(sorted(layers)) for document, layers in sorted(found.items())}


def unchecked_line(laws: Mapping[str, tuple[str, ...]], titles: Mapping[str, str]) -> str:
    """Return one line that says how many laws were not checked and which layers they lack; "" if none.

    Laws that lack the same layers stand together.

    Parameters
    ----------
    titles : layer id -> title; a layer without one is named by its id.
    """
    if not laws:
        return ""
    groups: dict[tuple[str, ...], list[str]] = {}
    for document, layers in laws.items():
        groups.setdefault(layers, []).append(f"《{document}》")
    parts = [f"{''.join(names)}（缺 {'、'.join(titles.get(x, x) for x in layers)}）" for layers, names in groups.items()]
    return f"未核对的法律 {len(laws)} 项，缺少图层，不视为通过，可能改变结论的按“资料不足”计：{'；'.join(parts)}"
