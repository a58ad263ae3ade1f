"""A small workspace with every kind of layer, faultless as built; tests break copies of it."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin
from shapely.geometry.base import BaseGeometry
from shapes import metres, write_layer

CITY = metres(-4000, -4000, 4000, 4000)
WEST, EAST = metres(-4000, -4000, 0, 4000), metres(0, -4000, 4000, 4000)
UNITS = ("ZH13080210001", "ZH13080330001")
DIMENSIONS = ("空间布局约束", "污染物排放管控", "环境风险防控", "资源利用效率")
STANDS = [metres(x, 0, x + 100, 100) for x in (0, 200, 400, 600)]
STAND_FIELDS: Mapping[str, Sequence[object]] = {
    "XBH": ["1", "2", "3", "4"], "SZ": ["落叶松"] * 4, "NL": ["20"] * 4, "XJ": ["80"] * 4, "MJ": ["1.0"] * 4,
}  # fmt: skip
CELL_DEG = 0.002
_COMMON = 'official = false\nversion = "2026"\nsource = "测试"\nlicence = "CC0"\n'
_ENTRIES: Mapping[str, str] = {
    "city": 'theme = "基础"\ngeometry = "polygon"\nzones = false\nfields = { zone_id = ["id"] }',
    "counties": 'theme = "基础"\ngeometry = "polygon"\ncoverage = "city"\npartition = true\nfields = { zone_id = ["id"] }',
    "management_units": 'theme = "一单"\ngeometry = "polygon"\ncoverage = "city"\npartition = true\n'
    'allowed_classes = ["优先保护", "重点管控", "一般管控"]\nfields = { zone_id = ["id"], zone_class = ["kind"] }',
    "ecological_redline": 'theme = "三线"\ngeometry = "polygon"\ncoverage = "city"\n'
    'fields = { zone_id = ["id"], zone_name = ["name"], zone_class = ["kind"] }',
    "railways": 'theme = "要素"\ngeometry = "line"\ncoverage = "city"\nfields = { zone_id = ["id"], zone_class = ["kind"] }',
    "receptors": 'theme = "要素"\ngeometry = "point"\ncoverage = "city"\nfields = { zone_id = ["id"], zone_class = ["kind"] }',
    "restoration_areas": 'theme = "修复"\ngeometry = "polygon"\ncoverage = "city"\nfields = { zone_id = ["id"], zone_class = ["kind"] }',
    "forest_stands": 'theme = "碳汇"\ngeometry = "polygon"\ncoverage = "city"\nzones = false\nfields = { zone_id = ["XBH"], '
    'species = ["SZ"], age_yr = ["NL"], volume_m3_per_ha = ["XJ"], area_ha = ["MJ"] }',
    "access_list": 'theme = "一单"\ngeometry = "table"\nzones = false',
    "restoration_facts": 'theme = "修复"\ngeometry = "table"\nzones = false\nfields = { area_id = ["编码"], start_year = ["开工年"] }',
    "dem": 'theme = "基础"\ngeometry = "raster"\nzones = false',
    "land_classes_2015": 'theme = "碳汇"\ngeometry = "raster"\nlegend = "demonstration"\nzones = false',
    "land_classes_2025": 'theme = "碳汇"\ngeometry = "raster"\nlegend = "demonstration"\nzones = false',
}
_SUFFIX = {"raster": ".tif", "table": ".csv"}


def layer_file(root: Path, name: str) -> Path:
    """Return where a layer's file lies."""
    kind = tomllib.loads(_ENTRIES[name])["geometry"]
    return root / "layers" / f"{name}{_SUFFIX.get(kind, '.gpkg')}"


def checked_workspace(root: Path) -> Path:
    """Write the workspace and return its folder."""
    (root / "layers").mkdir(parents=True)
    write_catalog(root)
    (root / "cdgis.toml").write_text('name = "测"\ncity = "承德市"\nas_of = 2026-11-01\n[rivers]\nstream_km2 = 1\n', encoding="utf-8")
    write_zones(root, "city", [CITY], {"id": ["C"]})
    write_zones(root, "counties", [WEST, EAST], {"id": ["130802", "130803"]})
    write_zones(root, "management_units", [WEST, EAST], {"id": UNITS, "kind": ["优先保护", "一般管控"]})
    red = {"id": ["H1", "H2"], "name": ["甲", "乙"], "kind": ["红线一般区域"] * 2}
    write_zones(root, "ecological_redline", [metres(0, 0, 500, 500), metres(900, 0, 1500, 500)], red)
    line = shapely.LineString([metres(0, 0, 1, 1).centroid, metres(2000, 0, 2001, 1).centroid])
    write_zones(root, "railways", [line], {"id": ["R1"], "kind": ["干线"]})
    write_zones(root, "receptors", [metres(500, 500, 501, 501).centroid], {"id": ["S1"], "kind": ["学校"]})
    write_zones(root, "restoration_areas", [metres(-900, 0, -500, 400)], {"id": ["X1"], "kind": ["造林"]})
    write_zones(root, "forest_stands", STANDS, STAND_FIELDS)
    write_table(root, "access_list", access_rows())
    write_table(root, "restoration_facts", [["编码", "开工年"], ["X1", "2026"]])
    write_raster(root, "dem", heights())
    write_raster(root, "land_classes_2015", classes())
    write_raster(root, "land_classes_2025", classes())
    return root


def write_catalog(root: Path, **changes: str) -> None:
    """Write the catalogue; `changes` replace whole entries."""
    entries = {**_ENTRIES, **changes}
    parts = [
        f'[layers.{name}]\ntitle = "{name}"\npath = "{layer_file(root, name).name}"\n{entry}\n{_COMMON}' for name, entry in entries.items()
    ]
    (root / "layers" / "catalog.toml").write_text("\n".join(parts), encoding="utf-8")


def entry(name: str) -> str:
    """Return the catalogue entry of a layer without its path and origin."""
    return _ENTRIES[name]


def write_zones(root: Path, name: str, shapes: Sequence[BaseGeometry | None], fields: Mapping[str, Sequence[object]], **options: object) -> None:
    """Write a vector layer in the place of the old one."""
    path = layer_file(root, name)
    path.unlink(missing_ok=True)
    write_layer(path, shapes, fields, **options)


def write_table(root: Path, name: str, rows: Sequence[Sequence[str]]) -> None:
    """Write a table, header first."""
    text = "\n".join(",".join(row) for row in rows) + "\n"
    layer_file(root, name).write_text(text, encoding="utf-8-sig")


def access_rows() -> list[list[str]]:
    """Return an access list with all four dimensions of both units."""
    head = ["unit_code", "clause_no", "dimension", "text", "industry_prefixes", "project_types", "attribute", "op", "value", "effect",
            "plan_measure"]  # fmt: skip
    rows = [[u, str(n), d, "示例条款", "", "", "", "", "", "提示", ""] for u in UNITS for n, d in enumerate(DIMENSIONS, start=1)]
    return [head, *rows]


def heights() -> np.ndarray:
    """Return elevations that fall towards the south-east."""
    rows, columns = _shape()
    return (900 - 5 * np.arange(rows)[:, None] - 3 * np.arange(columns)).astype(np.float32)


def classes() -> np.ndarray:
    """Return land classes: forest in the north, farmland in the south."""
    rows, columns = _shape()
    codes = np.full((rows, columns), 8, dtype=np.uint8)
    codes[: rows // 2] = 1
    return codes


def write_raster(root: Path, name: str, values: np.ndarray, *, nodata: float | None = None, shift_cells: float = 0.0) -> None:
    """Write a raster that covers the city with a margin, moved east by so many cells."""
    west, _, _, north = CITY.bounds
    transform = from_origin(west - 2 * CELL_DEG + shift_cells * CELL_DEG, north + 2 * CELL_DEG, CELL_DEG, CELL_DEG)
    with rasterio.open(
        layer_file(root, name), "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1,
        dtype=values.dtype, crs="EPSG:4490", transform=transform, nodata=nodata,
    ) as opened:  # fmt: skip
        opened.write(values, 1)


def _shape() -> tuple[int, int]:
    west, south, east, north = CITY.bounds
    return int((north - south) / CELL_DEG) + 6, int((east - west) / CELL_DEG) + 6
