"""Subjects whose overlay fails in the geometry library: found one by one, set aside with a reason, the others delivered."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from shapely.errors import GEOSException

from cdgis.core.array_types import BoolArray, IntArray
from cdgis.core.vocabulary import IntakeNote, IntakeStatus
from cdgis.judging.measurement import Measurement
from cdgis.workspace.layers import Subjects

Measure = Callable[[Subjects], Measurement]


def measure_what_can_be(subjects: Subjects, measure: Measure) -> tuple[Subjects, Measurement]:
    """Return the subjects that can be measured and their measurement; the others are quarantined in the intake.

    Raises
    ------
    GEOSException : the overlay fails with no subject at all, so the fault lies in a layer.
    """
    try:
        return subjects, measure(subjects)
    except GEOSException:
        failing = _failing(subjects, measure)
    kept = set_aside(subjects, failing)
    return kept, measure(kept)


def _failing(subjects: Subjects, measure: Measure) -> BoolArray:
    """Return which subjects fail alone, found by halving: each failure costs a logarithm of measurements."""
    failing = np.zeros(len(subjects.frame), dtype=bool)
    waiting = [np.arange(len(subjects.frame))]
    while waiting:
        rows = waiting.pop()
        try:
            measure(only(subjects, rows))
        except GEOSException:
            if len(rows) <= 1:
                failing[rows] = True
            else:
                waiting += np.array_split(rows, 2)
    return failing


def only(subjects: Subjects, rows: IntArray) -> Subjects:
    """Return the subjects at these positions, with the whole intake record."""
    frame = subjects.frame.iloc[rows].reset_index(drop=True)
    attributes = subjects.attributes[subjects.attributes["subject_id"].isin(frame["subject_id"])]
    return replace(subjects, frame=frame, attributes=attributes.reset_index(drop=True))


def set_aside(subjects: Subjects, failing: BoolArray) -> Subjects:
    """Return the subjects without the failing ones, whose intake lines say that they were not judged."""
    rows = subjects.frame.loc[failing, ["source_file", "source_row", "subject_id"]].astype(str)
    failed = {(file, row): name for file, row, name in rows.itertuples(index=False)}
    kept = [note for note in subjects.intake if (note.file, note.row) not in failed]
    notes = [
        IntakeNote(
            file=file, row=row, status=IntakeStatus.QUARANTINED, field="geometry", value=name,
            reason="图形与图层叠置时运算失败，没有研判", remedy="请在 GIS 软件中检查并简化该图形（重复点、极窄的颈、相接的孔）后重新提交",
        )
        for (file, row), name in failed.items()
    ]  # fmt: skip
    return replace(only(subjects, np.flatnonzero(~failing)), intake=(*kept, *notes))
