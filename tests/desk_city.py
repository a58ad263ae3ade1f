"""A small city for the desk's jobs: everything of `checked_workspace`, two parks, a plant that must leave, a river to click."""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from checked_workspace import (
    CELL_DEG,
    CITY,
    EAST,
    WEST,
    checked_workspace,
    entry,
    heights,
    write_catalog,
    write_raster,
    write_zones,
)
from example_rules import example_rule
from shapes import metres, write_layer

from cdgis.core.packs import on_packs, shipped_packs
from cdgis.rules import load_rulebook

EXIT_RULE = example_rule("TS-01", "ecological_redline", "退出", "红线内的既有企业限期退出", project_type="既有")
_NAMED = {"zone_id": ["BSM"], "zone_name": ["MC"]}
_PARK = {**_NAMED, "zone_class": ["LX"], "spare_ha": ["HA"], "industries": ["HY"]}


def _entry(name: str, title: str, theme: str, geometry: str, fields: Mapping[str, list[str]], more: str = "") -> str:
    listed = ", ".join(f'{key} = ["{column}"]' for key, (column,) in fields.items())
    return (
        f'\n[layers.{name}]\ntitle = "{title}"\ntheme = "{theme}"\ngeometry = "{geometry}"\npath = "{name}.gpkg"\nofficial = false\n'
        f'version = "2026"\nsource = "测试"\nlicence = "CC0"\ncoverage = "city"\nfields = {{ {listed} }}\n{more}'
    )


_ENTRIES = (
    _entry("parks", "产业园区", "要素", "polygon", _PARK, 'allowed_classes = ["开发区", "产业集聚区"]\n')
    + _entry("control_units", "水环境控制单元", "三线", "polygon", _NAMED)
    + _entry("main_rivers", "主要河流", "基础", "line", _NAMED, "zones = false\n")
    + _entry("sections", "监测断面", "流域", "point", _NAMED, "zones = false\n")
)
RIVER_LON = float(metres(0, 0, 1, 1).centroid.x)
"""In the middle of the city, so that a click on the middle of a map meets the river."""


def desk_city(root: Path) -> Path:
    """Write the workspace and return its folder."""
    checked_workspace(root)
    write_catalog(root, counties=entry("counties").replace('zone_id = ["id"]', 'zone_id = ["id"], zone_name = ["name"]'))
    parks = [metres(-3000, -3000, -2200, -2200), metres(2200, -3000, 3000, -2200)]
    fields = {"BSM": ["Y1", "Y2"], "MC": ["西园", "东园"], "LX": ["开发区"] * 2, "HA": ["40", "40"], "HY": ["31", "31"]}
    write_layer(root / "layers" / "parks.gpkg", parks, fields)
    write_layer(root / "layers" / "control_units.gpkg", [CITY], {"BSM": ["K1"], "MC": ["示例河系"]})
    _write_river(root)
    catalog = root / "layers" / "catalog.toml"
    catalog.write_text(catalog.read_text("utf-8") + _ENTRIES, "utf-8")
    (root / "rules").mkdir()
    (root / "rules" / "退出.toml").write_text(EXIT_RULE, "utf-8")
    sites = gpd.GeoDataFrame(
        {"编号": ["E1", "E2"], "名称": ["示例水泥厂", "示例制衣厂"], "行业代码": ["3011", "1819"]}, crs=4490,
        geometry=[metres(100, 100, 200, 200), metres(-1200, 1000, -1100, 1100)],
    )  # fmt: skip
    (root / "enterprises").mkdir()
    sites.to_file(root / "enterprises" / "plants.gpkg")
    named = {"id": ["130802", "130803"], "name": ["西县", "东县"]}
    write_zones(root, "counties", [WEST, EAST], named)
    settings = root / "cdgis.toml"
    with on_packs((shipped_packs()["national"],)):
        off = "".join(f'[[rules_off]]\nid = "{rule.id}"\nreason = "测试只用自己的规则"\n' for rule in load_rulebook().rules)
    settings.write_text("packs = []\n" + settings.read_text("utf-8") + off + '[sources]\nenterprises = ["enterprises/*.gpkg"]\n', "utf-8")
    return root


def _write_river(root: Path) -> None:
    """A valley from north to south in which a named river runs past one gauging section."""
    flat = heights()
    west = CITY.bounds[0] - 2 * CELL_DEG
    column = np.arange(flat.shape[1])[None, :] - round((RIVER_LON - west) / CELL_DEG)
    write_raster(root, "dem", (900 - 5.0 * np.arange(flat.shape[0])[:, None] + 30.0 * np.abs(column)).astype(np.float32))
    north, south = CITY.bounds[3], CITY.bounds[1]
    line = shapely.LineString([(RIVER_LON, north), (RIVER_LON, south)])
    write_layer(root / "layers" / "main_rivers.gpkg", [line], {"BSM": ["R1"], "MC": ["示例河"]})
    at = shapely.Point(RIVER_LON, (north + 3 * south) / 4)
    write_layer(root / "layers" / "sections.gpkg", [at], {"BSM": ["D1"], "MC": ["示例断面"]})


def plan_of(rows: list[tuple[str, str, str, float]]) -> pd.DataFrame:
    """Return a table `relocation` of (id, disposition, park, rank), its other columns the same for all."""
    ids, dispositions, parks, ranks = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pd.DataFrame({
        "enterprise_id": ids, "name": [f"厂{i}" for i in ids], "status": "拟办", "disposition": dispositions, "assigned": parks, "grade": "A",
        "rank": pd.Series(ranks, dtype=float),
    })  # fmt: skip
