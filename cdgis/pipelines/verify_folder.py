"""Every file of a folder of screening reports: verified, or named as not verified.

Reports are asked for again one by one, Word files rendered again from the record beside them, the tables of data/
written again from the request in run.json; the folder's register says what else cdgis wrote there and what is gone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from cdgis.core.scratch_folder import scratch_folder
from cdgis.core.written_files import REGISTER, file_digest, read_listing, read_register
from cdgis.errors import CdgisError, ReportError
from cdgis.pipelines.verify_report import Check, Repeater, Verification, Writer, verify_report
from cdgis.pipelines.verify_run import RUN_FILE, different_files, files_below, read_output
from cdgis.report.files.atomic_output import MARKER, interrupted, staged
from cdgis.report.files.table_files import write_tables
from cdgis.report.screening.record import load_report
from cdgis.results.differences import input_faults, listed, setting_faults
from cdgis.results.report_file import ReportFile, canonical, read_report
from cdgis.results.review_journal import SUFFIX

PAGES = (".html", ".htm")
RECORDS = (*PAGES, ".json")
_CONTAINERS = {"xlsx": "data/cdgis.xlsx", "gpkg": "data/cdgis.gpkg"}


def verify_folder(
    folder: Path, *, again: Repeater | None, writers: Mapping[str, Writer]
) -> Iterator[tuple[Path, Verification]]:
    """Yield what was checked about each report in `folder`, then about its tables and everything else in it.

    Parameters
    ----------
    again : asks again from the workspace; None checks the files against themselves only.
    writers : file ending -> makes that file's bytes from the report.
    """
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
        yield path, verify_report(path, again=again, render=render)
    words = {path: record for path in _word_files(folder) if (record := _record_beside(path, reports)) is not None}
    for path, report in words.items():
        yield path, verify_word(path, report, writers[".docx"])
    yield folder, _rest(folder, reports, {path.name for path in words}, unread, again)


def verify_word(path: Path, report: ReportFile, render: Writer) -> Verification:
    """Return whether a Word file is what the record of the report beside it renders to."""
    try:
        made = render(load_report(canonical(report.content)))
    except ReportError as err:
        faults: tuple[str, ...] = (str(err),)
    else:
        same = made == path.read_bytes()
        faults = () if same else (f"与 {report.path.name} 的记录绘制出的不同：写出后被改过，或不属于这份报告",)
    checks = (Check(title=f"Word 文件与 {report.path.name} 的记录", faults=faults),)
    return Verification(report_number=report.number, subject_id=report.subject_id, checks=checks)


def record_beside(path: Path) -> ReportFile:
    """Return the report whose record a Word file must follow: the .json or .html of the same name beside it.

    Raises
    ------
    ReportError : there is none.
    """
    for suffix in (".json", *PAGES):
        if path.with_suffix(suffix).is_file():
            return read_report(path.with_suffix(suffix))
    raise ReportError("Word 文件自身不带记录，要有同名的 .json 或 .html 在旁边才能核对", source=path.name)


def _word_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() == ".docx")


def _record_beside(path: Path, reports: Mapping[str, ReportFile]) -> ReportFile | None:
    return next((reports[name] for s in (".json", *PAGES) if (name := path.stem + s) in reports), None)


def _rest(
    folder: Path, reports: Mapping[str, ReportFile], words: set[str], unread: list[str], again: Repeater | None
) -> Verification:
    """Return what was checked about the tables and the register, and every file that nothing was compared with."""
    checks: list[Check] = []
    seen = {*reports, *words, REGISTER, *(name.split("：")[0] for name in unread)}
    if interrupted(folder):
        checks.append(Check(title="文件夹完整", faults=("上一次写出在更换文件时被中断，现有文件不全：请重新运行写出它的命令",)))
    checks.append(_register_check(folder))
    stems = {Path(name).stem for name in reports}
    seen |= {f"{stem}{SUFFIX}" for stem in stems}
    number = ""
    if (folder / RUN_FILE).is_file() and again is not None:
        number, tables, compared = _tables_checks(folder, again)
        checks += tables
        seen |= compared
    others = [name for name in files_below(folder) if name not in seen and name != MARKER]
    if again is None:
        below = [name for name in others if name.startswith("data/")]
        unread += [f"data/ 的 {len(below)} 个文件：没有工作区，数据表无从重算"] if below else []
        others = [name for name in others if name not in below]
    named = (*unread, *(f"{name}：{_why(name)}" for name in others), *_nested(folder))
    return Verification(report_number=number, subject_id="", checks=tuple(checks), unverified=named)


def _why(name: str) -> str:
    return "没有与它同名的报告" if name.endswith((SUFFIX, ".docx")) else "不是报告，也不在重算的结果里"


def _nested(folder: Path) -> Iterator[str]:
    for register in sorted(folder.rglob(REGISTER)):
        if register.parent != folder:
            yield f"{register.parent.relative_to(folder).as_posix()}/：另一次输出的文件夹，请单独核对"


def _register_check(folder: Path) -> Check:
    """Return which files that cdgis wrote here were changed, and which journals are gone."""
    register = read_register(folder)
    faults = [
        f"{name}：写出后被改过"
        for name, digest in sorted(register.files.items())
        if (folder / name).is_file() and file_digest(folder / name) != digest
    ]
    faults += [
        f"{name}：登记册记有 {anchor.length} 条复核意见（链首 {anchor.head[:12]}…），文件不见了"
        for name, anchor in sorted(register.journals.items())
        if not (folder / name).is_file()
    ]
    return Check(title=f"登记册（{len(register.files)} 个文件，{len(register.journals)} 份复核记录）", faults=listed(iter(faults)))


def _tables_checks(folder: Path, again: Repeater) -> tuple[str, list[Check], set[str]]:
    """Return the run's number, the checks of data/ against the same request made anew, and the names compared."""
    title = "data/ 的数据表由原请求重算"
    try:
        run = read_output(folder)
        if run is None:
            return "", [], set()
        number = str(run["report_numbers"][""])
        report = ReportFile(path=folder / RUN_FILE, data=b"", content=run)
        fresh = again.assessment(report)
    except CdgisError as err:
        return "", [Check(title=title, faults=(f"无法重算：{err}",))], set()
    checks = [
        Check(title="data/ 的输入文件 SHA-256", faults=listed(input_faults(report, fresh))),
        Check(title="data/ 的设置与版本", faults=listed(setting_faults(report, fresh))),
    ]
    with scratch_folder() as scratch:
        with staged(scratch, own=("data/",)) as stage:
            wanted = [kind for kind, name in _CONTAINERS.items() if (folder / name).is_file()]
            write_tables(fresh, stage.folder / "data", containers=wanted)
        made = {name for name in files_below(scratch) if name != REGISTER}
        there = {name for name in files_below(folder) if name.startswith("data/")}
        differing = list(different_files(folder, scratch, sorted(made | (there & read_listing(folder).keys()))))
    checks.append(Check(title=f"{title}（{len(made)} 个文件，逐字节）", faults=listed(iter(differing))))
    return number, checks, made
