"""Attributes from a sidecar table, for formats that carry none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path, PurePosixPath

import tomli as tomllib

from cdgis.core.error_words import in_words
from cdgis.core.errors import ReaderError
from cdgis.core.vocabulary import LIST_SEPARATOR
from cdgis.readers.attribute_columns import canonical_value, is_missing, match_attribute, plain
from cdgis.readers.headers import Header, find_header, subject_column
from cdgis.readers.inputs import InputFile
from cdgis.readers.intake import Remark, rejected, repaired
from cdgis.readers.records import cell_text
from cdgis.readers.repeated_columns import settled
from cdgis.readers.sheets import Sheet, read_sheets
from cdgis.readers.text_encoding import decode_text

ANY_FILE = "*"
"""File name of a row that speaks for every file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarRow:
    """One row of the sidecar: which parcel it means and what it says."""

    row: str
    file: str
    parcel: str
    """Parcel number, name or ordinal; empty means every parcel of the file."""
    texts: Mapping[str, str]

    @property
    def named(self) -> set[str]:
        """What the row calls its parcel, by id or name."""
        return {plain(text) for header, text in self.texts.items() if subject_column(header) in ("subject_id", "name")}


@dataclass(slots=True)
class Sidecar:
    """A sidecar table and which of its rows have met their parcel."""

    label: str = ""
    rows: tuple[SidecarRow, ...] = ()
    used: set[str] = field(default_factory=set)
    by_file: dict[str, tuple[SidecarRow, ...]] = field(default_factory=dict)
    """Label of a file already asked about -> its rows."""
    by_name: dict[str, dict[str, list[SidecarRow]]] = field(default_factory=dict)
    """Label of a file -> id or name in plain letters -> the rows that call their parcel so."""

    def rows_for(self, file: InputFile) -> tuple[SidecarRow, ...]:
        """Return the rows that name a file, those about the whole file first."""
        if file.label not in self.by_file:
            is_named = cache(partial(_names_file, _names_of(file)))
            mine = (row for row in self.rows if is_named(row.file))
            self.by_file[file.label] = tuple(sorted(mine, key=lambda row: row.parcel != ""))
        return self.by_file[file.label]

    def texts_for(self, file: InputFile, keys: tuple[str, ...]) -> tuple[dict[str, str], tuple[Remark, ...]]:
        """Return header -> text for one parcel, and a remark for each fact of which its rows say different things.

        Rows for the whole file come first, the parcel's own over them; rows of one rank that contradict each other leave
        the fact unsaid. A row that its place in the file gives to a parcel whose own name stands in another row is not the
        parcel's: something is missing from the file, or was added, and neither row is used.
        """
        wanted = {plain(key) for key in keys}
        met = [row for row in self.rows_for(file) if row.parcel == "" or plain(row.parcel) in wanted]
        own = [row for row in met if row.parcel]
        remarks: list[Remark] = []
        if own and not any(row.named & wanted for row in own) and (others := self._named_in(file, wanted)):
            remarks, met = [_misplaced(own, others)], [row for row in met if not row.parcel]
        self.used.update(row.row for row in met)
        found: dict[str, tuple[str, str]] = {}
        for rank in ([row for row in met if not row.parcel], [row for row in met if row.parcel]):
            for meaning, told in _by_meaning(rank).items():
                found.pop(meaning, None)
                if len({_canonical(header, text) for _, header, text in told}) == 1:
                    found[meaning] = told[-1][1:]
                else:
                    remarks.append(_contradiction(told))
        return dict(found.values()), tuple(remarks)

    def _named_in(self, file: InputFile, wanted: set[str]) -> list[SidecarRow]:
        """Return the rows of a file that call their parcel by one of the names."""
        if file.label not in self.by_name:
            index = self.by_name.setdefault(file.label, {})
            for row in self.rows_for(file):
                for name in row.named:
                    index.setdefault(name, []).append(row)
        return [row for name in sorted(wanted) for row in self.by_name[file.label].get(name, [])]

    def stated_for(self, file: InputFile, role: str) -> str:
        """Return what the sidecar declares for a file under a standard column, or an empty text.

        Raises
        ------
        ReaderError : its rows declare different things for one file.
        """
        told = _by_meaning(self.rows_for(file)).get(role, [])
        if len({_canonical(header, text) for _, header, text in told}) > 1:
            remark = _contradiction(told)
            raise ReaderError(f"{remark.reason}：{remark.value}", remedy=remark.remedy)
        return told[0][2] if told else ""

    def asked(self) -> tuple[SidecarRow, ...]:
        """Return the rows about the files asked for or about none; all when not one is, which must be a mistake."""
        about = {row.row for rows in self.by_file.values() for row in rows}
        if about:
            about |= {row.row for row in self.rows if not row.file}
        return tuple(row for row in self.rows if row.row in about) or self.rows

    def mark_used(self, file: InputFile) -> None:
        """Count the rows of a file that exists but could not be read as met."""
        self.used.update(row.row for row in self.rows_for(file))


_Told = tuple[str, str, str]
"""Row, header and text of one cell."""


def _by_meaning(rows: Sequence[SidecarRow]) -> dict[str, list[_Told]]:
    """Return column or attribute -> what rows say of it, in their order; other headers stand for themselves."""
    told: dict[str, list[_Told]] = {}
    for row in rows:
        for header, text in row.texts.items():
            told.setdefault(_meaning(header), []).append((row.row, header, text))
    return told


def _meaning(header: str) -> str:
    column = match_attribute(header)
    return subject_column(header) or (column.attribute.name if column else plain(header))


def without(texts: Mapping[str, str], contradictions: Sequence[Remark]) -> dict[str, str]:
    """Return a parcel's own texts less those of which the sidecar contradicts itself: which one holds is not known."""
    unsaid = {_meaning(remark.field) for remark in contradictions}
    return {header: text for header, text in texts.items() if _meaning(header) not in unsaid}


def _canonical(header: str, text: str) -> str:
    column = None if subject_column(header) else match_attribute(header)
    return (canonical_value(column, text).text if column else "") or plain(text)


def _contradiction(told: Sequence[_Told]) -> Remark:
    rows = "、".join(row for row, _, _ in told)
    return repaired(
        f"附表第 {rows} 行对同一对象的“{told[0][1]}”互相矛盾，按缺失处理", field=told[0][1],
        value="；".join(f"{text}（第 {row} 行）" for row, _, text in told), remedy="请在附表中只留正确的一行",
    )  # fmt: skip


def _misplaced(by_place: Sequence[SidecarRow], by_name: Sequence[SidecarRow]) -> Remark:
    given, named = ("、".join(row.row for row in rows) for rows in (by_place, by_name))
    return repaired(
        f"附表第 {given} 行按次序轮到它，它自己的名称却写在第 {named} 行：文件里少了或多了地块，这几行都未采用", field="附表",
        value="；".join(filter(None, (row.parcel for row in (*by_place, *by_name)))),
        remedy="请核对文件里的地块是否齐全；附表的地块一栏改写编号或名称，不写序号",
    )  # fmt: skip


def _names_of(file: InputFile) -> tuple[list[str], set[str]]:
    """Return what a row may call a file: its names, and those with their stems."""
    names = [name.casefold() for name in file.names]
    return names, {*names, *(PurePosixPath(name).stem for name in names)}


def _names_file(known: tuple[list[str], set[str]], stated: str) -> bool:
    word = stated.replace("\\", "/").casefold()
    return stated == ANY_FILE or word in known[1] or any(name.endswith("/" + word) for name in known[0])


def read_sidecar(path: Path, *, label: str) -> Sidecar:
    """Return the sidecar at `path`: a table, or TOML.

    Raises
    ------
    ReaderError : it cannot be read, a table has no 文件 (file) column, or TOML holds an unknown name.
    """
    if path.suffix.lower() == ".toml":
        return Sidecar(label=label, rows=_toml_rows(path, label))
    sheets = read_sheets(path, label=label)
    headers = [None if sheet.is_hidden else find_header(sheet) for sheet in sheets]
    if not any(header is not None and "file" in header.columns.roles for header in headers):
        raise ReaderError(
            "附表没有“文件”（file）列", source=label, remedy="应有 file, parcel, project_id, name, industry 等列"
        )
    rows: list[SidecarRow] = []
    for sheet, header in zip(sheets, headers, strict=True):
        prefix = f"{sheet.name}!" if len(sheets) > 1 else ""
        if header is None or "file" not in header.columns.roles:
            rows.append(SidecarRow(row=f"{prefix}表头", file="", parcel="", texts={}))
        else:
            rows += _sheet_rows(sheet, header, prefix, label)
    return Sidecar(label=label, rows=tuple(rows))


def _sheet_rows(sheet: Sheet, header: Header, prefix: str, source: str) -> Iterator[SidecarRow]:
    """Yield the filled rows below a header; one that names no file is kept, so that it can be reported."""
    columns = header.columns
    for number, written in enumerate(sheet.rows[header.first_data_row :], start=header.first_data_row + 1):
        cells, unsettled = settled(written, columns)
        if unsettled:
            reason = f"附表{prefix and f' {prefix[:-1]} '}第 {number} 行{unsettled[0].reason}（{unsettled[0].value}）"
            raise ReaderError(reason, source=source, remedy=unsettled[0].remedy)
        texts = {
            label: cell for label, cell in zip(columns.labels, cells, strict=False) if label and not is_missing(cell)
        }
        if texts:
            file, parcel = (_take(texts, columns.labels, columns.roles.get(role)) for role in ("file", "parcel"))
            yield SidecarRow(row=f"{prefix}{number}", file=file, parcel=parcel, texts=texts)


def _toml_rows(path: Path, label: str) -> tuple[SidecarRow, ...]:
    """Return one row per ``[[site]]`` table, or one for a file that is a single table; without `file` it is for all."""
    try:
        document = tomllib.loads(decode_text(path.read_bytes(), source=label))
    except (tomllib.TOMLDecodeError, RecursionError) as err:
        remedy = '每行应为 名称 = "值"，中文名称加引号'
        raise ReaderError(f"不是合法的 TOML（{in_words(err)}）", source=label, remedy=remedy) from err
    tables = document.pop("site", None)
    if tables is not None and (document or not isinstance(tables, list)):
        raise ReaderError(f"用了 [[site]] 就不要在它之外再写 {'、'.join(document) or 'site'}", source=label)
    entries = [document] if tables is None else tables
    return tuple(_toml_row(entry, number, label) for number, entry in enumerate(entries, start=1))


def _toml_row(entry: object, number: int, label: str) -> SidecarRow:
    texts = {key: _toml_text(value) for key, value in entry.items()} if isinstance(entry, dict) else {}
    unknown = [key for key in texts if subject_column(key) is None and match_attribute(key) is None]
    if unknown or not texts or None in texts.values():
        odd = "、".join(unknown or [key for key, text in texts.items() if text is None]) or "（空）"
        raise ReaderError(
            f"第 {number} 项里不认识 {odd}", source=label, remedy="名称应为附表的列名或属性名，值应为文字、数或是否"
        )
    named = {subject_column(key): key for key in texts}
    stated = {key: text for key, text in texts.items() if text}
    file, parcel = (stated.pop(named.get(role, ""), "") for role in ("file", "parcel"))
    return SidecarRow(row=str(number), file=file or ANY_FILE, parcel=parcel, texts=stated)


def _toml_text(value: object) -> str | None:
    """Return a TOML value as cell text, None for a table inside."""
    if isinstance(value, list):
        return LIST_SEPARATOR.join(cell_text(item) for item in value)
    return None if isinstance(value, dict) else cell_text(value)


def _take(texts: dict[str, str], labels: tuple[str, ...], index: int | None) -> str:
    return "" if index is None else texts.pop(labels[index], "")


UNNAMED = rejected("附表的这一行没有写文件名，或这个工作表没有“文件”列，未采用", field="文件", remedy="补上文件名（含扩展名）")
UNMATCHED = rejected(
    "附表的这一行没有对应的文件或地块", field="文件", remedy="核对文件名（含扩展名）与地块编号、名称或序号"
)
