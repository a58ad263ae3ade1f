"""The inputs of the public bug reports that issue 15 lists, rebuilt around one parcel, and further ones of the same kinds.

Each `Case` is one file: the number of the report's folder ("" for a variant of our own), the kind of fault it
belongs to, how it is written, and what is right: sites, words that must be said, lines that must be quarantined.
"""

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import ezdxf
import shapely
from ezdxf.document import Drawing
from openpyxl import Workbook
from ring_files import cut_shapefile, geojson, kml, kml_polygon, ring_of, table
from shapes import (
    PARCEL,
    boundary_lines,
    boundary_text,
    in_crs,
    write_gbk_shapefile,
    write_geojson,
    write_xlsx,
    zip_files,
)

SHELL = shapely.Polygon(PARCEL.exterior)
BESIDE = shapely.affinity.translate(SHELL, 0.01)
RING, PLANE = ring_of(SHELL), ring_of(in_crs(SHELL, 4527))
HOLE = list(PARCEL.interiors[0].coords)
CENTRE = (117.9026, 40.952)
HA, HOLED_HA, TWO_HA = 17.672, 16.737, 35.344
SAID = {"crs": "CGCS2000"}
DRAWN = {"crs": "EPSG:4548"}
Write = Callable[[Path], Path]
Site = tuple[str, str, float]
"""Name, kind of geometry, hectares (0 for what has no area)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file and its right answer."""

    number: str
    kind: int
    """Of fault, as issue 15 counts them."""
    write: Write
    options: Mapping[str, str] = field(default_factory=dict)
    sites: tuple[Site, ...] = ()
    said: tuple[str, ...] = ()
    """Each stands in a reason or a remedy of the intake."""
    unsaid: tuple[str, ...] = ()
    lost: int = 0
    """Quarantined lines."""
    industries: tuple[str, ...] = ()


def text(name: str, body: str, encoding: str = "utf-8") -> Write:
    """Return a writer of a text file."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(body.encode(encoding))
        return path

    return write


def placemarks(*inner: str, head: str = "") -> Write:
    """Return a writer of a KML of these placemarks."""
    return lambda folder: kml(folder / "a.kml", *inner, head=head)


def rows(header: Sequence[str], *lines: Sequence[object], suffix: str = "xlsx", above: Sequence[str] = ()) -> Write:
    """Return a writer of a table, lines of text above its header."""

    def write(folder: Path) -> Path:
        if above:
            return write_xlsx(folder / "a.xlsx", {"Sheet1": [*([line] for line in above), list(header), *lines]})
        return table(folder / f"a.{suffix}", header, lines)

    return write


def boundary(header: str, lines: Sequence[str] = (), **keys: str) -> Write:
    """Return a writer of a 界址点 TXT, of the parcel unless other lines are given."""
    return text("a.txt", boundary_text(lines or boundary_lines(in_crs(SHELL, 4527)), header=header, **keys))


def numbered(*rings: tuple[int, Sequence[tuple[float, float]]]) -> list[str]:
    """Return 点号,圈号,北,东 lines of rings given in degrees."""
    planes = [(ring, ring_of(in_crs(shapely.Polygon(points), 4527))) for ring, points in rings]
    return [f"J{at},{ring},{y:.4f},{x:.4f}" for ring, plane in planes for at, (x, y) in enumerate(plane, 1)]


def keyhole(first: Sequence[tuple[float, float]]) -> list[str]:
    """Return the lines of one ring that goes round the land, along a cut to the hole, round it and back."""
    through = shapely.get_coordinates(in_crs(shapely.LineString([*first, *HOLE, first[-1], first[0]]), 4527))
    points = [*through[: len(first) + len(HOLE) + 1]] + ([through[-1]] if first[0] != first[-1] else [])
    return [f"J{at},1,{y:.4f},{x:.4f}" for at, (x, y) in enumerate(points, 1)]


def described(properties: Mapping[str, str]) -> str:
    """Return attributes as the HTML table of ArcGIS 图层转KML."""
    cells = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in properties.items())
    return f"<description><![CDATA[<html><body><table>{cells}</table></body></html>]]></description>"


def arcgis_kml(folder: Path) -> Path:
    """Write two phases of one project, named only by their folders."""
    told = described({"项目名称": "示例水泥项目", "行业代码": "3011", "建设性质": "新建"})
    phases = "".join(
        f"<Folder><name>{name}</name><Placemark><name></name>{told}{kml_polygon(ring_of(shape))}</Placemark></Folder>"
        for name, shape in (("一期", SHELL), ("二期", BESIDE))
    )
    return kml(folder / "doc.kml", head=f"<Folder><name>示例水泥项目</name>{phases}</Folder>")


def uncached(folder: Path) -> Path:
    """Write a workbook whose longitude is a formula that nobody calculated."""
    return write_xlsx(folder / "a.xlsx", {"表": [
        ["企业名称", "度", "分", "秒", "经度", "纬度", "坐标系"], ["示例企业", 117, 54, 9.3, "=B2+C2/60+D2/3600", CENTRE[1], "CGCS2000"],
    ]})  # fmt: skip


def strict(folder: Path) -> Path:
    """Write a workbook as Strict Open XML."""
    path = write_xlsx(folder / "a.xlsx", {"表": [["企业名称", "经度", "纬度", "坐标系"], ["示例企业", *CENTRE, "CGCS2000"]]})
    with zipfile.ZipFile(path) as opened:
        members = {name: opened.read(name).decode("utf-8") for name in opened.namelist()}
    renamed = {
        name: body.replace("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
        .replace("http://schemas.openxmlformats.org/officeDocument/2006/", "http://purl.oclc.org/ooxml/officeDocument/")
        for name, body in members.items()
    }  # fmt: skip
    return zip_files(path, {name: body.encode() for name, body in renamed.items()})


def projected(name: str = "CGCS2000_3_Degree_GK_CM_117E", *, flattening: float = 298.257222101, datum: str = "D_China_2000",
              method: str = "Gauss_Kruger", unit: str = 'UNIT["Meter",1.0]', epsg: int = 4548, **changes: float) -> Write:  # fmt: skip
    """Return a writer of a shapefile whose .prj says so."""
    values = {"False_Easting": 500000.0, "False_Northing": 0.0, "Central_Meridian": 117.0, "Scale_Factor": 1.0, "Latitude_Of_Origin": 0.0}
    parameters = ",".join(f'PARAMETER["{key}",{value}]' for key, value in (values | changes).items())
    base = f'GEOGCS["GCS",DATUM["{datum}",SPHEROID["S",{6378140.0 if flattening == 298.257 else 6378137.0},{flattening}]]'
    base += ',PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
    return with_prj(f'PROJCS["{name}",{base},PROJECTION["{method}"],{parameters},{unit}]', epsg)


def with_prj(stated: str, epsg: int = 4548) -> Write:
    """Return a writer of the parcel in `epsg` beside a .prj of its own."""

    def write(folder: Path) -> Path:
        path = write_gbk_shapefile(folder / "a.shp", [SHELL], {"name": ["示例"]}, epsg=epsg)
        path.with_suffix(".prj").write_text(stated, encoding="utf-8")
        return path

    return write


def stated_crs(crs: object, epsg: int = 4490) -> Write:
    """Return a writer of a GeoJSON with this `crs` member and coordinates in `epsg`."""
    shape = SHELL if epsg in (4490, 4610) else in_crs(SHELL, epsg)
    return lambda folder: geojson(folder / "a.geojson", [shape], crs, [{"name": "示例"}])


def drawing(draw: Callable[[Drawing], None], *, renamed: str = "") -> Write:
    """Return a writer of a drawing; 3DFACE is renamed to a kind that only CAD programs write."""

    def write(folder: Path) -> Path:
        document = ezdxf.new("R2000")
        document.encoding, document.header["$INSUNITS"] = "gbk", 6
        draw(document)
        path = folder / "a.dxf"
        document.saveas(path)
        if renamed:
            path.write_bytes(path.read_bytes().replace(b"\n3DFACE\n", f"\n{renamed}\n".encode()))
        return path

    return write


DRAWN_RING = ring_of(in_crs(SHELL, 4548))[:-1]
APART = ring_of(in_crs(BESIDE, 4548))[:-1]


def outline(document: Drawing, layer: str, ring: Sequence[tuple[float, float]] = DRAWN_RING, **attributes: object) -> None:
    """Draw a closed line."""
    document.modelspace().add_lwpolyline(ring, close=True, dxfattribs={"layer": layer, **attributes})


def faces(document: Drawing, *, with_outline: bool = True) -> None:
    """Draw a boundary, and others that are faces, fills and meshes."""
    space = document.modelspace()
    if with_outline:
        outline(document, "一期红线")
    space.add_3dface(APART, dxfattribs={"layer": "三期红线"})
    space.add_solid(APART, dxfattribs={"layer": "四期红线"})
    with space.add_mesh(dxfattribs={"layer": "五期红线"}).edit_data() as data:
        data.vertices, data.faces = [(*p, 0) for p in APART], [[0, 1, 2, 3]]


def region(document: Drawing) -> None:
    """Draw a boundary, and a face that `drawing` makes the REGION (ACIS data) of a CAD program."""
    outline(document, "一期红线")
    document.modelspace().add_3dface(APART, dxfattribs={"layer": "二期红线"})


def regions_alone(document: Drawing) -> None:
    """Draw nothing but what is renamed to a REGION."""
    document.modelspace().add_3dface(APART, dxfattribs={"layer": "二期红线"})


def reference(document: Drawing) -> None:
    """Draw a wall, and put the boundary into a drawing that is not sent."""
    outline(document, "围墙")
    document.add_xref_def("红线.dwg", "红线参照")
    document.modelspace().add_blockref("红线参照", (0, 0))


def gaps_and_arcs(document: Drawing) -> None:
    """Draw a line that lacks 3 cm, one with an arc, a closed 3D line."""
    space = document.modelspace()
    space.add_lwpolyline([*DRAWN_RING, (DRAWN_RING[0][0] + 0.03, DRAWN_RING[0][1])], dxfattribs={"layer": "缝3厘米"})
    space.add_lwpolyline([(*APART[0], 0.0), *((*p, 0.0) for p in APART[1:])], format="xyb", close=True, dxfattribs={"layer": "弧段"})
    space.add_polyline3d([(x, y + 700, 500) for x, y in APART], close=True, dxfattribs={"layer": "三维"})


def hidden(document: Drawing) -> None:
    """Draw a boundary, and another on a frozen layer."""
    document.layers.add("暗").freeze()
    outline(document, "红线")
    outline(document, "暗", APART)


def hollow_hatch(document: Drawing) -> None:
    """Draw a boundary, and a hatch that bounds nothing."""
    outline(document, "红线")
    document.modelspace().add_hatch(dxfattribs={"layer": "填充"})


def attributed(folder: Path) -> Path:
    """Write UTF-8 field names that ten bytes cut in the middle of a character."""
    fields = {"项目名称": "示例项目甲", "行业代码": "3011", "建设性质": "新建"}
    return cut_shapefile(folder / "utf8.shp", [SHELL], fields, "utf-8")


def cut_gbk(folder: Path) -> Path:
    """Write GBK field names longer than ten bytes."""
    fields = {"建设项目名称": "示例项目甲", "国民经济行业代码": "3011", "建设性质": "新建"}
    return cut_shapefile(folder / "gbk.shp", [SHELL], fields, "gbk")


def cut_strangers(folder: Path) -> Path:
    """Write a cut field name that fits no column, and one that fits two."""
    return cut_shapefile(folder / "x.shp", [SHELL], {"项目名称": "甲", "审批机关文号": "x"}, "utf-8")


def esri(folder: Path) -> Path:
    """Write EsriJSON as an ArcGIS server answers."""
    path = folder / "a.json"
    feature = {"attributes": {"项目名称": "示例", "行业代码": "3011"}, "geometry": {"rings": [[list(p) for p in RING]]}}
    path.write_text(json.dumps({"spatialReference": {"wkid": 4490}, "features": [feature]}, ensure_ascii=False), encoding="utf-8")
    return path


def zip_in_zip(folder: Path) -> Path:
    """Write a zip in a zip."""
    inner = zip_files(folder / "里.zip", {"a.geojson": write_geojson(folder / "a.geojson", [(SHELL, {"name": "甲"})], "EPSG:4490")})
    return zip_files(folder / "外.zip", {"里.zip": inner})


def formula_in_name(folder: Path) -> Path:
    """Write a workbook in which a column that matters not is an uncached formula."""
    book = Workbook()
    for line in (["企业名称", "经度", "纬度", "坐标系", "闲话"], ["示例企业", *CENTRE, "CGCS2000", "=A2"]):
        book.active.append(line)
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"
