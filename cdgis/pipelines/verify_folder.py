"""Every file of a folder of screening reports: verified, or named as not verified.

Reports are asked for again one by one, Word files rendered again from the record beside them, the tables of data/
written again from the request in run.json; the folder's register says what else cdgis wrote there and what is gone.
"""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from cdgis.core.error_words import in_words
from cdgis.core.errors import CdgisError, ReportError
from cdgis.core.scratch_folder import scratch_folder
from cdgis.core.vocabulary import Grade
from cdgis.core.written_files import REGISTER, file_digest, read_listing, read_register
from cdgis.pipelines.repeat_request import Repeater
from cdgis.pipelines.verification import Check, Verification, graded
from cdgis.pipelines.verify_report import Writer, about_report, against_workspace, verify_report
from cdgis.pipelines.verify_run import RUN_FILE, by_grade, different_files, explained, files_below, read_output
from cdgis.readers.archives import unpack
from cdgis.readers.inputs import file_sha256
from cdgis.report.files.atomic_output import MARKER, interrupted, staged
from cdgis.report.files.table_files import write_tables
from cdgis.report.screening.publish import render_word
from cdgis.report.screening.record import load_report
from cdgis.report.screening.word_record import embedded_record, is_official, pictures, text_differences, word_texts
from cdgis.results.assessment import Assessment
from cdgis.results.differences import as_reported, input_faults, setting_faults
from cdgis.results.report_file import ReportFile, canonical, read_report, report_of
from cdgis.results.review_journal import SUFFIX

PAGES = (".html", ".htm")
RECORDS = (*PAGES, ".json")
TABLES = (".xlsx", ".gpkg", ".csv", ".qgz", ".parquet", ".tif", ".qml")
_CONTAINERS = {"xlsx": "data/cdgis.xlsx", "gpkg": "data/cdgis.gpkg"}


def report_writers() -> Mapping[str, Writer]:
    """Return how each file of a report is made, by its ending."""
    from cdgis.report.screening import report_json
    from cdgis.report.screening.docx import render_docx
    from cdgis.report.screening.html import render_screening

    return {".docx": render_docx, ".html": render_screening, ".json": report_json}


def verify_folder(
    folder: Path, *, again: Repeater | None, writers: Mapping[str, Writer], today: date | None = None
) -> Iterator[tuple[Path, Verification]]:
    """Yield what was checked about each report in `folder`, then about its tables and everything else in it.

    Parameters
    ----------
    again : asks again from the workspace; None checks the files against themselves only.
    writers : file ending -> makes that file's bytes from the report.
    today : the day by which reports may have expired; None does not ask.
    """
    harmless: set[str] = set()
    unread: list[str] = []
    reports: dict[str, ReportFile] = {}
    candidates = (path for path in folder.iterdir() if path.suffix.lower() in RECORDS and path.name != REGISTER)
    for path in sorted(path for path in candidates if path.is_file()):
        try:
            reports[path.name] = read_report(path)
        except ReportError as err:
            unread.append(f"{path.name}：{err}")
            continue
        render = writers.get(".html" if path.suffix.lower() in PAGES else ".json")
        found = verify_report(path, again=again, render=render, today=today)
        harmless |= {path.name} if found.grade in (Grade.BYTES, Grade.OUTDATED) else set()
        yield path, found
    words: set[str] = set()
    for path in _word_files(folder):
        beside = _record_beside(path, reports)
        try:
            found = verify_word(path, writers[".docx"], beside=beside)
        except ReportError as err:
            unread.append(f"{path.name}：{err.reason}")
            continue
        words.add(path.name)
        harmless |= {path.name} if found.grade is Grade.BYTES else set()
        yield path, found
    yield folder, _rest(folder, reports, words, unread, again, harmless)


def verify_dossier(
    archive: Path, *, again: Repeater | None, writers: Mapping[str, Writer], today: date | None = None
) -> Iterator[tuple[Path, Verification]]:
    """Yield what was checked about a desk's dossier: the folder in the zip, as `verify_folder` checks one.

    Raises
    ------
    ReportError : it holds no report.
    ReaderError : it is no zip, or an unsafe one.
    """
    with scratch_folder() as scratch:
        unpack(archive, scratch)
        found = list(verify_folder(scratch, again=again, writers=writers, today=today))
        if len(found) == 1:
            raise ReportError(f"{archive.name} 里没有报告", remedy="请给出研判台定稿写出的案卷 zip")
        yield from ((archive if path == scratch else path, checked) for path, checked in found)


def verify_word(
    path: Path, render: Writer, *, beside: ReportFile | None = None, again: Repeater | None = None, today: date | None = None
) -> Verification:
    """Return what was checked about a Word report: its own record, and its text against what that record renders to.

    Parameters
    ----------
    beside : the report in the .json or .html of the same name, which the document must belong to.

    Raises
    ------
    ReportError : the document holds no record and none lies beside it, or it is no Word document.
    """
    record = embedded_record(path)
    report = report_of(path, record) if record is not None else beside
    if report is None:
        raise ReportError(
            "Word 文件里没有内嵌记录（旧版写出，或被删去），要有同名的 .json 或 .html 在旁边才能核对", source=path.name
        )
    checks = [_word_check(path, report, render)]
    if beside is not None and canonical(beside.content) != canonical(report.content):
        checks.append(Check(title=f"与旁边的 {beside.path.name}", faults=("不是同一份报告",)))
    if record is not None:
        checks += about_report(report, today=today)
        checks += against_workspace(report, again) if again is not None else ()
    return Verification(report_number=report.number, subject_id=report.subject_id, checks=tuple(checks))


def _word_check(path: Path, report: ReportFile, render: Writer) -> Check:
    title = "Word 文件的文字、表格和图与报告记录"
    try:
        content = load_report(canonical(report.content))
        made = render_word(content, official=True) if is_official(path) else render(content)
        data = path.read_bytes()
        if made == data:
            return Check(title=title)
        faults = text_differences(word_texts(data), word_texts(made))
        gone = pictures(made) - pictures(data)
        more = pictures(data) - pictures(made)
    except ReportError as err:
        return Check(title=title, faults=(str(err),))
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, SyntaxError) as err:
        return Check(title=title, faults=(f"Word 文件打不开（{in_words(err)}）",))
    faults += [f"图被换过或删去 {gone.total()} 幅"] if gone else []
    if faults:
        return Check(title=title, faults=(*faults, "写出后被改过，或不属于这份报告"))
    signed = f"；另有 {more.total()} 幅图不是 cdgis 画的（签章？），请自行核看" if more else ""
    return Check(title=title, faults=(f"另存或签署过，文字和表格逐段相同{signed}",), grade=Grade.BYTES)


def record_beside(path: Path) -> ReportFile | None:
    """Return the report in the .json or .html of a Word file's name beside it, None where there is none.

    Raises
    ------
    ReportError : what lies there is no report.
    """
    for suffix in (".json", *PAGES):
        if path.with_suffix(suffix).is_file():
            return read_report(path.with_suffix(suffix))
    return None


def verify_table(path: Path, *, again: Repeater | None) -> Verification:
    """Return what was checked about one table of a screening's data/, made anew from the request in run.json beside it.

    Raises
    ------
    ReportError : run.json is not beside it, or there is no workspace to ask again.
    """
    folder = path.resolve().parent.parent
    if again is None or not (folder / RUN_FILE).is_file():
        raise ReportError(
            "表要和同一文件夹里的 run.json 一起、在工作区里核对", source=path.name, remedy="请放回原来的 data/ 文件夹，或核对报告文件"
        )
    number, checks, _ = _tables_checks(folder, again, only=path.resolve().relative_to(folder).as_posix())
    return Verification(report_number=number, subject_id="", checks=tuple(checks))


def _word_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() == ".docx")


def _record_beside(path: Path, reports: Mapping[str, ReportFile]) -> ReportFile | None:
    return next((reports[name] for s in (".json", *PAGES) if (name := path.stem + s) in reports), None)


def _rest(
    folder: Path, reports: Mapping[str, ReportFile], words: set[str], unread: list[str], again: Repeater | None,
    harmless: set[str],
) -> Verification:  # fmt: skip
    """Return what was checked about the tables and the register, and every file that nothing was compared with."""
    checks: list[Check] = []
    seen = {*reports, *words, REGISTER, *(name.split("：")[0] for name in unread)}
    if interrupted(folder):
        checks.append(Check(title="文件夹完整", faults=("上一次写出在更换文件时被中断，现有文件不全：请重新运行写出它的命令",)))
    stems = {Path(name).stem for name in reports}
    seen |= {f"{stem}{SUFFIX}" for stem in stems} | _inputs_beside(folder, reports)
    number = ""
    if (folder / RUN_FILE).is_file() and again is not None:
        number, tables, compared = _tables_checks(folder, again)
        checks += tables
        seen |= compared
        worst = next((check.grade for check in tables if check.faults and check.grade is not Grade.BYTES), Grade.SAME)
        harmless |= {name for name in compared if name.startswith("data/")} if worst is Grade.SAME else set()
    checks += _register_checks(folder, harmless)
    others = [name for name in files_below(folder) if name not in seen and name != MARKER]
    if again is None:
        below = [name for name in others if name.startswith("data/")]
        unread += [f"data/ 的 {len(below)} 个文件：没有工作区，数据表无从重算"] if below else []
        others = [name for name in others if name not in below]
    named = (*unread, *(f"{name}：{_why(name)}" for name in others), *_nested(folder))
    return Verification(report_number=number, subject_id="", checks=tuple(checks), unverified=named)


def _inputs_beside(folder: Path, reports: Mapping[str, ReportFile]) -> set[str]:
    """Return the files of sites that lie in the folder under the names the reports know them by, with the same bytes."""
    rows = [row for report in reports.values() for row in report.content["inputs"] if row["kind"] == "subjects"]
    inside = {str(row["path"]): str(row["sha256"]) for row in rows if (folder / str(row["path"])).is_file()}
    return {name for name, digest in inside.items() if file_sha256(folder / name) == digest}


def _why(name: str) -> str:
    if name.endswith(".pdf"):
        return "PDF 由浏览器打印，字节随浏览器版本而变，只核对写出后是否改过；内容以同一报告的 .html、.json 或 .docx 核对为准"
    return "没有与它同名的报告" if name.endswith((SUFFIX, ".docx")) else "不是报告，也不在重算的结果里"


def _nested(folder: Path) -> Iterator[str]:
    for register in sorted(folder.rglob(REGISTER)):
        if register.parent != folder:
            yield f"{register.parent.relative_to(folder).as_posix()}/：另一次输出的文件夹，请单独核对"


def _register_checks(folder: Path, harmless: set[str]) -> list[Check]:
    """Return which files that cdgis wrote here were changed, and which journals are gone.

    `harmless` : files whose own check found that they say the same.
    """
    register = read_register(folder)
    changed = [
        name for name, digest in sorted(register.files.items())
        if (folder / name).is_file() and file_digest(folder / name) != digest
    ]  # fmt: skip
    faults = [f"{name}：写出后被改过" for name in changed if name not in harmless]
    faults += [
        f"{name}：登记册记有 {anchor.length} 条复核意见（链首 {anchor.head[:12]}…），文件不见了"
        for name, anchor in sorted(register.journals.items())
        if not (folder / name).is_file()
    ]
    resaved = [f"{name}：另存过，内容见它自己的核对" for name in changed if name in harmless]
    title = f"登记册（{len(register.files)} 个文件，{len(register.journals)} 份复核记录）"
    return graded(title, {Grade.CONTENT: faults, Grade.BYTES: resaved})


def _tables_checks(folder: Path, again: Repeater, *, only: str = "") -> tuple[str, list[Check], set[str]]:
    """Return the run's number, the checks of data/ against the same request made anew, and the names compared."""
    title = "data/ 的数据表由原请求重算"
    try:
        run = read_output(folder)
        if run is None:
            return "", [], set()
        number = str(run["report_numbers"][""])
        report = ReportFile(path=folder / Path(RUN_FILE).name, data=b"", content=run)  # inputs kept beside the reports are found there
        fresh = again.assessment(report)
    except CdgisError as err:
        return "", [Check(title=title, faults=(f"无法重算：{err}",), grade=Grade.UNCHECKED)], set()
    inputs = input_faults(report, fresh)
    checks = [*graded("data/ 的输入文件 SHA-256", inputs), *graded("data/ 的设置与版本", setting_faults(report, fresh))]
    outdated = any(check.grade is Grade.OUTDATED and check.faults for check in checks)
    differing, made = _tables_compared(folder, as_reported(report, fresh), only)
    found = by_grade(differing)
    if outdated and found.get(Grade.CONTENT):
        with again.as_then(report, fresh) as then:
            written = by_grade(_tables_compared(folder, then.assessment, only)[0]) if then.assessment else {}
        found, why = explained(found, written, then)
        checks += why
    checks += graded(f"{title}（{len(made)} 个文件）", found)
    return number, checks, made


def _tables_compared(folder: Path, fresh: Assessment, only: str) -> tuple[list[tuple[str, bool]], set[str]]:
    """Return what differs between data/ and the tables of `fresh` (`different_files`), and the names of all these write."""
    with scratch_folder() as scratch:
        with staged(scratch, own=("data/",)) as stage:
            wanted = [kind for kind, name in _CONTAINERS.items() if (folder / name).is_file()]
            write_tables(fresh, stage.folder / "data", containers=wanted)
        made = {name for name in files_below(scratch) if name != REGISTER}
        there = {name for name in files_below(folder) if name.startswith("data/")}
        names = [only] if only else sorted(made | (there & read_listing(folder).keys()))
        return different_files(folder, scratch, names), made
