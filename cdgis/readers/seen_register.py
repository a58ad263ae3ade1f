"""The workspace's register of what officers have seen: which subject, which declaration word for word, who, when.

A row counts only for the very text it was made about: an approval's number that was changed afterwards is unseen again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from cdgis.core.errors import ReaderError
from cdgis.core.safe_text import is_clean
from cdgis.core.vocabulary import LIST_SEPARATOR, InputRecord, IntakeNote
from cdgis.readers.attribute_columns import canonical_value, match_attribute, plain
from cdgis.readers.headers import subject_column
from cdgis.readers.inputs import check_regular, file_sha256
from cdgis.readers.intake import Remark, intake_note, noted, rejected
from cdgis.readers.sheets import read_sheets
from cdgis.rules.attributes import SEEN, load_attributes
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import Workspace

COLUMNS = ("对象编号", "事项", "内容", "核验人", "核验日期")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    number: int
    """As a spreadsheet counts it."""
    subject: str
    matter: str
    content: str
    officer: str
    seen_on: str

    @property
    def attribute(self) -> str:
        """What the matter is called in the rules; "" when nothing of that name can be registered."""
        column = match_attribute(self.matter)
        name = (column.attribute.name if column else subject_column(self.matter) or "") + SEEN
        return name.removesuffix(SEEN) if name in load_attributes() else ""


def with_register(subjects: Subjects, workspace: Workspace, *, whole: bool) -> Subjects:
    """Return `subjects` with what the register of ``[sources] registered`` says was seen, each row told in the intake.

    Parameters
    ----------
    whole : whether these are all subjects of the workspace, so that every row must meet one; else rows on others are left.

    Raises
    ------
    ReaderError : the register is named and cannot be read, or lacks a column.
    """
    named = workspace.settings.sources.registered
    if not named:
        return subjects
    path = workspace.root / named
    if not path.is_file():
        raise ReaderError(f"找不到 cdgis.toml 中 registered 所指的核验登记表 {named}", remedy="请放到该位置，或删去这一项设置")
    label = workspace.relative(path)
    check_regular(path, label)
    rows = [row for row in _rows(workspace) if whole or row.subject in set(subjects.frame["subject_id"])]
    declared = _declarations(subjects)
    added: dict[tuple[str, str], str] = {}
    notes: list[IntakeNote] = []
    for row in rows:
        remarks = tuple(_remarks(row, declared, added))
        notes.append(intake_note(label, str(row.number), remarks))
        if not any(remark.status == "quarantined" for remark in remarks):
            added.setdefault((row.subject, row.attribute + SEEN), f"{row.officer}（{row.seen_on}）")
    table = pd.DataFrame(
        [(subject, name, who, "") for (subject, name), who in added.items()], columns=["subject_id", "attribute", "value", "unit"]
    )
    record = InputRecord(
        layer="registered", kind="table", path=label, sublayer="", sha256=file_sha256(path), version="", official=False
    )
    return replace(
        subjects, attributes=pd.concat([subjects.attributes, table], ignore_index=True), intake=(*subjects.intake, *notes),
        records=(*subjects.records, record),
    )  # fmt: skip


def _rows(workspace: Workspace) -> Iterator[_Row]:
    named = workspace.settings.sources.registered
    sheets = read_sheets(workspace.root / named, label=named)
    header = [plain(cell) for cell in sheets[0].rows[0]]
    missing = [name for name in COLUMNS if plain(name) not in header]
    if missing or len(sheets) > 1:
        reason = f"核验登记表缺少列 {'、'.join(missing)}" if missing else f"核验登记表有 {len(sheets)} 张工作表"
        raise ReaderError(reason, source=named, remedy=f"一张表，首行为 {'、'.join(COLUMNS)}")
    places = [header.index(plain(name)) for name in COLUMNS]
    for number, cells in enumerate(sheets[0].rows[1:], start=2):
        texts = [cells[place].strip() if place < len(cells) else "" for place in places]
        if any(texts):
            yield _Row(number=number, subject=texts[0], matter=texts[1], content=texts[2], officer=texts[3], seen_on=texts[4])


def _declarations(subjects: Subjects) -> dict[str, dict[str, str]]:
    """Return subject -> attribute -> what it declares, the activity among them."""
    found = subjects.attribute_map()
    for subject, activity in zip(subjects.frame["subject_id"], subjects.frame["activity"], strict=True):
        found[str(subject)]["activity"] = str(activity or "")
    return found


def _remarks(row: _Row, declared: dict[str, dict[str, str]], added: dict[tuple[str, str], str]) -> Iterator[Remark]:
    """Yield why a row does not count, or that it repeats another."""
    if not row.attribute:
        able = "、".join(load_attributes()[name].title for name in load_attributes() if name.endswith(SEEN))
        yield rejected("没有这样一个可登记的事项", field="事项", value=row.matter, remedy=f"可登记的是：{able}")
        return
    if row.subject not in declared:
        yield rejected("没有这个编号的对象", field="对象编号", value=row.subject, remedy="核对编号，或删去这一行")
        return
    if not row.officer or not is_clean(row.officer):
        yield rejected("没有写明由谁核验，或姓名里有看不见的控制字符", field="核验人", value=row.officer, remedy="请填写核验人姓名")
    if not _is_day(row.seen_on):
        yield rejected("核验日期应为 YYYY-MM-DD", field="核验日期", value=row.seen_on, remedy="例如 2026-11-01")
    stated = declared[row.subject].get(row.attribute, "")
    if not stated or not _is_same(row, stated):
        yield rejected(
            f"登记的内容与对象申报的“{stated or '（未申报）'}”不同，不作数", field="内容", value=row.content,
            remedy="内容须与申报的逐字相同；申报改过的，请重新核验后登记",
        )  # fmt: skip
    elif (row.subject, row.attribute + SEEN) in added:
        yield noted("这一事项上面已经登记，以上面的为准", field="事项", value=row.matter)


def _is_same(row: _Row, stated: str) -> bool:
    column = match_attribute(row.matter)
    if column is None:
        return plain(row.content) in {plain(word) for word in stated.split(LIST_SEPARATOR)}
    return plain(canonical_value(column, row.content).text) == plain(stated)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text[:10]).isoformat() == text[:10] and text[10:] in ("", " 00:00:00")
    except ValueError:
        return False
