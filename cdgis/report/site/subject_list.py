"""Subjects listed on the overview, in order, with what the reader can filter by."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from cdgis.core import layer_ids
from cdgis.core.vocabulary import IntakeStatus, Stability, SubjectKind, Verdict
from cdgis.report.screening import Case, Casebook
from cdgis.report.table_rows import Row, page_names, table
from cdgis.report.wording import industry
from cdgis.results.assessment import Assessment

UNIT_LAYER = layer_ids.MANAGEMENT_UNITS
_ORDER = (Verdict.FAIL, Verdict.JUSTIFY, Verdict.UNKNOWN, Verdict.CONDITIONAL, Verdict.CLEAR)
"""What needs attention first; an open question comes before a conditional pass."""
ATTENTION = {
    "critical": "临界",
    "caveat": "结论有附注",
    "manual": "需人工判定",
    "unknown": "资料待补",
    "relocation": "搬迁与整治",
    "repaired": "读入时修复",
}
Choice = tuple[str, str, list[tuple[str, str]]]
"""(filter's name, its title, (value, text) of each choice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of the list."""

    case: Case
    page: str
    """File name of its page, or empty when it has none."""
    unit_class: str
    """Class of the management unit it lies in: 优先保护, 重点管控, 一般管控."""
    attention: str
    """Keys of ATTENTION that hold, separated by spaces."""

    @property
    def subject(self) -> Row:
        """Its row of subjects.csv."""
        return self.case.subject.row

    @property
    def verdict(self) -> str:
        """The verdict's word."""
        return self.case.conclusion.verdict

    @property
    def critical(self) -> bool:
        """Whether a small shift may change the verdict."""
        return self.case.conclusion.stability == Stability.CRITICAL

    @property
    def caveats(self) -> tuple[str, ...]:
        """What must stand beside the verdict."""
        return self.case.conclusion.caveats


def list_subjects(book: Casebook) -> list[Listed]:
    """Return one row per case, gravest verdict first, projects before enterprises, then by id."""
    assessment = book.assessment
    moving = set(table(assessment, "relocation")["enterprise_id"])
    ids = book.subject_ids()
    pages = page_names([key for key in ids if key in moving or _has_page(book, key)])
    cases = [book.case(key, reasons=key in pages) for key in ids]
    classes = _unit_classes(assessment)
    return [_listed(case, pages.get(case.subject_id, ""), classes, moving) for case in sorted(cases, key=_place)]


def _has_page(book: Casebook, subject_id: str) -> bool:
    """Return whether a subject has a page: every project, and every enterprise that any clause counts against."""
    kind, verdict = book.rows("subjects", subject_id)[0]["kind"], book.rows("verdicts", subject_id)[0]["verdict"]
    return bool(kind == SubjectKind.PROJECT or verdict != Verdict.CLEAR)


def _place(case: Case) -> tuple[int, bool, str]:
    order = _ORDER.index(Verdict(case.conclusion.verdict))
    return order, case.subject.row["kind"] != SubjectKind.PROJECT, case.subject_id


def _unit_classes(assessment: Assessment) -> Mapping[str, str]:
    if UNIT_LAYER not in assessment.layers:
        return {}
    zones = assessment.layers[UNIT_LAYER].zones
    return dict(zip(zones["zone_id"], zones["zone_class"], strict=True))


def _listed(case: Case, page: str, classes: Mapping[str, str], moving: Container[str]) -> Listed:
    c = case.conclusion
    holds = {
        "critical": c.stability == Stability.CRITICAL,
        "caveat": bool(c.caveats),
        "manual": c.manual_count > 0,
        "unknown": c.unknown_count > 0,
        "relocation": case.subject_id in moving,
        "repaired": any(row["status"] == IntakeStatus.REPAIRED for row in case.intake),
    }
    return Listed(
        case=case,
        page=page,
        unit_class=classes.get(case.subject.row["unit_code"], ""),
        attention=" ".join(key for key in ATTENTION if holds[key]),
    )


def filter_choices(listed: Sequence[Listed]) -> list[Choice]:
    """Return the filters of the list with the values that occur in it."""

    def present(name: str) -> list[tuple[str, str]]:
        """Return the values of a column that occur, with themselves as labels."""
        return [(value, value) for value in sorted({str(row.subject[name]) for row in listed if row.subject[name]})]

    codes = sorted({str(row.subject["industry"])[:2] for row in listed if row.subject["industry"]})
    classes = sorted({row.unit_class for row in listed if row.unit_class})
    flags = {flag for row in listed for flag in row.attention.split()}
    return [
        ("county", "县区", present("county")),
        ("basin", "流域", present("basin")),
        ("industry", "行业", [(code, f"{code} {industry(code)}") for code in codes]),
        ("class", "单元类别", [(name, name) for name in classes]),
        ("attention", "关注", [(key, title) for key, title in ATTENTION.items() if key in flags]),
    ]
