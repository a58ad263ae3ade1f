"""Which field of a file is a zone's code, name and class, with the evidence for each choice.

Named candidates come first (what was said, a specification, the entry that stands there, the usual headers); only where
none fits does the content decide, and then it is said to be a guess from content that a person has to look at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from cdgis.readers.fields import find_field
from cdgis.readers.records import cell_text

_ID_ENDINGS = ("BM", "编码", "代码", "CODE", "ID", "BH", "编号")
_NAME_ENDINGS = ("MC", "名称", "NAME", "名字")
_ROW_NUMBERS = ("FID", "OBJECTID", "OID", "GID", "SOURCE_ID")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One standard column and the field chosen for it."""

    column: str
    field: str
    evidence: str
    by_content: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMatch:
    """The class values of a file, and what they mean here."""

    mapped: Mapping[str, str]
    """Value in the file -> class, where they differ."""
    same: tuple[str, ...]
    unknown: tuple[str, ...]


def choose_fields(
    frame: pd.DataFrame, sources: Sequence[tuple[str, Mapping[str, Sequence[str]]]], known_classes: Sequence[str]
) -> tuple[Choice, ...]:
    """Return the chosen fields.

    Parameters
    ----------
    frame : the file's attributes.
    sources : (what is said as evidence, column -> candidate fields), the most telling first.
    known_classes : classes the layer may hold; a field that holds nothing else is its class.
    """
    fields = [str(name) for name in frame.columns]
    columns = dict.fromkeys(("zone_id", "zone_name", "zone_class", *(c for _, candidates in sources for c in candidates)))
    choices = []
    for column in columns:
        choice = _named(column, sources, fields)
        if choice is not None and _is_blank(frame[choice.field]):
            choice = None
        choice = choice or _by_content(column, frame, known_classes)
        if choice is not None:
            choices.append(choice)
    return tuple(choices)


def _named(column: str, sources: Sequence[tuple[str, Mapping[str, Sequence[str]]]], fields: Sequence[str]) -> Choice | None:
    for said, candidates in sources:
        field = find_field(tuple(candidates.get(column, ())), fields)
        if field is not None:
            return Choice(column=column, field=field, evidence=said)
    return None


def _texts(values: pd.Series) -> pd.Series:
    return values.map(cell_text).astype(str).str.strip()


def _is_blank(values: pd.Series) -> bool:
    return bool((_texts(values) == "").all())


def _by_content(column: str, frame: pd.DataFrame, known_classes: Sequence[str]) -> Choice | None:
    texts = {str(name): _texts(frame[name]) for name in frame.columns}
    filled = {name: values for name, values in texts.items() if len(values) and (values != "").all()}
    if column == "zone_id":
        unique = [name for name, values in filled.items() if values.is_unique and not values.str.contains(".", regex=False).any()]
        ranked = sorted(unique, key=lambda n: (n.upper() in _ROW_NUMBERS, not n.upper().endswith(_ID_ENDINGS)))
        return _guess(column, ranked, f"按内容：{len(frame)} 个值各不相同、没有空白")
    if column == "zone_name":
        return _guess(column, [n for n in filled if n.upper().endswith(_NAME_ENDINGS)], "按内容：字段名像名称、没有空白")
    if column == "zone_class" and known_classes:
        holds = [name for name, values in filled.items() if set(values) <= set(known_classes)]
        return _guess(column, holds, "按内容：值都是该图层认得的类别")
    return None


def _guess(column: str, names: Sequence[str], evidence: str) -> Choice | None:
    return Choice(column=column, field=names[0], evidence=evidence, by_content=True) if names else None


def match_classes(values: pd.Series, known: Sequence[str], stated: Mapping[str, str]) -> ClassMatch:
    """Return what the class values mean: as stated, or the one known class that a value names in a longer form.

    Parameters
    ----------
    known : classes the rules know for the layer; empty when any text will do.
    stated : value -> class, from the user, the entry or a specification; a code list of the source counts too.
    """
    mapped: dict[str, str] = {}
    same: list[str] = []
    unknown: list[str] = []
    for value in sorted(set(_texts(values))):
        meant = stated.get(value, value)
        near = [name for name in known if name and (name in meant or (len(meant) > 1 and meant in name))]
        if meant in known or not known:
            meaning = meant
        elif len(near) == 1:
            meaning = near[0]
        else:
            unknown.append(value)
            continue
        if meaning == value:
            same.append(value)
        else:
            mapped[value] = meaning
    return ClassMatch(mapped=mapped, same=tuple(same), unknown=tuple(unknown))


