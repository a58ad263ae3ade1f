"""The same parcel through every format, with what each producer gets wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
from drawings import write_dxf, write_gdb, zip_folder
from shapes import (
    BOW_TIE,
    PARCEL,
    boundary_lines,
    boundary_text,
    gbk_named_zip,
    in_crs,
    square,
    workspace,
    write_gbk_shapefile,
    write_geojson,
    write_layer,
    zip_files,
    zip_shapefile,
)

from cdgis.core.errors import ReaderError, UsageError
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import TypedSites, read_sites
from cdgis.workspace.layers import Subjects

FIELDS = {"项目名称": ["示例项目甲"], "行业代码": ["3110"], "XMBH": ["P001"]}
AREA_M2 = float(survey_area_m2([PARCEL])[0])


def read(path: Path, **options: object) -> Subjects:
    return read_sites(workspace(path.parent), [path], **options)  # type: ignore[arg-type]


def area_of(subjects: Subjects) -> float:
    return float(survey_area_m2(subjects.frame.geometry.to_numpy()).sum())


def only_note(subjects: Subjects) -> object:
    assert len(subjects.intake) == 1
    return subjects.intake[0]


def statuses(subjects: Subjects) -> list[str]:
    return [note.status.value for note in subjects.intake]


def gbk_shp(folder: Path, epsg: int = 4527) -> Path:
    return write_gbk_shapefile(folder / "地块 一.shp", [PARCEL], FIELDS, epsg=epsg)


def zipped(folder: Path) -> Path:
    return zip_shapefile(folder / "上报.zip", gbk_shp(folder / "原"), folder="目录/子目录/")


def gpkg(folder: Path) -> Path:
    return write_layer(folder / "地块.gpkg", [PARCEL], FIELDS, epsg=4548)


def geojson(folder: Path) -> Path:
    return write_geojson(folder / "地块.geojson", [(PARCEL, {k: v[0] for k, v in FIELDS.items()})])


def geojson_4527(folder: Path) -> Path:
    properties = {k: v[0] for k, v in FIELDS.items()}
    return write_geojson(folder / "平面.geojson", [(in_crs(PARCEL, 4527), properties)], "urn:ogc:def:crs:EPSG::4527")


def kml(folder: Path) -> Path:
    def ring(coords: object) -> str:
        text = " ".join(f"{x!r},{y!r},512.5" for x, y in coords)  # type: ignore[attr-defined]
        return f"<LinearRing><coordinates>{text}</coordinates></LinearRing>"

    body = (
        "<Placemark><name>示例项目甲</name><ExtendedData><SchemaData>"
        '<SimpleData name="行业代码">3110</SimpleData></SchemaData>'
        '<Data name="XMBH"><value>P001</value></Data></ExtendedData>'
        f"<Polygon><outerBoundaryIs>{ring(PARCEL.exterior.coords)}</outerBoundaryIs>"
        f"<innerBoundaryIs>{ring(PARCEL.interiors[0].coords)}</innerBoundaryIs></Polygon></Placemark>"
    )
    path = folder / "地块.kml"
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>',
        encoding="utf-8",
    )
    return path


def txt(
    name: str, encoding: str, epsg: int, *, keys: dict[str, str] | None = None, **options: bool
) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        digits = 10 if epsg == 4490 else 4
        lines = boundary_lines(in_crs(PARCEL, epsg), digits=digits, **options)
        text = boundary_text(lines, header="10,16.7393,P001,示例项目甲,面,K50,工业,0601,@", **(keys or {}))
        path = folder / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def wkt_csv(folder: Path) -> Path:
    path = folder / "地块.csv"
    path.write_text(
        f'项目编号,项目名称,行业代码,坐标系,WKT\nP001,示例项目甲,3110,CGCS2000,"{PARCEL.wkt}"\n', encoding="utf-8-sig"
    )
    return path


def dxf(unit: str, epsg: int, **options: object) -> Callable[[Path], Path]:
    return lambda folder: write_dxf(folder / "地块.dxf", {"示例项目甲": [PARCEL]}, unit=unit, epsg=epsg, **options)


def gdb(folder: Path) -> Path:
    return write_gdb(folder / "地块.gdb", {"地块": [PARCEL]}, FIELDS)


def kmz(folder: Path) -> Path:
    return zip_files(folder / "地块.kmz", {"doc.kml": kml(folder), "files/图.png": b"png"})


CRS_DECLARED = {
    "dxf in metres": (dxf("m", 4548), "EPSG:4548"),
    "dxf in millimetres": (dxf("mm", 4548), "EPSG:4548"),
    "dxf in centimetres": (dxf("cm", 4549), "4549"),
    "dxf with prefix, datum named": (dxf("m", 4527), "2000国家大地坐标系"),
    "dxf with prefix, meridian declared": (dxf("mm", 4527), "EPSG:4548"),
    "dxf north first": (dxf("mm", 4527, swapped=True), "CGCS2000"),
    "dxf north first without prefix": (dxf("m", 4548, swapped=True), "EPSG:4548"),
    "dxf in degrees": (dxf("m", 4490), "EPSG:4490"),
    "dxf in a block": (dxf("m", 4548, in_block=True), "EPSG:4548"),
    "dxf as hatch only": (dxf("m", 4548, draw="hatch"), "EPSG:4548"),
    "dxf as line and fill": (dxf("m", 4548, draw="both"), "EPSG:4548"),
    "dxf as old polyline": (dxf("m", 4548, draw="polyline"), "EPSG:4548"),
    "dxf in GBK": (dxf("m", 4548, version="R2000"), "EPSG:4548"),
    "shapefile without prj": (lambda folder: without_prj(gbk_shp(folder, 4548)), "EPSG:4548"),
    "shapefile without prj, prefix tells the zone": (lambda folder: without_prj(gbk_shp(folder)), "2000国家大地坐标系"),
    "shapefile with prj, datum named": (gbk_shp, "CGCS2000"),
    "zone named in words": (lambda folder: without_prj(gbk_shp(folder, 4548)), "CGCS2000 3度带 39带"),
    "kml": (kml, "EPSG:4548"),
    "geopackage": (gpkg, "EPSG:4548"),
    "geojson": (geojson, "2000国家大地坐标系"),
    "geodatabase": (gdb, "EPSG:4527"),
}
"""Files to be read under a declared CRS."""


def without_prj(shp: Path) -> Path:
    shp.with_suffix(".prj").unlink()
    return shp


FORMATS = {
    "geodatabase": gdb,
    "geodatabase in a zip": lambda folder: zip_folder(folder / "库.zip", gdb(folder / "原"), inside="目录/地块.gdb/"),
    "geodatabase zipped without its folder": lambda folder: zip_folder(folder / "库.gdb.zip", gdb(folder / "原")),
    "kmz": kmz,
    "gbk shapefile without cpg, prefixed": gbk_shp,
    "gbk shapefile without cpg, lon/lat": lambda folder: gbk_shp(folder, 4490),
    "zipped in nested folders": zipped,
    "geopackage": gpkg,
    "geojson": geojson,
    "geojson with crs member": geojson_4527,
    "kml with altitude": kml,
    "wkt in csv": wkt_csv,
    "txt gbk with prefix": txt("界址点.txt", "gbk", 4527),
    "txt utf-8 bom without prefix": txt("a.txt", "utf-8-sig", 4548),
    "txt gb18030 zone 40": txt("b.txt", "gb18030", 4528, keys={"带号": "40"}),
    "txt six-degree zone": txt("c.txt", "utf-8", 4498, keys={"带号": "20", "几度分带": "6"}),
    "txt without 带号 but meridian": txt("d.txt", "utf-8", 4548, keys={"带号": "", "中央子午线": "117"}),
    "txt axes swapped": txt("e.txt", "gbk", 4527, swapped=True),
    "txt axes swapped without prefix": txt("f.txt", "gbk", 4548, swapped=True),
    "txt rings not closed": txt("g.txt", "utf-8", 4527, closed=False),
    "txt lon/lat": txt("h.txt", "utf-8", 4490),
    "txt lon first": txt("i.txt", "utf-8", 4490, swapped=True),
    "txt CGCS2000 spelling": txt("j.txt", "utf-8", 4527, keys={"坐标系": "CGCS2000"}),
    "txt zone words": txt("k.txt", "utf-8", 4548, keys={"带号": "39带", "几度分带": "3度带"}),
}


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS.keys())
def test_area_agrees_within_a_tenth_of_a_square_metre_when_the_format_differs(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    subjects = read(write(tmp_path))
    assert [note for note in subjects.intake if note.status == "quarantined"] == []
    assert abs(area_of(subjects) - AREA_M2) <= 0.1
    assert subjects.frame["name"].tolist() == ["示例项目甲"]
    assert subjects.frame.crs.to_epsg() == 4490


@pytest.mark.parametrize(("write", "crs"), CRS_DECLARED.values(), ids=CRS_DECLARED.keys())
def test_area_agrees_within_a_tenth_of_a_square_metre_when_the_crs_is_declared(
    tmp_path: Path, write: Callable[[Path], Path], crs: str
) -> None:
    subjects = read(write(tmp_path), declared={"crs": crs})
    assert [note for note in subjects.intake if note.status == "quarantined"] == []
    assert abs(area_of(subjects) - AREA_M2) <= 0.1
    assert subjects.frame.geometry.iloc[0].centroid.distance(PARCEL.centroid) <= 1e-8
    assert subjects.frame["name"].tolist() == ["示例项目甲"]


@pytest.mark.parametrize("epsg", [4490, 4548, 4527])
def test_typed_wkt_has_the_same_area(tmp_path: Path, epsg: int) -> None:
    subjects = read_sites(workspace(tmp_path), (), typed=TypedSites(wkt=(in_crs(PARCEL, epsg).wkt,)), declared={"crs": f"EPSG:{epsg}"})
    assert abs(area_of(subjects) - AREA_M2) <= 0.1


@pytest.mark.parametrize("write", [gbk_shp, zipped, gpkg, gdb, kmz, geojson, kml, wkt_csv], ids=lambda f: f.__name__)
def test_attributes_come_along_when_the_format_carries_them(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    row = read(write(tmp_path)).frame.iloc[0]
    assert (row["subject_id"], row["industry"], row["kind"]) == ("P001", "3110", "project")


REPAIRS = {
    "e.txt": (FORMATS["txt axes swapped"], "横纵坐标颠倒"),
    "g.txt": (FORMATS["txt rings not closed"], "未闭合"),
}


@pytest.mark.parametrize(("write", "reason"), REPAIRS.values(), ids=REPAIRS.keys())
def test_boundary_text_repairs_are_reported(tmp_path: Path, write: Callable[[Path], Path], reason: str) -> None:
    note = only_note(read(write(tmp_path)))
    assert note.status == "repaired"
    assert reason in note.reason


def test_clean_parcel_is_accepted_without_remarks(tmp_path: Path) -> None:
    note = only_note(read(FORMATS["txt gbk with prefix"](tmp_path)))
    assert (note.status, note.reason) == ("accepted", "")


def test_altitude_is_dropped_and_noted_in_kml(tmp_path: Path) -> None:
    subjects = read(kml(tmp_path))
    assert not subjects.frame.geometry.has_z.any()
    assert "高程" in only_note(subjects).reason


def test_bow_tie_is_quarantined_with_the_land_a_repair_would_add(tmp_path: Path) -> None:
    note = only_note(read(write_layer(tmp_path / "蝶.gpkg", [BOW_TIE])))
    assert (note.status, "边界自相交" in note.reason) == ("quarantined", True)
    # as drawn one triangle; a repair would add the other, half of what it makes
    assert "减 0.00 平方米，占 50.0" in note.reason


def test_lon_lat_are_exchanged_only_when_china_shows_it(tmp_path: Path) -> None:
    turned = shapely.transform(PARCEL, lambda xy: xy[:, ::-1])
    subjects = read(write_geojson(tmp_path / "a.geojson", [(turned, {})]))
    assert statuses(subjects) == ["repaired"]
    assert abs(area_of(subjects) - AREA_M2) <= 0.1
    elsewhere = shapely.box(30.0, 60.0, 30.1, 60.1)
    assert statuses(read(write_geojson(tmp_path / "b.geojson", [(elsewhere, {})]))) == ["quarantined"]


def test_missing_prj_is_quarantined_with_the_remedy_named(tmp_path: Path) -> None:
    shp = write_gbk_shapefile(tmp_path / "无投影.shp", [PARCEL], FIELDS, epsg=4548)
    shp.with_suffix(".prj").unlink()
    note = only_note(read(shp))
    assert note.status == "quarantined"
    assert "没有坐标系" in note.reason and "--crs EPSG:4548" in note.remedy


def test_missing_prj_is_read_when_the_crs_is_declared(tmp_path: Path) -> None:
    shp = write_gbk_shapefile(tmp_path / "无投影.shp", [PARCEL], FIELDS, epsg=4548)
    shp.with_suffix(".prj").unlink()
    subjects = read(shp, declared={"crs": "EPSG:4548"})
    assert abs(area_of(subjects) - AREA_M2) <= 0.1


def test_crs_that_contradicts_the_numbers_is_quarantined(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "错.gpkg", [PARCEL], epsg=None)
    note = only_note(read(path, declared={"crs": "EPSG:4527"}))
    assert note.status == "quarantined"
    assert "看起来是经纬度" in note.reason


@pytest.mark.parametrize("epsg", [2363, 2436, 3857, 32650])
def test_foreign_crs_is_refused_by_name(tmp_path: Path, epsg: int) -> None:
    import geopandas as gpd

    frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[PARCEL], crs=4490).to_crs(epsg)
    frame.to_file(tmp_path / "x.gpkg", engine="pyogrio")
    note = only_note(read(tmp_path / "x.gpkg"))
    assert note.status == "quarantined"
    assert ("西安80" in note.reason or "北京54" in note.reason) == (epsg in (2363, 2436))


def test_all_features_are_judged_when_one_is_faulty(tmp_path: Path) -> None:
    features = [(PARCEL, {"name": "好"}), (None, {"name": "空"}), (BOW_TIE, {"name": "蝶"})]
    subjects = read(write_geojson(tmp_path / "多.geojson", features))
    assert statuses(subjects) == ["accepted", "quarantined", "quarantined"]
    assert [note.row for note in subjects.intake] == ["1", "2", "3"]
    assert len(subjects.frame) == 1


def test_hostile_names_pass_through_as_text(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>=cmd|' /C calc'!A0"
    subjects = read(write_geojson(tmp_path / "x.geojson", [(PARCEL, {"name": name})]))
    assert subjects.frame["name"].tolist() == [name]


def test_gbk_member_names_are_read_in_a_zip(tmp_path: Path) -> None:
    shp = gbk_shp(tmp_path / "原")
    members = {f"地块{part.suffix}": part for part in sorted(shp.parent.glob("*"))}
    subjects = read(gbk_named_zip(tmp_path / "上报.zip", members))
    assert subjects.frame["source_file"].tolist() == ["上报.zip!地块.shp"]


def test_one_bad_file_in_a_zip_leaves_the_others(tmp_path: Path) -> None:
    good = geojson(tmp_path).read_bytes()
    archive = zip_files(tmp_path / "两个.zip", {"a/好.geojson": good, "a/坏.geojson": b"{"})
    subjects = read(archive)
    assert sorted(statuses(subjects)) == ["accepted", "quarantined"]
    assert len(subjects.frame) == 1


def test_declared_values_override_the_file(tmp_path: Path) -> None:
    subjects = read(geojson(tmp_path), declared={"name": "新名", "industry": "C3011", "是否排污": "是"})
    assert subjects.frame[["name", "industry"]].to_numpy().tolist() == [["新名", "3011"]]
    assert subjects.attribute_map()["P001"] == {"discharges_pollutants": "true"}


def test_unknown_declared_attribute_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="没有名为 colour 的属性"):
        read(geojson(tmp_path), declared={"colour": "red"})


def test_absent_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match=r"找不到文件：.*没有\.shp"):
        read(tmp_path / "没有.shp")


@pytest.mark.parametrize("name", ["x.dwg", "x.doc", "x"])
def test_unsupported_format_is_quarantined_with_the_supported_ones_listed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"0")
    note = only_note(read(tmp_path / name))
    assert note.status == "quarantined"
    assert ".geojson" in note.reason


def test_multi_layer_geopackage_is_read_whole(tmp_path: Path) -> None:
    import geopandas as gpd

    path = tmp_path / "多层.gpkg"
    for layer in ("甲层", "乙层"):
        gpd.GeoDataFrame({"name": [layer]}, geometry=[PARCEL], crs=4490).to_file(path, layer=layer, engine="pyogrio")
    subjects = read(path)
    assert sorted(subjects.frame["source_row"]) == ["乙层#1", "甲层#1"]


def test_long_gauss_kruger_edges_are_densified_to_a_centimetre(tmp_path: Path) -> None:
    plane = in_crs(square(117.0, 41.0, 0.1), 4527)
    straight = shapely.Polygon(plane.exterior.coords)
    import geopandas as gpd

    gpd.GeoDataFrame({"name": ["大"]}, geometry=[straight], crs=4527).to_file(tmp_path / "大.gpkg", engine="pyogrio")
    subjects = read(tmp_path / "大.gpkg")
    assert "已加密" in only_note(subjects).reason
    halves = in_crs(subjects.frame.geometry.iloc[0], 4527)
    assert straight.exterior.hausdorff_distance(halves.exterior) <= 0.01


def test_mixed_geometry_keeps_the_areas_and_says_so(tmp_path: Path) -> None:
    mixed = shapely.GeometryCollection([PARCEL, shapely.Point(117.9, 40.9), shapely.LineString([(117, 40), (117, 41)])])
    subjects = read(write_geojson(tmp_path / "混.geojson", [(mixed, {"name": "混"})]))
    assert "只保留面" in only_note(subjects).reason
    assert abs(area_of(subjects) - AREA_M2) <= 0.1


@pytest.mark.parametrize("geometry", [shapely.Point(117.9, 40.9), shapely.LineString([(117.9, 40.9), (117.95, 40.9)])])
def test_points_and_lines_stay_what_they_are(tmp_path: Path, geometry: shapely.Geometry) -> None:
    subjects = read(write_geojson(tmp_path / "a.geojson", [(geometry, {"name": "点线"})]))
    assert subjects.frame.geometry.iloc[0].equals(geometry)


def test_gbk_kml_with_several_parts_is_read(tmp_path: Path) -> None:
    def polygon(lon: float) -> str:
        ring = " ".join(f"{x!r},{y!r}" for x, y in square(lon, 40.9, 0.001).exterior.coords)
        return f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"

    body = f"<MultiGeometry>{polygon(117.9)}{polygon(117.91)}</MultiGeometry>"
    text = f'<?xml version="1.0" encoding="GBK"?><kml><Placemark><name>双块</name>{body}</Placemark></kml>'
    (tmp_path / "a.kml").write_bytes(text.encode("gbk"))
    subjects = read(tmp_path / "a.kml")
    assert subjects.frame["name"].tolist() == ["双块"]
    assert subjects.frame.geometry.iloc[0].geom_type == "MultiPolygon"


@pytest.mark.parametrize("coordinates", ["117.9", "117.9,x", "", "117.9,40.9 117.91,40.9"])
def test_malformed_kml_coordinates_quarantine_their_placemark_only(tmp_path: Path, coordinates: str) -> None:
    bad = f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{coordinates}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    good = "<Point><coordinates>117.9,40.9</coordinates></Point>"
    text = f"<kml><Placemark><name>坏</name>{bad}</Placemark><Placemark><name>好</name>{good}</Placemark></kml>"
    (tmp_path / "a.kml").write_text(text, encoding="utf-8")
    assert statuses(read(tmp_path / "a.kml")) == ["quarantined", "accepted"]


def test_vertices_keep_full_precision(tmp_path: Path) -> None:
    fine = shapely.Polygon([(117.900000000001, 40.95), (117.905, 40.950000000002), (117.905, 40.955)])
    subjects = read(write_geojson(tmp_path / "a.geojson", [(fine, {"name": "细"})]))
    assert subjects.frame.geometry.iloc[0].equals_exact(fine, 0.0)
