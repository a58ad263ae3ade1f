"""Prefix, statement in the file, declaration and place agree in every format that carries plane coordinates.

The laws of test_place_agreement, there for shapefiles and boundary texts, here for all others, with the same statements.
"""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry
from test_place_agreement import PLACES, judge_law, statements, workspace_at, written_numbers, zone_names

from cdgis.readers import TypedSites, read_sites
from cdgis.workspace.layers import Subjects

Write = Callable[[Path, BaseGeometry, int | None], Path]


def through_gdal(suffix: str, **options: str) -> Write:
    """Return a writer of a format that keeps the statement beside the numbers."""

    def write(folder: Path, plane: BaseGeometry, stated: int | None) -> Path:
        frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[plane], crs=stated)
        path = folder / f"a{suffix}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file that states nothing is what the law is about
            frame.to_parquet(path) if suffix == ".parquet" else frame.to_file(path, **options)
        return path

    return write


def lines_of(suffix: str, *, head: str = "", row: str, statement: bool = False) -> Write:
    """Return a writer of one line a vertex."""

    def write(folder: Path, plane: BaseGeometry, stated: int | None) -> Path:
        said = f"EPSG:{stated}" if stated and statement else ""
        points = enumerate(plane.exterior.coords[:-1], start=1)
        body = [row.format(n=n, x=f"{x:.4f}", y=f"{y:.4f}", said=said) for n, (x, y) in points]
        path = folder / f"a{suffix}"
        path.write_text("\n".join([*([head] if head else []), *body]) + "\n", encoding="utf-8")
        return path

    return write


def geojson(folder: Path, plane: BaseGeometry, stated: int | None) -> Path:
    """Write GeoJSON with the old crs member."""
    crs = {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{stated}"}}} if stated else {}
    feature = {"type": "Feature", "properties": {"name": "甲"}, "geometry": shapely.geometry.mapping(plane)}
    (folder / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature], **crs}), encoding="utf-8")
    return folder / "a.geojson"


def esri_json(folder: Path, plane: BaseGeometry, stated: int | None) -> Path:
    """Write a feature set as FeatureServer answers it."""
    reference = {"spatialReference": {"wkid": stated, "latestWkid": stated}} if stated else {}
    feature = {"attributes": {"name": "甲"}, "geometry": {"rings": [list(plane.exterior.coords)]}}
    document = {"geometryType": "esriGeometryPolygon", "features": [feature], **reference}
    (folder / "a.json").write_text(json.dumps(document), encoding="utf-8")
    return folder / "a.json"


def dxf(folder: Path, plane: BaseGeometry, _: int | None) -> Path:
    """Write a closed line in metres; a drawing states no coordinate system."""
    import ezdxf

    document = ezdxf.new("R2018")
    document.header["$INSUNITS"] = 6
    document.modelspace().add_lwpolyline(list(plane.exterior.coords)[:-1], close=True)
    document.saveas(folder / "a.dxf")
    return folder / "a.dxf"


def table_wkt(folder: Path, plane: BaseGeometry, stated: int | None) -> Path:
    """Write a table with an EWKT column."""
    text = f"SRID={stated};{plane.wkt}" if stated else plane.wkt
    (folder / "a.csv").write_text(f'名称,WKT\n甲,"{text}"\n', encoding="utf-8")
    return folder / "a.csv"


SAYS: dict[str, Write] = {
    ".gpkg": through_gdal(".gpkg"), ".gml": through_gdal(".gml"), ".fgb": through_gdal(".fgb"), ".parquet": through_gdal(".parquet"),
    ".mif": through_gdal(".mif", driver="MapInfo File", FORMAT="MIF"), ".gdb": through_gdal(".gdb", driver="OpenFileGDB"),
    ".geojson": geojson, "esri": esri_json, "wkt.csv": table_wkt,
    "vertices.csv": lines_of(".csv", head="点号,东坐标,北坐标,坐标系", row="J{n},{x},{y},{said}", statement=True),
}  # fmt: skip
"""Formats whose file can state a coordinate system."""
SILENT: dict[str, Write] = {".dxf": dxf, ".dat": lines_of(".dat", row="{n},,{x},{y},0.0"),
                            "bare.csv": lines_of(".csv", head="点号,X坐标,Y坐标", row="J{n},{y},{x}")}  # fmt: skip
"""Formats in which only the numbers and the declaration speak."""


def read(root: Path, name: str, write: Write, plane: BaseGeometry, stated: int | None, claim: str) -> Subjects:
    path = write(root, plane, stated)
    declared = {"geometry_kind": "polygon"} | ({"crs": claim} if claim else {})
    return read_sites(workspace_at(root, PLACES[name]), [path], declared=declared)


@pytest.mark.parametrize("form", [*SAYS, *SILENT])
@settings(max_examples=15)
@given(case=statements())
def test_no_file_whose_statements_differ_is_accepted(tmp_path_factory, form, case):
    name, spot, numbers, stated, claim, number = case
    stated = stated if form in SAYS else None
    plane = written_numbers(spot, numbers)
    subjects = read(tmp_path_factory.mktemp("law"), name, (SAYS | SILENT)[form], plane, stated, claim)
    judge_law(subjects, numbers, plane, zone_names(numbers, stated, number), PLACES[name])


@settings(max_examples=60)
@given(case=statements(), kind=st.sampled_from(["wkt", "hex", "pair"]))
def test_nothing_typed_whose_statements_differ_is_accepted(tmp_path_factory, case, kind):
    name, spot, numbers, stated, claim, number = case
    plane = written_numbers(spot, numbers)
    if kind == "pair":
        plane, stated = shapely.Point(written_numbers(spot, numbers).centroid), None
        typed = TypedSites(lonlat=(f"{plane.x:.4f},{plane.y:.4f}",))
    elif kind == "hex":
        typed = TypedSites(wkt=(shapely.to_wkb(shapely.set_srid(plane, stated or 0), hex=True, include_srid=True),))
    else:
        typed = TypedSites(wkt=(f"SRID={stated};{plane.wkt}" if stated else plane.wkt,))
    workspace = workspace_at(tmp_path_factory.mktemp("law"), PLACES[name])
    subjects = read_sites(workspace, [], declared={"crs": claim} if claim else {}, typed=typed)
    judge_law(subjects, numbers, plane, zone_names(numbers, stated, number), PLACES[name])


AGREEING = [(4525, 4525, ""), (4525, 4525, "EPSG:4525"), (4546, None, "EPSG:4546"), (4546, 4546, "CGCS2000"), (4525, None, "CGCS2000"),
            (4525, 4525, "CGCS2000 3度带 37带"), (4546, None, "CGCS2000 3度带 37带"), (4525, None, "EPSG:4525")]  # fmt: skip


@pytest.mark.parametrize("form", [*SAYS, *SILENT])
def test_statements_that_agree_are_accepted_in_every_format(tmp_path, form):
    """The twin: a reader that accepts nothing would keep the law too."""
    spot = (112.6, 26.9)
    for number, (numbers, stated, claim) in enumerate(AGREEING):
        if form in SILENT and (not claim or (numbers, claim) == (4546, "CGCS2000")):
            continue
        if form == ".parquet" and not stated and not claim.startswith("EPSG"):
            continue  # read in parts, which a prefix must not tell apart
        if form == ".mif" and stated and not claim.startswith("EPSG"):
            continue  # MapInfo has no CGCS2000: the file says WGS84, which a declaration must answer
        root = tmp_path / str(number)
        root.mkdir()
        subjects = read(root, "衡阳", (SAYS | SILENT)[form], written_numbers(spot, numbers), stated if form in SAYS else None, claim)
        assert len(subjects.frame) == 1, (form, numbers, stated, claim, subjects.intake)
        site = shapely.Point(spot).buffer(0.002, quad_segs=2)
        assert subjects.frame.geometry.iloc[0].hausdorff_distance(site) < 1e-6


@pytest.mark.parametrize("form", [*SAYS, ".shp"])
@pytest.mark.parametrize("claim", ["CGCS2000", "EPSG:4525", "CGCS2000 3度带37带"])
def test_a_file_that_states_another_datum_than_is_declared_is_refused(tmp_path, form, claim):
    """Xi'an 80, zone 37 (EPSG:2361): a name, a code or words of CGCS2000 do not make it so; only the numbers would fit."""
    plane = written_numbers((112.6, 26.9), 4525)
    subjects = read(tmp_path, "衡阳", (SAYS | {".shp": through_gdal(".shp")})[form], plane, 2361, claim)
    (said,) = {f"{note.status.value} {note.reason}" for note in subjects.intake}
    assert len(subjects.frame) == 0 and "quarantined" in said


@pytest.mark.parametrize(("column", "claim", "read"), [
    ("GCJ-02", "CGCS2000", False), ("西安80", "CGCS2000", False), ("CGCS2000", "GCJ-02", False), ("WGS84", "CGCS2000", True),
    ("见备注", "CGCS2000", True), ("CGCS2000", "EPSG:4525", True), ("BD-09", "bd09", True),
])  # fmt: skip
def test_a_row_in_degrees_whose_datum_the_declaration_contradicts_is_kept_back(tmp_path, column, claim, read):
    (tmp_path / "a.csv").write_text(f"名称,经度,纬度,坐标系\n甲,112.6,26.9,{column}\n", encoding="utf-8")
    subjects = read_sites(workspace_at(tmp_path, PLACES["衡阳"]), [tmp_path / "a.csv"], declared={"crs": claim})
    assert len(subjects.frame) == int(read), subjects.intake
    assert read or "互相矛盾" in subjects.intake[0].reason


@pytest.mark.parametrize(("listed", "claim", "read"), [
    ("EPSG:4546", "EPSG:4546", True), ("EPSG:4546", "EPSG:4547", False), ("西安80", "CGCS2000", False),
])  # fmt: skip
def test_a_sidecar_that_contradicts_the_declaration_is_told(tmp_path, listed, claim, read):
    dxf(tmp_path, written_numbers((112.6, 26.9), 4546), None)
    (tmp_path / "附表.csv").write_text(f"file,name,坐标系\na.dxf,甲,{listed}\n", encoding="utf-8")
    subjects = read_sites(workspace_at(tmp_path, PLACES["衡阳"]), [tmp_path / "a.dxf"], declared={"crs": claim}, sidecar=tmp_path / "附表.csv")
    assert len(subjects.frame) == int(read), subjects.intake
    assert read or any("互相矛盾" in note.reason for note in subjects.intake)


@pytest.mark.parametrize(("name", "code"), [("喀什", 4535), ("衡阳", 4546), ("承德", 4548), ("抚远", 4554), ("三沙", 4547)])
def test_what_to_declare_is_shown_by_a_code_of_the_place(tmp_path, name, code):
    west, south, east, north = PLACES[name]
    plane = written_numbers(((west + east) / 2, (south + north) / 2), code)
    for form in (".gpkg", ".dxf", ".dat"):
        said = read(tmp_path, name, (SAYS | SILENT)[form], plane, None, "").intake[0].remedy
        assert f"EPSG:{code}" in said, (form, said)


@pytest.mark.parametrize("name", ["喀什", "衡阳", "抚远", "漠河"])
@pytest.mark.parametrize("form", [*SAYS, ".dxf", ".dat"])
def test_degrees_the_wrong_way_round_are_called_so_in_every_format(tmp_path, name, form):
    """Latitude written first: put right and said; under a plane's code refused and said; never taken for plane coordinates."""
    west, south, east, north = PLACES[name]
    site = shapely.Point((west + east) / 2, (south + north) / 2).buffer(0.002, quad_segs=2)
    turned = shapely.transform(site, lambda xy: xy[:, ::-1])
    subjects = read(tmp_path, name, (SAYS | SILENT)[form], turned, None, "CGCS2000")
    said = "".join(note.reason for note in subjects.intake)
    assert "经纬度颠倒，已对调" in said and "平面坐标" not in said
    assert subjects.frame.geometry.iloc[0].hausdorff_distance(site) < (1e-4 if form in (".dat", "vertices.csv", ".gdb") else 1e-9)
