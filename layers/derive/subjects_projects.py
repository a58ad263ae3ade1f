"""Which demonstration project sites are there, and which file does each go into? (subjects_projects.toml)"""

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry
from site_files import write_geojson, write_geopackage, write_kml, write_zipped_shapefile
from site_files_tables import write_csv, write_xlsx
from site_files_text import write_boundary_points
from subjects_land import Land, stream
from subjects_law import place
from subjects_shapes import draw
from subjects_tables import ATTRIBUTE_HEADERS

HERE = Path(__file__).parent
BOOKS = ("subjects_projects.toml", "subjects_corrections.toml", "subjects_law.toml")
"""Lists of sites; all but the first take the ground the enterprises leave."""

HEADERS = ATTRIBUTE_HEADERS | {
    "opinion_document": "意见文号", "new_construction_land": "新增建设用地", "open_pit_or_blasting": "露天采矿",
    "tailings_pond": "尾矿库", "excavates_or_dumps": "采砂取土", "builds_structure": "修建建筑物",
    "hazardous_storage": "危险物品场所", "vehicle_fuel_station": "补充燃料", "homes_or_public": "居住或公共用地",
    "coal_heating_boiler": "燃煤供热锅炉", "passes_under_or_over": "通过长城方式", "serves_flood_control": "防洪工程",
    "hazard_control_works": "地质灾害治理", "no_extraction": "不含开采",
}  # fmt: skip
"""Attribute id -> Chinese header of the point tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One project site before it is written."""

    project_id: str
    name: str
    file: str
    geometry: BaseGeometry
    """Degrees, CGCS2000."""
    head: dict[str, str]
    attributes: dict[str, str]


def plan_sites(land: Land, book: str) -> list[Site]:
    """Return the sites of one of `BOOKS` in file order, each with its geometry."""
    defaults = _read(BOOKS[0])["defaults"]
    return [_site(land, case, defaults) for case in _read(book)["site"]]


def _read(book: str) -> dict[str, Any]:
    return tomllib.loads((HERE / book).read_text(encoding="utf-8"))


def _site(land: Land, case: dict[str, Any], defaults: dict[str, str]) -> Site:
    head = {
        "industry": case["industry"],
        "project_type": case.get("project_type", "新建"),
        "activity": case.get("activity", "开发性生产性建设" if case["industry"] else ""),
    }
    return Site(
        project_id=case["id"],
        name=case["name"],
        file=case["file"],
        geometry=place(land, case) if "at" in case else draw(land, case, stream(f"site:{case['id']}")),
        head=head,
        attributes=defaults | _as_drawn(case) | case.get("attributes", {}),
    )


def _as_drawn(case: dict[str, Any]) -> dict[str, str]:
    """Return what goes without saying: a line and a planting put up no building."""
    plain = case.get("shape") == "line" or case.get("line") or case.get("activity") == "造林"
    return {"builds_structure": "否"} if plain else {}


def write_project_files(sites: Sequence[Site], folder: Path) -> None:
    """Write every site file and the sidecar attributes.csv into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, options in [item for book in BOOKS for item in _read(book)["files"].items()]:
        _write(folder / file, [site for site in sites if site.file == file], options)
    write_csv(folder / "attributes.csv", _sidecar(sites), encoding="utf-8-sig")


def _write(path: Path, sites: Sequence[Site], options: dict[str, Any]) -> None:
    """Write one file in the format its entry names."""
    features = [(site.project_id, site.name, site.geometry) for site in sites]
    choice = options["format"]
    if choice == "shp":
        write_zipped_shapefile(path, features, crs=options["crs"], prj=options.get("prj", True))
    elif choice == "gpkg":
        write_geopackage(path, features, crs=options["crs"])
    elif choice == "geojson":
        write_geojson(path, features)
    elif choice == "kml":
        write_kml(path, features)
    elif choice == "txt":
        write_boundary_points(path, features, {k: v for k, v in options.items() if k != "format"})
    elif choice == "points_csv":
        write_csv(path, _points(sites), encoding="gbk")
    else:
        write_xlsx(path, _points(sites), title="", sheet="点位")


def _points(sites: Sequence[Site]) -> list[dict[str, str]]:
    """Return point rows with their attributes beside them: tables need no sidecar."""
    return [
        {
            "项目编号": site.project_id,
            "项目名称": site.name,
            "行业代码": site.head["industry"],
            "建设性质": site.head["project_type"],
            "活动类型": site.head["activity"],
            "经度": f"{site.geometry.x:.6f}",
            "纬度": f"{site.geometry.y:.6f}",
            "坐标系": "CGCS2000",
        }
        | {HEADERS[key]: value for key, value in site.attributes.items()}
        for site in sites
    ]


def _sidecar(sites: Sequence[Site]) -> list[dict[str, str]]:
    """Return one row per site of a format without attributes.

    Its parcel is its running number in its file, left empty where the file holds one site only.
    """
    keys = sorted({key for site in sites for key in site.attributes})
    total = Counter(site.file for site in sites)
    seen: Counter[str] = Counter()
    rows = []
    for site in sites:
        if site.file.endswith((".csv", ".xlsx")):
            continue
        seen[site.file] += 1
        parcel = str(seen[site.file]) if total[site.file] > 1 else ""
        head = {"file": site.file, "parcel": parcel, "project_id": site.project_id, "name": site.name}
        rows.append(head | site.head | {key: site.attributes.get(key, "") for key in keys})
    return rows
