"""Name, kind of activity and stated attributes of each site."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cdgis.core.safe_text import cleaned, is_clean
from cdgis.core.vocabulary import ACTIVITIES, LIST_SEPARATOR, ProjectType
from cdgis.readers.attribute_columns import canonical_value, is_missing, match_attribute, plain
from cdgis.readers.headers import subject_column
from cdgis.readers.intake import Remark, noted, repaired
from cdgis.rules import industry

_INDUSTRY = re.compile(r"^[A-T]?(\d{2,4})(?!\d)")
_SEVERAL = re.compile(r"[、,，;；/／+＋&|]|和|及|与|\s+(?=[A-Ta-t]?\d{2,4}(?!\d))")
"""What parts several industries written in one cell."""
_LINE_BREAK = re.compile(r"\s*[\r\n]+\s*")
_MOST_LISTED = 8
_GROUP_DIGITS = 3
_SECTION = re.compile(r"^[A-T]$")
_DENIAL = re.compile("[非不未无]|取消|停止")
"""Beside a type it says what the project is not."""
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
    """Return the standard columns and attributes that header -> text pairs state; earlier sources win.

    Within one source nothing wins: two columns that state different things of one attribute, or of the industry, state nothing.
    """
    columns: dict[str, str] = {}
    attributes: dict[str, str] = {}
    remarks: list[Remark] = []
    for source in sources:
        texts, more = _clean_texts(source)
        remarks += more
        own = _Stated(columns=columns, attributes=attributes)
        for header, text in texts.items():
            own.take(header, text)
        remarks += own.settle()
    columns["industry"], about_industry = _industry(columns.get("industry", ""), columns.get("name", ""))
    columns["project_type"], about_type = _project_type(columns.get("project_type", ""))
    columns["activity"], about_activity = _activity(columns.get("activity", ""))
    remarks += about_activity
    return Description(columns=columns, attributes=attributes, remarks=(*remarks, *about_industry, *about_type))


@lru_cache(maxsize=1 << 12)
def means_something(header: str) -> bool:
    """Return whether `describe_site` may look at the text under a header, but for characters that act instead of being read."""
    return not is_clean(header) or subject_column(header) is not None or match_attribute(header) is not None


class _Stated:
    """What one source adds to the columns and attributes that earlier ones stated."""

    def __init__(self, *, columns: dict[str, str], attributes: dict[str, str]) -> None:
        self._columns, self._attributes = columns, attributes
        self._before = {*columns, *attributes}
        self._said: dict[str, dict[str, str]] = {}
        self._remarks: list[Remark] = []

    def take(self, header: str, text: str) -> None:
        """Add what one cell states."""
        role = subject_column(header)
        column = match_attribute(header) if role is None else None
        if role is not None and not is_missing(text):
            if role in _ONE_MEANING and role not in self._before:
                self._said.setdefault(role, {})[header] = text.strip()
            self._columns.setdefault(role, _LINE_BREAK.sub(" ", text.strip()))
        elif column is not None and column.attribute.name not in self._before:
            value = canonical_value(column, text)
            if value.problem:
                self._remarks.append(repaired(f"{column.attribute.title}：{value.problem}", field=header, value=text))
            elif value.text:
                self._said.setdefault(column.attribute.name, {})[header] = value.text
                self._attributes.setdefault(column.attribute.name, value.text)

    def settle(self) -> list[Remark]:
        """Take back what two columns state differently, and return all that is to be said."""
        for name, said in self._said.items():
            if len(said) == 1:
                continue
            if name in _ONE_MEANING:
                said = {header: text for header, text in said.items() if _meant(name, text)}
            values = [_meant(name, text) if name in _ONE_MEANING else text for text in said.values()]
            # a group and a class of it are one industry
            alike = str.startswith if name == "industry" else str.__eq__
            if any(not (alike(a, b) or alike(b, a)) for a in values for b in values):
                (self._columns if name in _ONE_MEANING else self._attributes).pop(name)
                self._remarks.append(repaired(
                    f"“{'”“'.join(said)}”说的是同一项而内容不同（{' / '.join(said.values())}），按缺失处理",
                    field="、".join(said), value=" / ".join(said.values()), remedy="请核对后只留一列",
                ))  # fmt: skip
        return self._remarks


_ONE_MEANING = ("industry", "project_type", "activity")
"""Columns that decide a verdict and are read into canonical words."""


def _meant(role: str, text: str) -> str:
    """Return the canonical word of one of these columns, "" where the text has none."""
    if role == "industry":
        return _industry(text, "")[0]
    return (_project_type if role == "project_type" else _activity)(text)[0]


def _clean_texts(texts: Mapping[str, str]) -> tuple[dict[str, str], list[Remark]]:
    """Return header -> text pairs without acting characters, with one remark for each pair that held some."""
    if is_clean("".join((*texts, *texts.values()))):
        return dict(texts), []
    reason, remedy = "文字含控制符或不可见的排版符，已去除", "请核对原文件的这一格"
    dirty = [pair for pair in texts.items() if not is_clean("".join(pair))]
    remarks = [repaired(reason, field=header, value=text, remedy=remedy) for header, text in dirty]
    return {cleaned(header): cleaned(text) for header, text in texts.items()}, remarks


def _industry(text: str, name: str) -> tuple[str, tuple[Remark, ...]]:
    return _industry_meant(text, name if _is_open(text) else "")


@lru_cache(maxsize=1 << 12)
def _is_open(text: str) -> bool:
    """Return whether the words beside a code, the site's name for want of others, may have to tell what it means."""
    _, code, _ = _code_written(text)
    return industry.former(code) is not None or (len(code) == _GROUP_DIGITS and industry.is_known(f"0{code}"))


def _code_written(text: str) -> tuple[str, str, str]:
    """Return the finest of the codes listed or the whole text, its code or section, and the words after it."""
    several = _codes_listed(text)
    text = max(several, key=len) if len(several) > 1 else text
    word = plain(text).upper()
    match = _INDUSTRY.match(word)
    code = match.group(1) if match else word if _SECTION.match(word) else ""
    return text, code, text[match.end() :].strip(" -—:：()（）") if match else ""


@lru_cache(maxsize=1 << 12)
def _industry_meant(text: str, name: str) -> tuple[str, tuple[Remark, ...]]:
    several = _codes_listed(text)
    if any(not (one.startswith(other) or other.startswith(one)) for one in several for other in several):
        reason = f"行业写了几个代码（{'、'.join(several)}），按缺失处理"
        return "", (repaired(reason, field="行业代码", value=text, remedy="每行只填一个行业；兼有几个行业的，每个行业各填一行，以最严的为准"),)
    text, code, words = _code_written(text)
    if not code:
        return _industry_by_name(text) if plain(text) else ("", ())
    former = industry.former(code)
    if _may_lack_a_zero(code, words or name):
        return "", (_asked_for_the_zero(code, text),)
    if not industry.is_known(code):
        if former:
            return "", (_asked_back(code, text, former),)
        return code, (noted(f"行业代码不在 {industry.edition_name()} 中，请核对", field="行业代码", value=text),)
    if former and not industry.speaks_for(industry.name_of(code), words + name):
        named_so = industry.speaks_for(former.name, words or name)
        if former.doubtful or named_so:
            return "", (_asked_back(code, text, former, "疑为旧码" if named_so else "看不出是哪一个"),)
        reason = f"行业代码 {code} 按{industry.name_of(code)}处理；它在 {former.edition} 是{former.name}，请核对"
        return code, (noted(reason, field="行业代码", value=text, remedy=f"如为{former.name}请填 {former.now}"),)
    meant = industry.named(words)
    if meant and not (meant.startswith(code) or code.startswith(meant)):
        reason = f"行业代码 {code} 是{industry.name_of(code)}，名称却是{industry.name_of(meant)}（{meant}），按缺失处理"
        return "", (repaired(reason, field="行业代码", value=text, remedy="请核对后只填其一"),)
    return code, ()


def _codes_listed(text: str) -> list[str]:
    """Return the codes that a cell lists."""
    found: list[str] = []
    for part in _SEVERAL.split(text):
        item = plain(part).upper()
        match = _INDUSTRY.match(item)
        rest = item[match.end() :].lstrip(" -—:：()（）") if match else ""
        code = match.group(1) if match else ""
        if code and industry.is_known(code) and (not rest or rest.startswith(plain(industry.name_of(code))[:2])):
            found.append(code)
    return found


def _may_lack_a_zero(code: str, words: str) -> bool:
    """Return whether a three-digit group may be a class that lost its leading zero in a spreadsheet, and no word tells."""
    if len(code) != _GROUP_DIGITS or not industry.is_known(f"0{code}"):
        return False
    named = industry.named(words)
    return not named.startswith(code) and not any(industry.name_of(item) in words for item in (code, f"0{code}") if words)


def _asked_for_the_zero(code: str, text: str) -> Remark:
    whole = f"0{code}"
    reason = (
        f"行业代码 {code} 可能缺前导零：{whole} 是{industry.name_of(whole)}，{code} 是{industry.name_of(code)}（中类），按缺失处理"
    )
    remedy = f"如为{industry.name_of(whole)}请填 {whole}（单元格设为文本）；否则请填四位小类代码，如 {code}0"
    return repaired(reason, field="行业代码", value=text, remedy=remedy)


def _asked_back(code: str, text: str, former: industry.FormerCode, doubt: str = "") -> Remark:
    """Return the question about a code that only an earlier edition has, or that may be meant by one."""
    present = industry.name_of(code)
    now = f"在 {industry.edition_name()} 是{present}，{doubt}" if present else f"{industry.edition_name()} 没有这个代码"
    remedy = f"如为{former.name}请填 {former.now}" + (f"；如为{present}请写“{code} {present}”" if present else "")
    reason = f"行业代码 {code} 在 {former.edition} 是{former.name}，{now}，按缺失处理"
    return repaired(reason, field="行业代码", value=text, remedy=remedy)


def _industry_by_name(text: str) -> tuple[str, tuple[Remark, ...]]:
    """Return the code of an industry given by its Chinese name; several possible ones are asked back."""
    code = industry.named(text)
    if code:
        reason = f"行业“{text.strip()}”按名称取 {code} {industry.name_of(code)}"
        return code, (noted(reason, field="行业代码", value=text),)
    found = industry.search(text)
    if not found:
        reason = f"行业“{text.strip()}”不是 GB/T 4754-2017 的代码或名称，按缺失处理"
        return "", (repaired(reason, field="行业代码", value=text, remedy="填四位小类代码，如 3110"),)
    listed = "、".join(f"{code} {title}" for code, title in found[:_MOST_LISTED])
    more = f"等 {len(found)} 类" if len(found) > _MOST_LISTED else ""
    reason = f"行业“{text.strip()}”不是小类全称，按缺失处理"
    return "", (repaired(reason, field="行业代码", value=text, remedy=f"请从中选一个代码：{listed}{more}"),)


@lru_cache(maxsize=1 << 12)
def _project_type(text: str) -> tuple[str, tuple[Remark, ...]]:
    word = plain(text)
    if not word:
        return "", ()
    for kind, words in _PROJECT_TYPES if not _DENIAL.search(word) else ():
        if any(candidate in word for candidate in words):
            exact = word == kind.value
            reason = f"建设性质“{text}”按{kind.value}处理"
            return kind.value, () if exact else (noted(reason, field="建设性质", value=text),)
    allowed = "、".join(ProjectType)
    return "", (repaired("建设性质不认识，按缺失处理", field="建设性质", value=text, remedy=f"应为 {allowed}"),)


@lru_cache(maxsize=1 << 12)
def _activity(text: str) -> tuple[str, tuple[Remark, ...]]:
    """Return the declared activities known to the rules; an unknown word counts as missing, never as harmless."""
    items = re.split(r"[;；、,，]+", unicodedata.normalize("NFKC", text))
    bare = [re.sub(r"^有限人为活动\s*:\s*", "", item.strip()) for item in items if item.strip()]
    strange = [item for item in bare if item not in ACTIVITIES]
    if not strange:
        return LIST_SEPARATOR.join(bare), ()
    words = f"活动类型“{'、'.join(strange)}”不认识，按缺失处理"
    remedy = f"应为 {'、'.join(ACTIVITIES)}"
    return "", (repaired(words, field="活动类型", value=text, remedy=remedy),)
