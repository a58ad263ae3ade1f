"""Fields that hold a zone's code, name and class, and the class each value means."""

from collections.abc import Sequence

import pandas as pd

from cdgis.core.errors import LayerError
from cdgis.readers.attribute_columns import column_aliases, plain
from cdgis.readers.records import cell_text
from cdgis.workspace.catalog import LayerSpec
from cdgis.workspace.layers import ZONE_COLUMNS

_TRUNCATED_BYTES = 10
"""Length to which shapefiles cut field names, in bytes of the file's encoding."""
_MOST_LISTED = 12


def find_field(candidates: Sequence[str], fields: Sequence[str]) -> str | None:
    """Return the file's field that one of `candidates` names, in order of preference, or None.

    Names compare without case and white space, and also as shapefiles cut them: to 10 bytes in GBK or UTF-8.
    """
    by_name = {plain(field): field for field in reversed(fields)}
    for candidate in candidates:
        spellings = (plain(candidate), *(_cut(candidate, encoding) for encoding in ("gb18030", "utf-8")))
        for spelling in spellings:
            if spelling in by_name:
                return by_name[spelling]
    return None


def _cut(name: str, encoding: str) -> str:
    return plain(plain(name).encode(encoding)[:_TRUNCATED_BYTES].decode(encoding, errors="ignore"))


def standard_columns(spec: LayerSpec, frame: pd.DataFrame) -> pd.DataFrame:
    """Return zone_id, zone_name, zone_class and the declared extras as text, classes mapped.

    Raises
    ------
    LayerError : a field is missing or a class value is not allowed; all problems at once.
    """
    fields = [str(name) for name in frame.columns]
    aliases = column_aliases("zone")
    columns: dict[str, pd.Series] = {}
    problems: list[str] = []
    for column in dict.fromkeys((*ZONE_COLUMNS, *spec.fields)):
        candidates = spec.fields.get(column, ())
        field = find_field((*candidates, *aliases.get(column, ())), fields)
        if field is not None:
            columns[column] = pd.Series([cell_text(value) for value in frame[field].tolist()], index=frame.index, dtype=object)
        elif candidates or column == "zone_id":
            problems.append(missing_field(column, candidates or aliases[column][:4], fields))
        else:
            columns[column] = pd.Series([""] * len(frame), dtype=object)
    columns |= _extras(spec, frame, fields)
    if "zone_class" in columns:
        columns["zone_class"], more = _classes(spec, columns["zone_class"])
        problems += more
    if problems:
        raise LayerError(spec.path, spec.id, tuple(problems))
    return pd.DataFrame(columns, dtype=object)


def _extras(spec: LayerSpec, frame: pd.DataFrame, fields: Sequence[str]) -> dict[str, pd.Series]:
    """Return what columns.toml lists under zone_extra, as far as the file has it and the entry does not say where.

    Two spellings of one field in one file (WRWPFGK and PWWPFGK) are both read, their texts on lines of their own.
    """
    found: dict[str, pd.Series] = {}
    for column, names in column_aliases("zone_extra").items():
        spelt = list(dict.fromkeys(filter(None, (find_field((name,), fields) for name in names))))
        if spelt and column not in spec.fields:
            texts = [[cell_text(value) for value in frame[field]] for field in spelt]
            joined = ["\n".join(dict.fromkeys(filter(None, row))) for row in zip(*texts, strict=True)]
            found[column] = pd.Series(joined, index=frame.index, dtype=object)
    return found


def missing_field(column: str, candidates: Sequence[str], fields: Sequence[str]) -> str:
    """Return the message for a mapped column that no field of the file fits."""
    return (
        f"缺少字段 {column}（候选 {'、'.join(candidates)}），文件中有 {'、'.join(fields)}。请在目录条目的 fields 中写明"
    )


def _classes(spec: LayerSpec, values: pd.Series) -> tuple[pd.Series, list[str]]:
    mapped = pd.Series([spec.classes.get(value, value) for value in values.tolist()], index=values.index, dtype=object)
    if not spec.allowed_classes:
        return mapped, []
    if (mapped == "").all() and len(spec.allowed_classes) == 1:
        return pd.Series([spec.allowed_classes[0]] * len(mapped), dtype=object), []
    unknown = sorted({value or "（空）" for value in mapped if value not in spec.allowed_classes})
    if not unknown:
        return mapped, []
    listed = "、".join(unknown[:_MOST_LISTED])
    allowed = "、".join(spec.allowed_classes)
    return mapped, [f"类别值不认识：{listed}；允许 {allowed}。请在目录条目的 classes 中写明对应"]
