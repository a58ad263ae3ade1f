"""What is each site called, what kind of activity is it, and which attributes are stated for it?"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from cdgis.model import LIST_SEPARATOR, ProjectType
from cdgis.readers.attributes import canonical_value, is_missing, match_attribute, plain
from cdgis.readers.headers import subject_column
from cdgis.readers.intake import Remark, noted, repaired

_INDUSTRY = re.compile(r"^[A-Ta-t]?(\d{2,4})(?!\d)")
_SECTION = re.compile(r"^[A-Ta-t]$")
_PROJECT_TYPES: tuple[tuple[ProjectType, tuple[str, ...]], ...] = (
    (ProjectType.RELOCATE, ("迁建", "搬迁", "异地")),
    (ProjectType.EXPAND, ("扩建", "改扩建", "扩能")),
    (ProjectType.REBUILD, ("改建", "技改", "技术改造", "改造")),
    (ProjectType.NEW, ("新建", "拟建", "新增")),
    (ProjectType.EXISTING, ("既有", "现有", "已建", "在产", "存量", "投产", "运营")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the texts of one row say about the site, in standard columns and canonical attribute values."""

    columns: Mapping[str, str]
    """name, industry, project_type, activity, subject_id, accuracy_m: text, "" when not stated."""
    attributes: Mapping[str, str]
    remarks: tuple[Remark, ...]


def describe_site(texts: Mapping[str, str]) -> Description:
    """Return the standard columns and attributes that a row's header -> text pairs state."""
    columns: dict[str, str] = {}
    attributes: dict[str, str] = {}
    remarks: list[Remark] = []
    for header, text in texts.items():
        role = subject_column(header)
        if role is not None:
            if not is_missing(text):
                columns.setdefault(role, text.strip())
            continue
        column = match_attribute(header)
        if column is None:
            continue
        value = canonical_value(column, text)
        if value.problem:
            remarks.append(repaired(f"{column.attribute.title}：{value.problem}", field=header, value=text))
        elif value.text:
            attributes[column.attribute.name] = value.text
    columns["industry"], more = _industry(columns.get("industry", ""))
    remarks += more
    columns["project_type"], more = _project_type(columns.get("project_type", ""))
    remarks += more
    columns["activity"] = _activity(columns.get("activity", ""))
    return Description(columns=columns, attributes=attributes, remarks=tuple(remarks))


def _industry(text: str) -> tuple[str, list[Remark]]:
    word = plain(text)
    match = _INDUSTRY.match(word)
    if match:
        return match.group(1), []
    if not word or _SECTION.match(word):
        return word.upper(), []
    return "", [repaired("行业未写 GB/T 4754-2017 代码，按缺失处理", field="行业代码", value=text, remedy="填四位小类代码，如 3110")]


def _project_type(text: str) -> tuple[str, list[Remark]]:
    word = plain(text)
    if not word:
        return "", []
    for kind, words in _PROJECT_TYPES:
        if any(candidate in word for candidate in words):
            exact = word == kind.value
            reason = f"建设性质“{text}”按{kind.value}处理"
            return kind.value, [] if exact else [noted(reason, field="建设性质", value=text)]
    allowed = "、".join(ProjectType)
    return "", [repaired("建设性质不认识，按缺失处理", field="建设性质", value=text, remedy=f"应为 {allowed}")]


def _activity(text: str) -> str:
    items = re.split(r"[;；、,，]+", unicodedata.normalize("NFKC", text))
    return LIST_SEPARATOR.join(item.strip() for item in items if item.strip())
