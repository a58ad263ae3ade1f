"""One parcel, every format, every statement of its datum, every way to give its ring: one verdict, one area, or a question."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from format_files import further_forms
from ring_files import asked_forms, every_form, geojson, kml, kml_line, kml_polygon, labels, ring_of, table, vertex_rows
from shapes import from_metres, in_crs, workspace, write_layer
from small_workspace import small_workspace

from cdgis.core.progress import Silent
from cdgis.geometry.geodesy import bd09_to_cgcs2000, cgcs2000_to_gcj02, gcj02_to_bd09, survey_area_m2
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers import TypedSites, read_sites
from cdgis.readers.inputs import SITE_SUFFIXES
from cdgis.readers.loading import load_workspace
from cdgis.workspace.layers import Subjects
from cdgis.workspace.settings import open_workspace

PARCEL = from_metres(shapely.Polygon([(-80, -90), (1090, -80), (1080, 1095), (-85, 1080)]))
"""80 m outside of the red line of the small workspace on every side: its outline touches nothing."""
AREA_M2 = float(survey_area_m2([PARCEL])[0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def read(folder: Path) -> dict[str, Subjects]:
    here = workspace(folder)
    forms = every_form(folder, PARCEL) | further_forms(folder / "further", PARCEL)
    return {name: read_sites(here, [path], declared=given) for name, (path, given) in forms.items()}


def test_every_format_that_is_read_stands_in_the_matrix(folder: Path, read: dict[str, Subjects]) -> None:
    written = {path.suffix for path in folder.rglob("*")}
    other_names = {".xlsm", ".geojsons", ".ndjson", ".jsonl", ".geoparquet"}
    assert set(SITE_SUFFIXES) - written - other_names == set()


def test_every_form_of_one_parcel_is_one_site_of_its_area(read: dict[str, Subjects]) -> None:
    """A MapInfo TAB keeps coordinates as integers over its whole extent, so that its land is a hundred-thousandth off."""
    for name, subjects in read.items():
        assert [note.status.value for note in subjects.intake if note.status == "quarantined"] == [], name
        assert len(subjects.frame) == 1, name
        precision = 1e-5 if name == "tab zip" else 2e-6
        assert float(survey_area_m2(subjects.frame.geometry.to_numpy())[0]) == pytest.approx(AREA_M2, rel=precision), name
        assert subjects.frame["accuracy_m"].tolist() == [0.0], name


def test_every_form_of_one_parcel_has_one_verdict(read: dict[str, Subjects], tmp_path: Path) -> None:
    frames = [s.frame.assign(subject_id=name, project_type="新建", industry="3011") for name, s in read.items()]
    frame = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=4490)
    none = pd.DataFrame(columns=["subject_id", "attribute", "value", "unit"])
    with load_workspace(open_workspace(small_workspace(tmp_path)), as_of=None, tolerance_m=None, progress=Silent()) as loaded:
        verdicts = judge_subjects(loaded, Subjects(frame=frame, attributes=none)).tables["verdicts"]
    assert len(verdicts) == len(read)
    assert set(verdicts["verdict"]) == {"不符合"}, verdicts[["subject_id", "verdict"]]


@pytest.mark.parametrize("word", ["kml 路径", "shp 线", "csv 编号为 J", "xlsx 拐点表", "txt 图形属性空、未闭合", "csv 编号，写明面"])
def test_what_is_inferred_is_said(read: dict[str, Subjects], word: str) -> None:
    (note,) = read[word].intake
    assert note.status == "repaired"
    assert "面" in note.reason and "--as" in note.remedy
    assert "面" in read[word].frame["notes"].iloc[0]


def test_what_only_a_person_can_tell_is_asked_in_one_line(folder: Path) -> None:
    for name, path in asked_forms(folder, PARCEL).items():
        subjects = read_sites(workspace(folder), [path], declared={"crs": "CGCS2000"})
        assert len(subjects.frame) == 0, name
        (note,) = subjects.intake
        assert note.status == "quarantined" and "--as polygon" in note.remedy, name


def test_the_question_is_answered_by_the_option(folder: Path) -> None:
    for name, path in asked_forms(folder, PARCEL).items():
        given = {"crs": "CGCS2000", "geometry_kind": "polygon"}
        (shape,) = read_sites(workspace(folder), [path], declared=given).frame.geometry
        assert float(survey_area_m2([shape])[0]) == pytest.approx(AREA_M2, rel=2e-2), name


def shifted(datum: str) -> shapely.Polygon:
    """Return the parcel in the degrees of another datum."""
    lon, lat = np.array(ring_of(PARCEL)).T
    lon, lat = cgcs2000_to_gcj02(lon, lat)
    if datum == "BD-09":
        lon, lat = gcj02_to_bd09(lon, lat)
    return shapely.Polygon(np.column_stack([lon, lat]))


def degree_files(folder: Path, shape: shapely.Polygon) -> Iterator[Path]:
    """Write every degree format that states no datum."""
    ring = ring_of(shape)
    yield kml(folder / "d.kml", kml_polygon(ring))
    yield kml(folder / "d路径.kml", kml_line(ring))
    yield geojson(folder / "d.geojson", [shape])
    yield table(folder / "d.csv", ("拐点", "经度", "纬度"), vertex_rows(ring, labels(ring)))
    yield table(folder / "dw.csv", ("名称", "wkt"), [["甲", f'"{shape.wkt}"']])
    txt = folder / "d.txt"
    txt.write_text("\n".join(f"{n},1,{y:.9f},{x:.9f}" for n, (x, y) in zip(labels(ring), ring, strict=True)), "utf-8")
    yield txt


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09", "高德", "百度"])
def test_a_declared_shift_fits_every_degree_input(folder: Path, datum: str) -> None:
    shape = shifted("BD-09" if datum in ("BD-09", "百度") else "GCJ-02")
    here = workspace(folder)
    for path in degree_files(folder, shape):
        (found,) = read_sites(here, [path], declared={"crs": datum}).frame.geometry
        assert found.hausdorff_distance(PARCEL) < 2e-7, path.name
    shp = write_layer(folder / "d.shp", [shape], epsg=None)
    typed = TypedSites(wkt=(shape.wkt,))
    for subjects in (read_sites(here, [shp], declared={"crs": datum}), read_sites(here, [], declared={"crs": datum}, typed=typed)):
        assert subjects.frame.geometry.iloc[0].hausdorff_distance(PARCEL) < 2e-7


def test_a_datum_nobody_states_costs_the_same_in_every_degree_format(folder: Path) -> None:
    for path in degree_files(folder, PARCEL):
        subjects = read_sites(workspace(folder), [path])
        assert subjects.frame["accuracy_m"].tolist() == [700.0], path.name
        assert "700 米" in subjects.intake[0].reason, path.name


def test_a_shift_declared_for_a_plane_is_refused(folder: Path) -> None:
    path = write_layer(folder / "plane.gpkg", [PARCEL], epsg=4548)
    (note,) = read_sites(workspace(folder), [path], declared={"crs": "GCJ-02"}).intake
    assert note.status == "quarantined" and "写明 GCJ-02，文件却是 CGCS2000 3度带" in note.reason


NAME = "urn:ogc:def:crs:EPSG::{}"
STATEMENTS = {
    "name": {"type": "name", "properties": {"name": NAME}},
    "short name": {"type": "name", "properties": {"name": "EPSG:{}"}},
    "url": {"type": "name", "properties": {"name": "http://www.opengis.net/def/crs/EPSG/0/{}"}},
    "version": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG:6.9:{}"}},
    "code": {"type": "EPSG", "properties": {"code": "{}"}},
    "link": {"type": "link", "properties": {"href": "http://spatialreference.org/ref/epsg/{}/proj4/", "type": "proj4"}},
    "epsg.io": {"type": "link", "properties": {"href": "https://epsg.io/?q=EPSG:{}", "type": "ogcwkt"}},
    "bare": "EPSG:{}",
    "bare code": "{}",
    "wkid": {"wkid": "{}"},
}


def filled(statement: object, code: int) -> object:
    """Return a statement with its code put in; a code alone as a number."""
    if isinstance(statement, dict):
        return {key: filled(value, code) for key, value in statement.items()}
    return code if statement == "{}" else str(statement).replace("{}", str(code))


@pytest.mark.parametrize("form", STATEMENTS)
@pytest.mark.parametrize("code", [4490, 4548, 4527, 4326])
def test_every_form_of_a_geojson_crs_is_read(folder: Path, form: str, code: int) -> None:
    shape = PARCEL if code in (4490, 4326) else in_crs(PARCEL, code)
    subjects = read_sites(workspace(folder), [geojson(folder / "s.geojson", [shape], filled(STATEMENTS[form], code))])
    assert float(survey_area_m2(subjects.frame.geometry.to_numpy())[0]) == pytest.approx(AREA_M2, rel=2e-6)
    assert subjects.frame["accuracy_m"].tolist() == [0.0]


@pytest.mark.parametrize("form", STATEMENTS)
@pytest.mark.parametrize("code", [4610, 4214, 2383])
def test_an_old_datum_is_refused_in_every_form(folder: Path, form: str, code: int) -> None:
    path = geojson(folder / "o.geojson", [PARCEL], filled(STATEMENTS[form], code))
    (note,) = read_sites(workspace(folder), [path]).intake
    assert note.status == "quarantined" and ("西安80" in note.reason or "北京54" in note.reason)


@pytest.mark.parametrize(
    "statement",
    [{"type": "name", "properties": {}}, {"type": "link", "properties": {"href": "file:///etc/passwd"}}, {"type": "name"},
     {"type": "EPSG", "properties": {"code": None}}, [4490], {}, {"type": "name", "properties": {"name": "本地坐标"}}, True],
)  # fmt: skip
def test_an_unknown_statement_is_an_error(folder: Path, statement: object) -> None:
    (note,) = read_sites(workspace(folder), [geojson(folder / "u.geojson", [PARCEL], statement)]).intake
    assert note.status == "quarantined" and "坐标系" in note.reason


@pytest.mark.parametrize(("word", "status", "accuracy_m"), [
    ("WGS84", "accepted", 0.0), ("CGCS2000", "accepted", 0.0), ("GCJ-02", "accepted", 0.0), ("BD09", "accepted", 0.0),
    ("西安80", "quarantined", None), ("火星人", "accepted", 0.0), ("地方独立", "quarantined", None),
])  # fmt: skip
def test_the_datum_a_kml_states_is_read(folder: Path, word: str, status: str, accuracy_m: float | None) -> None:
    shape = shifted("BD-09") if word == "BD09" else shifted("GCJ-02") if word in ("GCJ-02", "火星人") else PARCEL
    for head, inside in ((f"<OvCoordType>{word}</OvCoordType>", ""), ("", f"<OvCoordType>{word}</OvCoordType>"),
                         ("", f'<ExtendedData><Data name="坐标系"><value>{word}</value></Data></ExtendedData>')):  # fmt: skip
        path = kml(folder / "ov.kml", inside + kml_polygon(ring_of(shape)), head=head)
        subjects = read_sites(workspace(folder), [path])
        assert subjects.intake[0].status == status, subjects.intake
        if accuracy_m is not None:
            assert subjects.frame["accuracy_m"].tolist() == [accuracy_m]
            assert subjects.frame.geometry.iloc[0].hausdorff_distance(PARCEL) < 2e-7


@pytest.mark.parametrize(("srid", "given", "read"), [
    (4490, "", True), (4326, "CGCS2000", True), (4548, "", True), (4527, "CGCS2000", True), (4610, "", False),
    (4610, "CGCS2000", False), (999999, "", False), (4490, "EPSG:4548", False),
])  # fmt: skip
def test_the_srid_of_an_ewkt_is_read(folder: Path, srid: int, given: str, read: bool) -> None:
    shape = in_crs(PARCEL, srid) if srid in (4548, 4527) else PARCEL
    typed = TypedSites(wkt=(f"SRID={srid};{shape.wkt}",))
    subjects = read_sites(workspace(folder), [], declared={"crs": given} if given else {}, typed=typed)
    assert len(subjects.frame) == int(read), subjects.intake
    if read:
        assert float(survey_area_m2(subjects.frame.geometry.to_numpy())[0]) == pytest.approx(AREA_M2, rel=2e-6)
        assert subjects.frame["accuracy_m"].tolist() == [0.0]


def test_the_shift_of_the_test_is_that_of_the_reader() -> None:
    lon, lat = np.array(ring_of(shifted("BD-09"))).T
    assert np.abs(np.column_stack(bd09_to_cgcs2000(lon, lat)) - np.array(ring_of(PARCEL))).max() < 1e-7
