"""Texts of the workbook: each is stored once and every cell shows its own, whatever signs are in it."""

import io
import re
import zipfile
from datetime import datetime
from functools import partial

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cdgis.core.safe_text import legal_text
from cdgis.report.files.workbook import _assembled
from cdgis.report.files.xlsx_rows import Look, SharedTexts, rows_xml
from cdgis.results.tables.column import Column
from cdgis.results.tables.validation import Table

_WORDS = ["", "甲", "<b>&\"'", " 前后有空格 ", "=1+1", "0311", "\x00坏\x0b字", "𠮷", "两\n行", "\x01", "1", "甲 ", "]]>", "s" * 300]
_COLUMNS = (Column(name="a", title="甲"), Column(name="n", title="数", kind="number"), Column(name="b", title="乙"))


def _frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    every, some = np.array(_WORDS, dtype=object), np.array([word for word in _WORDS if legal_text(word)], dtype=object)
    whole = rng.random(3) < 0.5  # a column without gaps is written another way
    a, b = (rng.choice(some if full else every, count) for full in whole[:2])
    return pd.DataFrame({"a": a, "n": rng.choice([1.5, 1 / 3 if whole[2] else np.nan, 0.0], count), "b": b})


def _book(frames: list[pd.DataFrame]) -> bytes:
    book, texts, bodies = openpyxl.Workbook(), SharedTexts(), {}
    for number, frame in enumerate(frames, start=1):
        sheet = book.active if number == 1 else book.create_sheet()
        sheet.cell(1, 1).value = "表头"
        table = Table(name=f"t{number}", title="表", columns=_COLUMNS, sort_by=("a",))
        bodies[f"xl/worksheets/sheet{number}.xml"] = partial(rows_xml, table, frame, first_row=2, looks=[Look()] * 3, texts=texts)
    stream = io.BytesIO()
    book.save(stream)
    return _assembled(stream.getvalue(), bodies, texts, datetime(2026, 11, 1))


@pytest.mark.parametrize("seed", range(8))
def test_cells_read_back_as_they_were_and_each_text_stands_once(seed):
    frames = [_frame(10 * seed + at) for at in range(3)]
    made = _book(frames)
    book = openpyxl.load_workbook(io.BytesIO(made))
    for sheet, frame in zip(book, frames, strict=True):
        assert sheet["A1"].value == "表头"
        for row, (a, n, b) in enumerate(frame.itertuples(index=False), start=2):
            shown = [sheet.cell(row, place).value for place in (1, 2, 3)]
            assert shown == [legal_text(a) or None, None if n != n else n, legal_text(b) or None]
            assert all(sheet.cell(row, place).data_type == "s" for place in (1, 3) if sheet.cell(row, place).value is not None)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        items = re.findall(r"<si>.*?</si>", archive.read("xl/sharedStrings.xml").decode(), flags=re.DOTALL)
    assert len(items) == len(set(items)) == len({legal_text(w) for f in frames for w in (*f["a"], *f["b"])} - {""})
    assert made == _book(frames)
