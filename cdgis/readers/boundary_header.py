"""The parcel header of a boundary-point file, in the standard's order or by what each item evidently is.

The standard's items: points, hectares, number, name, kind of shape, sheet, use, class. Exports leave items out or
order them otherwise; the kind of shape then stands elsewhere, and no text of another item may be taken for it.
"""

import re

from cdgis.readers.intake import Remark, rejected, repaired
from cdgis.readers.shape_kind import named_kind

HEADER_FIELDS = ("界址点数", "面积", "地块编号", "地块名称", "图形属性", "图幅号", "地块用途", "地类编码")
"""What the values of a parcel header mean, in order; later ones vary by producer."""
NAME_FIELD, KIND_FIELD = HEADER_FIELDS[3], HEADER_FIELDS[4]
_KIND_AT = 4
_BREAK = re.compile(r"[,，\t]")
_QUANTITY = re.compile(r"[\d.]+\s*(公顷|亩|平方米|hm2|ha|m2|㎡)?$", re.IGNORECASE)
_MEASURED = re.compile(r"[\d.]+\s*(公顷|亩|平方米|hm2|ha|m2|㎡)$", re.IGNORECASE)
_WORDS = re.compile(r"[\u4e00-\u9fff]")
_REMEDY = "请核对；标准次序为 界址点数,面积,地块编号,地块名称,图形属性（面、线、点）,图幅号,地块用途,地类编码,@"


def parcel_header(line: str) -> tuple[dict[str, str], list[Remark]]:
    """Return the items of a header line that ends in ``@``, and what had to be guessed from their content."""
    values = [value.strip() for value in _BREAK.split(line.rstrip("@"))]
    kinds = {at: named_kind(value) for at, value in enumerate(values) if value and named_kind(value) is not None}
    is_shifted = len(values) > _KIND_AT and bool(_MEASURED.match(values[_KIND_AT - 1]))
    if (_KIND_AT in kinds and not is_shifted) or not (kinds or _looks_shifted(values)):
        return {key: value for key, value in zip(HEADER_FIELDS, values, strict=False) if value}, []
    if len(set(kinds.values())) > 1:
        bad = rejected("地块行里有几项都像图形属性，不知以哪个为准", field=KIND_FIELD, value=line, remedy=_REMEDY)
        return {}, [bad]
    found = _by_content(values, min(kinds, default=len(values)))
    said = "、".join(f"{key} {value}" for key, value in found.items() if key in (NAME_FIELD, KIND_FIELD))
    reason = f"地块行的项数或次序与标准不同，按内容认出：{said or '没有名称和图形属性'}"
    return found, [repaired(reason, field=KIND_FIELD, value=line, remedy=_REMEDY)]


def _looks_shifted(values: list[str]) -> bool:
    """Return whether a header without a kind of shape has a number where the name belongs, and words elsewhere."""
    name = values[3] if len(values) > 3 else ""
    return not _WORDS.search(name) and any(_WORDS.search(v) and not _QUANTITY.match(v) for v in values)


def _by_content(values: list[str], kind_at: int) -> dict[str, str]:
    before = [value for value in values[:kind_at] if value and not _QUANTITY.match(value)]
    after = [value for value in values[kind_at + 1 :] if value]
    if kind_at == len(values):
        before = [value for value in before if _WORDS.search(value)][:1]
    name = before[-1] if before else next((v for v in after if _WORDS.search(v)), "")
    found = {
        HEADER_FIELDS[2]: before[-2] if len(before) > 1 else "",
        NAME_FIELD: name,
        KIND_FIELD: values[kind_at] if kind_at < len(values) else "",
    }
    return {key: value for key, value in found.items() if value}
