"""Reports list the boundary points handed in, in their order and by their names, whatever measuring puts between them."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from bs4 import BeautifulSoup
from docx import Document
from report_fixtures import make_assessment
from ring_files import kml, kml_line
from shapes import boundary_lines, boundary_text, in_crs, workspace, write_layer, write_xlsx

from cdgis.geometry.geodesy import to_lonlat
from cdgis.readers import read_sites
from cdgis.report.screening import compose_report, report_json
from cdgis.report.screening.boundary import Boundary, boundary_of
from cdgis.report.screening.docx import render_docx
from cdgis.report.screening.html import render_screening
from cdgis.workspace.layers import Subjects

CENTRE = (39_560_000.0, 4_535_000.0)


def _ring(rng: np.random.Generator, radius_m: float) -> np.ndarray:
    """Return the corners of a ring of random shape, easting and northing, to the millimetre."""
    turn = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 9))))
    turn += np.arange(len(turn)) * 1e-3
    around = np.column_stack([np.cos(turn), np.sin(turn)]) * radius_m
    return np.round(np.array(CENTRE) + around, 3)


def _parcel(seed: int) -> shapely.Polygon:
    rng = np.random.default_rng(seed)
    while True:
        shell = shapely.Polygon(_ring(rng, rng.uniform(2500, 6000)))
        if shell.contains(shapely.Point(CENTRE).buffer(300)):
            return shapely.Polygon(shell.exterior, [_ring(rng, 150.0)])


def _rings(parcel: shapely.Polygon) -> list[np.ndarray]:
    return [np.array(ring.coords)[:-1] for ring in (parcel.exterior, *parcel.interiors)]


def _read(path: Path, **declared: str) -> tuple[Subjects, Boundary]:
    subjects = read_sites(workspace(path.parent), [path], declared=declared)
    (shape,) = subjects.frame.geometry
    return subjects, boundary_of(shape, subjects.given[subjects.frame["subject_id"].iloc[0]])


@pytest.mark.parametrize("seed", range(8))
def test_a_text_of_boundary_points_comes_back_point_by_point(tmp_path: Path, seed: int) -> None:
    parcel, path = _parcel(seed), tmp_path / "地块.txt"
    lines = [line.replace("J", "界", 1) for line in boundary_lines(parcel, digits=3)]
    path.write_text(boundary_text(lines), encoding="utf-8")
    subjects, boundary = _read(path)
    handed = [line.split(",") for line in lines]
    handed = [row for index, row in enumerate(handed) if row[0] not in {r[0] for r in handed[:index]}]
    assert [(p.label, str(p.ring)) for p in boundary.points] == [(row[0], row[1]) for row in handed]
    assert [(f"{p.north_m:.3f}", f"{p.east_m:.3f}") for p in boundary.points] == [(row[2], row[3]) for row in handed]
    inserted = shapely.get_num_coordinates(subjects.frame.geometry.iloc[0]) - len(lines)
    assert inserted > 0 and f"另加 {inserted} 个点" in boundary.note and "照所交文件" in boundary.note


@pytest.mark.parametrize("epsg", [4527, 4548, 4509, 4490])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_layer_comes_back_point_by_point_in_its_own_plane(tmp_path: Path, seed: int, epsg: int) -> None:
    lonlat = to_lonlat([_parcel(seed)], 4527)[0]
    _, boundary = _read(write_layer(tmp_path / "地块.gpkg", [lonlat], {"name": ["甲"]}, epsg=epsg))
    own = in_crs(lonlat, epsg)
    found = np.array([(p.lon_deg, p.lat_deg) if epsg == 4490 else (p.east_m, p.north_m) for p in boundary.points])
    assert found == pytest.approx(np.concatenate(_rings(own)), abs=1e-9 if epsg == 4490 else 1e-4)
    assert [p.label for p in boundary.points] == [f"J{n}" for n in range(1, len(found) + 1)]
    assert boundary.count == len(found)


def test_a_table_of_corners_and_a_closed_line_list_each_corner_once(tmp_path: Path) -> None:
    corners = _rings(_parcel(3))[0]
    rows = [[f"拐{n}", north, east] for n, (east, north) in enumerate(corners.tolist(), start=1)]
    path = write_xlsx(tmp_path / "拐点.xlsx", {"表": [["界址点号", "X坐标", "Y坐标"], *rows, rows[0]]})
    _, boundary = _read(path, crs="EPSG:4527")
    assert [p.label for p in boundary.points] == [row[0] for row in rows]
    assert [(p.north_m, p.east_m) for p in boundary.points] == [(row[1], row[2]) for row in rows]
    ring = [(117.7, 40.9), (117.71, 40.9), (117.71, 40.91), (117.7, 40.91), (117.7, 40.9)]
    _, closed = _read(kml(tmp_path / "路径.kml", kml_line(ring)))
    assert [(p.lon_deg, p.lat_deg) for p in closed.points] == ring[:-1] and closed.points[-1].label == "J4"


def test_a_mended_outline_lists_what_was_handed_in_and_says_so(tmp_path: Path) -> None:
    spike = [(0, 0), (4000, 0), (4000, 3000), (4300, 3000), (4000, 3000), (0, 3000)]
    parcel = to_lonlat([shapely.Polygon(np.array(spike) + CENTRE)], 4527)[0]
    _, boundary = _read(write_layer(tmp_path / "刺.gpkg", [parcel], {"name": ["甲"]}, epsg=4527))
    assert boundary.count == len(spike) and "读入时图形有修复" in boundary.note


def test_every_rendering_of_a_report_has_the_same_points(tmp_path: Path) -> None:
    path = tmp_path / "地块.txt"
    path.write_text(boundary_text(boundary_lines(_parcel(5), digits=3)), encoding="utf-8")
    subjects, boundary = _read(path)
    given = subjects.given[subjects.frame["subject_id"].iloc[0]]
    base = make_assessment()
    frame = base.subjects.frame.copy()
    frame.loc[frame["subject_id"] == "P000", "geometry"] = subjects.frame.geometry.to_numpy()
    report = compose_report(replace(base, subjects=replace(base.subjects, frame=frame, given={"P000": given})), "P000")
    assert report.basics.points == boundary.points and report.basics.point_count == boundary.count
    drawn = [mark for mark in report.figures[1].marks if mark.style == "point"]
    assert len(drawn) == boundary.count
    record = json.loads(report_json(report))
    assert [p["label"] for p in record["basics"]["points"]] == [p.label for p in boundary.points]
    (grid,) = (t for t in Document(io.BytesIO(render_docx(report))).tables if t.cell(0, 0).text == "点号")
    listed = [[cell.text for cell in row.cells] for row in grid.rows[1:]]
    assert [(row[0], row[4], row[5]) for row in listed] == [
        (p.label, f"{p.north_m:.3f}", f"{p.east_m:.3f}") for p in boundary.points
    ]
    page = BeautifulSoup(render_screening(report), "html.parser")
    assert [[cell.text for cell in row.select("td")] for row in page.select("#points tbody tr")] == listed
