"""What does the sidecar table say about each parcel? (attributes for formats that carry none)"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cdgis.errors import ReaderError
from cdgis.readers.attributes import is_missing, plain
from cdgis.readers.headers import find_header, subject_column
from cdgis.readers.inputs import InputFile
from cdgis.readers.intake import rejected
from cdgis.readers.sheets import read_sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarRow:
    """One row of the sidecar: which parcel it means and what it says."""

    row: str
    file: str
    parcel: str
    """Parcel number, name or ordinal; empty means every parcel of the file."""
    texts: Mapping[str, str]


@dataclass(slots=True)
class Sidecar:
    """A sidecar table and which of its rows have met their parcel."""

    label: str = ""
    rows: tuple[SidecarRow, ...] = ()
    used: set[str] = field(default_factory=set)
    by_file: dict[str, tuple[SidecarRow, ...]] = field(default_factory=dict)
    """Label of a file already asked about -> its rows."""

    def rows_for(self, file: InputFile) -> tuple[SidecarRow, ...]:
        """Return the rows that name a file, those about the whole file first."""
        if file.label not in self.by_file:
            mine = (row for row in self.rows if _names_file(row.file, file))
            self.by_file[file.label] = tuple(sorted(mine, key=lambda row: row.parcel != ""))
        return self.by_file[file.label]

    def texts_for(self, file: InputFile, keys: tuple[str, ...]) -> dict[str, str]:
        """Return header -> text for one parcel: rows for the whole file first, the parcel's own over them."""
        wanted = {plain(key) for key in keys}
        found: dict[str, str] = {}
        for row in self.rows_for(file):
            if row.parcel == "" or plain(row.parcel) in wanted:
                self.used.add(row.row)
                found.update(row.texts)
        return found

    def crs_for(self, file: InputFile) -> str:
        """Return the CRS the sidecar declares for a file, or an empty text."""
        texts = (pair for row in self.rows_for(file) for pair in row.texts.items())
        return next((text for header, text in texts if subject_column(header) == "datum"), "")

    def mark_used(self, file: InputFile) -> None:
        """Count the rows of a file that exists but could not be read as met."""
        self.used.update(row.row for row in self.rows_for(file))


def _names_file(stated: str, file: InputFile) -> bool:
    word = stated.replace("\\", "/").casefold()
    names = [name.casefold() for name in file.names]
    stems = [PurePosixPath(name).stem for name in names]
    return word in names or word in stems or any(name.endswith("/" + word) for name in names)


def read_sidecar(path: Path, *, label: str) -> Sidecar:
    """Return the sidecar table at `path`.

    Raises
    ------
    ReaderError : it cannot be read, or has no 文件 (file) column.
    """
    sheet = read_sheets(path, label=label)[0]
    header = find_header(sheet)
    if header is None or "file" not in header.columns.roles:
        raise ReaderError(f"{label}：附表没有“文件”（file）列。应有 file, parcel, project_id, name, industry 等列")
    columns = header.columns
    rows: list[SidecarRow] = []
    for number, cells in enumerate(sheet.rows[header.first_data_row :], start=header.first_data_row + 1):
        texts = {
            label: cell for label, cell in zip(columns.labels, cells, strict=False) if label and not is_missing(cell)
        }
        file, parcel = (_take(texts, columns.labels, columns.roles.get(role)) for role in ("file", "parcel"))
        if file:
            rows.append(SidecarRow(row=str(number), file=file, parcel=parcel, texts=texts))
    return Sidecar(label=label, rows=tuple(rows))


def _take(texts: dict[str, str], labels: tuple[str, ...], index: int | None) -> str:
    return "" if index is None else texts.pop(labels[index], "")


UNMATCHED = rejected(
    "附表的这一行没有对应的文件或地块", field="文件", remedy="核对文件名（含扩展名）与地块编号、名称或序号"
)
