"""Parts computed by a job joined into one assessment, numbered and traceable."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from cdgis import __version__
from cdgis.core.data_gaps import Gap
from cdgis.core.vocabulary import InputRecord, IntakeNote
from cdgis.geometry.planes import current_planes
from cdgis.judging.cumulative import sum_up_caps
from cdgis.judging.evaluation import Judged
from cdgis.judging.facts import Facts
from cdgis.judging.questions import list_questions, silent_triggers, unregistered_claims
from cdgis.judging.rule_plan import plan_of
from cdgis.readers.loading import Loaded
from cdgis.results.assessment import Assessment, Part
from cdgis.results.overview_notes import overview_notes
from cdgis.results.report_numbers import input_digest, report_numbers
from cdgis.results.request import Request
from cdgis.results.tables.validation import TABLES, empty, validate
from cdgis.rules.attributes import load_attributes

RUN = Request()
"""The request of commands that judge the whole workspace."""


def assemble(loaded: Loaded, judged: Judged, parts: Sequence[Part] = (), *, request: Request = RUN) -> Assessment:
    """Return the assessment of `judged` subjects with what other analyses add; tables nobody made are empty."""
    notes: tuple[IntakeNote, ...] = (
        *judged.subjects.intake,
        *(note for layer in loaded.layers.values() for note in layer.notes),
    )
    found = {**judged.tables, "intake": intake_table(notes)}
    inputs: tuple[InputRecord, ...] = (*loaded.records, *judged.subjects.records)
    for part in parts:
        found |= part.tables
        inputs += part.records
    gaps = (*loaded.gaps, *judged.subjects.gaps, *(gap for part in parts for gap in part.gaps))
    found["gaps"] = _gap_table(gaps)
    tables = {name: found[name] if name in found else empty(name) for name in TABLES}
    tables["questions"] = questions_of(loaded, tables)
    tables["cumulative"] = sum_up_caps(tables["overlaps"], tables["subjects"], tables["attributes"], loaded.layers)
    digest = input_digest(inputs, loaded.settings, loaded.as_of, __version__)
    whole = assemble_draft(loaded, judged, tables)
    return replace(
        whole,
        inputs=inputs,
        report_numbers=report_numbers(tables, digest, loaded.as_of),
        request=request,
        pictures={name: picture for part in parts for name, picture in part.pictures.items()},
        rasters={name: raster for part in parts for name, raster in part.rasters.items()},
        notes=whole.notes + tuple(note for part in parts for note in (*part.notes, *(gap.sentence for gap in part.gaps))),
    )


def assemble_draft(loaded: Loaded, judged: Judged, tables: Mapping[str, pd.DataFrame]) -> Assessment:
    """Return the assessment of tables as they are: without a number, so that no report can be made of it."""
    notes = overview_notes(loaded)
    return Assessment(
        version=__version__, as_of=loaded.as_of, settings=loaded.settings, inputs=loaded.records, tables=tables, subjects=judged.subjects,
        layers=loaded.layers, catalog=tuple(loaded.workspace.catalog.layers.values()), rulebook=loaded.rulebook, report_numbers={},
        notes=notes, planes=current_planes(), verdict_notes=notes,
    )  # fmt: skip


def questions_of(loaded: Loaded, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return table `questions` for subjects judged: what else to say of them could change a verdict."""
    facts = Facts.of(tables["subjects"], tables["attributes"])
    book = plan_of(loaded.rules, loaded.as_of).book
    asked = (tables["findings"], loaded.rules, facts, tables["subjects"]["subject_id"], book)
    silent = pd.concat([silent_triggers(*asked), unregistered_claims(*asked)], ignore_index=True)
    return list_questions(tables["findings"], load_attributes(), silent)


def _gap_table(gaps: Sequence[Gap]) -> pd.DataFrame:
    return _table_of("gaps", list(dict.fromkeys(gaps)))


def _table_of(name: str, rows: Sequence[object]) -> pd.DataFrame:
    """Return a table whose columns are attributes of objects, a row an object."""
    columns = TABLES[name].names
    cells = {column: np.array([getattr(row, column) for row in rows], dtype=object) for column in columns}
    return validate(name, cells) if rows else empty(name)


def intake_table(notes: Sequence[IntakeNote]) -> pd.DataFrame:
    """Return table `intake`: a line for each row read, repaired or set aside."""
    return _table_of("intake", notes)
