"""One outline written as every kind of file, and in every way that people give a ring: as land, as a line, as points."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry
from shapes import boundary_lines, boundary_text, in_crs, write_gbk_shapefile, write_layer, write_xlsx

Ring = Sequence[tuple[float, float]]


def ring_of(parcel: BaseGeometry) -> Ring:
    """Return the closed outer ring of a parcel."""
    return list(parcel.exterior.coords)


def spaced(ring: Ring) -> str:
    """Return a ring as KML coordinates."""
    return " ".join(f"{x:.10f},{y:.10f},0" for x, y in ring)


def kml(path: Path, *placemarks: str, head: str = "") -> Path:
    """Write a KML of placemarks given as the XML inside them."""
    body = "".join(f"<Placemark>{inner}</Placemark>" for inner in placemarks)
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">'
        f"<Document>{head}{body}</Document></kml>",
        encoding="utf-8",
    )
    return path


def kml_polygon(ring: Ring) -> str:
    """Return a KML polygon."""
    return f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{spaced(ring)}</coordinates></LinearRing></outerBoundaryIs></Polygon>"


def kml_line(ring: Ring, kind: str = "LineString") -> str:
    """Return a KML line, as phones and Google Earth's 路径 write it."""
    return f"<{kind}><coordinates>{spaced(ring)}</coordinates></{kind}>"


def kml_track(ring: Ring) -> str:
    """Return a recorded track."""
    return "<gx:Track>" + "".join(f"<gx:coord>{x:.10f} {y:.10f} 500</gx:coord>" for x, y in ring) + "</gx:Track>"


def kml_pins(ring: Ring, names: Sequence[str]) -> list[str]:
    """Return one placemark a vertex."""
    return [
        f"<name>{name}</name><Point><coordinates>{x:.10f},{y:.10f},0</coordinates></Point>"
        for name, (x, y) in zip(names, ring, strict=True)
    ]


def geojson(path: Path, geometries: Sequence[BaseGeometry], crs: object = None, properties: Sequence[Mapping[str, str]] = ()) -> Path:  # fmt: skip
    """Write GeoJSON with any `crs` member."""
    features = [
        {"type": "Feature", "properties": dict(properties[at]) if properties else {}, "geometry": shapely.geometry.mapping(g)}
        for at, g in enumerate(geometries)
    ]
    document = {"type": "FeatureCollection", "features": features} | ({} if crs is None else {"crs": crs})
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a table as CSV or XLSX by its suffix."""
    if path.suffix == ".xlsx":
        return write_xlsx(path, {"Sheet1": [list(header), *rows]})
    lines = [",".join(map(str, line)) for line in (header, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def vertex_rows(ring: Ring, labels: Sequence[str], digits: int = 10) -> list[list[object]]:
    """Return label, longitude (or easting), latitude (or northing) rows."""
    return [[label, round(x, digits), round(y, digits)] for label, (x, y) in zip(labels, ring, strict=True)]


def labels(ring: Ring, form: str = "J{}") -> list[str]:
    """Return the labels of a ring's vertices; a closing one bears the first's."""
    closed = ring[0] == ring[-1]
    return [form.format(1 if closed and at == len(ring) - 1 else at + 1) for at in range(len(ring))]


def cut_shapefile(path: Path, shapes: Sequence[BaseGeometry], fields: Mapping[str, str], encoding: str) -> Path:
    """Write a shapefile whose field names are cut to ten bytes in the middle of a character, as programs do."""
    write_layer(path, shapes, {f"F{at}": [text] for at, text in enumerate(fields.values())}, encoding=encoding)
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    for at, name in enumerate(fields):
        table[32 + 32 * at : 32 + 32 * at + 11] = name.encode(encoding)[:10].ljust(11, b"\x00")
    path.with_suffix(".dbf").write_bytes(bytes(table))
    return path


def every_form(folder: Path, parcel: BaseGeometry) -> dict[str, tuple[Path, dict[str, str]]]:
    """Return {what it is: (file, options)}: one parcel on CGCS2000 in every format and every way to give its ring."""
    ring, plane = ring_of(parcel), in_crs(parcel, 4527)
    open_ring, line = ring[:-1], shapely.LineString(ring_of(parcel))
    said = {"crs": "CGCS2000"}
    land = {**said, "geometry_kind": "polygon"}
    txt = folder / "界址点.txt"
    txt.write_bytes(boundary_text(boundary_lines(plane), header="5,,DK1,地块,面,,,,@").encode("gbk"))
    unclosed = folder / "未闭合.txt"
    unclosed.write_bytes(boundary_text(boundary_lines(plane, closed=False), header="4,,DK1,地块,,,,,@").encode("gbk"))
    bare = folder / "只有坐标.txt"
    bare.write_text("\n".join(f"{at},{y:.4f},{x:.4f}" for at, (x, y) in enumerate(plane.exterior.coords, 1)), "utf-8")
    code = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    return {
        "kml 面": (kml(folder / "面.kml", kml_polygon(ring)), said),
        "kml 路径": (kml(folder / "路径.kml", kml_line(ring)), said),
        "kml 环": (kml(folder / "环.kml", kml_line(ring, "LinearRing")), said),
        "kml 两段相接": (kml(folder / "两段.kml", f"<MultiGeometry>{kml_line(ring[:3])}{kml_line(ring[2:])}</MultiGeometry>"), said),
        "kml 轨迹": (kml(folder / "轨迹.kml", kml_track(ring)), said),
        "kml 界址点": (kml(folder / "点.kml", *kml_pins(open_ring, labels(open_ring))), said),
        "kml 未闭合路径，写明面": (kml(folder / "开.kml", kml_line(open_ring)), land),
        "kml 航点，写明面": (kml(folder / "航点.kml", *kml_pins(open_ring, labels(open_ring, "{}"))), land),
        "geojson 面": (geojson(folder / "面.geojson", [parcel], code), {}),
        "geojson 线": (geojson(folder / "线.geojson", [line], code), {}),
        "geojson 点": (geojson(folder / "点.geojson", [shapely.Point(p) for p in open_ring], code,
                               [{"点号": name} for name in labels(open_ring)]), {}),
        "shp 面": (write_gbk_shapefile(folder / "面.shp", [parcel], {"名称": ["甲"]}, epsg=4548), {}),
        "shp 线": (write_gbk_shapefile(folder / "线.shp", [line], {"名称": ["甲"]}, epsg=4490), {}),
        "gpkg 面": (write_layer(folder / "面.gpkg", [parcel]), {}),
        "gpkg 线": (write_layer(folder / "线.gpkg", [line], epsg=4527), {}),
        "txt 面": (txt, {}),
        "txt 图形属性空、未闭合": (unclosed, {}),
        "txt 只有坐标、首尾相同": (bare, said),
        "xlsx 拐点表": (table(folder / "拐点.xlsx", ("拐点号", "经度", "纬度"), vertex_rows(ring, labels(ring))), said),
        "xlsx 平面": (table(folder / "平面.xlsx", ("界址点号", "Y坐标", "X坐标"),
                           vertex_rows(ring_of(plane), labels(ring), 4)), said),
        "csv 编号为 J": (table(folder / "编号.csv", ("编号", "经度", "纬度"), vertex_rows(open_ring, labels(open_ring))), said),
        "csv 编号，写明面": (table(folder / "编号面.csv", ("编号", "经度", "纬度"),
                                  vertex_rows(open_ring, labels(open_ring, "{}"))), land),
        "csv 图形一栏": (table(folder / "图形.csv", ("编号", "经度", "纬度", "图形"),
                             [[*row, "面"] for row in vertex_rows(open_ring, labels(open_ring, "{}"))]), said),
        "csv wkt": (table(folder / "wkt.csv", ("名称", "wkt"), [["甲", f'"SRID=4490;{parcel.wkt}"']]), {}),
        "csv ewkb": (table(folder / "wkb.csv", ("名称", "geom"),
                          [["甲", shapely.to_wkb(shapely.set_srid(parcel, 4490), hex=True, include_srid=True)]]), {}),
    }  # fmt: skip


def asked_forms(folder: Path, parcel: BaseGeometry) -> dict[str, Path]:
    """Return {what it is: file}: the same outline given so that only a person can tell what it is."""
    ring = ring_of(parcel)[:-1]
    plane = list(in_crs(parcel, 4527).exterior.coords)[:-1]
    bare = folder / "坐标串.txt"
    bare.write_text("\n".join(f"{at},{y:.4f},{x:.4f}" for at, (x, y) in enumerate(plane, 1)), "utf-8")
    near = [*ring, (ring[0][0] + 1e-4, ring[0][1])]
    return {
        "没有闭合的路径": kml(folder / "近.kml", kml_line(near)),
        "没有闭合的轨迹": kml(folder / "近轨迹.kml", kml_track(near)),
        "没有闭合的线图层": write_layer(folder / "近.gpkg", [shapely.LineString(near)]),
        "编号的航点": kml(folder / "航点问.kml", *kml_pins(ring, labels(ring, "航点{}"))),
        "编号、经度、纬度": table(folder / "编号问.csv", ("编号", "经度", "纬度"), vertex_rows(ring, labels(ring, "{}"))),
        "同名的几行": table(folder / "同名.xlsx", ("项目名称", "行业代码", "经度", "纬度"),
                       [["示例", "3011", x, y] for x, y in ring]),
        "没有表头的坐标串": bare,
    }  # fmt: skip
