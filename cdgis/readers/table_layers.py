"""Catalogue entries with geometry = "table": all columns as text, under the standard names."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cdgis.core.errors import LayerError, ReaderError
from cdgis.core.safe_text import cleaned
from cdgis.readers.fields import find_field, missing_field
from cdgis.readers.layer_files import missing
from cdgis.readers.sheets import Sheet, read_sheets
from cdgis.workspace.catalog import LayerSpec


def read_table_layer(spec: LayerSpec, folder: Path) -> pd.DataFrame:
    """Return a catalogue entry with geometry = "table": all columns as text, named by `spec.fields` where mapped.

    Blank rows are left out; those between others are numbered in ``attrs["blank_rows"]``.

    Raises
    ------
    LayerError : the file is absent, unreadable, a mapped field is not in it, or two columns of one name differ.
    """
    path = folder / spec.path
    if not path.is_file():
        raise missing(spec)
    try:
        sheet = _chosen_sheet(spec, path)
    except ReaderError as err:
        raise LayerError(spec.path, spec.id, (err.told,)) from err
    labels = [label.strip() or f"column_{index}" for index, label in enumerate(sheet.rows[0], start=1)]
    rows = [_by_name(labels, row, number, spec) for number, row in enumerate(sheet.rows[1:], start=2) if any(row)]
    frame = pd.DataFrame(rows, columns=list(dict.fromkeys(labels)), dtype=object).fillna("")
    renames: dict[str, str] = {}
    for column, candidates in spec.fields.items():
        field = find_field(candidates, labels)
        if field is None:
            raise LayerError(spec.path, spec.id, (missing_field(column, candidates, labels),))
        renames[field] = column
    table = frame.map(cleaned).rename(columns=renames)
    filled = [number for number, row in enumerate(sheet.rows[1:], start=2) if any(row)]
    table.attrs["blank_rows"] = sorted({*range(2, filled[-1]), *filled} - {*filled}) if filled else []
    return table


def _by_name(labels: Sequence[str], row: Sequence[str], number: int, spec: LayerSpec) -> dict[str, str]:
    """Return a row's cells by column; of two columns with one name the filled one holds, and both filled must agree."""
    cells: dict[str, str] = {}
    for label, cell in zip(labels, row, strict=False):
        said = cells.get(label, "").strip()
        if said and cell.strip() and said != cell.strip():
            reason = f"第 {number} 行：有两列都叫“{label}”，内容不同（{said} / {cell.strip()}）"
            raise LayerError(spec.path, spec.id, (f"{reason}。请给其中一列改名，或并成一列",))
        cells[label] = cells.get(label, "") if said else cell
    return cells


def _chosen_sheet(spec: LayerSpec, path: Path) -> Sheet:
    sheets = {sheet.name: sheet for sheet in read_sheets(path, label=spec.path) if not sheet.is_hidden}
    wanted = spec.sublayer or (next(iter(sheets)) if len(sheets) == 1 else "")
    if wanted not in sheets:
        raise ReaderError(f"工作簿内有工作表 {'、'.join(sheets)}", remedy="请在目录条目中用 sublayer 指明")
    return sheets[wanted]
