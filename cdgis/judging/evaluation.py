"""Measuring and judging of a set of subjects: the stage every pipeline shares.

measure_overlaps → describe_subjects → judge
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdgis.core.array_types import FloatArray
from cdgis.core.progress import Progress, Silent
from cdgis.core.vocabulary import SubjectKind
from cdgis.judging.facts import Facts
from cdgis.judging.measurement import Measurement
from cdgis.judging.overlay import measure_overlaps
from cdgis.judging.subject_table import describe_subjects, other_areas
from cdgis.judging.unmeasurable import measure_what_can_be, only
from cdgis.judging.verdicts import Judgement, judge, reach_by_layer
from cdgis.readers.loading import Loaded
from cdgis.readers.place_extent import in_its_place
from cdgis.results.tables.validation import validate
from cdgis.rules import Rule
from cdgis.workspace.layers import Layers, Subjects

_SUBJECTS_AT_ONCE = 2500


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Subjects with everything measured and judged about them."""

    subjects: Subjects
    tables: dict[str, pd.DataFrame]
    measurement: Measurement | None = None

    @classmethod
    def nobody(cls) -> "Judged":
        """Return the result of judging no subject."""
        return cls(subjects=Subjects.none(), tables={})


@in_its_place
def judge_subjects(loaded: Loaded, subjects: Subjects, *, jobs: int = 1, progress: Progress | None = None) -> Judged:
    """Return every subject measured against every layer and judged by every rule in force."""
    progress = progress or Silent()
    rules = loaded.rules
    progress.stage("叠加分析", sum(layer.spec.zones for layer in loaded.layers.values()))
    subjects, measurement = measure_what_can_be(subjects, partial(
        _measure, loaded, jobs=jobs, progress=progress.step,
    ))  # fmt: skip
    measurement = without_false_proofs(measurement, loaded.layers)
    described = describe_subjects(subjects, measurement)
    extra = other_areas(subjects, loaded.settings.area_method)
    attributes = validate("attributes", pd.concat([subjects.attributes, extra], ignore_index=True))
    progress.stage("逐条研判", 1)
    judgement = judge_again(loaded, measurement, described, attributes, rules)
    progress.step(f"{len(rules)} 条在效规则")
    tables = _tables(described, attributes, measurement, judgement)
    return Judged(subjects=subjects, tables=tables, measurement=measurement)


def _measure(loaded: Loaded, subjects: Subjects, *, jobs: int, progress: Callable[[str], None]) -> Measurement:
    reach = _reach(loaded, subjects)
    return measure_overlaps(subjects, loaded.layers, reach_m=reach, jobs=jobs, progress=progress)


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
    ordered = described.set_index("subject_id").loc[list(measurement.subject_ids)].reset_index()
    facts, accuracy_m = Facts.of(ordered, attributes), ordered["accuracy_m"].to_numpy(dtype=float)

    def judge_block(block: npt.NDArray[np.int64]) -> Judgement:
        """Return what the rules say of the subjects at these positions."""
        whole = len(block) == facts.size
        return judge(
            facts if whole else facts.at(block),
            measurement if whole else measurement.at(block, measurement.subject_ids[block]),
            rules, layers=loaded.layers, accuracy_m=accuracy_m[block], tolerance_m=loaded.settings.tolerance_m,
            as_of=loaded.as_of,
        )  # fmt: skip

    # A ruling holds six values a subject and there are a thousand rules: many subjects are judged block by block.
    blocks = np.array_split(np.arange(facts.size), max(1, -(-facts.size // _SUBJECTS_AT_ONCE)))
    parts = [judge_block(block) for block in blocks]
    if len(parts) == 1:
        return parts[0]
    return Judgement(
        findings=validate("findings", pd.concat([part.findings for part in parts], ignore_index=True)),
        verdicts=validate("verdicts", pd.concat([part.verdicts for part in parts], ignore_index=True)),
    )


def _tables(
    described: pd.DataFrame, attributes: pd.DataFrame, measurement: Measurement, judgement: Judgement
) -> dict[str, pd.DataFrame]:
    return {
        "subjects": described,
        "attributes": attributes,
        "overlaps": measurement.overlaps,
        "clear": measurement.clear,
        "ledger": measurement.ledger,
        "findings": judgement.findings,
        "verdicts": judgement.verdicts,
    }


def only_kind(subjects: Subjects, kind: SubjectKind) -> Subjects:
    """Return the subjects of one kind, with the whole intake record."""
    return only(subjects, np.flatnonzero(subjects.frame["kind"] == kind))
