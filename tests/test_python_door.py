"""The door for Python users: it answers as the command line does, file by file, and refuses what files may not be."""

import inspect
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame, GeoSeries
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import metres
from small_workspace import small_workspace

import cdgis
from cdgis.cli import main
from cdgis.readers.frame_sites import frame_file_name, frame_geojson
from cdgis.results.tables import TABLES

ABOUT = {"industry": "3031", "project_type": "新建", "activity": "开发性生产性建设"}
HEAVY = ("geopandas", "pandas", "numpy", "shapely", "rasterio", "fiona", "pyogrio", "pyproj", "folium", "pydantic", "typer")
REPO = Path(__file__).resolve().parents[1]


def command(*args):
    """Return the exit code of the command line called in this process."""
    with pytest.raises(SystemExit) as left:
        main([str(arg) for arg in args])
    return int(left.value.code or 0)


def options(**about):
    return [word for key, value in about.items() for word in (f"--{key.replace('_', '-')}", value)]


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_workspace(tmp_path_factory.mktemp("door") / "工作区")


@pytest.fixture(scope="module")
def ws(folder):
    return cdgis.open_workspace(folder)


def frame(*shapes, crs=4490, **columns):
    return GeoDataFrame(columns, geometry=list(shapes), crs=4490).to_crs(crs)


def test_import_loads_no_library_and_no_room():
    code = f"import sys, cdgis; print([m for m in sys.modules if m.split('.')[0] in {HEAVY} or m.startswith('cdgis.')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPO)
    assert found.stdout.strip() == "['cdgis.core', 'cdgis.core.errors']"


def test_import_takes_below_50_ms_beside_bare_python():
    def seconds(code):
        """CPU time of a process from its start: what else the machine does must not count."""
        code = f"import time; {code}; print(time.process_time())"
        return float(subprocess.run([sys.executable, "-c", code], check=True, cwd=REPO, capture_output=True, text=True).stdout)

    assert min(seconds("import cdgis") for _ in range(7)) - min(seconds("pass") for _ in range(7)) < 0.05


def test_every_public_name_is_there_and_no_other():
    assert {name for name in cdgis.__all__ if not hasattr(cdgis, name)} == set()
    assert set(cdgis.__all__) <= set(dir(cdgis))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cdgis.nothing  # noqa: B018


def test_opening_reads_no_layer(folder, tmp_path):
    copy = small_workspace(tmp_path)
    for path in (copy / "layers").glob("*.gpkg"):
        path.write_bytes(b"")
    assert repr(cdgis.open_workspace(str(copy))) == "<cdgis.Session 承德市，2 个图层，基准日 2026-11-01>"


@pytest.mark.parametrize("formats", [None, ["html", "docx"], ["json", "xlsx", "gpkg"]])
def test_saved_files_of_a_path_are_those_of_the_command_line(ws, folder, tmp_path, formats):
    site = folder / "layers" / "projects" / "site.gpkg"
    ws.screen(site, **ABOUT, attributes={"two_high": True}).save(tmp_path / "a", formats=formats)
    wanted = ["--format", ",".join(formats)] if formats else []
    asked = ["screen", site, "--workspace", folder, "--out", tmp_path / "b", "--quiet", *options(**ABOUT)]
    assert command(*asked, "--attr", "two_high=true", *wanted) == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b") != {}


def test_saved_files_of_wkt_and_of_a_whole_run_are_those_of_the_command_line(ws, folder, tmp_path):
    wkt = shapely.to_wkt(metres(900, 100, 1300, 200), rounding_precision=9)
    ws.screen([wkt, str(folder / "layers" / "projects" / "site.gpkg")], **ABOUT).save(tmp_path / "a")
    site = folder / "layers" / "projects" / "site.gpkg"
    asked = ["screen", site, "--wkt", wkt, "--workspace", folder, "--out", tmp_path / "b", "--quiet"]
    assert command(*asked, *options(**ABOUT)) == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    ws.run().save(tmp_path / "c")
    assert command("run", "--workspace", folder, "--out", tmp_path / "d", "--quiet") == 0
    assert contents(tmp_path / "c") == contents(tmp_path / "d")


def test_relocation_with_assumptions_is_that_of_the_command_line(ws, folder, tmp_path):
    ws.relocate().save(tmp_path / "a")
    assert command("relocate", "--workspace", folder, "--out", tmp_path / "b", "--quiet") == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_decisions_already_recorded_stay_in_reports_saved_again(ws, folder, tmp_path):
    site = folder / "layers" / "projects" / "site.gpkg"
    result = ws.screen(site, **ABOUT)
    result.save(tmp_path / "a", formats=["html", "json"])
    number = next(iter(result.subjects["subject_id"]))
    rule = result.findings["rule_id"].iloc[0]
    words = ["--finding", rule, "--decision", "同意", "--reason", "现场核实", "--officer", "甲"]
    review = command("review", tmp_path / "a" / f"{number}.html", *words)
    assert review == 0
    before = contents(tmp_path / "a")
    result.save(tmp_path / "a", formats=["html", "json"])
    assert contents(tmp_path / "a") == before


# ---- frames in memory ------------------------------------------------------------------------------------------


def corner():
    return st.floats(-3000, 4000).map(lambda value: round(value, 3))


@st.composite
def frames(draw):
    """Yield frames of a few squares around the red line, in any CRS files may have, with columns of many types."""
    count = draw(st.integers(1, 3))
    shapes = [
        metres(x, y, x + draw(st.floats(1, 900)), y + draw(st.floats(1, 900)))
        for x, y in [(draw(corner()), draw(corner())) for _ in range(count)]
    ]
    cells = st.one_of(st.none(), st.integers(-9, 9), st.floats(), st.booleans(), st.text(max_size=5), st.dates(), st.just(pd.NA))
    columns = {name: [draw(cells) for _ in range(count)] for name in ("备注", "two_high", "x y")}
    return frame(*shapes, crs=draw(st.sampled_from([4490, 4326, 4526, 4548, 4549])), **columns)


@settings(max_examples=4)
@given(sites=frames())
def test_frame_answers_as_the_file_saved_beside_its_reports(ws, folder, tmp_path_factory, sites):
    scratch = tmp_path_factory.mktemp("frame")
    result = ws.screen(sites, **ABOUT)
    result.save(scratch / "a", formats=["json"])
    kept = scratch / "a" / frame_file_name(frame_geojson(sites))
    elsewhere = scratch / "elsewhere" / kept.name
    elsewhere.parent.mkdir()
    kept.rename(elsewhere)
    asked = ["screen", elsewhere, "--workspace", folder, "--out", scratch / "b", "--format", "json", "--quiet"]
    assert command(*asked, *options(**ABOUT)) == 0
    ours, theirs = contents(scratch / "a"), contents(scratch / "b")
    assert {name for name in ours if ours[name] != theirs.get(name)} == {".cdgis.json"}  # it lists the frame's own file
    assert ours.keys() == theirs.keys()


@settings(max_examples=4)
@given(sites=frames())
def test_frame_is_judged_as_the_geopackage_written_of_it(ws, tmp_path_factory, sites):
    path = tmp_path_factory.mktemp("gpkg") / "sites.gpkg"
    sites[["geometry"]].to_file(path)
    ours, theirs = ws.screen(sites[["geometry"]], **ABOUT), ws.screen(path, **ABOUT)
    for name in ("verdicts", "findings", "overlaps", "ledger"):
        one, other = (result.tables[name].drop(columns="subject_id") for result in (ours, theirs))
        # rows are sorted by subject, whose ids differ; the order of the sites is the same
        pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-6)


def test_same_frame_is_the_same_input_and_any_change_is_another():
    sites = frame(metres(0, 0, 9, 9), metres(20, 0, 29, 9), name=["甲", "乙"], n=[1, 2])
    name = frame_file_name(frame_geojson(sites))
    assert frame_file_name(frame_geojson(sites.copy())) == name
    assert frame_file_name(frame_geojson(sites.astype({"name": "category", "n": "Int8"}))) == name
    changed = [
        sites.iloc[::-1], sites.assign(n=[1, 3]), sites.rename(columns={"n": "m"}), sites.to_crs(4548),
        sites.set_index("name"), sites.translate(1e-9, 0).to_frame("geometry").assign(name=sites["name"], n=sites["n"]),
    ]  # fmt: skip
    names = [frame_file_name(frame_geojson(other)) for other in changed]
    assert len({name, *names}) == 1 + len(names)


def test_report_of_a_frame_can_be_verified_where_it_was_saved(ws, folder):
    result = ws.screen(frame(metres(900, 100, 1300, 200), crs=4548, name=["内存地块"]), **ABOUT)
    out = folder / "reports" / "验"
    pages = [path for path in result.save(out) if path.suffix == ".html" and path.parent == out]
    assert len(pages) == 1 and command("verify", pages[0], "--workspace", folder) == 0
    kept = next(out.glob("*.geojson"))
    kept.write_bytes(kept.read_bytes().replace("内存地块".encode(), "别的地块".encode()))
    assert command("verify", pages[0], "--workspace", folder) == 2


def test_index_of_a_frame_names_its_subjects(ws):
    sites = frame(metres(0, 0, 9, 9), metres(20, 0, 29, 9), name=["甲", "乙"])
    sites.index = ["p1", "p2"]
    ids = ws.screen(sites, **ABOUT).verdicts["subject_id"]
    stem = frame_file_name(frame_geojson(sites)).removesuffix(".geojson")
    assert list(ids) == [f"{stem}-p1", f"{stem}-p2"]


def test_series_and_declared_crs_are_read_like_frames(ws):
    square = metres(0, 0, 9, 9)
    series = GeoSeries([square], crs=4490)
    bare = GeoSeries([square])
    assert ws.screen(series).verdicts.geom_equals(ws.screen(bare, crs="EPSG:4490").verdicts).all()


@pytest.mark.parametrize(
    ("crs", "found", "remedy"),
    [(None, "没有坐标系", "set_crs"), (3857, "EPSG:3857", "to_crs"), (2360, "EPSG:2360", "转换参数")],
)
def test_frame_whose_crs_no_file_may_have_is_refused_with_the_way_out(ws, crs, found, remedy):
    sites = GeoDataFrame(geometry=[shapely.box(117, 40, 117.01, 40.01)], crs=crs)
    with pytest.raises(cdgis.CrsError, match=found) as caught:
        ws.screen(sites)
    assert remedy in caught.value.remedy and found in caught.value.reason and caught.value.source == "GeoDataFrame"


def test_degrees_under_a_projected_crs_are_refused(ws):
    with pytest.raises(cdgis.ReaderError, match="4548"):
        ws.screen(GeoDataFrame(geometry=[shapely.box(117, 40, 117.01, 40.01)], crs=4548))


def test_frame_without_geometry_is_refused(ws):
    with pytest.raises(cdgis.UsageError, match="没有图形列"):
        ws.screen(GeoDataFrame({"a": [1]}))


def test_every_kind_of_shape_is_judged_mended_or_told(ws):
    square, ring = metres(0, 0, 9, 9), shapely.LinearRing([(117.5, 41.4), (117.51, 41.4), (117.51, 41.41)])
    line = shapely.LineString([(117.5, 41.4), (117.51, 41.41)])
    broken = [shapely.transform(line, lambda xy, bad=bad: np.where(xy == xy[1], bad, xy)) for bad in (np.nan, np.inf)]
    tie = shapely.Polygon([(117.5, 41.4), (117.51, 41.41), (117.51, 41.4), (117.5, 41.41)])
    shapes = [square, ring, shapely.force_3d(square), shapely.GeometryCollection([square, ring]), tie, *broken, None]
    result = ws.screen(GeoDataFrame(geometry=shapes, crs=4490), **ABOUT)
    statuses = ["accepted", "repaired", "accepted", "repaired", "quarantined", "quarantined", "quarantined", "quarantined"]
    assert list(result.intake.sort_values("row")["status"]) == statuses


def test_columns_of_one_name_are_refused(ws):
    sites = frame(metres(0, 0, 9, 9), a=[1], b=[2])
    sites.columns = ["a", "a", "geometry"]
    with pytest.raises(cdgis.UsageError, match="同名的列 a"):
        ws.screen(sites)


def test_row_without_a_shape_is_told_and_the_others_are_judged(ws):
    sites = frame(metres(0, 0, 9, 9), None, shapely.Polygon(), name=["甲", "乙", "丙"])
    result = ws.screen(sites, **ABOUT)
    lost = result.intake[result.intake["status"] == "quarantined"]
    assert len(result.verdicts) == 1 and list(lost["row"]) == ["2", "3"]
    assert "未能读入 2 行" in result._repr_html_()
    with pytest.raises(cdgis.ReaderError, match="没有读到可研判的地块"):
        ws.screen(sites.iloc[1:])


@pytest.mark.parametrize("sites", [5, None, [], {}, shapely.Point(117, 40), [shapely.Point(117, 40)], (117.0, 40.0)])
def test_what_is_no_site_is_refused_with_what_to_give(ws, sites):
    with pytest.raises(cdgis.UsageError, match="GeoDataFrame、文件路径"):
        ws.screen(sites)


@pytest.mark.parametrize("text", ["POINT (1).shp", "polygon.shp", "MULTI/地块.gpkg"])
def test_file_named_like_wkt_is_a_file(ws, text):
    with pytest.raises(cdgis.ReaderError, match="找不到文件"):
        ws.screen(text)


def test_coordinates_are_typed_as_on_the_command_line(ws, folder, tmp_path):
    place = "117°30′01″E,41°24′02″N"
    ws.screen([place, "117.51,41.41"], **ABOUT, seen={"opinion_document": "张三"}).save(tmp_path / "a")
    asked = ["screen", "--lonlat", place, "--lonlat", "117.51,41.41", "--seen", "opinion_document=张三"]
    assert command(*asked, "--workspace", folder, "--out", tmp_path / "b", "--quiet", *options(**ABOUT)) == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


NAMES = {
    "screen": {"files": "sites", "wkt": "sites", "lonlat": "sites", "attr": "attributes", "attributes": "sidecar",
               "tolerance": "tolerance_m", "engine": "", "scheduler": "", "formats": ""},
    "guide": {"attr": "attributes", "spacing": "spacing_m"},
    "trace": {"start": "subject", "down": ""},
    "run": {"reports": ""}, "relocate": {}, "carbon": {"jobs": ""},
}  # fmt: skip
"""Command -> parameter whose name differs in Python -> its name there, "" where there is none."""
OF_THE_TERMINAL = {"workspace", "out", "quiet", "strict", "no_cache", "debug"}


@pytest.mark.parametrize("name", NAMES)
def test_everything_a_command_can_be_asked_can_be_asked_in_python(name):
    from typer.main import get_command

    from cdgis.cli import app

    known = set(inspect.signature(getattr(cdgis.Session, name)).parameters)
    asked = {param.name for param in get_command(app).commands[name].params if param.name != "help"}
    wanted = {NAMES[name].get(param, param) for param in asked - OF_THE_TERMINAL} - {""}
    assert wanted - known == set()


def test_two_threads_ask_one_session_and_get_what_each_gets_alone(ws):
    places = [shapely.to_wkt(metres(x, 100, x + 300, 400), rounding_precision=9) for x in (-2000, 900, 3100, 3400)]
    alone = [ws.screen(place, **ABOUT).tables for place in places]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda place: ws.screen(place, **ABOUT).tables, places))
    for one, other in zip(alone, together, strict=True):
        for name in one:
            pd.testing.assert_frame_equal(one[name], other[name])
    assert len({tables["verdicts"]["verdict"].iloc[0] for tables in alone}) > 1


# ---- answers ---------------------------------------------------------------------------------------------------


def test_tables_have_geometry_and_are_copies(ws, folder):
    result = ws.screen(folder / "layers" / "projects" / "site.gpkg", **ABOUT)
    for found in (result.verdicts, result.subjects):
        assert found.crs.to_epsg() == 4490 and found.geometry.notna().all()
    assert list(result.verdicts.columns) == [*TABLES["verdicts"].names, "geometry"]
    assert list(result.findings.columns) == TABLES["findings"].names
    for name in ("findings", "overlaps", "intake"):
        for found in (getattr(result, name), result.tables[name]):
            found.loc[:, found.columns[0]] = "x"
        assert "x" not in set(getattr(result, name).iloc[:, 0])


def test_units_are_told_for_every_number_with_one():
    shown = {t.name: [c.name for c in t.columns if c.kind == "number" and not c.unit and t.name] for t in TABLES.values()}
    own_unit = {t.name for t in TABLES.values() if "unit" in t.names}
    bare = {name for table, names in shown.items() if table not in own_unit for name in names}
    # scores, weights, ranks and years have no unit
    assert {name for name in bare if name.split("_")[0] not in ("score", "closeness", "weight", "points", "rank", "year",
                                                                "industry", "before", "after", "expected", "found")} == set()


def test_text_from_data_is_escaped_in_notebooks(ws, folder):
    result = ws.screen(folder / "layers" / "projects" / "site.gpkg", name="<script>alert(1)</script>")
    assert "<script>" not in result._repr_html_() and "&lt;script&gt;" in result._repr_html_()
    assert "<table" in ws._repr_html_()


def test_layers_are_read_once_and_handed_out_as_copies(ws):
    redline = ws.layers["ecological_redline"]
    redline["zone_id"] = "x"
    assert set(ws.layers["ecological_redline"]["zone_id"]) == {"H1", "H2"}
    assert list(ws.layers) == ["city", "ecological_redline"] and len(ws.layers) == 2 and "none" not in ws.layers
    with pytest.raises(cdgis.CatalogError, match="没有图层 none"):
        ws.layers["none"]


@pytest.mark.parametrize("day", ["2026-13-01", "1900-01-01", 20261101])
def test_day_that_is_none_is_refused(ws, day):
    with pytest.raises(cdgis.UsageError, match="日期读到"):
        ws.screen("POINT(117 40)", as_of=day)


def test_reports_are_not_written_among_inputs(ws, folder):
    result = ws.screen("POINT(117.5 40.5)", **ABOUT)
    with pytest.raises(cdgis.UsageError, match="layers"):
        result.save(folder / "layers" / "projects")


def test_formats_of_a_whole_run_cannot_be_chosen(ws, tmp_path):
    with pytest.raises(cdgis.UsageError, match="不能选格式"):
        ws.run().save(tmp_path / "r", formats=["html"])


@pytest.mark.parametrize("place", [{}, {"lon": 117.9}, {"lon": 117.9, "lat": 40.9, "subject": "E0003"}])
def test_trace_needs_one_start(ws, place):
    with pytest.raises(cdgis.UsageError, match="二者给其一"):
        ws.trace(**place)
