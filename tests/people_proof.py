"""Ten files as people really hand them over, and what cdgis says to each: the source of docs/usage_inputs.md.

`python tests/people_proof.py` rewrites the outputs in the document; test_people_proof.py checks that they are current.
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import shapely
from drawings import write_dxf
from shapes import PARCEL, boundary_lines, boundary_text, in_crs, square, workspace, write_gbk_shapefile

from cdgis.geometry.geodesy import survey_area_m2
from cdgis.readers import read_sites
from cdgis.workspace.layers import Subjects

DOCUMENT = Path(__file__).parents[1] / "docs" / "usage_inputs.md"
_BLOCK = re.compile(
    r"(?<=^<!-- )(?P<name>\w+)(?P<open> -->\n```text\n)(?P<body>.*?)(?P<close>```)", re.MULTILINE | re.DOTALL
)
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
        return read_sites(workspace(folder), [self.write(folder)], declared=self.options)

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
    "empty_file": Case(title="空文件", write=text_file("示例地块.txt", "")),
}
"""The ten of the requirement; three of them in two variants."""


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
