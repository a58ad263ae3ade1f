"""A folder of reports with one seeded forgery of some thirty kinds: `cdgis verify` finds it, or names the file as not verified."""

import hashlib
import io
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

import openpyxl
from docx import Document
from shapes import metres, write_layer
from small_workspace import small_workspace
from test_verify_forgeries import FORGED, rechained

from cdgis.cli import main
from cdgis.core.written_files import REGISTER
from cdgis.results.report_file import canonical, read_report

from .trials import Case, Fate, Outcome, exit_code, prepared

_WORDS = ("不符合", "须论证", "资料不足", "有条件符合", "未发现冲突", "禁止", "applies", "稳定")
_VALUES = (None, True, -1, 0, 1e308, "", "甲", "2026-99-99", "未发现冲突", [], {}, [None], "\u202e")


def cases(count: int, seed: int, scratch: Path) -> Iterator[Case]:
    """Yield `count` forged copies of one honest folder with two reports in all formats, one of them reviewed twice."""
    root = small_workspace(scratch / "区")
    prepared(lambda: _honest(root))
    for number in range(count):
        draw = random.Random(f"{seed}/{number}")
        forge = _FORGERIES[number % len(_FORGERIES)]
        name = getattr(forge, "__name__", "") or f"a_journal_rechained {forge.args[0]}"
        yield f"{name} {seed}/{number}", lambda draw=draw, forge=forge, number=number: _verified(
            root, scratch / str(number), forge, draw
        )


def _honest(root: Path) -> None:
    shapes = [metres(1200, 100, 1300, 200), metres(100, 100, 200, 200)]
    write_layer(root / "layers/projects/site.gpkg", shapes, {"name": ["示例甲", "示例乙"]})
    reports = root / "reports"
    _screen(root)
    rule = read_report(reports / "site-1.html").rows("findings")[0]["rule_id"]
    for word in ("同意", "补充材料"):
        exit_code(main, "review", reports / "site-1.html", "--finding", rule, "--decision", word, "--reason", "核实", "--officer", "张三",
                  "--date", "2026-11-02")  # fmt: skip


def _screen(root: Path) -> None:
    exit_code(main, "screen", root / "layers/projects/site.gpkg", "--workspace", root, "--out", root / "reports", "--quiet",
              "--format", "html,json,docx,xlsx,gpkg")  # fmt: skip


def _verified(root: Path, copy: Path, forge: Callable[[Path, random.Random], str], draw: random.Random) -> Outcome:
    shutil.copytree(root, copy)
    touched = forge(copy / "reports", draw)
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = exit_code(main, "verify", copy / "reports", "--workspace", copy)
    if code == 3:
        return Fate.TRACEBACK, f"{touched} {said.getvalue()[-1500:]}"
    if code == 2:
        return Fate.REFUSED, ""
    if touched == "":
        return Fate.RIGHT, ""  # nothing was changed after all
    if f"未核对　{touched}" in said.getvalue():
        return Fate.REPAIRED, ""
    return Fate.WRONG, f"{touched} was accepted"


def _files(folder: Path, *endings: str) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name.endswith(endings) and path.name != REGISTER)


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def a_flipped_bit(folder: Path, draw: random.Random) -> str:
    """Any bit of any file but the register."""
    path = draw.choice(_files(folder, ""))
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes(data))
    return _name(folder, path)


def another_word(folder: Path, draw: random.Random) -> str:
    """A verdict, effect or state exchanged for another in a text file."""
    path = draw.choice(_files(folder, ".html", ".json", ".csv", ".jsonl"))
    text = path.read_text(encoding="utf-8")
    there = [word for word in _WORDS if word in text]
    if not there:
        return ""
    old = draw.choice(there)
    new = draw.choice([word for word in _WORDS if word != old])
    places = [at for at in range(len(text)) if text.startswith(old, at)]
    at = draw.choice(places)
    path.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8", newline="")
    return _name(folder, path)


def a_record_written_anew(folder: Path, draw: random.Random) -> str:
    """One value of a report's record changed, the record in its canonical form again, the register gone."""
    path = folder / draw.choice(["site-1.json", "site-2.json"])
    content = json.loads(path.read_bytes())
    place = content
    while True:
        key = draw.choice(sorted(place)) if isinstance(place, dict) else draw.randrange(len(place))
        if isinstance(place[key], dict | list) and place[key] and draw.random() < 0.9:
            place = place[key]
            continue
        new = draw.choice([value for value in _VALUES if value != place[key] or type(value) is not type(place[key])])
        place[key] = new
        break
    try:
        path.write_bytes(canonical(content))
    except UnicodeEncodeError:
        return ""
    (folder / REGISTER).unlink()
    return path.name


def a_changed_word_file(folder: Path, draw: random.Random) -> str:
    """The text of one run of a Word file."""
    path = draw.choice(_files(folder, ".docx"))
    document = Document(path)
    cells = [p for table in document.tables for row in table.rows for cell in row.cells for p in cell.paragraphs]
    runs = [run for paragraph in (*document.paragraphs, *cells) for run in paragraph.runs if run.text.strip()]
    run = draw.choice(runs)
    run.text = draw.choice([word for word in _WORDS if word != run.text])
    document.save(path)
    return _name(folder, path)


def a_journal_cut(folder: Path, draw: random.Random) -> str:
    """A line of the journal gone, doubled, moved or cut short, or all of it."""
    path = folder / "site-1.journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    kept = draw.choice([lines[:1], lines[1:], lines[::-1], [*lines, lines[-1]], [lines[0], lines[1][:-9]], []])
    if kept:
        path.write_bytes(b"".join(kept))
    else:
        path.unlink()
    return path.name


def files_exchanged(folder: Path, draw: random.Random) -> str:
    """One file under another's name."""
    there = _files(folder, ".html", ".json", ".docx", ".csv")
    one, other = draw.sample(there, 2)
    if one.read_bytes() == other.read_bytes():
        return ""
    shutil.copyfile(one, other)
    return _name(folder, other)


def a_journal_lost_before_screening_again(folder: Path, draw: random.Random) -> str:
    """The journal gone or cut, and the reports made anew by cdgis itself."""
    path = folder / "site-1.journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    if draw.random() < 0.5:
        path.unlink()
    else:
        path.write_bytes(lines[0])
    _screen(folder.parent)
    return path.name


def a_journal_rechained(change: dict[str, object], folder: Path, draw: random.Random) -> str:
    """An entry forged, and chain, report and register made to fit."""
    rechained(folder.parent, change, place=0 if "number" in change else 1)
    return "site-1.journal.jsonl"


def a_page_under_another_ending(folder: Path, draw: random.Random) -> str:
    """The visible verdict of a page exchanged, its hash made to fit, saved as browsers do."""
    page = folder / draw.choice(["site-1.html", "site-2.html"])
    text = page.read_text(encoding="utf-8")
    old = draw.choice([word for word in _WORDS if f">{word}" in text])
    text = text.replace(f">{old}", f">{draw.choice([word for word in _WORDS if word != old])}")
    mark = text.split('name="cdgis-content-sha256" content="')[1][:64]
    text = text.replace(mark, hashlib.sha256(text.replace(mark, "", 1).encode()).hexdigest(), 1)
    page.unlink()
    path = page.with_suffix(draw.choice([".htm", ".HTML", ".html"]))
    path.write_text(text, encoding="utf-8")
    return path.name


def a_cell_of_a_table(folder: Path, draw: random.Random) -> str:
    """One cell of a table of all reports, the register gone."""
    path = draw.choice(_files(folder / "data", ".csv"))
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    number = draw.randrange(len(lines))
    cells = lines[number].rstrip("\r\n").split(",")
    cells[draw.randrange(len(cells))] += draw.choice(["1", "不", "-"])
    lines[number] = ",".join(cells) + "\r\n"
    path.write_text("".join(lines), encoding="utf-8", newline="")
    (folder / REGISTER).unlink()
    return _name(folder, path)


def a_cell_of_the_workbook(folder: Path, draw: random.Random) -> str:
    """One cell of the workbook, saved by another program, the register gone."""
    path = folder / "data" / "cdgis.xlsx"
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    cell = draw.choice(cells)
    cell.value = draw.choice([word for word in _WORDS if word != cell.value])
    book.save(path)
    (folder / REGISTER).unlink()
    return _name(folder, path)


def a_row_of_the_geopackage(folder: Path, draw: random.Random) -> str:
    """A row changed or taken from a table of the GeoPackage, the register gone."""
    path = folder / "data" / "cdgis.gpkg"
    with closing(sqlite3.connect(path)) as base:
        names = [name for (name,) in base.execute("select table_name from gpkg_contents")]
        full = [name for name in names if base.execute(f'select count(*) from "{name}"').fetchone()[0]]
        for (trigger,) in base.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            base.execute(f'drop trigger "{trigger}"')
        base.execute(f'delete from "{draw.choice(full)}" where rowid = 1')
        base.commit()
    (folder / REGISTER).unlink()
    return _name(folder, path)


def a_changed_record_of_the_run(folder: Path, draw: random.Random) -> str:
    """One value in run.json or files.json, the register gone."""
    path = folder / "data" / draw.choice(["run.json", "files.json"])
    text = path.read_text(encoding="utf-8")
    at = draw.choice([at for at, sign in enumerate(text) if sign in "0123456789"])
    path.write_text(text[:at] + str((int(text[at]) + draw.randint(1, 9)) % 10) + text[at + 1 :], encoding="utf-8", newline="")
    (folder / REGISTER).unlink()
    return _name(folder, path)


def a_genuine_report_renamed(folder: Path, draw: random.Random) -> str:
    """Another subject's genuine report in place of this one's."""
    for ending in (".html", ".json", ".docx"):
        shutil.copyfile(folder / f"site-2{ending}", folder / f"site-1{ending}")
    (folder / "site-1.journal.jsonl").unlink()
    return "site-1.html"


def a_report_taken_away(folder: Path, draw: random.Random) -> str:
    """A reviewed report and its journal gone, as if they had never been."""
    for path in folder.glob("site-1.*"):
        path.unlink()
    return "site-1.html"


def a_foreign_page(folder: Path, draw: random.Random) -> str:
    """A page of somebody's own among ours."""
    path = folder / draw.choice(["site-3.html", "data/说明.html", "sites.htm", "site-1 (1).html"])
    path.write_text("<html><title>研判报告</title><p>结论：未发现冲突</p></html>", encoding="utf-8")
    return _name(folder, path)


_FORGERIES = (
    a_flipped_bit, another_word, a_record_written_anew, a_changed_word_file, a_journal_cut, files_exchanged,
    a_journal_lost_before_screening_again, a_page_under_another_ending, a_cell_of_a_table, a_cell_of_the_workbook,
    a_row_of_the_geopackage, a_changed_record_of_the_run, a_genuine_report_renamed, a_report_taken_away, a_foreign_page,
    *(partial(a_journal_rechained, change) for change, _ in FORGED.values()),
)  # fmt: skip
