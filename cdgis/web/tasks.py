"""What the desk asks of the workspace: read a boundary, judge it, write its reports. Each calls the door the command line calls.

Tasks take and give plain values, so that they can run in a process of their own (cdgis.web.worker).
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from geopandas import GeoDataFrame
from shapely.geometry import shape

from cdgis.core.errors import CdgisError, DeskError, ReportError
from cdgis.core.units import m2_to_ha, m2_to_mu
from cdgis.core.vocabulary import IntakeStatus
from cdgis.geometry.geodesy import geodesic_length_m, survey_area_m2
from cdgis.pipelines.preview import previewed
from cdgis.pipelines.session import Session
from cdgis.pipelines.session_results import Result
from cdgis.readers import read_sites
from cdgis.readers.frame_sites import frame_file_name, frame_geojson, site_labels
from cdgis.readers.inputs import expand_globs, file_sha256
from cdgis.readers.place_extent import in_place, place_extent
from cdgis.readers.shape_kind import named_kind
from cdgis.results.assessment import Assessment
from cdgis.web.verdict_summary import summary_of, ways_of

FORMATS = ("html", "docx", "json", "xlsx", "gpkg")
"""What a final report consists of, with a PDF where this computer can print one."""
_MOST_DRAWN = 4000
"""Vertices of an outline sent to the browser; beyond it is thinned, to look at only."""
_OPTIONS = {"--crs": "“坐标系”一栏", "--as": "“图形”一栏", "--dxf-unit": "“图形单位”一栏"}
"""Options of the command line that remedies name -> where the page asks the same."""


def site_files(folder: str, names: Sequence[str]) -> list[Path]:
    """Return those of a case's files that hold sites; parts of a shapefile stand behind their .shp."""
    return [path for path in expand_globs(Path(folder), ["*"]) if path.name in names]


def read_boundary(ws: Session, *, folder: str, names: Sequence[str], answers: Mapping[str, str]) -> dict[str, Any]:
    """Return what a case's files say: a row of the intake each, the sites with their areas, and a digest to confirm.

    Raises
    ------
    DeskError : there is no file.
    CdgisError : as reading does.
    """
    files = site_files(folder, names)
    if not files:
        raise DeskError("还没有边界", remedy="请上传文件、粘贴坐标或在图上画出")
    with in_place(ws.workspace):
        subjects = read_sites(ws.workspace, files, declared=dict(answers))
        frame = subjects.frame
        shapes = frame.geometry.to_numpy()
        areas, lengths = survey_area_m2(shapes), geodesic_length_m(shapes)
    rows = [_intake_row(note) for note in subjects.intake]
    sites = [
        {
            "subject_id": str(row["subject_id"]), "name": str(row["name"]), "source": f"{row['source_file']}（{row['source_row']}）",
            "kind": _KINDS[int(shapely.get_dimensions(drawn))], "area_m2": float(area), "area_ha": m2_to_ha(float(area)),
            "area_mu": m2_to_mu(float(area)), "length_m": float(length), "accuracy_m": float(row["accuracy_m"]),
            "vertices": int(shapely.get_num_coordinates(drawn)), "rings": int(shapely.get_num_interior_rings(shapely.get_parts(drawn)).sum()),
            "geometry": drawable(drawn),
        }
        for (_, row), drawn, area, length in zip(frame.iterrows(), shapes, areas, lengths, strict=True)
    ]  # fmt: skip
    lost = sum(row["status"] == IntakeStatus.QUARANTINED for row in rows)
    digest = _digest(files, answers, shapes)
    formats = sorted({path.suffix.lower().lstrip(".") for path in files})
    return {"rows": rows, "sites": sites, "lost": lost, "digest": digest, "formats": formats, "area_m2": float(np.sum(areas))}


_KINDS = {0: "点", 1: "线", 2: "面"}


def _intake_row(note: Any) -> dict[str, str]:
    row = {name: str(getattr(note, name)) for name in ("file", "row", "status", "field", "value", "reason", "remedy")}
    row["file"] = row["file"].rpartition("/")[2] if "!" not in row["file"] else row["file"].split("/")[-1]
    for name in ("reason", "remedy"):
        row[name] = in_page_words(row[name])
    return row


def in_page_words(text: str) -> str:
    """Return a remedy with the page's own fields where it names options of the command line."""
    text = re.sub(r"（或[在加]?“图形”一栏[^）]*）", "", text)  # the file's own column: the page asks it by its name
    for option, place in _OPTIONS.items():
        said = re.compile(rf"(?:请?加|请?用) {option} ([A-Za-z0-9:]+)(?: 写明(?!以))?")
        while found := said.search(text):
            text = f"{text[: found.start()]}请在{place}写 {_kind_word(found[1])}{text[found.end() :]}"
        text = re.sub(rf" ?{option}(?![\w-]) ?", place, text)
    return text


def _kind_word(value: str) -> str:
    kind = named_kind(value)
    return kind.word if kind is not None else value


def drawable(drawn: Any) -> dict[str, Any] | None:
    """Return GeoJSON of a shape in degrees, thinned where it has more vertices than a browser draws at ease."""
    if drawn is None or shapely.is_empty(drawn):
        return None
    west, south, east, north = shapely.bounds(drawn)
    if shapely.get_num_coordinates(drawn) > _MOST_DRAWN:
        drawn = shapely.simplify(drawn, max(east - west, north - south) / _MOST_DRAWN)
    found: dict[str, Any] = json.loads(shapely.to_geojson(drawn))
    return found


def _digest(files: Sequence[Path], answers: Mapping[str, str], shapes: Any) -> str:
    """Return a hash of the files, the answers and the shapes read: what a person has seen and confirmed."""
    whole = hashlib.sha256(json.dumps(dict(answers), sort_keys=True, ensure_ascii=False).encode())
    for path in files:
        whole.update(path.name.encode() + b"\0" + file_sha256(path).encode())
    for item in shapely.to_wkb(shapes):
        whole.update(item or b"")
    return whole.hexdigest()


def drawn_file(geojson: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return name and bytes of the file a drawn shape is kept as; its CRS is stated in it.

    Raises
    ------
    DeskError : it is no GeoJSON geometry in degrees.
    """
    try:
        drawn = shape(dict(geojson))
        numbers = shapely.get_coordinates(drawn)
    except (ValueError, TypeError, LookupError, AttributeError, shapely.errors.ShapelyError) as err:
        raise DeskError("图上画的图形读不出来", remedy="请重新画") from err
    if not len(numbers) or not np.isfinite(numbers).all() or (np.abs(numbers) > [180, 90]).any():
        raise DeskError("图上画的图形没有坐标，或坐标不是经纬度", remedy="请重新画")
    content = frame_geojson(GeoDataFrame({}, geometry=[drawn], crs=4490))
    return frame_file_name(content), content


def judge_sites(ws: Session, **asked: Any) -> dict[str, Any]:
    """Return the verdict on a case's sites, as plain values for the page (`summary_of`)."""
    return summary_of(ws_preview(ws, **asked))


def warm_up(ws: Session) -> dict[str, Any]:
    """Read the layers and rules of the workspace, which are kept: the first verdict need not wait for them."""
    extent = place_extent(ws.workspace)
    if extent is not None:
        with suppress(CdgisError):  # whoever asks first is told
            ws.preview(f"{(extent[0] + extent[2]) / 2:.4f},{(extent[1] + extent[3]) / 2:.4f}", industry="3031")
    return {}


def ways_out(ws: Session, **asked: Any) -> dict[str, Any]:
    """Return what takes longer than the verdict (`ways_of`): what would make a case's sites pass, sums over caps, alternatives."""
    return ways_of(_screened(ws, **asked).assessment)


def alternatives(ws: Session, *, size_ha: float, facts: Mapping[str, Any], county: str) -> dict[str, Any]:
    """Return places in a county where such a project of that size meets no conflict (`Session.guide`), best first."""
    told: dict[str, Any] = {key: str(facts[key]) for key in ("industry", "project_type", "activity") if facts.get(key)}
    result = ws.guide(max(size_ha, 0.01), within=county, count=5, spacing_m=1000, attributes=facts.get("attributes") or {}, **told)
    rows = [
        {
            "rank": int(row["rank"]), "verdict": str(row["verdict"]), "lon": float(row["lon"]), "lat": float(row["lat"]),
            "geometry": drawable(row.geometry),
        }
        for _, row in result.locations.iterrows()
    ]  # fmt: skip
    own = [note for note in result.notes if note not in result.assessment.verdict_notes]
    return {"locations": rows, "note": "；".join((f"{county or '全市'}按 {size_ha:.2f} 公顷的方形、间距 1 千米试", *own))}


def write_case_reports(ws: Session, *, out: str, pdf: bool, **asked: Any) -> dict[str, Any]:
    """Write the reports of a case into `out` as ``cdgis screen`` writes them; return the summary and the labels of its files.

    Parameters
    ----------
    pdf : with PDFs, where this computer can print them; ``no_pdf`` of the answer says why there are none.
    """
    result = _screened(ws, **asked)
    why = "" if pdf else "设置为不写"
    if pdf:
        try:
            result.save(out, formats=(*FORMATS, "pdf"))
        except ReportError as err:  # nothing was written then
            why = err.reason
    if why:
        result.save(out, formats=FORMATS)
    files = site_files(asked["folder"], asked["names"])
    labels = {str(path): label for path, label in site_labels(ws.workspace, files).items()}
    return summary_of(result.assessment) | {"labels": labels, "numbers": result.report_numbers, "no_pdf": why}


def _screened(
    ws: Session, *, folder: str, names: Sequence[str], answers: Mapping[str, str], facts: Mapping[str, Any], seen: Mapping[str, str]
) -> Result:
    return ws.screen(site_files(folder, names), attributes=facts.get("attributes") or {}, seen=dict(seen) or None, **declared_of(facts, answers))


def ws_preview(
    ws: Session, *, folder: str, names: Sequence[str], answers: Mapping[str, str], facts: Mapping[str, Any], seen: Mapping[str, str]
) -> Assessment:
    """Return the same question's answer at once, without what takes longer."""
    files = site_files(folder, names)
    return previewed(ws.kept, files, attributes=facts.get("attributes") or {}, seen=dict(seen) or None, **declared_of(facts, answers))


def declared_of(facts: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """Return a case's facts and answers as options of `Session.screen`; attributes stand apart."""
    told: dict[str, Any] = {key: str(facts.get(key) or "") or None for key in ("name", "industry", "project_type", "activity")}
    return told | {key: answers.get(key) or None for key in ("crs", "dxf_unit", "geometry_kind")}
