"""What is each site called, what kind of activity is it, and which attributes are stated for it?"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from cdgis import industry
from cdgis.model import LIST_SEPARATOR, ProjectType
from cdgis.readers.attributes import canonical_value, is_missing, match_attribute, plain
from cdgis.readers.headers import subject_column
from cdgis.readers.intake import Remark, noted, repaired

_INDUSTRY = re.compile(r"^[A-T]?(\d{2,4})(?!\d)")
_SECTION = re.compile(r"^[A-T]$")
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


def describe_site(*sources: Mapping[str, str]) -> Description:
    """Return the standard columns and attributes that header -> text pairs state; earlier sources win."""
    columns: dict[str, str] = {}
    attributes: dict[str, str] = {}
    remarks: list[Remark] = []
    for header, text in (pair for source in sources for pair in source.items()):
        role = subject_column(header)
        column = match_attribute(header) if role is None else None
        if role is not None and not is_missing(text):
            columns.setdefault(role, text.strip())
        elif column is not None and column.attribute.name not in attributes:
            value = canonical_value(column, text)
            if value.problem:
                remarks.append(repaired(f"{column.attribute.title}：{value.problem}", field=header, value=text))
            elif value.text:
                attributes[column.attribute.name] = value.text
    columns["industry"], about_industry = _industry(columns.get("industry", ""), columns.get("name", ""))
    columns["project_type"], about_type = _project_type(columns.get("project_type", ""))
    columns["activity"] = _activity(columns.get("activity", ""))
    return Description(columns=columns, attributes=attributes, remarks=(*remarks, *about_industry, *about_type))


def _industry(text: str, name: str) -> tuple[str, list[Remark]]:
    word = plain(text).upper()
    match = _INDUSTRY.match(word)
    code = match.group(1) if match else word if _SECTION.match(word) else ""
    if word and not code:
        remedy = "填四位小类代码，如 3110"
        return "", [repaired("行业未写 GB/T 4754-2017 代码，按缺失处理", field="行业代码", value=text, remedy=remedy)]
    if code and not industry.is_known(code):
        return code, [noted("行业代码不在 GB/T 4754-2017 中，请核对", field="行业代码", value=text)]
    if code and industry.looks_like_2011(code, name):
        return code, [noted("行业代码疑为 2011 版旧码，请核对", field="行业代码", value=text)]
    return code, []


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
    bare = (re.sub(r"^有限人为活动\s*:\s*", "", item.strip()) for item in items)
    return LIST_SEPARATOR.join(item for item in bare if item)
