"""Files as people really hand them over, and what cdgis says to each: the source of docs/usage_inputs.md.

`python tests/people_proof.py` rewrites the outputs in the document; test_people_proof.py checks that they are current.
"""

import json
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import ezdxf
import numpy as np
import shapely
from drawings import write_dxf
from ring_files import cut_shapefile, geojson, kml_line, kml_polygon, labels, ring_of, table, vertex_rows
from ring_files import kml as write_kml
from shapes import (
    PARCEL,
    boundary_lines,
    boundary_text,
    in_crs,
    square,
    workspace,
    write_gbk_shapefile,
    write_layer,
    zip_files,
    zip_shapefile,
)
from xls_files import write_xls

from cdgis.geometry.geodesy import cgcs2000_to_gcj02, survey_area_m2
from cdgis.readers import read_sites
from cdgis.workspace.layers import Subjects

DOCUMENT = Path(__file__).parents[1] / "docs" / "usage_inputs.md"
_BLOCK = re.compile(
    r"(?<=^<!-- )(?P<name>\w+)(?P<open> -->\n```text\n)(?P<body>.*?)(?P<close>```)", re.MULTILINE | re.DOTALL
)
_OPTION_NAMES = {"as": "geometry_kind"}
"""Option of the command -> column it declares, where they differ."""
_STATUS = {"accepted": "接收", "repaired": "修复", "quarantined": "隔离"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file and the options it is screened with."""

    title: str
    write: Callable[[Path], Path]
    options: Mapping[str, str] = field(default_factory=dict)
    """crs, dxf_unit as on the command line."""

    def read(self, folder: Path) -> Subjects:
        """Return what comes of the file, written into `folder`."""
        declared = {_OPTION_NAMES.get(name, name): text for name, text in self.options.items()}
        return read_sites(workspace(folder), [self.write(folder)], declared=declared)

    def command(self, folder: Path) -> str:
        """Return the command a user types."""
        options = "".join(f" --{name.replace('_', '-')} {value}" for name, value in self.options.items())
        return f"cdgis screen {self.write(folder).name}{options}"


def text_file(name: str, text: str, encoding: str = "gbk") -> Callable[[Path], Path]:
    """Return a writer of a text file."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def parcel_text(epsg: int, *, swapped: bool = False, **keys: str) -> str:
    """Return the test parcel as a 界址点 TXT."""
    header = "10,16.7393,DK001,示例地块,面,K50,工业,0601,@"
    return boundary_text(boundary_lines(in_crs(PARCEL, epsg), swapped=swapped), header=header, **keys)


def two_parcels() -> str:
    """Return two parcels in one file."""
    second = boundary_lines(in_crs(square(117.92, 40.95, 0.002), 4527))
    return parcel_text(4527) + "\r\n".join(["5,,DK002,示例地块二,面,,,,@", *second]) + "\r\n"


def shapefile(folder: Path) -> Path:
    """Write a GBK shapefile without .cpg."""
    return write_gbk_shapefile(
        folder / "示例地块.shp", [PARCEL], {"项目名称": ["示例项目甲"], "行业代码": ["3110"]}, epsg=4548
    )


def shapefile_without_prj(folder: Path) -> Path:
    """Write the shapefile and take its .prj away."""
    path = shapefile(folder)
    path.with_suffix(".prj").unlink()
    return path


def kml(folder: Path) -> Path:
    """Write a KML with altitudes."""
    rings = (("outerBoundaryIs", PARCEL.exterior), ("innerBoundaryIs", PARCEL.interiors[0]))
    body = "".join(
        f"<{side}><LinearRing><coordinates>{' '.join(f'{x!r},{y!r},612.5' for x, y in ring.coords)}"
        f"</coordinates></LinearRing></{side}>"
        for side, ring in rings
    )
    text = f"<kml><Placemark><name>示例地块</name><Polygon>{body}</Polygon></Placemark></kml>"
    return text_file("示例地块.kml", text, "utf-8")(folder)


def millimetre_drawing(folder: Path) -> Path:
    """Write a DXF in millimetres."""
    return write_dxf(folder / "用地红线.dxf", {"示例地块": [PARCEL]}, unit="mm", epsg=4548)


def path_kml(folder: Path) -> Path:
    """Write the parcel's outline as a path, as phones and Google Earth do."""
    return write_kml(folder / "路径.kml", f"<name>示例地块</name>{kml_line(ring_of(PARCEL))}")


def open_path_kml(folder: Path) -> Path:
    """Write the outline as a path whose end does not meet its start."""
    return write_kml(folder / "路径.kml", f"<name>示例地块</name>{kml_line(ring_of(PARCEL)[:-1] + [(117.89995, 40.9502)])}")


def vertex_table(folder: Path) -> Path:
    """Write the outline as a table of its vertices."""
    ring = ring_of(PARCEL)
    return table(folder / "拐点.xlsx", ("地块编号", "拐点", "经度", "纬度"), [["DK1", *row] for row in vertex_rows(ring, labels(ring))])


def numbered_points(folder: Path) -> Path:
    """Write the outline as rows of a number and a place, which may be anything."""
    ring = ring_of(PARCEL)[:-1]
    return table(folder / "坐标.csv", ("编号", "经度", "纬度"), vertex_rows(ring, labels(ring, "{}")))


def shifted_header(folder: Path) -> Path:
    """Write a TXT whose header lacks items and whose use holds the word for a line."""
    lines = boundary_lines(in_crs(PARCEL, 4527))
    return text_file("示例地块.txt", boundary_text(lines, header="DK001,示例地块,面,K50,输电线路塔基,@"))(folder)


def old_crs(folder: Path) -> Path:
    """Write a GeoJSON of an old server on Xi'an 80."""
    return geojson(folder / "示例地块.geojson", [PARCEL], {"type": "EPSG", "properties": {"code": 4610}})


def stated_gcj(folder: Path) -> Path:
    """Write a KML that says its coordinates are GCJ-02."""
    lon, lat = cgcs2000_to_gcj02(*np.array(ring_of(PARCEL)).T)
    ring = list(zip(lon.tolist(), lat.tolist(), strict=True))
    return write_kml(folder / "示例地块.kml", f"<name>示例地块</name><OvCoordType>GCJ-02</OvCoordType>{kml_polygon(ring)}")


def packed(*titles: str) -> Callable[[Path], Path]:
    """Return a writer of a table whose degrees are packed."""

    def write(folder: Path) -> Path:
        rows = [[f"示例企业{n}", 117.540931, 40.570713, "CGCS2000"] for n in "甲乙丙"]
        return table(folder / "企业.xlsx", ("企业名称", *titles, "坐标系"), rows)

    return write


def cut_fields(folder: Path) -> Path:
    """Write a shapefile whose field names were cut to ten bytes of UTF-8."""
    return cut_shapefile(folder / "示例地块.shp", [PARCEL], {"项目名称": "示例项目甲", "行业代码": "3110"}, "utf-8")


def described_kml(folder: Path) -> Path:
    """Write a KML as ArcGIS makes it: attributes in a table of the description, the name in folders."""
    rows = "".join(f"<tr><td>{k}</td><td>{v}</td></tr>" for k, v in (("行业代码", "3110"), ("建设性质", "新建")))
    mark = f"<description><![CDATA[<table>{rows}</table>]]></description>{kml_polygon(ring_of(PARCEL))}"
    path = write_kml(folder / "doc.kml")
    path.write_text(f"<kml><Document><Folder><name>示例项目甲</name><Placemark>{mark}</Placemark></Folder></Document></kml>", "utf-8")
    return path


def mixed_drawing(folder: Path) -> Path:
    """Write a DXF with one outline and much that bounds land in ways that are not read, or is hidden."""
    ring, apart = (in_crs(shape, 4548).exterior.coords[:-1] for shape in (PARCEL, square(117.95, 40.95)))
    document = ezdxf.new("R2000")
    document.encoding, document.header["$INSUNITS"] = "gbk", 6
    document.layers.add("旧方案").freeze()
    space = document.modelspace()
    space.add_lwpolyline(ring, close=True, dxfattribs={"layer": "用地红线"})
    space.add_lwpolyline(apart, dxfattribs={"layer": "用地红线"})
    space.add_solid(ring, dxfattribs={"layer": "填色"})
    space.add_lwpolyline(apart, close=True, dxfattribs={"layer": "旧方案"})
    document.layout("Layout1").add_lwpolyline([(0, 0), (9, 0), (9, 9)], close=True)
    document.saveas(folder / "用地红线.dxf")
    return folder / "用地红线.dxf"


def crossed_corners(folder: Path) -> Path:
    """Write a parcel with two vertices of its north side given in the wrong order."""
    (west, south), side = (117.9, 40.95), 0.004
    north, east, middle, out = south + side, west + side, west + side / 2, side / 25
    ring = [(west, south), (east, south), (east, north), (middle - out, north + out), (middle + out, north + out), (west, north)]
    return geojson(folder / "示例地块.geojson", [shapely.Polygon(ring)], properties=[{"name": "示例地块"}])


def bow_tie(folder: Path) -> Path:
    """Write a parcel whose corners are numbered across, which makes a bow tie."""
    ring = [(117.9, 40.95), (117.904, 40.954), (117.904, 40.95), (117.9, 40.954), (117.9, 40.95)]
    return geojson(folder / "示例地块.geojson", [shapely.Polygon(ring)], properties=[{"name": "示例地块"}])


def open_geopackage(folder: Path) -> Path:
    """Write a GeoPackage as QGIS leaves it while open: the second parcel is in the -wal alone."""
    made = folder / "made"
    made.mkdir()
    path = write_layer(made / "地块.gpkg", [square(117.90, 40.95)], {"name": ["示例地块"]})
    blob = write_layer(made / "新.gpkg", [square(117.93, 40.95)], {"name": ["示例地块二"]})
    with closing(sqlite3.connect(blob)) as other, closing(sqlite3.connect(path)) as holder:
        (shape,) = other.execute('select geom from "新"').fetchone()
        holder.execute("pragma journal_mode=wal")
        # an R*Tree's triggers call functions that only GDAL has
        for (trigger,) in holder.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            holder.execute(f'drop trigger "{trigger}"')
        holder.execute('insert into "地块" (geom, name) values (?, ?)', (shape, "示例地块二"))
        holder.commit()
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", folder / f"地块.gpkg{suffix}")
    shutil.rmtree(made)
    return folder / "地块.gpkg"


def cut_wal(folder: Path) -> Path:
    """Write that GeoPackage with a -wal that lost its end."""
    path = open_geopackage(folder)
    wal = path.with_name("地块.gpkg-wal")
    wal.write_bytes(wal.read_bytes()[:-1000])
    return path


def esri_json(folder: Path) -> Path:
    """Write the parcel as an ArcGIS server gives it."""
    rings = [[list(xy) for xy in ring.coords] for ring in (in_crs(PARCEL, 4548).exterior, *in_crs(PARCEL, 4548).interiors)]
    feature = {"attributes": {"项目名称": "示例地块"}, "geometry": {"rings": rings}}
    document = {"geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": 4548}, "features": [feature]}
    return text_file("示例地块.json", json.dumps(document, ensure_ascii=False), "utf-8")(folder)


def gpx_track(folder: Path) -> Path:
    """Write a recorded walk round the parcel."""
    points = "".join(f'<trkpt lat="{y!r}" lon="{x!r}"/>' for x, y in ring_of(PARCEL))
    text = f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>示例地块</name><trkseg>{points}</trkseg></trk></gpx>'
    return text_file("踏勘.gpx", text, "utf-8")(folder)


def zip_in_zip(folder: Path) -> Path:
    """Write a zipped shapefile inside another zip."""
    inner = zip_shapefile(folder / "示例地块.zip", shapefile(folder))
    outer = zip_files(folder / "报件.zip", {"示例地块.zip": inner.read_bytes()})
    inner.unlink()
    return outer


def measured_points(*labels_of: str) -> Callable[[Path], Path]:
    """Return a writer of a CASS .dat: measured points in Gauss-Krüger with zone number, under these labels."""
    lines = [f"{label},,{x:.3f},{y:.3f},512.3" for label, (x, y) in zip(labels_of, ring_of(in_crs(PARCEL, 4527)), strict=False)]
    return text_file("测点.dat", "\r\n".join(lines))


def plane_vertices(folder: Path) -> Path:
    """Write the outline as a table whose northing and easting stand under each other's names."""
    ring = ring_of(in_crs(PARCEL, 4527))
    return table(folder / "界址点.xlsx", ("界址点号", "纵坐标", "横坐标"), vertex_rows(ring, labels(ring), 3))


def ring_road(folder: Path) -> Path:
    """Write a closed line that is called a road."""
    return write_kml(folder / "路径.kml", f"<name>环城道路</name>{kml_line(ring_of(PARCEL))}")


def old_workbook(folder: Path) -> Path:
    """Write a workbook of Excel 97-2003 with places."""
    rows = [["企业名称", "经度", "纬度", "坐标系"], ["示例企业甲", 117.902586, 40.951981, "CGCS2000"]]
    return write_xls(folder / "企业.xls", rows)


CASES: Mapping[str, Case] = {
    "wrong_zone_prefix": Case(
        title="带号写错，坐标带前缀", write=text_file("示例地块.txt", parcel_text(4527, 带号="40"))
    ),
    "wrong_zone": Case(title="带号写错，坐标不带前缀", write=text_file("示例地块.txt", parcel_text(4548, 带号="40"))),
    "swapped_axes": Case(title="横纵坐标颠倒", write=text_file("示例地块.txt", parcel_text(4527, swapped=True))),
    "gbk": Case(title="GBK 编码、没有 .cpg 的 Shapefile", write=shapefile),
    "missing_prj": Case(title="没有 .prj 的 Shapefile", write=shapefile_without_prj),
    "missing_prj_declared": Case(
        title="没有 .prj，写明坐标系", write=shapefile_without_prj, options={"crs": "EPSG:4548"}
    ),
    "two_parcels": Case(title="一个文件两个地块", write=text_file("示例地块.txt", two_parcels())),
    "hole": Case(title="带孔地块", write=text_file("示例地块.txt", parcel_text(4527))),
    "kml_altitude": Case(title="带高程的 KML", write=kml),
    "dxf_millimetres": Case(title="毫米单位的 DXF", write=millimetre_drawing, options={"crs": "EPSG:4548"}),
    "dxf_without_crs": Case(title="没有写明坐标系的 DXF", write=millimetre_drawing),
    "xian80": Case(
        title="西安80 的 TXT", write=text_file("示例地块.txt", parcel_text(4527, 坐标系="80国家大地坐标系"))
    ),
    "kml_path": Case(title="用地边界画成路径（线）的 KML", write=path_kml, options={"crs": "CGCS2000"}),
    "kml_path_open": Case(title="首尾没有接上的路径", write=open_path_kml, options={"crs": "CGCS2000"}),
    "kml_path_as_polygon": Case(
        title="首尾没有接上的路径，写明是面", write=open_path_kml, options={"crs": "CGCS2000", "as": "polygon"}
    ),
    "vertex_table": Case(title="拐点表", write=vertex_table, options={"crs": "CGCS2000"}),
    "numbered_points": Case(title="只有编号和坐标的表", write=numbered_points, options={"crs": "CGCS2000"}),
    "measured_points": Case(title="CASS 测点（.dat）", write=measured_points("1", "2", "3", "4")),
    "measured_vertices": Case(title="CASS 测点，点号是界址点号", write=measured_points("J1", "J2", "J3", "J4")),
    "plane_vertices": Case(title="横纵坐标两列写反的界址点表", write=plane_vertices),
    "ring_road": Case(title="首尾相接、名称像道路的线", write=ring_road, options={"crs": "CGCS2000"}),
    "shifted_header": Case(title="地块行缺项的 TXT", write=shifted_header),
    "old_geojson_crs": Case(title="旧写法坐标系的 GeoJSON（西安80）", write=old_crs),
    "kml_gcj02": Case(title="写明 GCJ-02 的 KML", write=stated_gcj),
    "packed_dms": Case(title="度分秒连写，表头写明", write=packed("经度(度.分秒)", "纬度(度.分秒)")),
    "packed_dms_asked": Case(title="度分秒连写，表头没有写明", write=packed("经度", "纬度")),
    "cut_field_names": Case(title="字段名被截断的 Shapefile", write=cut_fields),
    "kml_description": Case(title="属性在说明表格里的 KML（ArcGIS）", write=described_kml, options={"crs": "CGCS2000"}),
    "dxf_unread": Case(title="不止一条闭合线的 DXF", write=mixed_drawing, options={"crs": "EPSG:4548"}),
    "small_repair": Case(title="两个界址点次序写反的面", write=crossed_corners, options={"crs": "CGCS2000"}),
    "bow_tie": Case(title="蝴蝶结形的面", write=bow_tie, options={"crs": "CGCS2000"}),
    "geopackage_wal": Case(title="QGIS 还开着的 GeoPackage", write=open_geopackage),
    "geopackage_cut_wal": Case(title="-wal 残缺的 GeoPackage", write=cut_wal),
    "esri_json": Case(title="ArcGIS 服务的 EsriJSON", write=esri_json),
    "gpx_track": Case(title="GPX 轨迹", write=gpx_track, options={"crs": "CGCS2000"}),
    "zip_in_zip": Case(title="压缩包里的压缩包", write=zip_in_zip),
    "old_workbook": Case(title="Excel 97–2003 的 .xls", write=old_workbook),
    "not_read": Case(title="不读的格式（DWG）", write=text_file("用地红线.dwg", "AC1032")),
    "empty_file": Case(title="空文件", write=text_file("示例地块.txt", "")),
}
"""The ten of the requirement, three of them in two variants, what people take for a polygon, a datum, a degree, and what
is read, repaired or left out of further formats."""


def output(case: Case) -> str:
    """Return what the user reads: the command, what became of every row, and the sites that are judged."""
    with tempfile.TemporaryDirectory() as folder:
        command, subjects = case.command(Path(folder)), case.read(Path(folder))
    return "\n".join((f"$ {command}", *_lines(subjects))) + "\n"


def _lines(subjects: Subjects) -> Iterator[str]:
    for note in subjects.intake:
        yield (
            f"{_STATUS[note.status.value]}  {note.file} 第 {note.row} 行"
            if note.row.isdigit()
            else (f"{_STATUS[note.status.value]}  {note.file} {note.row}")
        )
        for label, text in (("情况", note.reason), ("处理", note.remedy)):
            if text:
                yield f"      {label}：{text}"
    areas = survey_area_m2(subjects.frame.geometry.to_numpy())
    for name, shape, area in zip(subjects.frame["name"], subjects.frame.geometry, areas, strict=True):
        point = shapely.centroid(shape)
        if shape.geom_type == "Point":
            yield f"点位  {name}：{point.x:.6f}, {point.y:.6f}"
            continue
        parts = shapely.get_parts(shape)
        inner = int(shapely.get_num_interior_rings(parts).sum())
        holes = (f"，{inner} 个孔" if inner else "") + (f"，{len(parts)} 个部分" if len(parts) > 1 else "")
        yield f"地块  {name}：{area:,.1f} 平方米{holes}，中心 {point.x:.4f}, {point.y:.4f}"


def blocks(document: str) -> dict[str, str]:
    """Return {case: output that the document shows}."""
    return {match["name"]: match["body"] for match in _BLOCK.finditer(document)}


def renewed(document: str) -> str:
    """Return the document with every output as it is now."""
    return _BLOCK.sub(lambda m: f"{m['name']}{m['open']}{output(CASES[m['name']])}{m['close']}", document)


if __name__ == "__main__":
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
