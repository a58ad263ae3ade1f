"""Data the answer rests on, data it lacks, and what else could be done (parts 8 and 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdgis.core.number_format import metres, percent
from cdgis.core.vocabulary import IntakeStatus, Relation, SubjectKind
from cdgis.report.screening.case import Case
from cdgis.report.screening.content import (
    AlternativePart,
    Clause,
    DataPart,
    Fact,
    LayerRow,
    LayerUse,
    Peer,
    Question,
    Remedy,
)
from cdgis.report.screening.occupation import UNCOVERED_M2, Ground
from cdgis.report.screening.phrases import extent, split, wording
from cdgis.report.table_rows import records
from cdgis.results.assessment import Assessment
from cdgis.rules.unchecked import unchecked_laws, unchecked_line
from cdgis.siting.remedies import Kind

Row = Mapping[str, Any]

_MOST_PEERS = 12
_COMPASS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")


def peers_of(assessment: Assessment) -> tuple[Peer, ...]:
    """Return the projects of a run of few, for comparison with one another."""
    subjects = assessment.tables["subjects"]
    projects = subjects[subjects["kind"] == SubjectKind.PROJECT.value]
    if not 2 <= len(projects) <= _MOST_PEERS:
        return ()
    return tuple(
        Peer(
            subject_id=str(row["subject_id"]), name=str(row["name"]), county=str(row["county"]),
            area_m2=float(row["area_m2"]), verdict=str(row["verdict"]), caveats=split(row["caveats"]), stability=str(row["stability"]),
            critical_distance_m=float(row["critical_distance_m"]),
        )
        for row in records(projects.merge(assessment.tables["verdicts"], on="subject_id"))
    )  # fmt: skip


def alternatives_of(peers: Sequence[Peer], subject_id: str, remedies: Sequence[Row]) -> AlternativePart:
    """Return part 8: remedies of table `remedies`, and the other projects if the subject is one of them."""
    return AlternativePart(
        analysed=bool(remedies),
        remedies=tuple(_remedy(row) for row in remedies),
        peers=tuple(peers) if any(peer.subject_id == subject_id for peer in peers) else (),
    )


def _remedy(row: Row) -> Remedy:
    numbers = {name: float(row[name]) for name in ("distance_m", "bearing_deg", "area_m2", "share")}
    lead = f"{wording()['remedy'].get(row['kind'], row['kind'])}，{row['target']}"
    least = f"（至少{row['verdict_at_least']}）" if row["verdict_at_least"] else ""
    caveats = f"〔{'；'.join(split(row['caveats']))}〕" if row["caveats"] else ""
    verdict = f"“{row['verdict']}{least}”{caveats}"
    if not row["feasible"]:
        sentence = f"{lead}：没有可行方案。{row['reason']}"
    elif row["kind"] == Kind.SHIFT:
        way = _COMPASS[round(numbers["bearing_deg"] / 45) % 8]
        moved = f"向{way}（方位角 {numbers['bearing_deg']:.1f}°）平移 {metres(numbers['distance_m'])}"
        sentence = f"{lead}：{moved}，按同一规则重新研判为{verdict}。{row['reason']}"
    else:
        kept = f"保留 {extent(numbers['area_m2'], 'm2')}，占原用地 {percent(numbers['share'])}"
        sentence = f"{lead}：{kept}，按同一规则重新研判为{verdict}。{row['reason']}"
    return Remedy(
        kind=str(row["kind"]), target=str(row["target"]), feasible=bool(row["feasible"]), verdict=str(row["verdict"]),
        at_least=str(row["verdict_at_least"]), sentence=sentence, wkt=str(row["wkt"]),
        distance_m=numbers["distance_m"], bearing_deg=numbers["bearing_deg"],
        area_m2=numbers["area_m2"], share=numbers["share"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What part 9 says of every subject alike."""

    unchecked: str
    """The one line on laws not checked for want of a layer."""
    layers: Mapping[str, Mapping[LayerUse, LayerRow]]
    """Each layer with its version as it is listed, by how the subject lies to it."""


def standing_of(assessment: Assessment, *, withheld: frozenset[str], titles: Mapping[str, str]) -> Standing:
    """Return what part 9 says of every subject of an assessment, `withheld` being layers that the reader may not see."""
    laws = unchecked_laws(assessment.rulebook.in_force(assessment.as_of), assessment.layers.keys() | withheld)
    digests = {record.layer: record.sha256 for record in assessment.inputs}
    listed = [spec for spec in assessment.catalog if spec.id in assessment.layers and spec.zones]
    rows = {
        spec.id: {
            use: LayerRow(
                layer=spec.id, title=spec.title, version=spec.version, official=spec.official, source=spec.source,
                licence=spec.licence, accuracy_m=spec.accuracy_m, sha256=digests.get(spec.id, ""),
                plan_document=spec.plan.document, approved_by=spec.plan.approved_by, filed_on=spec.plan.filed_on,
                published_on=spec.plan.published_on, used=use,
            )
            for use in LayerUse
        }
        for spec in listed
    }  # fmt: skip
    return Standing(unchecked=unchecked_line(laws, titles), layers=rows)


def data_of(assessment: Assessment, standing: Standing, case: Case, questions: Sequence[Row]) -> DataPart:
    """Return part 9: layers with versions, gaps, questions with the option that answers each, switched-off rules."""
    return DataPart(
        layers=_layer_rows(standing, case.ground),
        gaps=_gaps(case.ground, case.clauses, case.intake, standing.unchecked),
        questions=_asked(questions),
        switched_off=tuple(Fact(name=i, title=i, value=reason) for i, reason in assessment.rulebook.switched_off),
        notes=assessment.verdict_notes if assessment.request.command == "run" else assessment.notes,
    )


def _layer_rows(standing: Standing, ground: Ground) -> tuple[LayerRow, ...]:
    used: dict[str, LayerUse] = {str(row["layer"]): LayerUse.CLEAR for row in ground.clear}
    used |= {zone.layer: LayerUse.NEAR for zone in ground.zones.values() if zone.relation == Relation.NEAR}
    used |= {zone.layer: LayerUse.OCCUPIED for zone in ground.zones.values() if zone.relation != Relation.NEAR}
    return tuple(rows[used.get(layer, LayerUse.UNCOVERED)] for layer, rows in standing.layers.items())


def _gaps(ground: Ground, clauses: Sequence[Clause], intake: Sequence[Row], unchecked: str) -> tuple[str, ...]:
    beyond: dict[str, list[str]] = {}
    for layer, row in ground.ledger.items():
        if float(row["uncovered"]) > UNCOVERED_M2:
            beyond.setdefault(extent(float(row["uncovered"]), str(row["unit"])), []).append(ground.title(layer))
    gaps = [f"项目有 {size} 位于下列图层覆盖范围以外（{len(names)} 个）：{'、'.join(names)}" for size, names in beyond.items()]
    lacking = sorted({fact.name for c in clauses for fact in c.missing} & set(wording()["gap"]))
    gaps += [wording()["gap"][name] for name in lacking]
    gaps += list(filter(None, [unchecked]))
    risks = {c.validity_risk: c.rule_ids[0] for c in reversed(clauses) if c.validity_risk and c.state == "applies"}
    gaps += [f"条文时效风险（{rule_id} 等）：{risk}" for risk, rule_id in sorted(risks.items(), key=lambda item: item[1])]
    gaps += [
        f"{row['file']} 第 {row['row']} 行/图斑未参与判定：{row['reason']}"
        for row in intake
        if row["status"] == IntakeStatus.QUARANTINED
    ]
    return tuple(gaps)


def _asked(questions: Sequence[Row]) -> tuple[Question, ...]:
    return tuple(
        Question(
            attribute=str(row["attribute"]), title=str(row["title"]), option=str(row["option"]),
            rule_ids=split(row["rule_ids"]), effect=str(row["effect"]),
        )
        for row in questions
    )  # fmt: skip
