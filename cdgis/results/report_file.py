"""Reader of report files, the JSON record itself or a page that embeds it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from cdgis.core.canonical_json import canonical_json
from cdgis.core.error_words import in_words
from cdgis.core.errors import ReportError, SchemaError, os_reason
from cdgis.core.regular_files import read_regular
from cdgis.core.vocabulary import InputRecord
from cdgis.core.written_files import Anchor
from cdgis.results.report_numbers import input_digest, report_numbers
from cdgis.results.request import Request
from cdgis.results.review_journal import START
from cdgis.results.tables.validation import TABLES, validate
from cdgis.workspace.settings import Settings

_SCHEMA_START = "cdgis-screening/"
_NEEDED = (
    "report_number",
    "subject_id",
    "as_of",
    "version",
    "settings",
    "inputs",
    "record",
    "conclusion",
    "declaration",
)

_BOM = b"\xef\xbb\xbf"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """One report as read from disk."""

    path: Path
    data: bytes
    content: Mapping[str, Any]
    """The JSON record."""
    resaved: str = ""
    """How the file's bytes differ from those written though the text is the same, in words."""

    @property
    def is_page(self) -> bool:
        """Whether the file is an HTML page that embeds the record."""
        return self.path.suffix.lower() in (".html", ".htm")

    @property
    def subject_id(self) -> str:
        """Whom the report is about."""
        return str(self.content["subject_id"])

    @property
    def number(self) -> str:
        """The report number as printed."""
        return str(self.content["report_number"])

    @property
    def as_of(self) -> date:
        """Day of judgement."""
        return date.fromisoformat(self.content["as_of"])

    def rows(self, table: str) -> Sequence[Row]:
        """Return the subject's rows of a table."""
        found: Sequence[Row] = self.content["record"].get(table, ())
        return found

    def request(self) -> Request:
        """Return what was asked; for a report that does not say, the files among its inputs."""
        row = self.content.get("request")
        if row:
            return Request.of(row)
        sites = [str(r["path"]) for r in self.content["inputs"] if r["kind"] == "subjects"]
        return Request(command="screen", files=tuple(dict.fromkeys(path.split("!")[0] for path in sites)))


def read_report(path: Path) -> ReportFile:
    """Return the report in a JSON or HTML file.

    Raises
    ------
    ReportError : the file cannot be read, or holds no report of cdgis.
    """
    try:
        raw = read_regular(path)
        data = raw.removeprefix(_BOM).replace(b"\r\n", b"\n")
        text = data.decode("utf-8")
    except OSError as err:
        raise ReportError(f"无法读取 {path}：{os_reason(err)}") from err
    except UnicodeDecodeError as err:
        raise ReportError(f"{path.name} 不是 UTF-8 文件，不是 cdgis 写出的报告") from err
    is_page = path.suffix.lower() in (".html", ".htm")
    candidates = _embedded(text) if is_page else [text]
    for candidate in candidates:
        try:
            content = json.loads(candidate, parse_constant=_no_number, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict) and str(content.get("schema", "")).startswith(_SCHEMA_START):
            missing = [name for name in _NEEDED if name not in content]
            if missing:
                raise ReportError(f"{path.name} 的报告记录缺少 {'、'.join(missing)}，文件已被改动或不完整")
            deformed = _deformed(content)
            if deformed:
                raise ReportError(f"{path.name} 的报告记录中 {'、'.join(deformed)} 不成样子，文件已被改动")
            return ReportFile(path=path, data=data, content=content, resaved=_resaved(raw, data))
    raise ReportError(f"{path.name} 中没有 cdgis 报告记录（应为 cdgis screen 写出的 .json 或 .html）")


def printed_anchor(report: ReportFile) -> Anchor:
    """Return what the report prints of its journal's length and head; of no journal, an empty one's."""
    printed = report.content["declaration"].get("journal")
    return Anchor(length=printed["length"], head=printed["head_sha256"]) if printed else Anchor(length=0, head=START)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice in one object: a reader would see one, a program the other."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("twice")
    return dict(pairs)


def _resaved(raw: bytes, data: bytes) -> str:
    marks = ["文件头多了 BOM"] if raw.startswith(_BOM) else []
    marks += ["换行改成了 CRLF"] if b"\r\n" in raw else []
    return "、".join(marks) if raw != data else ""


def report_of(path: Path, record: bytes) -> ReportFile:
    """Return the report whose canonical JSON is held by the file at `path`, such as a Word document.

    Raises
    ------
    ReportError : the bytes are no record.
    """
    try:
        content = json.loads(record, parse_constant=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError) as err:
        raise ReportError(f"{path.name} 的内嵌记录不是 JSON，文件已被改动") from err
    wrong = not isinstance(content, dict) or any(name not in content for name in _NEEDED) or _deformed(content)
    if wrong:
        raise ReportError(f"{path.name} 的内嵌记录不成样子，文件已被改动")
    return ReportFile(path=path, data=record, content=content)


def _no_number(word: str) -> float:
    """Refuse NaN and Infinity, which JSON does not know and no report of ours holds."""
    raise ValueError(word)


def _deformed(content: Mapping[str, Any]) -> list[str]:
    """Return the parts of a report that are not of the kind the checks go through."""
    parts = ("record", "conclusion", "settings", "declaration")
    wrong = [name for name in parts if not isinstance(content[name], dict)]
    journal = content["declaration"].get("journal") if "declaration" not in wrong else None
    if journal and not _is_extract(journal):
        wrong.append("declaration.journal")
    request = content.get("request") or {}
    if not isinstance(request, dict) or (request and not is_request(request)):
        wrong.append("request")
    tables = content["record"].items() if "record" not in wrong else ()
    lists = {"inputs": content["inputs"], **{f"record.{name}": rows for name, rows in tables}}
    wrong += [name for name, rows in lists.items() if not is_table(rows)]
    if not is_day(content["as_of"]):
        wrong.append("as_of")
    if "inputs" not in wrong and not all(is_input(row) for row in content["inputs"]):
        wrong.append("inputs")
    return wrong


def is_day(text: object) -> bool:
    """Return whether this is a day as run.json and reports write it."""
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_input(row: Mapping[str, Any]) -> bool:
    """Return whether a row of `inputs` names its file as cdgis writes it."""
    return all(isinstance(row.get(name), str) for name in ("layer", "kind", "path", "sublayer", "sha256"))


def _is_extract(journal: object) -> bool:
    """Return whether this is what a report prints of its journal."""
    if not isinstance(journal, dict) or type(journal.get("length")) is not int:
        return False
    faults = journal.get("faults", [])
    said = isinstance(faults, list) and all(isinstance(fault, str) for fault in faults)
    return said and isinstance(journal.get("head_sha256"), str)


def is_table(rows: object) -> bool:
    """Return whether this is a list of rows."""
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def is_request(request: Mapping[str, Any]) -> bool:
    """Return whether `Request.of` understands this."""
    lists = all(isinstance(request.get(name), list) for name in ("files", "wkt", "lonlat"))
    tolerance_m = request.get("tolerance_m")
    number = tolerance_m is None or (isinstance(tolerance_m, int | float) and not isinstance(tolerance_m, bool))
    rest = "sidecar" in request and isinstance(request.get("what_if", {}), dict) and "command" in request
    return lists and number and isinstance(request.get("declared"), dict) and rest


class _Scripts(HTMLParser):
    """Collects the JSON data elements of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to listen at a JSON data element."""
        self._inside = tag == "script" and dict(attrs).get("type") == "application/json"
        if self._inside:
            self.found.append("")

    def handle_data(self, data: str) -> None:
        """Take in the text of the element listened to."""
        if self._inside:
            self.found[-1] += data

    def handle_endtag(self, tag: str) -> None:
        """Stop listening."""
        self._inside = False


def _embedded(text: str) -> list[str]:
    parser = _Scripts()
    try:
        parser.feed(text)
    except AssertionError:  # the parser's word for declarations it cannot make sense of
        return []
    return parser.found


def canonical(content: Any) -> bytes:
    """Return JSON content as `cdgis.report.screening.report_json` writes it."""
    return canonical_json(content)


def number_faults(report: ReportFile) -> tuple[str, ...]:
    """Return whether the report number stands for what the record holds: nothing when it does.

    Recomputed from the record alone, with no look at the workspace.
    """
    try:
        tables = {
            name: _table(name, rows) for name, rows in report.content["record"].items() if name in TABLES and rows
        }
        settings = Settings(**report.content["settings"])
        inputs = [InputRecord(**row) for row in report.content["inputs"]]
    except (SchemaError, ValidationError, TypeError, KeyError, ValueError) as err:
        return (f"报告记录已不成表：{in_words(err)}",)
    digest = input_digest(inputs, settings, report.as_of, str(report.content["version"]))
    subject_tables = {name: table for name, table in tables.items() if "subject_id" in table.columns}
    strangers = sorted({str(s) for table in subject_tables.values() for s in table["subject_id"]} - {report.subject_id})
    if strangers:
        return (f"报告记录混有其他对象的行：{'、'.join(strangers)}",)
    number = report_numbers(subject_tables, digest, report.as_of).get(report.subject_id, "")
    if number != report.number:
        return (f"报告编号与记录不符：写明 {report.number}，由记录算得 {number}；记录或编号被改动过",)
    return ()


def _table(name: str, rows: Sequence[Row]) -> pd.DataFrame:
    numbers = {column.name for column in TABLES[name].columns if column.kind == "number"}
    plain = [{k: math.nan if v is None and k in numbers else v for k, v in row.items()} for row in rows]
    return validate(name, pd.DataFrame(plain))


def summary_faults(report: ReportFile) -> tuple[str, ...]:
    """Return where the conclusion printed differs from the verdict in the record."""
    verdicts = report.rows("verdicts")
    if len(verdicts) != 1:
        return (f"记录应有一行判定结论，读到 {len(verdicts)} 行",)
    shared = ("verdict", "at_least", "stability", "critical_distance_m", "critical_layer", "manual_count")
    conclusion = report.content["conclusion"]
    return tuple(
        f"结论部分的 {name} 是 {conclusion.get(name)!r}，记录中是 {verdicts[0].get(name)!r}"
        for name in shared
        if conclusion.get(name) != verdicts[0].get(name)
    )
