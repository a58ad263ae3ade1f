"""Files as people really hand them over, and what cdgis says to each: the source of docs/usage_inputs.md.

`python tests/people_proof.py` rewrites the outputs in the document; test_people_proof.py checks that they are current.
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from drawings import write_dxf
from ring_files import cut_shapefile, geojson, kml_line, kml_polygon, labels, ring_of, table, vertex_rows
from ring_files import kml as write_kml
from shapes import PARCEL, boundary_lines, boundary_text, in_crs, square, workspace, write_gbk_shapefile

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
    "shifted_header": Case(title="地块行缺项的 TXT", write=shifted_header),
    "old_geojson_crs": Case(title="旧写法坐标系的 GeoJSON（西安80）", write=old_crs),
    "kml_gcj02": Case(title="写明 GCJ-02 的 KML", write=stated_gcj),
    "packed_dms": Case(title="度分秒连写，表头写明", write=packed("经度(度.分秒)", "纬度(度.分秒)")),
    "packed_dms_asked": Case(title="度分秒连写，表头没有写明", write=packed("经度", "纬度")),
    "cut_field_names": Case(title="字段名被截断的 Shapefile", write=cut_fields),
    "kml_description": Case(title="属性在说明表格里的 KML（ArcGIS）", write=described_kml, options={"crs": "CGCS2000"}),
    "empty_file": Case(title="空文件", write=text_file("示例地块.txt", "")),
}
"""The ten of the requirement, three of them in two variants, and what people take for a polygon, a datum, a degree."""


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
        holes = f"，{len(shape.interiors)} 个孔" if shape.interiors else ""
        yield f"地块  {name}：{area:,.1f} 平方米{holes}，中心 {point.x:.4f}, {point.y:.4f}"


def blocks(document: str) -> dict[str, str]:
    """Return {case: output that the document shows}."""
    return {match["name"]: match["body"] for match in _BLOCK.finditer(document)}


def renewed(document: str) -> str:
    """Return the document with every output as it is now."""
    return _BLOCK.sub(lambda m: f"{m['name']}{m['open']}{output(CASES[m['name']])}{m['close']}", document)


if __name__ == "__main__":
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
