"""Reduction of an assessment to what the public may see, with a list of what was taken out (DESIGN 4.10).

Pages for the public are made from the reduced assessment alone: what is not in it cannot be printed. Tables,
columns and attributes pass by whitelist; geometry passes on a coarse grid; withheld layers do not pass.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from cdgis.core.vocabulary import SubjectKind
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.report.map.generalise import Grid, Lonlat
from cdgis.report.map.relief import public_pictures
from cdgis.report.public.coarse_measures import coarse_measures, distance_step_m
from cdgis.report.public.neutral_ids import without_file_names
from cdgis.report.public.withheld import Withheld, withheld_texts
from cdgis.results.assessment import Assessment
from cdgis.results.tables.validation import empty
from cdgis.workspace.layers import ZONE_COLUMNS, Layer, Subjects
from cdgis.workspace.settings import Sources

BY_SUBJECT = ("subjects", "attributes", "overlaps", "clear", "findings", "verdicts", "ledger")
"""Tables that pass for published subjects; their rows about withheld layers do not."""
BY_ZONE = ("carbon_zones", "carbon_areas")
WHOLE = ("carbon_potential", "carbon_potential_totals")
_BLANK = ("source_file", "source_row", "notes")
"""Columns of subjects.csv that do not pass."""
ORIGINAL_AREA = "area_m2"
"""Column of a public layer's zones: the area of the original outline."""


def public_assessment(assessment: Assessment) -> tuple[Assessment, Withheld]:
    """Return the assessment as the public may see it, and what was taken out of it."""
    settings = assessment.settings.publish
    exact, assessment = assessment, without_file_names(assessment)
    hidden = frozenset(settings.withheld_layers)
    layers = {key: layer for key, layer in assessment.layers.items() if layer.spec.is_vector and key not in hidden}
    lonlat = _withheld_vertices(assessment, hidden)
    grid = Grid(settings.grid_deg, lonlat)
    coarse = {key: _coarse_layer(layer, grid) for key, layer in layers.items()}
    subjects = _subjects(assessment, grid, enterprises=settings.show_enterprises)
    tables = _tables(assessment, subjects, hidden)
    tables |= coarse_measures(tables, subjects, coarse, settings.grid_deg)
    notes = _notes(assessment, layers, coarse)
    public = replace(
        assessment,
        audience="public",
        settings=assessment.settings.model_copy(update={"sources": Sources()}),
        inputs=tuple(record for record in assessment.inputs if record.layer in layers),
        tables=tables,
        subjects=subjects,
        layers=coarse,
        pictures=public_pictures(assessment.pictures, settings.grid_deg),
        catalog=tuple(spec for spec in assessment.catalog if spec.id in layers),
        report_numbers=_numbers(assessment, subjects),
        notes=notes,
        verdict_notes=notes,
    )
    return public, Withheld(texts=withheld_texts(exact, assessment.subjects.frame["subject_id"], public), lonlat=lonlat)


def _withheld_vertices(assessment: Assessment, hidden: frozenset[str]) -> Lonlat:
    """Return the vertices of withheld layers and of every subject's exact outline."""
    parts = [shapely.get_coordinates(assessment.subjects.frame.geometry.to_numpy())]
    parts += [
        shapely.get_coordinates(layer.zones.geometry.to_numpy())
        for key, layer in assessment.layers.items()
        if key in hidden and layer.spec.is_vector
    ]
    return np.unique(np.concatenate(parts), axis=0)


def _coarse_layer(layer: Layer, grid: Grid) -> Layer:
    """Return a layer on the grid with the standard columns only, and each zone's area by its exact outline."""
    shapes = layer.zones.geometry.to_numpy()
    areal = layer.spec.geometry == "polygon"
    area_m2 = survey_area_m2(shapes) if areal else np.zeros(len(shapes))
    zones = layer.zones[[*ZONE_COLUMNS, "geometry"]].assign(**{ORIGINAL_AREA: area_m2})
    return replace(layer, zones=zones.set_geometry(grid.generalised(shapes), crs=zones.crs), notes=())


def _subjects(assessment: Assessment, grid: Grid, *, enterprises: bool) -> Subjects:
    """Return the published subjects on the grid; a site smaller than a cell becomes a point."""
    frame = assessment.subjects.frame
    kinds = {SubjectKind.PROJECT, SubjectKind.ENTERPRISE} if enterprises else {SubjectKind.PROJECT}
    frame = frame[frame["kind"].isin(kinds)]
    exact = frame.geometry.to_numpy()
    coarse = grid.generalised(exact)
    gone = shapely.is_empty(coarse) | (shapely.length(coarse) == 0)
    coarse[gone] = shapely.points(grid.nodes(shapely.get_coordinates(shapely.centroid(exact[gone]))))
    blank = {name: "" for name in _BLANK if name in frame.columns}
    attributes = assessment.subjects.attributes
    shown = attributes["attribute"].isin(assessment.settings.publish.public_attributes)
    shown &= attributes["subject_id"].isin(frame["subject_id"])
    return Subjects(
        frame=frame.assign(**blank).set_geometry(coarse, crs=frame.crs).reset_index(drop=True),
        attributes=attributes[shown].reset_index(drop=True),
    )


def _tables(assessment: Assessment, subjects: Subjects, hidden: frozenset[str]) -> dict[str, pd.DataFrame]:
    """Return all tables by name; those not on the whitelist are empty."""
    ids = set(subjects.frame["subject_id"])
    tables = {name: empty(name) for name in assessment.tables}
    for name in BY_SUBJECT:
        if name in assessment.tables:
            frame = assessment.tables[name]
            tables[name] = _without(frame[frame["subject_id"].isin(ids)], hidden, name).reset_index(drop=True)
    for name in BY_ZONE:
        if name in assessment.tables:
            frame = assessment.tables[name]
            tables[name] = frame[~frame["zone_layer"].isin(hidden)].reset_index(drop=True)
    tables.update({name: assessment.tables[name] for name in WHOLE if name in assessment.tables})
    shown = set(assessment.settings.publish.public_attributes)
    tables["attributes"] = tables["attributes"][tables["attributes"]["attribute"].isin(shown)].reset_index(drop=True)
    tables["subjects"] = _coarse_subjects(tables["subjects"], subjects)
    return tables


def _without(frame: pd.DataFrame, hidden: frozenset[str], name: str) -> pd.DataFrame:
    """Return a table without what it says of withheld layers; a finding stays, its zone and place do not."""
    if name in ("overlaps", "clear", "ledger"):
        return frame[~frame["layer"].isin(hidden)]
    if name == "findings":
        return frame.assign(zone_id=frame["zone_id"].where(~frame["layer"].isin(hidden), ""))
    return frame


def _coarse_subjects(table: pd.DataFrame, subjects: Subjects) -> pd.DataFrame:
    """Return subjects.csv with centres on the grid, areas to 100 m², lengths to 10 m, and no word of their source."""
    shapes = dict(zip(subjects.frame["subject_id"], subjects.frame.geometry, strict=True))
    centres = [shapely.get_coordinates(shapes[key])[0] for key in table["subject_id"]]
    lonlat = np.array(centres, dtype=float).reshape(-1, 2)
    return table.assign(
        lon=lonlat[:, 0],
        lat=lonlat[:, 1],
        area_m2=table["area_m2"].round(-2),
        length_m=table["length_m"].round(-1),
        **dict.fromkeys(_BLANK, ""),
    )


def _numbers(assessment: Assessment, subjects: Subjects) -> dict[str, str]:
    shown = {"", *subjects.frame["subject_id"]}
    return {key: number for key, number in assessment.report_numbers.items() if key in shown}


def _notes(assessment: Assessment, layers: dict[str, Layer], coarse: dict[str, Layer]) -> tuple[str, ...]:
    """Return what the public must know about what it sees."""
    settings = assessment.settings.publish
    titles = {spec.id: spec.title for spec in assessment.catalog}
    left_out = "、".join(titles[key] for key in settings.withheld_layers if key in titles) or "无"
    notes = [
        f"公开版：全部坐标概化到 {settings.grid_deg:g}° 网格（约 {settings.grid_deg * 111_320:.0f} 米），共用边界一并概化；"
        "面积按原始图形计算，不能由概化图形量出",
        f"公开版的距离由概化后的图形量得，进位到 {distance_step_m(settings.grid_deg):g} 米，可能与条款所写的距离不一致；"
        "部分压占的面积、占比、长度和临界距离不公开：由它们可以推算精确位置。结论按原始图形作出",
        f"公开版不含图层：{left_out}；不含未列入公开清单的属性、联系方式和数据来源文件",
    ]
    notes += [
        _change_note(layer, coarse[key])
        for key, layer in sorted(layers.items())
        if layer.spec.partition and len(layer.zones)
    ]
    if not settings.show_enterprises:
        notes.append("公开版不逐一列出企业；数量与结论按项目统计")
    return tuple(notes)


def _change_note(exact: Layer, coarse: Layer) -> str:
    before, after = (shapely.area(layer.zones.geometry.to_numpy()) for layer in (exact, coarse))
    changes = np.abs(after / before - 1)
    lost = int((after == 0).sum())
    text = f"“{exact.spec.title}”概化后单个区的面积变化：中位数 {np.median(changes):.2%}，最大 {changes[after > 0].max(initial=0):.1%}"
    return text + (f"；{lost} 个区小于网格，未画" if lost else "")
