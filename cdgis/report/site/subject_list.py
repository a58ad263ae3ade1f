"""Subjects listed on the overview, in order, with what the reader can filter by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdgis.core import layer_ids
from cdgis.core.vocabulary import IntakeStatus, Stability, SubjectKind, Verdict
from cdgis.report.site.subject_content import Dossier
from cdgis.report.table_rows import Row
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

    subject: Row
    verdict: str
    critical: bool
    caveats: tuple[str, ...]
    """What must stand beside the verdict."""
    page: str
    unit_class: str
    """Class of the management unit it lies in: 优先保护, 重点管控, 一般管控."""
    attention: str
    """Keys of ATTENTION that hold, separated by spaces."""


def list_subjects(assessment: Assessment, dossiers: Sequence[Dossier]) -> list[Listed]:
    """Return one row per dossier, gravest verdict first, projects before enterprises, then by id."""
    classes = _unit_classes(assessment)
    return [_listed(dossier, classes) for dossier in sorted(dossiers, key=_place)]


def _place(dossier: Dossier) -> tuple[int, bool, str]:
    subject = dossier.subject
    order = _ORDER.index(Verdict(dossier.verdict["verdict"]))
    return order, subject["kind"] != SubjectKind.PROJECT, str(subject["subject_id"])


def _unit_classes(assessment: Assessment) -> Mapping[str, str]:
    if UNIT_LAYER not in assessment.layers:
        return {}
    zones = assessment.layers[UNIT_LAYER].zones
    return dict(zip(zones["zone_id"], zones["zone_class"], strict=True))


def _listed(dossier: Dossier, classes: Mapping[str, str]) -> Listed:
    verdict = dossier.verdict
    holds = {
        "critical": verdict["stability"] == Stability.CRITICAL,
        "caveat": bool(dossier.caveats),
        "manual": int(verdict["manual_count"]) > 0,
        "unknown": bool(dossier.unknown),
        "relocation": dossier.relocation is not None,
        "repaired": any(row["status"] == IntakeStatus.REPAIRED for row in dossier.intake),
    }
    return Listed(
        subject=dossier.subject,
        verdict=verdict["verdict"],
        critical=holds["critical"],
        caveats=dossier.caveats,
        page=dossier.page,
        unit_class=classes.get(dossier.subject["unit_code"], ""),
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
