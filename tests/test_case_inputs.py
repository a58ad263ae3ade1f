"""Each folder of the public reports gives its right answer, and at least three variants of every kind of fault beside it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import case_inputs as made
import pytest
import shapely
from case_inputs import (
    BESIDE,
    CENTRE,
    DRAWN,
    HA,
    HOLE,
    HOLED_HA,
    PLANE,
    RING,
    SAID,
    SHELL,
    TWO_HA,
    Case,
    boundary,
    drawing,
    keyhole,
    numbered,
    placemarks,
    projected,
    rows,
    stated_crs,
    text,
    with_prj,
)
from ring_files import kml_line, kml_pins, kml_polygon, kml_track, labels, ring_of, vertex_rows
from shapes import from_metres, layer_set, layer_spec, workspace, write_layer, write_xlsx
from small_workspace import small_workspace

from cdgis.core.progress import Silent
from cdgis.geometry.geodesy import survey_area_m2
from cdgis.judging.evaluation import judge_subjects
from cdgis.readers import read_layer, read_sites, read_subjects
from cdgis.readers.inputs import file_sha256
from cdgis.readers.loading import load_workspace
from cdgis.workspace.layer_check import check_layers
from cdgis.workspace.settings import Workspace, open_workspace

LAND, POINT = ("示例地块", "Polygon", HA), ("示例企业", "Point", 0.0)
CLOSED = "线首尾相接，按用地边界读成面"
PIN = f"<name>示例地块</name>{kml_line(RING)}"
NO_SPACES = ",".join(f"{x},{y},0" for x, y in RING)
BLANKS = " ".join(f"{x}, {y}, 0" for x, y in RING)
AREA = "<Polygon><outerBoundaryIs><LinearRing><coordinates>{}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
PREFIX = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document id="x" xsi:schemaLocation="a b">' \
         f"<Placemark><name>示例地块</name>{kml_polygon(RING)}</Placemark></Document></kml>"  # fmt: skip
SHEET = [[*row, 421.6] for row in [[label, y, x] for label, x, y in vertex_rows(PLANE, labels(PLANE), 3)]]
HEADS = ("企业名称", "经度", "纬度", "坐标系")
TWO_PARTS = [*numbered((1, RING))[:-1], *numbered((1, ring_of(BESIDE)))[:-1]]
OLD = "西安80（EPSG:4610）"
OWN = "按它自己的参数转换"

CASES = (
    # ---- the folders of the reports
    Case(number="02", kind=1, write=placemarks(PIN), sites=(LAND,), said=(CLOSED, "--as line")),
    Case(number="03", kind=9, write=placemarks(f"<name>踏勘轨迹</name>{kml_track(RING[:-1])}"), options={"geometry_kind": "line"},
         sites=(("踏勘轨迹", "LineString", 0.0),), unsaid=("没有几何图形",)),
    Case(number="03", kind=9, write=placemarks(f"<name>管线</name><gx:MultiTrack>{kml_track([(117.9, 40.95), (117.91, 40.96)])}</gx:MultiTrack>"),
         sites=(("管线", "MultiLineString", 0.0),), unsaid=("没有几何图形",)),
    Case(number="04", kind=9, write=text("a.kml", PREFIX), sites=(LAND,)),
    Case(number="05", kind=9, write=placemarks(f"<name>示例地块</name>{AREA.format(BLANKS)}", AREA.format(NO_SPACES)), sites=(LAND,),
         lost=1, said=("各点之间没有空格",)),
    Case(number="06", kind=10, write=made.arcgis_kml, sites=(("示例水泥项目", "Polygon", HA),) * 2, industries=("3011", "3011"),
         said=("示例水泥项目/一期", "示例水泥项目/二期")),
    Case(number="08", kind=9, write=boundary("10,16.7369,DK001,示例地块,面,,,,@", numbered((1, HOLE), (2, RING))),
         sites=(("示例地块", "Polygon", HOLED_HA),), said=("孔写在外环之前",)),
    Case(number="09", kind=9, write=boundary("11,,DK001,示例地块,面,,,,@", keyhole(RING)), sites=(("示例地块", "Polygon", HOLED_HA),)),
    Case(number="09", kind=9, write=boundary("11,,DK001,示例地块,面,,,,@", keyhole([*RING[1:-1], RING[0]])),
         sites=(("示例地块", "Polygon", HOLED_HA),), said=("割线",)),
    Case(number="10", kind=1, write=boundary("17.6720公顷,,地块1,面,,,,@"), sites=(("地块1", "Polygon", HA),), said=("按内容认出",)),
    Case(number="10", kind=1, write=boundary("5,,010031, 32,,,地块1,,@"), sites=(("地块1", "Polygon", HA),), said=("--as points",)),
    Case(number="10", kind=1, write=boundary("DK001,示例地块,面,K50G0001,输电线路塔基,@"), sites=(LAND,)),
    Case(number="10", kind=1, write=boundary("5,17.672,面,示例地块,重点项目用地,@"), sites=(LAND,)),
    Case(number="15", kind=7, write=boundary("8,,DK1,示例地块,面,,,,@", TWO_PARTS), sites=(("示例地块", "MultiPolygon", TWO_HA),),
         said=("点号重新编起", "2 个部分")),
    Case(number="16", kind=1, sites=(LAND,), said=("5 行按拐点表依次连成一个面", "X坐标 列是北坐标"),
         write=rows(("点号", "X坐标", "Y坐标", "边长"), *SHEET, above=("界址点成果表（2000国家大地坐标系）", "宗地名称：示例地块"))),
    Case(number="16", kind=1, options=SAID, sites=(("DK1", "Polygon", HA),), said=("5 行按拐点表",),
         write=rows(("地块编号", "拐点", "东经", "北纬"), *(["DK1", *row] for row in vertex_rows(RING, labels(RING))))),
    Case(number="17", kind=3, write=rows(("企业名称", "经度(度.分秒)", "纬度(度.分秒)", "坐标系"), ["示例企业", 117.540931, 40.570713, "CGCS2000"]),
         sites=(POINT,), said=("117°54′09.31″",)),
    Case(number="17", kind=3, write=rows(HEADS, ["示例企业", "1175409.3", "405707.1", "CGCS2000"], ["二", 1175409.3, 405707.1, "CGCS2000"]),
         lost=2, said=("像度分秒连写", "117°54′09.30″")),
    Case(number="17", kind=3,
         write=rows(("企业名称", "经度(ddmm.mmmm)", "纬度(ddmm.mmmm)", "坐标系"), ["示例企业", 11754.1553, 4057.119, "CGCS2000"]),
         sites=(POINT,), said=("117°54′09.32″",)),
    Case(number="18", kind=9, write=made.uncached, lost=1, said=("E2 是公式", "保存后重新提交")),
    Case(number="19", kind=9, write=made.strict, sites=(POINT,), unsaid=("空",)),
    *(Case(number="21", kind=9, write=rows(("名称", x, y, "坐标系"), ["示例", *pair, crs], suffix="csv"), sites=(("示例", "Point", 0.0),),
           said=(f"{x} 列按数值是{word}",), unsaid=("颠倒",))
      for x, y, pair, crs, word in (
          ("X", "Y", CENTRE, "CGCS2000", "经度"), ("POINT_X", "POINT_Y", CENTRE, "CGCS2000", "经度"),
          ("X坐标", "Y坐标", CENTRE, "CGCS2000", "经度"), ("X坐标", "Y坐标", (575995.933, 4535635.078), "EPSG:4548", "东坐标"))),
    Case(number="25", kind=8, write=made.attributed, sites=(("示例项目甲", "Polygon", HA),), industries=("3011",),
         said=("被截断，按“行业代码”读取",)),
    Case(number="25", kind=8, write=made.cut_gbk, sites=(("示例项目甲", "Polygon", HA),), industries=("3011",), said=("被截断",)),
    Case(number="26", kind=9, write=projected(False_Easting=700000), lost=1, said=("700000", OWN), unsaid=("EPSG:4548",)),
    Case(number="26", kind=9, write=projected(Central_Meridian=116.75), lost=1, said=("参数写 116.75°", OWN), unsaid=("EPSG:4548",)),
    Case(number="26", kind=9, write=projected(Central_Meridian=117.5, False_Easting=503175.49, False_Northing=-26091.448), lost=1,
         said=("-26091.448", OWN), unsaid=("EPSG:4548",)),
    Case(number="26", kind=9, write=projected("CGCS2000_3_degree_GK_CM_117E", flattening=298.25722, epsg=4527, method="Transverse_Mercator",
                                              False_Easting=39500000), sites=(("示例", "Polygon", HA),)),
    Case(number="26", kind=9, write=with_prj('LOCAL_CS["CGCS2000_3_Degree_GK_CM_117E",UNIT["Meter",1.0]]'), lost=1, said=("只有名称", "不是转换")),
    Case(number="26", kind=9, write=projected("CGCS2000_GK_CM_118.5E", Central_Meridian=118.5), lost=1, said=("118.5°", OWN), unsaid=("EPSG:4548",)),
    Case(number="26", kind=9, write=projected("WGS_1984_TM_117", datum="D_WGS_1984", flattening=298.257223563), lost=1,
         said=("WGS84",), unsaid=("西安80",)),
    Case(number="26", kind=9, write=projected("Custom_TM", datum="D_unknown"), lost=1, said=("未写明",), unsaid=("西安80",)),
    Case(number="26", kind=9, write=projected("Xian_1980_3_Degree_GK_CM_117E", datum="D_Xian_1980", flattening=298.257), lost=1, said=("西安80",)),
    Case(number="26", kind=9, write=projected(False_Easting=500, unit='UNIT["Kilometer",1000.0]'), lost=1, said=("长度单位是 1000 米", OWN)),
    Case(number="26", kind=9, write=projected(Central_Meridian=116.75), options=DRAWN, lost=1, said=("参数写 116.75°", "不要用 --crs")),
    Case(number="29", kind=2, write=stated_crs({"type": "EPSG", "properties": {"code": 4610}}), lost=1, said=(OLD,)),
    Case(number="29", kind=2, write=stated_crs({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4610"}}), lost=1, said=(OLD,)),
    Case(number="29", kind=2, write=stated_crs({"type": "EPSG", "properties": {"code": 4548}}, 4548), sites=(("示例", "Polygon", HA),)),
    Case(number="29", kind=2, lost=1, said=(OLD,),
         write=stated_crs({"type": "link", "properties": {"href": "http://spatialreference.org/ref/epsg/4610/proj4/", "type": "proj4"}})),
    Case(number="35", kind=4, write=drawing(made.faces), options=DRAWN, sites=(("一期红线", "Polygon", HA),), lost=3,
         said=("1 个三维面（3DFACE）", "1 个实面（SOLID）", "1 个网格（MESH）")),
    Case(number="35", kind=4, write=drawing(made.region, renamed="REGION"), options=DRAWN, sites=(("一期红线", "Polygon", HA),), lost=1,
         said=("1 个面域（REGION）不能读出边界，未读取", "EXPLODE")),
    Case(number="35", kind=4, write=drawing(made.regions_alone, renamed="REGION"), options=DRAWN, lost=1, said=("1 个面域（REGION）",)),
    Case(number="38", kind=4, write=drawing(made.reference), options=DRAWN, sites=(("围墙", "Polygon", HA),), lost=1,
         said=("图内含外部参照 红线.dwg，未读取", "绑定")),
    Case(number="40", kind=4, write=drawing(made.gaps_and_arcs), options=DRAWN, sites=(("弧段", "Polygon", HA), ("三维", "Polygon", HA)), lost=1,
         said=("首尾最近相距 0.03 米",)),
    # ---- variants of our own
    Case(number="", kind=1, write=placemarks(kml_line(RING, "LinearRing")), sites=(("", "Polygon", HA),), said=(CLOSED,)),
    Case(number="", kind=1, write=placemarks(*kml_pins(RING[:-1], ["1", "2", "3", "4"])), lost=1, said=("--as polygon", "--as points")),
    Case(number="", kind=1, write=text("风机.txt", "\n".join(f"风机{i},{y:.3f},{x:.3f}" for i, (x, y) in enumerate(PLANE[:3]))), options=SAID,
         lost=1, said=("--as points",)),
    Case(number="", kind=1, write=placemarks(kml_line([*RING[:-1], (117.90005, 40.95005)])), lost=1, said=("可能是没有闭合的用地边界",)),
    Case(number="", kind=2, write=placemarks(kml_polygon(RING), head="<OvCoordType>西安80</OvCoordType>"), lost=1, said=("西安80",)),
    Case(number="", kind=2, write=stated_crs({"type": "name", "properties": {"name": "本地坐标"}}), lost=1, said=("坐标系",)),
    Case(number="", kind=2, write=rows(("名称", "wkt"), ["示例", f"SRID=4610;{SHELL.wkt}"]), lost=1, said=("西安80",)),
    Case(number="", kind=2, write=stated_crs(None), sites=(("示例", "Polygon", HA),), said=("位置精度按 700 米计",)),
    Case(number="", kind=3, write=rows(("企业名称", "经度(DDDMMSS)", "纬度(DDDMMSS)", "坐标系"), ["示例企业", 1175409.3, 405707.1, "CGCS2000"]),
         sites=(POINT,), said=("117°54′09.30″",)),
    Case(number="", kind=3, write=rows(("企业名称", "经度(度.分)", "纬度(度.分)", "坐标系"), ["示例企业", 117.541553, 40.57119, "CGCS2000"]),
         sites=(POINT,), said=("117°54′09",)),
    Case(number="", kind=3, write=rows(HEADS, *([f"厂{i}", 117.540931 + i / 1000, 40.570713, "CGCS2000"] for i in range(4))), lost=4,
         said=("不知是十进制度还是度.分秒",)),
    Case(number="", kind=4, write=drawing(made.hidden), options=DRAWN, sites=(("红线", "Polygon", HA),), lost=1, said=("已关闭或冻结",)),
    Case(number="", kind=4, write=drawing(made.hollow_hatch), options=DRAWN, sites=(("红线", "Polygon", HA),), lost=1, said=("没有边界的填充",)),
    Case(number="", kind=4, write=drawing(made.region, renamed="BODY"), options=DRAWN, sites=(("一期红线", "Polygon", HA),), lost=1,
         said=("（BODY）",)),
    Case(number="", kind=7, lost=1, said=("占 50.00%，不知原意，不作修复",),
         write=placemarks(kml_polygon([(117.9, 40.95), (117.91, 40.96), (117.91, 40.95), (117.9, 40.96), (117.9, 40.95)]))),
    Case(number="", kind=7, write=boundary("8,,DK1,示例地块,面,,,,@", [*numbered((1, RING)), *numbered((2, ring_of(BESIDE)))]),
         sites=(("示例地块", "MultiPolygon", TWO_HA),), said=("2 个部分",)),
    Case(number="", kind=7, write=placemarks(kml_polygon([*RING[:2], (117.905001, 40.9502001), RING[1], *RING[2:]])), sites=(("", "Polygon", HA),),
         said=("面积",)),
    Case(number="", kind=8, write=made.cut_strangers, sites=(("甲", "Polygon", HA),), said=("没有认出、未采用的列",)),
    Case(number="", kind=8,
         write=lambda folder: made.cut_shapefile(folder / "y.shp", [SHELL], {"建设项目名称": "乙", "国民经济行业代码": "3011"}, "utf-8"),
         sites=(("乙", "Polygon", HA),), industries=("3011",)),
    Case(number="", kind=8, write=rows(("项目名称", "经度", "纬度", "坐标系", "审批处室电话"), ["示例企业", *CENTRE, "CGCS2000", "x"]),
         sites=(POINT,),
         said=("未采用的列：审批处室电话",)),
    Case(number="", kind=9, write=made.formula_in_name, sites=(POINT,), said=("E2 是公式",)),
    Case(number="", kind=9, write=projected("CGCS2000_3_Degree_GK_CM_120E"), lost=1,
         said=("名称写中央经线 120°，参数写 117°",), unsaid=("EPSG:4548",)),
    Case(number="", kind=9, write=text("a.kml", PREFIX.replace("xsi:schemaLocation", "atom:link")), sites=(LAND,)),
    Case(number="", kind=10, sites=(("示例项目", "Polygon", HA),), industries=("3110",),
         write=placemarks(f"<name>x</name>{made.described({'项目名称': '示例项目', '行业代码': '3110'})}{kml_polygon(RING)}")),
    Case(number="", kind=10, sites=(("示例项目", "Polygon", HA),), industries=("3110",), write=placemarks(
        '<ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="项目名称">示例项目</SimpleData><SimpleData name="行业代码">3110</SimpleData>'
        f"</SchemaData></ExtendedData>{kml_polygon(RING)}")),
    Case(number="", kind=10, sites=(("", "Polygon", HA),), said=("略去1 个线（长 842 米）、1 个点",), write=placemarks(
        f"<MultiGeometry>{kml_polygon(RING)}{kml_line([(117.95, 40.95), (117.96, 40.95)])}"
        "<Point><coordinates>117.9,40.95</coordinates></Point></MultiGeometry>")),
    Case(number="", kind=11, write=made.esri, sites=(("示例", "Polygon", HA),), industries=("3011",)),
    Case(number="", kind=11, write=made.zip_in_zip, sites=(("甲", "Polygon", HA),)),
    Case(number="", kind=11, write=text("a.ovkml", PREFIX), sites=(LAND,)),
)  # fmt: skip

FOLDERS = frozenset(f"{number:02d}" for number in (2, 3, 4, 5, 6, 8, 9, 10, 15, 16, 17, 18, 19, 21, 25, 26, 29, 34, 35, 38, 40, 41, 43, 48))
"""The numbers of the reports' folders."""
BY_THEMSELVES = frozenset({"34", "41", "43", "48"})
"""Folders that are more than one file read, each with a test of its own below."""
FARM = [shapely.LineString(ring_of(from_metres(shapely.box(x, 0, x + 90, 90)))) for x in range(0, 900, 100)]
FIELDS = [shapely.Polygon(line.coords) for line in FARM]
FAR = [shapely.affinity.translate(shape, 5, 0) for shape in FIELDS]
BROKEN_LAYERS = {
    "43 all lines": (FARM, "9 个要素全部未能使用"), "43 one line": ([FARM[0], *FIELDS[1:]], "9 个要素中有 1 个未能使用"),
    "43 one null": ([None, *FIELDS[1:]], "9 个要素中有 1 个未能使用"), "own points": ([s.centroid for s in FIELDS], "9 个要素全部未能使用"),
    "own flat": ([shapely.Polygon([(117.5, 41.4), (117.6, 41.4), (117.7, 41.4)]), *FIELDS[1:]], "9 个要素中有 1 个未能使用"),
    "own elsewhere": (FAR, "全部 9 个要素都在本市以外"),
}  # fmt: skip
"""What a layer of farmland holds -> what `layers check` must say of it."""
LEFT_ALONE = {
    "34 changes in a -wal": lambda f: pending(f, "wal"), "own changes committed": lambda f: pending(f, "delete"),
    "own shapefile": lambda f: write_layer(f / "a.shp", [SHELL, BESIDE]), "own flatgeobuf": lambda f: write_layer(f / "a.fgb", [SHELL, BESIDE]),
}  # fmt: skip
"""Files of two parcels beside which reading must leave no trace."""
VARIANTS_BELOW = {5: sum(name.startswith("own") for name in BROKEN_LAYERS), 6: sum(name.startswith("own") for name in LEFT_ALONE)}


@pytest.mark.parametrize("case", CASES, ids=[f"{case.number or 'own'}-kind{case.kind}-{at}" for at, case in enumerate(CASES)])
def test_case_has_its_right_answer(case: Case, tmp_path: Path) -> None:
    path = case.write(tmp_path)
    before = path.read_bytes()
    subjects = read_sites(workspace(tmp_path), [path], declared=case.options)
    frame, notes = subjects.frame, subjects.intake
    words = "\n".join(f"{note.reason}|{note.remedy}" for note in notes)
    areas = survey_area_m2(frame.geometry.to_numpy()) / 1e4 if len(frame) else []
    assert sorted(zip(frame["name"], frame.geometry.geom_type, strict=True)) == sorted(site[:2] for site in case.sites), words
    assert sorted(areas) == pytest.approx(sorted(site[2] for site in case.sites), abs=2e-3)
    assert sum(note.status == "quarantined" for note in notes) == case.lost, words
    assert [said for said in case.said if said not in words] == [], words
    assert [unsaid for unsaid in case.unsaid if unsaid in words] == [], words
    assert not case.industries or tuple(frame["industry"]) == case.industries
    assert path.read_bytes() == before
    assert len(frame) + case.lost == len(notes)


def test_every_folder_has_its_case() -> None:
    assert {case.number for case in CASES if case.number} | BY_THEMSELVES == FOLDERS and len(FOLDERS) == 24


@pytest.mark.parametrize("kind", range(1, 12))
def test_every_kind_has_three_variants_beside_the_reports(kind: int) -> None:
    assert sum(case.kind == kind and not case.number for case in CASES) + VARIANTS_BELOW.get(kind, 0) >= 3


def pending(folder: Path, mode: str) -> Path:
    """Copy a GeoPackage while another program has it open and has added a second parcel."""
    made_in = folder / "made"
    path = write_layer(made_in / "a.gpkg", [SHELL], {"name": ["旧"]})
    with closing(sqlite3.connect(write_layer(made_in / "b.gpkg", [BESIDE], {"name": ["新"]}))) as other:
        (shape,) = other.execute("select geom from b").fetchone()
    with closing(sqlite3.connect(path)) as holder:
        holder.execute(f"pragma journal_mode={mode}")
        holder.execute("pragma wal_autocheckpoint=0")
        # an R*Tree's triggers call functions that only GDAL has
        for (trigger,) in holder.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            holder.execute(f'drop trigger "{trigger}"')
        holder.execute("insert into a (geom, name) values (?, '新加')", (shape,))
        holder.commit()
        for part in made_in.glob("a.gpkg*"):
            if not part.name.endswith("-shm"):
                shutil.copyfile(part, folder / part.name)
    shutil.rmtree(made_in)
    return folder / "a.gpkg"


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_reading_leaves_no_trace_and_loses_nothing(name: str, tmp_path: Path) -> None:
    path = LEFT_ALONE[name](tmp_path)
    before = {part.name: (part.read_bytes(), part.stat().st_mtime_ns) for part in tmp_path.iterdir()}
    for _ in range(2):
        subjects = read_sites(workspace(tmp_path), [path])
        assert len(subjects.frame) == 2
        assert ("-wal" in subjects.intake[0].reason) == ("-wal" in name)
        assert [record.sha256 for record in subjects.records] == [file_sha256(path)]
        assert {part.name: (part.read_bytes(), part.stat().st_mtime_ns) for part in tmp_path.iterdir()} == before


@pytest.fixture(scope="module")
def farmed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace of two counties, permanent farmland in the eastern one, and a list of enterprises."""
    root = small_workspace(tmp_path_factory.mktemp("farmed"))
    halves = [from_metres(shapely.box(-9000, -9000, 0, 9000)), from_metres(shapely.box(0, -9000, 9000, 9000))]
    write_layer(root / "layers" / "counties.gpkg", halves, {"id": ["1", "2"], "name": ["双桥区", "兴隆县"], "kind": ["", ""]})
    write_layer(root / "layers" / "farm.gpkg", [from_metres(shapely.box(5100, 5100, 5900, 5900))],
        {"id": ["N1"], "name": [""], "kind": ["永久基本农田"]})
    with (root / "layers" / "catalog.toml").open("a", encoding="utf-8") as catalog:
        for name, file, zones in (("counties", "counties", "zones = false\n"), ("permanent_farmland", "farm", "")):
            catalog.write(
                f'[layers.{name}]\ntitle = "{name}"\npath = "{file}.gpkg"\ngeometry = "polygon"\ntheme = "要素"\ncoverage = "city"\n{zones}'
                'official = false\nversion = "1"\nsource = "测"\nlicence = "CC0"\n'
                'fields = { zone_id = ["id"], zone_name = ["name"], zone_class = ["kind"] }\n'
            )
    settings = (root / "cdgis.toml").read_text("utf-8").replace("[sources]", '[sources]\nenterprises = ["名录.xlsx"]')
    (root / "cdgis.toml").write_text(settings, encoding="utf-8")
    at = {place: from_metres(shapely.Point(*xy)) for place, xy in (("west", (-3000, 10)), ("east", (3000, 10)), ("edge", (-3000, 20)))}
    write_xlsx(root / "名录.xlsx", {"Sheet": [
        ["企业编号", "企业名称", "县区", "行业代码", "经度", "纬度", "坐标系"],
        ["E1", "甲厂", "双桥区", 3011, at["east"].x, at["east"].y, "CGCS2000"],
        ["E2", "乙厂", "兴隆县", 3110, at["west"].x, at["west"].y, "CGCS2000"],
        ["E3", "丙厂", "双桥区", 3110, 116.40125, 39.90125, "CGCS2000"], ["E4", "丁厂", "双桥区", 2710, at["edge"].x, at["edge"].y, "CGCS2000"],
        ["E5", "戊厂", "双桥区", 2710, at["west"].x, at["west"].y, "CGCS2000"],
        ["E5", "己厂", "双桥区", 1713, at["west"].x, at["west"].y, "CGCS2000"],
        ["E7", "庚厂", "双桥区", 1713, at["west"].x, None, "CGCS2000"],
    ]})  # fmt: skip
    return open_workspace(root)


def test_41_a_path_around_farmland_a_polygon_and_its_vertices_have_one_verdict(farmed: Workspace, tmp_path: Path) -> None:
    ring = ring_of(from_metres(shapely.box(5000, 5000, 6000, 6000)))
    files = [
        made.kml(tmp_path / "面.kml", kml_polygon(ring)), made.kml(tmp_path / "路径.kml", kml_line(ring)),
        made.table(tmp_path / "拐点.xlsx", ("拐点", "经度", "纬度"), vertex_rows(ring[:-1], labels(ring[:-1]))),
    ]  # fmt: skip
    told = {**SAID, "industry": "3011", "project_type": "新建", "activity": "开发性生产性建设"}
    with load_workspace(farmed, as_of=None, tolerance_m=None, progress=Silent()) as loaded:
        verdicts = judge_subjects(loaded, read_sites(farmed, files, declared=told)).tables["verdicts"]
    assert verdicts["verdict"].tolist() == ["不符合"] * 3
    assert all("PF-01" in rules for rules in verdicts["decisive_rule_ids"])


@pytest.mark.parametrize("name", BROKEN_LAYERS)
def test_43_a_layer_that_lost_zones_does_not_pass(name: str, tmp_path: Path) -> None:
    shapes, said = BROKEN_LAYERS[name]
    count = len(shapes)
    write_layer(tmp_path / "farm.gpkg", shapes, {"BSM": [str(at) for at in range(count)], "LX": ["永久基本农田"] * count})
    spec = layer_spec("farm.gpkg", id="permanent_farmland", zones=True, coverage="city", fields={"zone_id": ["BSM"], "zone_class": ["LX"]})
    faults = check_layers(layer_set(read_layer(spec, tmp_path)))
    assert any(said in fault.problem for fault in faults), faults


def test_48_coordinates_that_contradict_the_county_make_the_verdict_open(farmed: Workspace) -> None:
    subjects = read_subjects(farmed)
    notes = {note.row: note for note in subjects.intake if note.file == "名录.xlsx"}
    contradicted = subjects.attributes.query("attribute == 'place_conflict'")["subject_id"]
    assert set(contradicted) == {"E1", "E2", "E3"}
    assert [("相距" in notes[row].reason) for row in "2345678"] == [True, True, True, False, False, False, False]
    assert "编号重复" in notes["7"].reason and notes["8"].status == "quarantined"
    with load_workspace(farmed, as_of=None, tolerance_m=None, progress=Silent()) as loaded:
        verdicts = judge_subjects(loaded, subjects).tables["verdicts"].set_index("subject_id")["verdict"]
    assert all(verdicts[list(contradicted)] == "资料不足")
