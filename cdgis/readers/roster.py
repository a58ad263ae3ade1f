"""The list of subjects: who is on it, under which id, and what became of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from geopandas import GeoDataFrame
from shapely import Point
from shapely.geometry.base import BaseGeometry

from cdgis.core.data_gaps import Gap
from cdgis.core.vocabulary import InputRecord, IntakeNote, ProjectType, SubjectKind
from cdgis.readers.content_hash import with_subject_hashes
from cdgis.readers.ids import IdRegister
from cdgis.readers.inputs import InputFile
from cdgis.readers.intake import Remark, intake_note, is_quarantined, noted, numbered, rejected, repaired
from cdgis.readers.records import SiteRecord
from cdgis.readers.subjects import Description
from cdgis.rules.attributes import load_attributes
from cdgis.workspace.given_outline import GivenOutline
from cdgis.workspace.layers import SUBJECT_COLUMNS, Subjects
from cdgis.workspace.settings import MOST_TOLERANCE_M

_SAME_PLACE_DEG = 1e-5
"""About one metre: two spellings of one coordinate differ by their rounding."""


@dataclass(slots=True)
class Roster:
    """Subjects, attributes and intake lines gathered so far."""

    default_accuracy_m: float = 0.0
    subjects: list[tuple[str, str, BaseGeometry | None, Mapping[str, object]]] = field(default_factory=list)
    """Id, row, geometry and the cells of the other columns, which rows of whom the same is said have in common."""
    attributes: list[tuple[str, str, str, str]] = field(default_factory=list)
    intake: list[IntakeNote] = field(default_factory=list)
    records: list[InputRecord] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    ids: IdRegister = field(default_factory=IdRegister)
    given: dict[str, GivenOutline] = field(default_factory=dict)
    seen: dict[tuple[str, str], list[tuple[Point, str]]] = field(default_factory=dict)
    """Enterprise name and industry -> where it lies and where that was read."""

    def add(self, record: SiteRecord, description: Description, file: InputFile, kind: SubjectKind) -> None:
        """Enter one input row: as a subject, or only in the intake when it is quarantined."""
        self.add_alike((record,), description, file, kind)

    def add_alike(self, records: Sequence[SiteRecord], description: Description, file: InputFile, kind: SubjectKind) -> None:
        """Enter rows that differ in number, keys and outline alone, several only of projects: what is said of one is said of all."""
        record = records[0]
        remarks = (*record.remarks, *description.remarks, *_accuracy_remark(description))
        if record.geometry is not None and not description.columns.get("name"):
            remarks += (noted("没有名称", field="名称"),)
        if kind is SubjectKind.ENTERPRISE:
            remarks += self._duplicate(record, description, file)
        if record.geometry is None or is_quarantined(remarks):
            self.intake += [intake_note(file.label, record.row, remarks) for record in records]
            return
        said: dict[tuple[Remark, ...], tuple[IntakeNote, dict[str, object]]] = {}
        dictionary = load_attributes()
        stated = [(key, value, dictionary[key].unit) for key, value in description.attributes.items()]
        wanted = description.columns.get("subject_id", "")
        folder = f"{file.path.stem}-"
        for record in records:
            subject_id, own = self._claim_id(record, wanted, folder, kind)
            note, row = said.get(own) or said.setdefault(own, self._common(record, description, file, kind, (*remarks, *own)))
            self.subjects.append((subject_id, record.row, record.geometry, row))
            if record.given is not None:
                self.given[subject_id] = record.given
            self.attributes += [(subject_id, *cells) for cells in stated]
            self.intake.append(numbered(note, record.row))

    def _common(
        self, record: SiteRecord, description: Description, file: InputFile, kind: SubjectKind, remarks: tuple[Remark, ...]
    ) -> tuple[IntakeNote, dict[str, object]]:
        """Return the intake line and the cells of the subject of rows with these remarks, but what each has of its own."""
        columns = description.columns
        default_type = ProjectType.EXISTING.value if kind is SubjectKind.ENTERPRISE else ""
        return intake_note(file.label, record.row, remarks), {
            "name": columns.get("name", ""), "kind": kind.value, "industry": columns["industry"],
            "project_type": columns["project_type"] or default_type, "activity": columns["activity"],
            "accuracy_m": self._accuracy_m(record, description), "source_file": file.label,
            "notes": "；".join(dict.fromkeys(remark.reason for remark in remarks)),
        }  # fmt: skip

    def _duplicate(self, record: SiteRecord, description: Description, file: InputFile) -> tuple[Remark, ...]:
        name = description.columns.get("name", "")
        if record.geometry is None or not name:
            return ()
        centre = record.geometry.representative_point()
        namesakes = self.seen.setdefault((name, description.columns["industry"]), [])
        first = next((where for place, where in namesakes if place.distance(centre) <= _SAME_PLACE_DEG), "")
        if not first:
            namesakes.append((centre, f"{file.label} 第 {record.row} 行"))
            return ()
        reason = f"与 {first} 重复（名称、行业、位置相同）"
        return (rejected(reason, field="企业名称", value=name, remedy="删去重复行"),)

    def _claim_id(self, record: SiteRecord, declared: str, folder: str, kind: SubjectKind) -> tuple[str, tuple[Remark, ...]]:
        if declared:
            unique, remarks = self.ids.claim(declared)
            return unique, tuple(remarks)
        if kind is SubjectKind.ENTERPRISE:
            return self.ids.next_number("E"), ()
        return self.ids.claim(folder + (record.keys[0] if record.keys else record.row))[0], ()

    def _accuracy_m(self, record: SiteRecord, description: Description) -> float:
        stated_m = stated_accuracy_m(description.columns.get("accuracy_m", ""))
        return max(self.default_accuracy_m if stated_m is None else stated_m, record.accuracy_m)

    def to_subjects(self) -> Subjects:
        """Return everything gathered."""
        columns = [*SUBJECT_COLUMNS, "geometry"]
        ids, rows, shapes, common = map(list, zip(*self.subjects, strict=True)) if self.subjects else ([], [], [], [])
        own: dict[str, list[Any]] = {"subject_id": ids, "source_row": rows, "geometry": shapes}
        cells = {name: own[name] if name in own else [said[name] for said in common] for name in columns}
        # of no cells pandas would make numbers, and a table of texts would not join with them
        frame = GeoDataFrame(cells if self.subjects else None, columns=columns, geometry="geometry", crs=4490)
        frame["accuracy_m"] = frame["accuracy_m"].astype(float)
        names = ["subject_id", "attribute", "value", "unit"]
        attributes = pd.DataFrame(self.attributes, columns=names, dtype=object)
        return Subjects(
            frame=frame,
            attributes=attributes,
            intake=tuple(self.intake),
            records=with_subject_hashes(self.records, frame, attributes, self.intake, self.given),
            gaps=tuple(self.gaps),
            given=self.given,
        )


def stated_accuracy_m(text: str) -> float | None:
    """Return a stated positional accuracy in metres; None when it is no number from 0 to `MOST_TOLERANCE_M`."""
    try:
        stated_m = float(text)
    except ValueError:
        return None
    return stated_m if 0 <= stated_m <= MOST_TOLERANCE_M else None


def _accuracy_remark(description: Description) -> tuple[Remark, ...]:
    text = description.columns.get("accuracy_m", "")
    if not text or stated_accuracy_m(text) is not None:
        return ()
    remedy = f"应为 0 至 {MOST_TOLERANCE_M:g} 的数，单位米"
    return (repaired("位置精度不是合理的数，按未声明处理", field="位置精度", value=text, remedy=remedy),)
