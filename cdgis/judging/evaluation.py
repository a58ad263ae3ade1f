"""Measuring and judging of a set of subjects: the stage every pipeline shares.

measure_overlaps → describe_subjects → judge
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from shapely.errors import GEOSException

from cdgis.core.array_types import FloatArray
from cdgis.core.progress import Progress, Silent
from cdgis.core.vocabulary import SubjectKind
from cdgis.judging.facts import FACT_COLUMNS, Facts
from cdgis.judging.measurement import Measurement
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.subject_table import describe_subjects, other_areas
from cdgis.judging.unmeasurable import measure_what_can_be, only
from cdgis.judging.verdicts import Judgement, Question, judge_blocks, reach_by_layer
from cdgis.readers.loading import Loaded
from cdgis.readers.place_extent import in_its_place
from cdgis.results.packed_parquet import RowsByKind
from cdgis.results.tables.validation import validate
from cdgis.rules import Rule
from cdgis.workspace.layers import Layers, Subjects

_SUBJECTS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Subjects with everything measured and judged about them."""

    subjects: Subjects
    tables: dict[str, pd.DataFrame]
    findings: RowsByKind | None = None
    """The findings of a batch, which are not among its tables."""
    measurement: Measurement | None = None

    @classmethod
    def nobody(cls) -> "Judged":
        """Return the result of judging no subject."""
        return cls(subjects=Subjects.none(), tables={})


@in_its_place
def judge_subjects(
    loaded: Loaded, subjects: Subjects, *, jobs: int = 1, packed: bool = False, progress: Progress | None = None
) -> Judged:
    """Return every subject measured against every layer and judged by every rule in force.

    `packed` says the findings once for all subjects that are alike: of very many they are only written.
    """
    try:
        return _judged(loaded, subjects, jobs, packed, progress or Silent())
    except GEOSException:
        # a depth that a verdict rests on could not be measured: asked of everybody beforehand, it is told whose
        return _judged(loaded, subjects, jobs, packed, Silent(), beforehand=True)


def _judged(
    loaded: Loaded, subjects: Subjects, jobs: int, packed: bool, progress: Progress, *, beforehand: bool = False
) -> Judged:
    rules = loaded.rules
    progress.stage("叠加分析", sum(layer.spec.zones for layer in loaded.layers.values()))
    subjects, measurement = measure_what_can_be(subjects, partial(
        _measure, loaded, jobs=jobs, packed=packed, progress=progress.step, beforehand=beforehand,
    ))  # fmt: skip
    measurement = without_false_proofs(measurement, loaded.layers)
    described = describe_subjects(subjects, measurement)
    extra = other_areas(subjects, loaded.settings.area_method)
    attributes = validate("attributes", pd.concat([subjects.attributes, extra], ignore_index=True))
    progress.stage("逐条研判", 1)
    judgement = judge_again(loaded, measurement, described, attributes, rules)
    progress.step(f"{len(rules)} 条在效规则")
    tables = {
        "subjects": described, "attributes": attributes, "overlaps": measurement.overlaps, "clear": measurement.clear,
        "ledger": measurement.ledger, **({} if packed else {"findings": judgement.findings}), "verdicts": judgement.verdicts,
    }  # fmt: skip
    findings = judgement.found.alike() if packed else None
    return Judged(subjects=subjects, tables=tables, findings=findings, measurement=measurement)


def _measure(
    loaded: Loaded, subjects: Subjects, *, jobs: int, packed: bool = False, progress: Callable[[str], None], beforehand: bool = False
) -> Measurement:
    """Return the measurement, with `beforehand` every depth found."""
    reach = _reach(loaded, subjects)
    found = measure_overlaps(subjects, loaded.layers, reach_m=reach, jobs=jobs, packed=packed, progress=progress)
    if beforehand:
        found.depths[np.arange(len(found.depths))]
    return found


def without_false_proofs(measurement: Measurement, layers: Layers) -> Measurement:
    """Return `measurement` proving nothing clear of a layer that lost zones on reading.

    Where the lost zones lay is not known, so all that is not inside a known zone counts as uncovered.
    """
    broken = sorted(name for name in measurement.uncovered if name in layers and layers[name].quarantined)
    if not broken:
        return measurement
    ledger = measurement.ledger.copy()
    here = ledger["layer"].isin(broken)
    ledger.loc[here, "uncovered"] += ledger.loc[here, "outside"]
    ledger.loc[here, "outside"] = 0.0
    everybody = np.ones(len(measurement.subject_ids), dtype=bool)
    return replace(
        measurement, ledger=ledger, clear=measurement.clear[~measurement.clear["layer"].isin(broken)],
        uncovered={**measurement.uncovered, **dict.fromkeys(broken, everybody)},
    )  # fmt: skip


def _reach(loaded: Loaded, subjects: Subjects) -> dict[str, FloatArray]:
    """Return per layer how near zones must be listed; only declared distances are needed, no measured size."""
    blank = {name: subjects.frame[name] for name in ("subject_id", "kind", "industry", "project_type", "activity")}
    nothing = pd.Series(np.zeros(len(subjects.frame)))
    return reach_by_layer(loaded.rules, Facts.of(blank | {"area_m2": nothing, "length_m": nothing}, subjects.attributes))


@in_its_place
def judge_again(
    loaded: Loaded,
    measurement: Measurement,
    described: pd.DataFrame,
    attributes: pd.DataFrame,
    rules: Sequence[Rule],
) -> Judgement:
    """Return what `rules` say of subjects already measured and described."""
    row = {name: at for at, name in enumerate(described["subject_id"].tolist())}
    ordered = described[[*FACT_COLUMNS, "accuracy_m"]].take([row[name] for name in measurement.subject_ids.tolist()])
    facts, accuracy_m = Facts.of(ordered, attributes), ordered["accuracy_m"].to_numpy(dtype=float)

    def question(block: npt.NDArray[np.int64]) -> Question:
        """Return what is to be judged of the subjects at these positions."""
        whole = len(block) == facts.size
        return Question(
            facts=facts if whole else facts.at(block),
            measurement=measurement if whole else measurement.at(block, measurement.subject_ids[block]),
            accuracy_m=accuracy_m if whole else accuracy_m[block],
        )

    # A ruling holds six values a subject and there are a thousand rules: many subjects are judged block by block.
    count = max(1, -(-facts.size // _SUBJECTS_AT_ONCE))
    # as the tables are in order, so that nothing need be sorted again
    everybody = np.arange(facts.size) if count == 1 else np.argsort(measurement.subject_ids, kind="stable")
    blocks = map(question, np.array_split(everybody, count))
    return judge_blocks(blocks, rules, layers=loaded.layers, tolerance_m=loaded.settings.tolerance_m, as_of=loaded.as_of)


def only_kind(subjects: Subjects, kind: SubjectKind) -> Subjects:
    """Return the subjects of one kind, with the whole intake record."""
    return only(subjects, np.flatnonzero(subjects.frame["kind"] == kind))
